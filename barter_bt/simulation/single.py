"""Candles of the only instrument, at which nobody looks: of a stretch of them only the last is kept.

What each leaves behind is what the next replaces, but for the mark of the equity.
"""

from __future__ import annotations

from barter_bt.columns.marks import hot
from barter_bt.columns.memory import LINE
from barter_bt.engine.agenda import SCHEDULE
from barter_bt.engine.feed import Cursors
from barter_bt.engine.schedule import pass_met
from barter_bt.engine.state.market import closing_steps, note_candle
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, mark_at, value_of_lots, worth_at_rest, worth_beside
from barter_bt.simulation.stretch import before_decided, before_marks, end_stretch, fetch_ahead


@hot
def replay_single(s: EngineState, f: Cursors, c: int, limit: int) -> int:
    """Those of an account that holds nothing: see :func:`barter_bt.simulation.candles.replay_unwatched`."""
    return _replay(s, f, c, limit, False, worth_at_rest(s))


@hot
def replay_single_held(s: EngineState, f: Cursors, c: int, limit: int) -> int:
    """Those of one whose position is :func:`~barter_bt.engine.state.valuation.held_alone`."""
    return _replay(s, f, c, limit, True, worth_beside(s, 0))


@hot
def _replay(s: EngineState, f: Cursors, c: int, limit: int, held: bool, worth: int) -> int:
    """The same, compiled once for each; ``worth`` is what there is beside the position."""
    lots, den, inverse = (
        s.instruments.quantity[0] * s.terms.num[0] if held else 0,
        s.terms.den[0],
        s.terms.den_inverse[0],
    )
    time, shift, stamp, instrument = f.time[c], f.shift[c], f.time_exchange[c], f.instrument[c]
    opens, highs, lows, closes, volumes = f.first[c], f.second[c], f.third[c], f.fourth[c], f.fifth[c]
    first = row = f.row[c]
    end, now, due = min(f.rows[c], row + s.engine.budget[0]), s.engine.market_time[0], time[row] + shift
    before, planned = before_marks(s, f, c), s.agenda.due[SCHEDULE]
    last, beyond = min(limit, before), min(before, before_decided(s))  # where met targets can be passed over
    newest, ticks = s.instruments.last_time[0], 0
    while row + 1 < end and now <= due <= last:
        if row % LINE == 0:
            fetch_ahead(f, c, row)
        following = time[row + 1] + shift
        close = closing_steps(s, 0, opens[row], highs[row], lows[row], closes[row], volumes[row])
        value = value_of_lots(close, lots, den, inverse) if held else 0
        if close <= 0 or value == UNKNOWN or instrument[row] != 0 or stamp[row] <= newest:
            break
        ticks, newest, now = close, stamp[row], due
        if following > now:
            mark_at(s, now, worth + value)
            if now == planned and now <= beyond:
                planned = pass_met(s, now)
                last = min(beyond, planned)
        row, due = row + 1, following
    if row > first:
        k = row - 1
        note_candle(s, 0, newest, ticks, opens[k], highs[k], lows[k], closes[k], volumes[k])
    return end_stretch(s, f, c, row, now, due)
