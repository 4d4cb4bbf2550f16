"""Whether the messages of a book stream follow on from each other: no row is wrong where they do not (rule 87)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from barter_bt.book.change import GAP, OLD, SNAPSHOT
from barter_bt.book.read import CROSSED
from barter_bt.book.replay import replay_changes
from barter_bt.book.tables import Books, make_books
from barter_bt.columns.kernel import interprets, is_numba_off
from barter_bt.data.chunk import Chunk
from barter_bt.data.orders import OrderError
from barter_bt.data.report import Finding
from barter_bt.data.rows import Rows, chunk_of, in_messages

_ROWS_SHOWN = 5
_FEW_ROWS = 20_000  # interpreted before the compiler has done its work
_WORDS = {
    "gap": (
        "sequence",
        GAP,
        "message(s) come after one that is missing",
        "the book is stale from there until the next snapshot, and fills nothing; complete the data, or let the "
        "stream have snapshots behind the gaps",
    ),
    "old_message": (
        "sequence",
        OLD,
        "row(s) are of messages whose number is not above that of the one before, and are passed over",
        "repeated messages can be dropped; where numbers start anew, a snapshot says what the book is",
    ),
    "crossed": (
        "price",
        0,
        "message(s) leave a book whose best bid is above its best ask",
        "it shows nothing as long as it is, and fills nothing; a level that was to be taken away may be missing",
    ),
}


def breaks(stream: Rows) -> Iterator[Finding]:
    """Gaps, messages that say nothing new, crossed books, and instruments without a snapshot: warnings.

    Examples
    --------
    >>> import polars as pl
    >>> from barter_bt.data import book
    >>> rows = {"time_exchange": [10**18], "side": ["bid"], "price": [9.0], "amount": [1.0]}
    >>> [finding.code for finding in breaks(book(pl.DataFrame(rows), instrument="a_usd", time_unit="ns"))]
    ['no_snapshot']
    """
    codes = {name: code for code, name in enumerate(stream.instruments)}
    counts: dict[tuple[str, str], int] = {}
    rows: dict[tuple[str, str], list[int]] = {}
    begun: set[int] = set()
    books, plain = make_books(len(codes)), is_numba_off() or interprets() or stream.rows <= _FEW_ROWS
    chunks = in_messages(stream, (chunk_of(stream, piece, codes) for piece in stream.pieces()), codes)
    while True:
        try:
            chunk = next(chunks, None)
        except OrderError as error:
            yield error.finding
            return
        if chunk is None:
            break
        assert chunk.flags is not None, "it is a book"
        begun |= set(np.unique(chunk.columns["instrument"][chunk.flags & SNAPSHOT != 0]).tolist())
        crossed = _crossed(books, chunk, plain)
        for code, (_, bit, _, _) in _WORDS.items():
            found = np.flatnonzero(chunk.flags & bit) if bit else crossed
            if len(found):
                key = code, chunk.source
                counts[key] = counts.get(key, 0) + len(found)
                rows[key] = [*rows.get(key, []), *map(chunk.row_of, found[:_ROWS_SHOWN].tolist())][:_ROWS_SHOWN]
    for (code, source), count in counts.items():
        column, _, problem, hint = _WORDS[code]
        shown = ", ".join(map(str, rows[code, source]))
        message = f"{source}: {count} {problem} (row {shown}{', ...' if count > _ROWS_SHOWN else ''}, counted from 0)"
        yield Finding(code, column, count, tuple(rows[code, source]), message, hint, source)
    for name, code_ in codes.items():
        if code_ not in begun:
            message = f"{stream.name}: the book of {name!r} has no snapshot, so that it is never known"
            hint = (
                "mark the rows of snapshots with a column snapshot; a book that starts empty starts with an empty one"
                + (': a row whose action is "clear"' if stream.kind == "book_orders" else "")
            )
            yield Finding("no_snapshot", "snapshot", 0, (), message, hint, stream.name)


def _crossed(books: Books, chunk: Chunk, plain: bool) -> np.ndarray:
    """Last rows of messages behind which their book is crossed; the bits of floats above 0 are in their order."""
    assert chunk.flags is not None, "it is a book"
    columns = {name: chunk.columns[name] for name in ("instrument", "time_exchange")}
    columns |= {"flags": chunk.flags, "ticks": chunk.columns["price"].view(np.int64)}
    columns["lots"] = chunk.columns["amount"].view(np.int64)
    pictures = replay_changes(books, columns, 0, plain).pictures
    found: np.ndarray = pictures.array("row")[pictures.array("state") == CROSSED]
    return found
