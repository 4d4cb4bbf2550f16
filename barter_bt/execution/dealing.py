"""The terms of dealing as columns, and the arithmetic of a fill: notional, fee and position (rules 3 and 4)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.kernel import hot, unit
from barter_bt.columns.table import F64, I64, Table

QUOTES, TRADES, CANDLES = 1, 2, 3  # evidence for fills
_MOST_LOTS = float(1 << 60)
RATE = 1_000_000_000  # fee and margin rates are integers in units of 1e-9


class Terms(Table):
    """One row per instrument, constant through a run. Assets are indices; -1: none."""

    exchange: I64
    base: I64
    quote: I64  # what money is counted in: the settlement asset of a derivative
    derivative: I64  # 1, or -1 if it is inverse: worth less the higher the price; 0 for spot
    margined: I64  # a derivative, or any instrument of a margin account: nothing is reserved
    num: I64  # one tick x one lot x contract size = num / den units of quote; inverse: one lot at one tick
    den: I64
    den_inverse: F64
    lots_max: I64  # above it lots * num or lots * base_units may leave the range
    base_units: I64  # units of base in one lot
    maker_rate: I64
    taker_rate: I64
    lot_fee_num: I64  # fee per lot in units of quote
    lot_fee_den: I64
    margin_rate: I64
    lot_margin_num: I64  # margin per lot in units of quote; 0: by rate
    lot_margin_den: I64
    quantity_min: I64
    notional_min: I64
    price_min: I64
    takes_on: I64
    rests_on: I64
    touch: I64
    max_age: I64
    expiry: I64  # from then on it trades no longer; NEVER: it has none
    ticks_per_unit: F64
    lots_per_unit: F64
    tick_noise: F64  # distance from the grid that is accepted, in steps
    lot_noise: F64
    contract_size: F64


@hot
def steps(value: float, per_unit: float, noise: float) -> int:
    """A float as ticks or lots (rule 20); -1 if it is negative, not finite, too large or off the grid."""
    scaled = value * per_unit
    if not (0.0 <= scaled < 4.6e18):
        return -1
    nearest = int(scaled + 0.5)
    if abs(scaled - nearest) > noise + scaled * 4e-16:
        return -1
    return nearest


@hot
def whole_lots(amount: float, per_unit: float, noise: float) -> int:
    """What the market offers or trades in whole lots: less than a lot does not count (rule 20)."""
    scaled = amount * per_unit
    if not scaled < _MOST_LOTS:
        return 1 << 60
    nearest = int(scaled + 0.5)
    return nearest - int(nearest - scaled > noise + scaled * 4e-16)


@hot
def holds_lot(amount: float, per_unit: float, noise: float) -> bool:
    """Whether there is a whole lot: :func:`whole_lots` is above 0."""
    scaled = amount * per_unit
    return scaled >= 0.5 and 1.0 - scaled <= noise + scaled * 4e-16


def notional(terms: Terms, i: int, lots: int, ticks: int) -> int:
    """Value of ``lots`` ≥ 0 at ``ticks``, in units of the quote or settlement asset (rule 3)."""
    if lots > terms.lots_max[i]:
        return _large_notional(terms, i, lots, ticks)
    if terms.derivative[i] < 0:
        return _inverse_notional(terms, i, lots, ticks)
    amount, den = lots * terms.num[i], terms.den[i]
    if float(ticks) * float(amount) < 4e18:
        return _divided(ticks * amount, den, terms.den_inverse[i])
    return muldiv(ticks, amount, den)


@unit
def _large_notional(terms: Terms, i: int, lots: int, ticks: int) -> int:
    """Value of so many lots that lots * num, or what they are in units of the base, is beyond the range."""
    if terms.derivative[i] < 0 or base_amount(terms, i, lots) > LIMIT or ticks > LIMIT // terms.num[i]:
        return TOO_LARGE
    return muldiv(min(lots, TOO_LARGE), ticks * terms.num[i], terms.den[i])


def base_amount(terms: Terms, i: int, lots: int) -> int:
    """Lots of a spot instrument in units of its base, or ``TOO_LARGE``; 0 for a derivative."""
    return muldiv(lots, terms.base_units[i], 1)


@unit
def _inverse_notional(terms: Terms, i: int, lots: int, ticks: int) -> int:
    """Value of ``lots`` of an inverse contract: so much of the base asset as the contracts' quote money buys."""
    if ticks <= 0 or ticks > LIMIT // terms.den[i]:
        return TOO_LARGE
    return muldiv(lots, terms.num[i], ticks * terms.den[i])


