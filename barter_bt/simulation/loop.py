"""The loop. Read this file first.

A run is a fold of one engine over one ordered log of events. What may happen next stands in one table, the
:mod:`agenda <barter_bt.engine.agenda>`, a row for each source of events: the cursors on the market data, the queues of
requests and reports, the schedule, commands, marks, timers. The loop takes the smallest (time, class), where the
classes are those of rule 10::

    0  market events at the venue          may fill orders, and trigger those that wait for a price (stops), which
                                           queues reports; before them orders end whose time is over, behind them
                                           come expiries, then orders that were held back for a time, then cash
                                           flows
    1  account events at the engine        a report arrives: orders, balances, position; the strategy may wake
    2  market events at the engine         the strategy may wake; what it asks for is sent (class 7)
    3  equity mark
    4  commands                            also changes of the trading state and losses of links
    5  schedule rows                       signals and explicit orders, decided before the run
    6  bar closes and timers               the strategy may wake
    7  requests at the venue               accepted or rejected, which queues reports; may fill at once
    8  opens of candles at the venue       may fill and trigger orders

What classes 0, 7 and 8 fill is settled when all of that class and time has been seen, which queues reports.

It is resumable: everything it must remember stands in tables, so it can return to Python for the next chunk of
data, for a strategy written in Python, or to show progress, and be called again.
"""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.action.stop import watch_losses
from barter_bt.engine.agenda import (
    BAR_DUE,
    CASH_FLOW,
    COMMAND,
    ENGINE_MARKET,
    EXPIRY,
    LAPSE,
    MARK,
    NEVER,
    OPENING,
    RELEASE,
    REPORT,
    REQUEST,
    SCHEDULE,
    STARVED,
    TIMER_DUE,
    VENUE_MARKET,
    moves_market,
    next_source,
)
from barter_bt.engine.command import execute_command
from barter_bt.engine.event import (
    BAR_CLOSE,
    CLOSE_POSITIONS,
    DISCONNECT,
    ENGINE_UPDATE,
    HOOKS,
    SENT,
    TIMER,
    TRADING_DISABLED,
)
from barter_bt.engine.fault import ENDLESS, NO_FAULT, TIME_WENT_BACK, fail
from barter_bt.engine.feed import Cursors, Feed, earliest
from barter_bt.engine.record import EACH_MARK, record
from barter_bt.engine.report import process_reports
from barter_bt.engine.schedule import process_schedule
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import mark
from barter_bt.engine.step import start_event
from barter_bt.engine.wake import SLEEP, is_awake, wake
from barter_bt.simulation.idle import catch_up_idle
from barter_bt.simulation.instant import fill_instantly, may_fill_instantly
from barter_bt.simulation.replay import replay
from barter_bt.simulation.short import catches_up, deal_at_once, hear, is_asleep, is_quiet, receive_requests
from barter_bt.venue.delay import release
from barter_bt.venue.expiry import expire
from barter_bt.venue.flows import pay_flows
from barter_bt.venue.lapse import lapse
from barter_bt.venue.market import on_candle_opens, on_market_time
from barter_bt.venue.settle import settle
from barter_bt.venue.state import VenueState

DONE, STRATEGY, DATA, PROGRESS, FAULT = 0, 1, 2, 3, 4
MOST_AT_ONE_TIME = 10_000_000  # decisions at one time before a strategy that answers itself is stopped


def run(s: EngineState, v: VenueState, feed: Feed, my: Block) -> int:
    """Process events until the data ends and nothing is in flight, or Python is needed."""
    if len(s.actions) > 0:
        dispatch(s)
    s.engine.bypass[0] = 0
    f, e, agenda = feed.cursors, s.engine, s.agenda
    asleep, quiet, moved = is_asleep(s), is_quiet(s), True
    v.clock.quiet[0], v.clock.instant[0] = int(quiet), int(quiet and may_fill_instantly(s, v))
    while v.fault.code[0] == NO_FAULT:
        if e.pending[0]:
            if notify_strategy(s, my) != SLEEP:
                return STRATEGY
            continue
        if moved:
            look_ahead(s, v, f)
            moved = False
        what = next_source(agenda, last_time(s))
        due = agenda.due[what]
        if len(v.matches) > 0 and due != STARVED and (due > v.clock.time[0] or what > v.clock.stage[0]):
            settle(v)
            moved = True
            if asleep:
                hear(s, v.clock.time[0])
            continue
        if due == NEVER:
            finish(s)
            return DONE
        if due == STARVED:
            e.starved[0] = starved(s, v, f, agenda.first[what])
            return DATA
        if e.budget[0] <= 0:
            return PROGRESS
        keep_time(s, v, what, due)
        if v.clock.instant[0] and what == SCHEDULE and fill_instantly(s, v, f, due, until(s, due)):
            moved = True
            continue
        moved = moves_market(what) or (quiet and what == SCHEDULE)
        if REPORT <= what <= TIMER_DUE:
            status = at_engine(s, v, feed, my, what, due)
        else:
            status = at_venue(s, v, f, what, due, asleep)
        if status != SLEEP:
            return status
        if quiet and what in (SCHEDULE, REQUEST):
            deal_at_once(s, v, f, due, until(s, due))
    return FAULT


