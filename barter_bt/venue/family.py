"""How the end of one order of a bracket ends the others (rule 31)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import CANCELLED, CHILD_FILLED, SIBLING_FILLED
from barter_bt.venue.inside import note_other_end
from barter_bt.venue.report import close
from barter_bt.venue.state import VenueState


@unit
def end_family(v: VenueState, order: int, i: int) -> None:
    """An order that protects an entry has filled: what is left of the entry ends, and the others, by number."""
    o, parent = v.orders, v.orders.parent[order]
    if o.live[parent]:
        close(v, parent, i, CLOSED, CANCELLED, CHILD_FILLED)
    sibling = parent + 1
    while sibling < len(o) and o.parent[sibling] == parent and not o.follows[sibling]:
        if sibling != order and o.live[sibling]:
            note_other_end(v, sibling, i)
            close(v, sibling, i, CLOSED, CANCELLED, SIBLING_FILLED)
        sibling += 1


def has_filled_sibling(v: VenueState, order: int) -> bool:
    """Whether another that protects the same entry has filled, before this one arrived."""
    o, parent = v.orders, v.orders.parent[order]
    sibling = parent + 1
    while sibling < len(o) and o.parent[sibling] == parent and not o.follows[sibling]:
        if sibling != order and o.filled[sibling] > 0:
            return True
        sibling += 1
    return False
