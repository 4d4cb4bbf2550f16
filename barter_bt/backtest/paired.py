"""Several equity curves at the same times: their returns, correlation, and a test of their Sharpe ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl

from barter_bt.statistic.interval import YEAR_NS
from barter_bt.statistic.tables import Floats, nanoseconds

_TIME = pl.Datetime("ns", "UTC")
_NOTHING = 1e-12
"""A variance below this is the rounding of the figures that it was computed from."""


def joined(curves: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Put equity curves side by side: ``time`` and one column for each, null where a curve has no mark.

    Examples
    --------
    >>> a = pl.DataFrame({"time": [1, 2], "equity": [5.0, 6.0]}).cast({"time": pl.Datetime("ns", "UTC")})
    >>> joined({"a": a, "b": a.tail(1)})["b"].to_list()
    [None, 6.0]
    """
    times = pl.concat([curve["time"].cast(_TIME) for curve in curves.values()]).unique().sort()
    at = nanoseconds(times)
    columns = []
    for name, curve in curves.items():
        rows = np.full(len(at), -1, np.int64)
        rows[np.searchsorted(at, nanoseconds(curve["time"]))] = np.arange(curve.height)
        columns.append(curve["equity"].gather(pl.Series(rows).set(pl.Series(rows < 0), None)).alias(name))
    return pl.DataFrame([times.alias("time"), *columns])


def correlation(changes: pl.DataFrame) -> pl.DataFrame:
    """Pearson correlation of each pair of columns of returns made together; null where one of them never changes.

    Examples
    --------
    >>> changes = pl.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.3, 0.2, 0.1]})
    >>> correlation(changes)["b"].round(9).to_list()
    [-1.0, 1.0]
    """
    names, values = _complete(changes)
    matrix = _correlation(values)
    columns = {name: pl.Series(matrix[:, k]).fill_nan(None) for k, name in enumerate(names)}
    return pl.DataFrame({"run": names, **columns}, schema_overrides=dict.fromkeys(names, pl.Float64))


def sharpe_tests(changes: pl.DataFrame) -> pl.DataFrame:
    r"""Test for each pair of runs whether their Sharpe ratios differ: Jobson and Korkie (1981), as corrected by Memmel.

    With T returns, Sharpe ratios a and b per interval and the correlation r of the returns, the difference a - b has
    asymptotically the variance (2 (1 - r) + (a² + b² - 2 a b r²) / 2) / T; z is the difference over its square root.

    Sources: J. D. Jobson, B. M. Korkie, "Performance hypothesis testing with the Sharpe and Treynor measures",
    Journal of Finance 36 (1981); C. Memmel, "Performance hypothesis testing with the Sharpe ratio", Finance Letters 1
    (2003). The interest rate is 0.

    The test assumes that the returns of both runs together are normal, the same at all times and independent from one
    interval to the next, and that there are many (hundreds rather than tens). Fat tails and serial dependence make
    its p-values too small (O. Ledoit, M. Wolf, "Robust performance hypothesis testing with the Sharpe ratio", Journal
    of Empirical Finance 15 (2008)). It knows nothing of how many runs were tried before these were chosen.

    Parameters
    ----------
    changes
        What :func:`~barter_bt.statistic.against.returns_together` gave.

    Returns
    -------
    polars.DataFrame
        ``run``, ``other``, ``samples``, ``sharpe``, ``sharpe_other``, ``difference`` (all three annualised), ``z`` and
        the two-sided ``p_value``; null with fewer than three returns, where a curve never changes, and where the
        returns of one run are a constant multiple of the other's.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> days = pl.Series(np.arange(301) * 86_400_000_000_000).cast(pl.Datetime("ns", "UTC"))
    >>> time = {"time_start": days[:-1], "time": days[1:]}
    >>> noise = random.normal(0, 0.01, (2, 300))
    >>> changes = pl.DataFrame({**time, "good": noise[0] + 0.01, "bad": noise[1] - 0.01})
    >>> sharpe_tests(changes)["p_value"].item() < 0.001
    True
    """
    names, values = _complete(changes)
    count = values.shape[0]
    one, two = np.triu_indices(len(names), 1)
    matrix = _correlation(values)
    ratios = np.full(len(names), np.nan)
    varied = np.flatnonzero(~np.isnan(np.diag(matrix)))
    if len(varied):
        ratios[varied] = values[:, varied].mean(axis=0) / values[:, varied].std(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b, r = ratios[one], ratios[two], matrix[one, two]
        variance = 2.0 * (1.0 - r) + 0.5 * (a * a + b * b - 2.0 * a * b * r * r)
        z = np.where(variance > _NOTHING, (a - b) * math.sqrt(count) / np.sqrt(variance), np.nan)
    yearly = math.sqrt(_per_year(changes))
    chance = [math.erfc(abs(each) / math.sqrt(2.0)) for each in z.tolist()]
    return pl.DataFrame(
        {
            "run": [names[k] for k in one],
            "other": [names[k] for k in two],
            "samples": np.full(len(one), count, np.int64),
            "sharpe": a * yearly,
            "sharpe_other": b * yearly,
            "difference": (a - b) * yearly,
            "z": z,
            "p_value": pl.Series(chance, dtype=pl.Float64),
        },
        schema_overrides={"run": pl.String, "other": pl.String},
    ).fill_nan(None)


def _complete(changes: pl.DataFrame) -> tuple[list[str], Floats]:
    """The names, and the returns of the times at which all runs have one."""
    whole = changes.drop("time_start", "time", strict=False).drop_nulls()
    return whole.columns, whole.to_numpy().astype(np.float64, copy=False).reshape(whole.height, whole.width)


def _correlation(values: Floats) -> Floats:
    """Correlations of columns; NaN for those that never change, and for fewer than three rows."""
    if values.shape[0] < 3:
        return np.full((values.shape[1], values.shape[1]), np.nan)
    spread = values.max(axis=0) - values.min(axis=0)
    flat = spread <= 1e-14 * (1.0 + np.abs(values.mean(axis=0)))
    centred = values - values.mean(axis=0)
    length = np.where(flat, np.nan, np.sqrt((centred * centred).sum(axis=0)))
    with np.errstate(invalid="ignore"):
        matrix: Floats = np.clip((centred.T @ centred) / np.outer(length, length), -1.0, 1.0)
    return matrix


def _per_year(changes: pl.DataFrame) -> float:
    """Returns in a year of 365 days."""
    start, end = nanoseconds(changes["time_start"]), nanoseconds(changes["time"])
    return changes.height * YEAR_NS / int(end[-1] - start[0]) if changes.height else math.nan
