"""Streams of orders (L3): their rows become levels of books by price, chunk by chunk (rule 93)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import FunctionType
from typing import cast

import numpy as np

from barter_bt.book.by_order import (
    ACTIONS,
    CLEAR,
    NO_FAULT,
    OTHER_PRICE,
    OTHER_SIDE,
    REUSED,
    TOO_MUCH,
    UNKNOWN,
    Known,
    LevelRows,
    OrderReading,
    OrderRows,
    make_known,
    read_orders,
)
from barter_bt.book.tables import Books, make_books
from barter_bt.columns.kernel import interprets, is_numba_off
from barter_bt.data.chunk import Chunk
from barter_bt.data.report import Finding
from barter_bt.errors import DataError

UNITS = 100_000_000  # of an amount: those of one order add up to that of its level, exactly
_MOST, _NOISE, _FLOAT_NOISE = float(1 << 62), 1e-3, 4e-16
_FEW_ROWS = 20_000  # interpreted before the compiler has done its work
_WORDS = {
    UNKNOWN: ("unknown_order", "order_id", "names an order that is not in the book", "an order that was added before"),
    REUSED: ("order_reused", "order_id", "adds an order that is in the book already", "ids of their own"),
    TOO_MUCH: ("too_much", "amount", "takes more than the order has left", "at most what is left, or 0 for all of it"),
    OTHER_SIDE: ("other_side", "side", "has another side than the order", "the order's side, or 0"),
    OTHER_PRICE: ("other_price", "price", "has another price than the order", "the order's price, or 0"),
}
ORDER_FAULTS = (*(code for code, *_ in _WORDS.values()), "order_amount")
_HINT = "a book that is joined on its way starts with a snapshot of all orders; rows must be in the order of events"


class OrderError(DataError):
    """A row that its book does not allow, with what a check says of it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message, finding.hint)
        self.finding = finding


