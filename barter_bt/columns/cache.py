"""Where machine code is kept, by content: an edit anywhere is seen, an unchanged program compiles nothing.

One file for each function, content and signature: a line that says what it is, a checksum, and Numba's result. What is
cut or changed is compiled again. Code is read only from where nobody else can write, because loading runs it; where
nothing can be kept, this process compiles for itself. See ``docs/decisions/0002-cache.md``.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import pickle
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

_DAY, _KEPT_DAYS = 86_400.0, 60
_HEAD = b"barter_bt code 1\n"
_SUFFIX, _UNFINISHED = ".code", ".tmp"
_OURS = (_SUFFIX, _UNFINISHED, ".nbi", ".nbc")  # the last two: of earlier versions


class CacheWarning(UserWarning):
    """Compiled code could not be kept or was not used; results are the same, but compiling takes time."""


def cache_directory() -> Path:
    """Where compiled code is kept: ``BARTER_BT_CACHE``, else the user's cache directory."""
    if chosen := os.environ.get("BARTER_BT_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "barter_bt"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "barter_bt"


# Read when this room is loaded: a file that is edited later is not what this process runs.
_FILES = (
    "table.py",
    "lowering.py",
    "view.py",
    "view_lowering.py",
    "pipeline.py",
    "kernel.py",
    "native.py",
    "callback.py",
    "entry.py",
    "exact.py",
    "inference.py",
    "scalars.py",
    "objections.py",
    "marks.py",
    "digest.py",
    "cache.py",
)
_SOURCES = b"".join((Path(__file__).parent / name).read_bytes() for name in _FILES)


@functools.cache
def _foundation() -> str:
    """What every cached function depends on besides its own code: the lowering, the compiler and the processor."""
    from numba.core.registry import cpu_target

    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    about = repr((versions, sys.version, cpu_target.target_context.codegen().magic_tuple()))
    return hashlib.sha256(_SOURCES + about.encode()).hexdigest()


@functools.cache
def _make_ready(target_context: Any) -> None:
    """Let Numba load what compiled code may call, such as its own runtime: once, not for each function."""
    target_context.refresh()


class CodeCache:
    """The compiled code of one function: what Numba's dispatchers ask of a cache.

    Parameters
    ----------
    function
        Its name is a part of the file's, for the eye.
    content
        All that the code depends on besides the signature.
    """

    def __init__(self, function: Callable[..., Any], content: str) -> None:
        self._name, self._content, self._folder = function.__name__, content, cache_directory()

    def is_kept(self, signature: Any) -> bool:
        """Whether there is code for a signature, or could not be anyway."""
        return self._path(signature).is_file() or not _is_safe(self._folder)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Give Numba's result for a signature; None where there is none, or none that can be used."""
        from numba.core.compiler import CompileResult

        _make_ready(target_context)
        path = self._path(signature)
        try:
            content = _read(path)
            return content and CompileResult._rebuild(target_context, *pickle.loads(content))
        except Exception as error:  # whatever a file may cause that is not what was written
            _warn(f"compiled code could not be used and is compiled again: {path} ({error})")
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep Numba's result, if it can be kept."""
        from numba.core.serialize import dumps

        if result.lifted or result.library.has_dynamic_globals:
            return
        path, temporary = self._path(signature), self._folder / f"{uuid4().hex}{_UNFINISHED}"
        content = dumps(result._reduce())
        try:
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            if not _is_safe(self._folder):
                return
            prune(self._folder)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(_HEAD + _checksum(path, content) + content)
            temporary.replace(path)
        except OSError as error:
            _warn_once(
                f"compiled code cannot be kept in {self._folder}, every process compiles anew: {error}; "
                "BARTER_BT_CACHE can name another directory"
            )
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _path(self, signature: Any) -> Path:
        key = f"{self._content} {_foundation()} {signature}"
        return self._folder / f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:40]}{_SUFFIX}"


def _checksum(path: Path, content: bytes) -> bytes:
    """Of the content under its name, so that code under another's name is not taken either."""
    return hashlib.sha256(path.name.encode() + content).digest()


def _read(path: Path) -> bytes | None:
    """The content of a file that is whole; None where there is none, or it may not be read.

    Raises
    ------
    ValueError
        It is not what was written.
    """
    if not _is_safe(path.parent):
        return None
    try:
        with path.open("rb") as file:
            status, content = os.fstat(file.fileno()), file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not _is_ours(status):
        raise ValueError("others can write it")
    start = len(_HEAD) + hashlib.sha256().digest_size
    if content[:start] != _HEAD + _checksum(path, content[start:]):
        raise ValueError("its checksum differs")
    if time.time() - status.st_mtime > _DAY:  # that it is used is noted, once a day, by the time of its file
        with contextlib.suppress(OSError):
            os.utime(path)
    return content[start:]


def _is_safe(folder: Path) -> bool:
    """Whether only this user can write in a folder; one that is not there will be made so."""
    try:
        if _is_ours(folder.stat()):
            return True
    except OSError:
        return True  # not there; or not to be read, which reading and writing will tell
    _warn_once(
        f"others can write in {folder}, so no compiled code is kept there or taken from there; "
        "make it yours alone (chmod go-w), or let BARTER_BT_CACHE name another directory"
    )
    return False


def _is_ours(status: os.stat_result) -> bool:
    """Whether only this user or the administrator can write it; Windows keeps a user's directories private itself."""
    return os.name != "posix" or (status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022)


@functools.cache
def prune(folder: Path) -> None:
    """Delete code that nobody has used for two months, once in a process that compiles something."""
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            if file.suffix in _OURS and time.time() - file.stat().st_mtime > _KEPT_DAYS * _DAY:
                file.unlink(missing_ok=True)


def _warn(message: str) -> None:
    warnings.warn(message, CacheWarning, stacklevel=2)


_warn_once = functools.cache(_warn)
