"""What every peer script shares: load the data, time the calls, print one JSON object.

Imported before any tool, it takes the script's folder off the import path: a script
named like its tool (``vectorbt.py``) would otherwise hide the tool itself.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from _answers import BOOK, CASH, EVERY, FAR, FEE, REBALANCE, SPACING, STOP, TARGET

__all__ = [
    "BOOK",
    "CASH",
    "EVERY",
    "FAR",
    "FEE",
    "REBALANCE",
    "SPACING",
    "STOP",
    "TARGET",
    "Data",
    "Job",
    "main",
]

HERE = Path(__file__).resolve().parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]

SLOW = 10.0
"""A first call of more seconds than this is followed by one timed call instead of three."""


@dataclass
class Job:
    """One prepared job: ``run`` is timed, and returns (orders, final equity)."""

    run: Callable[[], tuple[int | None, float | None]]
    n: int
    note: str = ""
    prepare: Callable[[], None] | None = None
    """Called before each run, untimed: for engines that can run only once."""
    compile: Callable[[], object] | None = None
    """The same job on a little data, so that compilers leave the memory of a run alone."""


class Data:
    """The arrays of one data set, written by the runner as ``<name>.<column>.npy``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, limit: int | None = None) -> dict[str, np.ndarray]:
        """Load the first ``limit`` rows of all columns of one data set."""
        files = sorted(self.folder.glob(f"{name}.*.npy"))
        # A copy of a mapped slice: reads only the rows asked for, and leaves no map behind.
        return {file.name.split(".")[1]: np.array(np.load(file, mmap_mode="r")[:limit]) for file in files}


def _memory(key: str) -> float:
    """One figure of /proc/self/status in MB (10^6 bytes)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def _settle() -> float:
    """Give freed memory back, restart the high-water mark, return the resident size."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _call(job: Job) -> tuple[float, float, tuple[int | None, float | None]]:
    """Seconds, peak megabytes above the start, and the result of one run."""
    try:
        before = _settle()
    except OSError:
        before = float("nan")
    if job.prepare:
        job.prepare()
    start = time.perf_counter()
    result = job.run()
    seconds = time.perf_counter() - start
    return seconds, _memory("VmHWM") - before, result


def main(tool: str, module: str, cases: dict[str, Callable[[Data], Job]], package: str | None = None) -> None:
    """Run ``python <tool>.py CASE DATA_DIR``: one warm-up, three timed calls, one line of JSON."""
    case, folder = sys.argv[1], Path(sys.argv[2])
    start = time.perf_counter()
    importlib.import_module(module)
    import_seconds = time.perf_counter() - start
    start = time.perf_counter()
    job = cases[case](Data(folder))
    load_seconds = time.perf_counter() - start
    start = time.perf_counter()
    if job.compile:
        job.compile()
    compile_seconds = time.perf_counter() - start
    first, first_mb, _ = _call(job)
    runs = [_call(job) for _ in range(1 if first > SLOW else 3)]
    seconds = statistics.median(run[0] for run in runs)
    orders, equity = runs[-1][2]
    report: dict[str, Any] = {
        "tool": tool,
        "version": version(package or tool),
        "case": case,
        "n": job.n,
        "seconds": seconds,
        "first_seconds": compile_seconds + first,
        "import_seconds": import_seconds,
        "load_seconds": load_seconds,
        "runs": len(runs),
        "rate": job.n / seconds,
        "orders": None if orders is None else int(orders),
        "final_equity": None if equity is None else float(equity),
        # With the first: some allocators keep what they had, and a later run asks for nothing.
        "peak_mb": max(first_mb, *(run[1] for run in runs)),
        "note": job.note,
    }
    sys.stdout.flush()
    print("\n" + json.dumps(report), flush=True)
