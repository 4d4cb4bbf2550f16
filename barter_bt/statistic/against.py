"""Figures of a run against a benchmark: returns of both between the same times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from barter_bt.statistic.calendar import UTC, edges
from barter_bt.statistic.curve import Curve, changes, compound, ratio
from barter_bt.statistic.figure import figure
from barter_bt.statistic.interval import sampling_interval, sampling_ns
from barter_bt.statistic.tables import Floats, Integers, floats, nanoseconds, net_of, total

_TIME = pl.Datetime("ns", "UTC")
_EQUAL = 1e-9
"""A benchmark whose returns differ by less does not move: what follows it is rounding."""
_ROUNDING = 1e-14


def returns_together(
    curves: Mapping[str, pl.DataFrame],
    sampling: str | None = None,
    time_zone: str = UTC,
    closes: Integers | None = None,
) -> pl.DataFrame:
    """Sample all curves at the same times and give their returns, one column for each.

    ``time_start`` and ``time`` are the first and the last moment of a return.

    The time that all curves have in common is cut at multiples of ``sampling``, by default the longest of 1d, 1h, 1m
    and 1s of which it holds at least two, as for the figures of one run; days end at midnights of ``time_zone``. With
    ``closes``, those of sessions, it is cut at them. A curve is worth what its last mark says; an interval in which
    none has a new mark is left out. A return from an equity that is not above 0 is null.

    Examples
    --------
    >>> day = pl.Series([0, 86_400_000_000_000, 172_800_000_000_000]).cast(pl.Datetime("ns", "UTC"))
    >>> curve = pl.DataFrame({"time": day, "equity": [100.0, 110.0, 99.0]})
    >>> returns_together({"a": curve})["a"].round(9).to_list()
    [0.1, -0.1]
    """
    known = {name: net_of(curve).drop_nulls("equity") for name, curve in curves.items()}
    empty = pl.DataFrame(schema={"time_start": _TIME, "time": _TIME, **dict.fromkeys(curves, pl.Float64)})
    if not known or any(curve.height == 0 for curve in known.values()):
        return empty
    times = {name: nanoseconds(curve["time"]) for name, curve in known.items()}
    first, last = max(int(each[0]) for each in times.values()), min(int(each[-1]) for each in times.values())
    if last <= first:
        return empty
    interval_ns = sampling_ns(sampling or sampling_interval(last - first))
    inner = edges(first, last, interval_ns, time_zone) if closes is None else closes
    ends = np.unique(np.concatenate(([first], inner[(inner > first) & (inner < last)], [last])))
    rows = {name: np.searchsorted(each, ends, side="right") - 1 for name, each in times.items()}
    new = np.concatenate(([True], np.any([np.diff(each) > 0 for each in rows.values()], axis=0)))
    found = {name: changes(floats(known[name]["equity"])[each[new]]) for name, each in rows.items()}
    times_at = pl.Series(ends[new]).cast(_TIME)
    return pl.DataFrame({"time_start": times_at[:-1], "time": times_at[1:], **found}).fill_nan(None)


@dataclass(frozen=True)
class Against:
    """Returns of a run and of a benchmark between the same times.

    Attributes
    ----------
    mine, other
        float64, equally long.
    times
        When each return ends.
    curve
        A curve at those times: what a rate without risk and the stated interval mean for it.
    """

    times: pl.Series
    mine: Floats
    other: Floats
    curve: Curve

    @cached_property
    def beta(self) -> float | None:
        """Covariance over the benchmark's variance."""
        if len(self.mine) < 2 or np.ptp(self.other) <= _EQUAL:
            return None
        other = self.other - total(self.other) / len(self.other)
        return ratio(total((self.mine - total(self.mine) / len(self.mine)) * other), total(other * other))

    @cached_property
    def active(self) -> Floats:
        """Returns of the run less those of the benchmark."""
        found: Floats = self.mine - self.other
        return found

    @cached_property
    def deviation(self) -> float | None:
        """Standard deviation of the active returns."""
        n = len(self.active)
        if n >= 2 and np.ptp(self.active) <= _ROUNDING:
            return 0.0
        return None if n < 2 else math.sqrt(total((self.active - total(self.active) / n) ** 2) / (n - 1))

    @property
    def scale(self) -> float:
        """Root of the number of returns in the stated interval."""
        return math.sqrt(self.curve.periods or 0.0)


