"""The venue sees a row of a book stream (rules 87 and 89)."""

from __future__ import annotations

from barter_bt.book.apply import apply_row
from barter_bt.book.change import ASK, BID, ENDS, EXECUTED
from barter_bt.book.read import is_shown, level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.columns.marks import unit
from barter_bt.engine.fault import BAD_ROW, fail
from barter_bt.engine.feed import Cursors
from barter_bt.engine.terms import steps, whole_lots
from barter_bt.venue.fifo import follow_order
from barter_bt.venue.queue import move_queues
from barter_bt.venue.quote import set_quote
from barter_bt.venue.state import BOOK, FIFO, VenueState
from barter_bt.venue.walking import refresh


@unit
def on_book_row(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> None:
    """A row of a message; what the message has done to the best prices is a quote, behind its last row."""
    t, flags, ticks, rests = v.terms, cursors.flags[c][row], 0, v.fill_terms.maker_fills_on[i] == BOOK
    if flags & (BID | ASK):
        ticks = steps(cursors.first[c][row], t.ticks_per_unit[i], t.tick_noise[i])
        if ticks <= 0:
            fail(v.fault, BAD_ROW, i)
            return
    lots = whole_lots(cursors.second[c][row], t.lots_per_unit[i], t.lot_noise[i])
    apply_row(v.books, i, flags, ticks, lots, v.clock.time[0])
    if v.fill_terms.queue[i] == FIFO and rests and flags & (BID | ASK):
        gone = whole_lots(-cursors.third[c][row], t.lots_per_unit[i], t.lot_noise[i]) if flags & EXECUTED else 0
        follow_order(v, i, flags, ticks, gone, int(cursors.fourth[c][row]))
    if flags & ENDS:
        if len(v.taken) > 0:
            refresh(v, i)
        if rests and v.markets.live[i] > 0:
            move_queues(v, i)
        _show_best(v, i)


def _show_best(v: VenueState, i: int) -> None:
    b, bids, asks = v.books, 2 * i + BIDS, 2 * i + ASKS
    if is_shown(b, i):
        set_quote(
            v, i, level_ticks(b, bids, 0), level_lots(b, bids, 0), level_ticks(b, asks, 0), level_lots(b, asks, 0)
        )
    else:
        set_quote(v, i, 0, 0, 0, 0)
