"""The orders of a market maker: a ladder on each side, of which only what is wrong is moved."""

from __future__ import annotations

from math import ceil, floor, isnan

from barter_bt.engine.order import CANCEL_IN_FLIGHT
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import NOT_KNOWN, natural
from barter_bt.strategy.api.at_work import first_order, order_after, order_leaves, order_price, order_quantity
from barter_bt.strategy.api.market import ask_price, bid_price
from barter_bt.strategy.api.opening import limit_buy, limit_sell
from barter_bt.strategy.api.positions import position
from barter_bt.strategy.api.targets import cancel

_NOISE = 1e-6  # of a tick, of an order's quantity


def middle(s: EngineState, i: int) -> float:
    """The middle between the best prices; NaN where a side is empty."""
    bid, ask = bid_price(s, i), ask_price(s, i)
    if isnan(bid) or isnan(ask) or bid == 0.0 or ask == 0.0:
        return NOT_KNOWN
    return (bid + ask) / 2


def quote_ladder(
    s: EngineState, i: int, bid: float, ask: float, interval: float, levels: int, quantity: float, most: float
) -> None:
    """Have orders to buy from ``bid`` down and to sell from ``ask`` up, so many of a side, an interval apart.

    Prices lie on multiples of the interval (at least a tick), bids rounded down and asks up, and at least a tick before
    the best price of the other side. An order that stands at one of them stays; the others are cancelled. A side asks
    for no more than what keeps position and orders of that side, also those being cancelled, within ``most``. Where a
    price is NaN, all orders are cancelled.
    """
    if isnan(bid) or isnan(ask):
        keep_only(s, i, 1, 0, 1, 0)
        keep_only(s, i, -1, 0, 1, 0)
        return
    per_unit = s.terms.ticks_per_unit[i]
    step = max(1, floor(interval * per_unit + 0.5))
    below = min(bid * per_unit, to_ticks(s, i, ask_price(s, i)) - 1.0)
    above = max(ask * per_unit, to_ticks(s, i, bid_price(s, i)) + 1.0)
    _side(s, i, 1, floor(below / step + _NOISE) * step, step, levels, quantity, most)
    _side(s, i, -1, ceil(above / step - _NOISE) * step, step, levels, quantity, most)


def _side(s: EngineState, i: int, side: int, top: int, step: int, levels: int, quantity: float, most: float) -> None:
    """Cancel what does not stand on the ladder of a side, then ask for what is missing, best first."""
    keep_only(s, i, side, top, step, levels)
    room = most - side * position(s, i) - at_work(s, i, side)
    for level in range(levels):
        ticks = top - side * level * step
        price = natural(ticks, s.terms.ticks_per_unit[i])
        if room < quantity * (1.0 - _NOISE) or (price <= 0.0 and s.terms.zero[i] == 0):
            return
        if not _stands(s, i, side, ticks):
            if side > 0:
                limit_buy(s, i, quantity, price, post_only=1)
            else:
                limit_sell(s, i, quantity, price, post_only=1)
            room -= quantity


def keep_only(s: EngineState, i: int, side: int, top: int, step: int, levels: int) -> None:
    """Cancel own orders of a side that do not stand on its ladder."""
    order = first_order(s, i)
    while order >= 0:
        off = side * (top - to_ticks(s, i, order_price(s, order)))
        if _is_own(s, order, side) and (off < 0 or off % step != 0 or off >= levels * step):
            cancel(s, order)
        order = order_after(s, order)


def at_work(s: EngineState, i: int, side: int) -> float:
    """What own orders of a side, also those being cancelled, have not filled."""
    found, order = 0.0, first_order(s, i)
    while order >= 0:
        if _is_of_strategy(s, order) and side * order_quantity(s, order) > 0:
            found += side * order_leaves(s, order)
        order = order_after(s, order)
    return found


def _stands(s: EngineState, i: int, side: int, ticks: int) -> bool:
    """Whether an own order that is not being cancelled stands at a price."""
    order = first_order(s, i)
    while order >= 0:
        if _is_own(s, order, side) and to_ticks(s, i, order_price(s, order)) == ticks:
            return True
        order = order_after(s, order)
    return False


def _is_own(s: EngineState, order: int, side: int) -> bool:
    """Whether an order of this side is of the strategy that decides, and not being cancelled."""
    is_side = side * order_quantity(s, order) > 0
    return is_side and _is_of_strategy(s, order) and s.orders.status[order] != CANCEL_IN_FLIGHT


def _is_of_strategy(s: EngineState, order: int) -> bool:
    return s.orders.strategy[order] == s.engine.strategy[0]


def to_ticks(s: EngineState, i: int, price: float) -> int:
    """The nearest whole number of ticks."""
    return floor(price * s.terms.ticks_per_unit[i] + 0.5)
