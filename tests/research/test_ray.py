"""A sweep on Ray: rows are those of threads, whatever becomes of nodes and workers meanwhile."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from functools import partial
from importlib.util import find_spec

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import EngineError, MissingPackageError, StrategyError
from tests.docs.blocks import ROOT, blocks_of
from tests.research.importable import (
    SETS,
    Elsewhere,
    Every,
    crossing,
    driven,
    dying,
    failing,
    holding,
    priced,
    simulation,
)

HERE = "127.0.0.1"
STORE = 80_000_000
GRID = bt.grid(fast=(3, 5, 8), slow=(10, 20))
no_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'barter-bt[ray]'")


@pytest.fixture
def cluster():
    """Two nodes with a processor each; this process is connected to the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # what keeps Ray on the loopback address
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        import ray
        from ray.cluster_utils import Cluster

        asked = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False, "include_log_monitor": False}
        soon = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
        patch.setenv("PYTHONPATH", str(ROOT))
        made = Cluster(initialize_head=True, head_node_args=asked | {"_system_config": soon})
        try:
            made.add_node(**asked)
            ray.init(made.address, log_to_driver=False, logging_level=logging.CRITICAL)
            assert {node["NodeManagerAddress"] for node in ray.nodes()} == {HERE}
            yield made
        finally:
            ray.shutdown()
            made.shutdown()


@no_ray
def test_a_cluster_gives_the_same(cluster, tmp_path):
    """All of it on one cluster: to start it takes longer than all that is run on it."""
    rows_are_those_of_threads()
    what_is_raised_is_told_as_elsewhere()
    ctrl_c_keeps_what_is_done()
    what_is_lost_is_run_again(cluster, tmp_path)


def what_is_lost_is_run_again(cluster, tmp_path):
    """A worker that dies, and then a node: nothing is missing, and nothing is there twice."""
    asked = {"over": {"bars": tuple(range(2, 12))}, "figures": ["sharpe", "trades"]}
    big = simulation(data=bt.data.generate.candles(1_500, instrument="btc_usd", seed=2))
    seen = []

    def progress(done, runs):
        seen.append(done)
        if done == 4:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    found = bt.sweep(big, partial(dying, folder=str(tmp_path)), executor="ray", progress=progress, **asked)
    assert (tmp_path / "died").exists()
    assert not cluster.worker_nodes
    assert seen == list(range(1, 11))
    assert found.digest == bt.sweep(big, Every, workers=1, **asked).digest


def rows_are_those_of_threads():
    """Of one pass, with sums by block; of a search; of terms, data and drivers as parameters. The cluster stays."""
    import ray

    asked = {"figures": ["sharpe", "trades"], "sampling": "10m"}
    search = bt.adaptive(6, batch=3, fast=(2, 8), slow=(9, 30))
    for market, strategy, more in (
        (simulation(), crossing, {"over": GRID, "blocks": 4}),
        (simulation(), crossing, {"over": search}),
        (priced, driven, {"over": SETS}),
    ):
        threads, nodes = (bt.sweep(market, strategy, executor=kind, **asked, **more) for kind in ("threads", "ray"))
        assert threads.digest == nodes.digest
        assert threads.done.equals(nodes.done)
    assert ray.is_initialized()


def what_is_raised_is_told_as_elsewhere():
    """The error itself, with Ray's account of it as a note; what is not the same on a node is told as well."""
    with pytest.raises(ZeroDivisionError, match="no bars: 4") as told:
        bt.sweep(failing, Every, over={"bars": (3, 4)}, executor="ray")
    assert "On a worker of Ray" in told.value.__notes__[0]
    assert type(told.value) is ZeroDivisionError
    from barter_bt.research.executors import crew_of

    plan = Elsewhere(simulation(), Every, bt.grid(bars=(3,)), ["sharpe"], {}, os.getpid(), True)
    with pytest.raises(EngineError, match="would run something else"), crew_of(plan, "ray", None) as crew:
        list(crew.rows(plan, [[0]]))
    import ray

    def lost(reference):
        raise ray.exceptions.WorkerCrashedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "get", lost)
        with pytest.raises(EngineError, match="could not run a block of sets, in 4 attempts"):
            bt.sweep(simulation(), Every, over={"bars": (3,)}, executor="ray")
    locked = partial(holding, lock=threading.Lock())
    with pytest.raises(StrategyError, match="cannot be given the sweep"):
        bt.sweep(simulation(), locked, over={"bars": (3,)}, executor="ray")


def ctrl_c_keeps_what_is_done():
    """What has begun is ended, nothing more is begun."""
    import ray

    wait, calls = ray.wait, []

    def interrupted(*given, **more):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return wait(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "wait", interrupted)
        found = bt.sweep(simulation(), Every, over={"bars": (3, 4, 5, 6, 7)}, executor="ray", workers=2)
    assert found.partial
    assert found.done["run"].to_list() == [0, 1, 2]


@no_ray
def test_a_script_runs_as_it_is_on_a_cluster_of_its_own(tmp_path):
    """What it defines goes with it; the cluster ends with the sweep."""
    page = next(block for block in blocks_of(ROOT / "docs/how_to/sweep.md") if block.title == "on_a_cluster.py")
    file = tmp_path / page.title
    file.write_text(page.body + "import ray\nprint(ray.is_initialized())\n")
    more = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "PYTHONPATH": str(ROOT), "BARTER_BT_INTERPRET": "1"}
    run = [sys.executable, "-W", "error", str(file)]
    done = subprocess.run(run, env=os.environ | more, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False"]
    assert done.stderr == ""


def test_without_ray_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r"executor='ray' needs Ray"):
        bt.sweep(simulation(), crossing, over=pl.DataFrame({"fast": [3], "slow": [9]}), executor="ray")
