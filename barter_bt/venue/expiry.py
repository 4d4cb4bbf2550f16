"""The end of an instrument that expires: from then on nothing of it trades (rule 46).

Assumptions: market events of the very time of the expiry still fill orders, what comes later is passed over. The
position is settled in cash, at the price that the instrument declares or at the last that the venue has seen.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, NEVER
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import CANCELLED, INSTRUMENT_EXPIRED, SETTLEMENT
from barter_bt.engine.terms import CROSS
from barter_bt.venue.closing import close_out, insure
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.report import close
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import WATCHED, VenueState


def has_expired(v: VenueState, i: int) -> bool:
    """Whether an instrument trades no longer at the venue's present time."""
    return v.clock.time[0] >= v.terms.expiry[i]


@unit
def expire(v: VenueState) -> None:
    """End orders and positions of the instruments that expire now, and find when the next of those with any does."""
    v.clock.time[0] = v.agenda.due[EXPIRY]
    following = NEVER
    for i in range(len(v.markets)):
        attended = v.markets.live[i] > 0 or v.markets.watched[i] == WATCHED
        if attended and has_expired(v, i):
            _cancel_all(v, i)
            update_triggers(v, i)
            _settle_position(v, i)
        elif attended:
            following = min(following, v.terms.expiry[i])
    v.agenda.due[EXPIRY] = following


def _settle_position(v: VenueState, i: int) -> None:
    if v.markets.watched[i] == WATCHED:
        ticks = v.margin_terms.settlement[i]
        close_out(v, i, abs(v.markets.quantity[i]), ticks if ticks > 0 else mark_ticks(v, i), 0, SETTLEMENT)
        if v.terms.margined[i] == CROSS:
            insure(v, v.terms.quote[i])


def _cancel_all(v: VenueState, i: int) -> None:
    """Cancel all orders of an instrument by number, which is their order of arrival."""
    for order in range(len(v.orders)):
        if v.orders.live[order] and v.orders.instrument[order] == i:
            close(v, order, i, CLOSED, CANCELLED, INSTRUMENT_EXPIRED)
