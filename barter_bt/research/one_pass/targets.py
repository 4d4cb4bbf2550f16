"""Targets of many signals over the same candles: what they share is computed once.

What expressions of a sweep have in common are rolling means and the like, of which a grid of 55 times 180 sets has 235.
Each such part of an expression becomes a column, computed when it is first needed and kept while there is room. Where
the whole is a comparison of such parts, it is compared without Polars.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data import Stream
from barter_bt.research.one_pass.comparison import Comparison, comparing, comparison
from barter_bt.strategy.panel import Panel, panel
from barter_bt.strategy.windows import taken_apart

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ROOM: Final = 128_000_000
"""Bytes of columns that are kept."""
_FEWEST: Final = 16  # columns that are kept, however long they are
_FROM_ROW_TO_ROW: Final = ("Rolling", "Ewm", "Cum", "Diff", "PctChange")
_PLAIN: Final = ("Column", "Literal", "BinaryExpr", "Cast", "Function")
"""Parts that give a value for each row, if what they are made of does; a literal gives one for all."""
Parts = dict[bytes, str]
Making = dict[bytes, "Future[_Column]"]


class SharedColumns:
    """Columns that signals share, by the part of an expression that they are; safe in threads.

    Parameters
    ----------
    stream
        The candles.
    order
        Their rows by the time of their close, then by instrument's name; None if they are in it.
    """

    def __init__(self, stream: Stream, order: Integers | None = None) -> None:
        self.stream, self.rows, self._order = stream, stream.rows, order
        self.panel = panel([stream], [0], list(stream.extra), across=False)
        self._kept: OrderedDict[bytes, Future[_Column]] = OrderedDict()
        self.most = max(ROOM // (8 * max(self.rows, 1)), _FEWEST)
        self._lock = threading.Lock()

    def parts_of(self, expression: pl.Expr) -> list[bytes]:
        """What an expression is made of that is kept as a column."""
        parts: Parts = {}
        _taken_apart(expression, parts, whole=not self.panel.single)
        return list(parts)

    def targets(self, expressions: Sequence[pl.Expr]) -> Iterator[Floats]:
        """Targets of each, in order, NaN where there is none; what is given is valid until the next is asked for.

        Raises
        ------
        Exception
            What Polars raises where one cannot be computed; or a target is NaN.
        """
        parts: Parts = {}
        wanted = [_taken_apart(each, parts, whole=not self.panel.single) for each in expressions]
        columns = self._columns(parts)
        for k, each in enumerate(wanted):
            if isinstance(each, Comparison) and self._compared(each, columns) is None:
                wanted[k] = expressions[k]
        together = {str(k): each.cast(pl.Float64) for k, each in enumerate(wanted) if isinstance(each, pl.Expr)}
        found = self._computed(together, {parts[key]: column for key, column in columns.items()})
        room, compare = np.empty(self.rows), comparing()
        for k, (each, given) in enumerate(zip(wanted, expressions, strict=True)):
            if isinstance(each, Comparison):
                compared = self._compared(each, columns)
                assert compared is not None, "the columns have not changed"
                compare(*compared, each.or_equal, each.yes, room)
                yield self._in_order(room)
            elif each is None:
                yield self._alone(given)
            else:
                yield self._in_order(_floats(found[str(k)], self.rows))

    def _computed(self, wanted: dict[str, pl.Expr], columns: dict[str, _Column]) -> pl.DataFrame:
        if not wanted:
            return pl.DataFrame()
        frame = self.panel.frame
        if columns:
            beside = pl.DataFrame({name: column.series for name, column in columns.items()})
            frame = pl.concat([frame, beside.lazy()], how="horizontal")
        own = {name: self._of_each(one) for name, one in wanted.items()}
        return self.panel.collect(frame.select(**own))

    def _of_each(self, expression: pl.Expr) -> pl.Expr:
        """What is done for each instrument alone (rule 8)."""
        return expression if self.panel.single else expression.over("instrument")

    def _alone(self, expression: pl.Expr) -> Floats:
        """An expression with windows, which are computed one after the other."""
        apart = taken_apart(expression)
        candles = self.across if apart.across else self.panel
        columns = apart.columns(candles).select(pl.col("target").cast(pl.Float64))
        found = _floats(candles.collect(columns).to_series(), self.rows)
        return found if apart.across else self._in_order(found)

    @cached_property
    def across(self) -> Panel:
        """The candles in order, for expressions that look at several instruments."""
        return panel([self.stream], [0], list(self.stream.extra), across=True).held()

    def _in_order(self, targets: Floats) -> Floats:
        return targets if self._order is None else targets[self._order]

    def _compared(self, one: Comparison, columns: dict[bytes, _Column]) -> tuple[Floats, Floats] | None:
        """The columns that are compared; None if one is not of finite floats: to Polars NaN is the greatest."""
        greater, less = (
            np.full(self.rows, side) if isinstance(side, float) else columns[side].array(self.rows)
            for side in (one.greater, one.less)
        )
        return None if greater is None or less is None else (greater, less)

    def _columns(self, parts: Parts) -> dict[bytes, _Column]:
        """A column for each part; those that nobody keeps or makes yet are made together, while others go on."""
        with self._lock:
            kept = {key: self._kept[key] for key in parts if key in self._kept}
            own: Making = {key: Future() for key in parts if key not in kept}
            for key, column in (kept | own).items():
                self._kept[key] = column
                self._kept.move_to_end(key)
            while len(self._kept) > max(self.most, len(parts)):
                self._kept.popitem(last=False)
        if own:
            self._make(own, parts)
        if any(column.exception() is not None for column in kept.values()):
            return self._columns(parts)  # of other parts maybe, that were made together with these
        return {key: column.result() for key, column in (kept | own).items()}

    def _make(self, own: Making, parts: Parts) -> None:
        wanted = {parts[key]: self._of_each(pl.Expr.deserialize(key)) for key in own}
        try:
            made = self.panel.collect(self.panel.frame.select(**wanted))
        except BaseException as error:
            with self._lock:
                for key, column in own.items():
                    if self._kept.get(key) is column:
                        del self._kept[key]
            for column in own.values():
                column.set_exception(error)
            raise
        for key, column in own.items():
            column.set_result(_Column(made[parts[key]]))


class _Column:
    """A column in one of two forms, of which the one that was asked for last is kept."""

    def __init__(self, series: pl.Series) -> None:
        self._held: pl.Series | Floats = series
        self._unfit = False

    @property
    def series(self) -> pl.Series:
        """As Polars has it."""
        held = self._held
        return held if isinstance(held, pl.Series) else pl.Series(held).fill_nan(None)

    def array(self, rows: int) -> Floats | None:
        """As an array, null as NaN; None if it is not of so many finite floats."""
        held = self._held
        if not isinstance(held, pl.Series):
            return held
        if self._unfit or held.dtype != pl.Float64 or held.len() != rows or not held.is_finite().all():
            self._unfit = True
            return None
        found = self._held = held.fill_null(float("nan")).to_numpy()
        return found


def _taken_apart(expression: pl.Expr, parts: Parts, whole: bool) -> pl.Expr | Comparison | None:
    """A comparison of parts; else the expression with columns for its parts, which are named; None if it has windows.

    A function that cannot be written down is computed in place, and so is what shall stay ``whole``.
    """
    try:
        document = msgspec.msgpack.decode(expression.meta.serialize())
    except (pl.exceptions.PolarsError, TypeError, AttributeError, ValueError):
        document = None
    found = comparison(document)
    if found is not None:
        greater, less = _side(found.greater, parts), _side(found.less, parts)
        if greater is not None and less is not None:
            return replace(found, greater=greater, less=less)
    if ".over(" in str(expression):
        return None
    if whole or document is None:
        return expression
    return pl.Expr.deserialize(msgspec.msgpack.encode(_replaced(document, parts)))


def _side(node: Any, parts: Parts) -> float | bytes | None:
    """A side of a comparison: a number, or a part; None if it is more than that."""
    if isinstance(node, float):
        return node
    key = msgspec.msgpack.encode(node)
    return _named(key, parts) if b"Column" in key and _is_plain(node) else None


def _named(key: bytes, parts: Parts) -> bytes:
    parts.setdefault(key, f"__part{len(parts)}")
    return key


def _replaced(node: Any, parts: Parts) -> Any:
    """The same form of an expression with a column for each part that goes from row to row."""
    if isinstance(node, list):
        return [_replaced(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    if _goes_from_row_to_row(node) and _is_plain(node):
        return {"Column": parts[_named(msgspec.msgpack.encode(node), parts)]}
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
