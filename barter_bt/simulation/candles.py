"""Candles at which nobody looks: no order waits for them, no strategy is woken, nothing of them is kept apart.

What :mod:`barter_bt.simulation.replay` asks between two rows is answered here once for many of them.
"""

from __future__ import annotations

from barter_bt.columns.ahead import fetch
from barter_bt.columns.marks import hot, unit
from barter_bt.columns.memory import LINE
from barter_bt.engine.agenda import (
    BAR_DUE,
    CASH_FLOW,
    COMMAND,
    EXPIRY,
    LAPSE,
    MARK,
    RELEASE,
    REPORT,
    REQUEST,
    SCHEDULE,
    TIMER_DUE,
)
from barter_bt.engine.event import BAR_CLOSE, MARKET_CANDLE
from barter_bt.engine.feed import Cursors, advance
from barter_bt.engine.schedule import pass_met
from barter_bt.engine.state.market import update_from_positive_candle
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import (
    UNKNOWN,
    held_alone,
    is_still,
    mark,
    mark_at,
    value_of_lots,
    worth_at_rest,
    worth_beside,
)
from barter_bt.engine.wake import is_awake
from barter_bt.simulation.row import is_observed

_AHEAD = 8 * LINE  # rows
_NOTHING, _ONE, _MORE = 0, 1, 2  # positions that are held


def is_unwatched(s: EngineState) -> bool:
    """Whether a candle changes the state and is a mark of the equity, and nothing else comes of it."""
    e = s.engine
    asked = e.wake[0] & BAR_CLOSE or (e.wake[0] & MARKET_CANDLE and is_awake(s))
    plain = e.mark_every[0] == 0 and e.unhealthy[0] == 0 and e.recording[0] == 0 and s.risk.stops[0] == 0
    return bool(plain and not asked and not is_observed(s))


def _before_marks(s: EngineState, f: Cursors, c: int) -> int:
    """The last time at which nothing but candles of cursor ``c`` comes before the mark (rule 10)."""
    agenda, streams = s.agenda, s.engine.streams[0]
    due = min(agenda.due[LAPSE], agenda.due[EXPIRY], agenda.due[RELEASE], agenda.due[CASH_FLOW])
    due = min(due, agenda.due[REPORT], agenda.due[MARK])
    for other in range(streams, 2 * streams):
        if other != c:
            due = min(due, f.due[other])
    return due - 1


def _before_decided(s: EngineState) -> int:
    """The last time at which nothing of what may come beside the schedule is due: commands, bars, timers, requests."""
    due = s.agenda.due
    return min(due[COMMAND], due[BAR_DUE], due[TIMER_DUE], due[REQUEST]) - 1


def _fetch_ahead(f: Cursors, c: int, row: int) -> None:
    """Ask for rows that an order may come before, which takes longer than the memory."""
    fetch(f.time[c], row)
    fetch(f.time_exchange[c], row)
    fetch(f.time_open[c], row)
    fetch(f.instrument[c], row)
    fetch(f.first[c], row)
    fetch(f.second[c], row)
    fetch(f.third[c], row)
    fetch(f.fourth[c], row)
    fetch(f.fifth[c], row)


@unit
def replay_unwatched(s: EngineState, f: Cursors, c: int, limit: int) -> int:
    """Process candles of a cursor up to the time ``limit``, and mark the equity at each of their times.

    What is left is the last row, one at whose time something comes before the mark, or one that is malformed or
    expired; nothing of it has been done. Returns when the next mark is due, where that of the last time is still to
    come.
    """
    if is_still(s):
        return _replay(s, f, c, limit, _NOTHING, worth_at_rest(s), 0)
    alone = held_alone(s)
    if alone >= 0:
        return _replay(s, f, c, limit, _ONE, worth_beside(s, alone), alone)
    return _replay(s, f, c, limit, _MORE, 0, 0)


@hot
def _replay(s: EngineState, f: Cursors, c: int, limit: int, held: int, worth: int, k: int) -> int:
    """The same, compiled once for each of what can be held.

    Nothing, so that the equity is still and ``worth`` so much; a position in ``k`` alone that its last price marks,
    and ``worth`` besides; or more.
    """
    lots = s.instruments.quantity[k] * s.terms.num[k] if held == _ONE else 0
    den, inverse, ins = s.terms.den[k], s.terms.den_inverse[k], s.instruments
    time, shift, stamp, instrument, n = f.time[c], f.shift[c], f.time_exchange[c], f.instrument[c], len(s.instruments)
    opens, highs, lows, closes, volumes = f.first[c], f.second[c], f.third[c], f.fourth[c], f.fifth[c]
    first = row = f.row[c]
    end, now, due = min(f.rows[c], row + s.engine.budget[0]), s.engine.market_time[0], time[row] + shift
    before, planned = _before_marks(s, f, c), s.agenda.due[SCHEDULE]
    last, beyond = min(limit, before), min(before, _before_decided(s))  # where met targets can be passed over
    while row + 1 < end and now <= due <= last:
        if row % LINE == 0:
            _fetch_ahead(f, c, row + _AHEAD)
        following, i = time[row + 1] + shift, instrument[row]
        if not 0 <= i < n or (row > 0 and stamp[row] == stamp[row - 1] and i == instrument[row - 1]):
            break
        if not update_from_positive_candle(
            s, i, stamp[row], opens[row], highs[row], lows[row], closes[row], volumes[row]
        ):
            break
        now = due
        if following > now:
            value = 0 if held == _NOTHING else UNKNOWN
            if held == _ONE and ins.own_mark[k] == 0:
                value = value_of_lots(ins.last[k], lots, den, inverse)
            if value != UNKNOWN:
                mark_at(s, now, worth + value)
            else:
                s.engine.time[0] = now  # rates go by it (rule 74)
                mark(s, now)
            if now == planned and now <= beyond:
                planned = pass_met(s, now)
                last = min(beyond, planned)
        row, due = row + 1, following
    if row > first:
        if due == now:
            s.agenda.due[MARK] = now
        s.engine.time[0] = s.engine.market_time[0] = now
        s.engine.sequence[0] += row - first
        s.engine.budget[0] -= row - first
        advance(f, c, row)
    return s.agenda.due[MARK]
