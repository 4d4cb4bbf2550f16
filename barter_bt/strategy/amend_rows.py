"""Amends as rows of a schedule: what they give an order that an earlier row opens, as integer columns (rule 33)."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.engine.order import BUY, SELL
from barter_bt.engine.targets import AMEND_ROW, TARGET_ROW
from barter_bt.engine.terms import RATE
from barter_bt.strategy.cells import is_given, values_or
from barter_bt.strategy.driver import Market
from barter_bt.strategy.rows import MOST_STEPS, counted_ticks, fail, grid_of, known_times, ticks_of, whole_steps
from barter_bt.strategy.triggers import DISTANCES, ON_GRID, PROTECTION

_FRACTION = "it is a fraction: 2 % is 0.02"
_AMENDS = (
    f"an amend gives price, quantity, trigger, {', '.join((*DISTANCES, 'activation', *PROTECTION))}; "
    "null stays as it is"
)
_OF_TARGETS = "what protects it can be amended: of an open all can"


def codes_of_amends(frame: pl.DataFrame, action: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Index of each row's instrument: an amend's is that of the row that it names."""
    amends = action == AMEND_ROW
    if not amends.any():
        return codes
    ref = frame["ref"].to_numpy()
    named = (ref >= 0) & (ref < len(ref))
    found: np.ndarray = np.where(amends, codes[np.where(named, ref, 0)], codes)
    return found


def amend_columns(
    frame: pl.DataFrame, codes: np.ndarray, action: np.ndarray, market: Market, opens: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The columns of opens, with what amends give in their rows, 0 where a term stays; errors of what cannot be."""
    amends = action == AMEND_ROW
    if not amends.any():
        return opens
    ref = frame["ref"].to_numpy()
    fail(frame, amends & values_or(frame["post_only"], False), "an amend to post_only", _AMENDS)
    protects = amends & _protects(frame)
    found = {name: values.copy() for name, values in opens.items()}
    found["quantity"] = np.where(amends, _lots(frame, codes, amends, market, opens["side"][ref]), opens["quantity"])
    given: dict[str, np.ndarray] = {}
    for name, column in (
        ("price", "price"),
        ("trigger", "trigger"),
        ("trailing", "trail"),
        ("activation", "activation"),
    ):
        values, there = _values(frame, name, amends)
        ticks, wrong = ticks_of(market, codes, values, is_price=name != "trailing")
        fail(frame, there & wrong, f"an amend to a {name} that is not positive or off the grid", ON_GRID)
        found[column], given[name] = np.where(amends, np.where(there, ticks, 0), opens[column]), there
    rates, there = _values(frame, "trailing_rate", amends)
    fail(frame, there & ~((rates > 0) & (rates < 1)), "an amend to a trailing_rate that is none", _FRACTION)
    whole = np.rint(np.where(there, rates, 0.0) * RATE).astype(np.int64)
    found["trail_rate"] = np.where(amends, whole, opens["trail_rate"])
    counted = _values(frame, "trailing_ticks", amends)[1]
    found["trail"] = np.where(counted, counted_ticks(frame, market, codes, "trailing_ticks", counted), found["trail"])
    distance = there | given["trailing"] | counted
    own = (found["quantity"] != 0) | given["price"] | given["trigger"] | distance | given["activation"]
    fail(frame, amends & own & (action[ref] == TARGET_ROW), "an amend of a target's order", _OF_TARGETS)
    fail(frame, amends & ~own & ~protects, "an amend that gives nothing", _AMENDS)
    several = (there & given["trailing"]) | (counted & (there | given["trailing"]))
    fail(frame, several, "an amend to several distances", f"give one of {', '.join(DISTANCES)}")
    for rows, has, what in (
        (given["price"], opens["price"] > 0, "a price of an order that is no limit"),
        (given["trigger"], opens["trigger_kind"] != 0, "a trigger of an order that has none"),
        (distance, opens["trail"] + opens["trail_rate"] > 0, "a distance of an order that does not trail"),
        (given["activation"], opens["activation"] > 0, "an activation of an order that has none"),
    ):
        fail(frame, rows & ~has[ref], f"an amend to {what}", "cancel it, and open another")
    return found


def check_protection(frame: pl.DataFrame, action: np.ndarray, protect_by: str) -> None:
    """What amends give to the orders that protect what an earlier row has opened (rule 101)."""
    asked = {name: is_given(frame[name]) for name in PROTECTION if name in frame.columns}
    amends = (action == AMEND_ROW) & _protects(frame)
    if not amends.any():
        return
    none = np.zeros(len(frame), bool)
    stop, profit, trail, starts = (asked.get(name, none) for name in PROTECTION)
    ref = np.where(amends, frame["ref"].to_numpy(), 0)
    for name, rows, has in (
        ("stop_loss", stop, stop | trail),
        ("take_profit", profit, profit),
        ("trailing_stop", trail, trail),
        ("trailing_activation", starts, starts),
    ):
        fail(
            frame,
            rows & amends & ~has[ref],
            f"an amend to a {name} of what has none",
            "give it to the row of the entry",
        )
    moved = amends & (stop | profit | starts) & (protect_by != "price")
    what = "an amend to a stop_loss, take_profit or trailing_activation that is no price"
    fail(frame, moved, what, 'give prices, and protect_by="price"')
    target, time = action[ref] == TARGET_ROW, known_times(frame)
    absent = frame["target"].is_null().to_numpy()[ref] | (time[ref] == time)
    fail(frame, amends & target & absent, "an amend of a target that is not followed before", "give a later time")


def _protects(frame: pl.DataFrame) -> np.ndarray:
    given = (is_given(frame[name]) for name in PROTECTION if name in frame.columns)
    found: np.ndarray = np.logical_or.reduce([np.zeros(len(frame), bool), *given])
    return found


def _values(frame: pl.DataFrame, name: str, amends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What amends give of a column, and where."""
    if name not in frame.columns:
        return np.zeros(len(frame)), np.zeros(len(frame), bool)
    return values_or(frame[name].cast(pl.Float64), 0.0), is_given(frame[name]) & amends


def _lots(frame: pl.DataFrame, codes: np.ndarray, amends: np.ndarray, market: Market, side: np.ndarray) -> np.ndarray:
    """Lots that amends give, whose sign is the order's, or left out."""
    quantity = np.where(amends, frame["quantity"].to_numpy(), 0.0)
    per_lot, noise = grid_of(market, codes, "lots", "lot_noise")
    lots, off = whole_steps(quantity, per_lot, noise)
    fail(
        frame,
        amends & (off | ~(np.abs(quantity) * per_lot < MOST_STEPS)),
        "an amend to a quantity off the grid",
        ON_GRID,
    )
    wrong = amends & (np.where(lots < 0, SELL, BUY) != side) & (lots < 0)
    fail(frame, wrong, "an amend to a quantity of the other side", "leave its sign out")
    found: np.ndarray = np.abs(lots)
    return found
