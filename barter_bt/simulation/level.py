"""Trades and quotes that venue and engine read at one row, in turns of all streams, while orders are live.

No latency lies between the two: a row is read once for both, and means to the engine what it has just meant to the
venue. What is not so is left to :mod:`barter_bt.simulation.alternating` and :mod:`barter_bt.simulation.replay`.
"""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.columns.marks import hot
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.agenda import NEVER, REQUEST, VENUE_MARKET, horizon_of
from barter_bt.engine.event import MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.fault import locate
from barter_bt.engine.feed import QUOTE_ROWS, TRADE_ROWS, Cursors, Feed
from barter_bt.engine.state.market import is_plain_quote, is_plain_trade, note_plain_quote, note_plain_trade
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import steps, whole_lots
from barter_bt.engine.wake import SLEEP, is_awake, wake
from barter_bt.simulation.row import is_observed
from barter_bt.venue.market import take_trade
from barter_bt.venue.quote import set_quote
from barter_bt.venue.settle import settle
from barter_bt.venue.state import VenueState


def may_be_level(s: EngineState, f: Cursors) -> bool:
    """Whether all streams are trades or quotes that the engine hears as they happen, and no more is done with them."""
    e, streams = s.engine, s.engine.streams[0]
    if e.unhealthy[0] or e.repeats[0] or len(f) != 2 * streams or is_observed(s):
        return False
    for c in range(streams, 2 * streams):
        if f.shift[c] != 0 or f.same_clock[c] != 1 or f.kind[c] not in (TRADE_ROWS, QUOTE_ROWS):
            return False
    return True


@hot
def is_level(v: VenueState, f: Cursors, streams: int) -> bool:
    """Whether orders are live, and venue and engine are at one row of each stream."""
    if v.clock.live[0] == 0:
        return False
    for twin in range(streams):
        if f.chunk[twin] != f.chunk[twin + streams] or f.row[twin] != f.row[twin + streams]:
            return False
    return True


@hot
def replay_level(s: EngineState, v: VenueState, feed: Feed, my: Block) -> int:
    """Process rows alone at their times until something else comes first, or the market does something to an order.

    Returns 1 if the strategy is to be woken from Python.
    """
    f, e, streams, n = feed.cursors, s.engine, s.engine.streams[0], len(s.instruments)
    asked, limit, status = e.wake[0] if is_awake(s) else 0, horizon_of(s.agenda), SLEEP
    v.clock.stage[0] = VENUE_MARKET
    while e.budget[0] > 0:
        c, now, then = -1, NEVER, NEVER
        for other in range(streams, 2 * streams):
            due = f.due[other]
            if due < now:
                c, now, then = other, due, now
            else:
                then = min(then, due)
        if c < 0 or not e.market_time[0] <= now <= limit:
            break
        row, i = f.row[c], f.instrument[c][f.row[c]]
        if row + 1 >= f.rows[c] or not 0 <= i < n or now >= min(then, f.time[c][row + 1]):
            break
        if not _both_take(s, v, f, c, row, i, now):
            break
        bit = MARKET_TRADE if f.kind[c] == TRADE_ROWS else MARKET_QUOTE
        s.event.kind[0], s.event.order[0] = bit, -1
        e.sequence[0] += 1
        e.budget[0] -= 1
        if asked & bit:
            s.event.instrument[0] = i
            status = wake(s, my)
            if status != SLEEP:
                break
            if len(s.actions) > 0:
                dispatch(s)
                limit = min(limit, s.agenda.due[REQUEST])
                if e.pending[0]:
                    break
    return int(status != SLEEP)


@hot
def _both_take(s: EngineState, v: VenueState, f: Cursors, c: int, row: int, i: int, now: int) -> bool:
    """The row happens, and the engine hears of it; False if there is more to it, and what is not done is left."""
    t, stamp, first, second = s.terms, f.time_exchange[c][row], f.first[c][row], f.second[c][row]
    per_unit, noise = t.ticks_per_unit[i], t.price_noise[i]
    ticks = steps(first, per_unit, noise)
    if f.kind[c] == TRADE_ROWS:
        if not is_plain_trade(s, i, stamp, ticks, second):
            return False
        v.clock.time[0] = now
        take_trade(v, f, c, row, i, ticks, second)
        if _is_dealt(s, v, f, c, row):
            return False
        note_plain_trade(s, i, stamp, ticks, second)
    else:
        fourth, ask = f.fourth[c][row], steps(f.third[c][row], per_unit, noise)
        bid_lots = whole_lots(second, t.lots_per_unit[i], t.lot_noise[i])
        ask_lots = whole_lots(fourth, t.lots_per_unit[i], t.lot_noise[i])
        plain = bid_lots > 0 and ask_lots > 0 and is_plain_quote(s, i, stamp, ticks, ask, second, fourth)
        if not plain:
            return False
        v.clock.time[0] = now
        set_quote(v, i, ticks, bid_lots, ask, ask_lots)
        if _is_dealt(s, v, f, c, row):
            return False
        note_plain_quote(s, i, stamp, ticks, ask, second, fourth)
    _move(f, c, row + 1)
    s.engine.time[0] = s.engine.market_time[0] = now
    return True


@hot
def _is_dealt(s: EngineState, v: VenueState, f: Cursors, c: int, row: int) -> bool:
    """The venue is behind the row; whether there is something to settle, an order that is matched or a position."""
    twin = c - s.engine.streams[0]
    _move(f, twin, row + 1)
    if len(v.matches) == 0:
        return False
    settle(v)
    locate(v.fault, twin, row)
    return True


@hot
def _move(f: Cursors, c: int, row: int) -> None:
    """Move a cursor to a row that its chunk has."""
    f.row[c], f.due[c] = row, f.time[c][row]