def against(curve: Curve, benchmark: pl.DataFrame) -> Against | None:
    """Put a curve beside a benchmark's table of ``time`` and ``equity``.

    None where they share no time, or where a return of one of them is undefined.
    """
    mine = pl.DataFrame({"time": pl.Series(curve.times).cast(_TIME), "equity": curve.values})
    both = returns_together({"mine": mine, "other": benchmark}, curve.sampled, curve.time_zone, curve.closes)
    if not both.height or both["mine"].null_count() or both["other"].null_count():
        return None
    times = np.append(nanoseconds(both["time_start"])[:1], nanoseconds(both["time"]))
    flat = Curve(times, np.ones(len(times)), None, curve.interval, curve.risk_free, curve.time_zone, None, curve.closes)
    flat.__dict__["sampled"] = curve.sampled
    return Against(both["time"], floats(both["mine"]), floats(both["other"]), flat)


@figure("Beta", "ratio", "Benchmark", needs="against", source="Sharpe (1964)")
def beta(pair: Against) -> float | None:
    """Covariance of r and b / variance of b; b are the benchmark's returns between the same times."""
    return pair.beta


@figure("Alpha ({per})", "fraction", "Benchmark", needs="against", source="Jensen (1968)")
def alpha(pair: Against) -> float | None:
    """(Mean of (r - f) - beta times mean of (b - f)) times returns in the interval."""
    if pair.beta is None or not pair.curve.periods:
        return None
    free = pair.curve.free
    mean, other = total(pair.mine) / len(pair.mine), total(pair.other) / len(pair.other)
    return ((mean - free) - pair.beta * (other - free)) * pair.curve.periods


@figure("Correlation", "ratio", "Benchmark", needs="against", source="Pearson (1895)")
def correlation(pair: Against) -> float | None:
    """Covariance of r and b / (standard deviation of r times that of b)."""
    if pair.beta is None or np.ptp(pair.mine) <= _ROUNDING:
        return None
    mine, other = pair.mine - pair.mine.mean(), pair.other - pair.other.mean()
    return ratio(total(mine * other), math.sqrt(total(mine * mine) * total(other * other)))


@figure("Tracking error ({per})", "fraction", "Benchmark", needs="against", source="Grinold, Kahn (1999)")
def tracking_error(pair: Against) -> float | None:
    """Standard deviation of r - b, with n - 1 in the divisor, times sqrt(returns in the interval)."""
    return None if pair.deviation is None else pair.deviation * pair.scale


@figure("Information ratio ({per})", "ratio", "Benchmark", needs="against", source="Grinold, Kahn (1999)")
def information_ratio(pair: Against) -> float | None:
    """Mean of r - b / standard deviation of r - b, times sqrt(returns in the interval)."""
    if pair.deviation is None:
        return None
    return ratio(total(pair.active) / len(pair.active) * pair.scale, pair.deviation)


@figure("Upside capture", "ratio", "Benchmark", needs="against", source="Bacon (2008)")
def upside_capture(pair: Against) -> float | None:
    """Compound return of r over the intervals in which b > 0, for the stated interval, / that of b."""
    return _capture(pair, pair.other > 0)


@figure("Downside capture", "ratio", "Benchmark", needs="against", source="Bacon (2008)")
def downside_capture(pair: Against) -> float | None:
    """Compound return of r over the intervals in which b < 0, for the stated interval, / that of b."""
    return _capture(pair, pair.other < 0)


def _capture(pair: Against, rows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float | None:
    count, periods = int(rows.sum()), pair.curve.periods
    if not count or not periods:
        return None
    mine, other = (
        compound(float(np.multiply.accumulate(1.0 + each[rows])[-1]), periods / count)
        for each in (pair.mine, pair.other)
    )
    return None if mine is None or other is None else ratio(mine, other)
