"""The way on which a candle goes through its prices, where one is assumed (rule 59).

Assumptions: from the open straight to one extreme, to the other, to the close. What that way reaches fills in this
order, and what follows from a fill sees the rest of the way. The true way may be another: `pessimistic`, the default,
assumes none and takes what is worse for the account.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.venue.match import match_point
from barter_bt.venue.matches import GOES_ON, note_path
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import HIGH_FIRST, LOW_FIRST, VenueState

POINTS = 3


@unit
def begin_path(v: VenueState, i: int, time_open: int, opened: int, low: int, high: int, close: int) -> None:
    """A candle is complete: its points are met when all of this time has been seen."""
    b, path = v.markets, v.fill_terms.candle_path[i]
    high_first = path == HIGH_FIRST or (path != LOW_FIRST and high - opened <= opened - low)
    b.low[i], b.high[i], b.closed[i], b.time_open[i] = low, high, v.clock.time[0], time_open
    b.first_point[i], b.last_point[i] = high if high_first else low, close
    note_path(v, i)


def meet_points(v: VenueState, point: int) -> bool:
    """Let all candles be at their first, second or third point; says whether that did anything to orders."""
    m, row, before = v.matches, 0, len(v.matches)
    while row < before and m.rank[row] == GOES_ON:
        i = m.order[row]
        match_point(v, i, _price_at(v, i, point), int(point == POINTS - 1))
        update_triggers(v, i)
        row += 1
    return len(m) > before


def _price_at(v: VenueState, i: int, point: int) -> int:
    b = v.markets
    if point == 0:
        return b.first_point[i]
    return b.last_point[i] if point == POINTS - 1 else b.low[i] + b.high[i] - b.first_point[i]
