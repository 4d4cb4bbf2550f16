"""The stationary bootstrap: which rows a resampled series takes, and how long its blocks should be."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from barter_bt.errors import ConfigError, DataError
from barter_bt.statistic.tables import Floats, Integers


def stationary_rows(n: int, samples: int, block: float, seed: int = 0) -> Iterator[Integers]:
    """Rows of series that are drawn by the stationary bootstrap, one series after the other.

    A block starts anywhere, is continued with probability 1 - 1 / ``block`` and goes round at the end, so that what
    depends on its past still does. Rows of several columns that are drawn together stay together.

    Source: D. N. Politis, J. P. Romano, "The stationary bootstrap", Journal of the American Statistical Association
    89 (1994).

    Parameters
    ----------
    n
        Observations of the series, and of each that is drawn.
    samples
        How many series.
    block
        Mean length of a block, at least 1; :func:`block_length` estimates it.
    seed
        The same seed gives the same rows.

    Returns
    -------
    iterator of numpy.ndarray
        int64, shape (n,), from 0 to n - 1.

    Raises
    ------
    ConfigError
        A number is out of range.

    Examples
    --------
    >>> [rows.tolist() for rows in stationary_rows(4, 2, 3.0, seed=2)]
    [[1, 2, 3, 2], [1, 2, 1, 2]]
    """
    if n < 1 or samples < 0 or not block >= 1:
        raise ConfigError(f"n is {n}, samples {samples} and block {block}; allowed: from 1, from 0 and from 1")
    return _drawn(n, samples, block, seed)


def _drawn(n: int, samples: int, block: float, seed: int) -> Iterator[Integers]:
    random, column = np.random.default_rng(seed), np.arange(n)
    for _ in range(samples):
        fresh = random.random(n) < 1.0 / block
        fresh[0] = True
        since = np.maximum.accumulate(np.where(fresh, column, 0))
        rows: Integers = (random.integers(0, n, n)[since] + column - since) % n
        yield rows


def block_length(values: Floats) -> float:
    """Mean length of blocks at which the stationary bootstrap estimates the variance of a mean best.

    Source: D. N. Politis, H. White, "Automatic block-length selection for the dependent bootstrap", Econometric Reviews
    23 (2004), with the correction of A. Patton, D. N. Politis, H. White, Econometric Reviews 28 (2009). The lag from
    which autocorrelations are negligible is the first of a row of negligible ones, as usual implementations have it.

    Parameters
    ----------
    values
        float64, shape (observations,), from one moment to the next.

    Returns
    -------
    float
        From 1 (no dependence) to the lower of 3 sqrt(n) and n / 3, but 1 at least; 1 where nothing varies.

    Raises
    ------
    DataError
        It has another shape, or holds what is no finite number.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=1_000)
    >>> round(block_length(noise), 1), round(block_length(np.convolve(noise, np.ones(10), "valid")), 1)
    (1.1, 25.0)
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError(f"values of shape {values.shape}; allowed: one dimension, finite numbers")
    most = float(max(1, math.ceil(min(3.0 * math.sqrt(n), n / 3))))
    apart = values - values.mean()
    if n < 4 or np.ptp(values) <= 1e-14 * (1.0 + abs(float(values.mean()))):
        return 1.0
    row = max(5, int(math.log10(n)))
    lags = min(math.ceil(math.sqrt(n)) + row, n - 1)
    covariances = np.array([float(apart[k:] @ apart[: n - k]) / n for k in range(lags + 1)])
    negligible = np.abs(covariances / covariances[0]) < 2.0 * math.sqrt(math.log10(n) / n)
    first = next((k for k in range(1, lags - row + 1) if negligible[k : k + row].all()), lags)
    width = min(2 * first, lags)
    lag = np.arange(1, width + 1)
    taper = np.minimum(1.0, 2.0 * (1.0 - lag / width)) * covariances[1 : width + 1]
    slope, spectrum = 2.0 * float(lag @ taper), float(covariances[0]) + 2.0 * float(taper.sum())
    if spectrum == 0.0:
        return most
    found: float = max(1.0, (slope / spectrum) ** 2 * n) ** (1 / 3)
    return min(found, most)
