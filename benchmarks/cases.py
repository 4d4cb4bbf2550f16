"""The cases by name, and how one is run: in this process, or in a fresh one."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from benchmarks.measure import Entry, Skipped

ROOT = Path(__file__).resolve().parents[1]

# By name only: a case imports what it needs and nothing else.
CASES = {
    "replay_compiled": "replay",
    "replay_compiled_latency": "replay",
    "replay_linked": "replay",
    "replay_quotes": "replay",
    "replay_python": "replay",
    "book_idle": "books",
    "book_orders_idle": "books",
    "sma_cross": "bars",
    "sma_cross_signals": "bars",
    "rebalance": "bars",
    "brackets": "held",
    "waiting": "held",
    "resting": "held",
    "memory": "memory",
    "aggregate": "aggregation",
    "aggregate_one": "aggregation",
    "audit": "figures",
    "figures": "figures",
    "overfitting": "overfitting",
    "event_engine": "event_engine",
    "sweep": "sweep",
    "sweep_protected": "sweep",
    "sweep_compiled": "sweep",
    "sweep_many": "sweep",
    "catalog": "catalog",
    "start": "start",
    "gemini": "real",
    "spy_ticks": "real",
}
"""Case to the module that holds a function of that name."""


def run_here(case: str, scale: float = 1.0) -> list[Entry]:
    """Run a case in this process; a failure is an entry too, so that the other cases still run."""
    began = time.perf_counter()
    module: Any = importlib.import_module(f"benchmarks.{CASES[case]}")
    import_seconds = time.perf_counter() - began
    try:
        entries: list[Entry] = getattr(module, case)(scale)
    except Skipped as why:
        return [{"case": case, "skipped": str(why)}]
    except Exception as error:
        traceback.print_exc()
        return [{"case": case, "error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}]
    return [{**entry, "import_seconds": import_seconds} for entry in entries]


def run_apart(case: str, scale: float = 1.0) -> list[Entry]:
    """Run a case in a process of its own: with fresh memory its peak is its own."""
    command = [sys.executable, "-m", "benchmarks", "--case", case, "--scale", str(scale), "--json", "-"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        # A case that failed tells so itself, and then ends with code 1.
        entries: list[Entry] = json.loads(done.stdout)
    except json.JSONDecodeError:
        return [{"case": case, "error": f"the process ended with code {done.returncode}"}]
    return entries
