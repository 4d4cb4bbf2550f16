"""One fill: may it be paid, what does it post, what does it report."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import base_amount, fee_of, fee_of_order, in_range, notional
from barter_bt.engine.fault import FILL_IN_PAST, fail, fail_range
from barter_bt.engine.messages import CLOSED, FILL
from barter_bt.engine.order import (
    BUY,
    CANCELLED,
    FILLED,
    INSUFFICIENT_BALANCE,
    NO_GROUP,
    NO_PARENT,
    NO_REASON,
    OPEN,
    REJECTED,
    SELL,
)
from barter_bt.engine.terms import IN_QUOTE, IN_RECEIVED
from barter_bt.venue.family import end_family
from barter_bt.venue.group import end_group
from barter_bt.venue.margin import has_margin_for
from barter_bt.venue.paying import (
    NOT_THERE,
    amount_in_asset,
    covers_fee,
    paid_in_quote,
    pay_in_asset,
    reserved_for_fee,
)
from barter_bt.venue.posting import pay, post
from barter_bt.venue.reducing import cancel_reducing
from barter_bt.venue.report import add_balance, close, report, reserved_asset
from barter_bt.venue.resting import remove_order
from barter_bt.venue.state import VenueState
from barter_bt.venue.volume import count_volume


def next_fee(v: VenueState, order: int, i: int, value: int, lots: int, is_maker: int) -> int:
    """What an order pays for its next fill (rules 3 and 40)."""
    o, fee = v.orders, fee_of(v.terms, i, value, lots, is_maker)
    if not v.terms.fee_by_order[i]:
        return fee
    paid = fee_of_order(v.terms, i, bounded_sum(o.fees[order], fee), bounded_sum(o.value[order], abs(value)))
    return bounded_sum(paid, -o.paid[order]) if in_range(paid) else paid


def can_afford(v: VenueState, order: int, i: int, lots: int, ticks: int, value: int, fee: int) -> bool:
    """Whether the account can pay for a fill of ``lots`` at ``ticks`` (rules 17 and 19), for a value and a fee."""
    return affords(v, i, v.orders.side[order], v.orders.reserved[order], lots, ticks, value, fee)


def affords(v: VenueState, i: int, side: int, own: int, lots: int, ticks: int, value: int, fee: int) -> bool:
    """The same of an order that has reserved ``own``."""
    a, t = v.accounts, v.terms
    if abs(fee) > LIMIT - abs(value):
        return False
    if t.fee_in[i] != IN_QUOTE:
        if t.fee_in[i] == IN_RECEIVED and side == BUY and not covers_fee(v, i, lots, value, fee):
            return False
        fee = paid_in_quote(v, i, side, fee)
    if t.margined[i]:
        return has_margin_for(v, i, side, lots, ticks, value, fee)
    quote, base = t.quote[i], t.base[i]
    free = bounded_sum(a.total[quote], -a.reserved[quote])
    if side == BUY:
        return value + fee <= free + own
    return lots * t.base_units[i] <= a.total[base] - a.reserved[base] + own and value - fee >= -max(free, 0)


def most_affordable(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> int:
    """The largest number of lots, at most ``lots``, that can be paid: by bisection."""
    low, high = 0, lots
    while low < high:
        middle = low + (high - low + 1) // 2
        value = notional(v.terms, i, middle, ticks)
        if can_afford(v, order, i, middle, ticks, value, next_fee(v, order, i, value, middle, is_maker)):
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
    fee = max(next_fee(v, order, i, value, lots, 0), next_fee(v, order, i, value, lots, 1), 0)
    fee = reserved_for_fee(v, i, fee)
    return value + fee if fee <= LIMIT - value else TOO_LARGE


@unit
def fill(
    v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int, value: int, fee: int, is_payable: int
) -> None:
    """Fill ``lots`` of an order at ``ticks`` for a value and a fee, or what can be paid of them. It may end by it."""
    o = v.orders
    if v.clock.time[0] < o.arrival[order]:
        fail(v.fault, FILL_IN_PAST, i)
    if not is_payable:
        if notional(v.terms, i, lots, ticks) > LIMIT:
            _refuse_range(v, order, i, lots, ticks, is_maker)
        if not v.orders.resize[order]:
            partly = o.filled[order] > 0
            close(v, order, i, CLOSED, CANCELLED if partly else REJECTED, INSUFFICIENT_BALANCE)
            return
        lots = most_affordable(v, order, i, lots, ticks, is_maker)
        o.quantity[order] = o.filled[order] + lots
        if o.quantity[order] == 0:
            close(v, order, i, CLOSED, REJECTED, INSUFFICIENT_BALANCE)
            return
        if lots == 0:
            close(v, order, i, CLOSED, FILLED, NO_REASON)
            return
        value = notional(v.terms, i, lots, ticks)
        fee = next_fee(v, order, i, value, lots, is_maker)
    if v.terms.fee_by_order[i]:
        o.fees[order] = bounded_sum(o.fees[order], fee_of(v.terms, i, value, lots, is_maker))
        o.value[order] = bounded_sum(o.value[order], abs(value))
        o.paid[order] = bounded_sum(o.paid[order], fee)
    if len(v.volumes) > 0:
        count_volume(v, i, abs(value))
    side, in_asset = o.side[order], NOT_THERE
    if v.terms.fee_in[i] == IN_QUOTE:
        post(v, i, side, lots, ticks, value, fee)
    else:
        in_asset = amount_in_asset(v, i, side, fee)
        fee = pay(v, i, side, lots, ticks, value, fee)
    if o.filled[order] == 0:
        o.first_price[order] = ticks
    o.filled[order] += lots
    done = o.filled[order] == o.quantity[order]
    _shrink_reservation(v, order, i)
    if done:
        remove_order(v, order, i)
    report_fill(v, order, i, lots, ticks, value, fee, is_maker, FILLED if done else OPEN)
    if in_asset > 0:
        pay_in_asset(v, i, in_asset)
    if v.orders.parent[order] != NO_PARENT:
        end_family(v, order, i)
    if v.orders.group[order] != NO_GROUP:
        end_group(v, order)
    if v.markets.reducing[i] > 0 and v.markets.quantity[i] * side >= 0:
        cancel_reducing(v, i, side)


def _refuse_range(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> None:
    """End the run where a fill could be paid, but what it gives or gets cannot be counted (rule 2)."""
    if _is_covered(v, order, i, lots):
        fail_range(v.fault, i, v.terms.quote[i])
    elif _is_affordable(v, order, i, lots, ticks, is_maker):
        fail_range(v.fault, i, v.terms.base[i])


def _is_affordable(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> bool:
    """Whether what spot costs is there, though what is bought is beyond the range in units of the base."""
    a, t, quote = v.accounts, v.terms, v.terms.quote[i]
    if v.orders.side[order] == SELL or base_amount(t, i, lots) <= LIMIT or ticks > LIMIT // t.num[i]:
        return False
    value = muldiv(min(lots, TOO_LARGE), ticks * t.num[i], t.den[i])
    fee = next_fee(v, order, i, value, lots, is_maker)
    free = bounded_sum(bounded_sum(a.total[quote], -a.reserved[quote]), v.orders.reserved[order])
    return abs(fee) <= LIMIT - value and (t.margined[i] != 0 or value + fee <= free)


def _is_covered(v: VenueState, order: int, i: int, lots: int) -> bool:
    """Whether a fill would give what is there: then only its worth could keep it from being paid."""
    a, t, side, quantity = v.accounts, v.terms, v.orders.side[order], v.markets.quantity[i]
    if t.margined[i]:
        return quantity * side < 0 and lots <= abs(quantity)
    free = bounded_sum(a.total[t.base[i]], -a.reserved[t.base[i]])
    return side == SELL and base_amount(t, i, lots) <= free + v.orders.reserved[order]


def _shrink_reservation(v: VenueState, order: int, i: int) -> None:
    reserved = v.orders.reserved[order]
    if reserved > 0:
        rest = reservation(v, order, i, v.orders.quantity[order] - v.orders.filled[order])
        v.orders.reserved[order] = rest
        v.accounts.reserved[reserved_asset(v, order, i)] += rest - reserved


def report_fill(
    v: VenueState, order: int, i: int, lots: int, ticks: int, value: int, fee: int, is_maker: int, status: int
) -> None:
    """Report a trade, what it leaves of its order, and the balances."""
    row = report(v, order, FILL, status, 0)
    reports = v.reports
    reports.price[row] = ticks
    reports.quantity[row] = lots
    reports.notional[row] = value
    reports.fee[row] = fee
    reports.maker[row] = is_maker
    add_balance(v, row, v.terms.quote[i])
    if v.terms.base[i] >= 0:
        add_balance(v, row, v.terms.base[i])
