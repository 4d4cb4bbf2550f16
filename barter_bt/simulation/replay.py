"""The hot path: market events reach the engine, row after row, until something else is due (class 2).

Nothing here is done per event that can be done per burst. Between two rows the venue may have to see the next
one first: where venue and engine read the same row of the same stream, alone at its time, both see it here;
every other case is left to the loop.
"""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.agenda import BAR_DUE, MARK, REQUEST, STARVED, horizon_of
from barter_bt.engine.event import BAR_CLOSE, MARKET_CANDLE, MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.fault import BAD_ROW, NO_FAULT, TIME_WENT_BACK, fail, locate
from barter_bt.engine.feed import BOOK_ROWS, CANDLE_ROWS, QUOTE_ROWS, TRADE_ROWS, Feed, advance, earliest
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import mark, plan_mark
from barter_bt.engine.wake import SLEEP, is_awake, wake
from barter_bt.simulation.alternating import replay_alternating
from barter_bt.simulation.books import replay_books
from barter_bt.simulation.candles import is_unwatched, replay_unwatched
from barter_bt.simulation.level import is_level, may_be_level, replay_level
from barter_bt.simulation.plain import is_plain, replay_plain
from barter_bt.simulation.row import arrives_again, is_observed, observe, passes_over, take_row, venue_first
from barter_bt.simulation.waiting import replay_waiting
from barter_bt.venue.state import VenueState


def horizon(s: EngineState, v: VenueState, feed: Feed, c: int) -> int:
    """The last time of a row that cursor ``c`` may process before anything else (rule 10)."""
    f, e = feed.cursors, s.engine
    streams = e.streams[0]
    busy = v.clock.live[0] > 0
    limit = horizon_of(s.agenda)
    for other in range(streams, 2 * streams):
        if other != c:
            limit = min(limit, f.due[other] - int(other < c))
    if busy:
        for other in range(streams):
            if other != c - streams:
                limit = min(limit, f.due[other] - 1)
        for other in range(2 * streams, len(f)):
            limit = min(limit, f.due[other])
    return limit


def replay(s: EngineState, v: VenueState, feed: Feed, my: Block, c: int) -> int:
    """Process rows of the engine's cursors, ``c`` first; returns 1 if the strategy is to be woken from Python."""
    f, e, streams = feed.cursors, s.engine, s.engine.streams[0]
    plan_mark(s, f.due[c])
    plain = 2 * streams == len(f) and not e.has_books[0] and not e.repeats[0]  # no candles, no books
    if plain and (1 < streams or v.clock.live[0] > 0):
        woken = _replay_in_turns(s, v, feed, my)
        c = earliest(f, streams, 2 * streams)
        if woken or c < 0 or f.due[c] == STARVED or _stops(s, v):
            return woken
    limit = horizon(s, v, feed, c)
    while True:
        if f.kind[c] == CANDLE_ROWS and is_unwatched(s):
            idle = v.clock.live[0] == 0
            limit = min(limit, replay_unwatched(s, v, f, c, limit) if idle else replay_waiting(s, v, f, c))
        woken = SLEEP
        if f.due[c] <= limit and is_plain(s, v, f.kind[c]):
            woken = replay_plain(s, f, my, c, limit)
            if len(s.actions) > 0 and woken == SLEEP:
                dispatch(s)
                limit = min(limit, s.agenda.due[REQUEST])
            if woken or e.pending[0] or e.budget[0] <= 0 or f.due[c] == STARVED:
                return woken
        if f.due[c] <= limit:
            rows_of = f.kind[c] == BOOK_ROWS
            woken = replay_books(s, v, feed, my, c, limit) if rows_of else replay_rows(s, v, feed, my, c, limit)
        following = earliest(f, streams, 2 * streams)
        if woken or e.pending[0] or following < 0 or following == c or f.due[following] == STARVED or e.budget[0] <= 0:
            return woken
        limit = horizon(s, v, feed, following)
        if v.fault.code[0] != NO_FAULT or f.due[following] > limit:
            return woken
        plan_mark(s, f.due[following])
        limit = min(limit, s.agenda.due[MARK])
        c = following


