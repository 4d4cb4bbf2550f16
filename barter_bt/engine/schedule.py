"""What was decided before the run: signals (targets) and explicit orders, by time (rules 10 and 18)."""

from __future__ import annotations

from barter_bt.columns.ahead import fetch
from barter_bt.columns.marks import unit
from barter_bt.columns.memory import LINE
from barter_bt.engine.action.protect import BY_FRACTION, NO_UNIT
from barter_bt.engine.action.send import ask_cancel, ask_for, dispatch, send_transfer
from barter_bt.engine.agenda import NEVER, SCHEDULE
from barter_bt.engine.amend import ask_amend
from barter_bt.engine.audit import begin
from barter_bt.engine.entries import follow_with_entries, replace_entries
from barter_bt.engine.event import SCHEDULED
from barter_bt.engine.fault import BAD_TRANSFER, fail
from barter_bt.engine.order import NO_TRIGGER
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.sizing import EQUITY
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, equity, plan_mark
from barter_bt.engine.step import start_event
from barter_bt.engine.targets import (
    AMEND_ROW,
    CANCEL_ROW,
    MARGIN_ROW,
    OPEN_ROW,
    TARGET_ROW,
    bind_row,
    follow_target,
    is_met,
    open_row,
)
from barter_bt.engine.terms import ISOLATED


@unit
def process_schedule(s: EngineState) -> None:
    """Process all rows of the schedule that bear its present time."""
    p, now = s.schedule, s.agenda.due[SCHEDULE]
    plan_mark(s, now)
    first = row = s.agenda.first[SCHEDULE]
    while row < len(p) and p.time[row] == now:
        if row % LINE == 0:
            fetch(p, row + LINE)
        start_event(s, now, SCHEDULED, p.instrument[row], -1, -1)
        if s.engine.recording[0] == EACH_EVENT:
            record(s)
        if not s.engine.trading[0]:
            pass  # decided before the run, like a strategy that is not asked now
        elif p.action[row] == OPEN_ROW:
            s.engine.strategy[0] = p.strategy[row]
            action = ask_for(s, p, row)
            bind_row(s, p, row, action)
            open_row(s, p, row, action)
        elif p.action[row] == CANCEL_ROW:
            if p.sent[p.ref[row]] >= 0:  # else it was passed over
                ask_cancel(s, p.sent[p.ref[row]])
                dispatch(s)
        elif p.action[row] == AMEND_ROW:
            _amend(s, row)
        elif p.action[row] == MARGIN_ROW:
            _move_margin(s, p.instrument[row], p.target[row])
        row += 1
    if s.engine.trading[0]:
        _targets(s, first, row)
    s.agenda.first[SCHEDULE] = row
    s.agenda.due[SCHEDULE] = p.time[row] if row < len(p) else NEVER


@unit
def pass_met(s: EngineState, now: int) -> int:
    """Pass over the targets that are due now, if all ask for what is there; returns when the next row is due.

    Each is an event all the same. For runs of which nobody keeps the events.
    """
    p, first = s.schedule, s.agenda.first[SCHEDULE]
    row = first
    while row < len(p) and p.time[row] == now:
        if row % LINE == 0:
            fetch(p, row + LINE)
        if not is_met(s, row):
            return now
        row += 1
    s.engine.sequence[0] += row - first
    begin(s, SCHEDULED, p.instrument[row - 1], -1, -1, -1)
    s.agenda.first[SCHEDULE] = row
    s.agenda.due[SCHEDULE] = p.time[row] if row < len(p) else NEVER
    return s.agenda.due[SCHEDULE]


def _targets(s: EngineState, first: int, end: int) -> None:
    """Reductions first, then increases, on one equity measured before the first (rule 18)."""
    p, worth = s.schedule, UNKNOWN
    if s.engine.size[0] == EQUITY and p.action[end - 1] == TARGET_ROW:
        worth = equity(s)
    if len(s.entries) > 0:
        replace_entries(s, first, end, worth)
    for reducing in range(1, -1, -1):
        for row in range(first, end):
            if p.action[row] == TARGET_ROW and p.sent[row] < 0:
                if len(s.entries) == 0:
                    follow_target(s, row, worth, reducing, s.instruments.working[p.instrument[row]])
                else:
                    follow_with_entries(s, row, worth, reducing)


def _move_margin(s: EngineState, i: int, amount: int) -> None:
    """Margin of an isolated position alone can be moved (rule 104)."""
    if s.terms.margined[i] == ISOLATED:
        send_transfer(s, i, amount)
    else:
        fail(s.fault, BAD_TRANSFER, i)


def _amend(s: EngineState, row: int) -> None:
    """Amend what an earlier row has opened, unless that was passed over."""
    p, order = s.schedule, s.schedule.sent[s.schedule.ref[row]]
    if order >= 0:
        price, quantity, trigger, trail = p.price[row], p.quantity[row], p.trigger[row], p.trail[row]
        rate, activation = p.trail_rate[row], p.activation[row]
        if price + quantity + trigger + trail + rate + activation > 0:
            ask_amend(s, order, price, quantity, trigger, trail, rate, activation)
        if p.protect_by[row] != NO_UNIT:
            _amend_protection(s, row, order)
        dispatch(s)


def _amend_protection(s: EngineState, row: int, entry: int) -> None:
    """Amend what protects an entry, the stop first; where it is not protected, nothing (rule 101)."""
    p, o, order = s.schedule, s.orders, entry + 1
    trail, stop_loss, activation = p.trailing_stop[row], p.stop_loss[row], p.trailing_activation[row]
    while order < len(o) and o.parent[order] == entry and not o.follows[order]:
        if o.trigger_kind[order] == NO_TRIGGER:
            if p.take_profit[row] > 0:
                ask_amend(s, order, p.take_profit[row], 0, 0, 0, 0, 0)
        elif p.protect_by[row] == BY_FRACTION and trail > 0:
            ask_amend(s, order, 0, 0, 0, 0, trail, 0)
        elif stop_loss + trail + activation > 0:
            ask_amend(s, order, 0, 0, stop_loss, trail, 0, activation)
        order += 1
