"""An equity curve and what its figures are computed from: marks, samples, returns, falls from a peak.

All of it is float64 and a function of the curve's own values and times. Sums run in one stated order, so
the figures are the same bits on every run. Whatever is undefined is ``None``, never zero or infinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from barter_bt.statistic.calendar import DAY_NS, UTC, zone_of
from barter_bt.statistic.figure import show
from barter_bt.statistic.interval import (
    ACTUAL,
    YEAR_NS,
    interval_ns,
    rows_at,
    sample_rows,
    sampling_interval,
    sampling_ns,
    spacing_ns,
    warn,
)
from barter_bt.statistic.sessions import closes_of
from barter_bt.statistic.tables import Floats, Integers, Tables, floats, nanoseconds, total

_TAIL = 0.05
FURTHEST = 366.0
"""A growth is stated for at most so many times its own length: for a year, if it took a day."""
_ROUNDING = 1e-14
"""Returns that differ by less are equal: that is the rounding of their division."""


class Drawdowns(NamedTuple):
    """Falls from a peak, one after the other, all arrays as long as there are drawdowns.

    Attributes
    ----------
    peak, end
        Row of the last mark at the peak, and of the first mark back at it, or the last row.
    low
        The lowest value.
    depth
        1 - lowest / peak.
    recovered
        Whether the peak was reached again.
    """

    peak: Integers
    end: Integers
    low: Floats
    depth: Floats
    recovered: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    def trough(self, values: Floats, k: int) -> int:
        """Row of the lowest mark of a fall, of equals the first."""
        return int(self.peak[k] + np.argmax(values[self.peak[k] : self.end[k] + 1] == self.low[k]))


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


def compound(growth: float, power: float) -> float | None:
    """Raise a growth (end over start) to a power and subtract 1; None of a negative growth, and beyond all numbers.

    Examples
    --------
    >>> round(compound(1.21, 0.5), 9), compound(0.0, 0.5), compound(-0.1, 2.0)
    (0.1, -1.0, None)
    """
    if growth <= 0:
        return -1.0 if growth == 0 and power > 0 else None
    try:
        return math.expm1(math.log(growth) * power)
    except OverflowError:
        return None


def stated(growth: float, power: float) -> float | None:
    """As :func:`compound`; None beyond :data:`FURTHEST`, of anything but a total loss: minutes say nothing of a year.

    Examples
    --------
    >>> round(stated(1.001, 365.0), 3), stated(1.001, 52_560.0), stated(0.0, 52_560.0)
    (0.44, None, -1.0)
    """
    return compound(growth, power) if power <= FURTHEST or growth == 0 else None


@dataclass(frozen=True)
class Curve:
    """Equity at its own times, and how it is looked at.

    Parameters
    ----------
    times
        int64 nanoseconds, ascending, at least one.
    values
        float64, as many, no NaN.
    sampling
        Returns are those between the ends of these intervals, for example "1d"; None chooses.
    interval
        What figures are stated for: "actual", "daily", "annual_252", "annual_365", or a length such as "30d".
    risk_free
        Rate of return without risk, per year, compounded.
    time_zone
        Whose midnights days end at.
    equity
        As ``values`` where these are net of deposits: with them; None where there were none.
    closes
        Of trading sessions, at which samples are taken; None: at the ends of the sampling's intervals.

    Examples
    --------
    >>> curve = Curve(np.arange(3) * DAY_NS, np.array([100.0, 110.0, 99.0]))
    >>> curve.returns.round(3).tolist(), curve.periods
    ([0.1, -0.1], 365.0)
    """

    times: Integers
    values: Floats
    sampling: str | None = None
    interval: str = ACTUAL
    risk_free: float = 0.0
    time_zone: str = UTC
    equity: Floats | None = None
    closes: Integers | None = None

    @property
    def money(self) -> Floats:
        """What the account was worth, deposits included."""
        return self.values if self.equity is None else self.equity

    @property
    def span_ns(self) -> int:
        """Time from the first to the last mark."""
        return int(self.times[-1] - self.times[0])

    @cached_property
    def sampled(self) -> str:
        """The sampling interval's name."""
        return self.sampling or sampling_interval(self.span_ns)

    @cached_property
    def rows(self) -> Integers:
        """Rows of the samples."""
        if self.closes is not None:
            return rows_at(self.times, self.closes)
        return sample_rows(self.times, sampling_ns(self.sampled), self.time_zone)

    @cached_property
    def changes(self) -> Floats:
        """Sample over the sample before it, less 1; NaN where the one before is not above 0."""
        return changes(self.values[self.rows])

    @cached_property
    def returns(self) -> Floats:
        """The changes, where all are defined; else none."""
        return np.empty(0) if np.isnan(self.changes).any() else self.changes

    @cached_property
    def periods(self) -> float | None:
        """How many returns the stated interval holds."""
        length = interval_ns(self.interval)
        if self.interval == ACTUAL:
            return ratio((len(self.rows) - 1) * float(length), self.span_ns)
        return length / self._apart_ns

    @cached_property
    def yearly(self) -> float | None:
        """How many returns a year holds: that of the stated interval if it is one, else 365 days."""
        if self.interval == ACTUAL or self.interval.startswith("annual"):
            return self.periods
        return YEAR_NS / self._apart_ns

    @cached_property
    def _apart_ns(self) -> int:
        """Time between samples; a session counts as a day."""
        sampling = sampling_ns(self.sampled)
        if self.closes is not None:
            return sampling
        found = spacing_ns(self.times[self.rows], sampling, self.time_zone)
        if found > sampling and self.sampling is not None:
            apart = show(timedelta(microseconds=found // 1000), "duration")
            warn(
                f"sampling={self.sampling!r} is finer than the marks, most of which are {apart} apart: figures are "
                "stated for returns of that length"
            )
        return found

    @cached_property
    def free(self) -> float:
        """The rate without risk of one return."""
        return math.expm1(math.log1p(self.risk_free) / self.yearly) if self.risk_free and self.yearly else 0.0

    @cached_property
    def excess(self) -> Floats:
        """Returns less the rate without risk."""
        if not self.free:
            return self.returns
        found: Floats = self.returns - self.free
        return found

    @cached_property
    def mean(self) -> float:
        """Mean of the excess returns."""
        return total(self.excess) / len(self.excess)

    @cached_property
    def deviation(self) -> float | None:
        """Standard deviation of the returns, n - 1 in the divisor; 0 where they differ by rounding alone."""
        r = self.excess
        if len(r) < 2:
            return None
        flat = r.max() - r.min() <= _ROUNDING * (1.0 + abs(self.mean))
        return 0.0 if flat else math.sqrt(total((r - self.mean) ** 2) / (len(r) - 1))

    @cached_property
    def downside(self) -> float | None:
        """Root of the mean square of the excess returns below zero, over all n."""
        if len(self.excess) < 2:
            return None
        return math.sqrt(total(np.minimum(self.excess, 0.0) ** 2) / len(self.excess))

    @cached_property
    def moments(self) -> tuple[float, float] | None:
        """Sums of the third and fourth powers of the returns, in standard deviations from their mean."""
        if not self.deviation:
            return None
        z = (self.returns - total(self.returns) / len(self.returns)) / self.deviation
        square = z * z
        return total(square * z), total(square * square)

    @cached_property
    def low_tail(self) -> float:
        """The 5 % quantile of the returns, linear between neighbours; at least one return."""
        place = _TAIL * (len(self.returns) - 1)
        k = int(place)
        low, high = np.partition(self.returns, (k, min(k + 1, len(self.returns) - 1)))[k : k + 2][[0, -1]]
        return float(low + (high - low) * (place - k))

    @cached_property
    def days(self) -> Floats:
        """Returns of days, the first and last may be parts of one; a day that begins at or below 0 has none."""
        rows = self.rows if self.sampled == "1d" else sample_rows(self.times, DAY_NS, self.time_zone)
        found = changes(self.values[rows])
        return found[~np.isnan(found)]

    @cached_property
    def peaks(self) -> Floats:
        """The highest value so far, at each mark."""
        return np.maximum.accumulate(self.values)

    @cached_property
    def drawdowns(self) -> Drawdowns | None:
        """Every fall from a peak; None where the curve starts at or below zero."""
        return _drawdowns(self.values, self.peaks) if self.values[0] > 0 else None

    @cached_property
    def deepest(self) -> int | None:
        """Number of the deepest fall, of equals the first."""
        drawdowns = self.drawdowns
        return int(drawdowns.depth.argmax()) if drawdowns is not None and len(drawdowns.depth) else None


def changes(values: Floats) -> Floats:
    """Each value over the one before, less 1; NaN where the one before is not above 0: there is nothing to grow.

    Examples
    --------
    >>> changes(np.array([100.0, 110.0, 0.0, 5.0])).round(3).tolist()
    [0.1, -1.0, nan]
    """
    found: Floats = values[1:] / np.where(values[:-1] > 0, values[:-1], np.nan) - 1.0
    return found


def curve_of(
    equity: pl.DataFrame,
    *,
    sampling: str | None = None,
    interval: str = ACTUAL,
    risk_free: float = 0.0,
    time_zone: str = UTC,
    closes: Integers | None = None,
) -> Curve | None:
    """Make the curve of a table with ``time`` and ``equity``; marks that are null are left out, None if all are.

    Its values are the equity net of deposits where the table has that, as ``net``.
    """
    if equity["equity"].null_count():
        equity = equity.drop_nulls("equity")
    if not equity.height:
        return None
    values, money = floats(equity["equity"]), None
    if "net" in equity.columns:
        values, money = floats(equity["net"]), values
    return Curve(nanoseconds(equity["time"]), values, sampling, interval, risk_free, time_zone, money, closes)


def curve_of_run(
    run: Tables,
    *,
    sampling: str | None = None,
    interval: str = ACTUAL,
    risk_free: float = 0.0,
    time_zone: str | None = None,
) -> Curve | None:
    """Make the curve of a run, in the time zone given or in that of its data."""
    options: dict[str, Any] = {"sampling": sampling, "interval": interval, "risk_free": risk_free}
    return curve_of(run.equity, time_zone=zone_of(run, time_zone), closes=closes_of(run, sampling), **options)


def _drawdowns(values: Floats, peaks: Floats) -> Drawdowns:
    below = values < peaks
    change = np.flatnonzero(below[1:] != below[:-1]) + 1
    first, back = change[::2], change[1::2]  # a curve begins at its peak
    end = np.full(len(first), len(values) - 1)
    end[: len(back)] = back
    recovered = np.arange(len(first)) < len(back)
    if not len(first):
        return Drawdowns(first, end, np.empty(0), np.empty(0), recovered)
    spans = np.empty(2 * len(first), np.int64)
    spans[::2], spans[1::2] = first, end
    low = np.minimum.reduceat(values, spans)[::2]
    low[-1] = min(low[-1], values[end[-1]]) if len(back) < len(first) else low[-1]  # a span leaves its end out
    return Drawdowns(first - 1, end, low, 1.0 - low / peaks[first], recovered)
