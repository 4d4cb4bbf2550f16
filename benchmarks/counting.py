"""Executed instructions of a part of a program, counted by Valgrind's Callgrind: the same on a busy machine.

Counted is between two *client requests*: a few instructions that do nothing, and that Valgrind knows.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.measure import Skipped

# mov rax, rdi; xor edx, edx; rol rdi, 3; rol rdi, 13; rol rdi, 61; rol rdi, 51; xchg rbx, rbx; mov rax, rdx; ret
_REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_CALLGRIND = ord("C") << 24 | ord("T") << 16
_DUMP, _ZERO, _START, _STOP = _CALLGRIND, _CALLGRIND + 1, _CALLGRIND + 4, _CALLGRIND + 5
_COST = re.compile(r"^(0x[0-9a-f]+|[+-](?:0x)?[0-9a-f]+|\*) \S+ (\d+)$")
_PLAIN = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}  # Valgrind does not know every new instruction


@contextmanager
def counted() -> Iterator[None]:
    """Count what is executed inside; each time becomes one number of :func:`counts`."""
    _ask(_ZERO)
    _ask(_START)
    try:
        yield
    finally:
        _ask(_STOP)
        _ask(_DUMP)


def counts(arguments: Sequence[str]) -> list[int]:
    """Run ``python`` with these arguments, first as it is, so that all is compiled, and then counting."""
    return [_total(dump) for dump in _dumps(arguments)]


def counts_by_address(arguments: Sequence[str], extra: Mapping[str, str]) -> list[Counter[int]]:
    """The same for each instruction, by its address; ``extra`` is set in the environment."""
    return [_by_address(dump) for dump in _dumps(arguments, "--dump-instr=yes", extra=extra)]


def _dumps(arguments: Sequence[str], *options: str, extra: Mapping[str, str] | None = None) -> list[str]:
    valgrind = shutil.which("valgrind")
    if valgrind is None or platform.machine() not in ("x86_64", "AMD64"):
        raise Skipped("instructions are counted by valgrind on x86-64, which is not here")
    environment, command = {**os.environ, **_PLAIN, **(extra or {})}, [sys.executable, *arguments]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        tool = [valgrind, "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", "-q", *options]
        done = subprocess.run([*tool, *command], check=False, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise Skipped(f"valgrind ended with code {done.returncode}")
        dumps = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        return [path.read_text(encoding="utf-8", errors="replace") for path in dumps]


def _total(dump: str) -> int:
    found = re.search(r"^totals: (\d+)", dump, re.MULTILINE)
    assert found is not None, "every dump ends with its total"
    return int(found[1])


def _by_address(dump: str) -> Counter[int]:
    """Cost of each address; that of a call stands behind it once more, with all that was called, and is left out."""
    found: Counter[int] = Counter()
    address, is_call = 0, False
    for line in dump.splitlines():
        if line.startswith("calls="):
            is_call = True
        elif cost := _COST.match(line):
            place = cost[1]
            address = int(place, 16) if place.startswith("0x") else address + (0 if place == "*" else int(place, 0))
            found[address] += 0 if is_call else int(cost[2])
            is_call = False
    return found


def _ask(request: int) -> None:
    arguments = (ctypes.c_uint64 * 6)(request)
    _function()(ctypes.addressof(arguments))


@cache
def _function() -> Any:
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(_REQUEST)
    function: Any = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(
        ctypes.addressof(ctypes.c_char.from_buffer(page))
    )
    function.page = page  # lives as long as what jumps there
    return function
