"""Time a job: one warm-up, then the median of at least three; peak memory of the process beside it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from barter_bt.backtest import Result
    from benchmarks.peers._answers import Answer

Entry = dict[str, Any]
"""One measurement, as it stands in the JSON output."""

Columns = Mapping[str, npt.NDArray[Any]]
TABLES = ("orders", "trades", "positions", "balances", "equity")
RUNS = 3


class Skipped(Exception):
    """A case cannot run here; the message says why."""


@dataclass
class Job:
    """One prepared job.

    Parameters
    ----------
    run
        The timed call.
    n
        Market events, or candles.
    little
        The same on a little data: compiles, and leaves the memory of a run alone.
    answer
        What the run must end with.
    resting
        Orders beside those that the answer counts.
    summary
        Whether the summary is part of the job.
    note
        What a reader should know.
    """

    run: Callable[[], Result]
    n: int
    little: Callable[[], Result]
    answer: Answer | None = None
    resting: int = 0
    summary: bool = False
    note: str = ""
    extra: Entry = field(default_factory=dict)


def finish(job: Job) -> tuple[Result, dict[str, float]]:
    """One whole run with the conversion of its tables, and the seconds of its parts."""
    began = time.perf_counter()
    result = job.run()
    ran = time.perf_counter()
    for name in TABLES:
        getattr(result, name)
    converted = time.perf_counter()
    if job.summary:
        result.summary()
    ended = time.perf_counter()
    parts = {key: result.timings[key] for key in ("prepare", "compile", "run")}
    return result, parts | {"tables": converted - ran, "summary": ended - converted, "whole": ended - began}


def measure(case: str, prepare: Callable[[], Job], columns: Columns | None = None) -> Entry:
    """Measure one job; what ``prepare`` takes is told apart, and so is the sum over ``columns``."""
    sums = {"sum_seconds": sum_seconds(columns)} if columns is not None else {}
    del columns
    began = time.perf_counter()
    job = prepare()
    load_seconds = time.perf_counter() - began
    importlib.import_module("numba")  # where it is loaded, a small run is compiled: the warm-up warms
    began = time.perf_counter()
    job.little()
    first_seconds = time.perf_counter() - began
    before = settle()
    result, _ = finish(job)
    peak = peak_mb() - before
    runs = []
    for _ in range(RUNS):
        del result
        before = settle()
        result, parts = finish(job)
        runs.append(parts)
        # With the warm-up: what the engine keeps for the next run is asked for only once.
        peak = max(peak, peak_mb() - before)
    seconds = statistics.median(run["whole"] for run in runs)
    equity = float(result.equity["equity"][-1])
    entry: Entry = {
        "case": case,
        "n": job.n,
        "seconds": seconds,
        "rate": job.n / seconds,
        "peak_mb": peak,
        "orders": result.orders.height,
        "trades": result.trades.height,
        "final_equity": equity,
        "parts": {key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "whole"},
        "load_seconds": load_seconds,
        "first_seconds": first_seconds,
        "runs": RUNS,
        "note": job.note,
    }
    return entry | sums | job.extra | judge(job.answer, result.orders.height - job.resting, equity)


def judge(answer: Answer | None, orders: int, equity: float) -> Entry:
    """Whether a run did the work that the answer asks for."""
    if answer is None:
        return {}
    gap = equity - answer.equity
    same = orders == answer.orders and abs(gap) <= answer.tolerance
    reason = (
        f"{orders} orders of {answer.orders}; equity {gap:+.4f} from {answer.equity:.4f}, "
        f"{answer.tolerance:.4g} allowed ({answer.why})"
    )
    return {"same_work": same, "same_work_reason": reason}


def sum_seconds(columns: Columns) -> float:
    """Seconds of one NumPy sum over each column: what merely reading the data costs."""
    arrays = [np.ascontiguousarray(column) for column in columns.values()]
    return statistics.median(_sum_once(arrays) for _ in range(2 * RUNS))


def _sum_once(arrays: Sequence[npt.NDArray[Any]]) -> float:
    began = time.perf_counter()
    for array in arrays:
        array.sum()
    return time.perf_counter() - began


def memory_mb(key: str) -> float:
    """One figure of this process in MB (10^6 bytes); NaN where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def settle() -> float:
    """Give freed memory back, restart the high-water mark, return the resident size in MB."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return float("nan")
    return memory_mb("VmRSS")


def peak_mb() -> float:
    """The high-water mark since :func:`settle`, in MB."""
    return memory_mb("VmHWM")
