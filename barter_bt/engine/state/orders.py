"""The order manager: live orders of each instrument, from request to end.

What an update does depends on the state that is tracked (Barter's matrix, with its corrections): a terminal update
ends an order in every state, an open one replaces the venue's data unless it is older and ends the order if nothing
remains, a cancel in flight stays one until the venue answers. A closed order keeps its row: late updates are ignored.
An order that the venue has acknowledged has a ``time_exchange``.
"""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.engine.accounting import in_range
from barter_bt.engine.fault import fail_range
from barter_bt.engine.order import (
    CANCEL_IN_FLIGHT,
    FILLED,
    GTC,
    IOC,
    LOST_REQUEST,
    MARKET,
    NO_REASON,
    NO_TIME,
    OPEN,
    OPEN_IN_FLIGHT,
    REFUSED,
    REJECTED,
    REPLACED,
    UNKNOWN_ORDER,
    copy_request,
    set_plain,
)
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState


def replace(s: EngineState, order: int) -> None:
    """Another order took the client id of a live one, which is tracked no longer."""
    _end(s, order, REJECTED, REPLACED)


def is_live(s: EngineState, order: int) -> bool:
    """Whether an order is tracked: in flight, open, or being cancelled."""
    return s.orders.status[order] <= CANCEL_IN_FLIGHT


def record_open(s: EngineState, action: int, reason: int) -> int:
    """A request to open becomes a row: in flight, or refused for a reason."""
    a, row = s.actions, s.orders.append()
    o = s.orders
    copy_request(o, row, a, action)
    o.price_sent[row] = price_ticks(s, o.instrument[row])
    o.filled[row] = 0
    o.notional[row] = 0
    o.fees[row] = 0
    o.status[row] = REFUSED if reason else OPEN_IN_FLIGHT
    o.reason[row] = reason
    o.time_sent[row] = s.engine.time[0]
    o.time_exchange[row] = o.time_triggered[row] = NO_TIME
    o.time_closed[row] = s.engine.time[0] if reason else NO_TIME
    if reason:
        o.before[row] = o.after[row] = -1
    else:
        _track(s, row)
    return row


def record_filled(s: EngineState, i: int, side: int, lots: int, resize: int, value: int, fee: int) -> int:
    """A market order that was sent, accepted and filled whole at one time: it becomes a row as it has ended."""
    o, row, now = s.orders, s.orders.append(), s.engine.time[0]
    set_plain(o, row, i, side, MARKET, GTC, 0, lots)
    o.resize[row] = resize
    o.strategy[row] = s.engine.strategy[0]
    o.price_sent[row] = price_ticks(s, i)
    o.quantity_requested[row] = o.filled[row] = lots
    o.notional[row], o.fees[row] = value, fee
    o.status[row], o.reason[row] = FILLED, NO_REASON
    o.time_sent[row] = o.time_exchange[row] = o.time_closed[row] = now
    o.time_triggered[row] = NO_TIME
    o.before[row] = o.after[row] = -1
    return row


def record_close_out(s: EngineState, i: int, lots: int, reason: int, time_exchange: int) -> int:
    """The venue has closed a position: what it did becomes an order, of whose opening it was (rule 43)."""
    o, row = s.orders, s.orders.append()
    side = -1 if s.instruments.quantity[i] > 0 else 1
    set_plain(o, row, i, side, MARKET, IOC, 0, lots)
    o.reduce_only[row] = 1
    o.strategy[row] = o.strategy[s.trades.order[s.instruments.trade_enter[i]]]
    o.quantity_requested[row] = o.filled[row] = lots
    o.price_sent[row] = o.notional[row] = o.fees[row] = 0
    o.status[row], o.reason[row] = FILLED, reason
    o.time_sent[row] = o.time_triggered[row] = NO_TIME
    o.time_exchange[row] = o.time_closed[row] = time_exchange  # the latter until it arrives
    o.before[row] = o.after[row] = -1
    return row


def record_delivery(s: EngineState, u: int, row: int) -> int:
    """The venue has delivered from a position: that becomes an order of whose opening that was (rule 65)."""
    r, o, order = s.reports, s.orders, len(s.orders)
    own, time, side = r.trigger[row], r.time_exchange[row], 1 if r.order_quantity[row] > 0 else -1
    record_close_out(s, own, r.quantity[row], r.reason[row], time)
    o.instrument[order], o.side[order], o.reduce_only[order] = u, side, 0
    return order


def record_cancel(s: EngineState, order: int) -> None:
    """A request to cancel a live order is on its way."""
    s.orders.status[order] = CANCEL_IN_FLIGHT


