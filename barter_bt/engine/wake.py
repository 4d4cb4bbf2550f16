"""The one place where the loop turns to the strategy. Each driver puts its own function here."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from barter_bt.columns.block import Block
from barter_bt.columns.marks import merged
from barter_bt.engine.event import ON_EVENT
from barter_bt.engine.state.tables import EngineState

SLEEP, PYTHON = 0, 1


def may_decide(s: EngineState) -> bool:
    """Whether the strategy is asked: while trading is enabled, until a shutdown."""
    return s.engine.trading[0] != 0 and s.engine.shut[0] == 0


def is_awake(s: EngineState) -> bool:
    """Whether the strategy is told of events: while it may decide, or if it keeps data of its own."""
    return may_decide(s) or s.engine.hooks[0] & ON_EVENT != 0


def wake(s: EngineState, my: Block) -> int:
    """Let the strategy decide. ``SLEEP``: done; ``PYTHON``: the loop returns, Python decides and calls again."""
    return SLEEP


def wake_here(s: EngineState, my: Block) -> int:
    """The same, merged into its caller: for the way that most rows go, where a call would be a fifth of the row."""
    return SLEEP


def in_place_of_wake(function: Callable[[EngineState, Any], int] | None, *, merges: bool = True) -> dict[Any, Any]:
    """What a driver's function stands in the place of; of None nothing is. One that only calls need not be merged."""
    if not isinstance(function, FunctionType):
        return {}
    return {wake: function, wake_here: merged(function) if merges else function}
