"""What the books of a stream look like behind each message: crossed, locked, not known; and rows they do not allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barter_bt.book.change import GAP, OLD
from barter_bt.book.read import STATES
from barter_bt.data.books import crossings
from barter_bt.data.inspection.rows import FOUND
from barter_bt.data.messages import Numbering, whole_messages
from barter_bt.data.orders import ORDER_FAULTS, order_faults, with_clears
from barter_bt.data.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barter_bt.data.chunk import Chunk
    from barter_bt.data.stream import Stream

MESSAGES = frozenset({"crossed", "locked", "unknown_book", "missing_message", "old_message"})
"""Checks that need books."""
ORDERS = frozenset(ORDER_FAULTS)
"""Checks that need orders."""
_BAD = {"crossed": "crossed", "locked": "locked", "stale": "unknown_book"}


def by_book(stream: Stream) -> Iterator[pl.DataFrame]:
    """Messages behind which a book is crossed, locked or not known (its last row tells where), and their numbers."""
    names = list(stream.instruments)
    for chunk, rows, states, apart in crossings(stream):
        assert chunk.flags is not None, "it is a book"
        for bit, check in ((GAP, "missing_message"), (OLD, "old_message")):
            yield _found(stream.kind, chunk, names, check, "sequence", np.flatnonzero(chunk.flags & bit), None)
        for state, check in _BAD.items():
            there = states == STATES.index(state)
            value = apart[there] if check == "crossed" else None
            yield _found(stream.kind, chunk, names, check, "price", rows[there], value)


def by_order(stream: Stream) -> Iterator[pl.DataFrame]:
    """Rows of orders that their book does not allow, each as if those before it were not there."""
    names = list(stream.instruments)
    codes = {name: code for code, name in enumerate(names)}
    chunks = whole_messages(with_clears(stream.given_chunks(codes)), Numbering())
    for chunk, row, check, column in order_faults(chunks, codes, stream.rows):
        value = chunk.columns["amount"][[row]] if check in ("too_much", "order_amount") else None
        yield _found(stream.kind, chunk, names, check, column, np.array([row]), value)


def _found(
    kind: str, chunk: Chunk, names: list[str], check: str, column: str, rows: np.ndarray, value: np.ndarray | None
) -> pl.DataFrame:
    count = len(rows)
    codes = chunk.columns["instrument"][rows]
    columns = {
        "kind": pl.repeat(kind, count, dtype=pl.String, eager=True),
        "check": pl.repeat(check, count, dtype=pl.String, eager=True),
        "column": pl.repeat(column, count, dtype=pl.String, eager=True),
        "instrument": pl.Series([names[code] for code in codes.tolist()], dtype=pl.String),
        "source": pl.repeat(chunk.source, count, dtype=pl.String, eager=True),
        "row": pl.Series([chunk.row_of(row) for row in rows.tolist()], dtype=pl.Int64),
        "time": pl.Series(chunk.columns["time_exchange"][rows]).cast(TIME),
        "value": pl.repeat(None, count, dtype=pl.Float64, eager=True) if value is None else pl.Series(value),
    }
    return pl.DataFrame(columns, schema=FOUND)
