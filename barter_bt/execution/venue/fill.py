"""One fill: may it be paid, what does it post, what does it report."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE
from barter_bt.columns.kernel import unit
from barter_bt.execution.dealing import after_fill, fee, in_range, notional
from barter_bt.execution.messages import CLOSED, FILL
from barter_bt.execution.order import (
    BUY,
    CANCELLED,
    FILLED,
    INSUFFICIENT_BALANCE,
    NO_REASON,
    OPEN,
    REJECTED,
    SELL,
)
from barter_bt.execution.venue.held import drop
from barter_bt.execution.venue.margin import bears, replace_contribution, revalue
from barter_bt.execution.venue.report import add_balance, close, report, reserved_asset
from barter_bt.execution.venue.state import FILL_IN_PAST, OUT_OF_RANGE, VenueState, fail


def payable(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> bool:
    """Whether the account can pay for a fill of ``lots`` at ``ticks`` (rules 17 and 19)."""
    a, t, side = v.accounts, v.terms, v.orders.side[order]
    value = notional(t, i, lots, ticks)
    cost = fee(t, i, value, lots, is_maker)
    if abs(cost) > LIMIT - value:
        return False
    if t.margined[i]:
        return bears(v, i, side, lots, ticks, value, cost)
    quote, base, own = t.quote[i], t.base[i], v.held.reserved[order]
    free = a.total[quote] - a.reserved[quote]
    if side == BUY:
        return value + cost <= free + own
    return lots * t.base_units[i] <= a.total[base] - a.reserved[base] + own and value - cost >= -free


def most_payable(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> int:
    """The largest number of lots, at most ``lots``, that can be paid: by bisection."""
    low, high = 0, lots
    while low < high:
        middle = low + (high - low + 1) // 2
        if payable(v, order, i, middle, ticks, is_maker):
            low = middle
        else:
            high = middle - 1
    return low


def reservation(v: VenueState, order: int, i: int, lots: int) -> int:
    """What a limit order of a cash account reserves for ``lots``."""
    t = v.terms
    value = notional(t, i, lots, v.orders.price[order])
    cost = max(fee(t, i, value, lots, 0), fee(t, i, value, lots, 1), 0)
    if cost > LIMIT - value:
        return TOO_LARGE
    return lots * t.base_units[i] if v.orders.side[order] == SELL else value + cost


def post(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, cost: int) -> None:
    """Book a fill: each amount leaves one account and enters another."""
    a, b, t, quote = v.accounts, v.books, v.terms, v.terms.quote[i]
    if t.margined[i]:
        revalue(v, quote)
    quantity, basis, gain = after_fill(t, i, b.quantity[i], b.cost[i], side, lots, ticks)
    paid = gain if t.derivative[i] else -side * value
    b.quantity[i], b.cost[i], b.fill_mark[i] = quantity, basis, ticks
    a.total[quote] += paid - cost
    a.counterparty[quote] -= paid
    a.fees[quote] += cost
    worst = max(abs(a.total[quote]), abs(a.counterparty[quote]), abs(a.fees[quote]), basis, abs(quantity), value)
    if not t.derivative[i]:
        base = t.base[i]
        moved = side * lots * t.base_units[i]
        a.total[base] += moved
        a.counterparty[base] -= moved
        worst = max(worst, abs(a.total[base]), abs(a.counterparty[base]))
    if not in_range(worst):
        fail(v.fault, OUT_OF_RANGE, i)
    if t.margined[i]:
        replace_contribution(v, i, ticks)


@unit
def fill(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int, is_payable: int) -> None:
    """Fill ``lots`` of an order at ``ticks``, or what can be paid of them. The order may end by it."""
    held = v.held
    if v.desk.time[0] < held.arrival[order]:
        fail(v.fault, FILL_IN_PAST, i)
    if not is_payable:
        if not v.orders.cut[order]:
            partly = held.filled[order] > 0
            close(v, order, i, CLOSED, CANCELLED if partly else REJECTED, INSUFFICIENT_BALANCE)
            return
        lots = most_payable(v, order, i, lots, ticks, is_maker)
        held.quantity[order] = held.filled[order] + lots
        if held.quantity[order] == 0:
            close(v, order, i, CLOSED, REJECTED, INSUFFICIENT_BALANCE)
            return
        if lots == 0:
            close(v, order, i, CLOSED, FILLED, NO_REASON)
            return
    value = notional(v.terms, i, lots, ticks)
    cost = fee(v.terms, i, value, lots, is_maker)
    post(v, i, v.orders.side[order], lots, ticks, value, cost)
    held.filled[order] += lots
    done = held.filled[order] == held.quantity[order]
    _shrink_reservation(v, order, i)
    if done:
        drop(v, order, i)
    _report_fill(v, order, i, lots, ticks, value, cost, is_maker, FILLED if done else OPEN)


def _shrink_reservation(v: VenueState, order: int, i: int) -> None:
    reserved = v.held.reserved[order]
    if reserved > 0:
        rest = reservation(v, order, i, v.held.quantity[order] - v.held.filled[order])
        v.held.reserved[order] = rest
        v.accounts.reserved[reserved_asset(v, order, i)] += rest - reserved


def _report_fill(
    v: VenueState, order: int, i: int, lots: int, ticks: int, value: int, cost: int, is_maker: int, status: int
) -> None:
    row = report(v, order, FILL, status, 0)
    reports = v.reports
    reports.price[row] = ticks
    reports.quantity[row] = lots
    reports.notional[row] = value
    reports.fee[row] = cost
    reports.maker[row] = is_maker
    add_balance(v, row, v.terms.quote[i])
    if not v.terms.derivative[i]:
        add_balance(v, row, v.terms.base[i])
