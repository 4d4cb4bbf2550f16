"""Expressions that look across instruments: windows are taken out of an expression and computed one after the other.

Polars computes a window that stands inside another one within each group of the outer one, so that
``change.over("instrument").rank().over("time")`` ranks changes of a single row. Here a window is a column: it is
computed over all rows before what stands around it. What stands outside of all windows is computed for each instrument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl

from barter_bt.errors import StrategyError
from barter_bt.strategy.panel import KNOWN, Panel

_SEQUENTIAL = (
    *("Shift", "ShiftAndFill", "Diff", "PctChange", "Interpolate", "RollingExpr", "RollingExprBy"),
    *("EwmMean", "EwmMeanBy", "EwmStd", "EwmVar", "EwmSum", "CumSum", "CumProd", "CumMin", "CumMax", "CumCount"),
    *("FillNullWithStrategyForward", "FillNullWithStrategyBackward"),
)
"""Functions that go from row to row, by their names in Polars' own form of an expression."""


class Window(NamedTuple):
    """One ``.over(...)``, with the windows inside it replaced by columns.

    Parameters
    ----------
    name
        The column that it becomes.
    value
        The whole window.
    keys
        What its rows are grouped by.
    inner
        Names of the windows that it reads.
    """

    name: str
    value: pl.Expr
    keys: tuple[pl.Expr, ...]
    inner: tuple[str, ...]


@dataclass
class Apart:
    """An expression taken apart, and others that are known only together with it.

    Parameters
    ----------
    rest
        What stands outside of all windows, which are columns in it.
    windows
        Of all of them, in an order in which they can be computed.
    beside
        The same of the others, by name.
    """

    rest: pl.Expr
    windows: list[Window] = field(default_factory=list)
    beside: dict[str, pl.Expr] = field(default_factory=dict)

    @property
    def across(self) -> bool:
        """Whether a window looks at rows of several instruments."""
        return any(not _within_instrument(window.keys) for window in self.windows)

    def columns(self, panel: Panel) -> pl.LazyFrame:
        """Compute ``time`` (when it is known), ``instrument``, ``target`` and the others for each row of a panel.

        What a window gives is known when all rows of its group, until the row's own close, have arrived.
        """
        frame, here = panel.frame, [KNOWN]
        for window in self.windows:
            frame = frame.with_columns(window.value.alias(window.name))
            if panel.uneven:
                frame = frame.with_columns(_known([KNOWN, *map(_late, window.inner)]).alias(_late(window.name)))
                frame = _spread(frame, _late(window.name), window.keys)
                here.append(_late(window.name))
        own = ["instrument"]
        found = {"target": self.rest} | self.beside
        found = found if panel.single else {name: each.over(own) for name, each in found.items()}
        if panel.uneven:
            frame = _spread(frame.with_columns(_known(here).alias(KNOWN)), KNOWN, own)
        return frame.select(time=KNOWN, instrument="instrument", **found)


_NONE: Mapping[str, pl.Expr] = MappingProxyType({})


def taken_apart(expression: pl.Expr, beside: Mapping[str, pl.Expr] = _NONE) -> Apart:
    """Take the windows out of an expression, and out of others that go with it.

    Raises
    ------
    StrategyError
        A function that goes from row to row stands in a window over several instruments; or Polars cannot write the
        expression down.

    Examples
    --------
    >>> change = pl.col("close").diff().over("instrument")
    >>> [str(window.value) for window in taken_apart(change.rank().over("time") <= 2).windows]
    ['col("close").diff([dyn int: 1]).over([col("instrument")])', 'col("__window0").rank().over([col("time")])']
    """
    found = Apart(expression)
    found.rest = _without_windows(expression, found.windows)
    found.beside = {name: _without_windows(each, found.windows) for name, each in beside.items()}
    return found


def _without_windows(expression: pl.Expr, windows: list[Window]) -> pl.Expr:
    """The same expression with a column in place of each window; those are added to the others."""
    if ".over(" not in str(expression):
        return expression
    from msgspec import msgpack

    try:
        document = msgpack.decode(expression.meta.serialize())
    except (pl.exceptions.PolarsError, TypeError, AttributeError, ValueError) as error:
        raise StrategyError(
            f"the signal's windows cannot be taken out of its expression: {str(error).splitlines()[0]}",
            "a function in map_batches or map_elements must be one that can be pickled; or compute the targets "
            "yourself and give Signals a frame of them",
        ) from error
    return _expression(_replaced(document, windows))


def _replaced(node: Any, windows: list[Window]) -> Any:
    """The same form of an expression, with a column in place of each window; inner windows first."""
    if isinstance(node, list):
        return [_replaced(each, windows) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _replaced(value, windows) for key, value in node.items()}
    if list(made) != ["Over"]:
        return made
    value, keys = _expression(made), tuple(map(_expression, made["Over"]["partition_by"] or ()))
    _check(made["Over"], keys)
    inner = tuple(window.name for window in windows if window.name in value.meta.root_names())
    same = [window.name for window in windows if window.value.meta.eq(value)]
    if not same:
        windows.append(Window(f"__window{len(windows)}", value, keys, inner))
    return {"Column": same[0] if same else windows[-1].name}


def _check(over: dict[str, Any], keys: tuple[pl.Expr, ...]) -> None:
    """Refuse what goes from row to row over rows that are not in the order of one instrument's time."""
    if over.get("order_by") or _within_instrument(keys):
        return
    for name in _functions(over["function"]):
        if name in _SEQUENTIAL:
            shown = ", ".join(str(key) for key in keys)
            call = re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Expr")).lower()
            raise StrategyError(
                f"the signal's expression has {call}() inside .over({shown}), where it goes from one instrument to the "
                "next, in order of their names",
                'compute it for each instrument first: (...).over("instrument"), and rank or compare that over time',
            )


def _within_instrument(keys: tuple[pl.Expr, ...]) -> bool:
    return any(key.meta.is_column() and key.meta.root_names() == ["instrument"] for key in keys)


def _functions(node: Any) -> Iterator[str]:
    """Names of the functions in the form of an expression."""
    if isinstance(node, list):
        for each in node:
            yield from _functions(each)
    elif isinstance(node, dict):
        name = node.get("function")
        if isinstance(name, str):
            yield name
        elif isinstance(name, dict):
            yield from (f"{key}{_direction(value)}" for key, value in name.items())
        for each in node.values():
            yield from _functions(each)


def _direction(options: Any) -> str:
    """Forward and Backward of filled nulls; the other strategies do not go from row to row."""
    return next((name for name in ("Forward", "Backward") if isinstance(options, dict) and name in options), "")


def _expression(document: Any) -> pl.Expr:
    from msgspec import msgpack

    return pl.Expr.deserialize(msgpack.encode(document))


def _late(name: str) -> str:
    return f"{name}_known"


def _known(names: list[str]) -> pl.Expr:
    return pl.max_horizontal(names)


def _spread(frame: pl.LazyFrame, name: str, keys: Any) -> pl.LazyFrame:
    """Let a row wait for all rows of its group until its own close."""
    groups = list(keys) or [pl.lit(True)]
    frame = frame.with_columns(pl.col(name).cum_max().over(groups))
    return frame.with_columns(pl.col(name).max().over([*groups, "time_exchange"]))
