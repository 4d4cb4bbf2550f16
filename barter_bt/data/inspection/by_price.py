"""Prices far from those around them, by the scale of most of their own steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data.inspection.rows import found
from barter_bt.data.schema import BOOKS

Floats = npt.NDArray[np.float64]
NORMAL = 1.4826  # times the median of their size, steps of a normal law have their standard deviation


def by_price(kind: str, rows: pl.DataFrame, limit: float) -> Iterator[pl.DataFrame]:
    """Outliers among the prices of one instrument, and (candles) highs and lows far from their bodies."""
    if kind in BOOKS:
        return
    price = {
        "trades": pl.col("price"),
        "quotes": pl.when((pl.col("bid_amount") > 0) & (pl.col("ask_amount") > 0)).then(
            (pl.col("bid_price") + pl.col("ask_price")) / 2
        ),
        "candles": pl.col("close"),
    }[kind]
    level = price.cast(pl.Float64).alias("_level")
    sane = rows.with_columns(level).filter(pl.col("_level").is_finite() & (pl.col("_level") > 0))
    logs = np.log(sane["_level"].to_numpy())
    scale = typical_step(logs)
    if scale == 0.0:
        return  # it never moved: nothing is far
    column = {"trades": "price", "quotes": "bid_price", "candles": "close"}[kind]
    steps = np.abs(np.diff(logs, prepend=logs[:1])) / scale
    bad = pl.Series(outliers(logs / scale, steps, limit), dtype=pl.Boolean)
    yield found(sane, kind, "outlier", column, bad, pl.Series(steps))
    if kind == "candles":
        body = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
        wick = pl.max_horizontal((pl.col("high") / body[0]).log(), (body[1] / pl.col("low")).log()) / scale
        yield found(sane, kind, "wick", "high", wick.is_finite() & (wick > limit), wick)


def typical_step(logs: Floats) -> float:
    """1.4826 times the median size of the steps that are not 0; 0 where there are none.

    The median is taken about 0, and steps of 0 are left out, for most ticks repeat their price: about their own
    median, 0, more than half of them would have no distance at all.

    Examples
    --------
    >>> typical_step(np.array([0.0, 0.1, 0.1, 0.1, 0.0, 5.0])).__round__(5)
    0.14826
    """
    steps = np.abs(np.diff(logs))
    moved = steps[steps > 0.0]
    return NORMAL * float(np.median(moved)) if len(moved) else 0.0


def outliers(levels: Floats, steps: Floats, limit: float) -> npt.NDArray[np.bool_]:
    """Steps above the limit, without those that lead from an outlier back to where the price was before it.

    Examples
    --------
    >>> levels = np.array([0.0, 1.0, 99.0, 2.0, 50.0, 51.0])
    >>> outliers(levels, np.abs(np.diff(levels, prepend=0.0)), 20.0).tolist()
    [False, False, True, False, True, False]
    """
    bad = np.zeros(len(levels), np.bool_)
    for row in np.flatnonzero(steps > limit).tolist():  # few, and in order: each depends on the one before
        is_way_back = bad[row - 1] and abs(levels[row] - levels[row - 2]) <= limit
        bad[row] = not is_way_back
    return bad
