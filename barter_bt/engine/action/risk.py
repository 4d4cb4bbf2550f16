"""The risk manager: an order is approved, made smaller, or refused for a reason.

What limits count is the worst that may come. Orders at work, also those in flight or being cancelled, count as if
they filled: for a position all those of one side, as if those of the other never did. So whatever fills, and in
whatever order, the limits on positions hold, and an order is known to make things worse or not without guessing.

Limits on one order and on one instrument cost a walk over the live orders of that instrument at most. Exposure and
leverage are sums over all instruments, made for each order that may raise them: prices change with every event,
orders are few, so a running sum would cost more than it saves.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, muldiv_floor
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.order import (
    BUY,
    EXPOSURE_LIMIT,
    LEVERAGE_LIMIT,
    NO_PRICE,
    NO_REASON,
    OPEN_ORDERS_LIMIT,
    ORDER_NOTIONAL_LIMIT,
    ORDER_QUANTITY_LIMIT,
    ORDER_RATE_LIMIT,
    POSITION_LIMIT,
    POSITION_NOTIONAL_LIMIT,
    PRICE_BAND,
    SELL,
)
from barter_bt.engine.order import LIMIT as LIMIT_ORDER
from barter_bt.engine.state.amending import growing
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, convert, equity
from barter_bt.engine.terms import RATE, from_zero


def check_risk(s: EngineState, action: int) -> int:
    """Reason to refuse an open, 0 to approve it; its quantity may have been made smaller."""
    return _hold_against_limits(s, action) if s.risk.active[0] else NO_REASON


def count_sent(s: EngineState, i: int) -> None:
    """An order was sent: remember when, where an order rate is limited."""
    if s.risk.active[0]:
        _remember(s, i)
        _remember(s, len(s.instruments))


@unit
def _hold_against_limits(s: EngineState, action: int) -> int:
    """First the limits that know no size, then those that do: the first that is violated is the reason."""
    i, side, lots = s.actions.instrument[action], s.actions.side[action], s.actions.quantity[action]
    limit_price = s.actions.price[action] if s.actions.kind[action] == LIMIT_ORDER else 0
    s.risk.price[0] = price_ticks(s, i)
    reason = _measure_price(s, i, side, limit_price)
    if not reason:
        reason = _count_orders(s, i)
    if reason:
        return reason
    _weigh(s, action, i, side, lots)
    reason = _measure(s, i, side, lots, limit_price)
    if reason and s.limits.resize[i]:
        fitting = _largest(s, i, side, lots, limit_price)
        if fitting > 0:
            s.actions.quantity[action] = fitting
            return NO_REASON
    return reason


@unit
def hold_amend_against_limits(s: EngineState, action: int, more: int) -> int:
    """Reason to refuse an amend, 0 to approve it: an order as it would be, and so many lots more than before (33)."""
    a, i = s.actions, s.actions.instrument[action]
    limit_price = a.price[action] if a.kind[action] == LIMIT_ORDER else 0
    s.risk.price[0] = price_ticks(s, i)
    reason = _measure_price(s, i, a.side[action], limit_price)
    if not reason and (_is_too_soon(s, i) or _is_too_soon(s, len(s.instruments))):
        reason = ORDER_RATE_LIMIT
    if not reason:
        reason = _measure_order(s, i, a.quantity[action], limit_price)
    if reason or more == 0:
        return reason
    _weigh(s, action, i, a.side[action], more)
    return _measure_position(s, i, a.side[action], more)


def _measure_price(s: EngineState, i: int, side: int, limit_price: int) -> int:
    """The limit on how far a limit price is from the market."""
    if limit_price > 0 and s.limits.price_band[i] > 0:
        if s.risk.price[0] == 0:
            return NO_PRICE
        market = s.risk.price[0]
        if beyond_band(side, limit_price, market, from_zero(s.terms, i, market), s.limits.price_band[i]):
            return PRICE_BAND
    return NO_REASON


def beyond_band(side: int, ticks: int, market: int, size: int, band: int) -> bool:
    """Whether a limit price is too far on the side that costs: above the market to buy, below it to sell.

    ``size`` is how far the market's price is from 0.
    """
    return side * (ticks - market) > muldiv_floor(size, band, RATE)


def _count_orders(s: EngineState, i: int) -> int:
    """Limits on the number of orders: at work, and sent lately."""
    limits, account = s.limits, len(s.instruments)
    if 0 < limits.open_orders[i] <= s.instruments.live[i]:
        return OPEN_ORDERS_LIMIT
    if limits.open_orders[account] > 0:
        live = 0
        for each in range(account):
            live += s.instruments.live[each]
        if live >= limits.open_orders[account]:
            return OPEN_ORDERS_LIMIT
    if _is_too_soon(s, i) or _is_too_soon(s, account):
        return ORDER_RATE_LIMIT
    return NO_REASON


def _is_too_soon(s: EngineState, row: int) -> bool:
    """Whether the oldest of the last N orders was sent less than the window ago."""
    limits = s.limits
    if limits.order_rate[row] == 0:
        return False
    return limits.sent[row][limits.slot[row]] > s.engine.time[0] - limits.order_window[row]


def _remember(s: EngineState, row: int) -> None:
    limits = s.limits
    if limits.order_rate[row] > 0:
        limits.sent[row][limits.slot[row]] = s.engine.time[0]
        limits.slot[row] = (limits.slot[row] + 1) % limits.order_rate[row]


def _weigh(s: EngineState, action: int, i: int, side: int, lots: int) -> None:
    """What the order comes on top of; the account's exposure only where a limit asks and the order may raise it."""
    r, limits, account = s.risk, s.limits, len(s.instruments)
    r.before[0] = _position_after(s, i, side)
    r.reach[0] = max(abs(r.before[0]), abs(_position_after(s, i, -side)))
    r.gross[0] = 0
    r.reduces[0] = s.actions.reduce_only[action]
    limited = limits.exposure[account] > 0 or limits.leverage[account] > 0
    if limited and abs(_then(s, side, lots)) > r.reach[0]:
        r.gross[0] = 1
        r.others[0] = _exposure_but(s, i)
        if limits.leverage[account] > 0:
            worth = equity(s)
            r.allowed[0] = UNKNOWN if worth == UNKNOWN else muldiv_floor(max(worth, 0), limits.leverage[account], RATE)


