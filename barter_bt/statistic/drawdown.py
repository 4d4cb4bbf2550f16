"""Figures of the falls of an equity curve from its peaks, over all marks, not samples."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from barter_bt.statistic.curve import Curve, ratio
from barter_bt.statistic.figure import figure
from barter_bt.statistic.performance import annual_return, length
from barter_bt.statistic.tables import total

_MOMENT = pl.Datetime("ns", "UTC")
_TABLE: Final[Any] = {
    "depth": pl.Float64,
    "time_peak": _MOMENT,
    "time_trough": _MOMENT,
    "time_end": _MOMENT,
    "duration": pl.Duration("ns"),
}


@figure("Maximum drawdown", "fraction", "Drawdown", sample="marks", key=True)
def max_drawdown(curve: Curve) -> float | None:
    """Largest of 1 - equity / highest equity so far, over all marks, net of deposits as in `total_return`; more than 1
    where equity falls below 0. No drawdown is defined where equity does not start above 0.
    """
    if curve.drawdowns is None:
        return None
    return 0.0 if curve.deepest is None else float(curve.drawdowns.depth[curve.deepest])


@figure("Maximum drawdown lasted", "duration", "Drawdown", sample="marks", key=True)
def max_drawdown_duration(curve: Curve) -> timedelta | None:
    """From the last mark at the peak before the maximum drawdown to the first mark back at it or above, or to the
    end of the run.
    """
    if curve.drawdowns is None:
        return None
    if curve.deepest is None:
        return timedelta(0)
    drawdowns, k = curve.drawdowns, curve.deepest
    return length(int(curve.times[drawdowns.end[k]] - curve.times[drawdowns.peak[k]]))


@figure("Maximum drawdown's recovery", "duration", "Drawdown", sample="marks")
def max_drawdown_recovery(curve: Curve) -> timedelta | None:
    """From the lowest mark of the maximum drawdown to the first mark back at the peak; undefined if there is none."""
    drawdowns, k = curve.drawdowns, curve.deepest
    if drawdowns is None or k is None or not drawdowns.recovered[k]:
        return None
    return length(int(curve.times[drawdowns.end[k]] - curve.times[drawdowns.trough(curve.values, k)]))


@figure("Current drawdown", "fraction", "Drawdown", sample="marks")
def current_drawdown(curve: Curve) -> float | None:
    """1 - equity at end / highest equity."""
    return None if curve.drawdowns is None else 1.0 - float(curve.values[-1]) / float(curve.peaks[-1])


@figure("Drawdowns", "count", "Drawdown", sample="marks")
def drawdowns(curve: Curve) -> int | None:
    """Number of falls below a peak, the one that has not ended included."""
    return None if curve.drawdowns is None else len(curve.drawdowns.depth)


@figure("Mean drawdown", "fraction", "Drawdown", sample="drawdowns")
def mean_drawdown(curve: Curve) -> float | None:
    """Mean depth of all falls below a peak, the one that has not ended included; each counts once, however long."""
    drawdowns = curve.drawdowns
    return total(drawdowns.depth) / len(drawdowns.depth) if drawdowns is not None and len(drawdowns.depth) else None


@figure("Mean drawdown lasted", "duration", "Drawdown", sample="drawdowns")
def mean_drawdown_duration(curve: Curve) -> timedelta | None:
    """Mean time from the peak to the first mark back at it, or to the end of the run."""
    drawdowns = curve.drawdowns
    if drawdowns is None or not len(drawdowns.depth):
        return None
    return length(int((curve.times[drawdowns.end] - curve.times[drawdowns.peak]).sum()) // len(drawdowns.depth))


@figure("Calmar ratio", "ratio", "Drawdown", source="Young (1991)", sample="marks", key=True)
def calmar(curve: Curve) -> float | None:
    """Return (annual, or for the stated interval) / maximum drawdown."""
    deepest, yearly = max_drawdown(curve), annual_return(curve)
    return None if deepest is None or yearly is None else ratio(yearly, deepest)


def drawdown_table(curve: Curve | None, count: int) -> pl.DataFrame:
    """List the deepest drawdowns, the deepest first.

    Returns
    -------
    polars.DataFrame
        ``depth`` (a fraction), ``time_peak``, ``time_trough``, ``time_end`` (null if it has not ended), ``duration``.
    """
    drawdowns = None if curve is None else curve.drawdowns
    if curve is None or drawdowns is None:
        return pl.DataFrame(schema=_TABLE)
    rows = np.argsort(-drawdowns.depth, kind="stable")[:count]
    lowest = np.array([drawdowns.trough(curve.values, k) for k in rows], np.int64)
    peak, trough, end = (pl.Series(curve.times[each]) for each in (drawdowns.peak[rows], lowest, drawdowns.end[rows]))
    columns = {
        "depth": drawdowns.depth[rows],
        "time_peak": peak,
        "time_trough": trough,
        "time_end": end.set(pl.Series(~drawdowns.recovered[rows]), None),
        "duration": end - peak,
    }
    return pl.DataFrame(columns).cast(_TABLE)
