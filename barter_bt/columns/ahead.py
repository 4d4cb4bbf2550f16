"""Memory that is asked for before it is needed."""

from __future__ import annotations

from typing import Any

from barter_bt.columns.marks import native


def _native_fetch() -> Any:
    from barter_bt.columns.lowering import prefetch

    return prefetch


@native(_native_fetch)
def fetch(column: Any, row: int) -> None:
    """Ask for the memory of a row, also of one that does not exist; nothing else comes of it.

    Processors guess what a loop will read next, but only while it runs: of a stretch that is interrupted every few rows,
    each column would be waited for anew.
    """
