"""What one market event means to engine and venue, whichever way the rows are gone through."""

from __future__ import annotations

from math import isnan

from barter_bt.columns.marks import hot, unit
from barter_bt.engine.agenda import NEVER, REPORT, VENUE_MARKET
from barter_bt.engine.audit import FULL, begin, note_event, note_market
from barter_bt.engine.event import MARKET_OTHER
from barter_bt.engine.fault import BAD_ROW, NO_FAULT, fail, locate
from barter_bt.engine.feed import CANDLE_ROWS, QUOTE_ROWS, TRADE_ROWS, Cursors, advance, is_expired
from barter_bt.engine.mishaps import REPEATED, happens
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.market import update_from_candle, update_from_quote, update_from_trade
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.window import keep_candle
from barter_bt.venue.market import on_market_row as venue_sees
from barter_bt.venue.settle import settle
from barter_bt.venue.state import VenueState


def is_observed(s: EngineState) -> bool:
    """Whether more than the state's update is done with each market item: asked once for many of them."""
    return s.engine.recording[0] == EACH_EVENT or s.engine.audit[0] == FULL or s.engine.keeping[0] != 0


@hot
def take_row(s: EngineState, f: Cursors, c: int, row: int, i: int) -> bool:
    """The engine's state takes a row of trades, quotes or candles; False if it is malformed."""
    stamp, first, second = f.time_exchange[c], f.first[c][row], f.second[c][row]
    if f.kind[c] == TRADE_ROWS:
        return update_from_trade(s, i, stamp[row], first, second)
    third, fourth = f.third[c][row], f.fourth[c][row]
    if f.kind[c] == QUOTE_ROWS:
        return update_from_quote(s, i, stamp[row], first, second, third, fourth)
    again = row > 0 and stamp[row] == stamp[row - 1] and i == f.instrument[c][row - 1]  # the same candle twice
    return update_from_candle(s, i, stamp[row], first, second, third, fourth, f.fifth[c][row]) and not again


def passes_over(s: EngineState, v: VenueState, i: int, now: int) -> bool:
    """Pass over a row of an instrument that has expired; False, and a fault, if it is of none."""
    if not is_expired(i, len(s.instruments)):
        fail(v.fault, BAD_ROW, -1)
        return False
    pass_over(s, ~i, now)
    return True


def observe(s: EngineState, f: Cursors, c: int, i: int, row: int) -> None:
    """What is kept of a market item, its audit and its record; a kind of rows has only the columns that it needs."""
    kind, time_exchange = f.kind[c], f.time_exchange[c][row]
    if s.engine.keeping[0]:
        keep(s, f, c, i, row)
    if s.engine.audit[0] == FULL:
        first, second = f.first[c][row], f.second[c][row]
        begin(s, s.event.kind[0], i, -1, -1, -1)
        if kind == TRADE_ROWS:
            note_market(s, i, time_exchange, first, second, 0.0, 0.0, 0.0)
        elif kind == QUOTE_ROWS:
            note_market(s, i, time_exchange, first, second, f.third[c][row], f.fourth[c][row], 0.0)
        else:
            third, fourth, fifth = f.third[c][row], f.fourth[c][row], f.fifth[c][row]
            note_market(s, i, time_exchange, first, second, third, fourth, fifth)
    if s.engine.recording[0] == EACH_EVENT:
        record(s)


@unit
def keep(s: EngineState, f: Cursors, c: int, i: int, row: int) -> None:
    """What a strategy asked to have kept of market items (rule 21)."""
    if f.kind[c] == CANDLE_ROWS and s.engine.history[0] > 0:
        opened, closed, volume = f.time_open[c][row], f.time_exchange[c][row], f.fifth[c][row]
        keep_candle(s, i, opened, closed, f.first[c][row], f.second[c][row], f.third[c][row], f.fourth[c][row], volume)
    for k in range(f.own_width[c]):
        value = f.own[c][row * f.own_width[c] + k]
        if not isnan(value):  # else there is none in this row
            s.columns.value[f.own_number[c][k] * len(s.instruments) + i] = value


@unit
def pass_over(s: EngineState, i: int, now: int) -> None:
    """A market event of an instrument that has expired: time goes on, the state keeps nothing of it (rule 46)."""
    s.engine.time[0] = now
    s.engine.sequence[0] += 1
    heal_market(s, s.terms.exchange[i])
    if s.engine.audit[0] == FULL:
        kind = s.event.kind[0]
        begin(s, MARKET_OTHER, i, -1, -1, -1)
        note_event(s, -1)
        s.event.kind[0] = kind
    if s.engine.recording[0] == EACH_EVENT:
        record(s)


@unit
def arrives_again(s: EngineState, v: VenueState, i: int, time: int) -> int:
    """Whether a market event that has just arrived, and happened at a time, arrives once more (rule 95)."""
    k, exchange = v.links, s.terms.exchange[i]
    is_first = s.engine.again[0] == 0
    s.engine.again[0] = int(is_first and happens(k, exchange, REPEATED, 0, time, k.repeated[exchange]))
    return s.engine.again[0]


def venue_first(s: EngineState, v: VenueState, f: Cursors, c: int, row: int, end: int, limit: int) -> int:
    """The venue sees first what the engine is about to see, if both read it alone at its time.

    Returns up to when rows may be processed then; ``-NEVER`` if none may.
    """
    twin = c - s.engine.streams[0]
    same = f.shift[c] == 0 and f.chunk[twin] == f.chunk[c] and f.same_clock[c] == 1 and f.row[twin] == row
    if not (same and end < f.rows[c] and f.time[c][end] > f.time[c][row]):
        return -NEVER
    venue_takes(v, f, twin, row, end)
    return -NEVER if v.fault.code[0] != NO_FAULT else min(limit, s.agenda.due[REPORT] - 1)


def venue_takes(v: VenueState, f: Cursors, twin: int, row: int, end: int) -> None:
    """The venue sees the row, or the message up to ``end``, that the engine is about to see, and settles matches."""
    v.clock.stage[0] = VENUE_MARKET
    venue_sees(v, f, twin, row)
    locate(v.fault, twin, row)
    advance(f, twin, end)
    if len(v.matches) > 0:
        settle(v)
