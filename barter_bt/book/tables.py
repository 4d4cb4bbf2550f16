"""The tables of order books: two sides for each instrument, over one table of levels."""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.columns.column import I64
from barter_bt.columns.table import Table

BIDS, ASKS = 0, 1  # the sides of instrument i are rows 2i and 2i + 1
ROOM = 16  # levels of a side before it moves


class Levels(Table, growable=True):
    """Levels of all sides; what lies between the pieces that sides use is left behind by sides that have moved."""

    rank: I64  # what a side is sorted by: ticks of bids, minus ticks of asks
    lots: I64


class Sides(Table):
    """One row per side of a book: the rows of `levels` from `first` on, the worst price first."""

    first: I64
    count: I64
    room: I64


class BookStates(Table):
    """One row per instrument: what is known of its book."""

    stale: I64  # 1: from the start, or from a gap on, until the next snapshot; it has no levels then
    messages: I64  # so many that were read to their end
    gaps: I64  # so many of them came after one that is missing
    unused: I64  # so many of them changed nothing, for they were old or the book was stale
    depth_time: I64  # when the last message ended


class Books(Block):
    """Order books, one for each instrument."""

    states: BookStates
    sides: Sides
    levels: Levels


def make_books(instruments: int) -> Books:
    """Empty books, of which nothing is known yet.

    Examples
    --------
    >>> books = make_books(2)
    >>> len(books.sides), books.states.stale[0]
    (4, 1)
    """
    books = Books(states=BookStates(instruments), sides=Sides(2 * instruments), levels=Levels(ROOM))
    books.states.array("stale")[:] = 1
    return books
