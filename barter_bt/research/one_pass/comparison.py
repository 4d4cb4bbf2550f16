"""Signals that are a comparison: above or below, times a number. Of all signals most are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from types import FunctionType
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from barter_bt.columns.kernel import compiled_function

Floats = npt.NDArray[np.float64]
_TURNED: Final = {"Gt": ("Gt", False), "GtEq": ("GtEq", False), "Lt": ("Gt", True), "LtEq": ("GtEq", True)}


@dataclass(frozen=True)
class Comparison:
    """``(greater > less) * yes``, or ``>=``.

    Parameters
    ----------
    greater, less
        Expressions in Polars' own form; or numbers.
    or_equal
        Whether equal values count.
    yes
        The target where it holds; else it is 0, and none where one of them is null.
    """

    greater: Any
    less: Any
    or_equal: bool
    yes: float


def comparison(node: Any, yes: float = 1.0) -> Comparison | None:
    """What an expression in Polars' own form compares; None if it is something else.

    Examples
    --------
    >>> import msgspec
    >>> import polars as pl
    >>> signal = (pl.col("close") < pl.lit(30.0)) * 2.0
    >>> found = comparison(msgspec.msgpack.decode(signal.meta.serialize()))
    >>> found.greater, found.less, found.yes
    (30.0, {'Column': 'close'}, 2.0)
    """
    if not isinstance(node, dict):
        return None
    if list(node) == ["Cast"] and node["Cast"]["dtype"] == {"Literal": "Float64"}:
        return comparison(node["Cast"]["expr"], yes)
    if list(node) != ["BinaryExpr"]:
        return None
    left, op, right = (node["BinaryExpr"][name] for name in ("left", "op", "right"))
    if op == "Multiply":
        factor = number(right)
        return None if factor is None or yes != 1.0 else comparison(left, factor)
    if op not in _TURNED:
        return None
    kind, turned = _TURNED[op]
    sides = [each if (value := number(each)) is None else value for each in (left, right)]
    if all(isinstance(each, float) for each in sides):
        return None
    greater, less = reversed(sides) if turned else sides
    return Comparison(greater, less, kind == "GtEq", yes)


def number(node: Any) -> float | None:
    """The value of a literal float in Polars' own form."""
    inner = node.get("Literal") if isinstance(node, dict) and list(node) == ["Literal"] else None
    while isinstance(inner, dict) and len(inner) == 1 and next(iter(inner)) in ("Dyn", "Scalar", "Float", "Float64"):
        (inner,) = inner.values()
    return inner if isinstance(inner, float) and isfinite(inner) else None


def comparing() -> Callable[[Floats, Floats, bool, float, Floats], None]:
    """The function below, compiled."""
    kernel: Callable[[Floats, Floats, bool, float, Floats], None] = compiled_function(cast(FunctionType, compare))
    return kernel


def compare(greater: Floats, less: Floats, or_equal: bool, yes: float, found: Floats) -> None:
    """Write a target for each row, NaN where a side is NaN; no side is infinite."""
    if or_equal:
        for row in range(len(found)):
            one, other = greater[row], less[row]
            found[row] = (yes if one >= other else 0.0) + (one - one) + (other - other)
        return
    for row in range(len(found)):  # a loop for each, without a branch inside, which the compiler makes vectors of
        one, other = greater[row], less[row]
        found[row] = (yes if one > other else 0.0) + (one - one) + (other - other)
