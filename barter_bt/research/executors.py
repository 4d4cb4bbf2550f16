"""Who runs the sets of a sweep: this thread, several threads, several processes, or a cluster; rows are the same."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.research import packing
from barter_bt.research.runs import Runs
from barter_bt.research.sets import is_whole

Kind = Literal["threads", "processes", "ray"]
KINDS: Final = get_args(Kind)
Block = Sequence[int]
_plan: list[Runs] = []  # of this process, where it is a worker


class Crew(Protocol):
    """Workers that are there as long as a sweep goes on, and begin when there is something to run."""

    @property
    def count(self) -> int:
        """How many blocks run at the same time."""

    def rows(self, part: Runs, blocks: Sequence[Block]) -> Iterator[pl.DataFrame]:
        """Rows of each block of runs of the plan, or of one for other sets, as they are done.

        At a KeyboardInterrupt what has begun is ended and given, and nothing more is begun; then it is raised.
        """


@contextmanager
def crew_of(plan: Runs, kind: Kind, workers: int | None) -> Iterator[Crew]:
    """Workers for a plan; what they need is given back in the end.

    Raises
    ------
    ConfigError
        There is no such executor, or no such number of workers.
    StrategyError
        Other processes cannot be given the simulation or the strategy.
    """
    if kind not in KINDS:
        raise ConfigError(f"executor is {kind!r}; allowed: {', '.join(KINDS)}")
    count = count_of(workers)
    with ExitStack() as stack:
        if kind == "ray":
            from barter_bt.research.on_ray import OnRay

            yield OnRay(plan, workers, count, stack)
        elif kind == "processes":
            yield _Processes(plan, count, stack)
        else:
            yield _Threads(count)


def count_of(workers: int | None) -> int:
    """How many workers: those asked for, else one for each processor that this process may use."""
    if workers is not None:
        if not is_whole(workers, 1):
            raise ConfigError(f"workers is {workers!r}; it must be a whole number from 1")
        return workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Threads:
    def __init__(self, count: int) -> None:
        self.count = count

    def rows(self, part: Runs, blocks: Sequence[Block]) -> Iterator[pl.DataFrame]:
        if self.count == 1:
            for block in blocks:
                yield part.rows(block)
            return
        with ThreadPoolExecutor(self.count) as pool:
            yield from _gathered(pool, part.rows, blocks)


class _Processes:
    def __init__(self, plan: Runs, count: int, stack: ExitStack) -> None:
        self.count, self._plan, self._stack = count, plan, stack

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="barter_bt"))
        packing.write(packing.packed(self._plan), Path(folder))
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.count, context, initializer=_begin, initargs=(folder,))
        return self._stack.enter_context(pool)

    def rows(self, part: Runs, blocks: Sequence[Block]) -> Iterator[pl.DataFrame]:
        yield from _gathered(self._pool, partial(_rows_of, *packing.others(part, self._plan)), blocks)


def _gathered(pool: Executor, task: Callable[[Block], pl.DataFrame], blocks: Sequence[Block]) -> Iterator[pl.DataFrame]:
    futures = [pool.submit(task, block) for block in blocks]
    given: set[Future[pl.DataFrame]] = set()
    try:
        for future in as_completed(futures):
            given.add(future)
            yield future.result()
    except KeyboardInterrupt:
        pool.shutdown(wait=True, cancel_futures=True)
        for future in futures:
            if future not in given and not future.cancelled() and future.exception() is None:
                yield future.result()
        raise
    finally:
        for future in futures:
            future.cancel()


def _begin(folder: str) -> None:
    """What a worker does first."""
    _plan[:] = [packing.read(Path(folder))]


def _rows_of(sets: pl.DataFrame | None, first: int, block: Block) -> pl.DataFrame:
    return (_plan[0] if sets is None else _plan[0].of(sets, first)).rows(block)