def _divided(amount: int, den: int, inverse: float) -> int:
    """``amount / den``, rounded half to even, without a division where the estimate is off by at most one."""
    if den == 1:
        return amount
    estimate = float(amount) * inverse
    if estimate > 1e15:
        return muldiv(amount, 1, den)
    q = int(estimate)
    r = amount - q * den
    if r < 0:
        q, r = q - 1, r + den
    elif r >= den:
        q, r = q + 1, r - den
    # Without a branch: which way a remainder rounds is a coin toss to the processor.
    return q + (int(2 * r > den) | (int(2 * r == den) & q & 1))


def fee(terms: Terms, i: int, value: int, lots: int, is_maker: int) -> int:
    """Fee of a fill in units of the quote asset; negative for a rebate (rule 3)."""
    rate = terms.maker_rate[i] if is_maker else terms.taker_rate[i]
    cost = muldiv(value, rate, RATE) if rate >= 0 else -muldiv(value, -rate, RATE)
    if terms.lot_fee_num[i] > 0:
        cost = bounded_sum(cost, muldiv(lots, terms.lot_fee_num[i], terms.lot_fee_den[i]))
    return cost


def weighted_mid(bid: int, bid_lots: int, ask: int, ask_lots: int) -> int:
    """Weighted mid in ticks of a book with both sides (rule 6)."""
    return bid + muldiv(ask - bid, bid_lots, bid_lots + ask_lots)


def after_fill(
    terms: Terms, i: int, quantity: int, cost: int, side: int, lots: int, ticks: int
) -> tuple[int, int, int]:
    """Position after a fill: signed quantity, cost, and what was realised before fees (rule 4)."""
    value = notional(terms, i, lots, ticks)
    held = abs(quantity)
    gains = gain_sign(terms, i)
    if quantity * side >= 0:
        return bounded_sum(quantity, side * lots), bounded_sum(cost, value), 0
    direction = 1 if quantity > 0 else -1
    if lots < held:
        out = muldiv(cost, lots, held)
        return quantity + side * lots, cost - out, gains * direction * (value - out)
    closing = notional(terms, i, held, ticks)
    return quantity + side * lots, value - closing if lots > held else 0, gains * direction * (closing - cost)


def gain_sign(terms: Terms, i: int) -> int:
    """1 where a long position gains as its notional grows; -1 for inverse contracts, whose notional shrinks then."""
    return -1 if terms.derivative[i] < 0 else 1


@hot
def position_value(terms: Terms, i: int, quantity: int, cost: int, ticks: int) -> int:
    """Value of a position at ``ticks`` (rule 5): of the holding for spot, of the gain for a derivative.

    Where its notional is beyond the range, so is what is returned, though a gain might not be.
    """
    if quantity == 0:
        return 0
    direction = 1 if quantity > 0 else -1
    value = notional(terms, i, abs(quantity), ticks)
    kind = terms.derivative[i]
    if value > LIMIT:
        return kind * direction * TOO_LARGE if kind else direction * TOO_LARGE
    return kind * direction * (value - cost) if kind else direction * value


def in_range(value: int) -> bool:
    """Whether an amount may be posted (rule 2)."""
    return -LIMIT <= value <= LIMIT
