"""The market as the kernels read it: cursors over chunks of columns that lie in Arrow's or NumPy's buffers.

Each stream of market events has a cursor for the venue (by venue time), one for the engine (by arrival), and
a candle stream a third for the opens of its candles. A new kind of event is a new kind here, one branch in
:func:`barter_bt.venue.market.on_market_row` and one in :func:`barter_bt.simulation.replay.replay`.
"""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.columns.column import I64, F64s, I8s, I32s, I64s
from barter_bt.columns.marks import hot
from barter_bt.columns.table import Table
from barter_bt.engine.agenda import NEVER, STARVED

TRADE_ROWS, QUOTE_ROWS, CANDLE_ROWS, BOOK_ROWS = 0, 1, 2, 3


class Cursors(Table):
    """One row per cursor: venue cursors by stream, then engine cursors by stream, then opens.

    ``first`` to ``fifth`` are price and amount; bid, its amount, ask, its amount; or open, high, low, close,
    volume. A chunk of a book holds whole messages.
    """

    kind: I64
    row: I64
    rows: I64
    shift: I64  # added to `time`
    last: I64  # the chunk is the stream's last
    due: I64
    chunk: I64  # number of the chunk
    same_clock: I64  # 1: `time` is the venue's time
    sound: I64  # 1: candles that have been looked at (`Chunk.sound`)
    time: I64s
    time_exchange: I64s
    time_open: I64s
    instrument: I32s
    first: F64s
    second: F64s
    third: F64s
    fourth: F64s
    fifth: F64s
    flags: I8s  # of a book: what its rows do, bits of :mod:`barter_bt.book.change`; of trades their sides
    own_width: I64  # columns of the user's own, where a strategy reads them
    own: F64s  # their values, row by row
    own_number: I64s  # their numbers


@hot
def is_expired(i: int, n: int) -> bool:
    """Whether a row is of one of the ``n`` instruments, after its expiry: it is written as ``~instrument`` then."""
    return -n <= i < 0


class Feed(Block):
    """What a run reads."""

    cursors: Cursors


@hot
def advance(cursors: Cursors, c: int, row: int) -> None:
    """Move a cursor to ``row`` of its chunk."""
    cursors.row[c] = row
    if row < cursors.rows[c]:
        cursors.due[c] = cursors.time[c][row] + cursors.shift[c]
    elif cursors.last[c]:
        cursors.due[c] = NEVER
    else:
        cursors.due[c] = STARVED


def earliest(cursors: Cursors, first: int, end: int) -> int:
    """The cursor of ``first`` to ``end`` that is due first, the lower stream at equal times; -1 without any."""
    best, best_due = -1, NEVER
    for c in range(first, end):
        if cursors.due[c] < best_due:
            best, best_due = c, cursors.due[c]
    return best
