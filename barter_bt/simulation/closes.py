"""Candles of several instruments, at which nobody looks, and that were looked at before the run.

Equity is marked by their closes; the rest of a candle is what the next of its instrument replaces, so that of each
instrument only the last of a stretch is kept.
"""

from __future__ import annotations

from barter_bt.columns.marks import hot
from barter_bt.columns.memory import LINE
from barter_bt.engine.agenda import SCHEDULE
from barter_bt.engine.feed import Cursors
from barter_bt.engine.schedule import pass_met
from barter_bt.engine.state.market import note_close, note_span
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import steps
from barter_bt.simulation.stretch import before_decided, before_marks, end_stretch, fetch_ahead, mark_held


@hot
def replay_closes(s: EngineState, f: Cursors, c: int, limit: int, held: int, worth: int, k: int) -> int:
    """See :func:`barter_bt.simulation.candles.replay_unwatched`; compiled once for each of what can be held."""
    t, ins, n = s.terms, s.instruments, len(s.instruments)
    time, shift, stamp, instrument, closes = f.time[c], f.shift[c], f.time_exchange[c], f.instrument[c], f.fourth[c]
    first = row = f.row[c]
    end, now, due = min(f.rows[c], row + s.engine.budget[0]), s.engine.market_time[0], time[row] + shift
    before, planned = before_marks(s, f, c), s.agenda.due[SCHEDULE]
    last, beyond = min(limit, before), min(before, before_decided(s))  # where met targets can be passed over
    while row + 1 < end and now <= due <= last:
        if row % LINE == 0:
            fetch_ahead(f, c, row)
        following, i = time[row + 1] + shift, instrument[row]
        if not 0 <= i < n:
            break
        ticks = steps(closes[row], t.ticks_per_unit[i], t.price_noise[i])
        if ticks <= 0 or stamp[row] < ins.last_time[i]:
            break
        note_close(s, i, stamp[row], ticks)
        now = due
        if following > now:
            mark_held(s, now, held, worth, k)
            if now == planned and now <= beyond:
                planned = pass_met(s, now)
                last = min(beyond, planned)
        row, due = row + 1, following
    _note_spans(s, f, c, first, row)
    return end_stretch(s, f, c, row, now, due)


@hot
def _note_spans(s: EngineState, f: Cursors, c: int, first: int, end: int) -> None:
    """What a stretch leaves of the last candle of each instrument, beside its close in ticks."""
    stamp, instrument = f.time_exchange[c], f.instrument[c]
    opens, highs, lows, closes, volumes = f.first[c], f.second[c], f.third[c], f.fourth[c], f.fifth[c]
    row, left = end, len(s.instruments)
    while row > first and left > 0:
        row -= 1
        i = instrument[row]
        if stamp[row] == s.instruments.last_time[i]:
            note_span(s, i, opens[row], highs[row], lows[row], closes[row], volumes[row])
            left -= 1
