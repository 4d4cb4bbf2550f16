"""The outbox of a backtest: what was asked for becomes rows of a queue, as `engine/step.py` says."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT
from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import REQUEST
from barter_bt.engine.amend import approve_amend, is_amend, record_amend_asked
from barter_bt.engine.event import SENT
from barter_bt.engine.fault import BAD_NUMBER, fail
from barter_bt.engine.latency import CONSTANT, delay_ns
from barter_bt.engine.messages import REQUEST_AMEND, REQUEST_CANCEL, REQUEST_OPEN, REQUEST_TRANSFER, enqueue
from barter_bt.engine.mishaps import added_ns
from barter_bt.engine.order import (
    FOK,
    NO_PARENT,
    NO_REASON,
    OPEN,
    OPEN_IN_FLIGHT,
    PARENT_ENDED,
    REFUSED,
    OrderTerms,
    copy_terms,
    set_plain,
)
from barter_bt.engine.session import settle_times
from barter_bt.engine.state.amends import AMEND_IN_FLIGHT
from barter_bt.engine.state.connectivity import set_trading
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.step import approve, record_cancel_sent, record_open_sent, refuse

NO_ORDER, NOTHING, MARGIN = -1, -2, -3  # in place of the order to cancel: an open, neither, margin to be moved
_FIRST_ACTION = -2  # in place of an order: that which this action becomes; the next is one less


def send(s: EngineState, kind: int, order: int) -> None:
    """Put a request on its way; on one link they never overtake each other."""
    _send_to(s, s.terms.exchange[s.orders.instrument[order]], kind, order, order)


def send_transfer(s: EngineState, i: int, amount: int) -> None:
    """Ask that margin be moved to an isolated position, or from it: so many units (rule 104)."""
    s.engine.pending[0] |= s.engine.wake[0] & SENT
    _send_to(s, s.terms.exchange[i], REQUEST_TRANSFER, i, s.engine.time[0])
    s.requests.amount[len(s.requests) - 1] = amount


def _send_to(s: EngineState, exchange: int, kind: int, order: int, number: int) -> None:
    due = max(s.engine.time[0] + _delay_ns(s, exchange, kind, number), s.links.last_request[exchange])
    s.links.last_request[exchange] = due
    row = s.requests.append()
    r = s.requests
    r.time[row] = due
    r.kind[row] = kind
    r.order[row] = order
    enqueue(r, s.agenda, REQUEST, row)


def _delay_ns(s: EngineState, exchange: int, kind: int, number: int) -> int:
    """How long a request takes (rules 52, 97 and 104)."""
    k, now = s.links, s.engine.time[0]
    if k.request_form[exchange] == CONSTANT:
        return k.request_ns[exchange]
    first, count = k.request_first[exchange], k.request_count[exchange]
    took = delay_ns(s.delays, k.request_form[exchange], first, count, k.seed[exchange], kind, number, now)
    return took + added_ns(k, exchange, kind, number, now) if k.faulty[exchange] else took


def send_cancel(s: EngineState, order: int) -> None:
    """Record that an order is being cancelled, and send the request."""
    record_cancel_sent(s, order)
    send(s, REQUEST_CANCEL, order)


@unit
def dispatch(s: EngineState) -> None:
    """Margin, then cancels, then amends and opens that pass the risk check, each recorded in flight as it is sent."""
    a, count = s.actions, len(s.actions)
    if s.engine.margin_asked[0]:
        send_transfers(s)
    for action in range(count):
        order = a.order[action]
        if order >= 0 and (s.orders.status[order] == OPEN or s.orders.status[order] == OPEN_IN_FLIGHT):
            send_cancel(s, order)
    if s.engine.amends_asked[0]:
        send_amends(s)
    open_orders(s)


def send_transfers(s: EngineState) -> None:
    """Margin that is asked for, in order."""
    for action in range(len(s.actions)):
        if s.actions.order[action] == MARGIN:
            send_transfer(s, s.actions.instrument[action], s.actions.quantity[action])
    s.engine.margin_asked[0] = 0


def send_amends(s: EngineState) -> None:
    """Amends that are approved; on their way each is known by its row."""
    for action in range(len(s.actions)):
        if is_amend(s, action):
            amend = record_amend_asked(s, action, approve_amend(s, action))
            if s.amends.status[amend] == AMEND_IN_FLIGHT:
                send(s, REQUEST_AMEND, s.amends.order[amend])
                s.requests.order[len(s.requests) - 1] = amend
    s.engine.amends_asked[0] = 0


def open_orders(s: EngineState) -> int:
    """Open what the actions ask for, in order; returns the last order."""
    a, last = s.actions, NO_ORDER
    for action in range(len(a)):
        if a.order[action] != NO_ORDER:
            continue
        if a.parent[action] == NO_PARENT or a.follows[action] or _enlarges(s, a.sent[a.parent[action]]):
            last = open_order(s, action)
            a.sent[action] = last
    a.truncate(0)
    return last


def open_order(s: EngineState, action: int) -> int:
    """Record one open and, unless refused, send it; returns the order."""
    if s.actions.time_in_force[action] > FOK:
        settle_times(s, action)
    _bind(s, action)
    if s.actions.follows[action] and s.orders.status[s.actions.parent[action]] == REFUSED:
        return refuse(s, action, PARENT_ENDED)
    alone = s.actions.parent[action] == NO_PARENT or s.actions.follows[action]
    reason = approve(s, action) if alone else follow_entry(s, action)
    if reason:
        return refuse(s, action, reason)
    order = record_open_sent(s, action)
    send(s, REQUEST_OPEN, order)
    return order


def order_of(action: int) -> int:
    """In place of an order's number: that which an action of the same batch becomes."""
    return _FIRST_ACTION - action


