"""Several streams that take turns: the next row is chosen row by row."""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.agenda import REPORT, REQUEST, STARVED, horizon_of
from barter_bt.engine.event import MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.fault import BAD_ROW, NO_FAULT, TIME_WENT_BACK, fail, locate
from barter_bt.engine.feed import TRADE_ROWS, Cursors, Feed, advance, earliest
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import SLEEP, is_awake, wake
from barter_bt.simulation.level import is_level
from barter_bt.simulation.row import is_observed, observe, passes_over, take_row, venue_takes
from barter_bt.venue.state import VenueState

MOST_IN_A_ROW = 8  # rows of one stream after which a burst is cheaper than choosing each


def replay_alternating(s: EngineState, v: VenueState, feed: Feed, my: Block, in_step: bool) -> int:
    """Process rows of several streams of trades and quotes, as long as they take turns and nothing else comes first.

    It ends where venue and engine are level, if they are ``in_step`` and there is a shorter way from there.

    A burst for each row would cost more than the row. Here the next row is chosen among the cursors, and all else that
    could come first is looked at once, and where a row changes it.
    """
    f, e, agenda = feed.cursors, s.engine, s.agenda
    streams, asked, observed = e.streams[0], e.wake[0] if is_awake(s) else 0, is_observed(s)
    busy, limit = v.clock.live[0] > 0, horizon_of(s.agenda)
    left, in_a_row, latest = e.budget[0], 0, -1
    while left > 0 and in_a_row < MOST_IN_A_ROW:
        c = earliest(f, streams, 2 * streams)
        now = f.due[c] if c >= 0 else STARVED
        if now == STARVED or now > limit:
            break
        if now < e.market_time[0]:
            fail(v.fault, TIME_WENT_BACK, -1)
            locate(v.fault, c, f.row[c])
            break
        row = f.row[c]
        if busy:
            if not _venue_is_level(f, streams, c, row, now):
                break
            if f.due[c - streams] <= now:
                venue_takes(v, f, c - streams, row, row + 1)
                busy, limit = v.clock.live[0] > 0, min(limit, agenda.due[REPORT] - 1)
                if now > limit or v.fault.code[0] != NO_FAULT:
                    break
        in_a_row = in_a_row + 1 if c == latest else 0
        latest, left = c, left - 1
        i = f.instrument[c][row]
        bit = MARKET_TRADE if f.kind[c] == TRADE_ROWS else MARKET_QUOTE
        s.event.kind[0], s.event.order[0] = bit, -1
        if not 0 <= i < len(s.instruments):
            if not passes_over(s, v, i, now):
                locate(v.fault, c, row)
                break
            e.market_time[0] = now
            advance(f, c, row + 1)
            continue
        e.time[0] = e.market_time[0] = now
        e.sequence[0] += 1
        if e.unhealthy[0] > 0:
            heal_market(s, s.terms.exchange[i])
        if not take_row(s, f, c, row, i):
            fail(v.fault, BAD_ROW, i)
            locate(v.fault, c, row)
            break
        advance(f, c, row + 1)
        if observed:
            observe(s, f, c, i, row)
        if asked & bit:
            s.event.instrument[0] = i
            if wake(s, my) != SLEEP:
                locate(v.fault, c, row + 1)
                e.budget[0] = left
                return 1
            if len(s.actions) > 0:
                dispatch(s)
                limit = min(limit, agenda.due[REQUEST])
                if e.pending[0]:
                    break
        if in_step and is_level(v, f, streams):
            break
    e.budget[0] = left
    return SLEEP


def _venue_is_level(f: Cursors, streams: int, c: int, row: int, now: int) -> bool:
    """Whether of all rows up to ``now`` the venue has yet to see at most this very one, alone at its time."""
    twin = c - streams
    for other in range(streams):
        if other != twin and f.due[other] <= now:
            return False
    if f.due[twin] > now:
        return True
    same = f.shift[c] == 0 and f.chunk[twin] == f.chunk[c] and f.same_clock[c] == 1 and f.row[twin] == row
    return bool(same and row + 1 < f.rows[c] and f.time[c][row + 1] > now)
