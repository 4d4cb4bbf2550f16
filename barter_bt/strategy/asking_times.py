"""Times of orders, and the price of a candle that they meet, as compiled strategies ask for them (rules 35 and 36)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.fault import BAD_TIMES, NO_SESSIONS, fail
from barter_bt.engine.order import ANY_FILL, DAY, EXERCISE, FOK, GTC, LIMIT, NEXT_OPEN, NO_TIME, NO_TRIGGER, THIS_CLOSE
from barter_bt.engine.session import NO_SESSION, has_sessions, session_at
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.asking import is_asked, is_unknown


@unit
def ask_good_after(s: EngineState, row: int, time: int) -> int:
    """Let an order that was asked for be held back until a time."""
    if not is_asked(s, row):
        return row
    a = s.actions
    if time <= s.engine.time[0] or time >= a.good_till[row] or a.time_in_force[row] > FOK or a.kind[row] == EXERCISE:
        fail(s.fault, BAD_TIMES, a.instrument[row])
    a.good_after[row] = time
    return row


@unit
def ask_candle_fill(s: EngineState, row: int, which: int) -> int:
    """Let an order that was asked for meet a price of a candle of its own choice."""
    if not is_asked(s, row):
        return row
    a, force = s.actions, s.actions.time_in_force[row]
    rests = a.kind[row] == EXERCISE or (a.kind[row] == LIMIT and force in (GTC, DAY))
    if rests or force > DAY or a.trigger_kind[row] != NO_TRIGGER or not NEXT_OPEN <= which <= THIS_CLOSE:
        fail(s.fault, BAD_TIMES, a.instrument[row])
        return row
    a.candle_fill[row] = which
    return row


@unit
def ask_session(s: EngineState, row: int, what: int) -> int:
    """Let an order that was asked for be for the day, at the open or at the close."""
    if not is_asked(s, row):
        return row
    a = s.actions
    timed = a.good_after[row] != NO_TIME or a.good_till[row] != NEVER or a.time_in_force[row] != GTC
    chosen = a.candle_fill[row] != ANY_FILL or a.trigger_kind[row] != NO_TRIGGER
    if timed or ((chosen or a.post_only[row]) and what != DAY):
        fail(s.fault, BAD_TIMES, a.instrument[row])
    a.time_in_force[row] = what
    return row


def find_session(s: EngineState, i: int) -> int:
    """The present session of an instrument, else the next; NO_SESSION where there is none, which may end the run."""
    if is_unknown(s, i):
        return NO_SESSION
    if not has_sessions(s, i):
        fail(s.fault, NO_SESSIONS, i)
        return NO_SESSION
    return session_at(s, i, s.engine.time[0])
