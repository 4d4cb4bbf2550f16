"""American options that are exercised before they expire, by a request (rule 64).

Assumptions: an exercise meets no market, and costs nothing but what it delivers; it is done when it arrives, before
what else of that time is settled.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.messages import ACCEPTED, CLOSED
from barter_bt.engine.order import (
    EXERCISED,
    EXPIRED,
    FILLED,
    NO_PRICE,
    NO_REASON,
    NOT_FILLED,
    NOT_IN_THE_MONEY,
    OPEN,
    REJECTED,
    SELL,
)
from barter_bt.venue.fill import report_fill
from barter_bt.venue.option import NOT_KNOWN, deliver_at_strike, in_the_money, underlying_ticks
from barter_bt.venue.posting import post
from barter_bt.venue.reducing import cancel_reducing
from barter_bt.venue.report import report
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import VenueState


@unit
def exercise(v: VenueState, order: int, i: int) -> None:
    """Exercise as many contracts as the order asks for and the position has."""
    o = v.orders
    reason = _objection(v, i)
    if reason:
        report(v, order, CLOSED, REJECTED, reason)
        return
    report(v, order, ACCEPTED, OPEN, NO_REASON)
    lots = min(o.quantity[order], v.markets.quantity[i])
    ticks = in_the_money(v, i, underlying_ticks(v, i))
    if v.endings.delivers[i] and deliver_at_strike(v, i, lots, EXERCISED):
        ticks = 0
    value = notional(v.terms, i, lots, ticks)
    post(v, i, SELL, lots, ticks, value, 0)
    o.first_price[order], o.filled[order] = ticks, lots
    whole = lots == o.quantity[order]
    report_fill(v, order, i, lots, ticks, value, 0, 0, FILLED if whole else OPEN)
    if not whole:
        report(v, order, CLOSED, EXPIRED, NOT_FILLED)
    if v.markets.reducing[i] > 0 and v.markets.quantity[i] <= 0:
        cancel_reducing(v, i, SELL)
    update_triggers(v, i)


def _objection(v: VenueState, i: int) -> int:
    ticks = underlying_ticks(v, i)
    if ticks == NOT_KNOWN:
        return NO_PRICE
    return NOT_IN_THE_MONEY if in_the_money(v, i, ticks) < 1 else NO_REASON
