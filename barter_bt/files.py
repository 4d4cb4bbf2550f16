"""Files and directories that are written whole or not at all, and what a killed process may leave beside them.

Everything is written under a hidden name beside its place, flushed, and put there in one step. While it is written it
is locked, and a lock ends with its process, however that ends: so the next writer of the same place can tell what was
left by a killed one, and deletes it. Where there are no locks (Windows, some network drives) what is a day old counts
as left. See ``docs/decisions/0014-written-whole.md``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from barter_bt.errors import ConfigError, EngineError

if TYPE_CHECKING:
    import polars as pl

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment] # asked for before each use

WRITING, REPLACED = ".writing", ".replaced"
_DAY = 86_400.0


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Write a file whole or not at all: the block writes what it is given, which then takes the file's place.

    Raises
    ------
    ConfigError
        The file's directory does not exist, or a directory stands in its place.
    EngineError
        It could not be written (disk full, no permission): an older file is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "a.txt")) as file:
    ...         _ = file.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise ConfigError(f"{path} cannot be written: directory {target.parent} does not exist")
    if target.is_dir():
        raise ConfigError(f"{path} cannot be written: it is a directory", "choose another name")
    if target.exists() and not target.is_file():  # a device or a pipe has no older content to keep
        yield target
        return
    try:
        with temporary(target) as written:
            yield written
            if target.exists():
                shutil.copymode(target, written)
            flush(written)
            written.replace(target)
            flush(target.parent)
    except OSError as error:
        raise EngineError(f"{path} could not be written and is left as it was: {error}") from error


@contextlib.contextmanager
def temporary(target: Path, *, directory: bool = False) -> Iterator[Path]:
    """Make an empty file or directory beside a place, for the time of a block; what killed writers left is deleted."""
    clean(target)
    path, lock = _create(target, directory)
    try:
        yield path
    finally:
        try:
            _delete(path)
        finally:
            _unlock(lock)


@contextlib.contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Let others who come here for the same directory wait: what the block reads and writes there is one step.

    Where there are no locks nobody waits.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network drives have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def put_directory(written: Path, target: Path) -> None:
    """Let a directory take the place of another, or an empty one.

    Linux exchanges the two names in one step. Elsewhere the older one steps aside first, under a name that
    :func:`set_aside` finds should this process be killed before the second step.
    """
    if not target.exists():
        written.rename(target)
    elif not _exchange(written, target):
        aside = written.with_suffix(REPLACED)
        target.rename(aside)
        try:
            written.rename(target)
        except BaseException:
            aside.rename(target)
            raise
        _delete(aside)
    flush(target.parent)


def set_aside(target: Path) -> Path | None:
    """What stood in a place when a writer was killed between its two steps; None if there is none."""
    left = [] if target.exists() else _left(target, REPLACED)
    return max(left, key=lambda path: path.stat().st_mtime, default=None)


def clean(target: Path) -> None:
    """Delete what killed writers left beside a place, but for what stood there before while nothing does now."""
    for path in _left(target, WRITING) + (_left(target, REPLACED) if target.exists() else []):
        with contextlib.suppress(OSError):  # held by another writer, or gone
            lock = _lock(path)
            try:
                if lock is not None or time.time() - path.stat().st_mtime > _DAY:
                    _delete(path)
            finally:
                _unlock(lock)


def flush(path: Path) -> None:
    """Let a file or the names in a directory reach the disk."""
    if path.is_dir():
        with contextlib.suppress(OSError):  # not every system can open a directory
            _flush(path, os.O_RDONLY)
    else:
        _flush(path, os.O_RDWR)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame; a full disk is an OSError, as with any other file (Polars has errors of its own for it)."""
    from polars.exceptions import PolarsError

    try:
        frame.write_parquet(path, compression="zstd")
    except PolarsError as error:
        raise OSError(str(error)) from error


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _left(target: Path, ending: str) -> list[Path]:
    """Names beside a place that a writer of it gave."""
    start, length = f".{target.name}.", len(target.name) + 10 + len(ending)
    try:
        names = os.listdir(target.parent)
    except OSError:
        return []
    return [target.with_name(n) for n in names if n.startswith(start) and n.endswith(ending) and len(n) == length]


def _create(target: Path, directory: bool) -> tuple[Path, int | None]:
    """A new place beside another, and its lock."""
    while True:
        path = target.with_name(f".{target.name}.{uuid4().hex[:8]}{WRITING}")
        if directory:
            path.mkdir()
        else:
            path.touch(exist_ok=False)
        with contextlib.suppress(BlockingIOError, FileNotFoundError):  # somebody took it for left
            lock = _lock(path)
            if path.exists():
                return path, lock


def _lock(path: Path) -> int | None:
    """Lock a file or directory until the descriptor is closed; None where there are no locks.

    Raises
    ------
    BlockingIOError
        It is locked.
    """
    if fcntl is None:
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return descriptor


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system or the drive cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
