"""How far a figure could be off by luck: its distribution over resampled returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.blocks import block_length, stationary_rows
from barter_bt.statistic.curve import Curve, curve_of_run
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.interval import ACTUAL
from barter_bt.statistic.tables import Floats, Integers, Tables

_FIGURES = ("annual_return", "volatility", "sharpe", "sortino", "max_drawdown")
_FEWEST = 10
CURVES, CONFIDENCE = 1_000, 0.95


def bootstrap(
    run: Tables,
    figures: Sequence[str] = _FIGURES,
    *,
    samples: int = CURVES,
    confidence: float = CONFIDENCE,
    block: float | Literal["automatic"] | None = None,
    seed: int = 0,
    sampling: str | None = None,
    interval: str = ACTUAL,
    risk_free: float = 0.0,
    time_zone: str | None = None,
) -> pl.DataFrame:
    r"""Confidence intervals of figures of the equity curve, by the stationary bootstrap.

    Returns are drawn again in blocks, which keeps their dependence from one to the next: a block starts anywhere, is
    continued with probability 1 - 1 / ``block`` and goes round at the end. The interval holds the middle of the
    figures of the resampled curves (percentile method).

    Source: D. N. Politis, J. P. Romano, "The stationary bootstrap", Journal of the American Statistical Association
    89 (1994). It assumes that the returns are stationary and that the sample is long beside their dependence. It knows
    nothing of how many runs were tried.

    Parameters
    ----------
    run
        The run.
    figures
        Figures of the equity curve. Falls from a peak are those between the samples, so that of the run itself can be
        deeper.
    samples
        How many curves are drawn.
    confidence
        Part of them inside the interval.
    block
        Mean length of a block; by default the cube root of the number of returns. "automatic" estimates it from their
        dependence (D. N. Politis, H. White, 2004).
    seed
        The same seed gives the same intervals.
    sampling, interval, risk_free, time_zone
        As for :func:`~barter_bt.statistic.summary.summarise`.

    Returns
    -------
    polars.DataFrame
        ``figure``, ``value`` (of the samples as they were), ``low``, ``high``, ``samples`` (curves in which it is
        defined). Without at least 10 returns the interval is null.

    Raises
    ------
    ConfigError
        A figure is unknown or is not of the equity curve; a number is out of range.
    """
    for name in figures:
        if name not in FIGURES or FIGURES[name].needs != "curve" or FIGURES[name].unit not in ("fraction", "ratio"):
            good = ", ".join(n for n, f in FIGURES.items() if f.needs == "curve" and f.unit in ("fraction", "ratio"))
            raise ConfigError(f"figure {name!r} cannot be resampled", f"possible are {good}")
    if not 0 < confidence < 1 or samples < 1 or not (block in (None, "automatic") or _at_least_1(block)):
        raise ConfigError(
            f"confidence is {confidence}, samples {samples}, block {block}",
            "confidence lies between 0 and 1, samples and block are at least 1 (or block is 'automatic')",
        )
    curve = curve_of_run(run, sampling=sampling, interval=interval, risk_free=risk_free, time_zone=time_zone)
    returns = np.empty(0) if curve is None else curve.returns
    rows: Iterable[Integers] = ()
    if len(returns) >= _FEWEST:
        mean = block_length(returns) if block == "automatic" else float(block or len(returns) ** (1 / 3))
        rows = stationary_rows(len(returns), samples, mean, seed)
    found: dict[str, list[float]] = {name: [] for name in figures}
    for row in rows:
        one = _resampled(curve, returns[row]) if curve is not None else None
        for name in figures:
            value = FIGURES[name].compute(one)
            if isinstance(value, float):
                found[name].append(value)
    tail = (1.0 - confidence) / 2.0
    whole = None if curve is None or not len(returns) else _resampled(curve, returns)
    return pl.DataFrame(
        [
            {
                "figure": name,
                "value": None if whole is None else FIGURES[name].compute(whole),
                "low": float(np.quantile(values, tail)) if values else None,
                "high": float(np.quantile(values, 1.0 - tail)) if values else None,
                "samples": len(values),
            }
            for name, values in found.items()
        ],
        schema={"figure": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "samples": pl.Int64},
    )


def _at_least_1(block: object) -> bool:
    return isinstance(block, int | float) and block >= 1


def _resampled(curve: Curve, returns: Floats) -> Curve:
    """A curve at the samples' times whose returns are those given."""
    values = curve.values[0] * np.concatenate(([1.0], np.multiply.accumulate(1.0 + returns)))
    one = Curve(curve.times[curve.rows], values, curve.sampled, curve.interval, curve.risk_free, curve.time_zone)
    same = {"rows": np.arange(len(values)), "changes": returns, "periods": curve.periods, "yearly": curve.yearly}
    one.__dict__.update(same)  # the samples are what they were
    return one
