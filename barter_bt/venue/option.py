"""Options at their expiry: exercised, assigned, or worthless (rule 64).

Assumptions: who is long exercises what is in the money by one tick, whatever it is worth to him; who is short is
assigned then, and before only where the user says so (rule 81).
"""

from __future__ import annotations

from barter_bt.columns.exact import muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.order import ASSIGNMENT, BUY, EXERCISED, EXPIRED_WORTHLESS, SELL, SETTLEMENT
from barter_bt.venue.closing import close_out, close_whole
from barter_bt.venue.delivery import deliver
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.reducing import cancel_reducing
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import VenueState

NOT_KNOWN = -1


def settle_option(v: VenueState, i: int) -> None:
    """Close a position at what the right is worth, in cash or by what is delivered at the strike."""
    lots, ticks = v.markets.quantity[i], v.endings.settlement[i]
    if ticks < 0:
        ticks = underlying_ticks(v, i)
    if ticks == NOT_KNOWN:
        close_whole(v, i, mark_ticks(v, i), 0, SETTLEMENT)
        return
    worth = in_the_money(v, i, ticks)
    if worth < 1:
        close_whole(v, i, 0, 0, EXPIRED_WORTHLESS)
        return
    reason = EXERCISED if lots > 0 else ASSIGNMENT
    delivered = v.endings.delivers[i] and deliver_at_strike(v, i, lots, reason)
    close_whole(v, i, 0 if delivered else worth, 0, reason)


@unit
def assign(v: VenueState, i: int, wanted: int) -> int:
    """Close so many lots of a short position as at the expiry, if that would be assigned now; returns how many."""
    lots, ticks = min(wanted, max(-v.markets.quantity[i], 0)), underlying_ticks(v, i)
    if lots == 0 or ticks == NOT_KNOWN or in_the_money(v, i, ticks) < 1:
        return 0
    delivered = v.endings.delivers[i] and deliver_at_strike(v, i, -lots, ASSIGNMENT)
    close_out(v, i, lots, 0 if delivered else in_the_money(v, i, ticks), 0, ASSIGNMENT)
    if v.markets.reducing[i] > 0 and v.markets.quantity[i] >= 0:
        cancel_reducing(v, i, BUY)
    update_triggers(v, i)
    return lots


def underlying_ticks(v: VenueState, i: int) -> int:
    """The mark of the underlying in ticks of the option."""
    e, u = v.endings, v.endings.underlying[i]
    mark = mark_ticks(v, u) if u >= 0 else 0
    return muldiv(mark, e.num[i], e.den[i]) if mark > 0 else NOT_KNOWN


def in_the_money(v: VenueState, i: int, ticks: int) -> int:
    """By how many ticks exercising would gain, the underlying being at ``ticks``."""
    return v.endings.right[i] * (ticks - v.terms.strike[i])


def deliver_at_strike(v: VenueState, i: int, lots: int, reason: int) -> bool:
    """Deliver for so many lots, signed as the position is; says whether it could be done."""
    side = BUY if v.endings.right[i] * lots > 0 else SELL
    return deliver(v, i, side, abs(lots), v.endings.strike[i], reason)
