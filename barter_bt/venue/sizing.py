"""Orders of targets that are sized at their fill (rule 61): how many lots they are for is seen at its price."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.order import NOT_FILLED
from barter_bt.engine.sizing import lots_for
from barter_bt.venue.matches import note_expiry
from barter_bt.venue.state import VenueState


@unit
def size_at(v: VenueState, order: int, i: int, ticks: int) -> None:
    """The first event that an order meets makes it one for what its target asks for at this price, or ends it."""
    o, w, wish = v.orders, v.wishes, v.orders.wish[order] - 1
    if o.filled[order] > 0 or o.matched[order] > 0:
        return
    missing = 0
    if ticks > v.terms.zero[i]:  # elsewhere money has no size (rule 76)
        lots = w.side[wish] * lots_for(v.terms, i, w.value[wish], ticks, w.with_fee[wish])
        missing = o.side[order] * bounded_sum(lots, -w.held[wish])
    if missing > 0:
        o.quantity[order] = min(missing, LIMIT)
    else:
        note_expiry(v, order, NOT_FILLED)
