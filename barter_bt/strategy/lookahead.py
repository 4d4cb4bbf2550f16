"""Whether an expression's values change when later rows are taken away, and which part of it does that."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from barter_bt.strategy.lookback import only_looks_back
from barter_bt.strategy.panel import Panel
from barter_bt.strategy.windows import taken_apart

_ROUNDING = 1e-9
"""Values that differ by less than this part of them are equal: sums may be added up in another order."""
_TARGETS, _CUTS = 256, 16


class Change(NamedTuple):
    """A value that is another one without the later rows.

    Parameters
    ----------
    part
        The smallest part of the expression that changed, as text.
    row
        The first row of the panel at which it did.
    values
        With all rows, and without the later ones.
    """

    part: str
    row: int
    values: tuple[Any, Any]


def first_change(whole: pl.Expr, part: pl.Expr, panels: tuple[Panel, Panel]) -> Change | None:
    """Compare an expression over all rows with one (mostly the same) over the first of them.

    Raises
    ------
    polars.exceptions.PolarsError, StrategyError
        It cannot be computed.
    """
    found = _differs(whole, part, panels)
    if found is None:
        return None
    smallest, (row, values) = _smallest(whole, panels, (whole, found))
    return Change(_written(smallest), row, values)


def warning(expression: pl.Expr, candles: Panel, targets: pl.DataFrame) -> str | None:
    """Say so if an expression uses later candles: it is computed again on the first candles, ended at some times.

    One that can only look back is not.

    Parameters
    ----------
    targets
        What it gave, by time; enough candles are taken for some hundred of them.
    """
    if targets.is_empty() or (not _calls_python(str(expression)) and only_looks_back(expression)):
        return None
    rows = candles.until(targets["time"][min(_TARGETS, targets.height) - 1])
    some = candles.of(rows)
    whole = _values(expression, some)
    for height, part in _parts_of(expression, candles, rows, _cuts(rows["time_exchange"], whole, str(expression))):
        try:
            found = _difference(whole, part)
        except Exception:  # values of another kind
            continue
        if found is not None:
            panels = some, candles.of(rows.head(height))
            return _told(_smallest(expression, panels, (expression, found)), rows)
    return None


def _parts_of(
    expression: pl.Expr, candles: Panel, rows: pl.DataFrame, heights: list[int]
) -> Iterator[tuple[int, pl.Series]]:
    """The expression's values over the first rows alone, by how many they are; those that cannot be had are left out.

    All are computed at once, unless the user's own functions take part, which may not bear that.
    """
    computed = taken_apart(expression)
    parts = [candles.of(rows.head(height)) for height in heights]
    plans = [computed.columns(part).select("target") for part in parts]
    if parts and not _calls_python(str(expression)):
        with contextlib.suppress(pl.exceptions.PolarsError):
            yield from zip(heights, (frame.to_series() for frame in parts[0].collect_all(plans)), strict=True)
            return
    for height, part, plan in zip(heights, parts, plans, strict=True):
        with contextlib.suppress(Exception):  # a function of the user's own may ask for more rows
            yield height, part.collect(plan).to_series()


def _calls_python(text: str) -> bool:
    return "python_udf" in text or "_map(" in text


def _told(smallest: tuple[pl.Expr, tuple[int, tuple[Any, Any]]], rows: pl.DataFrame) -> str:
    part, (row, values) = smallest
    when, name = rows["time_exchange"][row], rows["instrument"][row]
    shown = " and ".join("null" if value is None else f"{value}" for value in values)
    return (
        f"the signal looks ahead: {_written(part)} for {name} at {when:%Y-%m-%d %H:%M:%S} UTC is {shown} with and "
        "without the candles that come later; check_causality shows more"
    )


def _cuts(times: pl.Series, values: pl.Series, text: str) -> list[int]:
    """After how many rows to end, never within one time: where the value has just changed, and evenly."""
    ends = (times.ne_missing(times.shift(-1)).arg_true() + 1).to_numpy()
    there = np.flatnonzero(values.is_not_null().to_numpy())
    if len(ends) < 2 or not len(there):
        return []
    ends = ends[np.searchsorted(ends, there[0], side="right") :][:-1]
    changes = values.ne_missing(values.shift(1)).arg_true().to_numpy()
    after = ends[np.searchsorted(ends, changes[changes < ends[-1]], side="right")] if len(ends) else ends
    count = 4 if _calls_python(text) else _CUTS
    chosen = {int(each) for some in (after, ends) for each in _spaced(some, count // 2)}
    return sorted(chosen)


def _spaced(some: np.ndarray, count: int) -> np.ndarray:
    return some[np.linspace(0, len(some) - 1, min(len(some), count)).astype(np.int64)]


def _values(expression: pl.Expr, rows: Panel) -> pl.Series:
    return rows.collect(taken_apart(expression).columns(rows).select("target")).to_series()


def _differs(whole: pl.Expr, part: pl.Expr, panels: tuple[Panel, Panel]) -> tuple[int, tuple[Any, Any]] | None:
    """Find the first row of the shorter panel at which an expression differs, and its two values."""
    return _difference(*(_values(each, rows) for each, rows in zip((whole, part), panels, strict=True)))


def _difference(a: pl.Series, b: pl.Series) -> tuple[int, tuple[Any, Any]] | None:
    a = a.head(b.len())
    if a.equals(b):
        return None
    differs = a.ne_missing(b)
    if a.dtype.is_float():
        near = (a - b).abs() <= pl.Series(np.maximum(np.abs(a.to_numpy()), np.abs(b.to_numpy())) * _ROUNDING)
        differs &= ~near.fill_null(False)
    rows = differs.arg_true()
    return None if not len(rows) else (int(rows[0]), (a[int(rows[0])], b[int(rows[0])]))


def _smallest(
    expression: pl.Expr, panels: tuple[Panel, Panel], best: tuple[pl.Expr, tuple[int, tuple[Any, Any]]]
) -> tuple[pl.Expr, tuple[int, tuple[Any, Any]]]:
    """Go down to the smallest part that still differs."""
    for child in _parts(expression):
        try:
            found = _differs(child, child, panels)
        except Exception:  # some parts mean nothing on their own
            continue
        if found is not None:
            return _smallest(child, panels, (child, found))
    return best


def _parts(expression: pl.Expr) -> Iterator[pl.Expr]:
    yield from reversed(expression.meta.pop())


def _written(part: pl.Expr) -> str:
    """An expression as text, with what Polars leaves out of rolling functions: the window, and if it is centred."""
    text = str(part).replace("\n", " ")
    document = part.meta.serialize(format="json")
    window = re.search(r'"options":\{"window_size":(\d+).*?"center":(true|false)', document)
    if window is None or ".rolling_" not in text:
        return text
    return f"{text} with window {window[1]}{', centred' if window[2] == 'true' else ''}"
