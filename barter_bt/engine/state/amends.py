"""Amends: requests to change an order that is live, one row for each that was ever asked for (rule 33)."""

from __future__ import annotations

from barter_bt.columns.column import I8, I64
from barter_bt.columns.table import Table
from barter_bt.engine.order import OrderTerms

AMEND_IN_FLIGHT, AMEND_DONE, AMEND_REJECTED, AMEND_REFUSED, AMEND_CANCELLED = 0, 1, 2, 3, 4
AMEND_STATUSES = ("in_flight", "done", "rejected", "refused", "cancelled")  # the last: it has ended its order
# Why an amend failed, beside the reasons of orders.
ORDER_ENDED, NO_LONGER_HELD, ALREADY_ACTIVE = -1, -2, -3
AMEND_REASONS = {ORDER_ENDED: "order_ended", NO_LONGER_HELD: "no_longer_held", ALREADY_ACTIVE: "already_active"}


class Amends(Table, growable=True):
    """What each gave, 0 where a term stays, and what became of it; in the order asked."""

    order: I64
    price: I64  # ticks
    quantity: I64  # lots of the whole order
    trigger: I64  # ticks
    trail: I64  # ticks, or else ...
    trail_rate: I64  # ... 1e-9 of the price
    activation: I64  # ticks
    price_before: I64  # of a limit whose price it gave, once it is done; else 0
    status: I8
    reason: I8
    time_sent: I64  # or refused
    time_exchange: I64  # answered by the venue; NO_TIME if never
    time_engine: I64  # the engine learnt of the answer; NO_TIME while it is in flight


def set_given(to: OrderTerms, order: int, a: Amends, amend: int) -> None:
    """Give an order what an amend gives. The tables may be of different classes, as in ``copy_terms``."""
    if a.price[amend] > 0:
        to.price[order] = a.price[amend]
    if a.quantity[amend] > 0:
        to.quantity[order] = a.quantity[amend]
    if a.trigger[amend] > 0:
        to.trigger[order] = a.trigger[amend]
    if a.trail[amend] > 0 or a.trail_rate[amend] > 0:
        to.trail[order], to.trail_rate[order] = a.trail[amend], a.trail_rate[amend]
    if a.activation[amend] > 0:
        to.activation[order], to.activation_by[order] = a.activation[amend], 0
    if a.price[amend] > 0 or a.trigger[amend] > 0:
        to.offset[order] = to.offset_rate[order] = 0  # no distance from an entry's price any more
