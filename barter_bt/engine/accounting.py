"""The arithmetic of a fill: notional, fee, and what it makes of a position (rules 3 to 5)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, difference, muldiv, muldiv_floor, signed_muldiv
from barter_bt.columns.marks import hot, unit
from barter_bt.engine.terms import RATE, Terms, from_zero


def notional(terms: Terms, i: int, lots: int, ticks: int) -> int:
    """Value of ``lots`` ≥ 0 at ``ticks``, in units of the quote or settlement asset (rule 3).

    It has the sign of the price, which may be below 0 (rule 76). Beyond the range it is ``TOO_LARGE``, of either sign.
    """
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
    """The same at a price that can be negative, or of lots with which a product may be beyond the range."""
    if terms.zero[i] > 0:
        return _signed_notional(terms, i, lots, ticks)
    if terms.derivative[i] < 0 or base_amount(terms, i, lots) > LIMIT or ticks > LIMIT // terms.num[i]:
        return TOO_LARGE
    return muldiv(min(lots, TOO_LARGE), ticks * terms.num[i], terms.den[i])


@unit
def _signed_notional(terms: Terms, i: int, lots: int, ticks: int) -> int:
    """The same at a price of either sign; below 2^62, so that it can be taken from a cost of the other sign."""
    if from_zero(terms, i, ticks) > LIMIT // terms.num[i]:
        return TOO_LARGE
    value = muldiv(min(lots, TOO_LARGE), from_zero(terms, i, ticks) * terms.num[i], terms.den[i])
    if value >= LIMIT:
        return TOO_LARGE
    return value if ticks >= terms.zero[i] else -value


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
    return rounded(amount, den, int(estimate))


@hot
def rounded(amount: int, den: int, estimate: int) -> int:
    """``amount / den``, rounded half to even, from an estimate that is off by at most one, without a branch.

    Which way a remainder rounds is a coin toss to the processor.
    """
    r = amount - estimate * den
    below, above = int(r < 0), int(r >= den)
    q, r = estimate - below + above, r + den * (below - above)
    return q + (int(2 * r > den) | (int(2 * r == den) & q & 1))


def exchanged(amount: int, ticks: int, num: int, den: int, divides: int) -> int:
    """An amount of one asset in another (rule 24): at a price, or divided by it; ``TOO_LARGE`` beyond the range."""
    if divides:
        return muldiv(amount, num, ticks * den) if ticks <= LIMIT // den else TOO_LARGE
    if amount <= LIMIT // num:
        return muldiv(ticks, amount * num, den)
    return muldiv(amount, ticks * num, den) if ticks <= LIMIT // num else TOO_LARGE


def fee_of(terms: Terms, i: int, value: int, lots: int, is_maker: int) -> int:
    """Fee of a fill in units of the quote asset; negative for a rebate (rule 3)."""
    rate = terms.maker_rate[i] if is_maker else terms.taker_rate[i]
    amount = muldiv(abs(value), rate, RATE) if rate >= 0 else -muldiv(abs(value), -rate, RATE)
    if terms.lot_fee_num[i] > 0:
        amount = bounded_sum(amount, muldiv(lots, terms.lot_fee_num[i], terms.lot_fee_den[i]))
    return amount


def fee_of_order(terms: Terms, i: int, fees: int, value: int) -> int:
    """What an order has paid whose fills had ``fees`` by rule 3 and a ``value`` ≥ 0 together (rule 40)."""
    if not terms.fee_by_order[i]:
        return fees
    amount = bounded_sum(fees, terms.order_fee[i])
    if terms.fee_min[i] > 0:
        amount = max(amount, terms.fee_min[i])
    if terms.fee_max_rate[i] > 0:
        amount = min(amount, muldiv(min(value, LIMIT), terms.fee_max_rate[i], RATE))
    if terms.fee_step[i] > 0 and in_range(amount):
        step = terms.fee_step[i]
        whole = muldiv(abs(amount), 1, step)
        amount = (whole if amount >= 0 else -whole) * step if whole <= LIMIT // step else TOO_LARGE
    return amount


def fee_in_base(terms: Terms, i: int, lots: int, value: int, fee: int) -> int:
    """What a buy pays of a fee in the base asset that it receives, in its units (rule 63)."""
    if value == 0:
        return 0
    amount = muldiv(min(abs(fee), LIMIT), base_amount(terms, i, lots), value)
    return amount if fee >= 0 else -amount


def lots_taken(terms: Terms, i: int, lots: int, amount: int, credit: int) -> int:
    """Lots that a fee of ``amount`` in the base asset takes away from a position, of those that a fill adds."""
    units = terms.base_units[i]
    return min(max(-((credit - amount) // units), 0), lots - 1)


def weighted_mid(bid: int, bid_lots: int, ask: int, ask_lots: int) -> int:
    """Weighted mid in ticks of a book with both sides (rule 6)."""
    return bid + muldiv(ask - bid, bid_lots, bid_lots + ask_lots)


def mid(bid: int, ask: int) -> int:
    """Mid in ticks of a book with both sides (rule 73)."""
    return bid + muldiv(ask - bid, 1, 2)


def closing_price(t: Terms, i: int, quantity: int, bid: int, ask: int) -> int:
    """What closes a position, in ticks: the side of the book that takes it, less a fee where that counts (rule 73)."""
    if quantity > 0:
        return max(bid - muldiv(from_zero(t, i, bid), t.closing_rate[i], RATE), 1)
    return ask + muldiv(from_zero(t, i, ask), t.closing_rate[i], RATE)


def split_price(ticks: int, num: int, den: int) -> int:
    """A price after a split, at least a tick; 0, which is none, stays."""
    return max(muldiv(ticks, den, num), 1) if ticks > 0 else 0


def split_bid(bid: int, ask: int, num: int, den: int) -> int:
    """A bid after a split, rounded down, so that a book is never locked by it; of a locked one as a price is."""
    if bid == ask:
        return split_price(bid, num, den)
    return max(muldiv_floor(bid, den, num), 1) if bid > 0 else 0


def split_ask(bid: int, ask: int, num: int, den: int) -> int:
    """An ask after a split, rounded up; of a locked book as a price is, for no price comes where there was none."""
    if bid == ask:
        return split_price(ask, num, den)
    floor = muldiv_floor(ask, den, num)
    return floor + int(difference(ask, den, floor, num) > 0)


def split_lots(lots: int, num: int, den: int) -> int:
    """Whole lots after a split, toward zero."""
    after = muldiv_floor(abs(lots), num, den)
    return after if lots > 0 else -after


def split_cost(basis: int, lots: int, after: int, num: int, den: int) -> int:
    """The part of a cost that the fraction of a lot has which a split of ``lots`` leaves (rule 45)."""
    return muldiv(basis, lots * num - after * den, lots * num)


def after_fill(
    terms: Terms, i: int, quantity: int, basis: int, side: int, lots: int, ticks: int, value: int
) -> tuple[int, int, int]:
    """Position after a fill of notional ``value``: signed quantity, cost basis, realised before fees (rule 4)."""
    held = abs(quantity)
    gains = gain_sign(terms, i)
    if quantity * side >= 0:
        return bounded_sum(quantity, side * lots), bounded_sum(basis, value), 0
    direction = 1 if quantity > 0 else -1
    if lots < held:
        out = signed_muldiv(basis, lots, held)
        return quantity + side * lots, basis - out, gains * direction * (value - out)
    closing = value if lots == held else notional(terms, i, held, ticks)
    return quantity + side * lots, value - closing if lots > held else 0, gains * direction * (closing - basis)


def gain_sign(terms: Terms, i: int) -> int:
    """1 where a long position gains as its notional grows; -1 for inverse contracts, whose notional shrinks then."""
    return -1 if terms.derivative[i] < 0 else 1


@hot
def position_value(terms: Terms, i: int, quantity: int, basis: int, ticks: int) -> int:
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
    return kind * direction * (value - basis) if kind else direction * value


def in_range(value: int) -> bool:
    """Whether an amount may be posted (rule 2)."""
    return -LIMIT <= value <= LIMIT
