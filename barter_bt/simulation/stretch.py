"""A stretch of candles at which nobody looks: up to where it goes, and what is left when it ends."""

from __future__ import annotations

from barter_bt.columns.ahead import fetch
from barter_bt.columns.marks import hot
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
    TIMER_DUE,
)
from barter_bt.engine.feed import Cursors, advance
from barter_bt.engine.state.market import note_candle
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, mark, mark_at, value_of_lots
from barter_bt.engine.terms import steps

NOTHING, ONE, MORE = 0, 1, 2  # positions that are held
_AHEAD = 8 * LINE  # rows


def before_marks(s: EngineState, f: Cursors, c: int) -> int:
    """The last time at which nothing but candles of cursor ``c`` comes before the mark (rule 10)."""
    agenda, streams = s.agenda, s.engine.streams[0]
    due = min(agenda.due[LAPSE], agenda.due[EXPIRY], agenda.due[RELEASE], agenda.due[CASH_FLOW])
    due = min(due, agenda.due[REPORT], agenda.due[MARK])
    for other in range(streams, 2 * streams):
        if other != c:
            due = min(due, f.due[other])
    return due - 1


def before_decided(s: EngineState) -> int:
    """The last time at which nothing of what may come beside the schedule is due: commands, bars, timers, requests."""
    due = s.agenda.due
    return min(due[COMMAND], due[BAR_DUE], due[TIMER_DUE], due[REQUEST]) - 1


def fetch_ahead(f: Cursors, c: int, row: int) -> None:
    """Ask for rows behind one that an order may come before, which takes longer than the memory."""
    row += _AHEAD
    fetch(f.time[c], row)
    fetch(f.time_exchange[c], row)
    fetch(f.time_open[c], row)
    fetch(f.instrument[c], row)
    fetch(f.first[c], row)
    fetch(f.second[c], row)
    fetch(f.third[c], row)
    fetch(f.fourth[c], row)
    fetch(f.fifth[c], row)


@hot
def mark_held(s: EngineState, now: int, held: int, worth: int, k: int) -> None:
    """Mark the equity of an account that holds ``NOTHING``, ``ONE`` position or ``MORE``.

    Without any it is ``worth`` as much as ever; one is in ``k``, marked by its last price, and ``worth`` is what there
    is beside it.
    """
    ins, t, value = s.instruments, s.terms, 0 if held == NOTHING else UNKNOWN
    if held == ONE and ins.own_mark[k] == 0:
        value = value_of_lots(ins.last[k], ins.quantity[k] * t.num[k], t.den[k], t.den_inverse[k])
    if value != UNKNOWN:
        mark_at(s, now, worth + value)
    else:
        s.engine.time[0] = now  # rates go by it (rule 74)
        mark(s, now)


@hot
def note_last(s: EngineState, f: Cursors, c: int, row: int) -> None:
    """The candle of the only instrument that a stretch leaves behind, which has a price."""
    stamp, opens, highs, lows, closes = f.time_exchange[c], f.first[c], f.second[c], f.third[c], f.fourth[c]
    price = steps(closes[row], s.terms.ticks_per_unit[0], s.terms.price_noise[0])
    note_candle(s, 0, stamp[row], price, opens[row], highs[row], lows[row], closes[row], f.fifth[c][row])


@hot
def end_stretch(s: EngineState, f: Cursors, c: int, row: int, now: int, due: int) -> int:
    """Rows before ``row`` have been, the last of them at ``now``; returns when the next mark is due."""
    rows = row - f.row[c]
    if rows > 0:
        if due == now:
            s.agenda.due[MARK] = now
        s.engine.time[0] = s.engine.market_time[0] = now
        s.engine.sequence[0] += rows
        s.engine.budget[0] -= rows
        advance(f, c, row)
    return s.agenda.due[MARK]
