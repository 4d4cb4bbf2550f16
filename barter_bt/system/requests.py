"""Requests on their way out: held against the limits, sent, recorded in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec

from barter_bt.engine.amend import approve_amend, record_amend_asked
from barter_bt.engine.audit import REPLACED, note_output
from barter_bt.engine.fault import NO_FAULT, RISK_OUT_OF_BOUNDS, RISK_RAISED
from barter_bt.engine.order import IOC, NO_REASON, OPEN, OPEN_IN_FLIGHT, PARENT_ENDED, REASONS
from barter_bt.engine.state.amends import AMEND_REASONS, ORDER_ENDED
from barter_bt.engine.state.orders import is_live
from barter_bt.engine.state.orders import replace as replace_order
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.step import approve, record_cancel_sent, record_open_sent, refuse
from barter_bt.engine.targets import size_at_fill
from barter_bt.errors import InstrumentError, StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import (
    EngineError,
    ExchangeIndexError,
    MarginRequest,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
)
from barter_bt.risk.managed import Managed
from barter_bt.system.amends import amend_values, write_amend
from barter_bt.system.audit import OrderRequest, Refused, Request, Sent
from barter_bt.system.bonds import NOT_YET, Bonds, Fate, is_needed
from barter_bt.system.book import Book, plain_terms
from barter_bt.system.changes import Changes, check_exchange
from barter_bt.system.conditions import check_times, terms_of, wish_of
from barter_bt.system.decider import AmongOpens
from barter_bt.system.margins import check_margin
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
    fate
        Of an open, what it has come to, and what it depends on.
    """

    request: Request
    instrument: int
    lots: int = 0
    values: dict[str, int] | None = None
    error: EngineError | None = None
    wished: int | None = None
    amends: bool = False
    fate: Fate | None = None


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
    vet
        Raises where a request says what its exchange cannot be told.
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
        vet: Callable[[Request], None] = lambda request: None,
    ) -> None:
        self.state, self.index, self.units, self._book = state, index, units, book
        self._deliver, self._tell, self._together, self._managed = deliver, tell, together, managed
        self._vet = vet

    def prepare(
        self, cancels: Iterable[OrderRequestCancel], opens: Iterable[AmongOpens], *, as_far: bool = False
    ) -> tuple[list[Ready], list[Ready]]:
        """Find out whether requests can be sent; margin may be more than there is if it goes ``as_far`` as it can.

        Raises
        ------
        BarterBtError
            One cannot: none of them is sent.
        """
        changes, bonds = Changes(self.state, self.index, self.units), Bonds(self.state, self._book)
        asked = list(opens)
        for request in asked:
            self._vet(request)
        amends = [self._amend(one) for one in asked if isinstance(one, OrderRequestAmend)]
        margins = [self._margin(one, as_far) for one in asked if isinstance(one, MarginRequest)]
        opened = [self._open(one, bonds) for one in asked if isinstance(one, OrderRequestOpen)]
        bonds.check()
        ready = [self._cancel(one) for one in cancels], [*margins, *amends, *opened]
        for one in ready[1]:
            changes.work(one.instrument, one.lots)
        changes.check()
        return ready

    def send(self, cancels: Iterable[Ready], opens: Iterable[Ready]) -> tuple[Sent, Sent]:
        """Send margin, cancels, then opens, past the risk manager; each order that was sent is recorded in flight."""
        margins, orders = _split(opens)
        return self._send(margins, cancels, (one for one in orders if self._is_needed(one)))

    def _is_needed(self, one: Ready) -> bool:
        """Whether an open is to be sent at all: what would protect a reduction is not (rule 31)."""
        if one.fate is None or one.fate.entry is None or is_needed(self.state, one.fate):
            return True
        one.fate.is_dropped = True
        return False

    def _send(self, margins: Iterable[Ready], cancels: Iterable[Ready], opens: Iterable[Ready]) -> tuple[Sent, Sent]:
        moved = self._transmit(margins)
        output = self._transmit(cancels), moved + self._transmit(opens)
        sent = output[0].sent + output[1].sent
        if sent:
            self._tell(Sent(sent))
        return output

    def decide(self, cancels: Iterable[Ready], opens: Iterable[Ready]) -> tuple[Sent, Sent, tuple[Refused, ...]]:
        """Send what the strategy asked for: margin, cancels, then the opens that the risk manager approves."""
        refused: list[Refused] = []
        margins, orders = _split(opens)
        approved: Iterable[Ready] = self._approved(orders, refused)
        if self._together:
            approved = list(approved)
        return (*self._send(margins, cancels, approved), tuple(refused))

    def _margin(self, request: MarginRequest, as_far: bool) -> Ready:
        return Ready(request, check_margin(self.state, self.index, self.units, request, as_far=as_far))

    def _cancel(self, request: OrderRequestCancel) -> Ready:
        i = self.index.instrument(request.key.instrument)
        return Ready(request, i, error=self._misdirected(request, i))

    def _open(self, request: OrderRequestOpen, bonds: Bonds) -> Ready:
        key, terms, i = request.key, request.state, self.index.instrument(request.key.instrument)
        lots, values = self.units.lots(i, terms.quantity), plain_terms(self.units, i, terms)
        misdirected = self._misdirected(request, i)
        if terms.conditions is not None:
            where = f"order {key.cid!r} of {self.index.names[i]!r}"
            check_times(terms.conditions, self.state.engine.time[0], where)
            signed = self.state.terms.zero[i] > 0
            values |= terms_of(self.units, i, terms.conditions, values, where, signed=signed)
            if terms.conditions.session is not None:  # which times that is, its exchange knows
                values["time_in_force"] = IOC
            if terms.conditions.sized is not None:
                wish_of(self.units, i, terms.conditions.sized, where)
        fate = bonds.add(request, i, self.state.terms.exchange[i], values, lots)
        return Ready(request, i, lots, values, misdirected, fate=fate)

    def _amend(self, request: OrderRequestAmend) -> Ready:
        i = self.index.instrument(request.key.instrument)
        values = amend_values(self.state, self._book, self.units, i, request)
        more = max(values["quantity"] - self.state.orders.quantity[values["order"]], 0)
        return Ready(request, i, more, values, self._misdirected(request, i), amends=True)

    def _misdirected(self, request: OrderRequest, i: int) -> EngineError | None:
        """An exchange that is not in the index cannot be sent to; one that is must be the instrument's."""
        try:
            self.index.exchange(request.key.exchange)
        except InstrumentError as error:
            return ExchangeIndexError(error.message)
        check_exchange(self.state, self.index, i, request.key)
        return None

    def _approved(self, opens: Iterable[Ready], refused: list[Refused]) -> Iterator[Ready]:
        """Those that the limits allow, each looked at when it is asked for."""
        for asked in opens:
            if asked.amends:
                yield from self._approved_amend(asked, refused)
                continue
            if not self._is_needed(asked):
                continue
            fate = asked.fate
            assert fate is not None
            one = self._resized(asked, fate.entry.lots, wished=None) if fate.entry else asked
            action = self._ask(one)
            reason = self._reason(fate, action)
            lots = self.state.actions.quantity[action]
            if reason:
                fate.row, fate.is_refused = refuse(self.state, action, reason), True
                self._name(fate.row, one, found=False)
                assert isinstance(one.request, OrderRequestOpen)
                refused.append(Refused(one.request, self._reasons[reason]))
            self.state.actions.truncate(0)
            fate.lots = lots
            if not reason:
                yield self._resized(one, lots, wished=one.lots)

    def _reason(self, fate: Fate, action: int) -> int:
        """Why an open is refused, 0 if it is not; limits are asked of the entry, not of what protects it (rule 31)."""
        parent = fate.entry or fate.after
        if parent is not None and parent.is_refused:
            return PARENT_ENDED
        if fate.entry is not None:
            return NO_REASON
        reason = approve(self.state, action)
        self._check()
        return reason

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
            changed = msgspec.structs.replace(asked, quantity=quantity)
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

    def _resized(self, one: Ready, lots: int, wished: int | None) -> Ready:
        if lots == one.lots:
            return one
        assert isinstance(one.request, OrderRequestOpen)
        changed = msgspec.structs.replace(one.request.state, quantity=self.units.quantity(one.instrument, lots))
        return replace(one, request=OrderRequestOpen(one.request.key, changed), lots=lots, wished=wished)

    def _transmit(self, requests: Iterable[Ready]) -> Sent:
        sent, errors = [], []
        for one in requests:
            if one.amends and self._has_ended(one):
                continue
            error = one.error or (one.fate.held_up if one.fate else None) or self._deliver(one.request)
            if error is not None:
                errors.append((one.request, error))
                if one.fate:
                    one.fate.error = error
                continue
            sent.append(one.request)
            if one.values is None:
                self._record_plain(one.request, one.instrument)
            elif one.amends:
                self._record_amend(one, NO_REASON)
            else:
                self._record_open(one)
        return Sent(tuple(sent), tuple(errors))

    def _ask(self, one: Ready) -> int:
        assert isinstance(one.request, OrderRequestOpen)
        s, fate, given = self.state, one.fate, one.request.state.conditions
        assert fate is not None
        s.engine.strategy[0] = self._book.strategy(one.request.key.strategy)
        action = self._book.ask(s, one.instrument, one.request.state.side, one.lots, (one.values or {}) | fate.named)
        if given is not None and given.sized is not None and not fate.wish:
            size_at_fill(s, action, *wish_of(self.units, one.instrument, given.sized, ""))
            fate.wish = s.actions.wish[action]
        if fate.first is fate and fate.row == NOT_YET:
            s.actions.group[action] = len(s.orders)
        if one.wished is not None:
            self.state.actions.quantity_requested[action] = one.wished
        return action

    def _name(self, row: int, one: Ready, *, found: bool) -> None:
        assert isinstance(one.request, OrderRequestOpen)
        terms, cid = one.request.state, one.request.key.cid
        self._book.add(row, one.instrument, cid, terms.price, terms.time_in_force, found=found)

    def _record_open(self, one: Ready) -> None:
        assert isinstance(one.request, OrderRequestOpen)
        s, i = self.state, one.instrument
        earlier = self._book.find(i, one.request.key.cid)
        if earlier is not None and is_live(s, earlier):  # as in Barter: the later order takes its place
            note_output(s, REPLACED, earlier, -1)
            replace_order(s, earlier)
        row = record_open_sent(s, self._ask(one))
        s.actions.truncate(0)
        if one.fate:
            one.fate.row = row
        self._name(row, one, found=True)

    def _record_plain(self, request: Request, i: int) -> None:
        """A cancel; of margin nothing is kept, the answer says what was moved."""
        row = None if isinstance(request, MarginRequest) else self._book.find(i, request.key.cid)
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


def _split(opens: Iterable[Ready]) -> tuple[list[Ready], list[Ready]]:
    """Margin, and orders."""
    margins: list[Ready] = []
    orders: list[Ready] = []
    for one in opens:
        (margins if isinstance(one.request, MarginRequest) else orders).append(one)
    return margins, orders