def action_of(order: int) -> int:
    """The action that stands in place of an order's number; the opposite of :func:`order_of`."""
    return _FIRST_ACTION - order


def _bind(s: EngineState, action: int) -> None:
    """The order that one follows, and the first of its group, have their numbers by now."""
    a = s.actions
    if a.follows[action]:
        a.parent[action] = _number(s, a.parent[action])
    if a.group[action] == order_of(action):
        a.group[action] = len(s.orders)
    elif a.group[action] <= _FIRST_ACTION:
        a.group[action] = _number(s, a.group[action])


def _number(s: EngineState, order: int) -> int:
    return s.actions.sent[action_of(order)] if order <= _FIRST_ACTION else order


def _enlarges(s: EngineState, entry: int) -> bool:
    """Whether an order, as it was sent or refused, enlarges or turns the position: only then it is protected."""
    o = s.orders
    return bool(o.quantity[entry] > -o.side[entry] * s.instruments.quantity[o.instrument[entry]])


def follow_entry(s: EngineState, action: int) -> int:
    """What protects an entry of the same batch gets its order and quantity, unless that was refused."""
    a, entry = s.actions, s.actions.sent[s.actions.parent[action]]
    a.parent[action] = entry
    a.quantity[action] = a.quantity_requested[action] = s.orders.quantity[entry]
    return PARENT_ENDED if s.orders.status[entry] == REFUSED else NO_REASON


def ask(s: EngineState, i: int, side: int, kind: int, time_in_force: int, post_only: int, price: int, lots: int) -> int:
    """Add an open to the actions of this wake-up; returns its row."""
    row = s.actions.append()
    a = s.actions
    lots = min(lots, LIMIT)  # a target may take more (rule 2)
    a.order[row] = NO_ORDER
    a.strategy[row] = s.engine.strategy[0]
    set_plain(a, row, i, side, kind, time_in_force, price, lots)
    a.post_only[row] = post_only
    a.quantity_requested[row] = lots
    a.refused[row] = 0
    return row


def ask_for(s: EngineState, terms: OrderTerms, given_row: int) -> int:
    """Add an open with the terms of a row to the actions; returns its row. Tables may be of different classes."""
    row = s.actions.append()
    a = s.actions
    copy_terms(a, row, terms, given_row)
    a.parent[row] = a.group[row] = NO_PARENT
    a.follows[row] = 0
    a.order[row] = NO_ORDER
    a.strategy[row] = s.engine.strategy[0]
    a.quantity_requested[row] = a.quantity[row]
    a.refused[row] = 0
    return row


def ask_trading(s: EngineState, enabled: int) -> None:
    """Enable or disable trading; the action only shows the loop, which looks for actions, that there is news."""
    set_trading(s, enabled)
    row = s.actions.append()
    s.actions.order[row] = NOTHING


def ask_transfer(s: EngineState, i: int, amount: int) -> None:
    """Add so many units of margin to the actions of this wake-up."""
    row = s.actions.append()
    a = s.actions
    a.order[row], a.instrument[row], a.quantity[row], a.refused[row] = MARGIN, i, amount, 0
    s.engine.margin_asked[0] = 1


def ask_cancel(s: EngineState, order: int) -> None:
    """Add a cancel to the actions of this wake-up; of an order that never was, the run ends."""
    if order < 0 or order >= len(s.orders):
        fail(s.fault, BAD_NUMBER, order)
        return
    row = s.actions.append()
    s.actions.order[row] = order
