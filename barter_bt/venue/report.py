"""Reports from the venue to the engine, and the end of an order."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import REPORT
from barter_bt.engine.latency import CONSTANT, RESPONSE, delay_ns
from barter_bt.engine.messages import CHANGED, CLOSE_OUT, CLOSED, DELIVERED, TRIGGERED, enqueue
from barter_bt.engine.mishaps import added_ns
from barter_bt.engine.order import CANCELLED, FILLED, NO_REASON, OPEN, PARENT_ENDED, SELL
from barter_bt.venue.resting import remove_order
from barter_bt.venue.state import UNTOLD, WAITING, WAS_HELD, VenueState


@unit
def report(v: VenueState, order: int, kind: int, status: int, reason: int) -> int:
    """Write and queue a report of an order without trade or balances; returns its row."""
    row = _queue(v, v.terms.exchange[v.orders.instrument[order]], order, kind, status, reason)
    v.reports.order_quantity[row] = v.orders.quantity[order]
    v.reports.trigger[row] = v.orders.trigger[order]
    return row


def report_change(v: VenueState, order: int) -> int:
    """Report that an order is now for another quantity, price or trigger, or has started; returns the row."""
    row = report(v, order, CHANGED, OPEN, NO_REASON)
    v.reports.price[row], v.reports.quantity[row] = v.orders.price[order], v.orders.activation[order]
    return row


def report_flow(v: VenueState, kind: int, flow: int, paid: int) -> int:
    """Report money that no order has moved, or a split; returns the report's row."""
    row = _queue(v, v.flows.exchange[flow], -1, kind, OPEN, NO_REASON)
    v.reports.quantity[row], v.reports.notional[row] = flow, paid
    add_balance(v, row, v.flows.asset[flow])
    return row


def report_close_out(v: VenueState, i: int, lots: int, ticks: int, value: int, fee: int, reason: int) -> None:
    """Report that the venue has closed a position."""
    _report_own(v, CLOSE_OUT, i, lots, ticks, value, fee, reason)


def report_delivery(v: VenueState, u: int, i: int, side: int, lots: int, ticks: int, value: int, reason: int) -> None:
    """Report that the venue has delivered lots of ``u`` from a position of ``i``."""
    row = _report_own(v, DELIVERED, u, lots, ticks, value, 0, reason)
    v.reports.order_quantity[row], v.reports.trigger[row] = side * lots, i


def _report_own(v: VenueState, kind: int, i: int, lots: int, ticks: int, value: int, fee: int, reason: int) -> int:
    """Report a fill of an order that nobody has sent."""
    row = _queue(v, v.terms.exchange[i], ~i, kind, FILLED, reason)
    r = v.reports
    r.price[row], r.quantity[row], r.notional[row], r.fee[row] = ticks, lots, value, fee
    add_balance(v, row, v.terms.quote[i])
    if v.terms.base[i] >= 0:
        add_balance(v, row, v.terms.base[i])
    return row


def _queue(v: VenueState, exchange: int, order: int, kind: int, status: int, reason: int) -> int:
    reports = v.reports
    row = reports.append()
    due = max(v.clock.time[0] + _delay_ns(v, exchange, kind, order), v.links.last_report[exchange])
    v.links.last_report[exchange] = due
    reports.time[row] = due
    reports.kind[row] = kind
    reports.order[row] = order
    reports.time_exchange[row] = v.clock.time[0]
    reports.price[row] = 0
    reports.quantity[row] = 0
    reports.notional[row] = 0
    reports.fee[row] = 0
    reports.maker[row] = 0
    reports.order_quantity[row] = 0
    reports.trigger[row] = 0
    reports.status[row] = status
    reports.reason[row] = reason
    reports.asset_first[row] = -1
    reports.asset_second[row] = -1
    enqueue(reports, v.agenda, REPORT, row)
    return row


def _delay_ns(v: VenueState, exchange: int, kind: int, order: int) -> int:
    """How long a response takes (rules 52 and 97); one that is asked for, as long as that takes."""
    k, now = v.links, v.clock.time[0]
    if k.response_form[exchange] == CONSTANT:
        return k.response_ns[exchange]
    first, count, number = k.response_first[exchange], k.response_count[exchange], order if order >= 0 else now
    if v.clock.overdue[0] > 0:
        return v.clock.overdue[0]
    what = RESPONSE + kind
    took = delay_ns(v.delays, k.response_form[exchange], first, count, k.seed[exchange], what, number, now)
    return took + added_ns(k, exchange, what, number, now) if k.faulty[exchange] else took


def add_balance(v: VenueState, row: int, asset: int) -> None:
    """Let a report carry the balance of one more asset."""
    reports, total = v.reports, v.accounts.total[asset]
    free = bounded_sum(total, -v.accounts.reserved[asset])
    if reports.asset_first[row] < 0:
        reports.asset_first[row] = asset
        reports.total_first[row] = total
        reports.free_first[row] = free
    else:
        reports.asset_second[row] = asset
        reports.total_second[row] = total
        reports.free_second[row] = free


@unit
def close(v: VenueState, order: int, i: int, kind: int, status: int, reason: int) -> None:
    """End an order: give back what it reserved, and report."""
    remove_order(v, order, i)
    if v.orders.held[order] == UNTOLD:
        v.orders.held[order] = WAS_HELD
        report(v, order, TRIGGERED, OPEN, NO_REASON)
    row = report(v, order, kind, status, reason)
    reserved = v.orders.reserved[order]
    if reserved > 0:
        asset = reserved_asset(v, order, i)
        v.orders.reserved[order] = 0
        v.accounts.reserved[asset] -= reserved
        add_balance(v, row, asset)
    if v.orders.children[order] > 0 or v.orders.followers[order] > 0:
        end_dependants(v, order)


@unit
def end_dependants(v: VenueState, ended: int) -> None:
    """An order has ended: what still waits for its first fill, or for all of it, ends with it, and so on."""
    o, order, left = v.orders, ended + 1, v.orders.followers[ended]
    o.ended_with[ended] = ended + 1
    if o.children[ended] > 0:
        _end_children(v, ended)
    while left > 0 and order < len(o):
        if o.follows[order] and o.parent[order] >= ended and o.ended_with[o.parent[order]] == ended + 1:
            left -= 1
            if o.live[order]:
                o.ended_with[order] = ended + 1
                _end_waiting(v, order)
                _end_children(v, order)
                left += o.followers[order]
        order += 1


def _end_children(v: VenueState, parent: int) -> None:
    """They stand right behind what they protect."""
    o, order = v.orders, parent + 1
    while order < len(o) and o.parent[order] == parent and not o.follows[order]:
        if o.live[order] and o.held[order] == WAITING:
            _end_waiting(v, order)
        order += 1


def _end_waiting(v: VenueState, order: int) -> None:
    remove_order(v, order, v.orders.instrument[order])
    report(v, order, CLOSED, CANCELLED, PARENT_ENDED)


def reserved_asset(v: VenueState, order: int, i: int) -> int:
    """Sells reserve base, buys quote."""
    return v.terms.base[i] if v.orders.side[order] == SELL else v.terms.quote[i]
