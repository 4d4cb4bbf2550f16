"""Marks on kernels, which say how they are compiled."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

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
    """A copy of a function that is merged into its callers; the function itself stays as it is."""
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__qualname__, copy.__kwdefaults__ = function.__qualname__, function.__kwdefaults__
    return hot(copy)


def native(make: Callable[[], Any]) -> Callable[[F], F]:
    """Mark a kernel in whose place compiled code has another, or what Numba knows: ``make`` gives it."""

    def mark(function: F) -> F:
        function.native = make  # type: ignore[attr-defined]
        return function

    return mark
