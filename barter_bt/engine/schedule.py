"""What was decided before the run: signals (targets) and explicit orders, by time (rules 10 and 18)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv, muldiv_floor
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import fee_of, fee_of_order, notional
from barter_bt.engine.action.protect import NO_UNIT, ask_protection
from barter_bt.engine.action.send import ask, ask_cancel, ask_for, dispatch, open_orders
from barter_bt.engine.agenda import NEVER, SCHEDULE
from barter_bt.engine.event import SCHEDULED
from barter_bt.engine.fault import fail_range
from barter_bt.engine.order import BUY, GTC, MARKET, NO_PRICE, SELL
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, equity, plan_mark
from barter_bt.engine.step import start_event
from barter_bt.engine.terms import RATE, Terms

OPEN_ROW, CANCEL_ROW, TARGET_ROW = 0, 1, 2
NOT_SENT, BELOW_LOT = -1, -2  # in place of the order that a row became
UNITS, NOTIONAL, EQUITY = 0, 1, 2


@unit
def process_schedule(s: EngineState) -> None:
    """Process all rows of the schedule that bear its present time."""
    p, now = s.schedule, s.agenda.due[SCHEDULE]
    plan_mark(s, now)
    first = row = s.agenda.first[SCHEDULE]
    while row < len(p) and p.time[row] == now:
        start_event(s, now, SCHEDULED, p.instrument[row], -1, -1)
        if s.engine.recording[0] == EACH_EVENT:
            record(s)
        if not s.engine.trading[0]:
            pass  # decided before the run, like a strategy that is not asked now
        elif p.action[row] == OPEN_ROW:
            s.engine.strategy[0] = p.strategy[row]
            _open(s, row, ask_for(s, p, row))
        elif p.action[row] == CANCEL_ROW:
            ask_cancel(s, p.sent[p.ref[row]])
            dispatch(s)
        row += 1
    if s.engine.trading[0]:
        _targets(s, first, row)
    s.agenda.first[SCHEDULE] = row
    s.agenda.due[SCHEDULE] = p.time[row] if row < len(p) else NEVER


def _targets(s: EngineState, first: int, end: int) -> None:
    """Reductions first, then increases, on one equity measured before the first (rule 18)."""
    p, worth = s.schedule, UNKNOWN
    if s.engine.size[0] == EQUITY and p.action[end - 1] == TARGET_ROW:
        worth = equity(s)
    for reducing in range(1, -1, -1):
        for row in range(first, end):
            if p.action[row] == TARGET_ROW:
                _target(s, row, worth, reducing)


def _target(s: EngineState, row: int, worth: int, reducing: int) -> None:
    p, ins, i = s.schedule, s.instruments, s.schedule.instrument[row]
    if p.sent[row] >= 0:
        return
    target = p.target[row]
    wished = wished_lots(s, i, target, worth)
    now = bounded_sum(ins.quantity[i], ins.working[i])
    missing = wished == UNKNOWN
    change = 0 if missing else bounded_sum(wished, -now)
    if wished == 0 and target != 0:
        p.sent[row] = BELOW_LOT
    opposite = (now < 0 < change) or (change < 0 < now)
    if (change == 0 and not missing) or opposite != (reducing == 1):
        return
    s.engine.strategy[0] = p.strategy[row]
    side = BUY if (target if missing else change) > 0 else SELL
    action = ask(s, i, side, MARKET, GTC, 0, 0, abs(change))
    s.actions.resize[action] = p.resize[row]
    s.actions.refused[action] = NO_PRICE if missing else 0
    _open(s, row, action)


def _open(s: EngineState, row: int, action: int) -> None:
    """Open what a row asks for, and what protects it."""
    p = s.schedule
    if p.protect_by[row] != NO_UNIT:
        ask_protection(s, action, p.protect_by[row], p.stop_loss[row], p.take_profit[row], p.trailing_stop[row])
    p.sent[row] = len(s.orders)
    open_orders(s)


def wished_lots(s: EngineState, i: int, target: int, worth: int) -> int:
    """Signed lots that a target asks for; UNKNOWN without a price.

    ``target`` is in lots, in units of quote, or in 1e-9 of the equity ``worth``.
    """
    e, t = s.engine, s.terms
    if e.size[0] == UNITS or target == 0:
        return target
    ticks = price_ticks(s, i)
    if ticks == 0 or (e.size[0] == EQUITY and worth == UNKNOWN):
        return UNKNOWN
    value = abs(target)
    if e.size[0] == EQUITY:
        value = muldiv(max(worth, 0), value, RATE)
        if value > LIMIT:
            fail_range(s.fault, i, t.quote[i])
            return UNKNOWN
    spent = muldiv_floor(value, RATE, RATE + max(t.taker_rate[i], 0)) if e.with_fee[0] else value
    if t.derivative[i] < 0:
        lots = muldiv_floor(spent, _checked(ticks, t.den[i]), t.num[i])
    elif ticks <= LIMIT // t.num[i]:
        lots = muldiv_floor(spent, t.den[i], ticks * t.num[i])
    else:  # one division after the other rounds down like one
        lots = muldiv_floor(spent, t.den[i], max(ticks, t.num[i])) // min(ticks, t.num[i])
    if e.with_fee[0] and (t.lot_fee_num[i] > 0 or t.fee_by_order[i]):
        lots = _most_with_fee(t, i, lots, ticks, value)
    lots = min(lots, LIMIT)
    return lots if target > 0 else -lots


def _most_with_fee(t: Terms, i: int, lots: int, ticks: int, value: int) -> int:
    """The most lots, at most ``lots``, that cost no more than ``value`` with their fee, by bisection."""
    fits, fails = 0, lots + 1
    while fails - fits > 1:
        middle = fits + (fails - fits) // 2
        spent = notional(t, i, middle, ticks)
        if max(fee_of_order(t, i, fee_of(t, i, spent, middle, 0), spent), 0) <= value - spent:
            fits = middle
        else:
            fails = middle
    return fits


def _checked(ticks: int, num: int) -> int:
    return ticks * num if ticks <= LIMIT // num else TOO_LARGE
