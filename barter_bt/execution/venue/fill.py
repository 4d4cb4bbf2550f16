"""One fill: may it be paid, what does it post, what does it report."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.kernel import unit
from barter_bt.execution.dealing import after_fill, base_amount, fee, in_range, notional
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
from barter_bt.execution.venue.state import FILL_IN_PAST, VenueState, fail, fail_range


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
    free = bounded_sum(a.total[quote], -a.reserved[quote])
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
    if v.orders.side[order] == SELL:
        return base_amount(t, i, lots)
    value = notional(t, i, lots, v.orders.price[order])
    cost = max(fee(t, i, value, lots, 0), fee(t, i, value, lots, 1), 0)
    return value + cost if cost <= LIMIT - value else TOO_LARGE


def post(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, cost: int) -> None:
    """Book a fill: each amount leaves one account and enters another."""
    a, b, t, quote = v.accounts, v.books, v.terms, v.terms.quote[i]
    if t.margined[i]:
        revalue(v, quote)
    quantity, basis, gain = after_fill(t, i, b.quantity[i], b.cost[i], side, lots, ticks)
    paid = gain if t.derivative[i] else -side * value
    b.quantity[i], b.cost[i], b.fill_mark[i] = quantity, basis, ticks
    a.fees[quote] = bounded_sum(a.fees[quote], cost)
    _move(v, i, quote, paid, cost)
    if not (in_range(a.fees[quote]) and in_range(basis)):
        fail_range(v.fault, i, quote)
    if not t.derivative[i]:
        _move(v, i, t.base[i], side * lots * t.base_units[i], 0)
    if not in_range(quantity):
        fail_range(v.fault, i, -1)
    if t.margined[i]:
        replace_contribution(v, i, ticks)


def _move(v: VenueState, i: int, asset: int, paid: int, cost: int) -> None:
    """The account gets ``paid`` from the counterparty, less a fee; beyond the range the run ends (rule 2)."""
    a = v.accounts
    a.total[asset] = bounded_sum(a.total[asset], bounded_sum(paid, -cost))
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -paid)
    if not (in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, i, asset)


@unit
def fill(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int, is_payable: int) -> None:
    """Fill ``lots`` of an order at ``ticks``, or what can be paid of them. The order may end by it."""
    held = v.held
    if v.desk.time[0] < held.arrival[order]:
        fail(v.fault, FILL_IN_PAST, i)
    if not is_payable:
        if notional(v.terms, i, lots, ticks) > LIMIT:
            _refuse_range(v, order, i, lots, ticks, is_maker)
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


def _refuse_range(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> None:
    """End the run where a fill could be paid, but what it gives or gets cannot be counted (rule 2)."""
    if _is_held(v, order, i, lots):
        fail_range(v.fault, i, v.terms.quote[i])
    elif _is_affordable(v, order, i, lots, ticks, is_maker):
        fail_range(v.fault, i, v.terms.base[i])


def _is_affordable(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> bool:
    """Whether what spot costs is there, though what is bought is beyond the range in units of the base."""
    a, t, quote = v.accounts, v.terms, v.terms.quote[i]
    if v.orders.side[order] == SELL or base_amount(t, i, lots) <= LIMIT or ticks > LIMIT // t.num[i]:
        return False
    value = muldiv(min(lots, TOO_LARGE), ticks * t.num[i], t.den[i])
    cost = fee(t, i, value, lots, is_maker)
    free = bounded_sum(bounded_sum(a.total[quote], -a.reserved[quote]), v.held.reserved[order])
    return abs(cost) <= LIMIT - value and (t.margined[i] != 0 or value + cost <= free)


def _is_held(v: VenueState, order: int, i: int, lots: int) -> bool:
    """Whether a fill would give what is there: then only its worth could keep it from being paid."""
    a, t, side, quantity = v.accounts, v.terms, v.orders.side[order], v.books.quantity[i]
    if t.margined[i]:
        return quantity * side < 0 and lots <= abs(quantity)
    free = bounded_sum(a.total[t.base[i]], -a.reserved[t.base[i]])
    return side == SELL and base_amount(t, i, lots) <= free + v.held.reserved[order]


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
