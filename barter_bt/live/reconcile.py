"""What an exchange says, held against what it said before: money, and the orders that it lists (rule 84)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol

from barter_bt.engine.order import OPEN_IN_FLIGHT
from barter_bt.errors import ConnectionFailed
from barter_bt.live.arrival import Arrival
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.live.ledger import Ledger, Unreconciled, account_items
from barter_bt.live.protocols import ExecutionClient
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    Item,
    OpenFailed,
    Order,
    OrderKey,
    OrderRejected,
    OrderState,
    TradingState,
    TradingStateUpdate,
)
from barter_bt.system import Engine

_FIRST_WAIT_NS, _LONGEST_WAIT_NS = SECOND_NS, 60 * SECOND_NS


class AsksForOrders(Protocol):
    """What of a client is needed to ask for orders."""

    async def order_status(self, key: OrderKey) -> Order | None:
        """As of :class:`~barter_bt.live.ExecutionClient`."""
        ...


class Reconciler:
    """Holds what exchanges say against what the engine knows.

    Parameters
    ----------
    engine
        The engine.
    grace_ns
        How long money may stay unexplained.
    overdue_ns
        After how long an order that is in flight should have been answered.

    Attributes
    ----------
    trouble
        Money that has stopped trading; empty when trading is enabled again.
    resumed_at
        When a session goes on that was interrupted: its last time before, -1 if it was not. What was in flight then is
        overdue.
    """

    def __init__(self, engine: Engine, grace_ns: int, overdue_ns: int) -> None:
        self._engine, self._overdue_ns = engine, overdue_ns
        units, fee_in = list(engine.units.scales.units), engine.state.terms.fee_in
        self._ledger = Ledger(engine.index, units, grace_ns, engine.position, lambda i: fee_in[i])
        self.trouble: list[Unreconciled] = []
        self.resumed_at = -1
        self._asked: set[tuple[int, str]] = set()  # instruments and client ids of orders that are being asked for

    def sees_trouble(self, arrival: Arrival, now: int) -> bool:
        """Whether money has been unexplained for too long, for the first time since trading was enabled."""
        self._ledger.see(arrival)
        if self.trouble and any(
            isinstance(event, TradingStateUpdate) and event.state == TradingState.ENABLED for event in arrival.events
        ):
            self._ledger.accept()
            self.trouble = []
        if self.trouble:
            return False
        self.trouble = self._ledger.unexplained(now)
        return bool(self.trouble)

    def missing(
        self, arrival: Arrival, clients: Sequence[ExecutionClient]
    ) -> Iterator[tuple[ExecutionClient, list[Order]]]:
        """Orders at work that the snapshots of an arrival do not list and nobody asks for yet, and whom to ask."""
        for _, kind in account_items(arrival):
            if isinstance(kind, AccountSnapshot):
                missing = missing_orders(self._engine, kind, self._overdue_ns, self.resumed_at)
                missing = [one for one in missing if self._place(one) not in self._asked]
                name = self._engine.index.exchanges[self._engine.index.exchange(kind.exchange)]
                client = next((one for one in clients if name in one.exchanges), None)
                if missing and client is not None:
                    self._asked.update(map(self._place, missing))
                    yield client, missing

    async def ask(self, client: ExecutionClient, orders: Sequence[Order], clock: Clock) -> AsyncIterator[Arrival]:
        """What became of orders, one after another; not of those that have ended before it is their turn."""
        for order in orders:
            if self._engine.is_tracked(order.key.instrument, order.key.cid):
                found = await status_of(client, order.key, clock)
                if found is None:
                    found = _again(order, order.key, OpenFailed(OrderRejected("the exchange has never had it")))
                told = AccountEvent(order.key.exchange, found)
                yield Arrival(clock.now(), (Account(Item(told)),))
            self._asked.discard(self._place(order))

    def _place(self, order: Order) -> tuple[int, str]:
        return self._engine.index.instrument(order.key.instrument), order.key.cid


async def status_of(client: AsksForOrders, key: OrderKey, clock: Clock) -> Order | None:
    """How an order stands; a query that fails is asked again, ever less often."""
    wait = _FIRST_WAIT_NS
    while True:
        try:
            return await client.order_status(key)
        except ConnectionFailed:
            await clock.sleep_until(clock.now() + wait)
            wait = min(2 * wait, _LONGEST_WAIT_NS)


def missing_orders(engine: Engine, snapshot: AccountSnapshot, overdue_ns: int, resumed_at: int) -> list[Order]:
    """Orders that the engine takes for open and a snapshot does not list.

    One that is in flight may have been sent behind the snapshot: it is missed only when its answer is overdue.
    """
    index, o, now = engine.index, engine.state.orders, engine.state.engine.time[0]
    exchange = index.exchange(snapshot.exchange)
    listed = {
        (index.instrument(order.key.instrument), order.key.cid) for one in snapshot.instruments for order in one.orders
    }
    found = []
    for i in range(len(index)):
        if engine.exchange_of(i) != exchange:
            continue
        row = engine.state.instruments.first[i]
        for order in engine.orders(i):
            is_late = now - o.time_sent[row] >= overdue_ns or o.time_sent[row] <= resumed_at
            if (o.status[row] != OPEN_IN_FLIGHT or is_late) and (i, order.key.cid) not in listed:
                key = OrderKey(index.exchanges[exchange], index.names[i], order.key.strategy, order.key.cid)
                found.append(_again(order, key, order.state))
            row = o.after[row]
    return found


def _again(order: Order, key: OrderKey, state: OrderState) -> Order:
    """The same order by another key, in another state."""
    return Order(key, order.side, order.price, order.quantity, order.kind, order.time_in_force, state)
