"""Runs in several processes: those that are started anew give what one gives; a fork is told at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = '''
import multiprocessing
import sys

import polars as pl

import barter_bt as bt

assert bt.backtest and bt.data, "both are loaded before there are other processes"


def run(slow):
    """One run of its own."""
    candles = bt.data.candles(bt.data.generate.candles(400, instrument="btc_usd"))
    btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    signals = bt.Signals((pl.col("close") > pl.col("close").rolling_mean(slow)) * 1.0)
    return bt.backtest(candles, btc, signals, balances={"usd": 1_000}, interpret=True)


def fails(slow):
    return bt.backtest([], [], None, balances={})


if __name__ == "__main__":
    method, when = sys.argv[1:]
    alone = [run(slow).digest for slow in (5, 9, 17)] if when == "after a run" else []
    with multiprocessing.get_context(method).Pool(2) as pool:
        runs = pool.map(run, (5, 9, 17))
        try:
            pool.map(fails, [1])
        except bt.errors.ConfigError as error:
            print("error:", error.message)
    alone = alone or [run(slow).digest for slow in (5, 9, 17)]
    assert [each.digest for each in runs] == alone
    assert all(each.trades.height and each.summary() for each in runs)
    print("equal")
'''
METHODS = [name for name in ("spawn", "forkserver", "fork") if name == "spawn" or os.name == "posix"]


def finished(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, which is stopped with all its workers if it hangs."""
    path = folder / "program.py"
    path.write_text(PROGRAM, "utf-8")
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(path), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    )
    try:
        told, _ = process.communicate(timeout=600)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9) if hasattr(os, "killpg") else process.kill()
            process.wait()
    return subprocess.CompletedProcess(command, process.returncode, told)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "fork"])
def test_processes_that_start_anew_give_the_same_runs(method: str, tmp_path: Path) -> None:
    """After a run in the parent; results and errors come back."""
    done = finished(tmp_path, method, "after a run")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-2:] == ["error: no market data is given", "equal"]


@pytest.mark.skipif("fork" not in METHODS, reason="there is no fork here")
def test_a_fork_after_a_run_is_refused_at_once(tmp_path: Path) -> None:
    """Its first query would wait for ever for threads that are not there."""
    done = finished(tmp_path, "fork", "after a run")
    assert done.returncode == 1
    assert "forked from one in which Polars had started its threads" in done.stdout
    assert 'get_context("spawn")' in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a fork of Polars is always refused")
def test_a_fork_before_polars_has_started_its_threads_works(tmp_path: Path) -> None:
    done = finished(tmp_path, "fork", "before a run")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-2:] == ["error: no market data is given", "equal"]
