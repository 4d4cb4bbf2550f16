"""Figures over a window that moves along the equity curve."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, Final

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.against import Against, against
from barter_bt.statistic.benchmark import Benchmark, marks_of
from barter_bt.statistic.curve import Curve, curve_of_run
from barter_bt.statistic.interval import ACTUAL, sampling_ns
from barter_bt.statistic.tables import Tables

_SCHEMA: Final[dict[str, Any]] = {
    "time": pl.Datetime("ns", "UTC"),
    "return": pl.Float64,
    "volatility": pl.Float64,
    "sharpe": pl.Float64,
}


def rolling(
    run: Tables,
    window: int | None = None,
    *,
    benchmark: Benchmark | None = None,
    sampling: str | None = None,
    interval: str = ACTUAL,
    risk_free: float = 0.0,
    time_zone: str | None = None,
) -> pl.DataFrame:
    """Figures of the last ``window`` returns, at each sample from the first full window on.

    Parameters
    ----------
    run
        The run.
    window
        Number of returns, at least 2; by default 63 (daily ones are three months of a stock market), or a quarter of
        them where there are fewer than 126.
    benchmark, sampling, interval, risk_free, time_zone
        As for :func:`~barter_bt.statistic.summary.summarise`.

    Returns
    -------
    polars.DataFrame
        ``time``, ``return`` (compounded over the window), ``volatility`` and ``sharpe`` for the stated interval, each
        by its definition; with a benchmark ``beta``, at the samples that both have. Undefined is null, as where a
        return of the window begins with an equity that is not above 0.

    Examples
    --------
    >>> import barter_bt as bt
    >>> prices = bt.data.candles(bt.data.generate.candles(3000, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> run = bt.backtest(prices, btc, bt.strategy.builtin.SmaCross(5, 20), balances={"usd": 1_000}, interpret=True)
    >>> rolling(run, 24, sampling="1h").columns
    ['time', 'return', 'volatility', 'sharpe']
    """
    asked: Any = window
    if asked is not None and (not isinstance(asked, Integral) or asked < 2):
        raise ConfigError(f"window is {asked!r}; it must be at least 2 returns", "a number of samples, such as 63")
    curve = curve_of_run(run, sampling=sampling, interval=interval, risk_free=risk_free, time_zone=time_zone)
    window = window or usual_window(curve)
    if curve is None or len(curve.changes) < window:
        return pl.DataFrame(schema=_SCHEMA | ({} if benchmark is None else {"beta": pl.Float64}))
    scale = math.sqrt(curve.periods or 0.0)
    mean, deviation = pl.col("r").rolling_mean(window), pl.col("r").rolling_std(window)
    spread = pl.when(deviation > 1e-14).then(deviation)
    samples = curve.values[curve.rows]
    before = pl.Series(samples[:-1]).shift(window - 1)
    found = pl.DataFrame({"time": pl.Series(curve.times[curve.rows][1:]).cast(_SCHEMA["time"]), "r": curve.changes})
    found = found.with_columns(pl.col("r").fill_nan(None), equity=samples[1:], before=before).select(
        "time",
        (pl.col("equity") / pl.when(pl.col("before") > 0).then(pl.col("before")) - 1).alias("return"),
        (deviation * scale).alias("volatility"),
        ((mean - curve.free) / spread * scale).alias("sharpe"),
    )
    if benchmark is not None:
        # A sample is the last mark before an edge of the sampling; the returns of both end at the edge itself.
        both = _beta(found["time"], against(curve, marks_of(benchmark, curve.time_zone)), window)
        tolerance = f"{sampling_ns(curve.sampled)}ns"
        found = found.join_asof(both, on="time", strategy="forward", tolerance=tolerance)
    return found[window - 1 :]


def usual_window(curve: Curve | None) -> int:
    """The window where none is asked for."""
    count = 0 if curve is None else len(curve.changes)
    return 63 if count >= 126 else max(2, count // 4)


def _beta(times: pl.Series, pair: Against | None, window: int) -> pl.DataFrame:
    if pair is None:
        return pl.DataFrame(schema={"time": times.dtype, "beta": pl.Float64})
    a, b = pl.col("a"), pl.col("b")
    frame = pl.DataFrame({"time": pair.times, "a": pair.mine, "b": pair.other})
    covariance = (a * b).rolling_mean(window) - a.rolling_mean(window) * b.rolling_mean(window)
    variance = (b * b).rolling_mean(window) - b.rolling_mean(window) ** 2
    return frame.select("time", beta=covariance / pl.when(variance > 1e-24).then(variance))
