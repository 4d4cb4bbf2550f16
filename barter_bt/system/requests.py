"""Requests on their way out: held against the limits, sent, recorded in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from barter_bt.engine.amend import approve_amend, record_amend_asked
from barter_bt.engine.audit import REPLACED, note_output
from barter_bt.engine.fault import NO_FAULT, RISK_OUT_OF_BOUNDS, RISK_RAISED
from barter_bt.engine.order import NO_REASON, OPEN, OPEN_IN_FLIGHT, REASONS
from barter_bt.engine.state.amends import AMEND_REASONS, ORDER_ENDED
from barter_bt.engine.state.orders import is_live
from barter_bt.engine.state.orders import replace as replace_order
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.step import approve, record_cancel_sent, record_open_sent, refuse
from barter_bt.errors import InstrumentError, StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import EngineError, ExchangeIndexError, OrderRequestAmend, OrderRequestCancel, OrderRequestOpen
from barter_bt.risk.managed import Managed
from barter_bt.system.amends import amend_values, write_amend
from barter_bt.system.audit import Refused, Request, Sent
from barter_bt.system.book import Book, encode
from barter_bt.system.changes import Changes, check_exchange
from barter_bt.system.units import Units

Send: TypeAlias = Callable[[Request], EngineError | None]
"""Sends a request; returns why it could not be sent, if it could not."""


@dataclass(frozen=True)
class Ready:
    """A request in which nothing can be wrong any more.

    Attributes
    ----------
    request, instrument
        What is asked, and of which.
    lots, values
        Quantity and terms of an open, as codes.
    wished
        Quantity that was asked for, where the risk manager made it smaller.
    error
        Why it will not be sent: its exchange is not in the index.
    amends
        Whether it amends an order; ``values`` say which, and to what.
    """

    request: Request
    instrument: int
    lots: int = 0
    values: dict[str, int] | None = None
    error: EngineError | None = None
    wished: int | None = None
    amends: bool = False


class Requests:
    """Sends the requests of one engine.

    Parameters
    ----------
    state, index, units, book
        The state, and what it stands for.
    deliver
        Hands a request to its exchange.
    tell
        Is told of what was sent.
    together
        Whether the risk manager sees one state for all opens of a call, as in Barter, not each after the one before.
    managed
        The user's own risk managers.
    """

    def __init__(
        self,
        state: EngineState,
        index: IndexedInstruments,
        units: Units,
        book: Book,
        deliver: Send,
        tell: Callable[[Sent], None] = lambda sent: None,
        *,
        together: bool = False,
        managed: Managed | None = None,
    ) -> None:
        self.state, self.index, self.units, self._book = state, index, units, book
        self._deliver, self._tell, self._together, self._managed = deliver, tell, together, managed

    def prepare(
        self, cancels: Iterable[OrderRequestCancel], opens: Iterable[OrderRequestOpen | OrderRequestAmend]
    ) -> tuple[list[Ready], list[Ready]]:
        """Find out whether requests can be sent.

        Raises
        ------
        BarterBtError
            One cannot: none of them is sent.
        """
        changes = Changes(self.state, self.index, self.units)
        asked = list(opens)
        amends = [self._amend(one) for one in asked if isinstance(one, OrderRequestAmend)]
        opened = [self._open(one) for one in asked if not isinstance(one, OrderRequestAmend)]
        ready = [self._cancel(one) for one in cancels], [*amends, *opened]
        for one in ready[1]:
            changes.work(one.instrument, one.lots)
        changes.check()
        return ready

    def send(self, cancels: Iterable[Ready], opens: Iterable[Ready]) -> tuple[Sent, Sent]:
        """Send cancels, then opens, past the risk manager; each that was sent is recorded in flight."""
        output = self._transmit(cancels), self._transmit(opens)
        sent = output[0].sent + output[1].sent
        if sent:
            self._tell(Sent(sent))
        return output

    def decide(self, cancels: Iterable[Ready], opens: Iterable[Ready]) -> tuple[Sent, Sent, tuple[Refused, ...]]:
        """Send what the strategy asked for: cancels, then the opens that the risk manager approves."""
        refused: list[Refused] = []
        approved: Iterable[Ready] = self._approved(opens, refused)
        if self._together:
            approved = list(approved)
        return (*self.send(cancels, approved), tuple(refused))

    def _cancel(self, request: OrderRequestCancel) -> Ready:
        i = self.index.instrument(request.key.instrument)
        return Ready(request, i, error=self._misdirected(request, i))

    def _open(self, request: OrderRequestOpen) -> Ready:
        terms, i = request.state, self.index.instrument(request.key.instrument)
        kind, tif, post_only = encode(terms.kind, terms.time_in_force)
        price = self.units.ticks(i, terms.price) if kind else 0
        values = {"kind": kind, "time_in_force": tif, "post_only": post_only, "price": price}
        return Ready(request, i, self.units.lots(i, terms.quantity), values, self._misdirected(request, i))

    def _amend(self, request: OrderRequestAmend) -> Ready:
        i = self.index.instrument(request.key.instrument)
        values = amend_values(self.state, self._book, self.units, i, request)
        more = max(values["quantity"] - self.state.orders.quantity[values["order"]], 0)
        return Ready(request, i, more, values, self._misdirected(request, i), amends=True)

    def _misdirected(self, request: Request, i: int) -> EngineError | None:
        """An exchange that is not in the index cannot be sent to; one that is must be the instrument's."""
        try:
            self.index.exchange(request.key.exchange)
        except InstrumentError as error:
            return ExchangeIndexError(error.message)
        check_exchange(self.state, self.index, i, request.key)
        return None

    def _approved(self, opens: Iterable[Ready], refused: list[Refused]) -> Iterator[Ready]:
        """Those that the limits allow, each looked at when it is asked for."""
        for one in opens:
            if one.amends:
                yield from self._approved_amend(one, refused)
                continue
            action = self._ask(one)
            reason = approve(self.state, action)
            self._check()
            lots = self.state.actions.quantity[action]
            if reason:
                self._name(refuse(self.state, action, reason), one, found=False)
                assert isinstance(one.request, OrderRequestOpen)
                refused.append(Refused(one.request, self._reasons[reason]))
            self.state.actions.truncate(0)
            if not reason:
                yield self._resized(one, lots)

    def _approved_amend(self, one: Ready, refused: list[Refused]) -> Iterator[Ready]:
        """One that the limits allow; a risk manager may have made it add less."""
        s = self.state
        action = write_amend(s, one.values or {})
        reason = approve_amend(s, action)
        self._check()
        if reason:
            record_amend_asked(s, action, reason)
            refused.append(Refused(one.request, AMEND_REASONS[reason] if reason < 0 else self._reasons[reason]))
        lots = s.actions.quantity[action]
        s.actions.truncate(0)
        if reason:
            return
        values = dict(one.values or {})
        if lots != values["quantity"]:
            assert isinstance(one.request, OrderRequestAmend)
            asked, quantity = one.request.state, self.units.quantity(one.instrument, lots)
            changed = type(asked)(asked.id, asked.price, quantity)
            one = replace(one, request=OrderRequestAmend(one.request.key, changed), values=values | {"quantity": lots})
        yield one

    @property
    def _reasons(self) -> Sequence[str]:
        return self._managed.reasons if self._managed else REASONS

    def _check(self) -> None:
        """Raise what a risk manager raised; the order is not recorded, and the engine may go on."""
        fault = self.state.fault.code
        if self._managed is None or fault[0] not in (RISK_RAISED, RISK_OUT_OF_BOUNDS):
            return
        fault[0] = NO_FAULT
        self.state.actions.truncate(0)
        error, self._managed.error = self._managed.error, None
        if error is None:
            raise StrategyError("a compiled risk manager says what cannot be", "0, a reason from 1, or lots below 0")
        raise error

    def _resized(self, one: Ready, lots: int) -> Ready:
        if lots == one.lots:
            return one
        assert isinstance(one.request, OrderRequestOpen)
        terms, quantity = one.request.state, self.units.quantity(one.instrument, lots)
        changed = type(terms)(terms.side, terms.price, quantity, terms.kind, terms.time_in_force)
        return replace(one, request=OrderRequestOpen(one.request.key, changed), lots=lots, wished=one.lots)

    def _transmit(self, requests: Iterable[Ready]) -> Sent:
        sent, errors = [], []
        for one in requests:
            if one.amends and self._has_ended(one):
                continue
            error = one.error or self._deliver(one.request)
            if error is not None:
                errors.append((one.request, error))
                continue
            sent.append(one.request)
            if one.values is None:
                self._record_cancel(one)
            elif one.amends:
                self._record_amend(one, NO_REASON)
            else:
                self._record_open(one)
        return Sent(tuple(sent), tuple(errors))

    def _ask(self, one: Ready) -> int:
        assert isinstance(one.request, OrderRequestOpen)
        self.state.engine.strategy[0] = self._book.strategy(one.request.key.strategy)
        action = self._book.ask(self.state, one.instrument, one.request.state.side, one.lots, one.values or {})
        if one.wished is not None:
            self.state.actions.quantity_requested[action] = one.wished
        return action

    def _name(self, row: int, one: Ready, *, found: bool) -> None:
        assert isinstance(one.request, OrderRequestOpen)
        terms, cid = one.request.state, one.request.key.cid
        self._book.add(row, one.instrument, cid, terms.price, terms.time_in_force, found=found)

    def _record_open(self, one: Ready) -> None:
        s, i = self.state, one.instrument
        earlier = self._book.find(i, one.request.key.cid)
        if earlier is not None and is_live(s, earlier):  # as in Barter: the later order takes its place
            note_output(s, REPLACED, earlier, -1)
            replace_order(s, earlier)
        row = record_open_sent(s, self._ask(one))
        s.actions.truncate(0)
        self._name(row, one, found=True)

    def _record_cancel(self, one: Ready) -> None:
        row = self._book.find(one.instrument, one.request.key.cid)
        if row is not None and is_live(self.state, row):
            record_cancel_sent(self.state, row)

    def _has_ended(self, one: Ready) -> bool:
        """Whether there is nothing to amend any more, which is recorded in place of sending."""
        ended = self.state.orders.status[(one.values or {})["order"]] not in (OPEN, OPEN_IN_FLIGHT)
        if ended:
            self._record_amend(one, ORDER_ENDED)
        return ended

    def _record_amend(self, one: Ready, reason: int) -> None:
        record_amend_asked(self.state, write_amend(self.state, one.values or {}), reason)
        self.state.actions.truncate(0)
