"""Requests on their way out: held against the limits, sent, recorded in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from barter_bt.engine.action.risk import check_risk, count_sent
from barter_bt.engine.audit import REFUSED_OPEN, REPLACED, SENT_CANCEL, SENT_OPEN, note_open, note_output
from barter_bt.engine.state.orders import is_live, record_cancel, record_open, replace
from barter_bt.engine.state.tables import EngineState
from barter_bt.execution.order import REASONS
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import EngineError, OrderRequestCancel, OrderRequestOpen
from barter_bt.system.audit import Refused, Request, Sent
from barter_bt.system.book import Book, encode
from barter_bt.system.units import Units

Send: TypeAlias = Callable[[Request], EngineError | None]
"""Sends a request; returns why it could not be sent, if it could not."""


class Requests:
    """Sends the requests of one engine.

    Parameters
    ----------
    state, index, units, book
        The state, and what it stands for.
    deliver
        Hands a request to its exchange.
    """

    def __init__(self, state: EngineState, index: IndexedInstruments, units: Units, book: Book, deliver: Send) -> None:
        self.state, self.index, self.units, self._book, self._deliver = state, index, units, book, deliver

    def check(self, opens: Sequence[OrderRequestOpen]) -> tuple[list[OrderRequestOpen], list[Refused]]:
        """The risk manager sees one state before any of these orders is sent."""
        approved: list[OrderRequestOpen] = []
        refused: list[Refused] = []
        for request in opens:
            action = self._ask(request)
            reason = check_risk(self.state, action)
            if reason:
                row = record_open(self.state, action, reason)
                note_open(self.state, action, row, reason, REFUSED_OPEN)
                i, terms = self.index.instrument(request.key.instrument), request.state
                self._book.add(row, i, request.key.cid, terms.price, found=False)
                refused.append(Refused(request, REASONS[reason]))
            else:
                approved.append(self._resized(request, action))
            self.state.actions.truncate(0)
        return approved, refused

    def _resized(self, request: OrderRequestOpen, action: int) -> OrderRequestOpen:
        a = self.state.actions
        if a.quantity[action] == a.requested[action]:
            return request
        terms, quantity = request.state, self.units.quantity(a.instrument[action], a.quantity[action])
        changed = type(terms)(terms.side, terms.price, quantity, terms.kind, terms.time_in_force)
        return OrderRequestOpen(request.key, changed)

    def send(self, cancels: Iterable[OrderRequestCancel], opens: Iterable[OrderRequestOpen]) -> tuple[Sent, Sent]:
        """Send requests past the risk manager: cancels, then opens; what was sent is recorded in flight after."""
        sent = [self._transmit(cancels), self._transmit(opens)]
        for request in sent[0].sent:
            self._record_cancel(request)
        for request in sent[1].sent:
            assert isinstance(request, OrderRequestOpen)
            self._record_open(request)
        return sent[0], sent[1]

    def _transmit(self, requests: Iterable[Request]) -> Sent:
        sent, errors = [], []
        for request in requests:
            error = self._deliver(request)
            if error is None:
                sent.append(request)
            else:
                errors.append((request, error))
        return Sent(tuple(sent), tuple(errors))

    def _ask(self, request: OrderRequestOpen) -> int:
        terms, i = request.state, self.index.instrument(request.key.instrument)
        kind, tif, post_only = encode(terms.kind, terms.time_in_force)
        price = self.units.ticks(i, terms.price) if kind else 0
        values = {"kind": kind, "time_in_force": tif, "post_only": post_only, "price": price}
        self.state.engine.strategy[0] = self._book.strategy(request.key.strategy)
        return self._book.ask(self.state, i, terms.side, self.units.lots(i, terms.quantity), values)

    def _record_open(self, request: OrderRequestOpen) -> None:
        s, i = self.state, self.index.instrument(request.key.instrument)
        earlier = self._book.find(i, request.key.cid)
        if earlier is not None and is_live(s, earlier):  # as in Barter: the later order takes its place
            note_output(s, REPLACED, earlier, -1)
            replace(s, earlier)
        action = self._ask(request)
        row = record_open(s, action, 0)
        note_open(s, action, row, 0, SENT_OPEN)
        count_sent(s, i)
        s.actions.truncate(0)
        self._book.add(row, i, request.key.cid, request.state.price)

    def _record_cancel(self, request: Request) -> None:
        row = self._book.find(self.index.instrument(request.key.instrument), request.key.cid)
        if row is not None and is_live(self.state, row):
            record_cancel(self.state, row)
            note_output(self.state, SENT_CANCEL, row, -1)
