"""Conditions of an order that a compiled strategy has just asked for; each returns the order again."""

from __future__ import annotations

from barter_bt.engine.action.protect import BY_DISTANCE, BY_FRACTION, BY_PRICE, BY_TICKS
from barter_bt.engine.order import AT_CLOSE, AT_OPEN, DAY
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import NOT_GIVEN
from barter_bt.strategy.asking import ask_after, ask_good_till, ask_group, ask_reduce_only
from barter_bt.strategy.asking_times import ask_candle_fill, ask_good_after, ask_session
from barter_bt.strategy.asking_triggers import ask_protected, ask_trigger_by

PRICE, DISTANCE, FRACTION, TICKS = BY_PRICE, BY_DISTANCE, BY_FRACTION, BY_TICKS


def good_till(s: EngineState, asked: int, time: int) -> int:
    """Let an order end at a time of its exchange (rule 35): ``good_till(s, limit_buy(s, i, 1.0, 9.0), now(s) + hour)``.

    The time is in ns since 1970 and after :func:`now`; the order is good till cancelled.
    """
    return ask_good_till(s.whole, asked, time)


def good_after(s: EngineState, asked: int, time: int) -> int:
    """Let the exchange hold an order back until a time (rule 35): ``good_after(s, buy(s, i, 1.0), now(s) + hour)``.

    The time is in ns since 1970, after :func:`now` and before that of :func:`good_till`.
    """
    return ask_good_after(s.whole, asked, time)


def day(s: EngineState, asked: int) -> int:
    """Let an order end with the present session, else the next (rule 35): ``day(s, limit_buy(s, i, 1.0, 9.0))``."""
    return ask_session(s.whole, asked, DAY)


def at_open(s: EngineState, asked: int) -> int:
    """Let an order, market or limit, meet the open of the next session, or expire (rule 35)."""
    return ask_session(s.whole, asked, AT_OPEN)


def at_close(s: EngineState, asked: int) -> int:
    """Let an order, market or limit, meet the close of the present session, else of the next, or expire (rule 35)."""
    return ask_session(s.whole, asked, AT_CLOSE)


def candle_fill(s: EngineState, asked: int, which: int) -> int:
    """Let an order that takes meet ``NEXT_OPEN``, ``NEXT_CLOSE`` or ``THIS_CLOSE`` of a candle (rule 36)."""
    return ask_candle_fill(s.whole, asked, which)


def reduce_only(s: EngineState, asked: int) -> int:
    """Let an order do nothing but reduce the position (rule 32): ``reduce_only(s, stop_sell(s, i, 1.0, 99.0))``."""
    return ask_reduce_only(s.whole, asked)


def protect(
    s: EngineState,
    asked: int,
    stop_loss: float = 0.0,
    take_profit: float = 0.0,
    trailing_stop: float = 0.0,
    unit: int = PRICE,
    trailing_activation: float = NOT_GIVEN,
) -> int:
    """Protect an entry (rule 31): ``protect(s, buy(s, i, 1.0), 0.02, 0.05, 0.0, FRACTION)``.

    It is said once of an order, before another is asked for. What is 0.0 is left out. ``unit`` says what the amounts
    are: ``PRICE``, ``DISTANCE`` from the price of the entry, that in ``TICKS``, or a ``FRACTION`` of it;
    ``trailing_stop`` is never a price, and follows the best from when the price has come to ``trailing_activation``, if
    that is given (rule 103).
    """
    return ask_protected(s.whole, asked, unit, stop_loss, take_profit, trailing_stop, trailing_activation)


def trigger_by(s: EngineState, asked: int, which: int) -> int:
    """Let an order's trigger, and those that protect it, look at ``LAST``, ``QUOTE`` or ``MARK`` prices (rule 28).

    It is said last: ``trigger_by(s, protect(s, buy(s, i, 1.0), 95.0), MARK)``.
    """
    return ask_trigger_by(s.whole, asked, which)


def one_cancels_other(s: EngineState, first: int, other: int) -> int:
    """Let the first fill of one order end the other (rule 57): ``one_cancels_other(s, stop_buy(...), stop_sell(...))``.

    A third joins by ``one_cancels_other(s, first, third)``. Both have been asked for in this wake-up, in this order, at
    one exchange. Returns ``other``.
    """
    return ask_group(s.whole, first, other)


def one_triggers_other(s: EngineState, first: int, then: int) -> int:
    """Let an order wait until another has filled whole (rule 58): ``one_triggers_other(s, limit_buy(...), sell(...))``.

    Both have been asked for in this wake-up, in this order, at one exchange. Returns ``then``.
    """
    return ask_after(s.whole, first, then)
