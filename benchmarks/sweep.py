"""Sweeps: crosses of averages without and with stops, beside a run of each; many of them; a compiled strategy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from barter_bt import FeeLevel, Fees, FeeTiers, Instrument, Signals, Simulation, Sweep, Venue, data, research
from barter_bt.data import generate
from benchmarks.bars import SPOT
from benchmarks.measure import RUNS, Entry, peak_mb, settle
from benchmarks.peers import _answers as answers
from benchmarks.replay import BALANCES, FEES, INSTRUMENTS, flipping

FIGURES = ("total_return", "sharpe", "max_drawdown", "trades", "equity_end")
WHOLE = 20  # sets that are run as a whole
MANY, LONG = 100, 1_000_000  # fast and slow averages of the many sets, and their candles
LEVELS = [FeeLevel(5_000, answers.FEE, 0.8 * answers.FEE), FeeLevel(20_000, answers.FEE, 0.6 * answers.FEE)]
TIERS = FeeTiers(LEVELS, "usd", window=7)
WALK = Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment=1)


def crossing(fast: int, slow: int) -> Signals:
    """One unit while the fast average is above the slow one."""
    mean = pl.col("close").rolling_mean
    return Signals((mean(fast) > mean(slow)) * 1.0)


def guarded(fast: int, slow: int) -> Signals:
    """The same, left by a trailing stop as well."""
    return replace(crossing(fast, slow), rebalance=None, trailing_stop=answers.STOP)


def simulation(n: int, venue: Venue = SPOT) -> Simulation:
    """The candles that every case has, the first of them."""
    return Simulation(data.candles(generate.candles(n)), WALK, balances=BALANCES, venues=venue)


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


def sweep_protected(scale: float) -> list[Entry]:
    """The same sets with trailing stops, and rates by the volume of a week."""
    n, sets = max(2_000, int(answers.SWEEP_CANDLES * scale)), pairs(scale)
    prepared = simulation(n, Venue(fees=Fees(answers.FEE, answers.FEE, tiers=TIERS)))
    one = _timed(lambda: research.sweep(prepared, guarded, over=sets, figures=FIGURES), RUNS)
    few = sets.head(WHOLE)
    whole = _timed(lambda: research.sweep(prepared, guarded, over=few, figures=FIGURES, one_pass=False, workers=1), 1)
    return [_entry("sweep_protected", one, n, None), _entry("sweep_protected_of_runs", whole, n, None)]


def sweep_many(scale: float) -> list[Entry]:
    """Ten thousand pairs, a tenth of them, and these by one worker: time grows with sets, memory does not."""
    n, side = max(2_000, int(LONG * scale)), max(4, round(MANY * min(1.0, 10 * scale) ** 0.5))
    sets = pl.DataFrame({"fast": range(5, 5 + side)}).join(pl.DataFrame({"slow": range(110, 110 + side)}), how="cross")
    prepared, tenth = simulation(n), sets.gather_every(10)

    def timed(case: str, some: pl.DataFrame, workers: int | None) -> Entry:
        before, began = settle(), time.perf_counter()
        found = research.sweep(prepared, crossing, over=some, figures=FIGURES, workers=workers)
        return _entry(case, (time.perf_counter() - began, peak_mb() - before, found), n, None) | {"runs": 1}

    research.sweep(simulation(2_000), crossing, over=sets.head(2), figures=FIGURES)
    names = {"sweep_many_tenth": (tenth, None), "sweep_many_one_worker": (tenth, 1), "sweep_many": (sets, None)}
    return [timed(case, some, workers) for case, (some, workers) in names.items()]


def sweep_compiled(scale: float) -> list[Entry]:
    """A compiled strategy, woken at each of a million trades, with a hundred sets: each a run, in threads."""
    n, sets = max(20_000, int(answers.SWEEP_TRADES * scale)), answers.sweep_every(scale)
    trades = generate.trades(n).with_columns(instrument=pl.lit(INSTRUMENTS[0].name))
    prepared = Simulation(data.trades(trades), INSTRUMENTS[0], balances=BALANCES, venues=Venue(fees=FEES))
    prepared.compile(flipping())
    run = _timed(lambda: research.sweep(prepared, flipping, over={"every": sets}, figures=FIGURES), 1)
    return [_entry("sweep_compiled", run, n, answers.sweep_compiled(generate.trades_arrays(n), False, sets))]


def _entry(case: str, timed: tuple[float, float, Sweep], n: int, answer: answers.Answer | None) -> Entry:
    seconds, peak, found = timed
    count, equity = n * found.frame.height, float(found.frame["equity_end"].mean())  # type: ignore[arg-type]
    entry: Entry = {"case": case, "n": count, "seconds": seconds, "rate": count / seconds, "peak_mb": peak}
    entry |= {"runs": RUNS, "orders": None, "final_equity": equity}
    entry["note"] = f"{found.frame.height:,} sets x {n:,} rows; the equity is the mean of all ends"
    if answer is None:
        return entry
    gap = abs(equity - answer.equity)
    return entry | {"same_work": gap <= answer.tolerance, "same_work_reason": f"equity {gap:.4g} off ({answer.why})"}
