"""Targets, cancels, and the trading state, as a compiled strategy asks for them."""

from __future__ import annotations

from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.send import ask_cancel, ask_trading
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.asking import ask_cancel_all, ask_target, is_unknown


def target(s: EngineState, i: int, quantity: float) -> int:
    """Ask for the market order that brings position and working orders to ``quantity``; -1 if none is needed.

    Like a target of the signals driver it is cut to what can be paid.
    """
    return ask_target(s.whole, i, quantity, UNITS, 0)


def target_value(s: EngineState, i: int, value: float, at_fill: int = 0) -> int:
    """The same for a position worth ``value`` in its quote or settlement asset, less its fee (rule 18).

    Refused (``no_price``) while the instrument has no price. With ``at_fill`` 1 the lots are worked out once more at
    the price of the fill (rule 61).
    """
    return ask_target(s.whole, i, value, NOTIONAL, at_fill)


def target_percent(s: EngineState, i: int, fraction: float, at_fill: int = 0) -> int:
    """The same for a position worth a ``fraction`` of the equity as it is now, less its fee: 0.5 is half of it.

    The instrument must be quoted in the reporting asset. Refused (``no_price``) while there is no price, or no equity.
    ``at_fill`` is as for ``target_value``.
    """
    return ask_target(s.whole, i, fraction, EQUITY, at_fill)


def order_target(s: EngineState, i: int, quantity: float) -> int:
    """:func:`target` by the name that it has elsewhere."""
    return target(s, i, quantity)


def order_target_value(s: EngineState, i: int, value: float, at_fill: int = 0) -> int:
    """:func:`target_value` by the name that it has elsewhere."""
    return target_value(s, i, value, at_fill)


def order_target_percent(s: EngineState, i: int, fraction: float, at_fill: int = 0) -> int:
    """:func:`target_percent` by the name that it has elsewhere."""
    return target_percent(s, i, fraction, at_fill)


def close(s: EngineState, i: int) -> int:
    """:func:`close_position` by the name that it has elsewhere."""
    return close_position(s, i)


def cancel(s: EngineState, order: int) -> None:
    """Ask to cancel an order by its number; one that is closed, or being cancelled, is left alone.

    A number that no order has ends the run.
    """
    ask_cancel(s.whole, order)


def cancel_all(s: EngineState, i: int) -> None:
    """Ask to cancel all live orders of an instrument."""
    if not is_unknown(s.whole, i):
        ask_cancel_all(s.whole, i)


def close_position(s: EngineState, i: int) -> int:
    """Ask for an opposite market order for the whole position, immediate or cancel; -1 without position or price."""
    return -1 if is_unknown(s.whole, i) else ask_close(s.whole, i)


def is_trading(s: EngineState) -> int:
    """1 while trading is enabled."""
    return s.whole.engine.trading[0]


def enable_trading(s: EngineState) -> None:
    """Enable trading from the next event on."""
    ask_trading(s.whole, 1)


def disable_trading(s: EngineState) -> None:
    """Disable trading: from the next event on the strategy is only told through its hooks."""
    ask_trading(s.whole, 0)
