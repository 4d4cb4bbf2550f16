"""Orders that a compiled strategy asks for: each returns its row among what is asked for, -1 if nothing is."""

from __future__ import annotations

from barter_bt.engine.action.protect import BY_PRICE
from barter_bt.engine.order import BUY, GTC, IF_TOUCHED, SELL, STOP
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import NOT_GIVEN
from barter_bt.strategy.asking import NOTHING_ASKED, ask_exercise, ask_limit, ask_market, is_given, is_unknown
from barter_bt.strategy.asking_triggers import ask_protected, ask_trigger


def buy(
    s: EngineState,
    i: int,
    quantity: float,
    stop_loss: float = NOT_GIVEN,
    take_profit: float = NOT_GIVEN,
    trailing_stop: float = 0.0,
    unit: int = BY_PRICE,
    trailing_activation: float = NOT_GIVEN,
) -> int:
    """Ask for a market buy, which may be protected as by :func:`~barter_bt.strategy.api.condition.protect`."""
    asked = ask_market(s.whole, i, BUY, quantity)
    return _protected(s, asked, stop_loss, take_profit, trailing_stop, unit, trailing_activation)


def sell(
    s: EngineState,
    i: int,
    quantity: float,
    stop_loss: float = NOT_GIVEN,
    take_profit: float = NOT_GIVEN,
    trailing_stop: float = 0.0,
    unit: int = BY_PRICE,
    trailing_activation: float = NOT_GIVEN,
) -> int:
    """Ask for a market sell, which may be protected as by :func:`~barter_bt.strategy.api.condition.protect`."""
    asked = ask_market(s.whole, i, SELL, quantity)
    return _protected(s, asked, stop_loss, take_profit, trailing_stop, unit, trailing_activation)


def bracket(
    s: EngineState,
    i: int,
    quantity: float,
    stop_loss: float,
    take_profit: float,
    at: float = NOT_GIVEN,
    unit: int = BY_PRICE,
) -> int:
    """Ask for an entry between a stop loss and a take profit (rule 31): a signed quantity, at a limit if one is given.

    ``unit`` says what the two are, as for :func:`~barter_bt.strategy.api.condition.protect`.
    """
    asked = _plain(s, i, BUY if quantity > 0 else SELL, abs(quantity), at, GTC)
    return ask_protected(s.whole, asked, unit, stop_loss, take_profit, 0.0, NOT_GIVEN)


def limit_buy(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit buy at a price; ``time_in_force`` is GTC, IOC or FOK, ``post_only`` 1 or 0."""
    return ask_limit(s.whole, i, BUY, quantity, at, time_in_force, post_only)


def limit_sell(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit sell at a price; ``time_in_force`` is GTC, IOC or FOK, ``post_only`` 1 or 0."""
    return ask_limit(s.whole, i, SELL, quantity, at, time_in_force, post_only)


def stop_buy(
    s: EngineState, i: int, quantity: float, at: float, limit: float = NOT_GIVEN, time_in_force: int = GTC
) -> int:
    """Ask for a buy once the price has risen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(s.whole, _plain(s, i, BUY, quantity, limit, time_in_force), STOP, at, 0.0, 0.0, 0, NOT_GIVEN)


def stop_sell(
    s: EngineState, i: int, quantity: float, at: float, limit: float = NOT_GIVEN, time_in_force: int = GTC
) -> int:
    """Ask for a sell once the price has fallen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(s.whole, _plain(s, i, SELL, quantity, limit, time_in_force), STOP, at, 0.0, 0.0, 0, NOT_GIVEN)


def buy_if_touched(
    s: EngineState, i: int, quantity: float, at: float, limit: float = NOT_GIVEN, time_in_force: int = GTC
) -> int:
    """Ask for a buy once the price has fallen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(
        s.whole, _plain(s, i, BUY, quantity, limit, time_in_force), IF_TOUCHED, at, 0.0, 0.0, 0, NOT_GIVEN
    )


def sell_if_touched(
    s: EngineState, i: int, quantity: float, at: float, limit: float = NOT_GIVEN, time_in_force: int = GTC
) -> int:
    """Ask for a sell once the price has risen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(
        s.whole, _plain(s, i, SELL, quantity, limit, time_in_force), IF_TOUCHED, at, 0.0, 0.0, 0, NOT_GIVEN
    )


def trailing_stop_buy(
    s: EngineState,
    i: int,
    quantity: float,
    distance: float = 0.0,
    rate: float = 0.0,
    at: float = NOT_GIVEN,
    ticks: int = 0,
    activation: float = NOT_GIVEN,
) -> int:
    """Ask for a market buy once the price has risen so far from its lowest (rule 34).

    One of ``distance``, in price, ``rate``, a fraction of the price, and ``ticks`` is above 0; ``at`` is the trigger to
    start at, ``activation`` the price to which it must have fallen before the trigger follows it (rule 103).
    """
    asked = ask_market(s.whole, i, BUY, quantity)
    return ask_trigger(s.whole, asked, STOP, at, distance, rate, ticks, activation)


def trailing_stop_sell(
    s: EngineState,
    i: int,
    quantity: float,
    distance: float = 0.0,
    rate: float = 0.0,
    at: float = NOT_GIVEN,
    ticks: int = 0,
    activation: float = NOT_GIVEN,
) -> int:
    """Ask for a market sell once the price has fallen so far from its highest; as ``trailing_stop_buy``."""
    asked = ask_market(s.whole, i, SELL, quantity)
    return ask_trigger(s.whole, asked, STOP, at, distance, rate, ticks, activation)


def _protected(
    s: EngineState, asked: int, stop_loss: float, take_profit: float, trailing: float, unit: int, activation: float
) -> int:
    if asked == NOTHING_ASKED:
        return asked
    i = s.whole.actions.instrument[asked]
    prices = is_given(s.whole, i, stop_loss) or is_given(s.whole, i, take_profit) or is_given(s.whole, i, activation)
    if not prices and trailing == 0.0 and unit == BY_PRICE:  # a unit of nothing is refused
        return asked
    return ask_protected(s.whole, asked, unit, stop_loss, take_profit, trailing, activation)


def exercise(s: EngineState, i: int, quantity: float) -> int:
    """Ask to exercise so many contracts of an American option that is held (rule 64), for what it is worth now."""
    return ask_exercise(s.whole, i, quantity)


def _plain(s: EngineState, i: int, side: int, quantity: float, limit: float, time_in_force: int) -> int:
    if time_in_force == GTC and (is_unknown(s.whole, i) or not is_given(s.whole, i, limit)):
        return ask_market(s.whole, i, side, quantity)
    return ask_limit(s.whole, i, side, quantity, limit, time_in_force, 0)
