"""How many lots a target asks for (rule 18)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, muldiv, muldiv_floor
from barter_bt.engine.accounting import fee_of, fee_of_order, notional
from barter_bt.engine.fault import fail_range
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.terms import IN_RECEIVED, RATE, Terms

UNITS, NOTIONAL, EQUITY = 0, 1, 2


def wished_lots(s: EngineState, i: int, target: int, worth: int, size: int, with_fee: int) -> int:
    """Signed lots that a target asks for; UNKNOWN without a price.

    ``target`` is in lots, in units of quote, or in 1e-9 of the equity ``worth``, as ``size`` says.
    """
    if size == UNITS or target == 0:
        return target
    return lots_at(s, i, target, worth, size, with_fee, price_ticks(s, i))


def lots_at(s: EngineState, i: int, target: int, worth: int, size: int, with_fee: int, ticks: int) -> int:
    """The same at a price of one's own, 0 if it is not known; at prices of 0 and below money has no size (rule 76)."""
    if size == UNITS or target == 0:
        return target
    if ticks <= s.terms.zero[i] or (size == EQUITY and worth == UNKNOWN):
        return UNKNOWN
    value = value_of(s, i, target, worth, size)
    if value == UNKNOWN:
        return UNKNOWN
    lots = lots_for(s.terms, i, value, ticks, with_fee)
    return lots if target > 0 else -lots


def value_of(s: EngineState, i: int, target: int, worth: int, size: int) -> int:
    """What a target is worth in units of quote, whatever its side; beyond the range the run ends: UNKNOWN."""
    if size != EQUITY:
        return abs(target)
    value = muldiv(max(worth, 0), abs(target), RATE)
    if value > LIMIT:
        fail_range(s.fault, i, s.terms.quote[i])
        return UNKNOWN
    return value


def lots_for(t: Terms, i: int, value: int, ticks: int, with_fee: int) -> int:
    """Lots that a value buys at a price above 0."""
    price = ticks - t.zero[i]
    if t.fee_in[i] == IN_RECEIVED:
        with_fee = 0  # there is nothing to leave room for
    spent = muldiv_floor(value, RATE, RATE + max(t.taker_rate[i], 0)) if with_fee else value
    if t.derivative[i] < 0:
        lots = muldiv_floor(spent, _checked(price, t.den[i]), t.num[i])
    elif price <= LIMIT // t.num[i]:
        lots = muldiv_floor(spent, t.den[i], price * t.num[i])
    else:  # one division after the other rounds down like one
        lots = muldiv_floor(spent, t.den[i], max(price, t.num[i])) // min(price, t.num[i])
    if with_fee and (t.lot_fee_num[i] > 0 or t.fee_by_order[i]):
        lots = _most_with_fee(t, i, lots, ticks, value)
    return min(lots, LIMIT)


def _most_with_fee(t: Terms, i: int, lots: int, ticks: int, value: int) -> int:
    """The most lots, at most ``lots``, that cost no more than ``value`` with their fee, by bisection."""
    fits, fails = 0, lots + 1
    while fails - fits > 1:
        middle = fits + (fails - fits) // 2
        spent = notional(t, i, middle, ticks)
        if max(fee_of_order(t, i, fee_of(t, i, spent, middle, 0), spent), 0) <= value - spent:
            fits = middle
        else:
            fails = middle
    return fits


def _checked(ticks: int, num: int) -> int:
    return ticks * num if ticks <= LIMIT // num else TOO_LARGE
