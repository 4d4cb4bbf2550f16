"""The one place where the loop turns to the strategy. Each driver puts its own function here."""

from __future__ import annotations

from barter_bt.columns.table import Block
from barter_bt.engine.event import ON_EVENT
from barter_bt.engine.state.tables import EngineState

SLEEP, PYTHON = 0, 1


def is_awake(s: EngineState) -> bool:
    """Whether the strategy is told of events: while trading is enabled, or if it keeps data of its own."""
    return s.engine.trading[0] != 0 or s.engine.hooks[0] & ON_EVENT != 0


def wake(s: EngineState, my: Block) -> int:
    """Let the strategy decide. ``SLEEP``: done; ``PYTHON``: the loop returns, Python decides and calls again."""
    return SLEEP
