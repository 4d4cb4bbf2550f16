"""Journals in files: a run whose journals lie in files is the run whose journals lie in memory."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.backtest import Result
from barter_bt.engine.replica import differences
from barter_bt.errors import ConfigError, StorageError
from barter_bt.testing.scenario import random_scenario, to_backtest
from tests.engine.test_checkpoint import STRATEGIES, arguments

TABLES = (
    *("orders", "amends", "trades", "positions", "round_trips", "balances", "cash_flows", "splits", "equity", "audit"),
)
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files that are mapped are listed elsewhere")


def assert_same(one: Result, other: Result) -> None:
    assert one.digests == other.digests
    assert differences(one.state, other.state) == []
    for name in TABLES:
        here, there = getattr(one, name), getattr(other, name)
        assert here is there is None or here.equals(there), name
    assert (one.record is None) == (other.record is None)
    assert one.record is None or one.record.equals(other.record)
    assert one.warnings == other.warnings


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("above_bytes", [0, 30_000])
def test_tables_and_digest_do_not_depend_on_where_journals_lie(tmp_path, strategy, above_bytes):
    given = arguments(strategy) | {"record": bt.Record(("instruments.quantity",))}
    spilled = bt.backtest(**given, interpret=True, spill=bt.Spill(tmp_path, above_bytes))
    given = arguments(strategy) | {"record": bt.Record(("instruments.quantity",))}
    assert_same(spilled, bt.backtest(**given, interpret=True, spill=None))
    assert spilled.trades.height > 20
    assert list(tmp_path.iterdir()) == []


def test_compiled_code_grows_journals_into_files(tmp_path):
    spilled = bt.backtest(**arguments("compiled"), interpret=False, spill=bt.Spill(tmp_path, 0))
    assert_same(spilled, bt.backtest(**arguments("compiled"), interpret=True))


@pytest.mark.parametrize("seed", range(7000, 7010))
def test_random_runs_do_not_depend_on_it_either(tmp_path, seed):
    scenario = random_scenario(seed)
    spilled = bt.backtest(**to_backtest(scenario, 3), spill=bt.Spill(tmp_path, 10_000 * (seed % 3)))
    assert_same(spilled, bt.backtest(**to_backtest(scenario, 3)))


@pytest.mark.parametrize(("first", "second"), [(bt.Spill(above_bytes=0), None), (None, bt.Spill(above_bytes=0))])
def test_a_run_can_be_resumed_with_journals_elsewhere(tmp_path, first, second):
    path = tmp_path / "run.npz"
    save = bt.Checkpoint(path, every_rows=370)
    whole = bt.backtest(**arguments("both"), interpret=True, checkpoint=save, spill=first)
    assert_same(bt.backtest(**arguments("both"), interpret=True, resume=path, spill=second), whole)


def test_runs_in_threads_have_files_of_their_own():
    given = arguments("compiled")
    strategy = given.pop("strategy")
    simulation = bt.Simulation(**given, interpret=True, spill=bt.Spill(above_bytes=0))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: simulation.run(strategy), range(4)))
    assert {result.digest for result in results} == {bt.backtest(**arguments("compiled"), interpret=True).digest}


def test_a_result_whose_journals_lie_in_files_can_be_pickled_and_saved(tmp_path):
    spilled = bt.backtest(**arguments("compiled"), interpret=True, spill=bt.Spill(above_bytes=0))
    assert_same(pickle.loads(pickle.dumps(spilled)), spilled)
    spilled.save(tmp_path / "run")
    assert bt.read(tmp_path / "run").digest == spilled.digest


@LINUX
def test_files_are_there_while_a_run_or_its_result_is_and_never_by_name(tmp_path):
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count(str(tmp_path))

    during: list[tuple[int, list[Path]]] = []
    given: dict[str, Any] = {"interpret": True, "spill": bt.Spill(tmp_path, 0)}
    given["progress"] = lambda done, rows: during.append((mapped(), list(tmp_path.iterdir())))
    result = bt.backtest(**arguments("compiled"), **given)
    assert during[-1][0] > 5
    assert during[-1][1] == []
    digest = result.digest
    del result
    gc.collect()
    assert mapped() == 0
    assert digest


def full_after(calls: int) -> Any:
    """What reserves room on a disk that is full after so many calls."""
    left, reserve = [calls], os.posix_fallocate

    def fallocate(file: int, start: int, size: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        reserve(file, start, size)

    return fallocate


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room is reserved otherwise")
@pytest.mark.parametrize("interpret", [True, False])
def test_a_full_disk_ends_a_run_and_its_checkpoint_goes_on(tmp_path, monkeypatch, interpret):
    """Nothing half-written is left, no result that looks whole, and nothing lost that was saved."""
    path, folder = tmp_path / "run.npz", tmp_path / "spill"
    folder.mkdir()
    whole = bt.backtest(**arguments("compiled"), interpret=interpret)
    save = bt.Checkpoint(path, every_rows=100)
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full_after(40))  # what the tables have at first, and some growth
        with pytest.raises(StorageError, match=r"journal \w+ needs .*No space left on device") as raised:
            bt.backtest(**arguments("compiled"), interpret=interpret, checkpoint=save, spill=bt.Spill(folder, 0))
    assert raised.value.result is None
    assert list(folder.iterdir()) == []
    assert path.exists()
    assert_same(bt.backtest(**arguments("compiled"), interpret=interpret, resume=path), whole)


def test_bad_arguments_are_told(tmp_path):
    with pytest.raises(ConfigError, match="spill: directory .*nowhere does not exist"):
        bt.Spill(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="above_bytes is -1"):
        bt.Spill(above_bytes=-1)
