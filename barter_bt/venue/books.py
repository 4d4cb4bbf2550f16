"""The venue sees a message of a book stream (rules 87 and 89)."""

from __future__ import annotations

from barter_bt.book.apply import copy_book
from barter_bt.book.change import ASK, BID, EXECUTED
from barter_bt.book.read import is_shown, level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS, Books
from barter_bt.columns.marks import unit
from barter_bt.engine.fault import BAD_ROW, fail, locate
from barter_bt.engine.feed import Cursors
from barter_bt.engine.levels import apply_message
from barter_bt.engine.terms import steps, whole_lots
from barter_bt.venue.fifo import follow_order
from barter_bt.venue.queue import move_queues
from barter_bt.venue.quote import set_quote
from barter_bt.venue.state import BOOK, FIFO, VenueState
from barter_bt.venue.walking import refresh


@unit
def on_book_message(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> int:
    """The message that starts at a row: what it has done to the best prices is a quote. Returns the row behind it."""
    end, rests = apply_message(v.books, v.terms, cursors, c, row, i), rests_in_book(v, i)
    if end < 0:
        fail(v.fault, BAD_ROW, i)
        locate(v.fault, c, ~end)
        return ~end + 1
    if rests and v.fill_terms.queue[i] == FIFO:
        for each in range(row, end):
            _follow(v, cursors, c, each, i)
    if len(v.taken) > 0:
        refresh(v, i)
    if rests and v.markets.live[i] > 0:
        move_queues(v, i)
    _show_best(v, i)
    return end


def rests_in_book(v: VenueState, i: int) -> bool:
    """Whether orders that rest do so in the book (rule 91)."""
    return v.fill_terms.maker_fills_on[i] == BOOK


def _follow(v: VenueState, f: Cursors, c: int, row: int, i: int) -> None:
    """An order of the book has changed: who came last has the highest place, and own orders may have a part in it."""
    t, flags, place = v.terms, f.flags[c][row], int(f.fourth[c][row])
    if flags & (BID | ASK):
        v.markets.newest[i] = max(v.markets.newest[i], place)
        if flags & EXECUTED and v.markets.live[i] > 0:
            ticks = steps(f.first[c][row], t.ticks_per_unit[i], t.tick_noise[i])
            gone = whole_lots(-f.third[c][row], t.lots_per_unit[i], t.lot_noise[i])
            follow_order(v, i, flags, ticks, gone, place)


@unit
def take_book(v: VenueState, of: Books, i: int) -> None:
    """See all at once what a book has become while nobody looked."""
    copy_book(v.books, of, i)
    v.clock.time[0] = of.states.depth_time[i]
    _show_best(v, i)


def _show_best(v: VenueState, i: int) -> None:
    b, bids, asks = v.books, 2 * i + BIDS, 2 * i + ASKS
    if is_shown(b, i):
        set_quote(
            v, i, level_ticks(b, bids, 0), level_lots(b, bids, 0), level_ticks(b, asks, 0), level_lots(b, asks, 0)
        )
    else:
        set_quote(v, i, 0, 0, 0, 0)
