"""Marks on kernels, which say how they are compiled."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any, TypeVar, cast

from barter_bt.columns.digest import is_users

F = TypeVar("F", bound=Callable[..., Any])


def unit(function: F) -> F:
    """Mark a kernel that is compiled by itself and called by address, instead of merged into its callers.

    For what the hot loop calls rarely: it is compiled once, whatever strategies come and go. Parameters must be
    annotated, as blocks, tables, ``int`` or ``float``; the result is an ``int``, a ``float`` or None.
    """
    function.is_unit = True  # type: ignore[attr-defined]
    return function


def hot(function: F) -> F:
    """Mark a kernel of the hot path: it is merged into its callers whatever the compiler thinks of its size."""
    function.is_hot = True  # type: ignore[attr-defined]
    return function


def merged(function: FunctionType) -> FunctionType:
    """A copy of a function that is merged into its callers, with what it closes over; the function stays as it is.

    What a function of the user's closes over is left to the compiler.
    """
    own = () if is_users(function) else function.__closure__ or ()
    cells = [CellType(merged(cell.cell_contents)) if _may_be_merged(cell.cell_contents) else cell for cell in own]
    return hot(copied(function, tuple(cells) or function.__closure__))


def copied(function: FunctionType, cells: tuple[CellType, ...] | None) -> FunctionType:
    """A function of the same code over these cells. What it calls of the user's is compiled once more, for it alone.

    What has one caller is merged into it; with two it would be called by both.
    """
    copy: Any = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
    copy.__qualname__, copy.__kwdefaults__ = function.__qualname__, function.__kwdefaults__
    copy.is_copy = True
    return cast("FunctionType", copy)


def _may_be_merged(value: Any) -> bool:
    return isinstance(value, FunctionType) and not (hasattr(value, "is_unit") or hasattr(value, "native"))


def native(make: Callable[[], Any]) -> Callable[[F], F]:
    """Mark a kernel in whose place compiled code has another, or what Numba knows: ``make`` gives it."""

    def mark(function: F) -> F:
        function.native = make  # type: ignore[attr-defined]
        return function

    return mark
