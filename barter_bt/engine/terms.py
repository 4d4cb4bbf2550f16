"""The terms of dealing as columns, and floats of the data as ticks and lots (rule 20)."""

from __future__ import annotations

import math

from barter_bt.columns.column import F64, I64
from barter_bt.columns.marks import hot, unit
from barter_bt.columns.table import Table
from barter_bt.instrument import Instrument

_MOST_LOTS = float(1 << 60)
LARGEST = 1.7976931348623157e308  # of a float; what is larger is infinite
RATE = 1_000_000_000  # fee and margin rates are integers in units of 1e-9
CROSS, ISOLATED = 1, 2  # how a position is margined
WEIGHTED_MID, CLOSING, MID, LAST = 0, 1, 2, 3  # what a book with both sides says (rule 73)
NEGATIVE_ZERO = 10**16  # `zero` of an instrument whose prices can be negative: beyond what is exact as a float
IN_QUOTE, IN_RECEIVED, IN_ASSET = 0, 1, 2  # what fees are paid in (rule 63)


class Terms(Table):
    """One row per instrument, constant through a run but for rates by volume. Assets are indices; -1: none."""

    exchange: I64
    base: I64
    quote: I64  # what money is counted in: the settlement asset of a derivative
    derivative: I64  # 1, or -1 if it is inverse: worth less the higher the price; 0 for what is paid for: spot, options
    margined: (
        I64  # how, if at all: a derivative, or any instrument of a margin account, of which orders reserve nothing
    )
    num: I64  # one tick x one lot x contract size = num / den units of quote; inverse: one lot at one tick
    den: I64
    den_inverse: F64
    lots_max: I64  # above it lots * num or lots * base_units may leave the range; -1 where prices can be negative
    base_units: I64  # units of base in one lot
    maker_rate: I64
    taker_rate: I64
    lot_fee_num: I64  # fee per lot in units of quote
    lot_fee_den: I64
    fee_by_order: I64  # 1: what an order pays has a term of the next four, in units of quote; 0: it has none
    order_fee: I64
    fee_min: I64
    fee_max_rate: I64  # 0: no bound
    fee_step: I64
    fee_in: I64
    margin_rate: I64
    lot_margin_num: I64  # margin per lot in units of quote; 0: by rate; below 0: by tier
    lot_margin_den: I64
    tier_first: I64  # rows of the tiers, from this one to before that
    tier_end: I64
    quantity_min: I64
    notional_min: I64
    price_min: I64
    mark_by: I64
    closing_rate: I64  # taker's rate that a mark of what closes leaves room for; 0: none
    strike: I64  # of an option, in its ticks; 0: it is none
    expiry: I64  # from then on it trades no longer; NEVER: it has none
    zero: I64  # so many ticks stand for a price of 0 where it can be negative, else 0: see `price_steps`
    ticks_per_unit: F64
    lots_per_unit: F64
    tick_noise: F64  # distance from the grid that is accepted, in steps
    price_noise: F64  # the same for prices; below 0, so that none is near enough, where `zero` says how they count
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


def has_tick(terms: Terms, i: int) -> bool:
    """Whether an instrument declares its tick; else ticks are as fine as its data, and no unit of a user's."""
    return bool(terms.tick_noise[i] < 1.0)


@hot
def price_steps(terms: Terms, i: int, price: float) -> int:
    """A price of an instrument in ticks (rules 20 and 76); at most 0 if it is none.

    0 stands for no price everywhere. Where prices can be 0 and below, ticks count from ``zero`` ticks below 0, so that
    every price is above 0, and comparisons and differences mean the same; only what a price is worth looks at ``zero``.
    """
    ticks = steps(price, terms.ticks_per_unit[i], terms.price_noise[i])
    return ticks if ticks > 0 else _signed_steps(terms, i, price, ticks)


@unit
def _signed_steps(terms: Terms, i: int, price: float, ticks: int) -> int:
    """The same of a price that can have either sign; of an instrument whose prices are all above 0 ``ticks``."""
    scaled, zero = price * terms.ticks_per_unit[i], terms.zero[i]
    if zero == 0:
        return ticks
    if not abs(scaled) < zero:
        return -1
    nearest = math.floor(scaled + 0.5)
    if abs(scaled - nearest) > terms.tick_noise[i] + abs(scaled) * 4e-16:
        return -1
    return nearest + zero


def zero_of(one: Instrument) -> int:
    """So many ticks stand for a price of 0 of an instrument."""
    return NEGATIVE_ZERO if one.price_can_be_negative else 0


def from_zero(terms: Terms, i: int, ticks: int) -> int:
    """How far a price is from 0, in ticks: what fractions of a price are fractions of (rule 76)."""
    return abs(ticks - terms.zero[i])


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
