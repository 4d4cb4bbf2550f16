"""The compiled loop that serves every strategy: compiled before it is needed, or behind a first small run."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

from barter_bt.columns import workers
from barter_bt.columns.block import Block
from barter_bt.columns.cache import cache_directory
from barter_bt.engine.feed import Feed
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import in_place_of_wake
from barter_bt.simulation import loop
from barter_bt.simulation.linked import Linked, linked_wake
from barter_bt.venue.state import VenueState


@cache
def linked() -> Any:
    """The loop that calls a strategy by its address, compiled: a function of four blocks' addresses.

    What strategies ask with is compiled with it, so that of a new one only what the user wrote is left.
    """
    from barter_bt.columns.entry import compile_entry
    from barter_bt.strategy import api

    return compile_entry(*_linked(), beside=tuple(one for one in vars(api).values() if isinstance(one, FunctionType)))


def is_empty() -> bool:
    """Whether nothing is kept, which is told without loading the compiler."""
    return not any(cache_directory().glob("*.code"))


def is_cold() -> bool:
    """Whether the loop would have to be compiled."""
    if is_empty():
        return True
    from barter_bt.columns.entry import is_compiled

    return not is_compiled(*_linked())


def warm_in_background() -> None:
    """Let a process that outlives this one compile the loop; ``BARTER_BT_COMPILE_JOBS=0`` means none."""
    if not _begun:
        _begun.append(True)
        workers.start_apart(f"from {__name__} import linked; linked()")


@cache
def _linked() -> tuple[Any, tuple[type[Block], ...], Any]:
    return loop.run, (EngineState, VenueState, Feed, Linked), in_place_of_wake(linked_wake(), merges=False)


_begun: list[bool] = []
