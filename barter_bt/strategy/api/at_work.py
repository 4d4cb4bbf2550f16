"""Orders at work, and the grid on which orders must lie.

``order = first_order(s, i)``, then ``order = order_after(s, order)`` while it is not -1. All else of an order stands in
its row of ``s.orders``.
"""

from __future__ import annotations

from math import floor

from barter_bt.engine.fault import BAD_NUMBER, fail
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import natural, price_of
from barter_bt.strategy.asking import is_unknown

_MOST_STEPS = 4.6e18


def first_order(s: EngineState, i: int) -> int:
    """Number of the first of an instrument's live orders, in order of sending; -1 without one."""
    return -1 if is_unknown(s.whole, i) else s.whole.instruments.first[i]


def order_after(s: EngineState, order: int) -> int:
    """Number of the next live order of the same instrument; -1 behind the last."""
    return -1 if _is_unknown_order(s.whole, order) else s.whole.orders.after[order]


def order_quantity(s: EngineState, order: int) -> float:
    """Signed quantity of an order."""
    return 0.0 if _is_unknown_order(s.whole, order) else _lots(s.whole, order, s.whole.orders.quantity[order])


def order_leaves(s: EngineState, order: int) -> float:
    """Signed quantity that an order has not filled."""
    if _is_unknown_order(s.whole, order):
        return 0.0
    return _lots(s.whole, order, s.whole.orders.quantity[order] - s.whole.orders.filled[order])


def order_price(s: EngineState, order: int) -> float:
    """Limit price of an order; 0.0 of a market order."""
    return 0.0 if _is_unknown_order(s.whole, order) else _price(s.whole, order, s.whole.orders.price[order])


def order_trigger(s: EngineState, order: int) -> float:
    """Price at which an order is held no longer; 0.0 without one, or while a trailing stop has yet to set it."""
    return 0.0 if _is_unknown_order(s.whole, order) else _price(s.whole, order, s.whole.orders.trigger[order])


def order_activation(s: EngineState, order: int) -> float:
    """Price from which on a trailing stop follows the market (rule 103); 0.0 without one, or while it is a distance."""
    if _is_unknown_order(s.whole, order) or s.whole.orders.activation_by[order] != 0:
        return 0.0
    return _price(s.whole, order, s.whole.orders.activation[order])


def order_group(s: EngineState, order: int) -> int:
    """Number of the first order of an order's group (rule 57); -1 without one."""
    return -1 if _is_unknown_order(s.whole, order) else s.whole.orders.group[order]


def order_trigger_by(s: EngineState, order: int) -> int:
    """Which prices an order's trigger looks at: ``LAST``, ``QUOTE`` or ``MARK``; 0 as its exchange has it (rule 28)."""
    return 0 if _is_unknown_order(s.whole, order) else s.whole.orders.trigger_by[order]


def order_candle_fill(s: EngineState, order: int) -> int:
    """Which price of a candle an order meets, such as ``NEXT_OPEN``; 0 as its exchange has it (rule 36)."""
    return 0 if _is_unknown_order(s.whole, order) else s.whole.orders.candle_fill[order]


def next_order(s: EngineState) -> int:
    """The number that the first open asked for in this wake-up will have (cancels take none)."""
    return len(s.whole.orders)


def round_price(s: EngineState, i: int, value: float) -> float:
    """The nearest price on the instrument's grid; what is no number, or too large to be counted, stays as it is."""
    if is_unknown(s.whole, i):
        return 0.0
    per_unit = s.whole.terms.ticks_per_unit[i]
    return natural(floor(value * per_unit + 0.5), per_unit) if abs(value * per_unit) < _MOST_STEPS else value


def round_quantity(s: EngineState, i: int, value: float) -> float:
    """The largest quantity on the instrument's grid that is not above ``value`` ≥ 0 (but for float noise).

    What is no number, or too large to be counted, stays as it is.
    """
    if is_unknown(s.whole, i):
        return 0.0
    per_unit = s.whole.terms.lots_per_unit[i]
    return natural(int(value * per_unit + 1e-6), per_unit) if abs(value * per_unit) < _MOST_STEPS else value


def _is_unknown_order(s: EngineState, order: int) -> bool:
    """Whether there is no such order, which ends the run."""
    if 0 <= order < len(s.orders):
        return False
    fail(s.fault, BAD_NUMBER, order)
    return True


def _lots(s: EngineState, order: int, lots: int) -> float:
    """Lots of an order as a signed quantity."""
    return s.orders.side[order] * natural(lots, s.terms.lots_per_unit[s.orders.instrument[order]])


def _price(s: EngineState, order: int, ticks: int) -> float:
    """Ticks of an order as a price; what is none is 0.0, or NaN if it can be a price."""
    return price_of(s, s.orders.instrument[order], ticks)
