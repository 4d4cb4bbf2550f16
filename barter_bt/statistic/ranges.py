"""Between what the figures of several runs lie: of one strategy on each way that candles may have gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from barter_bt.statistic.figure import show
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.summary import Summary

RANGES = {
    "figure": pl.String,
    "low": pl.Float64,
    "run_low": pl.String,
    "high": pl.Float64,
    "run_high": pl.String,
    "defined": pl.Int64,
}


def figure_ranges(summaries: Mapping[str, Summary]) -> pl.DataFrame:
    """Give the lowest and the highest value of every figure that is a number.

    Parameters
    ----------
    summaries
        The figures of each run, by its name.

    Returns
    -------
    polars.DataFrame
        ``figure``, ``low``, ``run_low`` (the first run that has it), ``high``, ``run_high``, and in how many runs it is
        ``defined``; durations in seconds. Figures that no run defines are left out.

    Examples
    --------
    >>> runs = {"a": Summary("usd", {"sharpe": 1.5, "trades": 8}), "b": Summary("usd", {"sharpe": None, "trades": 6})}
    >>> figure_ranges(runs).rows()
    [('sharpe', 1.5, 'a', 1.5, 'a', 1), ('trades', 6.0, 'b', 8.0, 'a', 2)]
    """
    rows = []
    figures = {name: one.to_dict() for name, one in summaries.items()}
    for figure in FIGURES:
        values = {name: each[figure] for name, each in figures.items()}
        known = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
        if known:
            low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
            rows.append((figure, known[low], low, known[high], high, len(known)))
    return pl.DataFrame(rows, schema=RANGES, orient="row")


def shown_ranges(ranges: pl.DataFrame, *, every: bool = False) -> list[tuple[str, str, str, str, str]]:
    """Label, low, its run, high and its run as people read them, of figures that differ, mostly those read first.

    Examples
    --------
    >>> runs = {"a": Summary("usd", {"total_return": 0.1, "fees": 2.0}), "b": Summary("usd", {"total_return": 0.05})}
    >>> shown_ranges(figure_ranges(runs))
    [('Total return', '5.00 %', 'b', '10.00 %', 'a')]
    """
    rows = []
    for name, low, run_low, high, run_high, _ in ranges.iter_rows():
        if name in FIGURES and low != high and (every or FIGURES[name].key):
            label, least, most = FIGURES[name].label.replace(" ({per})", ""), _shown(name, low), _shown(name, high)
            if least != most:  # what differs by less than is shown would look like a mistake
                rows.append((label, least, run_low, most, run_high))
    return rows


def _shown(name: str, value: float) -> str:
    unit = FIGURES[name].unit
    if unit == "duration":
        return show(timedelta(seconds=value), unit)
    return show(int(value) if unit == "count" and value.is_integer() else value, unit)
