"""Rows of signals and schedules: their times, instruments, and numbers as integer steps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from barter_bt.columns.memory import array
from barter_bt.engine.targets import AMEND_ROW, CANCEL_ROW
from barter_bt.engine.terms import zero_of
from barter_bt.errors import StrategyError, nearest
from barter_bt.instrument.instrument import decimal
from barter_bt.strategy.cells import codes_of, values_or
from barter_bt.strategy.driver import Market
from barter_bt.strategy.triggers import NO_TICK, WHOLE_TICKS

_TOLD_APART = float(1 << 50)  # units, up to which a product of floats is off by less than half of one
MOST_STEPS = 4.6e18


def fail(frame: pl.DataFrame, bad: pl.Series | np.ndarray, what: str, hint: str) -> None:
    """Refuse a frame for rows of it, of which the first are told."""
    if not bad.any():  # null is not
        return
    rows = (bad if isinstance(bad, np.ndarray) else bad.fill_null(False).to_numpy()).nonzero()[0].tolist()
    first = ", ".join(str(r) for r in rows[:5])
    given = frame.select(pl.exclude("^__.*$"))  # without columns of our own
    cells = given.row(rows[0], named=True).items()
    row = ", ".join(f"{name}={value}" for name, value in cells if value is not None)
    raise StrategyError(f"{what} in {len(rows)} row(s), first {first}: {row}", hint)


def whole_steps(values: np.ndarray, per_unit: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signed floats as integer steps, and which rows are off the grid."""
    scaled = np.abs(values) * per_unit
    whole = np.floor(scaled + 0.5)
    off = ~(np.abs(scaled - whole) <= noise + scaled * 4e-16) | ~(scaled < MOST_STEPS)
    return (np.sign(values) * np.where(scaled < MOST_STEPS, whole, 0)).astype(np.int64), off


def whole_units(amounts: np.ndarray, scaled: np.ndarray, codes: np.ndarray, market: Market) -> np.ndarray:
    """Amounts of money ≥ 0 in whole units of each instrument's, half to even.

    ``scaled`` is the same by floats. Where those do not tell one unit from the next, the decimals of an amount count.
    """
    found: np.ndarray = np.rint(scaled).astype(np.int64)
    for row in np.flatnonzero(scaled >= _TOLD_APART):
        unit = market.scales.units[market.index.settlement_assets[codes[row]]]
        found[row] = round(Fraction(decimal(float(amounts[row]), "an amount")) / Fraction(unit))
    return found


def ticks_of(
    market: Market, codes: np.ndarray, values: np.ndarray, *, is_price: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Prices, or distances of prices, in ticks, and which rows are none: off the grid, or not above 0 where they must.

    Only a price can be 0 or below, of instruments of which it may (rule 76).
    """
    per_unit, noise, zero = grid_of(market, codes, "ticks", "tick_noise", "zero")
    found, off = whole_steps(values, per_unit, noise)
    found = found + zero if is_price else found
    return found, off | (found <= 0)


def counted_ticks(frame: pl.DataFrame, market: Market, codes: np.ndarray, name: str, rows: np.ndarray) -> np.ndarray:
    """Distances of a column that are counted in ticks, in these rows; 0 in others."""
    if not rows.any():
        return np.zeros(len(frame), np.int64)
    values = values_or(frame[name].cast(pl.Float64), 0.0)
    undeclared = rows & (grid_of(market, codes, "tick_noise")[0] >= 1.0)
    fail(frame, undeclared, f"a {name} in ticks of an instrument that declares none", NO_TICK)
    fail(
        frame, rows & ~((values >= 1) & (values < MOST_STEPS) & (values == np.floor(values))), f"a {name}", WHOLE_TICKS
    )
    found: np.ndarray = np.where(rows, values, 0.0).astype(np.int64)
    return found


def toward_zero(steps: np.ndarray) -> np.ndarray:
    """Whole steps; of those that are not whole, but for noise, the next ones towards zero."""
    whole: np.ndarray = np.floor(steps + 0.5)
    beside = ~(np.abs(steps - whole) <= 1e-6 + steps * 4e-16)
    if beside.any():
        whole[beside] = np.floor(steps[beside])
    return whole


def instrument_codes(frame: pl.DataFrame, action: np.ndarray, market: Market) -> np.ndarray:
    """Index of each row's instrument."""
    names, codes = frame["instrument"], market.index.codes
    dtype = names.dtype
    if isinstance(dtype, pl.Enum) and not names.null_count():  # by category, not row by row
        known = np.array([codes.get(name, -1) for name in dtype.categories.to_list()], np.int64)
        if len(known) == 1 and known[0] >= 0 and "action" not in frame.columns:
            return shared_column(market, len(names), int(known[0]))
        found = array(len(names), np.int64)
        if len(known):
            np.take(known, names.to_physical().to_numpy(), out=found, mode="clip")  # none is outside
    else:
        found = codes_of(names, codes)
    refers = (action == CANCEL_ROW) | (action == AMEND_ROW)
    if refers.any():
        found = np.where(refers, 0, found)  # the order of a cancel or an amend knows its instrument
    if found.min(initial=0) < 0:
        like = nearest(str(names[int((found < 0).argmax())]), market.index.names)
        hint = f"did you mean {like!r}?" if like else f"known: {', '.join(market.index.names[:10])}"
        fail(frame, found < 0, "unknown instrument", hint)
    return found


def shared_column(market: Market, n: int, value: int, dtype: Any = np.int64) -> np.ndarray:
    """A column of one value, which nobody writes: all runs on a market share it."""
    room = 1 << n.bit_length()
    column: np.ndarray = market.once(("same", value, np.dtype(dtype).char, room), lambda: array(room, dtype, value))
    return column[:n]


def target_values(targets: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Targets, 0 where they are null, and where that is."""
    if targets.null_count() or targets.dtype != pl.Float64:
        return targets.fill_null(0.0).to_numpy(), targets.is_null().to_numpy()
    return targets.to_numpy(), np.zeros(len(targets), bool)


def known_times(frame: pl.DataFrame) -> np.ndarray:
    """When each row is known, in ns."""
    kind = frame.schema["time"]
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        raise StrategyError(
            f"column 'time' of the rows is {kind}; it must be a Datetime with a time zone",
            'for example .dt.replace_time_zone("UTC"), in pandas tz_localize("UTC"); it says when the row is '
            "known: of what was computed from a candle, the close"
            if kind.is_temporal()
            else None,
        )
    times = frame["time"]
    if times.null_count():
        fail(frame, times.is_null(), "null time", "every row needs the time at which it is known")
    times = times if kind.time_unit == "ns" else times.dt.cast_time_unit("ns")
    return times.cast(pl.Int64).to_numpy()


def grid_of(market: Market, codes: np.ndarray, *names: str) -> list[np.ndarray]:
    """Of each row's instrument ticks and lots per unit, or their noise."""
    each = market.once("grid", lambda: _grids(market))
    return [each[name][codes] for name in names]


def _grids(market: Market) -> dict[str, np.ndarray]:
    scales, listed = market.scales, market.index.instruments
    return {
        "ticks": np.array([float(1 / Fraction(step)) for step in scales.ticks]),
        "lots": np.array([float(1 / Fraction(step)) for step in scales.lots]),
        "tick_noise": np.array([1e-6 if one.price_increment else 1.0 for one in listed]),
        "zero": np.array([zero_of(one) for one in listed]),
        "lot_noise": np.array([1e-6 if one.quantity_increment else 1.0 for one in listed]),
    }