def at_engine(s: EngineState, v: VenueState, feed: Feed, my: Block, what: int, due: int) -> int:
    """An event at the engine; says whether Python is needed, and for what."""
    e, agenda = s.engine, s.agenda
    if what == ENGINE_MARKET:
        return STRATEGY if replay(s, v, feed, my, agenda.first[ENGINE_MARKET]) != SLEEP else SLEEP
    if what == REPORT:
        return decide(s, my) if process_reports(s) else SLEEP
    if what == MARK:
        agenda.due[MARK] = NEVER
        mark(s, due)
        if s.risk.stops[0]:
            watch_losses(s)
        if e.recording[0] == EACH_MARK:
            record(s)
        return SLEEP
    if what == COMMAND:
        execute_command(s)
        return SLEEP
    if what == SCHEDULE:
        process_schedule(s)
        return SLEEP
    agenda.due[what] = NEVER if what == BAR_DUE else due + e.timer_every[0]
    start_event(s, due, BAR_CLOSE if what == BAR_DUE else TIMER, -1, -1, -1)
    return decide(s, my)


def at_venue(s: EngineState, v: VenueState, f: Cursors, what: int, due: int, asleep: bool) -> int:
    """An event at the venue; says whether data is needed first."""
    if what in (EXPIRY, CASH_FLOW, REQUEST) and not catches_up(s, v, f, until(s, due)):
        return DATA
    v.clock.stage[0] = what
    if what == VENUE_MARKET:
        on_market_time(v, f, s.agenda.first[VENUE_MARKET])
    elif what == OPENING:
        on_candle_opens(v, f, s.agenda.first[OPENING])
    elif what == REQUEST:
        receive_requests(s, v, int(asleep))
        if asleep:
            hear(s, due)
    elif what == LAPSE:
        lapse(v)
    elif what == RELEASE:
        release(v)
    elif what == EXPIRY:
        expire(v)
    else:
        pay_flows(v)
    return SLEEP


def keep_time(s: EngineState, v: VenueState, what: int, due: int) -> None:
    """Time does not go back, and does not stand still for ever. Only what was decided before may be overdue."""
    e = s.engine
    if due < max(e.turn_time[0], e.market_time[0]) and not COMMAND <= what <= TIMER_DUE:
        fail(v.fault, TIME_WENT_BACK, -1)
    if due != e.turn_time[0]:
        e.turns[0], e.turn_time[0] = 0, due
    e.turns[0] += 1
    if e.turns[0] > MOST_AT_ONE_TIME:
        fail(v.fault, ENDLESS, -1)


def look_ahead(s: EngineState, v: VenueState, f: Cursors) -> None:
    """When the market is due: at the engine until a shutdown, at the venue as long as it holds orders."""
    streams, goes_on = s.engine.streams[0], s.engine.shut[0] == 0
    sees = goes_on and v.clock.live[0] > 0
    _plan(s, f, ENGINE_MARKET, streams, 2 * streams if goes_on else streams)
    _plan(s, f, VENUE_MARKET, 0, streams if sees else 0)
    _plan(s, f, OPENING, 2 * streams, len(f) if sees else 0)
    for source in (VENUE_MARKET, OPENING):  # what the venue alone sees ends with the market at the engine (rule 78)
        if s.agenda.due[source] > last_time(s):
            s.agenda.due[source] = NEVER


def until(s: EngineState, due: int) -> int:
    """Up to when the venue sees the market before something that is due there."""
    return min(due, s.engine.market_time[0] if s.engine.shut[0] else last_time(s))


def last_time(s: EngineState) -> int:
    """Up to when what was decided before the run goes on: while there is a market, not after a shutdown."""
    if s.agenda.first[ENGINE_MARKET] >= 0:
        return NEVER
    return -NEVER if s.engine.shut[0] else s.engine.market_time[0]


def _plan(s: EngineState, f: Cursors, source: int, first: int, end: int) -> None:
    c = earliest(f, first, end)
    s.agenda.first[source] = c
    s.agenda.due[source] = f.due[c] if c >= 0 else NEVER


def starved(s: EngineState, v: VenueState, f: Cursors, c: int) -> int:
    """The cursor to feed next: ``c``, unless an idle venue lags behind in chunks that could be let go."""
    behind = catch_up_idle(s, v, f, s.engine.market_time[0]) if v.clock.live[0] == 0 else -1
    return behind if behind >= 0 else c


def decide(s: EngineState, my: Block) -> int:
    """Wake the strategy and send what it asks for."""
    if not (is_awake(s) or s.engine.bypass[0]):
        return SLEEP
    woken = wake(s, my)
    if woken == SLEEP:
        if len(s.actions) > 0:
            dispatch(s)
        s.engine.bypass[0] = 0
    return woken


def notify_strategy(s: EngineState, my: Block) -> int:
    """Tell the strategy of the first that is pending: what was sent, its hooks, then the update itself."""
    e, kind = s.engine, ENGINE_UPDATE
    for hook in (SENT, TRADING_DISABLED, DISCONNECT, CLOSE_POSITIONS):
        if e.pending[0] & hook:
            kind = hook
            break
    e.pending[0] &= ~kind
    if not (kind & e.hooks[0] or (kind & e.wake[0] and is_awake(s))):
        return SLEEP
    s.event.kind[0] = kind
    s.event.order[0] = s.event.instrument[0] = -1
    e.bypass[0] = int(kind & HOOKS != 0)
    return decide(s, my)


def finish(s: EngineState) -> None:
    """The last mark."""
    mark(s, s.engine.time[0])
    if s.engine.recording[0] == EACH_MARK:
        record(s)
