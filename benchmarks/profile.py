"""What limits a case: seconds of each phase, executed instructions of the kernel, and the bytes that it must read.

``python -m benchmarks.profile sma_cross rebalance``; as Markdown it is a section of ``RESULTS.md``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from barter_bt import Signals, Simulation, data
from barter_bt.backtest import Result
from barter_bt.data import generate
from barter_bt.strategy.builtin import SmaCross
from benchmarks import bars, books, counting, held, replay
from benchmarks.lines import Functions, noted
from benchmarks.measure import RUNS, TABLES, Columns, Entry, Job, Skipped, sum_seconds
from benchmarks.phases import KERNEL, around, seconds_of_phases
from benchmarks.tables import count, markdown, number

TITLE = "## Profiles: what limits the figures that are not reached"
INTRO = """\
Written by `python -m benchmarks.profile`. Seconds of phases are medians of runs as above, taken by functions that are
timed while they run; a phase does not contain the phases inside it. Instructions are those that the compiled loop
executes, counted by Valgrind on code for a plain x86-64 processor: of an event the difference between two runs without
orders, of which one is twice as long; of an order what a run with orders takes more, with its share of the scheduled
rows, reports, marks and journals. One pass of NumPy is a sum over every column that the loop reads: what no tool that
looks at all of the data can go below."""
LATER = """\
The run after the first ones on one `Simulation`: what is asked for is not converted to tables. Two threads that share
{runs} such runs take {ratio} of the time of one."""
WITHOUT = """\
The same run without an order takes {idle} ms, {share} of what it takes with them: however short the way of an order
gets, this remains."""
NEVER = 10**15  # events between two orders
LATER_ROWS, THREADED_RUNS = 100_000, 50
MOST = 16  # functions that are named


@dataclass(frozen=True)
class Profiled:
    """A case by its size: with its orders, and the same without."""

    job: Callable[[int], Job]
    idle: Callable[[int], Job]
    size: int
    counted: int  # a size at which counting takes seconds
    tables: Sequence[str] = TABLES


def _nothing() -> Signals:
    return Signals(bars.shared_targets(100).clear())


def _above() -> Signals:
    """A target at every candle, as the runs of a search have them."""
    close = pl.col("close")
    return Signals((close > close.rolling_mean(20)).cast(pl.Float64))


def _later(n: int, strategy: Any) -> Job:
    """A run on a simulation that has run before."""
    simulation = Simulation(data.candles(generate.candles(n)), bars.WALK, balances=bars.BALANCES, venues=bars.SPOT)

    def run() -> Result:
        return simulation.run(strategy)

    def before() -> Result:
        run()
        return run()

    return Job(run, n, before)


def _idle_book(arrays: Callable[[int], books.Arrays]) -> Profiled:
    """Rows of depth, without an order."""

    def job(n: int) -> Job:
        return books.idle_job(arrays(n))

    return Profiled(job, job, books.ROWS, 50_000)


PROFILED = {
    "sma_cross": Profiled(
        lambda n: bars.sma_job(n, SmaCross(), None), lambda n: bars.sma_job(n, _nothing(), None), bars.CANDLES, 30_000
    ),
    "sma_cross_signals": Profiled(
        lambda n: bars.sma_job(n, Signals(bars.shared_targets(n)), None),
        lambda n: bars.sma_job(n, _nothing(), None),
        bars.CANDLES,
        30_000,
    ),
    "rebalance": Profiled(
        lambda n: bars.rebalance_job(n // bars.WIDTH, bars.WIDTH),
        lambda n: bars.rebalance_job(n // bars.WIDTH, bars.WIDTH, idle=True),
        bars.ROWS * bars.WIDTH,
        63 * bars.WIDTH,
    ),
    "brackets": Profiled(held.brackets_job, lambda n: held.brackets_job(n, idle=True), bars.CANDLES, 30_000),
    "later_runs": Profiled(
        lambda n: _later(n, _above()), lambda n: _later(n, _nothing()), LATER_ROWS, 30_000, tables=()
    ),
    "replay_compiled": Profiled(
        replay.trades_job, lambda n: replay.trades_job(n, replay.flipping(NEVER)), replay.EVENTS, 50_000
    ),
    "replay_quotes": Profiled(
        lambda n: replay.quotes_job(n // 2), lambda n: replay.quotes_job(n // 2, NEVER), 2 * replay.EVENTS, 50_000
    ),
    "book_idle": _idle_book(books.depth_arrays),
    "book_orders_idle": _idle_book(books.order_arrays),
}


def profile(case: str, scale: float = 1.0) -> str:
    """One case, in Markdown."""
    one = PROFILED[case]
    job = one.job(int(one.size * scale))
    job.little()
    result = job.run()
    columns = _columns(result)
    del result
    seconds = seconds_of_phases(job.run, tables=one.tables)
    parts = [f"### {case}", _phases(seconds), _without(one, job.n, seconds["whole"])]
    parts.append(_kernel(case, job.n, seconds[KERNEL], columns))
    with suppress(Skipped):
        parts.append(functions(case))
    if case == "later_runs":
        parts.insert(1, LATER.format(runs=THREADED_RUNS, ratio=number(_in_threads(job.run))))
    return "\n\n".join(parts)


def _without(one: Profiled, n: int, whole: float) -> str:
    """What the events alone take."""
    job = one.idle(n)
    job.little()
    job.run()
    idle = seconds_of_phases(job.run, tables=one.tables)["whole"]
    return WITHOUT.format(idle=number(idle * 1e3), share=f"{idle / whole:.0%}")


def _in_threads(run: Callable[[], Any]) -> float:
    """Time that two threads take for some runs, as a part of what one takes."""

    def seconds(threads: int) -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: run() and None, range(THREADED_RUNS)))
        return time.perf_counter() - began

    return statistics.median(seconds(2) / seconds(1) for _ in range(RUNS))


def _phases(seconds: dict[str, float]) -> str:
    whole = seconds["whole"]
    rows = [(phase, number(own * 1e3), f"{own / whole:.0%}") for phase, own in seconds.items() if own > whole / 1000]
    return markdown(("phase", "ms", "share"), rows)


def _kernel(case: str, n: int, seconds: float, columns: Columns) -> str:
    width = sum(column.itemsize for column in columns.values())
    passed = sum_seconds(columns)
    rows = [
        ("seconds of the kernel for an event, with its share of orders", f"{number(seconds / n * 1e9)} ns"),
        ("bytes that the loop is given of an event", f"{width}"),
        ("one pass of NumPy over them", f"{number(passed * 1e3)} ms, {number(n * width / passed / 1e9)} GB/s"),
        ("the kernel takes as long as", f"{number(seconds / passed)} passes"),
    ]
    try:
        found = instructions(case)
    except Skipped as why:
        rows.append(("instructions", f"not counted: {why}"))
    else:
        rows.append(("instructions of an event", number(found["event"])))
        if found["orders"]:
            orders = f"{number(found['order'])}, of {count(int(found['orders']))} orders"
            rows.append(("instructions of an order", orders))
    return markdown(("kernel", ""), rows)


def _columns(result: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Every column of the market data as the loop reads it."""
    found: dict[str, list[np.ndarray[Any, Any]]] = {}
    for number_, stream in enumerate(result.market):
        for chunk in stream.chunks(result.index.codes, validate=False):
            for name, values in chunk.columns.items():
                found.setdefault(f"{number_}.{name}", []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def instructions(case: str) -> Entry:
    """Executed instructions of the kernel of an event, and of an order beside its events."""
    few, many, ordered = counting.counts(["-m", __spec__.name if __spec__ else __name__, case, "--counted"])
    n = PROFILED[case].counted
    orders = PROFILED[case].job(2 * n).run().orders.height
    return {"event": (many - few) / n, "order": (ordered - many) / max(orders, 1), "orders": orders}


def functions(case: str) -> str:
    """Instructions of an event, and of an order beside its events, by the function of the source they come from."""
    with tempfile.TemporaryDirectory() as folder:
        extra = {"BARTER_BT_CACHE": folder, "BARTER_BT_COMPILE_JOBS": "0"}
        module = __spec__.name if __spec__ else __name__
        _, many, ordered = counting.counts_by_address(["-m", module, case, "--counted", "--lines", folder], extra)
        names = Functions(Path(folder))
    n = 2 * PROFILED[case].counted
    orders = PROFILED[case].job(n).run().orders.height
    ordered.subtract(many)  # also what becomes less, where a shorter way is taken no longer
    parts = (("an event", many, n), ("an order, with what it adds to each event", ordered, orders))
    return "\n\n".join(_most(what, counts, per, names) for what, counts, per in parts if per)


def _most(what: str, counts: Counter[int], per: int, names: Functions) -> str:
    """The functions with the most instructions, and how many the others have."""
    found: Counter[str] = Counter()
    for address, cost in counts.items():
        found[names.at(address)] += cost
    whole = sum(found.values())
    most = [(name, cost) for name, cost in found.most_common(MOST) if cost >= whole / 100]
    rows = [(f"`{name}`", number(cost / per), f"{cost / whole:.0%}") for name, cost in most]
    rest = whole - sum(cost for _, cost in most)
    rows.append((f"{len(found) - len(most)} others", number(rest / per), f"{rest / whole:.0%}"))
    return markdown((f"instructions of {what}", number(whole / per), "share"), rows)


def _run_counted(case: str) -> None:
    """What :func:`instructions` counts: without orders, twice as long, and that with its orders."""
    one = PROFILED[case]
    for job in (one.idle(one.counted), one.idle(2 * one.counted), one.job(2 * one.counted)):
        job.little()
        with around("backtest.drive:Drive.run", _counting):
            job.run()


def _counting(run: Callable[..., Any]) -> Callable[..., Any]:
    def call(drive: Any) -> Any:
        with counting.counted():
            return run(drive)

    return call


def section(cases: Sequence[str], scale: float = 1.0) -> Iterator[str]:
    """The section of ``RESULTS.md``, part by part as each is measured."""
    yield from (TITLE, INTRO)
    yield from (profile(case, scale) for case in cases)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m benchmarks.profile``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("case", nargs="*", choices=[[], *PROFILED], help="all, if none is named")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the size of each case, for a trial")
    parser.add_argument("--counted", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--lines", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.counted:
        with noted(asked.lines) if asked.lines else nullcontext():
            _run_counted(asked.case[0])
    else:
        for part in section(asked.case or list(PROFILED), asked.scale):
            print(part, end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
