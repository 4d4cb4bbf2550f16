"""The one place where the loop turns to the strategy. Each driver puts its own function here."""

from __future__ import annotations

from barter_bt.columns.table import Block
from barter_bt.engine.state.tables import EngineState

SLEEP, PYTHON = 0, 1


def wake(s: EngineState, my: Block) -> int:
    """Let the strategy decide. ``SLEEP``: done; ``PYTHON``: the loop returns, Python decides and calls again."""
    return SLEEP
