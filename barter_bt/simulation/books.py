"""Messages of books reach the engine, one after the other, until something else is due (rule 89)."""

from __future__ import annotations

from barter_bt.book.change import ENDS
from barter_bt.columns.block import Block
from barter_bt.columns.marks import unit
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.agenda import REQUEST
from barter_bt.engine.audit import FULL, begin, note_market
from barter_bt.engine.event import MARKET_BOOK, MARKET_QUOTE
from barter_bt.engine.fault import BAD_ROW, TIME_WENT_BACK, fail, locate
from barter_bt.engine.feed import Cursors, Feed, advance
from barter_bt.engine.levels import apply_message
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.market import update_from_book
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import SLEEP, is_awake, wake
from barter_bt.simulation.row import arrives_again, is_observed, keep, passes_over, venue_first
from barter_bt.venue.state import VenueState


def replay_books(s: EngineState, v: VenueState, feed: Feed, my: Block, c: int, limit: int) -> int:
    """Process messages of one cursor up to the time ``limit``, or until something else comes first.

    A message is one event; chunks hold whole ones.
    """
    f, e = feed.cursors, s.engine
    row, rows, left = f.row[c], f.rows[c], e.budget[0]
    time, instrument, stamp, shift = f.time[c], f.instrument[c], f.time_exchange[c], f.shift[c]
    asked, status = e.wake[0] if is_awake(s) else 0, SLEEP
    observed, unhealthy, repeats = is_observed(s), e.unhealthy[0] > 0, e.repeats[0] != 0
    while row < rows and left > 0:
        now = time[row] + shift
        if now > limit:
            break
        if now < e.market_time[0]:
            fail(v.fault, TIME_WENT_BACK, -1)
            break
        if v.clock.live[0] > 0 and f.due[c - e.streams[0]] <= now:
            limit = venue_first(s, v, f, c, row, _end(f, c, row), limit)
            if now > limit:
                break
        i = instrument[row]
        e.market_time[0] = now
        if not 0 <= i < len(s.instruments):
            if not passes_over(s, v, i, now):
                break
            end = _end(f, c, row)
            row, left = end, left - (end - row)
            continue
        e.time[0] = now
        e.sequence[0] += 1
        if unhealthy:
            heal_market(s, s.terms.exchange[i])
            unhealthy = e.unhealthy[0] > 0
        end = _end(f, c, row) if repeats and e.again[0] else apply_message(s.books, s.terms, f, c, row, i)
        if end < 0:
            fail(v.fault, BAD_ROW, i)
            locate(v.fault, c, ~end)
            break
        left -= end - row
        moved = update_from_book(s, i, stamp[row])
        if observed:
            _observe_message(s, f, c, i, row, end)
        kind = MARKET_QUOTE if moved and not asked & MARKET_BOOK else MARKET_BOOK
        if not (repeats and arrives_again(s, v, i, stamp[row])):
            row = end
        if asked & kind:
            s.event.kind[0], s.event.order[0], s.event.instrument[0] = kind, -1, i
            if wake(s, my) != SLEEP:
                status = 1
                break
            if len(s.actions) > 0:
                dispatch(s)
                limit = min(limit, s.agenda.due[REQUEST])
                if e.pending[0]:
                    break
    e.budget[0] = left
    locate(v.fault, c, row)
    advance(f, c, row)
    return status


def _end(f: Cursors, c: int, row: int) -> int:
    """The row behind the message that starts at a row."""
    end = row + 1
    while not f.flags[c][end - 1] & ENDS:
        end += 1
    return end


@unit
def _observe_message(s: EngineState, f: Cursors, c: int, i: int, row: int, end: int) -> None:
    """What is kept of a message, its audit and its record."""
    if s.engine.keeping[0]:
        for each in range(row, end):
            keep(s, f, c, i, each)
    if s.engine.audit[0] == FULL:
        ins, per_unit = s.instruments, s.terms.ticks_per_unit[i]
        begin(s, MARKET_QUOTE, i, -1, -1, -1)
        bid, ask, stamp = ins.bid[i] / per_unit, ins.ask[i] / per_unit, f.time_exchange[c][row]
        note_market(s, i, stamp, bid, ins.bid_amount[i], ask, ins.ask_amount[i], 0.0)
    if s.engine.recording[0] == EACH_EVENT:
        record(s)
