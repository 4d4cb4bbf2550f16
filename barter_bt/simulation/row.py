"""What one market event means to engine and venue, whichever way the rows are gone through."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.columns.table import Column
from barter_bt.engine.audit import FULL, begin, note_event, note_market
from barter_bt.engine.event import MARKET_OTHER
from barter_bt.engine.fault import locate
from barter_bt.engine.feed import QUOTE_ROWS, TRADE_ROWS, Cursors, advance
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.tables import EngineState
from barter_bt.venue.market import on_market_row as venue_sees
from barter_bt.venue.settle import settle
from barter_bt.venue.state import VenueState


def observe(
    s: EngineState,
    kind: int,
    i: int,
    time_exchange: int,
    first: Column[float],
    second: Column[float],
    third: Column[float],
    fourth: Column[float],
    fifth: Column[float],
    row: int,
) -> None:
    """Audit and record of a market item; a kind of rows has only the columns that it needs."""
    if s.engine.audit[0] == FULL:
        begin(s, s.event.kind[0], i, -1, -1, -1)
        if kind == TRADE_ROWS:
            note_market(s, i, time_exchange, first[row], second[row], 0.0, 0.0, 0.0)
        elif kind == QUOTE_ROWS:
            note_market(s, i, time_exchange, first[row], second[row], third[row], fourth[row], 0.0)
        else:
            note_market(s, i, time_exchange, first[row], second[row], third[row], fourth[row], fifth[row])
    if s.engine.recording[0] == EACH_EVENT:
        record(s)


@unit
def pass_over(s: EngineState, i: int, now: int) -> None:
    """A market event of an instrument that has expired: time goes on, the state keeps nothing of it (rule 46)."""
    s.engine.time[0] = now
    s.engine.sequence[0] += 1
    heal_market(s, s.terms.exchange[i])
    if s.engine.audit[0] == FULL:
        kind = s.event.kind[0]
        begin(s, MARKET_OTHER, i, -1, -1, -1)
        note_event(s, -1)
        s.event.kind[0] = kind
    if s.engine.recording[0] == EACH_EVENT:
        record(s)


def venue_takes(v: VenueState, f: Cursors, twin: int, row: int) -> None:
    """The venue sees the row that the engine is about to see, and settles what it matches."""
    venue_sees(v, f, twin, row)
    locate(v.fault, twin, row)
    advance(f, twin, row + 1)
    if len(v.matches) > 0:
        settle(v)
