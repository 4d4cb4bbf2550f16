"""How the targets of a schedule enter (rule 60), and which prices triggers look at (rule 28), as integer columns."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl

from barter_bt.engine.action.protect import NO_UNIT
from barter_bt.engine.order import LIMIT, MARKET, NO_TRIGGER, STOP, TRIGGER_PRICES
from barter_bt.engine.state.tables import Schedule as Columns
from barter_bt.engine.targets import TARGET_ROW
from barter_bt.engine.terms import RATE
from barter_bt.errors import StrategyError
from barter_bt.strategy.cells import codes_of, is_given, numbered, values_or
from barter_bt.strategy.driver import Market
from barter_bt.strategy.rows import counted_ticks, fail, shared_column, ticks_of
from barter_bt.strategy.timing import TIMING
from barter_bt.strategy.triggers import NO_STOP, ON_GRID, TRIGGERS, UNITS_OF_PROTECTION

PriceBy = Literal["price", "distance", "fraction", "ticks"]
ENTRY = ("price", "stop", "post_only", "time_in_force", "trigger_by", *TIMING)
_LIMITS_ONLY = "it is of a limit: give the row a price"


def says_how(frame: pl.DataFrame) -> bool:
    """Whether a frame of targets may say more of their orders than that they are."""
    return any(name in frame.columns for name in ENTRY)


def check_price_by(by: str) -> None:
    """Refuse a unit of the prices of entries that is none."""
    if by not in UNITS_OF_PROTECTION:
        raise StrategyError(f"price_by is {by!r}; allowed: {', '.join(UNITS_OF_PROTECTION)}")


def entry_columns(
    frame: pl.DataFrame, codes: np.ndarray, action: np.ndarray, orders: dict[str, Any], market: Market, price_by: str
) -> dict[str, np.ndarray]:
    """Columns of ``orders`` with what targets say of their entries, and in which unit they do."""
    columns = {"enter_by": shared_column(market, len(frame), NO_UNIT, Columns.dtype("enter_by"))}
    if not says_how(frame):
        return columns
    targets = action == TARGET_ROW
    limited, held = (_given(frame, name) & targets for name in ("price", "stop"))
    post_only = values_or(frame["post_only"], False) & targets if "post_only" in frame.columns else limited
    fail(frame, post_only & ~limited, "post_only where it has no effect", _LIMITS_ONLY)
    if not (limited | held).any():
        return columns
    if "post_only" in frame.columns:
        fail(frame, held & post_only, "a trigger and post_only", "what is triggered takes: leave post_only out")
    price = _amounts(frame, "price", limited, codes, market, price_by)
    trigger = _amounts(frame, "stop", held, codes, market, price_by)
    columns["enter_by"] = np.where(limited | held, UNITS_OF_PROTECTION[price_by], NO_UNIT).astype(np.int8)
    found = {
        "price": price,
        "trigger": trigger,
        "kind": np.where(limited, LIMIT, MARKET),
        "trigger_kind": np.where(held, STOP, NO_TRIGGER),
    }
    for name, values in found.items():
        columns[name] = np.where(targets, values, orders[name]).astype(Columns.dtype(name))
    return columns


def trigger_by_column(
    frame: pl.DataFrame, orders: dict[str, np.ndarray], unchanged: np.ndarray, market: Market
) -> np.ndarray:
    """Which prices the triggers of orders, and of the stops that protect them, look at."""
    if "trigger_by" not in frame.columns:
        return shared_column(market, len(frame), 0, Columns.dtype("trigger_by"))
    found = codes_of(frame["trigger_by"], numbered(TRIGGER_PRICES), "").astype(np.int8)
    fail(frame, found == -1, "an unknown trigger_by", f"allowed: {', '.join(TRIGGER_PRICES[1:])}")
    asked = found > 0
    stops = orders["stop_loss"] > 0, orders["trailing_stop"] > 0
    held = np.logical_or.reduce([*stops, *(_given(frame, name) for name in TRIGGERS)])
    fail(frame, asked & ~held & ~unchanged, "trigger_by where it has no effect", NO_STOP)
    return found


def _given(frame: pl.DataFrame, name: str) -> np.ndarray:
    return is_given(frame[name]) if name in frame.columns else np.zeros(len(frame), bool)


def _amounts(
    frame: pl.DataFrame, name: str, asked: np.ndarray, codes: np.ndarray, market: Market, by: str
) -> np.ndarray:
    """Ticks, or 1e-9 of a price, where they are asked for."""
    if not asked.any():
        return np.zeros(len(frame), np.int64)
    values = values_or(frame[name].cast(pl.Float64), 0.0)
    if by == "fraction":
        found = np.rint(np.where(asked & np.isfinite(values), values, 0.0) * RATE).astype(np.int64)
        bad = asked & ~((found > 0) & (found < RATE))
        fail(frame, bad, f"a {name} that is no fraction of a price", "half a percent away is 0.005")
    elif by == "ticks":
        found = counted_ticks(frame, market, codes, name, asked)
    else:
        found, wrong = ticks_of(market, codes, values, is_price=by == "price")
        fail(frame, asked & wrong, f"a {name} that is not positive or off the grid", ON_GRID)
    return np.where(asked, found, 0)
