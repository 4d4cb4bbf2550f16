"""Compiled runs in threads of one process, from a cold cache on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.columns import entry, kernel
from tests.backtest.runs import arguments


def sometimes(s: Any, my: Any) -> None:
    my.variables.seen[0] += 1
    if my.variables.seen[0] % 7 == 0:
        bt.strategy.api.target(s, 0, float(my.variables.seen[0] % 3))


STRATEGIES = [
    lambda: bt.Compiled(sometimes, variables={"seen": 0}, wake="bar_close"),
    lambda: bt.Signals((pl.col("close") > pl.col("close").rolling_mean(9)) * 1.0),
]


def test_threads_that_compile_at_once_give_what_each_alone_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is compiled yet, neither in this process nor on disk; afterwards many runs go on at once."""
    monkeypatch.setenv("BARTER_BT_CACHE", str(tmp_path))
    for room, known in ((kernel, "_units"), (kernel, "_array_kernels"), (entry, "_entries"), (entry, "_addressed")):
        monkeypatch.setattr(room, known, {})
    simulation, together = bt.Simulation(**arguments(interpret=False)), Barrier(4)

    def first(k: int) -> str:
        together.wait()
        return simulation.run(STRATEGIES[k % 2]()).digest

    with ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(first, range(4)))
        digests += [run.digest for run in pool.map(lambda k: simulation.run(STRATEGIES[k % 2]()), range(40))]
    alone = [bt.backtest(strategy=make(), **arguments()).digest for make in STRATEGIES]
    assert digests == alone * 22
    assert list(tmp_path.iterdir()), "something was compiled"


def test_a_table_that_one_thread_cannot_grow_is_no_matter_of_another() -> None:
    """Memory that runs out ends the run that asked for it."""
    from barter_bt.columns.table import out_of_memory

    with ThreadPoolExecutor(1) as pool:
        pool.submit(out_of_memory.note, "Orders").result()
        assert out_of_memory.take() is None
        assert pool.submit(out_of_memory.take).result() == "Orders"
