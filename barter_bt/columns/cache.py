"""Where machine code is kept, by content: an edit anywhere is seen, an unchanged program compiles nothing."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import sys
import time
from pathlib import Path
from types import FunctionType
from typing import Any

_DAY, _KEPT_DAYS = 86_400.0, 60


def cache_directory() -> Path:
    """Where compiled code is kept: ``BARTER_BT_CACHE``, else the user's cache directory."""
    if chosen := os.environ.get("BARTER_BT_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "barter_bt"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "barter_bt"


# Read when this room is loaded: a file that is edited later is not what this process runs.
_FILES = ("table.py", "lowering.py", "kernel.py", "exact.py", "digest.py", "cache.py")
_SOURCES = b"".join((Path(__file__).parent / name).read_bytes() for name in _FILES)


@functools.cache
def _foundation() -> str:
    """What every cached function depends on besides its own code: the lowering and the compiler."""
    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    return hashlib.sha256(_SOURCES + repr((versions, sys.version)).encode()).hexdigest()


def is_kept(index: Path) -> bool:
    """Whether code is in the cache; that it is used is noted, once a day, by the time of its file."""
    try:
        age = time.time() - index.stat().st_mtime
    except OSError:
        return False
    if age > _DAY:
        with contextlib.suppress(OSError):
            os.utime(index)
    return True


@functools.cache
def prune(folder: Path) -> None:
    """Delete code that nobody has used for two months, once in a process that compiles something."""
    with contextlib.suppress(OSError):
        for index in folder.glob("*.nbi"):
            if time.time() - index.stat().st_mtime > _KEPT_DAYS * _DAY:
                for file in (*folder.glob(f"{index.stem}.*.nbc"), index):
                    file.unlink(missing_ok=True)


@functools.cache
def cache_class() -> Any:
    """Numba's file cache with our own directory, and a key that is the content."""
    from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, _CacheLocator

    class Locator(_CacheLocator):
        def __init__(self, function: FunctionType) -> None:
            self.function = function

        @classmethod
        def from_function(cls, py_func: FunctionType, py_file: str) -> Locator:
            return cls(py_func)

        def get_cache_path(self) -> str:
            return str(cache_directory())

        def get_source_stamp(self) -> str:
            return _foundation()

        def get_disambiguator(self) -> str:
            where = f"{self.function.__code__.co_filename}:{self.function.__qualname__}"
            return hashlib.sha256(where.encode()).hexdigest()[:12]

    class Impl(CompileResultCacheImpl):
        _locator_classes = (Locator,)

    class ContentCache(FunctionCache):
        _impl_class = Impl

        def __init__(self, function: FunctionType, content: str) -> None:
            self._content = content
            super().__init__(function)
            # One index for each content: Numba numbers the files of a shared index, and two processes that save at
            # the same time take the same number, which would hand one strategy the machine code of the other.
            name = f"{function.__name__}-{hashlib.sha256(content.encode()).hexdigest()[:32]}"
            self._cache_file = IndexDataCacheFile(self._cache_path, name, self._impl.locator.get_source_stamp())
            self.is_new = not is_kept(Path(self._cache_path, f"{name}.nbi"))
            if self.is_new:
                prune(Path(self._cache_path))

        def _index_key(self, sig: Any, codegen: Any) -> Any:
            return (sig, codegen.magic_tuple(), self._content)

    return ContentCache