def _track(s: EngineState, order: int) -> None:
    ins, o, i = s.instruments, s.orders, s.orders.instrument[order]
    last = ins.final[i]
    o.before[order] = last
    o.after[order] = -1
    if last < 0:
        ins.first[i] = order
    else:
        o.after[last] = order
    ins.final[i] = order
    ins.live[i] += 1
    _work(s, order, o.quantity[order])


def _work(s: EngineState, order: int, lots: int) -> None:
    """What is left of an order changes; all of an instrument together keep the range (rule 2).

    A reduce-only order does not count: what it closes it closes only as long as it is there (rule 32).
    """
    if s.orders.reduce_only[order]:
        return
    working, i = s.instruments.working, s.orders.instrument[order]
    working[i] = bounded_sum(working[i], s.orders.side[order] * lots)
    if not in_range(working[i]):
        fail_range(s.fault, i, -1)


def _untrack(s: EngineState, order: int) -> None:
    ins, o, i = s.instruments, s.orders, s.orders.instrument[order]
    before, after = o.before[order], o.after[order]
    if before < 0:
        ins.first[i] = after
    else:
        o.after[before] = after
    if after < 0:
        ins.final[i] = before
    else:
        o.before[after] = before
    o.before[order] = o.after[order] = -1
    ins.live[i] -= 1
    _work(s, order, o.filled[order] - o.quantity[order])


def _is_old(s: EngineState, order: int, time_exchange: int) -> bool:
    return time_exchange < s.orders.time_exchange[order]


def update_from_open(s: EngineState, order: int, time_exchange: int, filled: int, quantity: int) -> None:
    """The venue holds the order, of whose ``quantity`` so much is filled; older news than the last is ignored."""
    o = s.orders
    if not is_live(s, order) or _is_old(s, order, time_exchange):
        return
    _work(s, order, o.filled[order] - filled)
    o.filled[order] = filled
    o.time_exchange[order] = time_exchange
    if quantity <= filled:
        _end(s, order, FILLED, NO_REASON)
    elif o.status[order] == OPEN_IN_FLIGHT:
        o.status[order] = OPEN


def update_from_trigger(s: EngineState, order: int, time_exchange: int) -> None:
    """The market has reached what the order was held for."""
    if is_live(s, order):
        s.orders.time_triggered[order] = time_exchange


def update_from_change(s: EngineState, order: int, quantity: int, price: int, trigger: int, activation: int) -> None:
    """The venue has changed what the order is for; an activation price of 0 stays as it is."""
    o = s.orders
    if is_live(s, order):
        _work(s, order, quantity - o.quantity[order])
        o.quantity[order], o.price[order], o.trigger[order] = quantity, price, trigger
        if activation > 0:
            o.activation[order], o.activation_by[order] = activation, 0


def update_from_cancel_in_flight(s: EngineState, order: int, time_exchange: int, filled: int) -> None:
    """Somebody has asked to cancel the order; ``time_exchange`` is NO_TIME if it was not open then."""
    o = s.orders
    if not is_live(s, order) or o.status[order] == CANCEL_IN_FLIGHT:
        return
    o.status[order] = CANCEL_IN_FLIGHT
    if time_exchange != NO_TIME and not _is_old(s, order, time_exchange):
        _work(s, order, o.filled[order] - filled)
        o.filled[order] = filled
        o.time_exchange[order] = time_exchange


def update_order_from_fill(s: EngineState, order: int, lots: int, quantity: int, status: int) -> None:
    """A fill, and with it the order's new quantity (a target's may have been cut) and state."""
    o = s.orders
    _work(s, order, quantity - o.quantity[order] - lots)
    o.quantity[order] = quantity
    o.filled[order] += lots
    if status > CANCEL_IN_FLIGHT:
        _end(s, order, status, 0)


def update_from_closed(s: EngineState, order: int, quantity: int, status: int, reason: int) -> None:
    """The venue ended the order: cancelled, expired, rejected, or cut to what it got."""
    if not is_live(s, order):
        return
    o = s.orders
    _work(s, order, quantity - o.quantity[order])
    o.quantity[order] = quantity
    _end(s, order, status, reason)


def update_from_cancel_rejected(s: EngineState, order: int, reason: int) -> None:
    """The venue could not cancel: back to open if it ever was, else the order is dropped; if lost, to what it was."""
    if s.orders.status[order] != CANCEL_IN_FLIGHT:
        return
    if s.orders.time_exchange[order] != NO_TIME:
        s.orders.status[order] = OPEN
    elif reason == LOST_REQUEST:
        s.orders.status[order] = OPEN_IN_FLIGHT
    else:
        _end(s, order, REJECTED, UNKNOWN_ORDER)


def _end(s: EngineState, order: int, status: int, reason: int) -> None:
    _untrack(s, order)
    s.orders.status[order] = status
    s.orders.reason[order] = reason
    s.orders.time_closed[order] = s.engine.time[0]
