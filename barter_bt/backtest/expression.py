"""Whether a target's expression looked ahead, and which part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from barter_bt.backtest.divergence import Divergence, texts
from barter_bt.data import Stream
from barter_bt.data.schema import TIME
from barter_bt.statistic.tables import nanoseconds
from barter_bt.strategy.signals import Signals

_ROUNDING = 1e-9
"""Values that differ by less than this part of them are equal: sums may be added up in another order."""


def looked_ahead(
    full: Signals, part: Signals, streams: Sequence[Stream], known: Sequence[Stream], time_ns: int
) -> Divergence | None:
    """Find the first target until a time that is another with the whole data than with what was known.

    Parameters
    ----------
    full, part
        The signals as made from the whole data and from what was known.
    streams, known
        The whole data and what was known.
    """
    if isinstance(full.target, pl.DataFrame) or isinstance(part.target, pl.DataFrame):
        if not (isinstance(full.target, pl.DataFrame) and isinstance(part.target, pl.DataFrame)):
            return None
        return _frames(full.target, part.target, time_ns)
    for whole, some in zip(streams, known, strict=True):
        if whole.kind == "candles":
            found = _of(full.target, part.target, whole, some)
            if found is not None:
                return found
    return None


def _of(target: pl.Expr, other: pl.Expr, whole: Stream, some: Stream) -> Divergence | None:
    frames = whole.frame().collect(), some.frame().collect()
    single = len(whole.instruments) == 1
    found = _differs(target, other, frames, single)
    if found is None:
        return None
    part, (row, values) = _smallest(target, frames, single, (target, found))
    at = frames[1].slice(row, 1)
    name = _written(part)
    time_ns = int(nanoseconds(at["time_exchange"])[0])
    text = texts(at).row(0, named=True)
    return Divergence("signals", row, time_ns, name, values, (text, text))


def _written(part: pl.Expr) -> str:
    """An expression as text, with what Polars leaves out of rolling functions: the window, and if it is centred."""
    text = str(part).replace("\n", " ")
    document = part.meta.serialize(format="json")
    window = re.search(r'"options":\{"window_size":(\d+).*?"center":(true|false)', document)
    if window is None or ".rolling_" not in text:
        return text
    return f"{text} with window {window[1]}{', centred' if window[2] == 'true' else ''}"


Place = tuple[int, tuple[object, object]]


def _smallest(
    expression: pl.Expr, frames: tuple[pl.DataFrame, pl.DataFrame], single: bool, best: tuple[pl.Expr, Place]
) -> tuple[pl.Expr, Place]:
    """Go down to the smallest part that still differs."""
    for child in reversed(expression.meta.pop()):
        try:
            found = _differs(child, child, frames, single)
        except pl.exceptions.PolarsError:  # some parts mean nothing on their own
            continue
        if found is not None:
            return _smallest(child, frames, single, (child, found))
    return best


def _differs(
    expression: pl.Expr, other: pl.Expr, frames: tuple[pl.DataFrame, pl.DataFrame], single: bool
) -> Place | None:
    """Find the first row of the shorter frame at which an expression differs, and its two values."""
    a, b = (
        frame.select("time_exchange", value=each if single else each.over("instrument"))["value"]
        for frame, each in zip(frames, (expression, other), strict=True)
    )
    a = a.head(b.len())
    differs = a.ne_missing(b)
    if a.dtype.is_float():
        near = (a - b).abs() <= pl.Series(np.maximum(np.abs(a.to_numpy()), np.abs(b.to_numpy())) * _ROUNDING)
        differs &= ~near.fill_null(False)
    rows = differs.arg_true()
    return None if not len(rows) else (int(rows[0]), (a[int(rows[0])], b[int(rows[0])]))


def _frames(full: pl.DataFrame, part: pl.DataFrame, time_ns: int) -> Divergence | None:
    """Compare targets that were given as frames."""
    limit = pl.lit(time_ns).cast(TIME)
    key = pl.col("time").cast(TIME), pl.col("instrument").cast(pl.String)
    value = pl.col("target").cast(pl.Float64)
    a, b = (frame.filter(pl.col("time") <= limit).drop_nulls("target").select(*key, value) for frame in (full, part))
    both = a.join(b, on=["time", "instrument"], how="full", coalesce=True, suffix="_part").sort("time")
    a_value, b_value = both["target"], both["target_part"]
    near = ((a_value - b_value).abs() <= a_value.abs() * _ROUNDING).fill_null(False)
    rows = (a_value.ne_missing(b_value) & ~near).arg_true()
    if not len(rows):
        return None
    row = int(rows[0])
    values = (a_value[row], b_value[row])
    return Divergence("signals", row, int(nanoseconds(both["time"])[row]), "target", values)
