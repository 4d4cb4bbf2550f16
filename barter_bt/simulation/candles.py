"""Candles at which nobody looks: no order waits for them, no strategy is woken, nothing of them is kept apart.

What :mod:`barter_bt.simulation.replay` asks between two rows is answered here once for many of them.
"""

from __future__ import annotations

from barter_bt.columns.marks import hot, unit
from barter_bt.columns.memory import LINE
from barter_bt.engine.agenda import SCHEDULE
from barter_bt.engine.event import BAR_CLOSE, MARKET_CANDLE
from barter_bt.engine.fault import NO_FAULT
from barter_bt.engine.feed import Cursors
from barter_bt.engine.schedule import pass_met
from barter_bt.engine.state.market import update_from_positive_candle
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import held_alone, is_still, worth_at_rest, worth_beside
from barter_bt.engine.wake import is_awake
from barter_bt.simulation.closes import replay_closes
from barter_bt.simulation.instant import fill_instantly
from barter_bt.simulation.row import is_observed
from barter_bt.simulation.single import is_single, replay_single, replay_single_held
from barter_bt.simulation.stretch import (
    MORE,
    NOTHING,
    ONE,
    before_decided,
    before_marks,
    end_stretch,
    fetch_ahead,
    mark_held,
)
from barter_bt.venue.state import VenueState


def is_unwatched(s: EngineState) -> bool:
    """Whether a candle changes the state and is a mark of the equity, and nothing else comes of it."""
    e = s.engine
    asked = e.wake[0] & BAR_CLOSE or (e.wake[0] & MARKET_CANDLE and is_awake(s))
    plain = e.mark_every[0] == 0 and e.unhealthy[0] == 0 and e.recording[0] == 0 and s.risk.stops[0] == 0
    return bool(plain and not asked and not is_observed(s))


@unit
def replay_unwatched(s: EngineState, v: VenueState, f: Cursors, c: int, limit: int) -> int:
    """Process candles of a cursor up to the time ``limit``, and mark the equity at each of their times.

    Targets that are met, or filled at one instant, do not end it. What is left is the last row, one at whose time
    something comes before the mark, or one that is malformed or expired; nothing of it has been done. Returns when the
    next mark is due, where that of the last time is still to come.
    """
    marked = _replay_stretch(s, f, c, limit)
    while v.clock.instant[0] and _is_decided(s, marked) and _fills(s, v, f):
        marked = _replay_stretch(s, f, c, min(s.agenda.due[SCHEDULE], before_decided(s)))
    return marked


def _is_decided(s: EngineState, marked: int) -> bool:
    """Whether a row of the schedule is what ended a stretch, behind the mark of its time and before all else."""
    now = s.engine.market_time[0]
    return s.agenda.due[SCHEDULE] == now < marked and now <= before_decided(s)


def _fills(s: EngineState, v: VenueState, f: Cursors) -> bool:
    now = s.engine.market_time[0]
    return fill_instantly(s, v, f, now, now) != 0 and v.fault.code[0] == NO_FAULT


@hot
def _replay_stretch(s: EngineState, f: Cursors, c: int, limit: int) -> int:
    """The same, up to the next order."""
    still, alone, sound = is_still(s), held_alone(s), f.sound[c]
    if (still or alone >= 0) and is_single(s, f, c):
        return replay_single(s, f, c, limit) if still else replay_single_held(s, f, c, limit)
    if still:
        worth = worth_at_rest(s)
        return replay_closes(s, f, c, limit, NOTHING, worth, 0) if sound else _replay(s, f, c, limit, NOTHING, worth, 0)
    if alone >= 0:
        worth = worth_beside(s, alone)
        return replay_closes(s, f, c, limit, ONE, worth, alone) if sound else _replay(s, f, c, limit, ONE, worth, alone)
    return replay_closes(s, f, c, limit, MORE, 0, 0) if sound else _replay(s, f, c, limit, MORE, 0, 0)


@hot
def _replay(s: EngineState, f: Cursors, c: int, limit: int, held: int, worth: int, k: int) -> int:
    """The same, compiled once for each of what can be held: see :func:`~barter_bt.simulation.stretch.mark_held`."""
    time, shift, stamp, instrument, n = f.time[c], f.shift[c], f.time_exchange[c], f.instrument[c], len(s.instruments)
    opens, highs, lows, closes, volumes = f.first[c], f.second[c], f.third[c], f.fourth[c], f.fifth[c]
    row = f.row[c]
    end, now, due = min(f.rows[c], row + s.engine.budget[0]), s.engine.market_time[0], time[row] + shift
    before, planned = before_marks(s, f, c), s.agenda.due[SCHEDULE]
    last, beyond = min(limit, before), min(before, before_decided(s))  # where met targets can be passed over
    while row + 1 < end and now <= due <= last:
        if row % LINE == 0:
            fetch_ahead(f, c, row)
        following, i = time[row + 1] + shift, instrument[row]
        if not 0 <= i < n or (row > 0 and stamp[row] == stamp[row - 1] and i == instrument[row - 1]):
            break
        if not update_from_positive_candle(
            s, i, stamp[row], opens[row], highs[row], lows[row], closes[row], volumes[row]
        ):
            break
        now = due
        if following > now:
            mark_held(s, now, held, worth, k)
            if now == planned and now <= beyond:
                planned = pass_met(s, now)
                last = min(beyond, planned)
        row, due = row + 1, following
    return end_stretch(s, f, c, row, now, due)
