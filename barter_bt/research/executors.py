"""Who runs the sets of a sweep: this thread, several threads, or several processes; rows are the same."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Literal

import polars as pl

from barter_bt.errors import ConfigError, StrategyError
from barter_bt.research.runs import Runs
from barter_bt.research.sets import is_whole

Kind = Literal["threads", "processes"]
_SMALL = 1 << 16  # bytes of a frame that is not worth a file
_plan: list[Runs] = []  # of this process, where it is a worker


def count_of(workers: int | None) -> int:
    """How many workers: those asked for, else one for each processor that this process may use."""
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not is_whole(workers, 1):
        raise ConfigError(f"workers is {workers!r}; it must be a whole number from 1")
    return workers


def run_blocks(plan: Runs, blocks: Sequence[Sequence[int]], kind: Kind, workers: int) -> Iterator[pl.DataFrame]:
    """Rows of each block of sets, as they are done.

    At a KeyboardInterrupt what has begun is ended and given, and nothing more is begun; then it is raised.

    Raises
    ------
    ConfigError
        There is no such executor.
    StrategyError
        Processes cannot be given the simulation or the strategy.
    """
    if kind not in ("threads", "processes"):
        raise ConfigError(f"executor is {kind!r}; allowed: threads, processes")
    if kind == "processes":
        with tempfile.TemporaryDirectory(prefix="barter_bt") as folder:
            file = _packed(plan, Path(folder))
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(str(file),)) as pool:
                yield from _gathered(pool, _rows_of, blocks)
    elif workers == 1:
        for block in blocks:
            yield plan.rows(block)
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield from _gathered(pool, plan.rows, blocks)


def _gathered(
    pool: Executor, task: Callable[[Sequence[int]], pl.DataFrame], blocks: Sequence[Sequence[int]]
) -> Iterator[pl.DataFrame]:
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
        pool.shutdown(wait=True, cancel_futures=True)


class _Packer(pickle.Pickler):
    """Pickles, with frames of some size in files of Arrow, which every process maps into its memory: one copy."""

    def __init__(self, file: Any, folder: Path) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._folder, self._frames = folder, 0

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, pl.DataFrame) or value.estimated_size() < _SMALL:
            return NotImplemented
        path = self._folder / f"{self._frames}.arrow"
        self._frames += 1
        value.write_ipc(path, compression="uncompressed")
        return _mapped, (str(path),)


def _mapped(path: str) -> pl.DataFrame:
    import pyarrow as pa

    return pl.DataFrame(pa.ipc.open_file(pa.memory_map(path)).read_all())


def _packed(plan: Runs, folder: Path) -> Path:
    content = io.BytesIO()
    try:
        _Packer(content, folder).dump(plan)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise StrategyError(
            f"processes cannot be given the sweep: {error}",
            "define strategy and simulation in a module, not in a function or a notebook; or executor='threads'",
        ) from error
    file = folder / "plan"
    file.write_bytes(content.getvalue())
    return file


def _begin(file: str) -> None:
    """What a worker does first."""
    with Path(file).open("rb") as content:
        _plan[:] = [pickle.load(content)]


def _rows_of(numbers: Sequence[int]) -> pl.DataFrame:
    return _plan[0].rows(numbers)