def _position_after(s: EngineState, i: int, side: int) -> int:
    """Position once all working orders of one side have filled."""
    o, order, rest = s.orders, s.instruments.first[i], 0
    while order >= 0:
        if o.side[order] == side and not o.reduce_only[order]:
            rest = _bounded_sum(rest, o.quantity[order] - o.filled[order])
        order = o.after[order]
    if s.engine.amends_in_flight[0] > 0:
        rest = _bounded_sum(rest, growing(s, i, side))
    return _bounded_sum(s.instruments.quantity[i], side * rest)


def _then(s: EngineState, side: int, lots: int) -> int:
    """Position once this order has filled as well."""
    return _bounded_sum(s.risk.before[0], side * lots)


def _bounded_sum(one: int, other: int) -> int:
    """Sum of two amounts within the range, kept within it (rule 2)."""
    if other > 0:
        return one + other if one < LIMIT - other else LIMIT
    return one + other if one > -LIMIT - other else -LIMIT


def _exposure_but(s: EngineState, i: int) -> int:
    """Gross notional of all other instruments in the reporting asset; UNKNOWN without a price."""
    gross = 0
    for j in range(len(s.instruments)):
        if j != i and (s.instruments.quantity[j] != 0 or s.instruments.live[j] > 0):
            lots = max(abs(_position_after(s, j, BUY)), abs(_position_after(s, j, SELL)))
            value = _value(s, j, lots, price_ticks(s, j))
            if value == UNKNOWN:
                return UNKNOWN
            gross = _bounded_sum(gross, value)
    return gross


def _value(s: EngineState, i: int, lots: int, ticks: int) -> int:
    """Notional in the reporting asset; UNKNOWN without a price."""
    if lots == 0:
        return 0
    if ticks == 0:
        return UNKNOWN
    value = abs(notional(s.terms, i, lots, ticks))
    return min(convert(s, s.terms.quote[i], value), LIMIT) if value <= LIMIT else LIMIT


def _measure(s: EngineState, i: int, side: int, lots: int, limit_price: int) -> int:
    """The first limit that an order of this size violates, 0 if none."""
    reason = _measure_order(s, i, lots, limit_price)
    return reason if reason else _measure_position(s, i, side, lots)


def _measure_order(s: EngineState, i: int, lots: int, limit_price: int) -> int:
    """Limits on one order."""
    limits = s.limits
    if 0 < limits.order_quantity[i] < lots:
        return ORDER_QUANTITY_LIMIT
    if limits.order_notional[i] > 0:
        ticks = limit_price if limit_price > 0 else s.risk.price[0]
        if ticks == 0:
            return NO_PRICE
        if abs(notional(s.terms, i, lots, ticks)) > limits.order_notional[i]:
            return ORDER_NOTIONAL_LIMIT
    return NO_REASON


def _measure_position(s: EngineState, i: int, side: int, lots: int) -> int:
    """Limits on what so many lots more may lead to."""
    limits, r = s.limits, s.risk
    if r.reduces[0]:
        return NO_REASON
    then = abs(_then(s, side, lots))
    if then > abs(r.before[0]):
        if 0 < limits.position_quantity[i] < then:
            return POSITION_LIMIT
        if limits.position_notional[i] > 0:
            if r.price[0] == 0:
                return NO_PRICE
            if abs(notional(s.terms, i, then, r.price[0])) > limits.position_notional[i]:
                return POSITION_NOTIONAL_LIMIT
    if r.gross[0] and then > r.reach[0]:
        return _measure_account(s, _value(s, i, then, r.price[0]))
    return NO_REASON


def _measure_account(s: EngineState, value: int) -> int:
    """Exposure and leverage, with this instrument at ``value``."""
    limits, r, account = s.limits, s.risk, len(s.instruments)
    if value == UNKNOWN or r.others[0] == UNKNOWN:
        return NO_PRICE
    total = _bounded_sum(r.others[0], value)
    if 0 < limits.exposure[account] < total:
        return EXPOSURE_LIMIT
    if limits.leverage[account] > 0:
        if r.allowed[0] == UNKNOWN:
            return NO_PRICE
        if total > r.allowed[0]:
            return LEVERAGE_LIMIT
    return NO_REASON


def _largest(s: EngineState, i: int, side: int, lots: int, limit_price: int) -> int:
    """The most lots that violate no limit, by bisection: what fits is an interval that begins at 0."""
    fits, fails = 0, lots
    while fails - fits > 1:
        middle = fits + (fails - fits) // 2
        if _measure(s, i, side, middle, limit_price):
            fails = middle
        else:
            fits = middle
    return fits
