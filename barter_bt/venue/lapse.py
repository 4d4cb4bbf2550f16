"""Orders that are good till a time end then, before the market of that time is seen (rule 35)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import LAPSE, NEVER
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import EXPIRED, TIME_OVER
from barter_bt.venue.report import close
from barter_bt.venue.resting import LISTS, NOBODY, head, update_triggers
from barter_bt.venue.state import VenueState


@unit
def lapse(v: VenueState) -> None:
    """End what is due, and find when the next is."""
    now, following = v.agenda.due[LAPSE], NEVER
    v.clock.time[0] = now
    for i in range(len(v.markets)):
        if v.markets.live[i] > 0:
            order = _first_over(v, i, now)
            while order != NOBODY:
                close(v, order, i, CLOSED, EXPIRED, TIME_OVER)
                order = _first_over(v, i, now)
            update_triggers(v, i)
            following = min(following, _next_end(v, i))
    v.agenda.due[LAPSE] = following


def _first_over(v: VenueState, i: int, now: int) -> int:
    """The lowest number of an instrument's live orders whose time is over."""
    found = NOBODY
    for which in range(LISTS):
        order = head(v, i, which)
        while order != NOBODY:
            if v.orders.good_till[order] <= now and (found == NOBODY or order < found):
                found = order
            order = v.orders.after[order]
    return found


def _next_end(v: VenueState, i: int) -> int:
    end = NEVER
    for which in range(LISTS):
        order = head(v, i, which)
        while order != NOBODY:
            end = min(end, v.orders.good_till[order])
            order = v.orders.after[order]
    return end
