"""Targets that were decided elsewhere: frames in long or wide form, of Polars, pandas or pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from barter_bt.data.schema import TIME, UNTYPED
from barter_bt.errors import DataError, StrategyError, nearest
from barter_bt.strategy.triggers import PROTECTION


def is_frame(given: object) -> bool:
    """Whether this is a frame of some library: targets as values, not as an expression.

    Examples
    --------
    >>> is_frame(pl.DataFrame()), is_frame(pl.lit(1.0))
    (True, False)
    """
    library = type(given).__module__.partition(".")[0]
    return isinstance(given, pl.DataFrame | pl.LazyFrame) or (
        library in ("pandas", "pyarrow") and type(given).__name__ in ("DataFrame", "Series", "Table", "RecordBatch")
    )


def polars_frame(given: Any) -> pl.DataFrame:
    """Turn a frame of any library into a Polars frame; an index of times of pandas becomes ``time``, its NaN null.

    Examples
    --------
    >>> polars_frame(pl.LazyFrame({"time": [1]})).columns
    ['time']
    """
    if isinstance(given, pl.LazyFrame):
        return given.collect()
    if isinstance(given, pl.DataFrame):
        return given
    if type(given).__module__.partition(".")[0] == "pyarrow":
        return pl.DataFrame(given)
    from barter_bt.data.read import pandas_frame

    if given.ndim == 1:
        given = given.to_frame("target" if given.index.nlevels > 1 or given.name is None else given.name)
    try:
        return pandas_frame(given, "time").with_columns(pl.selectors.float().fill_nan(None))
    except DataError as error:
        raise StrategyError(error.message, error.hint) from error


def long_form(given: Any, known: Sequence[str] | None = None, others: Sequence[str] = PROTECTION) -> pl.DataFrame:
    """Turn targets in long or wide form into rows of ``time``, ``instrument`` and ``target``, by time, without nulls.

    Parameters
    ----------
    given
        Long: columns ``time``, ``instrument``, ``target``, and those of what goes with it. Wide: ``time`` and a column
        for each instrument.
    known
        The instruments that there are, to be checked against.
    others
        Names of columns that are kept where they are there: what goes with a target.

    Examples
    --------
    >>> wide = pl.DataFrame({"time": [1, 2], "a_usd": [0.5, None], "b_usd": [0.5, 1.0]})
    >>> long_form(wide, ["a_usd", "b_usd"]).rows()
    [(1, 'a_usd', 0.5), (1, 'b_usd', 0.5), (2, 'b_usd', 1.0)]
    """
    frame = polars_frame(given)
    there = ", ".join(frame.columns) or "none"
    if "time" not in frame.columns:
        guess = next((name for name in frame.columns if frame.schema[name].is_temporal()), None)
        hint = f'if it is {guess!r}: frame.rename({{{guess!r}: "time"}})' if guess else None
        raise StrategyError(f"the frame of targets has no column 'time'; its columns are {there}", hint)
    if not len(frame):  # nothing but the columns of a file without rows, whose types nobody knows
        bare = [name for name, kind in frame.schema.items() if kind in UNTYPED and name not in ("instrument", *others)]
        frame = frame.with_columns(pl.lit(None, TIME if name == "time" else pl.Float64).alias(name) for name in bare)
    if "instrument" not in frame.columns and "target" not in frame.columns:
        frame = _from_wide(frame, known)
    for name in ("instrument", "target"):
        if name not in frame.columns:
            raise StrategyError(
                f"the frame of targets has no column {name!r}; its columns are {there}",
                "either time, instrument and target, or time and one column for each instrument",
            )
    if not (frame.schema["target"].is_numeric() or frame.schema["target"] in (pl.Boolean, pl.Null)):
        raise StrategyError(f"column 'target' of the frame is {frame.schema['target']}; targets are numbers")
    frame = frame[["time", "instrument", "target", *(name for name in others if name in frame.columns)]]
    if frame.schema["target"] != pl.Float64:
        frame = frame.with_columns(pl.col("target").cast(pl.Float64))
    frame = frame.drop_nulls("target") if frame["target"].null_count() else frame
    return frame if frame["time"].is_sorted() else frame.sort("time", maintain_order=True)


def _from_wide(frame: pl.DataFrame, known: Sequence[str] | None) -> pl.DataFrame:
    names = [name for name in frame.columns if name != "time"]
    for name in names:
        if known is not None and name not in known:
            guess = nearest(name, known)
            raise StrategyError(
                f"column {name!r} of the frame of targets is no instrument; known: {', '.join(known[:10])}",
                f"did you mean {guess!r}?" if guess else "a wide frame has time and one column for each instrument",
            )
        if not (frame.schema[name].is_numeric() or frame.schema[name] in (pl.Boolean, pl.Null)):
            raise StrategyError(f"column {name!r} of the frame of targets is {frame.schema[name]}, no numbers")
    values = frame.with_columns(pl.col(names).cast(pl.Float64))
    return values.unpivot(names, index="time", variable_name="instrument", value_name="target").sort(
        "time", maintain_order=True
    )
