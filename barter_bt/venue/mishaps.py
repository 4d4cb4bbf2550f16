"""Requests that never arrive, and orders that are rejected, on purpose (rule 96).

Assumptions: who has sent a request that was lost asks for it once the answer is overdue, and is told that the venue
never had it. Until then it is in flight, and what it was about stays as it is.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import (
    AMEND_REJECTED,
    CANCEL_REJECTED,
    CLOSED,
    REQUEST_AMEND,
    REQUEST_CANCEL,
    REQUEST_OPEN,
)
from barter_bt.engine.mishaps import LOST, REJECTED, happens
from barter_bt.engine.order import FAULT, LOST_REQUEST, NO_REASON, OPEN
from barter_bt.engine.order import REJECTED as REJECTED_ORDER
from barter_bt.venue.report import report
from barter_bt.venue.state import VenueState


def order_asked(v: VenueState, kind: int, number: int) -> int:
    """The order that a request is about."""
    return v.amends.order[number] if kind == REQUEST_AMEND else number


@unit
def what_befalls(v: VenueState, kind: int, number: int) -> int:
    """The reason for which a request that should arrive now has no effect; NO_REASON as a rule."""
    order, k, now = order_asked(v, kind, number), v.links, v.clock.time[0]
    exchange = v.terms.exchange[v.sent.instrument[order]]
    if happens(k, exchange, LOST + kind, order, now, k.lost[exchange]):
        return LOST_REQUEST
    if kind == REQUEST_OPEN and happens(k, exchange, REJECTED, order, now, k.rejected[exchange]):
        return FAULT
    return NO_REASON


@unit
def answer(v: VenueState, kind: int, number: int, reason: int) -> None:
    """Say that a request has had no effect; of one that was lost when it is asked for, and nothing waits for that."""
    order = order_asked(v, kind, number)
    exchange = v.terms.exchange[v.sent.instrument[order]]
    last = v.links.last_report[exchange]
    if reason == LOST_REQUEST:
        v.clock.overdue[0] = v.links.timeout_ns[exchange]
    if kind == REQUEST_OPEN:
        v.orders.follows[order] = 0  # what it follows does not wait for it
        report(v, order, CLOSED, REJECTED_ORDER, reason)
    elif kind == REQUEST_CANCEL:
        report(v, order, CANCEL_REJECTED, OPEN, reason)
    else:
        row = report(v, order, AMEND_REJECTED, OPEN, reason)
        v.reports.quantity[row] = number
    if reason == LOST_REQUEST:
        v.clock.overdue[0], v.links.last_report[exchange] = 0, last
