"""Figures of an equity curve: sampling, returns, risk ratios and drawdown.

All of it is float64 and a function of the curve's own values and times. Sums run in one stated order, so
the figures are the same bits on every run. Whatever is undefined is ``None``, never zero or infinity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from barter_bt.statistic.tables import Floats, Integers

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
YEAR_NS = 365 * DAY_NS
INTERVALS_NS = {"1d": DAY_NS, "1h": 3_600 * SECOND_NS, "1m": 60 * SECOND_NS, "1s": SECOND_NS}
_BLOCK = 1024
_ROUNDING = 1e-14
"""Returns that differ by less are equal: that is the rounding of their division."""


class Risk(NamedTuple):
    """Annualised figures of the sampled returns; see ``DEFINITIONS``."""

    samples: int
    periods_per_year: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None


class Drawdown(NamedTuple):
    """The deepest fall from a peak, as a fraction of the peak, and from when to when it lasted (row numbers)."""

    depth: float
    row_peak: int
    row_trough: int
    row_end: int


def ratio(numerator: float, denominator: float) -> float | None:
    """Divide; None where that is not a finite number.

    Examples
    --------
    >>> ratio(1.0, 4.0), ratio(1.0, 0.0)
    (0.25, None)
    """
    if denominator == 0 or not math.isfinite(denominator):
        return None
    value = numerator / denominator
    return value if math.isfinite(value) else None


def sampling_interval(span_ns: int) -> str:
    """Choose the longest of 1d, 1h, 1m and 1s of which ``span_ns`` holds at least two, else 1s.

    Examples
    --------
    >>> sampling_interval(3 * DAY_NS), sampling_interval(DAY_NS)
    ('1d', '1h')
    """
    return next((name for name, length in INTERVALS_NS.items() if span_ns >= 2 * length), "1s")


def sample_rows(times: Integers, interval_ns: int) -> Integers:
    """Pick the rows that stand for the ends of the intervals: the last at or before each edge, the first, the last.

    An edge without a new mark since the one before gives no row, so closed markets add no empty returns.

    Parameters
    ----------
    times
        int64 nanoseconds, ascending, at least one.
    interval_ns
        Edges are its multiples since 1970 in UTC.

    Examples
    --------
    >>> sample_rows(np.array([0, 5, 10, 14, 31]), 10).tolist()
    [0, 2, 3, 4]
    """
    first, last = int(times[0]), int(times[-1])
    edges = np.arange(first - first % interval_ns + interval_ns, last + 1, interval_ns, dtype=np.int64)
    rows = np.searchsorted(times, edges, side="right") - 1
    rows = np.concatenate(([0], rows, [len(times) - 1]))
    return rows[np.concatenate(([True], rows[1:] != rows[:-1]))]


def risk(samples: Floats, span_ns: int) -> Risk:
    """Measure volatility, Sharpe and Sortino ratio of a sampled curve, per year of 365 days.

    Parameters
    ----------
    samples
        Equity at the sampled marks.
    span_ns
        Time from the first to the last sample.

    Examples
    --------
    >>> figures = risk(np.array([100.0, 101.0, 100.0]), 2 * DAY_NS)
    >>> figures.samples, figures.periods_per_year
    (2, 365.0)
    """
    count = len(samples) - 1
    per_year = ratio(count * float(YEAR_NS), span_ns)
    if count < 2 or per_year is None or samples.min() <= 0:
        return Risk(count, per_year, None, None, None)
    returns = samples[1:] / samples[:-1] - 1.0
    mean = math.fsum(returns) / count
    downside = math.sqrt(math.fsum(np.minimum(returns, 0.0) ** 2) / count)
    flat = returns.max() - returns.min() <= _ROUNDING * (1.0 + abs(mean))
    deviation = 0.0 if flat else math.sqrt(math.fsum((returns - mean) ** 2) / (count - 1))
    scale = math.sqrt(per_year)
    return Risk(count, per_year, deviation * scale, ratio(mean * scale, deviation), ratio(mean * scale, downside))


def annual(growth: float, span_ns: int) -> float | None:
    """Find the yearly return that compounds to ``growth`` (end over start) over the time span.

    Examples
    --------
    >>> round(annual(1.21, 2 * YEAR_NS), 9)
    0.1
    """
    if growth <= 0 or span_ns <= 0:
        return None
    try:
        return math.exp(math.log(growth) * (YEAR_NS / span_ns)) - 1.0
    except OverflowError:
        return None


def max_drawdown(equity: Floats) -> Drawdown | None:
    """Find the deepest fall below the highest value so far; None where the curve starts at or below zero.

    A block of rows is looked at closely only if its lowest value over the highest value up to the block's
    end, a bound of what can be found in it, beats the best so far. That reads the curve twice at the speed
    of memory and writes nothing of its length.

    Parameters
    ----------
    equity
        float64, at least one value, no NaN.

    Examples
    --------
    >>> max_drawdown(np.array([10.0, 12.0, 9.0, 12.0, 13.0]))
    Drawdown(depth=0.25, row_peak=1, row_trough=2, row_end=3)
    """
    if not equity[0] > 0:
        return None
    starts = np.arange(0, len(equity), _BLOCK)
    whole = len(equity) // _BLOCK * _BLOCK
    blocks = equity[:whole].reshape(-1, _BLOCK)
    low, high = blocks.min(axis=1), blocks.max(axis=1)
    if whole < len(equity):
        low, high = np.append(low, equity[whole:].min()), np.append(high, equity[whole:].max())
    peaks = np.maximum.accumulate(high)
    bounds = low / peaks
    lowest, trough = 1.0, 0
    for block in np.argsort(bounds, kind="stable"):
        if bounds[block] >= lowest:
            break
        chunk = equity[starts[block] : starts[block] + _BLOCK]
        running = np.maximum.accumulate(chunk)
        if block:
            np.maximum(running, peaks[block - 1], out=running)
        running = chunk / running
        at = int(running.argmin())
        if running[at] < lowest:
            lowest, trough = float(running[at]), int(starts[block]) + at
    if trough == 0:
        return Drawdown(0.0, 0, 0, 0)
    before = equity[: trough + 1]
    top = before.max()
    row_peak = trough - int(before[::-1].argmax())
    back = equity[trough:] >= top
    row_end = trough + int(back.argmax()) if back.any() else len(equity) - 1
    return Drawdown(1.0 - lowest, row_peak, trough, row_end)
