"""Orders that may only reduce a position (rule 32)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import CANCELLED, REDUCE_ONLY
from barter_bt.venue.report import close
from barter_bt.venue.resting import LISTS, NOBODY, WAITING_LIST
from barter_bt.venue.state import VenueState


def reducible(v: VenueState, order: int, i: int) -> int:
    """Lots of the position that the order could close."""
    return max(-v.orders.side[order] * v.markets.quantity[i], 0)


@unit
def cancel_reducing(v: VenueState, i: int, side: int) -> None:
    """Cancel the orders of one side that have nothing left to reduce, by number."""
    order = _first_reducing(v, i, side)
    while order != NOBODY:
        close(v, order, i, CLOSED, CANCELLED, REDUCE_ONLY)
        order = _first_reducing(v, i, side)


def _first_reducing(v: VenueState, i: int, side: int) -> int:
    o, first = v.orders, NOBODY
    for which in range(WAITING_LIST):
        order = v.lists.first[i * LISTS + which]
        while order != NOBODY:
            if o.reduce_only[order] and o.side[order] == side and (first == NOBODY or order < first):
                first = order
            order = o.after[order]
    return first
