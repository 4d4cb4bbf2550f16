"""Orders of which the first that fills ends the others (rule 57)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import CANCELLED, NO_GROUP, SIBLING_FILLED
from barter_bt.venue.inside import note_other_end
from barter_bt.venue.report import close
from barter_bt.venue.resting import NOBODY, update_triggers
from barter_bt.venue.state import VenueState


def join_group(v: VenueState, order: int) -> None:
    """An order has arrived: it stands behind those of its group that came before."""
    o, first = v.orders, v.orders.group[order]
    o.next_member[order], o.last_member[order] = NOBODY, order
    if first not in (NO_GROUP, order):
        o.next_member[o.last_member[first]] = order
        o.last_member[first] = order


def is_obsolete(v: VenueState, order: int) -> bool:
    """Whether another of its group has filled."""
    o, member = v.orders, v.orders.group[order]
    while member != NOBODY:
        if member != order and o.filled[member] > 0:
            return True
        member = o.next_member[member]
    return False


@unit
def end_group(v: VenueState, order: int) -> None:
    """An order has filled: all others of its group end, by number."""
    o, member = v.orders, v.orders.group[order]
    while member != NOBODY:
        following = o.next_member[member]
        if member != order and o.live[member]:
            i = o.instrument[member]
            note_other_end(v, member, i)
            close(v, member, i, CLOSED, CANCELLED, SIBLING_FILLED)
            update_triggers(v, i)
        member = following
