"""The one order at a time that works off what is due: it rests at the best price, and takes when it is late."""

from __future__ import annotations

from math import isnan
from typing import Any

from barter_bt.engine.order import CANCEL_IN_FLIGHT, IOC
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import natural
from barter_bt.strategy.api.at_work import next_order, order_price, round_quantity
from barter_bt.strategy.api.market import ask_price, bid_price
from barter_bt.strategy.api.opening import buy, limit_buy, limit_sell, sell
from barter_bt.strategy.api.targets import cancel

FIRST: dict[str, float] = {"done": 0.0, "left": 0.0, "closed": 0, "order": -1, "began": 0}
"""Variables: what is done and left, the lots that closed children have filled, the child at work, when all began."""


def has_market(s: EngineState, i: int) -> bool:
    """Whether both best prices are known."""
    bid, ask = bid_price(s, i), ask_price(s, i)
    return not (isnan(bid) or isnan(ask) or bid == 0.0 or ask == 0.0)


def note_fills(s: EngineState, my: Any) -> None:
    """Bring ``done`` and ``left`` up to date; a child that is closed is forgotten."""
    v, i, order = my.variables, int(my.parameters.instrument[0]), int(my.variables.order[0])
    lots = 0
    if order >= 0:
        lots = s.orders.filled[order]
        if s.orders.status[order] > CANCEL_IN_FLIGHT:
            v.closed[0] += lots
            v.order[0], lots = -1, 0
    per_unit = s.terms.lots_per_unit[i]
    whole = int(abs(my.parameters.quantity[0]) * per_unit + 0.5)
    v.done[0] = natural(v.closed[0] + lots, per_unit)
    v.left[0] = natural(whole - v.closed[0] - lots, per_unit)


def stop(s: EngineState, my: Any) -> None:
    """Cancel the child."""
    if my.variables.order[0] >= 0:
        cancel(s, int(my.variables.order[0]))


def work(s: EngineState, my: Any, i: int, due: float, takes: bool) -> None:
    """Let a child work off what is due and not done; one that stands wrong goes first, and is heard of."""
    p, v = my.parameters, my.variables
    side = 1 if p.quantity[0] > 0 else -1
    order = int(v.order[0])
    best = bid_price(s, i) if side > 0 else ask_price(s, i)
    if p.limit[0] > 0.0 and side * (best - p.limit[0]) > 0:
        best = p.limit[0]
    if order >= 0:
        rests = order_price(s, order) != 0.0 and s.orders.time_in_force[order] != IOC
        if rests and (takes or order_price(s, order) != best):
            cancel(s, order)
        return
    quantity = round_quantity(s, i, max(due - v.done[0], 0.0))
    if quantity <= 0.0:
        return
    v.order[0] = next_order(s)
    if takes and p.limit[0] > 0.0:
        ask_at(s, i, side, quantity, p.limit[0], IOC, 0)
    elif takes and side > 0:
        buy(s, i, quantity)
    elif takes:
        sell(s, i, quantity)
    else:
        ask_at(s, i, side, quantity, best, 0, 1)


def ask_at(s: EngineState, i: int, side: int, quantity: float, at: float, time_in_force: int, post_only: int) -> None:
    """Ask for a limit order of either side."""
    if side > 0:
        limit_buy(s, i, quantity, at, time_in_force, post_only)
    else:
        limit_sell(s, i, quantity, at, time_in_force, post_only)
