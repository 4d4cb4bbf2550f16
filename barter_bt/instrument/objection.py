"""The venue's check of an order by the instrument's specification alone (rule 17), to be made before sending."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from barter_bt.instrument.number import RESOLUTION, Number, decimal
from barter_bt.instrument.specification import Specification

OFF_GRID = "off_grid"
BELOW_MINIMUM = "below_minimum"
BELOW_PRICE_MIN = "below_price_min"
_NOISE, _FLOAT_NOISE = Fraction(1, 10**6), Fraction(4, 10**16)  # rule 20: of a step, of the value


def objection(one: Specification, quantity: Number, price: Number | None) -> str | None:
    """Why the venue would not take an order; None if it would."""
    lot, tick = _step(one.quantity_increment), _step(one.price_increment)
    lots = _steps(abs(decimal(quantity, "quantity")), lot, one.quantity_increment is not None)
    ticks = None if price is None else _steps(decimal(price, "price"), tick, one.price_increment is not None)
    if lots is None or (price is not None and (ticks is None or (ticks <= 0 and not one.price_can_be_negative))):
        return OFF_GRID
    if lots < max(_least(one.quantity_min, lot), 1):
        return BELOW_MINIMUM
    has_least = one.price_min is not None or not one.price_can_be_negative
    if ticks is not None and has_least and ticks < _least(one.price_min, tick):
        return BELOW_PRICE_MIN
    value = _notional(one, lots * lot, None if ticks is None else ticks * tick)
    if value is not None and round(value / Fraction(RESOLUTION)) < _least(one.notional_min, Fraction(RESOLUTION)):
        return BELOW_MINIMUM
    return None


def _step(increment: Number | None) -> Fraction:
    return Fraction(RESOLUTION if increment is None else decimal(increment, "increment"))


def _steps(value: Decimal, step: Fraction, declared: bool) -> int | None:
    """``value`` in whole steps; None if it is off a declared grid. Without one it is rounded, half up."""
    scaled = Fraction(value) / step
    nearest = math.floor(scaled + Fraction(1, 2))
    if declared and abs(scaled - nearest) > _NOISE + abs(scaled) * _FLOAT_NOISE:
        return None
    return nearest


def _least(minimum: Number | None, step: Fraction) -> int:
    return math.ceil(Fraction(decimal(minimum or 0, "minimum")) / step)


def _notional(one: Specification, quantity: Fraction, price: Fraction | None) -> Fraction | None:
    """Value in the quote asset, of an inverse contract in the base asset, as far as it is known."""
    if one.quantity_unit == "quote":
        return quantity
    if one.is_inverse:
        return None if price is None else quantity * Fraction(decimal(one.contract_size, "contract_size")) / price
    size = Fraction(decimal(one.contract_size, "contract_size")) if one.quantity_unit == "contract" else 1
    return None if price is None else quantity * size * abs(price)
