"""What a Sharpe ratio is worth: its own uncertainty, and how many were tried before it was chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from barter_bt.errors import ConfigError
from barter_bt.research.overfitting.matrix import Matrix, Returns, matrix_of, series_of
from barter_bt.statistic import performance
from barter_bt.statistic.calendar import DAY_NS
from barter_bt.statistic.curve import Curve, ratio

_EULER = 0.5772156649015329
_NORMAL = NormalDist()


@dataclass(frozen=True)
class SharpeEstimate:
    """A Sharpe ratio per return, and what its uncertainty follows from.

    Every function that takes returns takes this in their place, for a Sharpe ratio that somebody else states.

    Attributes
    ----------
    sharpe
        Mean / standard deviation of one return: a yearly one over the root of the returns in a year.
    observations
        Number of returns.
    skew, excess_kurtosis
        Of the returns; 0 are those of a normal distribution.

    Examples
    --------
    >>> stated = SharpeEstimate(sharpe=1.5 / 252**0.5, observations=3 * 252)
    >>> round(probabilistic_sharpe(stated), 4)
    0.9952
    """

    sharpe: float
    observations: int
    skew: float = 0.0
    excess_kurtosis: float = 0.0


def sharpe_estimate(returns: Returns | SharpeEstimate) -> SharpeEstimate | None:
    """Estimate the Sharpe ratio of returns and its moments, defined as the figures of a run are; None if undefined.

    Examples
    --------
    >>> sharpe_estimate([0.02, -0.01, 0.03, 0.0]).observations
    4
    """
    if isinstance(returns, SharpeEstimate):
        return returns
    values = series_of(returns)
    rows = np.arange(len(values) + 1)
    curve = Curve(rows * DAY_NS, np.ones(len(rows)))
    curve.__dict__.update(rows=rows, changes=values)
    skew, kurtosis = performance.skew(curve), performance.kurtosis(curve)
    sharpe = None if curve.deviation is None else ratio(curve.mean, curve.deviation)
    if sharpe is None or skew is None or kurtosis is None:
        return None
    return SharpeEstimate(sharpe, len(values), skew, kurtosis)


def probabilistic_sharpe(returns: Returns | SharpeEstimate, benchmark: float = 0.0) -> float | None:
    r"""Probability that the true Sharpe ratio is above a benchmark, given how long and how normal the returns are.

    .. math:: \Phi\left(\frac{(s - s^*)\sqrt{n - 1}}{\sqrt{1 - g s + (k + 2) s^2 / 4}}\right)

    Parameters
    ----------
    returns
        Returns of one configuration, or a :class:`SharpeEstimate` s of n returns with skewness g and excess kurtosis k.
    benchmark
        Sharpe ratio per return.

    Returns
    -------
    float or None
        None where returns do not vary, or are fewer than four.

    Notes
    -----
    Source: D. Bailey, M. López de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15 (2012). It assumes
    that returns do not depend on each other.

    Examples
    --------
    >>> round(probabilistic_sharpe(np.random.default_rng(2).normal(0.1, 1.0, 500)), 3)
    0.848
    """
    found = sharpe_estimate(returns)
    if found is None:
        return None
    return performance.probability_above(found.sharpe, benchmark, found.observations, found.skew, found.excess_kurtosis)


def expected_maximum_sharpe(trials: float, deviation: float) -> float:
    r"""Sharpe ratio that the best of so many trials without skill is expected to have.

    .. math:: \sigma \left((1 - \gamma) \Phi^{-1}(1 - 1/N) + \gamma \Phi^{-1}(1 - 1/(N e))\right)

    Parameters
    ----------
    trials
        How many N, independent of each other: see :func:`effective_trials`.
    deviation
        Standard deviation of their Sharpe ratios; the result is in its unit.

    Notes
    -----
    Source: D. Bailey, M. López de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40 (2014). It is
    an approximation for many trials; for 2 it is 8 % too low. One trial is expected at 0.

    Examples
    --------
    >>> round(expected_maximum_sharpe(100, 1.0), 2)
    2.53
    """
    if not 1 <= trials < math.inf or not 0 <= deviation < math.inf:
        raise ConfigError(f"trials is {trials} and deviation {deviation}; allowed: from 1, and from 0", None)
    if trials == 1:
        return 0.0
    inverse = _NORMAL.inv_cdf
    high, higher = inverse(1 - 1 / trials), inverse(1 - 1 / (trials * math.e))
    return deviation * ((1 - _EULER) * high + _EULER * higher)


def deflated_sharpe(returns: Returns | SharpeEstimate, trials: float, deviation: float) -> float | None:
    """Probability that the true Sharpe ratio is above what the best of so many trials without skill would show.

    Parameters
    ----------
    returns
        Returns of the chosen configuration, or a :class:`SharpeEstimate`.
    trials, deviation
        As for :func:`expected_maximum_sharpe`, the deviation per return as well. A
        :class:`~barter_bt.research.Study` knows both.

    Notes
    -----
    Source: D. Bailey, M. López de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40 (2014). Where
    trials resemble each other, their number is too high and the probability too low.

    Examples
    --------
    The example of the paper: a yearly Sharpe ratio of 2.5 from five years of daily returns with skewness -3 and
    kurtosis 10, the best of 100 trials whose yearly Sharpe ratios vary by 1/2:

    >>> best = SharpeEstimate(2.5 / 250**0.5, 1250, skew=-3, excess_kurtosis=7)
    >>> round(deflated_sharpe(best, trials=100, deviation=(0.5 / 250) ** 0.5), 4)
    0.9004
    """
    return probabilistic_sharpe(returns, expected_maximum_sharpe(trials, deviation))


def minimum_track_record(
    returns: Returns | SharpeEstimate, benchmark: float = 0.0, confidence: float = 0.95
) -> int | None:
    """How many returns like these it takes until the probabilistic Sharpe ratio reaches a confidence.

    Parameters
    ----------
    returns, benchmark
        As for :func:`probabilistic_sharpe`.
    confidence
        Above 0.5, below 1.

    Returns
    -------
    int or None
        None where the Sharpe ratio is not above the benchmark: no record is long enough.

    Notes
    -----
    Source: D. Bailey, M. López de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15 (2012).

    Examples
    --------
    >>> minimum_track_record(SharpeEstimate(0.1, 100))
    273
    """
    if not 0.5 < confidence < 1:
        raise ConfigError(f"confidence is {confidence}; allowed: above 0.5, below 1", "0.95 is usual")
    found = sharpe_estimate(returns)
    if found is None or found.sharpe <= benchmark:
        return None
    spread = performance.sharpe_spread(found.sharpe, found.skew, found.excess_kurtosis)
    needed = 1 + spread * (_NORMAL.inv_cdf(confidence) / (found.sharpe - benchmark)) ** 2
    return math.ceil(needed) if spread > 0 and math.isfinite(needed) else None


def minimum_backtest_years(trials: float, sharpe: float = 1.0) -> float:
    """Years of data below which the best of so many trials without skill is expected to show a yearly Sharpe ratio.

    Notes
    -----
    Source: D. Bailey, J. Borwein, M. López de Prado, Q. J. Zhu, "Pseudo-mathematics and financial charlatanism",
    Notices of the AMS 61 (2014).

    Examples
    --------
    The paper's example: with five years of data, no more than 45 configurations should be tried.

    >>> round(minimum_backtest_years(45), 1)
    5.0
    """
    if not 0 < sharpe < math.inf:
        raise ConfigError(f"sharpe is {sharpe}; it must be above 0")
    return (expected_maximum_sharpe(trials, 1.0) / sharpe) ** 2


def effective_trials(returns: Matrix) -> float:
    r"""Number of independent trials that resembling ones are worth, by their mean correlation.

    .. math:: \bar\rho + (1 - \bar\rho) N

    Parameters
    ----------
    returns
        Observations x configurations, as for :func:`~barter_bt.research.probability_of_overfitting`.

    Returns
    -------
    float
        From 1 to N: a mean correlation below 0 counts as 0; configurations that do not vary are correlated with none.

    Notes
    -----
    Source: D. Bailey, M. López de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40 (2014),
    appendix 3. It is a rule of thumb: one number cannot say that there are two kinds of configurations.

    Examples
    --------
    >>> one = np.random.default_rng(3).normal(size=(500, 1))
    >>> round(effective_trials(np.hstack([one, one, one])), 6)
    1.0
    """
    values, names = matrix_of(returns)
    count = len(names)
    if count == 1:
        return 1.0
    apart = values - values.mean(axis=0)
    size = np.sqrt((apart * apart).sum(axis=0))
    standard = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
    varying = int((size > 0).sum())
    whole = standard.sum(axis=1)
    mean = (float(whole @ whole) - varying) / (count * (count - 1))
    return min(max(mean + (1 - mean) * count, 1.0), float(count))
