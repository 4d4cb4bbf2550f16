"""Memory that is asked for before it is needed.

Processors guess what a loop will read or write next, but only while it runs: of columns that are gone through with
interruptions, each would be waited for anew, a tenth of a microsecond every time.
"""

from __future__ import annotations

from typing import Any

from barter_bt.columns.marks import native


def _native_fetch() -> Any:
    from barter_bt.columns.lowering import prefetch

    return prefetch


@native(_native_fetch)
def fetch(given: Any, row: int) -> None:
    """Ask for a row of a column, or of all columns of a table; it need not exist. Nothing else comes of it."""
