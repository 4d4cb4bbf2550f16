"""Positions that are left by time: targets become 0 so long after they took their sign."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from barter_bt.data.duration import duration_ns
from barter_bt.engine.agenda import NEVER
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.strategy.rows import fail

EXIT_AFTER = "exit_after"
_LATEST = NEVER - 1  # the last time, in ns since 1970, and the longest length
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
    count = int(after) if by_rows else length_of(after, EXIT_AFTER)  # type: ignore[call-overload]
    if count < 1:
        raise StrategyError(f"exit_after is {after!r}; {_ALLOWED}")
    return by_rows, count


def time_after(length: pl.Expr) -> pl.Expr:
    """The time that lies a length of time after that of a row: the last that there is where it would be later."""
    time, more = pl.col("time").dt.cast_time_unit("ns"), length.dt.cast_time_unit("ns").to_physical()
    room = _LATEST - time.to_physical().clip(lower_bound=0)
    return time + pl.when(more > room).then(room).otherwise(more).cast(pl.Duration("ns"))


def length_of(given: object, name: str) -> int:
    """A length of time in nanoseconds, at most the longest that there is; 0 where it is none.

    Raises
    ------
    StrategyError
        It is text that is none.
    """
    if isinstance(given, timedelta):
        return min((given.days * 86_400 + given.seconds) * 10**9 + given.microseconds * 1000, _LATEST)
    if not isinstance(given, str):
        return 0
    try:
        return min(duration_ns(given, name), _LATEST)
    except ConfigError as error:
        raise StrategyError(error.message, error.hint) from error


def with_exits(rows: pl.DataFrame, after: int | str | timedelta | None) -> pl.DataFrame:
    """The rows with a column of what all of them share, which is after how many rows, or how long, they are left.

    Raises
    ------
    StrategyError
        It is given as a column, too.
    """
    if after is None:
        return rows
    if EXIT_AFTER in rows.columns:
        raise StrategyError("the frame of targets has a column 'exit_after', and exit_after is given as well")
    by_rows, count = steps_of(after)
    value = pl.lit(float(count)) if by_rows else pl.lit(count).cast(pl.Duration("ns"))
    return rows.with_columns(value.alias(EXIT_AFTER))


def left_after(rows: pl.DataFrame) -> pl.DataFrame:
    """Make targets 0 from so many rows, or so long, after the one that took their sign, until the sign changes.

    After how many the row that took it says. Where a time has no row of its own it gets one, of nothing but its target
    of 0.

    Parameters
    ----------
    rows
        ``time``, ``instrument`` and ``target``, by time; ``exit_after``: numbers of rows, or lengths of time.

    Raises
    ------
    StrategyError
        A position would be left after what is neither.

    Examples
    --------
    >>> rows = pl.DataFrame({"instrument": ["a"] * 6, "target": [1.0, 1.0, 2.0, 1.0, -1.0, -1.0]})
    >>> left_after(rows.with_columns(exit_after=2))["target"].to_list()
    [1.0, 1.0, 0.0, 0.0, -1.0, -1.0]
    """
    kind, position = rows.schema[EXIT_AFTER], ("instrument", "_entry")
    if not (kind.is_numeric() or kind in (pl.Duration, pl.Null)):
        raise StrategyError(f"exit_after is {kind}; {_ALLOWED}")
    if kind == pl.Null:
        return rows.drop(EXIT_AFTER)
    side = pl.col("target").sign()
    begins = side.ne_missing(side.shift(1))
    rows = rows.with_columns(begins.cum_sum().over("instrument").alias("_entry"))
    _refuse(rows, rows.select(begins.over("instrument") & (pl.col("target") != 0)).to_series())
    if kind != pl.Duration:
        held, after = pl.int_range(pl.len()).over(position), pl.col(EXIT_AFTER).first().over(position)
        return _left(rows, held >= after).drop("_entry", EXIT_AFTER)
    end = time_after(pl.col(EXIT_AFTER)).first().over(position)
    rows = rows.with_columns(pl.col("time").dt.cast_time_unit("ns"), _end=end)
    added = _ends_between(rows)
    rows = _left(rows, pl.col("time") >= pl.col("_end"))
    rows = pl.concat([rows, added], how="diagonal") if added.height else rows
    return rows.sort("time", maintain_order=True).drop("_entry", "_end", EXIT_AFTER)


def _refuse(rows: pl.DataFrame, begins: pl.Series) -> None:
    """Positions that begin in rows which do not say how long they last."""
    if rows.schema[EXIT_AFTER] == pl.Duration:
        good = pl.col(EXIT_AFTER) > pl.lit(0).cast(pl.Duration("ns"))
    else:
        after = pl.col(EXIT_AFTER).cast(pl.Float64)
        good = (after >= 1) & (after == after.floor()) & after.is_finite()
    bad = rows.select(~good.fill_null(True)).to_series() & begins
    hint = f"{_ALLOWED}; null: the position is not left by time"
    fail(rows.drop("_entry"), bad, "an exit_after that is no exit", hint)


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
    runs = runs.filter((pl.col("target") != 0) & pl.col("_end").is_not_null() & ~pl.col("_has") & goes_on)
    return runs.sort("_end", "instrument").select(time="_end", instrument="instrument", target=pl.lit(0.0))
