"""A venue without orders catches up with the market: with books by taking over what the engine has seen of them.

Both read the same rows of a stream by the same rules, so that their books are equal behind the same row, and none of
the messages up to there need be applied a second time.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.feed import BOOK_ROWS, Cursors, advance
from barter_bt.engine.state.tables import EngineState
from barter_bt.venue.books import rests_in_book, take_book
from barter_bt.venue.lag import catch_up
from barter_bt.venue.state import FIFO, VenueState

_LEVELS_PER_ROW = 32  # that are copied in the time that a row takes


def catch_up_idle(s: EngineState, v: VenueState, f: Cursors, now: int) -> int:
    """See what matters of all rows up to ``now``; returns -1, or the cursor that needs its next chunk first.

    Opens of ``now`` come after what the venue wakes for (rule 10), unless that is later, when the market has ended.
    """
    plain = s.engine.has_books[0] and s.engine.repeats[0] == 0
    if plain and len(v.taken) == 0 and v.clock.needs_marks[0] == 0:
        for c in range(s.engine.streams[0]):
            if f.kind[c] == BOOK_ROWS:
                _take_books(s, v, f, c, now)
    return catch_up(v, f, s.engine.streams[0], now, now if s.engine.turn_time[0] > now else now - 1)


@unit
def _take_books(s: EngineState, v: VenueState, f: Cursors, c: int, now: int) -> None:
    """Move a venue's cursor to where the engine's is, if both are in one chunk and it is far enough to be worth it."""
    engine, row, b = c + s.engine.streams[0], f.row[c], v.markets
    end = f.row[engine]
    if f.chunk[c] != f.chunk[engine] or (end - row) * _LEVELS_PER_ROW <= len(s.books.levels):
        return
    if f.time[c][end - 1] > now:
        return
    v.clock.passes[0] += 1
    for each in range(row, end):
        i = f.instrument[c][each]
        if 0 <= i < len(b):
            if b.pass_seen[i] != v.clock.passes[0]:
                b.pass_seen[i] = v.clock.passes[0]
                take_book(v, s.books, i)
            if v.fill_terms.queue[i] == FIFO and rests_in_book(v, i):
                b.newest[i] = max(b.newest[i], int(f.fourth[c][each]))
    v.clock.time[0] = f.time[c][end - 1]
    advance(f, c, end)
