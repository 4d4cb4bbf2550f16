"""Account events: reports of the venue reach the engine (rule 11)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import fee_in_base, in_range, lots_taken, notional
from barter_bt.engine.agenda import REPORT
from barter_bt.engine.audit import FULL, OFF, POSITION_EXIT, begin, note_event, note_output, note_report
from barter_bt.engine.deposit import note_entitlement, value_payment
from barter_bt.engine.event import BALANCE, ORDER_SNAPSHOT, OWN_TRADE
from barter_bt.engine.fault import fail_range
from barter_bt.engine.flows import FEE, FUNDING, PAYOUT, VARIATION
from barter_bt.engine.messages import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELLING,
    CHANGED,
    CLOSE_OUT,
    CLOSED,
    DELIVERED,
    ENTITLED,
    FILL,
    FLOW,
    SPLIT,
    TRADE,
    TRANSFERRED,
    TRIGGERED,
    dequeue,
)
from barter_bt.engine.order import BUY
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.split import apply_split
from barter_bt.engine.state.amending import update_from_amend
from barter_bt.engine.state.assets import expect, update_from_balance
from barter_bt.engine.state.connectivity import heal_account
from barter_bt.engine.state.margin import fund_aside, set_aside
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.orders import (
    record_close_out,
    record_delivery,
    update_from_cancel_in_flight,
    update_from_cancel_rejected,
    update_from_change,
    update_from_closed,
    update_from_open,
    update_from_trigger,
    update_order_from_fill,
)
from barter_bt.engine.state.position import update_position_from_fill
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import plan_mark
from barter_bt.engine.terms import IN_RECEIVED, ISOLATED
from barter_bt.engine.wake import is_awake


@unit
def process_reports(s: EngineState) -> int:
    """Process account events up to the first that the strategy asked for; returns its kind, 0 if there is none.

    A report is several events (a fill: trade, order snapshot, balances). All that it changes is applied with
    the first. Where the strategy sleeps through account events, all reports of one time are processed at one go.
    """
    asked = s.engine.wake[0] & (OWN_TRADE | ORDER_SNAPSHOT | BALANCE) if is_awake(s) else 0
    now = s.agenda.due[REPORT]
    while s.agenda.due[REPORT] == now:
        kind = _process_one(s, asked)
        if kind:
            return kind
    return 0


def _process_one(s: EngineState, asked: int) -> int:
    e, r, row = s.engine, s.reports, s.agenda.first[REPORT]
    if r.kind[row] >= FLOW:
        return _process_flow(s, row, asked)
    by_venue = CLOSE_OUT <= r.kind[row] <= DELIVERED
    if by_venue and r.order[row] < 0:
        r.order[row] = record_own(s, ~r.order[row], row)
    is_fill = int(r.kind[row] == FILL or by_venue)
    parts = 1 + is_fill + int(r.asset_first[row] >= 0) + int(r.asset_second[row] >= 0)
    order = r.order[row]
    if not asked and e.part[0] == 0 and e.audit[0] == OFF and e.recording[0] != EACH_EVENT:
        e.sequence[0] += parts  # nobody looks between its events
        begin(s, _kind(parts - 1, is_fill), s.orders.instrument[order], order, -1, -1)
        _arrive(s, row)
        _finish(s)
        return 0
    while e.part[0] < parts:
        kind = _kind(e.part[0], is_fill)
        e.sequence[0] += 1
        begin(s, kind, s.orders.instrument[order], order, -1, -1)
        if e.part[0] == 0:
            _arrive(s, row)
        elif e.audit[0] == FULL:
            note_event(s, -1)
        e.part[0] += 1
        if e.recording[0] == EACH_EVENT:
            record(s)
        if asked & kind:
            if e.part[0] == parts:
                _finish(s)
            return kind
    _finish(s)
    return 0


def acknowledge(s: EngineState, order: int, time: int) -> None:
    """An order was accepted, in place of a report that says so: at once, and nobody looks between its events."""
    i = s.orders.instrument[order]
    s.engine.sequence[0] += 1
    begin(s, ORDER_SNAPSHOT, i, order, -1, -1)
    s.engine.time[0] = max(s.engine.time[0], time)
    plan_mark(s, s.engine.time[0])
    heal_account(s, s.terms.exchange[i])
    update_from_open(s, order, time, 0, s.orders.quantity[order])


def _process_flow(s: EngineState, row: int, asked: int) -> int:
    """Money that no order has moved, or a split: one balance event (rules 45 and 48)."""
    flow = s.reports.quantity[row]
    s.engine.sequence[0] += 1
    begin(s, BALANCE, s.flows.instrument[flow], -1, s.flows.exchange[flow], -1)
    _arrive(s, row)
    if s.engine.recording[0] == EACH_EVENT:
        record(s)
    _finish(s)
    return asked & BALANCE


def _arrive(s: EngineState, row: int) -> None:
    s.engine.time[0] = max(s.engine.time[0], s.reports.time[row])
    plan_mark(s, s.engine.time[0])
    if s.engine.audit[0] == FULL:
        note_report(s, row)
    apply_report(s, row)


def _finish(s: EngineState) -> None:
    s.engine.part[0] = 0
    dequeue(s.reports, s.agenda, REPORT)


def _kind(part: int, is_fill: int) -> int:
    if part == 0 and is_fill:
        return OWN_TRADE
    return ORDER_SNAPSHOT if part <= is_fill else BALANCE


def apply_report(s: EngineState, row: int) -> None:
    """All that a report changes."""
    r = s.reports
    kind, order, time = r.kind[row], r.order[row], r.time_exchange[row]
    link = s.event.exchange[0]  # over which it came; -1 where that is the order's own
    heal_account(s, link if link >= 0 else s.terms.exchange[s.orders.instrument[order]])
    if kind == FILL:
        _apply_fill(s, row, order)
    elif kind == ACCEPTED:
        update_from_open(s, order, time, r.quantity[row], r.order_quantity[row])
    elif kind == CLOSED:
        update_from_closed(s, order, r.order_quantity[row], r.status[row], r.reason[row])
    elif kind == CANCEL_REJECTED:
        update_from_cancel_rejected(s, order, r.reason[row])
    elif kind == CANCELLING:
        update_from_cancel_in_flight(s, order, time, r.quantity[row])
    elif kind == TRIGGERED:
        update_from_trigger(s, order, time)
    elif kind == CHANGED:
        update_from_change(s, order, r.order_quantity[row], r.price[row], r.trigger[row], r.quantity[row])
    elif kind == TRADE:
        _apply_trade(s, row, order)
    elif kind == CLOSE_OUT:
        s.orders.time_closed[order] = s.engine.time[0]
        _apply_trade(s, row, order)
    elif kind == DELIVERED:
        s.orders.time_closed[order] = s.engine.time[0]
        _apply_delivery(s, row, order)
    elif kind == FLOW:
        _apply_flow(s, row)
    elif kind == ENTITLED:
        note_entitlement(s, r.quantity[row], r.notional[row])
    elif kind == TRANSFERRED:
        fund_aside(s, s.flows.instrument[r.quantity[row]], r.notional[row])
    elif kind == SPLIT:
        apply_split(s, row)
        if r.notional[row] != 0:
            _apply_flow(s, row)
    elif kind in (AMENDED, AMEND_REJECTED):
        update_from_amend(s, row)
    if r.asset_first[row] >= 0:
        update_from_balance(s, r.asset_first[row], time, r.total_first[row], r.free_first[row])
    if r.asset_second[row] >= 0:
        update_from_balance(s, r.asset_second[row], time, r.total_second[row], r.free_second[row])


def _apply_fill(s: EngineState, row: int, order: int) -> None:
    r = s.reports
    update_order_from_fill(s, order, r.quantity[row], r.order_quantity[row], r.status[row])
    _apply_trade(s, row, order)


@unit
def record_own(s: EngineState, i: int, row: int) -> int:
    """What the venue has done by itself becomes an order; returns its number."""
    r = s.reports
    if r.kind[row] == DELIVERED:
        return record_delivery(s, i, row)
    return record_close_out(s, i, r.quantity[row], r.reason[row], r.time_exchange[row])


@unit
def _apply_delivery(s: EngineState, row: int, order: int) -> None:
    """It is no price: what marked the position still does; without one, what a quote left marks none."""
    ins, i = s.instruments, s.orders.instrument[order]
    mark = ins.own_mark[i] if ins.quantity[i] != 0 else 0
    _apply_trade(s, row, order)
    if ins.quantity[i] != 0 and (mark != 0 or price_ticks(s, i) > 0):
        ins.own_mark[i] = mark


def _apply_flow(s: EngineState, row: int) -> None:
    payment, p = s.payments.append(), s.payments
    p.time_exchange[payment] = s.reports.time_exchange[row]
    p.time_engine[payment] = s.engine.time[0]
    p.flow[payment] = flow = s.reports.quantity[row]
    p.amount[payment] = s.reports.notional[row]
    if s.flows.kind[flow] == FUNDING:
        fund_aside(s, s.flows.instrument[flow], p.amount[payment])
    p.trade[payment] = len(s.trades) - 1 if s.flows.kind[flow] in (FEE, VARIATION) else -1
    if s.flows.kind[flow] == VARIATION:
        i = s.flows.instrument[flow]
        s.instruments.settled[i] = bounded_sum(s.instruments.settled[i], p.amount[payment])
    if s.flows.kind[flow] == PAYOUT:
        expect(s, s.flows.asset[flow], -p.amount[payment])
    value_payment(s, payment, flow)


def _apply_trade(s: EngineState, row: int, order: int) -> None:
    r, o, i = s.reports, s.orders, s.orders.instrument[order]
    value, fee = r.notional[row], r.fee[row]
    o.notional[order] = bounded_sum(o.notional[order], value)
    o.fees[order] = bounded_sum(o.fees[order], fee)
    if not (in_range(o.notional[order]) and in_range(o.fees[order])):
        fail_range(s.fault, i, s.terms.quote[i])
    record_trade(s, order, r.quantity[row], r.price[row], value, fee, r.maker[row], r.time_exchange[row])


def record_trade(
    s: EngineState, order: int, lots: int, ticks: int, value: int, fee: int, is_maker: int, time: int
) -> None:
    """A row of the journal of trades, and what it makes of the position."""
    o, i = s.orders, s.orders.instrument[order]
    trade, closed = s.trades.append(), len(s.positions)
    if s.terms.margined[i] == ISOLATED:
        set_aside(s, i, o.side[order], lots, ticks)
    net, worth = lots, value
    if s.terms.fee_in[i] == IN_RECEIVED and o.side[order] == BUY:
        net = _net_lots(s, i, lots, value, fee)
        worth = notional(s.terms, i, net, ticks)
    position = update_position_from_fill(s, i, o.side[order], net, ticks, worth, fee, time, trade, o.strategy[order])
    if s.engine.audit[0] and len(s.positions) > closed:
        note_output(s, POSITION_EXIT, closed, -1)
    t = s.trades
    t.time_exchange[trade] = time
    t.time_engine[trade] = s.engine.time[0]
    t.order[trade] = order
    t.instrument[trade] = i
    t.side[trade] = o.side[order]
    t.maker[trade] = is_maker
    t.price[trade] = ticks
    t.quantity[trade] = lots
    t.notional[trade] = value
    t.fees[trade] = fee
    t.position[trade] = position


def _net_lots(s: EngineState, i: int, lots: int, value: int, fee: int) -> int:
    """What a buy adds to a position where its fee is paid in what it receives (rule 63)."""
    ins, amount = s.instruments, fee_in_base(s.terms, i, lots, value, fee)
    taken = lots_taken(s.terms, i, lots, amount, ins.fee_credit[i])
    ins.fee_credit[i] += taken * s.terms.base_units[i] - amount
    return lots - taken
