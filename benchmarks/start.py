"""How long it takes until something happens: imports, help, and the first backtest with and without a cache."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measure import RUNS, Entry

ROOT = Path(__file__).resolve().parents[1]
FIRST_EVER = 2  # each compiles everything: ten seconds or so
SCRIPT = """
import barter_bt as bt
candles = bt.data.candles(bt.data.generate.candles(1_000))
btc = bt.Instrument("x", "walk_usd", price_increment="0.0001")
result = bt.backtest(candles, btc, bt.strategy.builtin.SmaCross(), balances={"usd": 1_000})
result.orders, result.trades, result.positions, result.balances, result.equity, result.summary()
"""

WARM = "from barter_bt.backtest.warm import linked; linked()"
NEW = """
import barter_bt as bt

def generate(s, my):
    for i in range(len(s.instruments)):
        bt.strategy.api.target(s, i, {0} + 1.0 if s.instruments.close[i] > s.instruments.open[i] else 0.0)

candles = bt.data.candles(bt.data.generate.candles(1_000))
btc = bt.Instrument("x", "walk_usd", price_increment="0.0001")
result = bt.backtest(candles, btc, bt.Compiled(generate, wake="bar_close"), balances={{"usd": 1_000}})
result.orders, result.trades, result.positions, result.balances, result.equity, result.summary()
"""


def _seconds(command: Sequence[str], extra: Mapping[str, str] | None = None) -> float:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, **(extra or {})}
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # what is installed has its bytecode, and is not compiled each time
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


def _entry(case: str, times: Sequence[float], note: str) -> Entry:
    return {"case": case, "n": 1, "seconds": statistics.median(times), "runs": len(times), "note": note}


def _repeated(case: str, command: Sequence[str], note: str, extra: Mapping[str, str] | None = None) -> Entry:
    _seconds(command, extra)  # the warm-up: the system reads the files once
    return _entry(case, [_seconds(command, extra) for _ in range(RUNS)], note)


def help_command() -> list[str]:
    """The installed script where there is one."""
    script = Path(sys.executable).with_name("barter-bt.exe" if os.name == "nt" else "barter-bt")
    return [str(script), "--help"] if script.is_file() else [sys.executable, "-m", "barter_bt.cli", "--help"]


def start(scale: float) -> list[Entry]:
    """Seconds of whole processes; ``scale`` does not matter."""
    python = [sys.executable, "-c"]
    words = " ".join(help_command()[1:]) if "-m" in help_command() else "barter-bt --help"
    entries = [
        _repeated("start_python", [*python, "pass"], "the bare interpreter, for comparison"),
        _repeated("start_import", [*python, "import barter_bt"], "import barter_bt"),
        _repeated(
            "start_import_all",
            [*python, "import barter_bt; barter_bt.backtest"],
            "import barter_bt; barter_bt.backtest",
        ),
        _repeated("start_help", help_command(), words),
    ]
    times = []
    for _ in range(FIRST_EVER):
        with tempfile.TemporaryDirectory() as cache:
            times.append(_seconds([*python, SCRIPT], {"BARTER_BT_CACHE": cache, "BARTER_BT_COMPILE_JOBS": "0"}))
    entries.append(_entry("start_first", times, "an empty cache: interpreted, nothing compiles beside it"))
    with tempfile.TemporaryDirectory() as cache:
        kept = {"BARTER_BT_CACHE": cache}
        times = [_seconds([*python, WARM], kept)]
        entries.append(_entry("start_compile", times, "everything is compiled into an empty cache: barter-bt warm"))
        entries.append(_repeated("start_again", [*python, SCRIPT], "the script of start_first with a full cache", kept))
        times = [_seconds([*python, NEW.format(k)], kept) for k in range(RUNS)]
        entries.append(_entry("start_new_strategy", times, "a script with a compiled strategy that is new each time"))
    return entries
