"""Targets of many signals over the same candles: what they share is computed once.

What expressions of a sweep have in common are rolling means and the like, of which a grid of 55 times 180 sets has 235.
Each such part of an expression becomes a column, computed when it is first needed and kept while there is room.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.strategy.panel import Panel
from barter_bt.strategy.windows import taken_apart

Floats = npt.NDArray[np.float64]
ROOM: Final = 64_000_000
"""Bytes of columns that are kept."""
_FROM_ROW_TO_ROW: Final = ("Rolling", "Ewm", "Cum", "Diff", "PctChange")
_PLAIN: Final = ("Column", "Literal", "BinaryExpr", "Cast", "Function")
"""Parts that give a value for each row, if what they are made of does; a literal gives one for all."""


class SharedColumns:
    """Columns that signals share, by the part of an expression that they are; safe in threads.

    Parameters
    ----------
    panel
        The candles.
    rows
        How many there are.
    """

    def __init__(self, panel: Panel, rows: int) -> None:
        self.panel, self.rows = panel, rows
        self._kept: OrderedDict[bytes, pl.Series] = OrderedDict()
        self._most = max(ROOM // (8 * max(rows, 1)), 1)
        self._lock = threading.Lock()

    def targets(self, expressions: Sequence[pl.Expr]) -> Iterator[Floats]:
        """Targets of each, NaN where there is none.

        Raises
        ------
        Exception
            What Polars raises where one cannot be computed.
        """
        parts: dict[bytes, str] = {}
        wanted = {str(k): self._taken_apart(each, parts) for k, each in enumerate(expressions)}
        columns = self._columns(parts)
        alone = [name for name, each in wanted.items() if each is None]
        frame = pl.DataFrame(columns).lazy() if columns else self.panel.frame
        if columns:
            frame = pl.concat([self.panel.frame, frame], how="horizontal")
        together = {name: each.cast(pl.Float64) for name, each in wanted.items() if each is not None}
        found = self.panel.collect(frame.select(**together)) if together else pl.DataFrame()
        for k, each in enumerate(expressions):
            yield _floats(self._alone(each) if str(k) in alone else found[str(k)], self.rows)

    def _alone(self, expression: pl.Expr) -> pl.Series:
        columns = taken_apart(expression).columns(self.panel)
        return self.panel.collect(columns.select(pl.col("target").cast(pl.Float64))).to_series()

    def _taken_apart(self, expression: pl.Expr, parts: dict[bytes, str]) -> pl.Expr | None:
        """The expression with columns for its parts, which are named; None where it has windows."""
        if ".over(" in str(expression):
            return None
        try:
            document = msgspec.msgpack.decode(expression.meta.serialize())
        except Exception:  # a function that cannot be written down is computed in place
            return expression
        before = len(parts)
        replaced = _replaced(document, parts)
        if len(parts) == before and replaced == document:
            return expression
        return pl.Expr.deserialize(msgspec.msgpack.encode(replaced))

    def _columns(self, parts: dict[bytes, str]) -> dict[str, pl.Series]:
        """A column for each part, by its name; those that are not kept yet are computed together."""
        with self._lock:
            found = {key: self._kept[key] for key in parts if key in self._kept}
            missing = {parts[key]: pl.Expr.deserialize(key) for key in parts if key not in found}
            if missing:
                made = self.panel.collect(self.panel.frame.select(**missing))
                found |= {key: made[parts[key]] for key in parts if key not in found}
            for key, column in found.items():
                self._kept[key] = column
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return {parts[key]: column for key, column in found.items()}


def _replaced(node: Any, parts: dict[bytes, str]) -> Any:
    """The same form of an expression with a column for each part that goes from row to row."""
    if isinstance(node, list):
        return [_replaced(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    if _goes_from_row_to_row(node) and _is_plain(node):
        key = msgspec.msgpack.encode(node)
        return {"Column": parts.setdefault(key, f"__part{len(parts)}")}
    return {name: _replaced(value, parts) for name, value in node.items()}


def _goes_from_row_to_row(node: dict[str, Any]) -> bool:
    function = node["Function"]["function"] if list(node) == ["Function"] else None
    name = next(iter(function)) if isinstance(function, dict) else str(function)
    return name.startswith(_FROM_ROW_TO_ROW)


def _is_plain(node: Any) -> bool:
    """Whether an expression gives a value for each row, from columns of the candles."""
    if not isinstance(node, dict) or len(node) != 1 or next(iter(node)) not in _PLAIN:
        return False
    ((kind, inner),) = node.items()
    if kind == "Function":
        return _goes_from_row_to_row(node) and all(map(_is_plain, inner["input"]))
    if kind == "BinaryExpr":
        return _is_plain(inner["left"]) and _is_plain(inner["right"])
    return _is_plain(inner["expr"]) if kind == "Cast" else True


def _floats(column: pl.Series, rows: int) -> Floats:
    """A column of targets as an array, null as NaN.

    Raises
    ------
    ValueError
        It has a NaN, which is no target, or another length than the candles.
    """
    if column.len() == 1 and rows != 1:  # a constant
        column = column.new_from_index(0, rows)
    values = column.fill_null(float("nan")).to_numpy() if column.null_count() else column.to_numpy()
    if int(np.isnan(values).sum()) != column.null_count() or len(values) != rows:
        raise ValueError("a target that is NaN")
    return np.ascontiguousarray(values, np.float64)
