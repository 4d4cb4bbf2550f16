"""Whether the best of many beats a benchmark by more than luck: White's reality check, Hansen's test."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from barter_bt.errors import ConfigError, DataError
from barter_bt.research.overfitting.matrix import Matrix, Returns, matrix_of, series_of
from barter_bt.statistic.blocks import block_length, stationary_rows
from barter_bt.statistic.tables import Floats

_AT_ONCE = 256
"""Draws, or configurations, that are worked on at once."""
_FLAT = 1e-14


@dataclass(frozen=True)
class RealityCheck:
    """Result of :func:`reality_check`.

    Attributes
    ----------
    best
        The configuration with the highest mean.
    statistic
        Its mean beyond the benchmark, times the root of the number of observations.
    p_value
        Part of the resampled worlds without skill in which the best is at least as good.
    block
        Mean length of the blocks.
    """

    best: str | int
    statistic: float
    p_value: float
    block: float


@dataclass(frozen=True)
class SuperiorPredictiveAbility:
    """Result of :func:`superior_predictive_ability`.

    Attributes
    ----------
    best
        The configuration with the highest mean beyond the benchmark, in standard errors.
    statistic
        That, 0 at least.
    lower, consistent, upper
        *p* values. The consistent one is the test; the others bound what it would be if all bad configurations counted
        for nothing, or as much as those that are as good as the benchmark.
    block
        Mean length of the blocks.
    """

    best: str | int
    statistic: float
    lower: float
    consistent: float
    upper: float
    block: float


def reality_check(
    returns: Matrix,
    benchmark: Returns | None = None,
    *,
    samples: int = 1_000,
    block: float | None = None,
    seed: int = 0,
) -> RealityCheck:
    """White's reality check: whether the best of all configurations beats the benchmark by more than luck.

    Parameters
    ----------
    returns
        Observations x configurations, all that were tried, as for
        :func:`~barter_bt.research.probability_of_overfitting`.
    benchmark
        Returns of the same times; by default 0, an account that does nothing.
    samples
        How many times rows are drawn, all configurations alike, by the stationary bootstrap.
    block
        Mean length of a block of rows; by default the longest that any configuration needs, by
        :func:`~barter_bt.research.block_length`.
    seed
        The same seed gives the same result.

    Raises
    ------
    DataError
        The matrix looks transposed, is too small or has numbers that are not finite; the benchmark has another length.
    ConfigError
        A number is out of range.

    Notes
    -----
    Source: H. White, "A reality check for data snooping", Econometrica 68 (2000), with the stationary bootstrap of
    D. N. Politis and J. P. Romano (1994). Bad configurations make it too careful, and wild ones drown the others:
    :func:`superior_predictive_ability` mends both. It assumes that returns are stationary.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(500, 20))
    >>> reality_check(noise).p_value > 0.05, reality_check(noise + 0.3).p_value < 0.01
    (True, True)
    """
    beyond, names = _beyond(returns, benchmark, samples)
    length = _block(beyond, block)
    scale = math.sqrt(len(beyond))
    mean = beyond.mean(axis=0)
    best = int(mean.argmax())
    highest = np.concatenate([(means - mean).max(axis=1) for means in _means(beyond, samples, length, seed)])
    return RealityCheck(names[best], scale * float(mean[best]), _part(highest, float(mean[best])), length)


def superior_predictive_ability(
    returns: Matrix,
    benchmark: Returns | None = None,
    *,
    samples: int = 1_000,
    block: float | None = None,
    seed: int = 0,
) -> SuperiorPredictiveAbility:
    """Hansen's test of superior predictive ability: White's, in standard errors and without what is clearly bad.

    Parameters
    ----------
    returns, benchmark, samples, block, seed
        As for :func:`reality_check`. A configuration that never differs from the benchmark does not count.

    Raises
    ------
    DataError, ConfigError
        As for :func:`reality_check`; or nothing differs from the benchmark.

    Notes
    -----
    Source: P. R. Hansen, "A test for superior predictive ability", Journal of Business & Economic Statistics 23 (2005).
    Standard errors are those of the stationary bootstrap itself, which have a closed form.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(500, 20))
    >>> found = superior_predictive_ability(noise + 0.3 * (np.arange(20) == 4))
    >>> found.best, found.consistent < 0.01
    (4, True)
    """
    beyond, names = _beyond(returns, benchmark, samples)
    n, length = len(beyond), _block(beyond, block)
    kept = np.flatnonzero(np.ptp(beyond, axis=0) > _FLAT)
    if not len(kept):
        raise DataError("returns: no configuration differs from the benchmark", "these configurations never trade")
    beyond, names = beyond[:, kept], tuple(names[k] for k in kept)
    mean, error = beyond.mean(axis=0), _standard_error(beyond, length)
    scores = mean / error
    best, statistic = int(scores.argmax()), max(0.0, float(scores.max()))
    bad = scores < -math.sqrt(2.0 * math.log(math.log(n)))
    centres = np.maximum(mean, 0.0), np.where(bad, 0.0, mean), mean
    drawn = _means(beyond, samples, length, seed)
    highest = np.concatenate([[((means - g) / error).max(axis=1) for g in centres] for means in drawn], axis=1)
    lower, consistent, upper = (_part(np.maximum(row, 0.0), statistic) for row in highest)
    return SuperiorPredictiveAbility(names[best], statistic, lower, consistent, upper, length)


def _beyond(returns: Matrix, benchmark: Returns | None, samples: int) -> tuple[Floats, tuple[str | int, ...]]:
    """Returns beyond the benchmark."""
    values, names = matrix_of(returns, observations=10)
    if samples < 1:
        raise ConfigError(f"samples is {samples}; it must be at least 1", "1,000 are usual")
    if benchmark is None:
        return values, names
    other = series_of(benchmark, "benchmark")
    if len(other) != len(values):
        raise DataError(
            f"benchmark has {len(other):,} observations, returns has {len(values):,}; they must be the same"
        )
    found: Floats = values - other[:, None]
    return found, names


def _block(beyond: Floats, block: float | None) -> float:
    if block is None:
        return max(block_length(column) for column in beyond.T)
    if not 1 <= block <= len(beyond):
        raise ConfigError(f"block is {block}; allowed: from 1 to the {len(beyond):,} observations")
    return float(block)


def _means(beyond: Floats, samples: int, block: float, seed: int) -> Iterator[Floats]:
    """Means of resampled rows, shape (some samples, configurations): how often each row is drawn, times its returns."""
    n = len(beyond)
    rows = stationary_rows(n, samples, block, seed)
    for first in range(0, samples, _AT_ONCE):
        drawn = [np.bincount(next(rows), minlength=n) for _ in range(min(_AT_ONCE, samples - first))]
        means: Floats = np.array(drawn, dtype=np.float64) @ beyond
        means /= n
        yield means


def _standard_error(beyond: Floats, block: float) -> Floats:
    """Of means under the stationary bootstrap, in closed form; autocovariances by the Fourier transform."""
    n = len(beyond)
    lag, stay = np.arange(1, n)[:, None], 1.0 - 1.0 / block
    weights = (1.0 - lag / n) * stay**lag + lag / n * stay ** (n - lag)
    apart = beyond - beyond.mean(axis=0)
    found = np.empty(beyond.shape[1])
    for first in range(0, len(found), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        spectrum = np.fft.rfft(apart[:, some], 2 * n, axis=0)
        covariances = np.fft.irfft(spectrum * spectrum.conj(), 2 * n, axis=0)[:n] / n
        variance = covariances[0] + 2.0 * (weights * covariances[1:]).sum(axis=0)
        found[some] = np.sqrt(np.maximum(variance, 1e-6 * covariances[0]) / n)
    return found


def _part(drawn: Floats, statistic: float) -> float:
    """Part of the draws that reach the statistic, the observed one among them: no p value is 0."""
    return (1 + int((drawn >= statistic).sum())) / (1 + len(drawn))
