"""Sessions of an instrument, and the times that they give to an order (rule 35)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.fault import NO_SESSIONS, SESSIONS_END, fail
from barter_bt.engine.order import AT_OPEN, DAY, GTC, IOC, NEXT_OPEN, THIS_CLOSE
from barter_bt.engine.state.tables import EngineState

NO_SESSION = -1


def has_sessions(s: EngineState, i: int) -> bool:
    """Whether it is known when an instrument can be traded."""
    return s.calendars.end[i] > s.calendars.first[i]


@unit
def session_at(s: EngineState, i: int, time: int) -> int:
    """The session that is open at a time, from its open until before its close, else the next; none: NO_SESSION."""
    first, end, close = s.calendars.first[i], s.calendars.end[i], s.sessions.close
    last = end
    while first < end:
        middle = (first + end) // 2
        if close[middle] <= time:
            first = middle + 1
        else:
            end = middle
    return first if first < last else NO_SESSION


def session_opening(s: EngineState, i: int, time: int) -> int:
    """The first session that opens at a time or later; none: NO_SESSION."""
    row = session_at(s, i, time)
    if row == NO_SESSION or s.sessions.open[row] >= time:
        return row
    return row + 1 if row + 1 < s.calendars.end[i] else NO_SESSION


def has_session(s: EngineState, action: int) -> bool:
    """Whether there is a session to settle the times of an order that is asked for."""
    i, now = s.actions.instrument[action], s.engine.time[0]
    at = session_opening if s.actions.time_in_force[action] == AT_OPEN else session_at
    return bool(at(s, i, now) != NO_SESSION)


@unit
def settle_times(s: EngineState, action: int) -> None:
    """An order for the day, at the open or at the close gets the times of its session, as it is sent."""
    a, i, now = s.actions, s.actions.instrument[action], s.engine.time[0]
    what = a.time_in_force[action]
    row = session_opening(s, i, now) if what == AT_OPEN else session_at(s, i, now)
    a.time_in_force[action] = GTC if what == DAY else IOC
    if row == NO_SESSION:
        fail(s.fault, SESSIONS_END if has_sessions(s, i) else NO_SESSIONS, i)
    elif what == DAY:
        a.good_till[action] = s.sessions.close[row] + 1  # what is stamped at the close is in time
    elif what == AT_OPEN:
        a.good_after[action], a.candle_fill[action] = s.sessions.open[row], NEXT_OPEN
    else:
        a.good_after[action], a.candle_fill[action] = s.sessions.close[row], THIS_CLOSE
