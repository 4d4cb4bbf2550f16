"""A chunk of a book stream applied row by row, with pictures of the books: the kernel of ``data.rebuild_books``."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import cast

import numpy as np

from barter_bt.book.apply import apply_row
from barter_bt.book.change import ENDS
from barter_bt.book.read import book_state, level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS, Books
from barter_bt.columns.block import Block
from barter_bt.columns.column import I8, I32, I64
from barter_bt.columns.table import Table


class Settings(Table):
    """One row."""

    levels: I64  # of each side to show


class Changes(Table):
    """Rows of a book stream."""

    flags: I8
    instrument: I32
    ticks: I64
    lots: I64
    time_exchange: I64


class Pictures(Table, growable=True):
    """The book after each message."""

    row: I64  # its last row
    state: I64
    bids: I64  # how many levels there are
    asks: I64


class Shown(Table, growable=True):
    """Best levels of each picture: of each level its bid, then its ask; 0 where there is none."""

    ticks: I64
    lots: I64


class Rebuilding(Block):
    """What one call of the kernel works with, beside the books."""

    settings: Settings
    changes: Changes
    pictures: Pictures
    shown: Shown


def replay_changes(b: Books, columns: Mapping[str, np.ndarray], levels: int, plain: bool) -> Rebuilding:
    """Apply rows to books, and take a picture behind each message with so many levels; ``plain``: interpreted."""
    rows, settings = len(columns["flags"]), Settings(1)
    settings.levels[0] = levels
    done = Rebuilding(settings=settings, changes=Changes.over(columns), pictures=Pictures(rows), shown=Shown(rows))
    if plain:
        replay_book(b, done, done, done)
        return done
    from barter_bt.columns.entry import compile_entry

    entry = compile_entry(cast("FunctionType", replay_book), (Books, Rebuilding, Rebuilding, Rebuilding), {})
    entry(b.address, *(done.address,) * 3)
    return done


def replay_book(b: Books, r: Rebuilding, _second: Rebuilding, _third: Rebuilding) -> int:
    """Apply all rows. A kernel is given four blocks, and returns a number."""
    c = r.changes
    for row in range(len(c)):
        flags, i = c.flags[row], c.instrument[row]
        apply_row(b, i, flags, c.ticks[row], c.lots[row], c.time_exchange[row])
        if flags & ENDS:
            _show(b, r, i, row)
    return len(r.pictures)


def _show(b: Books, r: Rebuilding, i: int, row: int) -> None:
    picture = r.pictures.append()
    r.pictures.row[picture], r.pictures.state[picture] = row, book_state(b, i)
    r.pictures.bids[picture], r.pictures.asks[picture] = b.sides.count[2 * i + BIDS], b.sides.count[2 * i + ASKS]
    for n in range(r.settings.levels[0]):
        for side in (2 * i + BIDS, 2 * i + ASKS):
            shown = r.shown.append()
            r.shown.ticks[shown], r.shown.lots[shown] = level_ticks(b, side, n), level_lots(b, side, n)
