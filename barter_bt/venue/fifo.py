"""Exact places in the queues of a book by order (rule 94).

Who stands ahead is known: all orders that stood there when the own order came to rest. Each has a place, a number that
grows, so that of an own order only the last place of then is kept. As long as executions name orders ahead, it is not
its turn; one that names an order behind it has passed it, and would have met it first.

Assumptions: own orders do not change what others do. The exchange deals by price, then time.
"""

from __future__ import annotations

from barter_bt.book.change import BID
from barter_bt.columns.marks import unit
from barter_bt.venue.matches import note_fill, note_why
from barter_bt.venue.resting import BIDS, NOBODY, OFFERS, head
from barter_bt.venue.state import NOT_SHOWN, QUEUE, THROUGH, VenueState
from barter_bt.venue.taking import leaves


@unit
def follow_order(v: VenueState, i: int, flags: int, ticks: int, lots: int, place: int) -> None:
    """An order in a place is executed: own orders that stood before it get their part."""
    if v.books.states.stale[i]:
        return
    o, left = v.orders, lots
    order = head(v, i, BIDS if flags & BID else OFFERS)
    while order != NOBODY and o.side[order] * (o.price[order] - ticks) >= 0:
        if o.price[order] != ticks:
            _fill(v, order, i, leaves(v, order), THROUGH)
        elif o.shown[order] != NOT_SHOWN and o.traded[order] < place:
            done = min(left, leaves(v, order))
            _fill(v, order, i, done, QUEUE)
            left -= done
        order = o.after[order]


def _fill(v: VenueState, order: int, i: int, lots: int, why: int) -> None:
    if lots > 0:
        note_fill(v, order, i, lots, v.orders.price[order], 1)
        note_why(v, why)
