"""Orders as rows of a schedule: their terms, what they are held for and what protects them, as integer columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from barter_bt.engine.action.protect import BY_PRICE, NO_UNIT
from barter_bt.engine.order import BUY, DAY, EXERCISE, GTC, IF_TOUCHED, IOC, LIMIT, MARKET, NO_GROUP, SELL, STOP
from barter_bt.engine.state.tables import Schedule as Columns
from barter_bt.engine.targets import AMEND_ROW, CANCEL_ROW, OPEN_ROW, TARGET_ROW
from barter_bt.engine.terms import RATE
from barter_bt.strategy.amend_rows import amend_columns
from barter_bt.strategy.driver import Market
from barter_bt.strategy.entry_rows import says_how
from barter_bt.strategy.rows import (
    MOST_STEPS,
    counted_ticks,
    fail,
    grid_of,
    known_times,
    shared_column,
    ticks_of,
    whole_steps,
)
from barter_bt.strategy.timing import ONLY_RESTING
from barter_bt.strategy.timing_rows import times_in_force, timing_columns
from barter_bt.strategy.triggers import (
    ACTIVATION_SIDE,
    GAINS,
    ON_GRID,
    ONLY_TRAILING,
    PROTECTION,
    TOGETHER,
    TRIGGER_COLUMNS,
    TRIGGERS,
    UNITS_OF_PROTECTION,
)

AFTER = "it is the number of an earlier open of the same time and exchange"
GROUP = "a group is of opens of one time and exchange"
EXERCISED_AT_EXPIRY = "a European option is exercised at its expiry alone"
TOO_FINE = "give the instrument a coarser quantity_increment"
_OF_AN_EXERCISE = ("time", "action", "instrument", "quantity", "ref", "target")
_NOT_ORDER_COLUMNS = (
    *("time", "action", "instrument", "sent", "strategy", "resize", "target", "enter_by", "trigger_by", "protect_by"),
    *PROTECTION,
)


def order_columns(frame: pl.DataFrame, codes: np.ndarray, action: np.ndarray, market: Market) -> dict[str, Any]:
    """The terms of the orders that rows open; of targets their times in force."""
    if (action == TARGET_ROW).all() and not says_how(frame):
        columns = [name for name in Columns.schema if name not in _NOT_ORDER_COLUMNS]
        timing = timing_columns(frame, np.zeros(len(frame), bool), market)
        _bonds(frame, codes, action == OPEN_ROW, market)
        return {name: shared_column(market, len(frame), 0, Columns.dtype(name)) for name in columns} | timing
    opens, entered = pl.Series(action == OPEN_ROW), (action == OPEN_ROW) | (action == TARGET_ROW)
    lots, lot_noise = grid_of(market, codes, "lots", "lot_noise")
    hint = "round it to the instrument's increment; without one, give a quantity_increment that is fine enough"
    beyond = opens & pl.Series(np.abs(frame["quantity"].to_numpy()) * lots >= MOST_STEPS)
    fail(frame, beyond, f"a quantity beyond {MOST_STEPS:g} lots", TOO_FINE)
    quantity, off = whole_steps(frame["quantity"].to_numpy(), lots, lot_noise)
    fail(frame, opens & pl.Series(off | (quantity == 0)), "a quantity of 0 or off the grid", hint)
    limited = frame["price"].is_not_null().to_numpy()
    price, wrong = ticks_of(market, codes, frame["price"].fill_null(0.0).to_numpy())
    fail(frame, opens & pl.Series(limited & wrong), "a price that is not positive or off the grid", hint)
    price = np.where(limited, price, 0)
    ref = frame["ref"].to_numpy()
    row = np.arange(len(frame))
    earlier = (ref >= 0) & (ref < row)
    refers = (action == CANCEL_ROW) | (action == AMEND_ROW)
    named = action[np.where(earlier, ref, 0)]
    bad = refers & ~(earlier & ((named == OPEN_ROW) | ((named == TARGET_ROW) & (action == AMEND_ROW))))
    fail(frame, pl.Series(bad), "a cancel or an amend without an earlier open", "ref is the row number of the open")
    forces = times_in_force(frame)
    rests = limited & ((forces == GTC) | (forces == DAY))
    makes = frame["post_only"].fill_null(False).to_numpy()
    fail(frame, opens.to_numpy() & makes & ~rests, "post_only of what cannot rest", ONLY_RESTING)
    terms = {
        "side": np.where(quantity < 0, SELL, BUY).astype(np.int8),
        "kind": np.where(price > 0, LIMIT, MARKET).astype(np.int8),
        "time_in_force": forces,
        "post_only": makes.astype(np.int8),
        "price": price,
        "quantity": np.abs(quantity),
        "ref": ref.astype(np.int64),
        **timing_columns(frame, entered, market),
        **_triggers(frame, codes, action == OPEN_ROW, market),
        **_bonds(frame, codes, action == OPEN_ROW, market),
    }
    return _exercised(frame, codes, amend_columns(frame, codes, action, market, terms), market)


def _exercised(frame: pl.DataFrame, codes: np.ndarray, columns: dict[str, Any], market: Market) -> dict[str, Any]:
    """Rows that exercise American options (rule 64) are orders of a kind of their own."""
    if "action" not in frame.columns:
        return columns
    rows = (frame["action"].cast(pl.String) == "exercise").fill_null(value=False)
    if not rows.any():
        return columns
    american = np.array([one.exercise == "american" for one in market.index.instruments])[codes]
    fail(frame, rows & ~pl.Series(american), "an exercise of what is no American option", EXERCISED_AT_EXPIRY)
    fail(
        frame, rows & pl.Series(columns["side"] == SELL), "an exercise of a negative quantity", "count contracts from 0"
    )
    others = [name for name in frame.columns if name not in _OF_AN_EXERCISE]
    defaults = {"time_in_force": pl.col("time_in_force") == "gtc"}
    defaults |= {name: ~pl.col(name) for name in ("post_only", "reduce_only") if name in others}
    plain = [pl.col(name).is_null() | defaults.get(name, pl.lit(value=False)) for name in others]
    alone = frame.select(pl.all_horizontal(pl.lit(value=True), *plain)).to_series()
    fail(frame, rows & ~alone, "an exercise with other terms", "it has time, instrument and quantity")
    chosen = rows.to_numpy()
    forced = {"side": SELL, "kind": EXERCISE, "time_in_force": IOC, "reduce_only": 1}
    return columns | {name: np.where(chosen, value, columns[name]).astype(np.int8) for name, value in forced.items()}


def _bonds(frame: pl.DataFrame, codes: np.ndarray, opens: np.ndarray, market: Market) -> dict[str, np.ndarray]:
    """Which orders follow others, and which end others (rules 57 and 58): rows of the same time."""
    n, row = len(frame), np.arange(len(frame))
    columns = {name: shared_column(market, n, value) for name, value in (("parent", 0), ("group", NO_GROUP))}
    columns["follows"] = shared_column(market, n, 0, np.int8)
    if not {"after", "group"}.intersection(frame.columns):
        return columns
    exchange = np.array([market.index.exchanges.index(one.exchange) for one in market.index.instruments])
    time = known_times(frame)
    for name, target, hint in (("after", "parent", AFTER), ("group", "group", GROUP)):
        if name not in frame.columns:
            continue
        asked = frame[name].is_not_null().to_numpy()
        if name == "group":
            numbered = frame.select("time", "group", row=pl.Series(row))
            first = numbered.select(pl.col("row").first().over("time", "group")).to_series().to_numpy()
        else:
            first = frame[name].fill_null(0).cast(pl.Int64).to_numpy()
        before = (first >= 0) & (first <= row - (name == "after"))
        first = np.where(before, first, 0)
        same = before & opens[first] & (time[first] == time) & (exchange[codes[first]] == exchange[codes])
        fail(frame, asked & ~same, f"a column {name} that names no fitting row", hint)
        columns[target] = np.where(asked, first, columns[target])
        if name == "after":
            columns["follows"] = asked.astype(np.int8)
    return columns


def _triggers(frame: pl.DataFrame, codes: np.ndarray, opens: np.ndarray, market: Market) -> dict[str, np.ndarray]:
    """What orders are held for, and whether they only reduce (rules 28, 32, 34)."""
    n = len(frame)
    columns = {name: np.zeros(n, Columns.dtype(name)) for name in TRIGGER_COLUMNS}
    columns["reduce_only"] = np.zeros(n, np.int8)
    if "reduce_only" in frame.columns:
        columns["reduce_only"] = (frame["reduce_only"].fill_null(False).to_numpy() & opens).astype(np.int8)
    given = {name: frame[name].cast(pl.Float64) for name in TRIGGERS if name in frame.columns}
    asked = {name: values.is_not_null().to_numpy() & opens for name, values in given.items()}
    if not any(rows.any() for rows in asked.values()):
        return columns
    never = np.zeros(n, bool)
    stop, touched, trailing, rate, counted, starts = (asked.get(name, never) for name in TRIGGERS)
    trails = trailing | rate | counted
    wrong = (touched & (stop | trails)) | (trailing & rate) | (counted & (trailing | rate))
    fail(frame, wrong, "triggers that do not go together", TOGETHER)
    fail(frame, starts & ~trails, "an activation of an order that does not trail", ONLY_TRAILING)
    post_only = frame["post_only"].fill_null(False).to_numpy()
    held = stop | touched | trails
    fail(frame, held & post_only, "a trigger and post_only", "what is triggered takes: leave post_only out")
    for name, column in (
        ("stop", "trigger"),
        ("if_touched", "trigger"),
        ("trailing", "trail"),
        ("activation", "activation"),
    ):
        if name in given:
            values = given[name].fill_null(0.0).to_numpy()
            found, bad = ticks_of(market, codes, values, is_price=name != "trailing")
            fail(frame, asked[name] & bad, f"a {name} that is not positive or off the grid", ON_GRID)
            columns[column] = np.where(asked[name], found, columns[column])
    if "trailing_rate" in given:
        rates = given["trailing_rate"].fill_null(0.0).to_numpy()
        bad = rate & ~((rates > 0) & (rates < 1))
        fail(frame, bad, "a trailing_rate that is not between 0 and 1", "it is a fraction: 2 % is 0.02")
        columns["trail_rate"] = np.where(rate, np.rint(rates * RATE), 0).astype(np.int64)
    columns["trail"] = np.where(
        counted, counted_ticks(frame, market, codes, "trailing_ticks", counted), columns["trail"]
    )
    side = np.where(frame["quantity"].to_numpy() < 0, SELL, BUY)
    behind = side * (columns["trigger"] - columns["activation"]) <= 0
    fail(frame, starts & stop & behind, "an activation that is not beyond its stop", ACTIVATION_SIDE)
    columns["trigger_kind"] = np.where(touched, IF_TOUCHED, np.where(held, STOP, 0)).astype(np.int8)
    return columns


def protection_columns(
    frame: pl.DataFrame, codes: np.ndarray, entries: np.ndarray, market: Market, protect_by: str
) -> dict[str, np.ndarray]:
    """What protects the entries that rows become (rule 31)."""
    columns = {name: shared_column(market, len(frame), 0, Columns.dtype(name)) for name in ("protect_by", *PROTECTION)}
    if not any(name in frame.columns for name in PROTECTION):
        return columns
    _refuse_idle_activation(frame, entries)
    any_at_all = np.zeros(len(frame), bool)
    for name in (name for name in PROTECTION if name in frame.columns):
        asked = frame[name].is_not_null().to_numpy() & entries
        values = frame[name].cast(pl.Float64).fill_null(0.0).to_numpy()
        if protect_by == "fraction":
            bad = asked & ~((values > 0) & ((values < 1) | (name in GAINS)) & np.isfinite(values))
            fail(frame, bad, f"a {name} that is no fraction of a price", "2 % is 0.02")
            amounts = np.rint(np.where(asked, values, 0.0) * RATE).astype(np.int64)
        elif protect_by == "ticks":
            amounts = counted_ticks(frame, market, codes, name, asked)
        else:
            is_price = protect_by == "price" and name != "trailing_stop"
            amounts, wrong = ticks_of(market, codes, values, is_price=is_price)
            fail(frame, asked & wrong, f"a {name} that is not positive or off the grid", ON_GRID)
        columns[name] = np.where(asked, amounts, 0)
        any_at_all |= asked
    columns["protect_by"] = np.where(any_at_all, UNITS_OF_PROTECTION[protect_by], NO_UNIT).astype(np.int8)
    return columns


def _refuse_idle_activation(frame: pl.DataFrame, entries: np.ndarray) -> None:
    """What activates a trailing stop goes with one; an amend names the row that has it."""
    if "trailing_activation" not in frame.columns:
        return
    rows = entries & frame["trailing_activation"].is_not_null().to_numpy()
    if "action" in frame.columns:
        rows = rows & (frame["action"].cast(pl.String) != "amend").to_numpy()
    trails = frame["trailing_stop"].is_not_null().to_numpy() if "trailing_stop" in frame.columns else ~rows
    fail(frame, rows & ~(trails & rows), "a trailing_activation without a trailing_stop", ONLY_TRAILING)


def wrong_sides(opens: np.ndarray, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows with a stop loss, take profit or activation on the wrong side of their own limit, else trigger (rule 98)."""
    own = np.where(columns["price"] > 0, columns["price"], columns["trigger"])
    side, stop, profit = columns["side"].astype(np.int64), columns["stop_loss"], columns["take_profit"]
    starts = columns["trailing_activation"]
    wrong = ((stop > 0) & (side * stop >= side * own)) | ((profit > 0) & (side * profit <= side * own))
    wrong |= (starts > 0) & (side * starts <= side * own)
    found: np.ndarray = opens & (own > 0) & (columns["protect_by"] == BY_PRICE) & wrong
    return found
