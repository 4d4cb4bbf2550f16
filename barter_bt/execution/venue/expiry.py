"""The end of an instrument that expires: from then on nothing of it trades (rule 46).

Assumptions: market events of the very time of the expiry still fill orders, what comes later is passed over. The
position is not settled in this version: it stays, marked at the last price.
"""

from __future__ import annotations

from barter_bt.columns.kernel import unit
from barter_bt.execution.messages import CLOSED, NEVER
from barter_bt.execution.order import CANCELLED, INSTRUMENT_EXPIRED
from barter_bt.execution.venue.held import watch
from barter_bt.execution.venue.report import close
from barter_bt.execution.venue.state import VenueState


def has_expired(v: VenueState, i: int) -> bool:
    """Whether an instrument trades no longer at the venue's present time."""
    return v.desk.time[0] >= v.terms.expiry[i]


@unit
def expire(v: VenueState) -> None:
    """Cancel the orders of the instruments that expire now, and find when the next of those with orders does."""
    v.desk.time[0] = v.desk.expiry[0]
    following = NEVER
    for i in range(len(v.books)):
        if v.books.live[i] > 0 and has_expired(v, i):
            while v.books.live[i] > 0:
                close(v, v.books.first[i], i, CLOSED, CANCELLED, INSTRUMENT_EXPIRED)
            watch(v, i)
        elif v.books.live[i] > 0:
            following = min(following, v.terms.expiry[i])
    v.desk.expiry[0] = following
