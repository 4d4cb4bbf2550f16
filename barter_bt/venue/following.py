"""Orders that wait for another to fill whole, and are then on their own account (rule 58)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import ACCEPTED, CLOSED
from barter_bt.engine.order import NO_PARENT, NO_REASON, NO_TRIGGER, OPEN, PARENT_ENDED, REJECTED
from barter_bt.venue.admission import enter
from barter_bt.venue.checks import objection, too_late
from barter_bt.venue.held import show_standing_quote
from barter_bt.venue.report import end_dependants, report, report_change
from barter_bt.venue.resting import add_order, remove_order, update_triggers
from barter_bt.venue.state import DELAYED, HELD, NOT_HELD, WAITING, VenueState
from barter_bt.venue.watching import note_choice


def has_filled(v: VenueState, order: int) -> bool:
    """Whether an order has filled whole."""
    o = v.orders
    return not o.live[order] and o.matched[order] == 0 and o.filled[order] == o.quantity[order] > 0


def wait_for_all(v: VenueState, order: int, i: int) -> None:
    """Acknowledge an order that follows another, and let it wait, unless that has ended otherwise."""
    o, parent = v.orders, v.orders.parent[order]
    reason = too_late(v, order, i)
    if not reason and not o.live[parent] and o.matched[parent] == 0:
        reason = PARENT_ENDED
    if reason:
        o.follows[order] = 0  # the parent does not wait for it
        report(v, order, CLOSED, REJECTED, reason)
        return
    o.held[order] = WAITING
    o.followers[parent] += 1
    add_order(v, order, i)
    report(v, order, ACCEPTED, OPEN, NO_REASON)


@unit
def start_followers(v: VenueState, parent: int) -> None:
    """An order has filled whole: what followed it arrives, by number."""
    o, order, left = v.orders, parent + 1, v.orders.followers[parent]
    while left > 0 and order < len(o):
        if o.parent[order] == parent and o.follows[order]:
            left -= 1
            if o.live[order]:
                _start(v, order, o.instrument[order])
        order += 1


def _start(v: VenueState, order: int, i: int) -> None:
    o = v.orders
    remove_order(v, order, i)
    o.parent[order] = NO_PARENT
    o.arrival[order] = o.since[order] = v.clock.time[0]
    o.held[order] = NOT_HELD if o.trigger_kind[order] == NO_TRIGGER else HELD
    is_early = o.good_after[order] > v.clock.time[0]
    reason = too_late(v, order, i)
    if not reason and not is_early:
        reason = objection(v, order, i)
    if reason:
        report(v, order, CLOSED, REJECTED, reason)
        end_dependants(v, order)
    elif is_early:
        o.held[order] = DELAYED
        add_order(v, order, i)
        report_change(v, order)
    elif o.held[order] == NOT_HELD:
        enter(v, order, i)
    else:
        note_choice(v, order, i)
        add_order(v, order, i)
        report_change(v, order)
        show_standing_quote(v, order, i)
        update_triggers(v, i)
