"""A benchmark in whatever form it comes: a run, a table of marks, or a pandas Series or frame of prices by time."""

from __future__ import annotations

from typing import Any, cast

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.calendar import UTC, moment
from barter_bt.statistic.tables import Tables

Benchmark = Any
"""A run, a Polars frame with ``time`` and ``equity``, or a pandas Series or frame with a ``DatetimeIndex``."""
_TIME = pl.Datetime("ns", UTC)
_HINT = 'give a run, a frame with "time" and "equity", or a pandas Series with a DatetimeIndex'


def marks_of(benchmark: Benchmark, time_zone: str = UTC) -> pl.DataFrame:
    """The marks of a benchmark: ``time`` in UTC and ``equity``.

    Times without a zone are in ``time_zone``. Dates (a column of them, or a pandas index of midnights without a zone)
    name days whose last price is given: their marks are at the midnight that ends the day.

    Raises
    ------
    ConfigError
        It is none of these, holds no numbers, or goes back in time.

    Examples
    --------
    >>> from datetime import date
    >>> marks_of(pl.DataFrame({"time": [date(2024, 1, 31)], "equity": [100]})).row(0)[0].isoformat()
    '2024-02-01T00:00:00+00:00'
    """
    if type(benchmark).__module__.partition(".")[0] == "pandas":
        benchmark = _of_pandas(benchmark)
    if isinstance(benchmark, pl.LazyFrame):
        benchmark = benchmark.collect()
    if not isinstance(benchmark, pl.DataFrame):
        if not hasattr(benchmark, "equity"):
            raise ConfigError(f"the benchmark is a {type(benchmark).__name__}", _HINT)
        return cast("Tables", benchmark).equity
    for name in ("time", "equity"):
        if name not in benchmark.columns:
            raise ConfigError(f"the benchmark has no column {name!r}; it has {', '.join(benchmark.columns)}", _HINT)
    if not benchmark["equity"].dtype.is_numeric():
        raise ConfigError(f"the benchmark's equity is of type {benchmark['equity'].dtype}; it must be numbers")
    equity = pl.col("equity").cast(pl.Float64)
    marks = benchmark.select(_times(benchmark["time"].dtype, time_zone), pl.when(equity.is_finite()).then(equity))
    back = (marks["time"].to_physical().diff() < 0).arg_true()
    if marks["time"].null_count() or len(back):
        row = int(back[0]) if len(back) else int(marks["time"].is_null().arg_max() or 0)
        what = "goes back in time" if len(back) else "has no time, or one that the clocks skipped"
        raise ConfigError(f"row {row} of the benchmark {what}", 'sort it: benchmark.sort("time"), or .sort_index()')
    return marks


def _times(dtype: pl.DataType, time_zone: str) -> pl.Expr:
    """The column of times as moments in UTC."""
    time = pl.col("time")
    if dtype == pl.Date:
        time = moment(time.dt.offset_by("1d").cast(pl.Datetime("ns")), time_zone)
    elif not isinstance(dtype, pl.Datetime):
        raise ConfigError(f"the benchmark's time is of type {dtype}; it must be dates or datetimes", _HINT)
    elif dtype.time_zone is None:
        time = moment(time.cast(pl.Datetime("ns")), time_zone)
    return time.dt.cast_time_unit("ns").dt.convert_time_zone(UTC)


def _of_pandas(given: Any) -> pl.DataFrame:
    """``time`` and ``equity`` of a Series, or of a frame: its only column, or that called equity or close."""
    kind, names = type(given).__name__, list(getattr(given, "columns", ()))
    if {"time", "equity"} <= set(names):
        return pl.DataFrame(pl.from_pandas(given[["time", "equity"]]))
    if names:
        lower = {str(name).lower(): name for name in names} | ({"close": names[0]} if len(names) == 1 else {})
        chosen = lower.get("equity", lower.get("close"))
        if chosen is None:
            raise ConfigError(f"the benchmark is a frame with columns {names}", 'choose one of them: frame["close"]')
        given = given[chosen]
    index = getattr(given, "index", given)
    if type(index).__name__ != "DatetimeIndex" or given is index:
        raise ConfigError(f"the benchmark is a pandas {kind} without a DatetimeIndex", _HINT)
    dated = index.tz is None and bool((index == index.normalize()).all())
    time = pl.Series(index.as_unit("ns").asi8).cast(pl.Datetime("ns", None if index.tz is None else UTC))
    try:
        equity = given.to_numpy(dtype="float64", na_value=float("nan"))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the benchmark's equity is of type {given.dtype}; it must be numbers") from error
    return pl.DataFrame({"time": time.dt.date() if dated else time, "equity": equity})
