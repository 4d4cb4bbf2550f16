"""Candles of the only instrument, at which nobody looks: of a stretch of them only the last is kept.

What each leaves behind is what the next replaces, but for the mark of the equity. Where the rows have been looked at
before the run, only times and closes need be read.
"""

from __future__ import annotations

from barter_bt.columns.marks import hot
from barter_bt.columns.memory import LINE
from barter_bt.engine.agenda import MARK, NEVER, SCHEDULE
from barter_bt.engine.feed import Cursors
from barter_bt.engine.schedule import pass_met
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, value_of_lots, worth_at_rest, worth_beside
from barter_bt.engine.terms import steps
from barter_bt.simulation.stretch import before_decided, before_marks, end_stretch, fetch_ahead, note_last


def is_single(s: EngineState, f: Cursors, c: int) -> bool:
    """Whether there is one instrument, whose candles are sound, and the next is later than all that is known."""
    if len(s.instruments) != 1 or not f.sound[c] or worth_at_rest(s) == UNKNOWN:
        return False
    return bool(f.time_exchange[c][f.row[c]] > s.instruments.last_time[0] and f.due[c] >= s.engine.market_time[0])


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
    t, journal, time, closes, shift = s.terms, s.equity, f.time[c], f.fourth[c], f.shift[c]
    lots, den, inverse = s.instruments.quantity[0] * t.num[0] if held else 0, t.den[0], t.den_inverse[0]
    per_unit, noise = t.ticks_per_unit[0], t.price_noise[0]
    first = row = until = f.row[c]
    end, due = min(f.rows[c], row + s.engine.budget[0]) - 1, time[row] + shift
    before, planned = before_marks(s, f, c), s.agenda.due[SCHEDULE]
    last, beyond = min(limit, before), min(before, before_decided(s))  # where met targets can be passed over
    while row == until < end and due <= last:
        if journal.spare() == 0:
            journal.truncate(journal.append())  # grows
        marks, until = len(journal) - row, min(end, row + journal.spare())
        times, equities, known = journal.time, journal.equity, journal.known
        while row < until and due <= last:
            following = time[row + 1] + shift
            if planned != NEVER and row % LINE == 0:
                fetch_ahead(f, c, row)
            price = steps(closes[row], per_unit, noise)
            value = value_of_lots(price, lots, den, inverse) if held else 0
            if price <= 0 or value == UNKNOWN or following <= due:  # the last: another of this time replaces its mark
                break
            times[marks + row], equities[marks + row], known[marks + row] = due, worth + value, 1
            if due == planned and due <= beyond:
                planned = pass_met(s, due)
                last = min(beyond, planned)
            row, due = row + 1, following
        journal.truncate(marks + row)
    if row == first:
        return s.agenda.due[MARK]
    note_last(s, f, c, row - 1)
    return end_stretch(s, f, c, row, time[row - 1] + shift, due)
