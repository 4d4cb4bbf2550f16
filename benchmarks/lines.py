"""Which function of the source each instruction of compiled code comes from, by its line tables.

The kernel is compiled once more with line tables, which change nothing of its code, into a cache of its own. Numba's
objects are kept beside it, with the addresses at which a process has loaded them.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.cases import ROOT
from benchmarks.measure import Skipped

_LOADED = "loaded.json"
_HEAD = re.compile(r"^(?:CU: )?(\S+\.py):(?:\[\+\+\])?$")
_ROW = re.compile(r"^\S+\.py\s+(\d+)\s+(0x[0-9a-f]+|0)\b")
PACKAGE = ROOT / "barter_bt"


@contextmanager
def noted(folder: Path) -> Iterator[None]:
    """Compile with line tables; keep each object that is compiled, and where each was loaded."""
    from numba.core import compiler

    from barter_bt.columns.cache import CodeCache

    made, load, save = compiler._make_subtarget, CodeCache.load_overload, CodeCache.save_overload
    loaded: list[tuple[int, str, str]] = []

    def make(context: Any, flags: Any) -> Any:
        flags.debuginfo = flags.dbg_directives_only = True
        return made(context, flags)

    def note(path: Path, result: Any) -> None:
        symbol = result.fndesc.llvm_func_name
        loaded.append((result.library.get_pointer_to_function(symbol), symbol, f"{path.name}.o"))

    def load_overload(self: Any, signature: Any, context: Any) -> Any:
        result = load(self, signature, context)
        if result is not None:
            note(self._path(signature), result)
        return result

    def save_overload(self: Any, signature: Any, result: Any) -> None:
        save(self, signature, result)
        path = self._path(signature)
        (folder / f"{path.name}.o").write_bytes(result.library._get_compiled_object())
        note(path, result)

    compiler._make_subtarget = make
    CodeCache.load_overload, CodeCache.save_overload = load_overload, save_overload  # type: ignore[method-assign]
    try:
        yield
    finally:
        compiler._make_subtarget = made
        CodeCache.load_overload, CodeCache.save_overload = load, save  # type: ignore[method-assign]
        (folder / _LOADED).write_text(json.dumps(loaded))


@dataclass(frozen=True)
class _Object:
    """One object where it was loaded: from and to which address, and the lines in it by offset."""

    start: int
    end: int
    offsets: list[int]
    names: list[str]


class Functions:
    """Names of functions by address, as ``engine/report.py:apply_report``."""

    def __init__(self, folder: Path) -> None:
        loaded = json.loads((folder / _LOADED).read_text())
        self._objects = sorted((_object(folder / file, *one) for *one, file in loaded), key=lambda one: one.start)
        self._starts = [one.start for one in self._objects]

    def at(self, address: int) -> str:
        """The function whose code stands there; ``other`` for what is not the kernel's."""
        k = bisect_right(self._starts, address) - 1
        if k < 0 or address >= self._objects[k].end:
            return "other"
        one = self._objects[k]
        row = bisect_right(one.offsets, address - one.start) - 1
        return one.names[row] if row >= 0 else "other"


def _object(path: Path, address: int, symbol: str) -> _Object:
    symbols = sorted(_symbols(path))
    start = address - next(offset for offset, name in symbols if name == symbol)
    lines = sorted(_lines(_tool("readelf", "-W", "--debug-dump=decodedline", str(path)), symbols))
    return _Object(start, start + path.stat().st_size, [one[0] for one in lines], [one[1] for one in lines])


def _symbols(path: Path) -> Iterator[tuple[int, str]]:
    for line in _tool("nm", str(path)).splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[1] in "tT":
            yield int(parts[0], 16), parts[2]


def _lines(table: str, symbols: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Offset and function of each row of a decoded line table."""
    file = ""
    starts = [offset for offset, _ in symbols]
    for text in table.splitlines():
        if head := _HEAD.match(text):
            file = head[1]
        elif (row := _ROW.match(text)) and row[1] != "0":
            offset = int(row[2], 16)
            symbol = symbols[max(bisect_right(starts, offset) - 1, 0)][1]
            yield offset, _function(_path(file, symbol), int(row[1]))


def _path(file: str, symbol: str) -> str:
    """A file whose folder is not told stands beside that of the function that a symbol names."""
    if file.startswith("/"):
        return file
    path = ROOT.joinpath(*(part for part in _parts(symbol) if part.isidentifier()))
    beside = (folder / file.removeprefix("./") for folder in path.parents)
    return str(next((each for each in beside if each.exists()), file))


def _parts(symbol: str) -> list[str]:
    """What a mangled name is made of: ``_ZN9barter_bt6engine4step...`` is barter_bt, engine, step."""
    found, rest = [], symbol.removeprefix("_ZN")
    while length := re.match(r"\d+", rest):
        begin = length.end()
        found.append(rest[begin : begin + int(length[0])])
        rest = rest[begin + int(length[0]) :]
    return found


def _function(path: str, line: int) -> str:
    file = Path(path)
    if PACKAGE not in file.parents:
        return "Numba's own"
    name = _names(file).get(line, "top")
    return f"{file.relative_to(PACKAGE)}:{name}"


@cache
def _names(file: Path) -> dict[int, str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    return {line: one.name for one in functions for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}


def _tool(name: str, *arguments: str) -> str:
    if shutil.which(name) is None:
        raise Skipped(f"{name} is not here")
    return subprocess.run([name, *arguments], check=True, capture_output=True, text=True).stdout
