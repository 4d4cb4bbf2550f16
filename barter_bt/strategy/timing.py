"""When orders are in the market, and which price of a candle they meet: what can be asked for (rules 35 and 36)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from barter_bt.data.moment import moment
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import ANY_FILL, ASKED_TIMES, CANDLE_FILLS, DAY, FOK, GTC, NO_TIME
from barter_bt.errors import StrategyError

TIMING = ("good_after", "good_till", "candle_fill")
LEAVE_OUT = "leave one of them out"
ONLY_TAKERS = "a GTC limit and an order with a trigger meet candles in their own way: leave it out"
ONLY_MAKERS = "post_only is of a limit that may rest: give a price, and time_in_force gtc or day"
_CHOICES = CANDLE_FILLS[1:]


def timing_terms(
    asked: Mapping[str, Any], now: int, time_in_force: int, where: object, *, is_limit: bool, is_held: bool
) -> dict[str, int]:
    """The times of an order and its price of a candle, as columns.

    Parameters
    ----------
    asked
        What is given of :data:`TIMING`; None does not count.
    now
        When it is asked for, in ns.
    time_in_force
        Its code; those of sessions give such terms themselves.
    where
        Whose order it is, for messages.

    Raises
    ------
    StrategyError
        A term is none, a time has come already, or terms do not go together.
    """
    told = {name: asked[name] for name in TIMING if asked.get(name) is not None}
    after, till, fill = (told.get(name) for name in TIMING)
    by_session = time_in_force > FOK
    for name in told if by_session else ():
        if name != "candle_fill" or time_in_force != DAY:
            raise StrategyError(f"{where}: {name} and time_in_force {ASKED_TIMES[time_in_force]!r}", LEAVE_OUT)
    if by_session and time_in_force != DAY and is_held:
        raise StrategyError(f"{where}: a trigger and time_in_force {ASKED_TIMES[time_in_force]!r}", LEAVE_OUT)
    starts = NO_TIME if after is None else moment_of(after, now, "good_after", where)
    ends = NEVER if till is None else end_of(till, now, time_in_force, where)
    if ends <= starts:
        raise StrategyError(f"{where}: good_till is {moment(ends)}, which is not after good_after, {moment(starts)}")
    if fill is not None and fill not in _CHOICES:
        raise StrategyError(f"{where}: candle_fill is {fill!r}; allowed: {', '.join(_CHOICES)}")
    if fill is not None and (is_held or (is_limit and time_in_force in (GTC, DAY))):
        raise StrategyError(f"{where}: candle_fill has no effect", ONLY_TAKERS)
    chosen = ANY_FILL if fill is None else CANDLE_FILLS.index(fill)
    return {"good_after": starts, "good_till": ends, "candle_fill": chosen}


def check_post_only(where: object, time_in_force: int, *, is_limit: bool) -> None:
    """Refuse post-only of an order that can only take.

    Raises
    ------
    StrategyError
        It is no limit, or one that ends at once. It says of whom: ``where``.
    """
    if not is_limit or time_in_force not in (GTC, DAY):
        kind = f"time_in_force {ASKED_TIMES[time_in_force]!r}" if is_limit else "no price"
        raise StrategyError(f"{where} is post_only, and has {kind}", ONLY_MAKERS)


def moment_of(given: object, now: int, name: str, where: object) -> int:
    """A time to come, in ns.

    Raises
    ------
    StrategyError
        It is no time, or has come already. It says of whom: ``where``.
    """
    if isinstance(given, datetime) and given.tzinfo is not None:
        since = given - datetime(1970, 1, 1, tzinfo=UTC)
        given = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
    if not isinstance(given, int) or isinstance(given, bool):
        raise StrategyError(f"{where}: {name} is {given!r}; it must be a datetime with a zone, or whole ns")
    if given <= now:
        raise StrategyError(f"{where}: {name} is {moment(given)}, which is not after {moment(now)}")
    return given


def end_of(given: object, now: int, time_in_force: int, where: object) -> int:
    """When an order ends by itself, in ns (rule 35).

    Raises
    ------
    StrategyError
        It is no time, or has come already, or the order ends at once anyway. It says of whom: ``where``.
    """
    found = moment_of(given, now, "good_till", where)
    if time_in_force != GTC:
        raise StrategyError(f"{where}: good_till and a time_in_force that ends at once", LEAVE_OUT)
    return found
