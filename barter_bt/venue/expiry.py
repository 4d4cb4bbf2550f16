"""The end of an instrument that expires: from then on nothing of it trades (rule 46).

Assumptions: market events of the very time of the expiry still fill orders, what comes later is passed over. The
position is not settled in this version: it stays, marked at the last price.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, NEVER
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import CANCELLED, INSTRUMENT_EXPIRED
from barter_bt.venue.report import close
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import VenueState


def has_expired(v: VenueState, i: int) -> bool:
    """Whether an instrument trades no longer at the venue's present time."""
    return v.clock.time[0] >= v.terms.expiry[i]


@unit
def expire(v: VenueState) -> None:
    """Cancel the orders of the instruments that expire now, and find when the next of those with orders does."""
    v.clock.time[0] = v.agenda.due[EXPIRY]
    following = NEVER
    for i in range(len(v.markets)):
        if v.markets.live[i] > 0 and has_expired(v, i):
            _cancel_all(v, i)
            update_triggers(v, i)
        elif v.markets.live[i] > 0:
            following = min(following, v.terms.expiry[i])
    v.agenda.due[EXPIRY] = following


def _cancel_all(v: VenueState, i: int) -> None:
    """Cancel all orders of an instrument by number, which is their order of arrival."""
    for order in range(len(v.orders)):
        if v.orders.live[order] and v.orders.instrument[order] == i:
            close(v, order, i, CLOSED, CANCELLED, INSTRUMENT_EXPIRED)
