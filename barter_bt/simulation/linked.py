"""The loop without a strategy in it: it calls one by its address, so that only what the user wrote is compiled anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from barter_bt.columns.block import Block
from barter_bt.columns.column import I64
from barter_bt.columns.table import Table
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import SLEEP


class Link(Table, rows=1):
    """One row: the addresses of the strategy's compiled function (0: it is never woken) and of its own tables."""

    code: I64
    my: I64


class Linked(Block):
    """What stands in the place of the strategy's own tables."""

    link: Link


def linked_wake() -> Callable[[EngineState, Any], int]:
    """The kernel that calls the strategy, in the place of :func:`barter_bt.engine.wake.wake`."""
    from barter_bt.columns.lowering import call_at

    def wake(s: EngineState, my: Linked) -> int:
        code = my.link.code[0]
        return call_at(code, s, my.link.my[0], 0) if code != 0 else SLEEP

    return wake