def _stops(s: EngineState, v: VenueState) -> bool:
    """Whether no row may be processed now, whatever is due."""
    return bool(s.engine.pending[0] or s.engine.budget[0] <= 0 or v.fault.code[0] != NO_FAULT)


def _replay_in_turns(s: EngineState, v: VenueState, feed: Feed, my: Block) -> int:
    """Rows of trades and quotes by the shortest way that each stretch of them allows."""
    f, e, streams, woken = feed.cursors, s.engine, s.engine.streams[0], SLEEP
    in_step, left = may_be_level(s, f), -1
    while e.budget[0] != left and woken == SLEEP and not _stops(s, v):
        left = e.budget[0]
        if in_step and is_level(v, f, streams):
            woken = replay_level(s, v, feed, my)
        if woken == SLEEP and not _stops(s, v):
            woken = replay_alternating(s, v, feed, my, in_step)
        if not (in_step and is_level(v, f, streams)):
            break
    return woken


def replay_rows(s: EngineState, v: VenueState, feed: Feed, my: Block, c: int, limit: int) -> int:
    """Process rows of one cursor up to the time ``limit``, or until something else comes first."""
    f, e = feed.cursors, s.engine
    kind, shift, rows, time, instrument = f.kind[c], f.shift[c], f.rows[c], f.time[c], f.instrument[c]
    bit = MARKET_TRADE if kind == TRADE_ROWS else MARKET_QUOTE if kind == QUOTE_ROWS else MARKET_CANDLE
    asked, marks = e.wake[0] & bit if is_awake(s) else 0, kind == CANDLE_ROWS and e.mark_every[0] == 0
    bars = kind == CANDLE_ROWS and e.wake[0] & BAR_CLOSE != 0
    observed, repeats = is_observed(s), e.repeats[0] != 0 and kind != CANDLE_ROWS
    unwatched = not (bars or asked or observed or e.recording[0] or s.risk.stops[0])
    start = row = f.row[c]
    end, status, latest = min(rows, row + e.budget[0]), SLEEP, e.market_time[0]
    s.event.kind[0], s.event.order[0] = bit, -1
    while row < end:
        now, i = time[row] + shift, instrument[row]
        if now > limit:
            break
        if now < latest:
            fail(v.fault, TIME_WENT_BACK, -1)
            break
        if v.clock.live[0] > 0 and f.due[c - e.streams[0]] <= now:
            limit = venue_first(s, v, f, c, row, row + 1, limit)
            if now > limit:
                break
        if not 0 <= i < len(s.instruments):
            if not passes_over(s, v, i, now):
                break
            latest = now
            row += 1
            continue
        latest = e.time[0] = now
        e.sequence[0] += 1
        if e.unhealthy[0] > 0:
            heal_market(s, s.terms.exchange[i])
            end = row + 1 if e.unhealthy[0] == 0 else end  # the rest may go a shorter way
        if not take_row(s, f, c, row, i):
            fail(v.fault, BAD_ROW, i)
            break
        row += 1
        if observed:
            observe(s, f, c, i, row - 1)
        if repeats:
            row -= arrives_again(s, v, i, f.time_exchange[c][row - 1])
        if marks and unwatched and row < rows and time[row] + shift > now and limit > now:
            mark(s, now)
            continue
        if marks:
            s.agenda.due[MARK] = now
        if bars:
            s.agenda.due[BAR_DUE] = now
        if marks or bars:
            limit = min(limit, now)
        if asked:
            s.event.instrument[0] = i
            if wake(s, my) != SLEEP:
                status = 1
                break
            if len(s.actions) > 0:
                dispatch(s)
                limit = min(limit, s.agenda.due[REQUEST])
                if e.pending[0]:
                    break
    e.market_time[0] = latest
    e.budget[0] -= row - start
    locate(v.fault, c, row)
    advance(f, c, row)
    return status
