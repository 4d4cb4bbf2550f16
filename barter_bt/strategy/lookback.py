"""Expressions that certainly use no later row, since all that they are made of is known not to.

What is not known here may be as honest: it is tried out (:mod:`barter_bt.strategy.lookahead`).
"""

from __future__ import annotations

from typing import Any

import polars as pl

_ROW_BY_ROW = frozenset(
    {"Abs", "Negate", "Sign", "Exp", "Log", "Floor", "Ceil", "Round", "Clip", "Pow", "FillNull", "Coalesce"}
    | {"MaxHorizontal", "MinHorizontal"}
)
_QUESTIONS = frozenset(
    {"IsNull", "IsNotNull", "IsNan", "IsNotNan", "IsFinite", "IsInfinite", "IsBetween", "Not"}
    | {"AllHorizontal", "AnyHorizontal"}
)
_STEPS_BACK = frozenset({"Shift", "Diff", "PctChange"})
_SO_FAR = frozenset({"CumSum", "CumProd", "CumMin", "CumMax", "CumCount"})
_OF_TIMES = frozenset(
    {"TimeStamp", "CastTimeUnit", "Date", "Year", "Month", "Quarter", "Week", "WeekDay", "Day", "Hour", "Minute"}
)
_SMOOTHED = frozenset({"EwmMean", "EwmStd", "EwmVar"})


def only_looks_back(expression: pl.Expr) -> bool:
    """Whether no value of an expression can depend on a later row, whatever the rows are.

    Examples
    --------
    >>> close = pl.col("close")
    >>> only_looks_back(close > close.rolling_mean(20)), only_looks_back(close > close.rolling_mean(20, center=True))
    (True, False)
    >>> only_looks_back(close.shift(1)), only_looks_back(close.shift(-1)), only_looks_back(close / close.max())
    (True, False, False)
    """
    from msgspec import msgpack

    try:
        return _is_known(msgpack.decode(expression.meta.serialize()))
    except (pl.exceptions.PolarsError, TypeError, AttributeError, ValueError, LookupError):
        return False  # written down in a way that is not known here


def _is_known(node: Any) -> bool:
    ((kind, content),) = node.items()
    if kind == "Column":
        return True
    if kind == "Literal":
        return next(iter(content)) in ("Dyn", "Scalar")  # a series would have rows of its own
    if kind == "Alias":
        return _is_known(content[0])
    if kind == "Cast":
        return _is_known(content["expr"])
    if kind == "BinaryExpr":
        return _is_known(content["left"]) and _is_known(content["right"])
    if kind == "Ternary":
        return all(_is_known(content[part]) for part in ("predicate", "truthy", "falsy"))
    if kind == "Function" and _named(content["function"])[0] == "SearchSorted":  # in a list that is no column
        return "Literal" in content["input"][0] and _is_known(content["input"][1])
    return kind == "Function" and _looks_back(content) and all(map(_is_known, content["input"]))


def _looks_back(call: dict[str, Any]) -> bool:
    """Whether a function's value in a row depends on that row and rows before it alone."""
    name, options = _named(call["function"])
    if name == "Boolean":
        return _named(options)[0] in _QUESTIONS
    if name == "TemporalExpr":
        return _named(options)[0] in _OF_TIMES
    if name in _STEPS_BACK:
        steps = int.from_bytes(call["input"][1]["Literal"]["Dyn"]["Int"], "big", signed=True)
        return steps >= 0 and options in (None, "Ignore")
    if name in _SO_FAR:
        return bool(options == {"reverse": False})
    if name == "RollingExpr":
        return not options["options"]["center"]
    return name in _ROW_BY_ROW or name in _SMOOTHED


def _named(function: Any) -> tuple[str, Any]:
    if isinstance(function, str):
        return function, None
    ((name, options),) = function.items()
    return name, options
