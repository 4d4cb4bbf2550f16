"""Candles at which orders wait, and none is reached: neither the venue nor anybody else looks at them.

Of a stretch of them the venue sees the last, as it would have seen each; what the others would have left it replaces.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.columns.memory import LINE
from barter_bt.engine.agenda import MARK, OPENING, VENUE_MARKET, horizon_of
from barter_bt.engine.feed import Cursors, advance
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import (
    UNKNOWN,
    held_alone,
    is_still,
    mark_at,
    value_of_lots,
    worth_at_rest,
    worth_beside,
)
from barter_bt.engine.terms import steps
from barter_bt.simulation.single import is_single
from barter_bt.simulation.stretch import before_marks, end_stretch, fetch_ahead, note_last
from barter_bt.venue.market import on_candle_opens, on_market_time
from barter_bt.venue.reach import reached_above, reached_below, waits_for_candles
from barter_bt.venue.state import VenueState

_VENUE, _ENGINE, _OPENS = 0, 1, 2  # cursors on the only stream


@unit
def replay_waiting(s: EngineState, v: VenueState, f: Cursors, c: int) -> int:
    """Process candles of the only instrument at the engine, the first of which the venue has seen.

    Each is followed by one that reaches no order, which stays for the loop. Returns when the next mark is due.
    """
    if not (_is_in_step(v, f, c) and is_single(s, f, c) and waits_for_candles(v, 0)):
        return s.agenda.due[MARK]
    still = is_still(s)
    if not still and held_alone(s) < 0:
        return s.agenda.due[MARK]
    first, last = f.row[c], min(horizon_of(s.agenda), before_marks(s, f, c))
    row = _mark_out_of_reach(s, v, f, last, still)
    if row == first:
        return s.agenda.due[MARK]
    if row > first + 1:
        _show_last(v, f, row - 1)
    note_last(s, f, c, row - 1)
    return end_stretch(s, f, c, row, f.time[c][row - 1], f.time[c][row])


def _is_in_step(v: VenueState, f: Cursors, c: int) -> bool:
    """Whether the venue is one candle ahead of the engine, on the only stream, by the same clock."""
    if c != _ENGINE or len(f) != 3 or f.shift[c] != 0 or not f.same_clock[c] or len(v.matches) > 0:
        return False
    ahead = f.row[c] + 1
    alike = f.chunk[_VENUE] == f.chunk[c] and f.chunk[_OPENS] == f.chunk[c]
    return bool(alike and f.row[_VENUE] == ahead and f.row[_OPENS] == ahead and ahead < f.rows[c])


def _mark_out_of_reach(s: EngineState, v: VenueState, f: Cursors, last: int, still: bool) -> int:
    """Mark the equity at each candle up to a time that is followed by one out of reach; returns the row of the next."""
    t, c, below, above = s.terms, _ENGINE, reached_below(v, 0), reached_above(v, 0)
    lots, worth = (0, worth_at_rest(s)) if still else (s.instruments.quantity[0] * t.num[0], worth_beside(s, 0))
    per_unit, noise, den, inverse = t.ticks_per_unit[0], t.price_noise[0], t.den[0], t.den_inverse[0]
    time, opens, highs, lows, closes = f.time[c], f.first[c], f.second[c], f.third[c], f.fourth[c]
    row = f.row[c]
    end, price = min(f.rows[c] - 1, row + s.engine.budget[0]), steps(closes[row], per_unit, noise)
    while row < end and time[row] <= last:
        if row % LINE == 0:
            fetch_ahead(f, c, row)
        low, high = steps(lows[row + 1], per_unit, noise), steps(highs[row + 1], per_unit, noise)
        opened, closed = steps(opens[row + 1], per_unit, noise), steps(closes[row + 1], per_unit, noise)
        value = value_of_lots(price, lots, den, inverse)
        if low <= below or high >= above or min(low, high, opened, closed, price) <= 0 or value == UNKNOWN:
            break
        mark_at(s, time[row], worth + value)
        row, price = row + 1, closed
    return row


def _show_last(v: VenueState, f: Cursors, row: int) -> None:
    """The venue sees the open and the close of a candle, as of those before it."""
    advance(f, _OPENS, row)
    advance(f, _VENUE, row)
    v.clock.stage[0] = OPENING
    on_candle_opens(v, f, _OPENS)
    v.clock.stage[0] = VENUE_MARKET
    on_market_time(v, f, _VENUE)
