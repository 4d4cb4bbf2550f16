"""Python objects that a piece of work leaves behind in the package: what is not in tables, and so a leak."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import barter_bt

_OURS = tracemalloc.Filter(True, f"{Path(barter_bt.__file__).parent}/*")
_LEFT_OUT = [
    tracemalloc.Filter(False, f"*/barter_bt/{one}")
    for one in ("testing/*", "columns/table.py", "columns/column.py", "columns/memory.py")  # some for each column
]


@dataclass
class Growth:
    """Blocks of memory and bytes more than before."""

    blocks: int = 0
    bytes: int = 0


@contextmanager
def growth() -> Iterator[Growth]:
    """What the package, without tables and exchanges for tests, holds more at the end than at the beginning."""
    found = Growth()
    tracemalloc.start()
    try:
        before = _held()
        yield found
        after = _held()
    finally:
        tracemalloc.stop()
    found.blocks, found.bytes = (b - a for a, b in zip(before, after, strict=True))


def _held() -> tuple[int, int]:
    gc.collect()
    told = tracemalloc.take_snapshot().filter_traces([_OURS, *_LEFT_OUT]).statistics("filename")
    return sum(one.count for one in told), sum(one.size for one in told)
