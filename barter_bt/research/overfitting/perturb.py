"""The same data with noise, and parameters somewhat beside: does what was found survive either."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError, DataError
from barter_bt.statistic.tables import Floats

_CANDLE = ("open", "high", "low", "close")


def add_noise(
    frame: pl.DataFrame, scale: float = 0.2, *, seed: int = 0, increment: float | None = None
) -> pl.DataFrame:
    """Candles or trades as they might have been: each price moved by random noise, a part of the usual move.

    The usual move is the standard deviation of the logarithm of ``close`` over the one before (or ``price``), for each
    instrument. Noise is normal with ``scale`` times that, independent for each price; the highest of a candle's four
    prices then is its ``high``, the lowest its ``low``.

    Parameters
    ----------
    frame
        Candles (``open``, ``high``, ``low``, ``close``) or trades (``price``), in order of time; by ``instrument`` if
        it has that column. All other columns stay as they are.
    scale
        From 0.
    seed
        The same seed gives the same data.
    increment
        Prices are rounded to its multiples, at least one; by default they are not.

    Raises
    ------
    DataError
        It is neither candles nor trades, or a price is not above 0.
    ConfigError
        A number is out of range.

    Notes
    -----
    Noise of one price does not stay in the next, so it adds reversals that the market did not have: a strategy that
    trades reversals may look better for it.

    Examples
    --------
    >>> candles = pl.DataFrame({"open": [10.0, 11.0], "high": [11.5, 12.0], "low": [9.5, 10.5], "close": [11.0, 11.5]})
    >>> add_noise(candles, 0.0).equals(candles)
    True
    >>> noisy = add_noise(candles, 0.5, seed=1)
    >>> noisy.select((pl.col("high") >= pl.max_horizontal("open", "close")).all()).item()
    True
    """
    if not 0 <= scale < math.inf or not (increment is None or 0 < increment < math.inf):
        raise ConfigError(f"scale is {scale} and increment {increment}; allowed: from 0, and above 0")
    is_candles = all(name in frame.columns for name in _CANDLE)
    columns = _CANDLE if is_candles else ("price",)
    if not set(columns) <= set(frame.columns):
        raise DataError(f"frame has columns {frame.columns}; allowed: candles ({', '.join(_CANDLE)}) or trades (price)")
    prices = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    if not (prices > 0).all():
        row = int(np.argmin((prices > 0).all(axis=1)))
        raise DataError(f"frame: row {row} has prices {prices[row].tolist()}; allowed: above 0")
    sizes = _usual_moves(frame, columns[-1])
    noise = np.random.default_rng(seed).normal(size=prices.shape) * (scale * sizes[:, None])
    moved = prices * np.exp(noise)
    if is_candles:
        moved[:, 1], moved[:, 2] = moved.max(axis=1), moved.min(axis=1)
    if increment is not None:
        moved = np.maximum(np.round(moved / increment), 1.0) * increment
    return frame.with_columns(pl.Series(name, moved[:, k]) for k, name in enumerate(columns))


def perturb(
    parameters: Mapping[str, Any],
    by: float = 0.1,
    *,
    samples: int = 100,
    only: Sequence[str] | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Sets of parameters around one: each number moved at random by up to a part of itself.

    Parameters
    ----------
    parameters
        Names and values. Integers stay integers and move by one at least; what is no number, 0 or a truth value, stays.
    by
        The part, above 0 and below 1.
    samples
        How many sets; the first is the one given.
    only
        Names of those that move; by default all numbers.
    seed
        The same seed gives the same sets.

    Returns
    -------
    polars.DataFrame
        A column for each parameter: what a sweep takes.

    Raises
    ------
    ConfigError
        A number is out of range, a name is unknown, or nothing could move.

    Examples
    --------
    >>> around = perturb({"fast": 10, "level": 0.5, "side": "long"}, 0.2, samples=50, seed=1)
    >>> around.row(0), around["fast"].min(), around["fast"].max()
    ((10, 0.5, 'long'), 8, 12)
    """
    if not 0 < by < 1 or samples < 1:
        raise ConfigError(f"by is {by} and samples {samples}; allowed: between 0 and 1, and at least 1")
    unknown = [name for name in only or () if name not in parameters]
    if unknown:
        raise ConfigError(f"only names {unknown[0]!r}, which is no parameter; known: {', '.join(parameters)}")
    moving = [name for name in only or parameters if _moves(parameters[name])]
    if not moving:
        raise ConfigError(f"none of {dict(parameters)} can move", "give numbers other than 0")
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: [value] * samples for name, value in parameters.items()}
    for name in moving:
        value = parameters[name]
        if isinstance(value, int):
            most = max(1, round(abs(value) * by))
            columns[name] = [value, *(value + random.integers(-most, most, samples - 1, endpoint=True)).tolist()]
        else:
            columns[name] = [value, *(value * (1.0 + by * random.uniform(-1.0, 1.0, samples - 1))).tolist()]
    return pl.DataFrame(columns)


def _moves(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _usual_moves(frame: pl.DataFrame, last: str) -> Floats:
    """Standard deviation of the logarithm of a price over the one before, at each row; 0 of fewer than three."""
    group = "instrument" if "instrument" in frame.columns else pl.lit(0)
    spread = pl.col(last).cast(pl.Float64).log().diff().std().over(group)
    values: Floats = frame.select(spread.fill_null(0.0))[last].to_numpy()
    return values
