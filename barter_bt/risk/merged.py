"""Compiled risk managers as kernels: one that is called by its address, all of a run merged into the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from barter_bt.columns.block import Block
from barter_bt.columns.callback import call
from barter_bt.engine.manage import apply_verdict
from barter_bt.engine.state.tables import EngineState
from barter_bt.risk.managers import Check

Manage: TypeAlias = Callable[[EngineState, int], int]


def checked(check: Check) -> Any:
    """The kernel that shows a user's function what it may see: the state to read, its own tables to write."""

    def shown(s: EngineState, my: Any, action: int) -> int:
        return check(s.read_only, my.checked, action)

    return shown


def merged(managers: Sequence[tuple[Check, type[Block]] | None]) -> Manage:
    """The kernel that asks each in turn: a compiled function with the class of its tables, or None, one in Python."""
    kernels = [_python(k) if one is None else _compiled(k, *one) for k, one in enumerate(managers)]
    made = kernels[-1]
    for one in reversed(kernels[:-1]):
        made = _then(one, made)
    return made


def _python(k: int) -> Manage:
    def manage(s: EngineState, action: int) -> int:
        return call(s.managers.known_by[k], action)

    return manage


def _compiled(k: int, check: Check, tables: type[Block]) -> Manage:
    from barter_bt.columns.lowering import block_at

    shown, at = checked(check), block_at(tables)

    def manage(s: EngineState, action: int) -> int:
        m = s.managers
        return apply_verdict(s, action, shown(s, at(m.my[k]), action), m.first[k], m.reasons[k])

    return manage


def _then(one: Manage, other: Manage) -> Manage:
    """The second is asked if the first approves."""

    def manage(s: EngineState, action: int) -> int:
        reason = one(s, action)
        return reason if reason else other(s, action)

    return manage
