"""The tables of order books: two sides for each instrument, whose levels stand in pages of one table."""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.columns.column import I64
from barter_bt.columns.table import Table

BIDS, ASKS = 0, 1  # the sides of instrument i are rows 2i and 2i + 1
PAGE = 64  # levels of a page
ROOM = 4  # pages of a side before their list moves


class Levels(Table, growable=True):
    """Levels of all sides, in pages of ``PAGE`` rows."""

    rank: I64  # what a side is sorted by: ticks of bids, minus ticks of asks
    lots: I64


class Pages(Table, growable=True):
    """The pages of each side, the worst prices first; what lies between is left behind by sides that have moved."""

    row: I64  # of `levels`, where it starts
    count: I64  # so many levels stand in it, at least one
    low: I64  # no level of it ranks lower, none of the pages before it as high; of a first page nothing


class Sides(Table):
    """One row per side of a book: the rows of `pages` from `first` on."""

    first: I64
    pages: I64
    room: I64  # so many pages have a row
    count: I64  # of levels


class Spare(Table):
    """One row."""

    row: I64  # one more than that of a page that nobody uses, whose first rank is the next one; 0: there is none


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
    pages: Pages
    levels: Levels
    spare: Spare


def make_books(instruments: int) -> Books:
    """Empty books, of which nothing is known yet.

    Examples
    --------
    >>> books = make_books(2)
    >>> len(books.sides), books.states.stale[0]
    (4, 1)
    """
    books = Books(
        states=BookStates(instruments),
        sides=Sides(2 * instruments),
        pages=Pages(ROOM),
        levels=Levels(PAGE),
        spare=Spare(1),
    )
    books.states.array("stale")[:] = 1
    return books
