"""A thousand moving-average crosses over the same candles, beside a run of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import polars as pl

from barter_bt import Instrument, Signals, Simulation, Sweep, data, research
from barter_bt.data import generate
from benchmarks.bars import SPOT
from benchmarks.measure import RUNS, Entry, peak_mb, settle
from benchmarks.peers import _answers as answers
from benchmarks.replay import BALANCES

FIGURES = ("total_return", "sharpe", "max_drawdown", "trades", "equity_end")
WHOLE = 20  # sets that are run as a whole
WALK = Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment=1)


def crossing(fast: int, slow: int) -> Signals:
    """One unit while the fast average is above the slow one."""
    mean = pl.col("close").rolling_mean
    return Signals((mean(fast) > mean(slow)) * 1.0)


def simulation(n: int) -> Simulation:
    """The candles that every case has, the first of them."""
    return Simulation(data.candles(generate.candles(n)), WALK, balances=BALANCES, venues=SPOT)


def pairs(scale: float) -> pl.DataFrame:
    """The sets: 20 fast and 50 slow averages, or some of them."""
    return pl.DataFrame(answers.sweep_pairs(scale), schema=["fast", "slow"], orient="row")


def _timed(work: Callable[[], Sweep], runs: int) -> tuple[float, float, Sweep]:
    work()
    before, times = settle(), []
    for _ in range(runs):
        began = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - began)
    return statistics.median(times), peak_mb() - before, found


def sweep(scale: float) -> list[Entry]:
    """In one pass, from the simulation to the frame of figures; and some of them one after the other."""
    n, sets = max(2_000, int(answers.SWEEP_CANDLES * scale)), pairs(scale)
    prepared = simulation(n)
    one = _timed(lambda: research.sweep(prepared, crossing, over=sets, figures=FIGURES), RUNS)
    few = sets.head(WHOLE)
    whole = _timed(lambda: research.sweep(prepared, crossing, over=few, figures=FIGURES, one_pass=False, workers=1), 1)
    answer = answers.sweep(generate.candles_arrays(n)["close"], answers.sweep_pairs(scale))
    return [_entry("sweep", one, n, answer), _entry("sweep_of_runs", whole, n, None)]


def _entry(case: str, timed: tuple[float, float, Sweep], n: int, answer: answers.Answer | None) -> Entry:
    seconds, peak, found = timed
    count, equity = n * found.frame.height, float(found.frame["equity_end"].mean())  # type: ignore[arg-type]
    entry: Entry = {"case": case, "n": count, "seconds": seconds, "rate": count / seconds, "peak_mb": peak}
    entry |= {"runs": RUNS, "orders": None, "final_equity": equity}
    entry["note"] = f"{found.frame.height:,} sets x {n:,} candles; the equity is the mean of all ends"
    if answer is None:
        return entry
    gap = abs(equity - answer.equity)
    return entry | {"same_work": gap <= answer.tolerance, "same_work_reason": f"equity {gap:.4g} off ({answer.why})"}
