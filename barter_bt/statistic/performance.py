"""Figures of the equity curve: the period, its returns and their risk."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np

from barter_bt.statistic.curve import Curve, ratio, stated
from barter_bt.statistic.figure import figure
from barter_bt.statistic.interval import CALENDAR_YEAR_NS
from barter_bt.statistic.tables import total


@figure("Start", "time", "Period", sample="marks", key=True)
def start(curve: Curve) -> datetime:
    """Time of the first mark of equity that is not null."""
    return _moment(curve.times[0])


@figure("End", "time", "Period", sample="marks", key=True)
def end(curve: Curve) -> datetime:
    """Time of the last mark of equity that is not null."""
    return _moment(curve.times[-1])


@figure("Duration", "duration", "Period", sample="marks", key=True)
def duration(curve: Curve) -> timedelta:
    """End - start."""
    return length(curve.span_ns)


@figure("Sampling", "text", "Period", key=True)
def sampling(curve: Curve) -> str:
    """Interval at whose ends equity is sampled for returns: the one asked for, else the longest of 1d, 1h, 1m, 1s of
    which the run holds at least two (1s if none); edges are its multiples since 1970, of whole days midnights of the
    time zone, else in UTC; a sample is the last mark at or before an edge, edges without a new mark give none, and the
    first and last marks are samples too. "session" has the closes of the run's trading sessions as edges, and then one
    return counts as one of a day where figures are stated for a number of days.
    """
    return curve.sampled


@figure("Days of", "text", "Period")
def time_zone(curve: Curve) -> str:
    """Time zone whose midnights days end at: the one asked for, else that of the data if all of it declares the same,
    else UTC; a mark exactly at midnight belongs to the day before.
    """
    return curve.time_zone


@figure("Returns", "count", "Period")
def samples(curve: Curve) -> int:
    """Number n of returns r = (sample / previous sample) - 1, net of deposits as in `total_return`; r is not defined
    where the previous sample is not above 0, and then nothing is that needs every r.
    """
    return len(curve.rows) - 1


@figure("Stated for", "text", "Period")
def interval(curve: Curve) -> str:
    """Interval that figures are stated for: "actual" is a year of 365 days with as many returns as were really there,
    "annual_252" and "annual_365" so many days of returns, "daily" one, else the length given.
    """
    return curve.interval


@figure("Returns in it", "ratio", "Period")
def periods(curve: Curve) -> float | None:
    """Returns in the stated interval: n / ((end - start) / 365 days) for "actual", else interval / sampling; where most
    samples lie more than one edge apart, since marks do, interval / the time between samples (the lower median).
    """
    return curve.periods


@figure("Equity at start", "money", "Return", sample="marks", key=True)
def equity_start(curve: Curve) -> float:
    """First mark of equity that is not null."""
    return float(curve.money[0])


@figure("Equity at end", "money", "Return", sample="marks", key=True)
def equity_end(curve: Curve) -> float:
    """Last mark of equity that is not null."""
    return float(curve.money[-1])


@figure("Total return", "fraction", "Return", sample="marks", key=True)
def total_return(curve: Curve) -> float | None:
    """Equity at end / equity at start - 1; not defined where equity at start is not above 0. As in all figures of
    returns and drawdowns, equity is net of deposits and withdrawals: each is scaled out at the equity just before it,
    so that growth from one to the next is linked, and none is a gain or a loss.
    """
    growth = _growth(curve)
    return None if growth is None else growth - 1.0


@figure("Return ({per})", "fraction", "Return", sample="marks", key=True)
def annual_return(curve: Curve) -> float | None:
    """(equity at end / equity at start) ^ (returns in the interval / n) - 1: -1 after a total loss, not defined where
    equity ends below 0 or does not start above it, or the power is above 366: what less than a day has made says
    nothing of a year.
    """
    growth, count = _growth(curve), len(curve.rows) - 1
    return None if growth is None or not curve.periods or not count else stated(growth, curve.periods / count)


@figure("CAGR", "fraction", "Return", sample="marks")
def cagr(curve: Curve) -> float | None:
    """(equity at end / equity at start) ^ (365.25 days / (end - start)) - 1: compound annual growth by calendar years,
    whatever the stated interval; -1 after a total loss, not defined where equity ends below 0 or does not start above
    it, or the power is above 366.
    """
    growth, years = _growth(curve), curve.span_ns / CALENDAR_YEAR_NS
    return None if growth is None or not years else stated(growth, 1.0 / years)


@figure("Equity at its peak", "money", "Return", sample="marks")
def equity_peak(curve: Curve) -> float:
    """Highest mark of equity, deposits included."""
    return float(curve.money.max())


@figure("Best day", "fraction", "Return", sample="days")
def best_day(curve: Curve) -> float | None:
    """Highest return of a day of the time zone; the first and the last may be parts of a day, one that begins with an
    equity that is not above 0 has none.
    """
    return float(curve.days.max()) if len(curve.days) else None


@figure("Worst day", "fraction", "Return", sample="days")
def worst_day(curve: Curve) -> float | None:
    """Lowest return of a day of the time zone; the first and the last may be parts of a day, one that begins with an
    equity that is not above 0 has none.
    """
    return float(curve.days.min()) if len(curve.days) else None


@figure("Volatility ({per})", "fraction", "Risk", key=True)
def volatility(curve: Curve) -> float | None:
    """Standard deviation of r, with n - 1 in the divisor, times sqrt(returns in the interval); 0 where all r are
    equal but for rounding (1e-14).
    """
    return _scaled(curve.deviation, curve)


@figure("Downside deviation ({per})", "fraction", "Risk", source="Sortino, van der Meer (1991)")
def downside_deviation(curve: Curve) -> float | None:
    """sqrt(mean of min(r - f, 0)^2 over all n) times sqrt(returns in the interval), f = rate without risk per return:
    (1 + yearly rate) ^ (1 / returns in a year) - 1.
    """
    return _scaled(curve.downside, curve)


@figure("Sharpe ratio ({per})", "ratio", "Risk", source="Sharpe (1994)", key=True)
def sharpe(curve: Curve) -> float | None:
    """Mean of (r - f) / standard deviation of r, times sqrt(returns in the interval); f is 0 unless given."""
    return _scaled(_sharpe(curve), curve)


@figure("Sortino ratio ({per})", "ratio", "Risk", source="Sortino, van der Meer (1991)", key=True)
def sortino(curve: Curve) -> float | None:
    """Mean of (r - f) / sqrt(mean of min(r - f, 0)^2 over all n), times sqrt(returns in the interval)."""
    return _scaled(None if curve.downside is None else ratio(curve.mean, curve.downside), curve)


@figure("Omega ratio", "ratio", "Risk", source="Keating, Shadwick (2002)")
def omega(curve: Curve) -> float | None:
    """Sum of max(r - f, 0) / sum of max(f - r, 0)."""
    return ratio(total(np.maximum(curve.excess, 0.0)), total(np.maximum(-curve.excess, 0.0)))


@figure("Value at risk (95 %)", "fraction", "Risk", source="historical simulation")
def value_at_risk(curve: Curve) -> float | None:
    """Loss that 95 of 100 returns did not exceed: -(5 % quantile of r), linear between neighbours."""
    return -curve.low_tail if len(curve.returns) > 1 else None


@figure("Expected shortfall (95 %)", "fraction", "Risk", source="Rockafellar, Uryasev (2000)")
def expected_shortfall(curve: Curve) -> float | None:
    """Mean loss of the returns at or below the 5 % quantile."""
    if len(curve.returns) < 2:
        return None
    worst = curve.returns[curve.returns <= curve.low_tail]
    return -total(worst) / len(worst)


@figure("Skewness", "ratio", "Risk", source="Joanes, Gill (1998), G1")
def skew(curve: Curve) -> float | None:
    """n / ((n - 1) (n - 2)) times the sum of ((r - mean) / standard deviation)^3."""
    sums, n = curve.moments, len(curve.returns)
    return None if sums is None or n < 3 else sums[0] * n / ((n - 1) * (n - 2))


@figure("Excess kurtosis", "ratio", "Risk", source="Joanes, Gill (1998), G2")
def kurtosis(curve: Curve) -> float | None:
    """n (n + 1) / ((n - 1) (n - 2) (n - 3)) times the sum of ((r - mean) / standard deviation)^4, less
    3 (n - 1)^2 / ((n - 2) (n - 3)); that of a normal distribution is 0.
    """
    sums, n = curve.moments, len(curve.returns)
    if sums is None or n < 4:
        return None
    return (sums[1] * n * (n + 1) / (n - 1) - 3.0 * (n - 1) ** 2) / ((n - 2) * (n - 3))


@figure("Probability that Sharpe > 0", "fraction", "Risk", source="Bailey, López de Prado (2012)")
def probabilistic_sharpe(curve: Curve) -> float | None:
    """Normal distribution at s sqrt(n - 1) / sqrt(1 - g s + (k + 2) / 4 s^2): s is the Sharpe ratio per return, g the
    skewness and k the excess kurtosis of r. It knows nothing of how many runs were tried before.
    """
    s, g, k = _sharpe(curve), skew(curve), kurtosis(curve)
    return None if s is None or g is None or k is None else probability_above(s, 0.0, len(curve.returns), g, k)


def probability_above(sharpe: float, benchmark: float, n: int, skew: float, kurtosis: float) -> float | None:
    """Probability that a Sharpe ratio, estimated from n returns, is truly above another; None if undefined."""
    spread = sharpe_spread(sharpe, skew, kurtosis)
    return normal((sharpe - benchmark) * math.sqrt((n - 1) / spread)) if spread > 0 else None


def sharpe_spread(sharpe: float, skew: float, kurtosis: float) -> float:
    """Variance of an estimate of the Sharpe ratio, times n - 1."""
    return 1.0 - skew * sharpe + (kurtosis + 2.0) / 4.0 * sharpe * sharpe


def normal(z: float) -> float:
    """The normal distribution's probability of at most ``z``.

    Examples
    --------
    >>> normal(0.0)
    0.5
    """
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def length(span_ns: int) -> timedelta:
    """Nanoseconds as a duration, cut to microseconds."""
    return timedelta(microseconds=int(span_ns) // 1000)


def _moment(time_ns: np.int64) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(time_ns) // 1000)


def _growth(curve: Curve) -> float | None:
    return ratio(float(curve.values[-1]), float(curve.values[0])) if curve.values[0] > 0 else None


def _sharpe(curve: Curve) -> float | None:
    return None if curve.deviation is None else ratio(curve.mean, curve.deviation)


def _scaled(value: float | None, curve: Curve) -> float | None:
    return None if value is None or not curve.periods else value * math.sqrt(curve.periods)
