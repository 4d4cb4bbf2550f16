"""What a compiled strategy reads and asks for. Plain kernels: they run interpreted as they stand.

Accessors give floats in natural units; the raw columns (``s.instruments.quantity[i]``) give lots and ticks.
``i`` is an instrument's index, ``s`` the :class:`~barter_bt.engine.state.tables.EngineState`.
"""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.send import ask, ask_cancel, ask_trading
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.position import unrealised
from barter_bt.engine.state.tables import EngineState
from barter_bt.execution.dealing import steps
from barter_bt.execution.order import BUY, FOK, GTC, IOC, LIMIT, MARKET, SELL
from barter_bt.execution.venue.state import BAD_INSTRUMENT, BAD_ORDER, fail

__all__ = [
    "FOK",
    "GTC",
    "IOC",
    "ask_price",
    "bid_price",
    "buy",
    "cancel",
    "cancel_all",
    "close_position",
    "disable_trading",
    "enable_trading",
    "is_trading",
    "limit_buy",
    "limit_sell",
    "next_order",
    "now",
    "position",
    "price",
    "round_price",
    "round_quantity",
    "sell",
    "target",
    "working",
]


def natural(count: int, per_unit: float) -> float:
    """Ticks or lots as a float: the nearest one to the decimal."""
    if per_unit >= 1.0:
        return count / per_unit
    return count * float(int(1.0 / per_unit + 0.5))


def now(s: EngineState) -> int:
    """The engine's clock, ns since 1970 UTC."""
    return s.engine.time[0]


def price(s: EngineState, i: int) -> float:
    """Price of an instrument (weighted mid, else last trade or close); 0.0 while unknown."""
    return natural(price_ticks(s, i), s.terms.ticks_per_unit[i])


def bid_price(s: EngineState, i: int) -> float:
    """Best bid; 0.0 if there is none."""
    return natural(s.instruments.bid[i], s.terms.ticks_per_unit[i])


def ask_price(s: EngineState, i: int) -> float:
    """Best ask; 0.0 if there is none."""
    return natural(s.instruments.ask[i], s.terms.ticks_per_unit[i])


def position(s: EngineState, i: int) -> float:
    """Signed quantity of the open position."""
    return natural(s.instruments.quantity[i], s.terms.lots_per_unit[i])


def working(s: EngineState, i: int) -> float:
    """Signed quantity that live orders have not filled."""
    return natural(s.instruments.working[i], s.terms.lots_per_unit[i])


def unrealised_units(s: EngineState, i: int) -> int:
    """Unrealised PnL in units of the quote asset."""
    return unrealised(s, i)


def round_price(s: EngineState, i: int, value: float) -> float:
    """The nearest price on the instrument's grid."""
    per_unit = s.terms.ticks_per_unit[i]
    return natural(int(value * per_unit + 0.5), per_unit)


def round_quantity(s: EngineState, i: int, value: float) -> float:
    """The largest quantity on the instrument's grid that is not above ``value`` ≥ 0 (but for float noise)."""
    per_unit = s.terms.lots_per_unit[i]
    return natural(int(value * per_unit + 1e-6), per_unit)


def buy(s: EngineState, i: int, quantity: float) -> int:
    """Ask for a market buy."""
    return _market(s, i, BUY, quantity)


def sell(s: EngineState, i: int, quantity: float) -> int:
    """Ask for a market sell."""
    return _market(s, i, SELL, quantity)


def limit_buy(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit buy at a price."""
    return _limit(s, i, BUY, quantity, at, time_in_force, post_only)


def limit_sell(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit sell at a price."""
    return _limit(s, i, SELL, quantity, at, time_in_force, post_only)


def target(s: EngineState, i: int, quantity: float) -> int:
    """Ask for the market order that brings position and working orders to ``quantity``; -1 if none is needed.

    Like a target of the signals driver it is cut to what can be paid.
    """
    if _is_unknown(s, i):
        return -1
    lots = steps(abs(quantity), s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    if lots < 0:
        fail(s.fault, BAD_ORDER, i)
        return -1
    wished = lots if quantity > 0 else -lots
    change = bounded_sum(wished, -bounded_sum(s.instruments.quantity[i], s.instruments.working[i]))
    if change == 0:
        return -1
    row = ask(s, i, BUY if change > 0 else SELL, MARKET, GTC, 0, 0, abs(change))
    s.actions.cut[row] = 1
    return row


def cancel(s: EngineState, order: int) -> None:
    """Ask to cancel an order by its number; one that is closed, or being cancelled, is left alone."""
    ask_cancel(s, order)


def cancel_all(s: EngineState, i: int) -> None:
    """Ask to cancel all live orders of an instrument."""
    if _is_unknown(s, i):
        return
    order = s.instruments.first[i]
    while order >= 0:
        ask_cancel(s, order)
        order = s.orders.after[order]


def close_position(s: EngineState, i: int) -> int:
    """Ask for an opposite market order for the whole position, immediate or cancel; -1 without position or price."""
    return -1 if _is_unknown(s, i) else ask_close(s, i)


def is_trading(s: EngineState) -> int:
    """1 while trading is enabled."""
    return s.engine.trading[0]


def enable_trading(s: EngineState) -> None:
    """Enable trading from the next event on."""
    ask_trading(s, 1)


def disable_trading(s: EngineState) -> None:
    """Disable trading: from the next event on the strategy is only told through its hooks."""
    ask_trading(s, 0)


def next_order(s: EngineState) -> int:
    """The number that the first open asked for in this wake-up will have (cancels take none)."""
    return len(s.orders)


def _is_unknown(s: EngineState, i: int) -> bool:
    """Whether there is no such instrument, which ends the run: an index is not checked anywhere else."""
    if 0 <= i < len(s.instruments):
        return False
    fail(s.fault, BAD_INSTRUMENT, i)
    return True


def _market(s: EngineState, i: int, side: int, quantity: float) -> int:
    if _is_unknown(s, i):
        return -1
    lots = steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    if lots <= 0:
        fail(s.fault, BAD_ORDER, i)
        return -1
    return ask(s, i, side, MARKET, GTC, 0, 0, lots)


def _limit(s: EngineState, i: int, side: int, quantity: float, at: float, time_in_force: int, post_only: int) -> int:
    if _is_unknown(s, i):
        return -1
    lots = steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    ticks = steps(at, s.terms.ticks_per_unit[i], s.terms.tick_noise[i])
    if lots <= 0 or ticks <= 0:
        fail(s.fault, BAD_ORDER, i)
        return -1
    return ask(s, i, side, LIMIT, time_in_force, post_only, ticks, lots)
