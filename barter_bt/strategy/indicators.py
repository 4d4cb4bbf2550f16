"""Indicators as Polars expressions over candles, exact where a decision hangs on a tie.

A rolling mean in floats breaks ties by its rounding: with prices of four decimals a million bars hold a handful
of exact ties of two averages, and tools disagree there. Here prices are integers of ``resolution`` (1e-9 unless
given; the tick is a good choice) and sums are exact, so two averages tie exactly when their decimal values do.
"""

from __future__ import annotations

import polars as pl


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


def crosses(fast: int, slow: int, column: str = "close", per_unit: float = 1e6) -> tuple[pl.Expr, pl.Expr]:
    """Where the fast average comes to stand above, or below, the slow one.

    Returns
    -------
    up, down
        Up: above now and not above at the bar before; down: below now and not below before. Both are false where
        one of the averages is not known at both bars.
    """
    gap = rolling_total(fast, column, per_unit) * slow - rolling_total(slow, column, per_unit) * fast
    before = gap.shift(1)
    return (gap > 0) & (before <= 0), (gap < 0) & (before >= 0)
