"""Orders that are held back until a time enter the market then, behind the market events of that time (rule 35)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import NEVER, RELEASE
from barter_bt.engine.messages import ACCEPTED, CLOSED
from barter_bt.engine.order import NO_REASON, NO_TRIGGER, OPEN, REJECTED
from barter_bt.venue.admission import enter
from barter_bt.venue.checks import objection
from barter_bt.venue.held import show_standing_quote
from barter_bt.venue.report import close, report, report_change
from barter_bt.venue.resting import DELAYED_LIST, NOBODY, add_order, head, remove_order, update_triggers
from barter_bt.venue.state import DELAYED, HELD, RELEASED, VenueState
from barter_bt.venue.watching import note_choice


def delay(v: VenueState, order: int, i: int) -> None:
    """Acknowledge an order that has arrived, and hold it back."""
    v.orders.held[order] = DELAYED
    add_order(v, order, i)
    report(v, order, ACCEPTED, OPEN, NO_REASON)


@unit
def release(v: VenueState) -> None:
    """Let in what is due, by instrument, then by number, and find when the next is."""
    now, following = v.agenda.due[RELEASE], NEVER
    v.clock.time[0] = now
    for i in range(len(v.markets)):
        order = head(v, i, DELAYED_LIST)
        while order != NOBODY:
            after, due = v.orders.after[order], v.orders.good_after[order]
            if due <= now:
                _let_in(v, order, i)
            else:
                following = min(following, due)
            order = after
        if v.markets.live[i] > 0:
            update_triggers(v, i)
    v.agenda.due[RELEASE] = following


def _let_in(v: VenueState, order: int, i: int) -> None:
    """It is an order that arrives now, but for its acknowledgement."""
    o = v.orders
    o.arrival[order] = o.since[order] = v.clock.time[0]
    reason = objection(v, order, i)
    if reason:
        close(v, order, i, CLOSED, REJECTED, reason)
        return
    remove_order(v, order, i)
    if o.trigger_kind[order] == NO_TRIGGER:
        o.held[order] = RELEASED
        enter(v, order, i)
        return
    o.held[order] = HELD
    note_choice(v, order, i)
    add_order(v, order, i)
    report_change(v, order)
    show_standing_quote(v, order, i)
