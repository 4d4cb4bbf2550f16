"""The sets of a sweep on a cluster of Ray: its nodes get the data once, and blocks of sets as long as there are any."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Final, NamedTuple

import polars as pl

from barter_bt.errors import BarterBtError, ConfigError, EngineError, MissingPackageError, StrategyError
from barter_bt.research.packing import others, packed, unpacked
from barter_bt.research.runs import Runs

_LEAST_STORE: Final = 100_000_000  # bytes, of Ray's store of objects; it refuses less than 75 MB
_RETRIES: Final = 3
_plans: dict[str, Runs] = {}  # of this process, where it is a worker: that of the last sweep


class _Shipped(NamedTuple):
    """What a worker needs to have the plan.

    Attributes
    ----------
    content, frames
        The packed plan; frames are references to tables of Arrow in Ray's store.
    probe, fingerprint
        A set, and what its simulation is known by where the sweep was started; None where it cannot be made.
    """

    content: bytes
    frames: list[Any]
    probe: pl.DataFrame
    fingerprint: str | None


class OnRay:
    """Workers of Ray: of a cluster that is connected to, of that of ``RAY_ADDRESS``, or of one that is started here.

    Parameters
    ----------
    plan
        What is run.
    workers
        How many blocks run at the same time; None: one for each processor of the cluster.
    processors
        Of a cluster that is started here.
    stack
        Ends what was started.
    """

    def __init__(self, plan: Runs, workers: int | None, processors: int, stack: ExitStack) -> None:
        self._ray = _imported()
        self._plan, self._workers, self._processors, self._stack = plan, workers, processors, stack
        self._shipped: Any = None

    @cached_property
    def _pack(self) -> Any:
        """The plan; what a script defines itself goes with it, so that nodes need not have the script."""
        from ray import cloudpickle

        return packed(self._plan, cloudpickle.CloudPickler)

    @cached_property
    def count(self) -> int:
        """How many blocks run at the same time."""
        size = sum(frame.estimated_size() for frame in self._pack.frames)
        self._stack.enter_context(_connected(self._ray, self._processors, int(size)))
        return self._workers or max(int(self._ray.cluster_resources().get("CPU", 1)), 1)

    def rows(self, part: Runs, blocks: Sequence[Sequence[int]]) -> Iterator[pl.DataFrame]:
        """Rows of each block of runs, as they are done."""
        count, waiting, running = self.count, deque(blocks), list[Any]()
        if self._shipped is None:
            self._shipped = self._ship(part)
        task = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_rows_of)
        told = others(part, self._plan)
        try:
            while waiting or running:
                while waiting and len(running) < count:
                    running.append(task.remote([self._shipped], *told, waiting.popleft()))
                done, _ = self._ray.wait(running)
                running.remove(done[0])
                yield self._given(done[0])
        except KeyboardInterrupt:
            while running:
                yield self._given(running.pop())
            raise
        finally:
            for one in running:
                self._ray.cancel(one)

    def _ship(self, part: Runs) -> Any:
        frames = [self._ray.put(frame.to_arrow()) for frame in self._pack.frames]
        probe = part.sets.head(1)
        shipped = _Shipped(self._pack.content, frames, probe, _fingerprint(part))
        return self._ray.put(shipped)

    def _given(self, reference: Any) -> pl.DataFrame:
        """What a task gave, or raised."""
        try:
            rows: pl.DataFrame = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, Exception):
                error.cause.add_note(f"On a worker of Ray:\n{error}")
                raise error.cause from None
            raise EngineError(f"a worker of Ray failed: {_last_line(error)}") from error
        except self._ray.exceptions.RayError as error:
            raise EngineError(
                f"Ray could not run a block of sets, in {_RETRIES + 1} attempts: {_last_line(error)}",
                "nodes need the same version of barter_bt and memory for the data; executor='threads' needs no cluster",
            ) from error
        return rows


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingPackageError("executor='ray' needs Ray", 'pip install "barter-bt[ray]"') from error
    return ray


@contextmanager
def _connected(ray: Any, processors: int, size: int) -> Iterator[None]:
    """A connection to a cluster: that which is there, or one that ends with it."""
    if ray.is_initialized():
        yield
        return
    asked: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if not os.environ.get("RAY_ADDRESS"):
        asked |= {"address": "local", "num_cpus": processors, "include_dashboard": False}
        asked["object_store_memory"] = max(2 * size, _LEAST_STORE)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(**asked)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"Ray cannot be started, or its cluster is not there: {_last_line(error)}",
            "RAY_ADDRESS is the cluster's address; without it a cluster of this machine is started",
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _rows_of(shipped: list[Any], sets: pl.DataFrame | None, first: int, block: Sequence[int]) -> pl.DataFrame:
    """What a worker does with a block."""
    (reference,) = shipped
    key = reference.hex()
    if key not in _plans:
        _plans.clear()
        _plans[key] = _unshipped(_imported(), reference)
    plan = _plans[key]
    return (plan if sets is None else plan.of(sets, first)).rows(block)


def _unshipped(ray: Any, reference: Any) -> Runs:
    shipped: _Shipped = ray.get(reference)
    node, frames = ray.util.get_node_ip_address(), [pl.DataFrame(table) for table in ray.get(shipped.frames)]
    try:
        plan = unpacked(shipped.content, frames)
    except ImportError as error:
        raise StrategyError(
            f"node {node} cannot be given the sweep: {error}",
            "what the script itself defines goes with it; modules must be on the nodes, or come from "
            'ray.init(runtime_env={"working_dir": "."})',
        ) from error
    if shipped.fingerprint not in (None, _fingerprint(plan.of(shipped.probe))):
        raise EngineError(
            f"node {node} would run something else than this process: its data, its Python or its barter_bt are others",
            "install the same on all nodes; files must be the same under the same path, or give frames",
        )
    return plan


def _fingerprint(plan: Runs) -> str | None:
    try:
        return plan.whole_of(0).fingerprint
    except BarterBtError:
        return None


def _last_line(error: Exception) -> str:
    return str(error).strip().rsplit("\n", 1)[-1]
