"""The side of a simulated exchange that takes requests: they become rows of the loop's queue at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from barter_bt.backtest.setup import Setup
from barter_bt.engine.action.send import dispatch, send, send_cancel, send_transfer
from barter_bt.engine.amend import ask_amend
from barter_bt.engine.messages import REQUEST_OPEN
from barter_bt.engine.order import CANCEL_IN_FLIGHT, DAY, FOK, OPEN, OPEN_IN_FLIGHT
from barter_bt.engine.session import has_session, settle_times
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.step import record_open_sent
from barter_bt.engine.targets import size_at_fill
from barter_bt.engine.terms import ISOLATED
from barter_bt.errors import ConfigError
from barter_bt.live.arrival import Arrival
from barter_bt.live.order_keys import OrderKeys
from barter_bt.live.tells import Reports, account
from barter_bt.protocol import (
    NO_CONDITIONS,
    AccountSnapshot,
    Conditions,
    EngineError,
    ExecutionChannelUnhealthy,
    MarginRequest,
    OpenFailed,
    Order,
    OrderKey,
    OrderRejected,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    OrderResponseAmend,
    OrderResponseCancel,
)
from barter_bt.system.amends import held_terms
from barter_bt.system.book import Book, plain_terms
from barter_bt.system.conditions import terms_of, wish_of
from barter_bt.system.units import Units

_ENDED = ExecutionChannelUnhealthy("the data of the simulated exchange has ended")


class TakesOrders:
    """Takes requests for a venue.

    Parameters
    ----------
    setup
        What the run was prepared from.
    state
        That of the engine to which the venue reports.

    Attributes
    ----------
    strategies
        Names of those whose orders came, by their number in the state.
    ended
        Whether there is no more data.
    """

    conditions = frozenset(Conditions.OMITTED)  # all that an order can have

    def __init__(self, setup: Setup, state: EngineState) -> None:
        self.setup, self.s = setup, state
        self.strategies: list[str] = []
        self.ended = False
        self._keys = OrderKeys(state, setup.index, self.strategies)
        self._units = Units(setup.index, setup.scales)
        self._reports = Reports(state, setup.index, self._units, self._keys, self.strategies)
        self._told: deque[Arrival] = deque()  # what is known without asking the venue
        self._news = asyncio.Event()

    def open(self, request: OrderRequestOpen) -> EngineError | None:
        """Send an order; when the data has ended, nothing can be sent any more."""
        if self.ended:
            return _ENDED
        s, i = self.s, self.setup.index.instrument(request.key.instrument)
        self._forget()
        action = self._ask(request, i)
        if s.actions.time_in_force[action] > FOK:
            if not has_session(s, action):
                s.actions.truncate(0)
                self._refuse_open(request, "for a session, of which the exchange has none, or none any more")
                return None
            settle_times(s, action)
        number = record_open_sent(s, action)
        s.actions.truncate(0)
        self._keys.add(number, request.key)
        send(s, REQUEST_OPEN, number)
        self._news.set()
        return None

    def _ask(self, request: OrderRequestOpen, i: int) -> int:
        """Write what is asked for into the actions; orders that it names came before it."""
        s, terms, find = self.s, request.state, self._keys.find_near
        given, values = terms.conditions or NO_CONDITIONS, plain_terms(self._units, i, terms)
        where, signed = f"order {request.key.cid!r}", s.terms.zero[i] > 0
        values |= terms_of(self._units, i, given, values, where, signed=signed)
        if values["day"]:
            values["time_in_force"] = DAY
        parent = given.named_parent
        if parent is not None:
            known = find(i, parent)
            assert known is not None, "orders that it names came before it"
            values |= {"parent": known, "follows": int(given.after is not None)}
        if given.group is not None:
            first = None if given.group == request.key.cid else find(i, given.group)
            values["group"] = len(s.orders) if first is None else first
        s.engine.strategy[0] = self._strategy(request.key.strategy)
        action = Book.ask(s, i, terms.side, self._units.lots(i, terms.quantity), values)
        if given.sized is not None:
            size_at_fill(s, action, *wish_of(self._units, i, given.sized, where))
        return action

    def cancel(self, request: OrderRequestCancel) -> EngineError | None:
        """Send a cancel."""
        if self.ended:
            return _ENDED
        order, status = self._find(request.key), self.s.orders.status
        if order is None:
            self._answer(request.key, OrderResponseCancel(request.key, OrderRejected("unknown order")))
        elif status[order] in (OPEN, OPEN_IN_FLIGHT):
            send_cancel(self.s, order)
            self._news.set()
        elif status[order] != CANCEL_IN_FLIGHT:
            self._answer(request.key, OrderResponseCancel(request.key, self._reports.ended(order)))
        return None

    def amend(self, request: OrderRequestAmend) -> EngineError | None:
        """Send an amend."""
        if self.ended:
            return _ENDED
        order, asked = self._find(request.key), request.state
        if order is None:
            self._answer(request.key, OrderResponseAmend(request.key, OrderRejected("unknown order")))
            return None
        if self.s.orders.status[order] not in (OPEN, OPEN_IN_FLIGHT):
            self._answer(request.key, OrderResponseAmend(request.key, self._reports.ended(order)))
            return None
        i = self.s.orders.instrument[order]
        ticks = 0 if asked.price is None else self._units.ticks(i, asked.price)
        lots = 0 if asked.quantity is None else self._units.lots(i, asked.quantity)
        ask_amend(self.s, order, ticks, lots, *held_terms(self._units, i, asked, f"an amend of {request.key.cid!r}"))
        self.s.engine.bypass[0] = 1
        self._forget()
        dispatch(self.s)
        self.s.engine.bypass[0] = 0
        self._news.set()
        return None

    def move_margin(self, request: MarginRequest) -> EngineError | None:
        """Send a request to move margin; it is moved as far as that goes.

        Raises
        ------
        ConfigError
            That instrument's margin is not isolated at the exchange, or the amount is nothing.
        """
        if self.ended:
            return _ENDED
        i = self.setup.index.instrument(request.instrument)
        units = self._units.fees(i, request.amount)
        if units == 0 or self.s.terms.margined[i] != ISOLATED:
            raise ConfigError(
                f"{request} cannot be carried out: at the simulated exchange that is nothing, or not isolated margin",
                "give the system the venues of its simulation",
            )
        send_transfer(self.s, i, units)
        self._news.set()
        return None

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        """Balances, as of the last report."""
        return self._reports.snapshot(exchange, self.s.engine.time[0])

    async def order_status(self, key: OrderKey) -> Order | None:
        """How an order stands, as of the last report."""
        order = self._find(key)
        return None if order is None else self._reports.standing(order)

    async def close(self) -> None:
        """Let who waits for the next event go."""
        self.ended = True
        self._news.set()

    def _find(self, key: OrderKey) -> int | None:
        return self._keys.find(self.setup.index.instrument(key.instrument), key.cid)

    def _strategy(self, name: str) -> int:
        if name not in self.strategies:
            self.strategies.append(name)
        return self.strategies.index(name)

    def _refuse_open(self, request: OrderRequestOpen, why: str) -> None:
        terms = request.state
        price, state = terms.price, OpenFailed(OrderRejected(why))
        plain = terms.side, price, terms.quantity, terms.kind, terms.time_in_force
        answer = Order(request.key, *plain, state, terms.conditions)
        self._answer(request.key, answer)

    def _answer(self, key: OrderKey, what: Any) -> None:
        """Say at once what is known without asking the venue."""
        exchange = self.setup.index.instruments[self.setup.index.instrument(key.instrument)].exchange
        self._told.append(Arrival(self.s.engine.time[0], (account(exchange, what),)))
        self._news.set()

    def _forget(self) -> None:
        """The audit of what has been told."""
        for table in (self.s.audits, self.s.outputs, self.s.asked, self.s.market_items):
            table.truncate(0)
        if self.s.engine.part[0] == 0:
            self.s.account_items.truncate(0)