def with_clears(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The same chunks; a row that clears its book is a snapshot without orders."""
    for chunk in chunks:
        whole = (chunk.columns["snapshot"] != 0) | (chunk.columns["action"] == CLEAR)
        yield replace(chunk, columns={**chunk.columns, "snapshot": whole.astype(np.int8)})


def levels_of(chunks: Iterable[Chunk], codes: Mapping[str, int], rows: int) -> Iterator[Chunk]:
    """Chunks of orders as chunks of levels.

    Their columns are those of a book by price, and ``change``, by how much the amount of the level is another,
    ``place`` of the order that did it, and ``_row`` of the source.

    Parameters
    ----------
    chunks
        Whole messages with their flags.
    codes
        Instrument name to code.
    rows
        How many rows there are: few are read without the compiler.
    """
    count = max(codes.values(), default=-1) + 1
    books, known = make_books(count), make_known(count)
    plain = bool(is_numba_off() or interprets() or rows <= _FEW_ROWS)
    for chunk in chunks:
        yield _levels(chunk, books, known, plain)


def order_faults(chunks: Iterable[Chunk], codes: Mapping[str, int], rows: int) -> Iterator[tuple[Chunk, int, str, str]]:
    """Every row that its book does not allow: its chunk, its place there, the code of the fault, and a column.

    What follows is read as if the row was not there; parameters as for :func:`levels_of`.
    """
    count = max(codes.values(), default=-1) + 1
    books, known = make_books(count), make_known(count)
    plain = bool(is_numba_off() or interprets() or rows <= _FEW_ROWS)
    for chunk in chunks:
        columns, uncountable = _columns(chunk)
        start = 0
        for end in (*uncountable.tolist(), chunk.rows):
            while start < end:
                _read({name: values[start:end] for name, values in columns.items()}, books, known, plain, 16)
                fault, row = known.tally.fault[0], start + known.tally.row[0]
                start = end if fault == NO_FAULT else row + 1
                if fault != NO_FAULT:
                    known.tally.fault[0] = NO_FAULT
                    yield chunk, row, *_WORDS[fault][:2]
            if end < chunk.rows:
                start = end + 1
                yield chunk, end, "order_amount", "amount"


def _levels(chunk: Chunk, books: Books, known: Known, plain: bool) -> Chunk:
    columns, uncountable = _columns(chunk)
    if len(uncountable):
        raise OrderError(_of_amounts(chunk, uncountable))
    made = _read(columns, books, known, plain, chunk.rows + 16)
    if known.tally.fault[0]:
        raise OrderError(_finding(chunk, known.tally.row[0], known.tally.fault[0]))
    return _made(chunk, made)


def _columns(chunk: Chunk) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What the kernel reads of a chunk, and rows whose amounts cannot be counted."""
    c = chunk.columns
    assert chunk.flags is not None, "messages have flags"
    columns = {name: np.ascontiguousarray(c[name]) for name in ("instrument", "action", "order_id", "side")}
    columns |= {"flags": (chunk.flags & ~3).astype(np.int8)}
    columns["amount"], uncountable = _units(c["amount"])
    columns["price"] = np.where(c["price"] > 0.0, c["price"], 0.0).view(np.int64)  # in the order of prices
    return columns, uncountable


def _read(columns: Mapping[str, np.ndarray], books: Books, known: Known, plain: bool, room: int) -> LevelRows:
    """The levels that rows make, until one of them is at fault."""
    reading = OrderReading(rows=OrderRows.over(dict(columns)), made=LevelRows(room))
    if plain:
        read_orders(books, known, reading, reading)
    else:
        from barter_bt.columns.entry import compile_entry

        blocks = (Books, Known, OrderReading, OrderReading)
        entry = compile_entry(cast("FunctionType", read_orders), blocks, {})
        entry(books.address, known.address, reading.address, reading.address)
    return reading.made


def _made(chunk: Chunk, made: LevelRows) -> Chunk:
    rows = made.array("row")
    kept = ("instrument", "time_exchange", "time_received", "snapshot", "sequence", "previous_sequence")
    columns = {name: chunk.columns[name][rows] for name in kept if name in chunk.columns}
    columns |= {"side": made.array("side").copy(), "price": made.array("price").view(np.float64).copy()}
    columns |= {name: made.array(name) / UNITS for name in ("amount", "change")}
    columns |= {"place": made.array("place").astype(np.float64), "_row": chunk.first_row + rows}
    for values in columns.values():
        values.flags.writeable = False
    own = None if chunk.own is None else np.ascontiguousarray(chunk.own[rows])
    return replace(chunk, rows=len(rows), columns=columns, own=own, flags=made.array("flags").copy())


def _units(amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Amounts as whole numbers, and the rows of those that are none."""
    scaled = amounts * float(UNITS)
    units = np.floor(scaled + 0.5)
    bad = np.flatnonzero((np.abs(scaled - units) > _NOISE + scaled * _FLOAT_NOISE) | ~(scaled < _MOST))
    units[bad] = 0.0
    return units.astype(np.int64), bad


def _of_amounts(chunk: Chunk, bad: np.ndarray) -> Finding:
    row, allowed = int(bad[0]), f"whole numbers of 1e-8, below {_MOST / UNITS:.3g}"
    at, value = chunk.first_row + row, chunk.columns["amount"][row]
    message = f"{chunk.source}: row {at} has the amount {value}; allowed: {allowed}"
    hint = "count in other units, such as thousands, in this column and in the instrument"
    return Finding("order_amount", "amount", len(bad), (at,), message, hint, chunk.source)


def _finding(chunk: Chunk, row: int, fault: int) -> Finding:
    code, column, problem, allowed = _WORDS[fault]
    c, at = chunk.columns, chunk.first_row + row
    said = f"{ACTIONS[c['action'][row] - 1]} of order {c['order_id'][row]}"
    values = f"side {c['side'][row]}, price {c['price'][row]}, amount {c['amount'][row]}"
    message = f"{chunk.source}: row {at} ({said}, {values}) {problem}; allowed: {allowed}"
    return Finding(code, column, 1, (at,), message, _HINT, chunk.source)
