"""Indicators as Polars expressions over candles, exact where a decision hangs on a tie.

A rolling mean in floats breaks ties by its rounding: with prices of four decimals a million bars hold a handful
of exact ties of two averages, and tools disagree there. Here prices are integers of ``resolution`` (1e-9 unless
given; the tick is a good choice) and sums are exact, so two averages tie exactly when their decimal values do.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.columns.kernel import compiled_function
from barter_bt.columns.memory import array

_FEW = 5_000  # prices for which loading the compiler takes longer than to do without


def price_steps(column: str = "close", per_unit: float = 1e6) -> pl.Expr:
    """Prices as integers of ``1 / per_unit``, rounded half to even."""
    return (pl.col(column) * per_unit).round().cast(pl.Int64)


def rolling_total(window: int, column: str = "close", per_unit: float = 1e6) -> pl.Expr:
    """Exact sum of the last ``window`` prices in integers of ``1 / per_unit``; null before there are as many.

    Examples
    --------
    >>> pl.DataFrame({"close": [1.0, 2.0, 4.0]}).select(rolling_total(2, per_unit=10))["close"].to_list()
    [None, 30, 60]
    """
    total = price_steps(column, per_unit).cum_sum()
    before = total.shift(window)
    first = pl.int_range(pl.len()) == window - 1
    return pl.when(first).then(total).otherwise(total - before).alias(column)


def cross(fast: int, slow: int, column: str = "close", per_unit: float = 1e6) -> pl.Expr:
    """Where the fast average comes to stand above (1) or below (-1) the slow one; null elsewhere.

    Above now and not above at the bar before; below now and not below before; null where one of the averages is
    not known at both bars. Averages are compared as exact sums: ``sum(fast) * slow`` with ``sum(slow) * fast``.

    Examples
    --------
    >>> prices = pl.DataFrame({"close": [3.0, 2.0, 1.0, 2.0, 4.0]})
    >>> prices.select(cross(1, 2))["cross"].to_list()
    [None, None, None, 1, None]
    """

    def of(prices: pl.Series) -> pl.Series:
        rows, signs = crosses(prices.rechunk().to_numpy(), fast, slow, per_unit)
        marks = np.zeros(len(prices), np.int8)
        marks[rows] = signs
        crossed = pl.Series(marks)
        return crossed.set(crossed == 0, None)

    return pl.col(column).map_batches(of, return_dtype=pl.Int8).alias("cross")


def crosses(
    prices: npt.NDArray[np.float64], fast: int, slow: int, per_unit: float = 1e6
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """The same of an array of prices: the rows of the crosses, and 1 or -1 for each.

    Examples
    --------
    >>> [each.tolist() for each in crosses(np.array([3.0, 2.0, 1.0, 2.0, 4.0]), 1, 2)]
    [[3], [1]]
    """
    rows, signs = array(len(prices), np.int64), array(len(prices), np.int8)
    kernel = find_crosses if len(prices) < _FEW else compiled_function(cast(FunctionType, find_crosses))
    count = kernel(prices, per_unit, fast, slow, rows, signs)
    return rows[:count], signs[:count]


def find_crosses(prices: Any, per_unit: float, fast: int, slow: int, rows: Any, signs: Any) -> int:
    """Kernel of :func:`crosses`: one pass over a float column, sums in integers; gives how many there are."""
    total_fast = total_slow = before = count = 0
    for row in range(len(prices)):
        step = round_steps(prices[row] * per_unit)
        total_fast += step
        total_slow += step
        if row >= fast:
            total_fast -= round_steps(prices[row - fast] * per_unit)
        if row >= slow:
            total_slow -= round_steps(prices[row - slow] * per_unit)
        gap = total_fast * slow - total_slow * fast
        if row >= slow and ((gap > 0 and before <= 0) or (gap < 0 and before >= 0)):
            rows[count], signs[count] = row, 1 if gap > 0 else -1
            count += 1
        before = gap
    return count


def round_steps(value: float) -> int:
    """A positive float as the nearest integer, half up."""
    return int(value + 0.5)
