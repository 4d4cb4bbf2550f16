"""When orders of a schedule are in the market, and which price of a candle they meet, as integer columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from barter_bt.data.schema import TIME
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import ANY_FILL, ASKED_TIMES, CANDLE_FILLS, DAY, FOK, GTC, NO_TIME
from barter_bt.engine.state.tables import Schedule as Columns
from barter_bt.errors import StrategyError
from barter_bt.strategy.cells import codes_of, is_given, numbered
from barter_bt.strategy.driver import Market
from barter_bt.strategy.rows import fail, known_times, shared_column
from barter_bt.strategy.timing import LEAVE_OUT, ONLY_TAKERS, TIMING
from barter_bt.strategy.triggers import TRIGGERS

_ABSENT = {"good_after": NO_TIME, "good_till": NEVER, "candle_fill": ANY_FILL}
_MEANS = {
    "good_after": "it is the time at the exchange until which the order is held back",
    "good_till": "it is the time at the exchange at which the order ends",
}


def times_in_force(frame: pl.DataFrame) -> np.ndarray:
    """Codes of the times in force; null is "gtc"."""
    found = codes_of(frame["time_in_force"], numbered(ASKED_TIMES), "gtc").astype(np.int8)
    fail(frame, found == -1, "an unknown time_in_force", f"allowed: {', '.join(ASKED_TIMES)}")
    return found


def timing_columns(frame: pl.DataFrame, opens: np.ndarray, market: Market) -> dict[str, np.ndarray]:
    """The columns of :data:`~barter_bt.strategy.timing.TIMING` (rules 35 and 36)."""
    there = [name for name in TIMING if name in frame.columns]
    columns = {name: _absent(name, len(frame), market) for name in TIMING if name not in there}
    none = np.zeros(len(frame), bool)
    asked = {name: is_given(frame[name]) for name in there}
    for name in there:
        columns[name] = _choices(frame) if name == "candle_fill" else _times(frame, name, asked[name])
    if not opens.any():
        return columns
    force, is_limit = times_in_force(frame), is_given(frame["price"])
    triggers = (is_given(frame[name]) for name in TRIGGERS if name in frame.columns)
    is_held = np.logical_or.reduce([none, *triggers])
    after, till, fill = (asked.get(name, none) for name in TIMING)
    at_once, by_session = till & (force != GTC) & (force <= FOK), (force > FOK) & opens
    fail(frame, at_once, "good_till and a time_in_force that ends at once", LEAVE_OUT)
    told = after | till | ((fill | is_held) & (force != DAY))
    fail(frame, told & by_session, "times, a candle_fill or a trigger beside a time_in_force of sessions", LEAVE_OUT)
    both = after & till & (columns["good_till"] <= columns["good_after"])
    fail(frame, both, "a good_till that is not after its good_after", _MEANS["good_till"])
    idle = fill & (is_held | (is_limit & ((force == GTC) | (force == DAY))))
    fail(frame, idle, "candle_fill where it has no effect", ONLY_TAKERS)
    return columns


def _absent(name: str, n: int, market: Market) -> np.ndarray:
    dtype: Any = Columns.dtype(name)
    return shared_column(market, n, _ABSENT[name], dtype)


def _choices(frame: pl.DataFrame) -> np.ndarray:
    found = codes_of(frame["candle_fill"], numbered(CANDLE_FILLS), "").astype(np.int8)
    fail(frame, found == -1, "an unknown candle_fill", f"allowed: {', '.join(CANDLE_FILLS[1:])}")
    return found


def _times(frame: pl.DataFrame, name: str, asked: np.ndarray) -> np.ndarray:
    given = frame[name]
    kind = given.dtype
    if kind != pl.Null and not (isinstance(kind, pl.Datetime) and kind.time_zone):
        raise StrategyError(f"column {name!r} of the schedule is {kind}; it must be a Datetime with a time zone")
    times = given.cast(TIME).to_physical().fill_null(_ABSENT[name]).to_numpy()
    fail(frame, asked & (times <= known_times(frame)), f"a {name} that is not after its time", _MEANS[name])
    return times
