"""Figures, pages and comparisons of finished runs, and what keeping an audit costs."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from barter_bt import Compiled, Instrument, Venue, data
from barter_bt.backtest import Result, backtest
from barter_bt.backtest.compare import compare
from barter_bt.backtest.run_directory import read, write
from barter_bt.data import generate
from barter_bt.report.page import write_page
from barter_bt.statistic import summarise
from barter_bt.strategy.api import target
from benchmarks.measure import RUNS, Entry, Skipped
from benchmarks.replay import BALANCES, EVENTS, FEES, INSTRUMENTS, flipping

MARKS, TRADES, RUNS_COMPARED = 1_000_000, 100_000, 1_000
DAYS = (2_520, 1_000_000)
DAY_NS = 86_400_000_000_000
_FIGURES = (
    "total_return", "annual_return", "volatility", "sharpe", "sortino", "calmar", "omega", "max_drawdown", "skew",
    "kurtosis", "best_day", "worst_day", "value_at_risk", "expected_shortfall", "probabilistic_sharpe",
)  # fmt: skip


def alternate(s: Any, my: Any) -> None:
    """At the close of every tenth candle an order between flat and one unit."""
    my.variables.seen[0] += 1
    if my.variables.seen[0] == my.parameters.every[0]:
        my.variables.seen[0] = 0
        target(s, 0, 0.0 if s.instruments.quantity[0] > 0 else 1.0)


ALTERNATE = Compiled(alternate, {"every": MARKS // TRADES}, {"seen": 0}, wake="bar_close", name="alternate")


def _timed(work: Callable[[], Any], runs: int = RUNS) -> float:
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _entry(case: str, seconds: float, note: str, **more: Any) -> Entry:
    return {"case": case, "n": 1, "seconds": seconds, "runs": RUNS, "note": note, **more}


def _large_run(scale: float) -> Result:
    """A run with so many marks and trades: one order at every tenth candle."""
    candles = data.candles(generate.candles(int(MARKS * scale), instrument="walk_usd"))
    walk = Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment=1)
    return backtest(candles, walk, ALTERNATE, balances=BALANCES, venues=Venue(fees=FEES))


def figures(scale: float) -> list[Entry]:
    """Summary and page of a large run, a comparison of many, and the same figures by quantstats."""
    result = _large_run(scale)
    told = f"every figure of a run with {result.equity.height:,} marks and {result.trades.height:,} trades"
    entries = [_entry("figures_summary", _timed(lambda: summarise(result).to_dict()), told)]
    with tempfile.TemporaryDirectory() as folder:
        saved = read(write(result, Path(folder) / "run"))
        page = Path(folder) / "page.html"
        seconds = _timed(lambda: write_page(saved, page, manifest=saved.manifest))
        told = "the HTML page of the same run, read back from its directory"
        entries.append(_entry("figures_report", seconds, told, megabytes=page.stat().st_size / 1e6))
        entries.append(_compared(scale, Path(folder)))
    return entries + _beside_quantstats(scale)


def _compared(scale: float, folder: Path) -> Entry:
    small = _large_run(0.001)
    count = max(2, int(RUNS_COMPARED * scale))
    paths = [write(dataclasses.replace(small), folder / f"run{k}") for k in range(count)]
    seconds = _timed(lambda: compare(paths).figures)
    return _entry("figures_compare", seconds, f"the figures of {count:,} saved runs side by side")


def _beside_quantstats(scale: float) -> list[Entry]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pandas
            import quantstats.stats as theirs
    except ImportError as error:
        raise Skipped("quantstats is not installed") from error
    entries = []
    for days in DAYS:
        n = int(days * scale)
        values = 100 * np.cumprod(np.append(1, 1 + np.random.default_rng(1).normal(0.0005, 0.01, n)))
        step = DAY_NS if n < 100_000 else DAY_NS // 1440
        times = pl.Series(step * np.arange(n + 1)).cast(pl.Datetime("ns", "UTC"))
        run: Any = _Curve(pl.DataFrame({"time": times, "equity": values}))
        sampling = "1d" if step == DAY_NS else "1m"
        r = pandas.Series(values).pct_change().dropna()
        r.index = pandas.DatetimeIndex(times.to_numpy()[1:])

        def ours(run: Any = run, sampling: str = sampling) -> list[Any]:
            summary = summarise(run, interval="annual_252", sampling=sampling)
            return [summary[name] for name in _FIGURES]

        def quant(r: Any = r) -> list[Any]:
            return [
                theirs.comp(r), theirs.cagr(r, periods=252), theirs.volatility(r, periods=252),
                theirs.sharpe(r, periods=252), theirs.sortino(r, periods=252), theirs.calmar(r, periods=252),
                theirs.omega(r), theirs.max_drawdown(r), theirs.skew(r), theirs.kurtosis(r), theirs.best(r),
                theirs.worst(r), theirs.value_at_risk(r), theirs.expected_shortfall(r),
                theirs.probabilistic_sharpe_ratio(r),
            ]  # fmt: skip

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, slower = _timed(ours), _timed(quant)
        name = f"figures_returns_{n}"
        note = f"{len(_FIGURES)} figures of {n:,} returns; quantstats {slower * 1e3:.1f} ms"
        entries.append(_entry(name, seconds, note, times_faster=slower / seconds))
    return entries


class _Curve:
    """A run that has nothing but its equity."""

    reporting, digest, config = "usd", "", {}

    def __init__(self, equity: pl.DataFrame) -> None:
        self.equity = equity


def audit(scale: float) -> list[Entry]:
    """The replay of trades with and without an audit of actions, in turn."""
    n = int(EVENTS * scale)
    stream = data.trades(generate.trades(n))
    times: dict[str, list[float]] = {"off": [], "actions": []}
    for _ in range(2 * RUNS + 1):
        for level, found in times.items():
            result = backtest(stream, INSTRUMENTS, flipping(), balances=BALANCES, venues=Venue(fees=FEES), audit=level)
            found.append(result.timings["run"])
    medians = {level: statistics.median(found[1:]) for level, found in times.items()}
    cost = medians["actions"] / medians["off"] - 1
    return [
        _entry("audit_off", medians["off"], f"the loop alone over {n:,} trades, without an audit"),
        _entry("audit_actions", medians["actions"], "the same with the audit of actions", cost=cost),
    ]
