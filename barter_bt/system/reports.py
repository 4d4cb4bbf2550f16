"""Reports of an exchange, made of what an account is told, from which the engine's state is updated."""

from __future__ import annotations

from barter_bt.engine.audit import ADOPTED, begin, note_open, note_report
from barter_bt.engine.event import BALANCE
from barter_bt.engine.messages import BALANCES, CLOSE_OUT
from barter_bt.engine.report import apply_report, record_own
from barter_bt.engine.state.orders import record_open
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import Side
from barter_bt.system.book import Book
from barter_bt.system.units import Units


class Reports:
    """Reports to one state.

    Parameters
    ----------
    s, index, units
        The state, and what its integers stand for.
    book
        Client and exchange ids of its orders.
    """

    def __init__(self, s: EngineState, index: IndexedInstruments, units: Units, book: Book) -> None:
        self.s, self.index, self.units, self.book = s, index, units, book

    def begin(self, exchange: int, kind: int) -> None:
        """What is adopted is noted before the item itself, and must not pass for a part of the event before."""
        self.s.engine.part[0] = 0
        begin(self.s, kind, -1, -1, exchange, -1)

    def finish(self, exchange: int) -> None:
        """Behind the last item of an event."""
        if self.s.engine.part[0] == 0:  # nothing that the state knows of: the link is healthy all the same
            self.report(exchange, BALANCE, BALANCES, -1)
        self.s.engine.part[0] = 0

    def report(self, exchange: int, event: int, kind: int, order: int, i: int = -1, **values: int) -> None:
        """Let the state be updated by one report, and note it."""
        s = self.s
        s.reports.truncate(0)
        row = s.reports.append()
        given = {"time": s.engine.time[0], "kind": kind, "order": order, "asset_first": -1, "asset_second": -1} | values
        for name in s.reports.schema:
            getattr(s.reports, name)[row] = given.get(name, 0)
        if kind == CLOSE_OUT:
            order = s.reports.order[row] = record_own(s, i, row)
        i = s.orders.instrument[order] if order >= 0 else i
        begin(s, event, i, order, exchange, -1)
        note_report(s, row)
        apply_report(s, row)
        s.reports.truncate(0)
        s.engine.part[0] += 1

    def asset(self, asset: str | int, exchange: int) -> int:
        """Index of an asset; a name is one of the exchange."""
        return self.index.asset(asset, self.index.exchanges[exchange] if isinstance(asset, str) else None)

    def record(self, i: int, side: Side, lots: int, strategy: str, values: dict[str, int]) -> int:
        """Track an order that the engine did not send; its row."""
        s = self.s
        s.engine.strategy[0] = self.book.strategy(strategy)
        action = self.book.ask(s, i, side, lots, values)
        row = record_open(s, action, 0)
        note_open(s, action, row, 0, ADOPTED)
        s.actions.truncate(0)
        return row
