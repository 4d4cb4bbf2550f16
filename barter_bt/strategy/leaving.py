"""Positions that are left by time: targets become 0 so long after they took their sign."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError, StrategyError

_ALLOWED = 'it must be a whole number of rows, at least 1, or a length of time, such as "5d" or timedelta(hours=1)'


def steps_of(after: object) -> tuple[bool, int]:
    """Whether a position is left by rows, and after how many; else after how many nanoseconds.

    Raises
    ------
    StrategyError
        It is neither.

    Examples
    --------
    >>> steps_of(20), steps_of("5d")
    ((True, 20), (False, 432000000000000))
    """
    by_rows = isinstance(after, int) and not isinstance(after, bool)
    count = 0
    if by_rows:
        count = int(after)  # type: ignore[call-overload]
    elif isinstance(after, timedelta):
        count = (after.days * 86_400 + after.seconds) * 10**9 + after.microseconds * 1000
    elif isinstance(after, str):
        try:
            count = duration_ns(after, "exit_after")
        except ConfigError as error:
            raise StrategyError(error.message, error.hint) from error
    if count < 1:
        raise StrategyError(f"exit_after is {after!r}; {_ALLOWED}")
    return by_rows, count


def left_after(rows: pl.DataFrame, after: int | str | timedelta) -> pl.DataFrame:
    """Make targets 0 from so many rows, or so long, after the one that took their sign, until the sign changes.

    Where a time has no row of its own it gets one, of nothing but its target of 0.

    Parameters
    ----------
    rows
        ``time``, ``instrument`` and ``target``, by time.

    Examples
    --------
    >>> rows = pl.DataFrame({"instrument": ["a"] * 6, "target": [1.0, 1.0, 2.0, 1.0, -1.0, -1.0]})
    >>> left_after(rows, 2)["target"].to_list()
    [1.0, 1.0, 0.0, 0.0, -1.0, -1.0]
    """
    by_rows, count = steps_of(after)
    side = pl.col("target").sign()
    rows = rows.with_columns(_entry=side.ne_missing(side.shift(1)).cum_sum().over("instrument"))
    if by_rows:
        held = pl.int_range(pl.len()).over("instrument", "_entry")
        return _left(rows, held >= count).drop("_entry")
    rows = rows.with_columns(pl.col("time").dt.cast_time_unit("ns"))
    ends = pl.col("time").first().over("instrument", "_entry") + pl.duration(nanoseconds=count, time_unit="ns")
    rows = rows.with_columns(_end=ends)
    added = _ends_between(rows)
    rows = _left(rows, pl.col("time") >= pl.col("_end"))
    rows = pl.concat([rows, added], how="diagonal") if added.height else rows
    return rows.sort("time", maintain_order=True).drop("_entry", "_end")


def _left(rows: pl.DataFrame, over: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(target=pl.when(over).then(0.0).otherwise(pl.col("target")))


def _ends_between(rows: pl.DataFrame) -> pl.DataFrame:
    """Ends of positions at which there is no row, before the sign changes."""
    runs = rows.group_by("instrument", "_entry", maintain_order=True).agg(
        pl.col("_end").first(), (pl.col("time") == pl.col("_end")).any().alias("_has"), pl.col("target").first()
    )
    runs = runs.join(
        rows.group_by("instrument", "_entry").agg(_next=pl.col("time").first()).with_columns(pl.col("_entry") - 1),
        on=["instrument", "_entry"],
        how="left",
    )
    goes_on = pl.col("_next").is_null() | (pl.col("_next") > pl.col("_end"))
    runs = runs.filter((pl.col("target") != 0) & ~pl.col("_has") & goes_on).sort("_end", "instrument")
    return runs.select(time="_end", instrument="instrument", target=pl.lit(0.0))
