"""Events of an instrument whose orders do not all look at the same prices (rule 28): each is shown what it looks at."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.venue.held import meet_extremes, show, show_point, shown_price
from barter_bt.venue.resting import FALLING, NOBODY, RISING, TRAILING, head
from barter_bt.venue.state import CANDLES, MARKS, QUOTES, TRADES, VenueState
from barter_bt.venue.taking import is_locked
from barter_bt.venue.watching import looks_at, mark_for

ON_TRADE, ON_QUOTE, ON_OPEN, ON_CLOSE, ON_POINT, ON_LAST_POINT = 0, 1, 2, 3, 4, 5


@unit
def meet_mixed(v: VenueState, i: int, event: int, ticks: int, time_open: int) -> None:
    """An event shows its price, or the range of its candle, to those that look at it, and the mark to others."""
    shows_mark = event not in (ON_OPEN, ON_POINT)
    evidence = TRADES if event == ON_TRADE else QUOTES if event == ON_QUOTE else CANDLES
    for which in (RISING, FALLING, TRAILING):
        order = head(v, i, which)
        while order != NOBODY:
            following, looks = v.orders.after[order], looks_at(v, order, i)
            if looks == evidence:
                _show(v, order, i, event, ticks, time_open)
            elif looks == MARKS and shows_mark:
                _show_if_any(v, order, i, mark_for(v, order, i))
            order = following


def _show(v: VenueState, order: int, i: int, event: int, ticks: int, time_open: int) -> None:
    if event == ON_QUOTE:
        _show_if_any(v, order, i, 0 if is_locked(v, i) else shown_price(v, order, i))
    elif event == ON_CLOSE:
        if v.orders.since[order] <= time_open:
            meet_extremes(v, order, i, v.markets.low[i], v.markets.high[i], ticks)
    elif event in (ON_POINT, ON_LAST_POINT):
        show_point(v, order, i, ticks)
    else:
        show(v, order, i, ticks)


def _show_if_any(v: VenueState, order: int, i: int, ticks: int) -> None:
    if ticks > 0:
        show(v, order, i, ticks)
