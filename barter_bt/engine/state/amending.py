"""What the engine knows of amends: which are in flight, what they may come to, and what their answers change."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT
from barter_bt.columns.marks import unit
from barter_bt.engine.messages import AMENDED
from barter_bt.engine.order import CANCEL_IN_FLIGHT, NO_PARENT, NO_REASON, NO_TIME, OrderTerms
from barter_bt.engine.state.amends import (
    AMEND_CANCELLED,
    AMEND_DONE,
    AMEND_IN_FLIGHT,
    AMEND_REFUSED,
    AMEND_REJECTED,
    set_given,
)
from barter_bt.engine.state.orders import is_live, update_from_change, update_from_closed
from barter_bt.engine.state.tables import EngineState


def record_amend(s: EngineState, order: int, given: OrderTerms, given_row: int, reason: int) -> int:
    """An amend becomes a row: in flight, or refused for a reason."""
    row, now = s.amends.append(), s.engine.time[0]
    a = s.amends
    a.order[row] = order
    a.price[row], a.quantity[row] = given.price[given_row], given.quantity[given_row]
    a.trigger[row], a.trail[row] = given.trigger[given_row], given.trail[given_row]
    a.trail_rate[row], a.activation[row] = given.trail_rate[given_row], given.activation[given_row]
    a.price_before[row] = 0
    a.status[row], a.reason[row] = AMEND_REFUSED if reason else AMEND_IN_FLIGHT, reason
    a.time_sent[row], a.time_exchange[row] = now, NO_TIME
    a.time_engine[row] = now if reason else NO_TIME
    if not reason:
        s.engine.amends_in_flight[0] += 1
    return row


def count_in_flight(s: EngineState, order: int) -> int:
    """How many amends of an order are on their way, or their answers."""
    found = 0
    if s.engine.amends_in_flight[0] > 0:
        for amend in range(s.engine.amends_first[0], len(s.amends)):
            found += int(s.amends.order[amend] == order and s.amends.status[amend] == AMEND_IN_FLIGHT)
    return found


def protects(s: EngineState, order: int) -> bool:
    """Whether an order protects an entry."""
    return s.orders.parent[order] != NO_PARENT and s.orders.follows[order] == 0


def most_asked(s: EngineState, order: int) -> int:
    """Lots of an order: as the engine knows it, or the most that amends in flight give it."""
    most = s.orders.quantity[order]
    if s.engine.amends_in_flight[0] > 0:
        for amend in range(s.engine.amends_first[0], len(s.amends)):
            if s.amends.order[amend] == order and s.amends.status[amend] == AMEND_IN_FLIGHT:
                most = max(most, s.amends.quantity[amend])
    return most


@unit
def growing(s: EngineState, i: int, side: int) -> int:
    """Lots by which amends in flight may yet enlarge the orders of one side that count for limits."""
    a, o, more = s.amends, s.orders, 0
    for amend in range(s.engine.amends_first[0], len(a)):
        order = a.order[amend]
        if a.status[amend] != AMEND_IN_FLIGHT or a.quantity[amend] <= o.quantity[order]:
            continue
        counts = o.instrument[order] == i and o.side[order] == side and o.reduce_only[order] == 0
        if counts and is_live(s, order) and _is_largest(s, amend):
            more = min(more + a.quantity[amend] - o.quantity[order], LIMIT)
    return more


def _is_largest(s: EngineState, amend: int) -> bool:
    """Whether none of the same order that is in flight gives it more, of equal ones none before it."""
    a = s.amends
    for other in range(s.engine.amends_first[0], len(a)):
        if other == amend or a.order[other] != a.order[amend] or a.status[other] != AMEND_IN_FLIGHT:
            continue
        if a.quantity[other] > a.quantity[amend] or (a.quantity[other] == a.quantity[amend] and other < amend):
            return False
    return True


@unit
def update_from_amend(s: EngineState, row: int) -> None:
    """The venue has answered an amend: the order is as it says, or as it was, or has ended."""
    r, a = s.reports, s.amends
    order, amend = r.order[row], r.quantity[row]
    if r.kind[row] != AMENDED:
        _answer(s, amend, AMEND_REJECTED, r.reason[row], r.time_exchange[row])
    elif r.status[row] > CANCEL_IN_FLIGHT:
        _answer(s, amend, AMEND_CANCELLED, NO_REASON, r.time_exchange[row])
        update_from_closed(s, order, r.order_quantity[row], r.status[row], r.reason[row])
    else:
        _answer(s, amend, AMEND_DONE, NO_REASON, r.time_exchange[row])
        if is_live(s, order):
            a.price_before[amend] = s.orders.price[order] if a.price[amend] > 0 else 0
            update_from_change(s, order, r.order_quantity[row], r.price[row], r.trigger[row], 0)
            quantity, trigger = s.orders.quantity[order], s.orders.trigger[order]
            set_given(s.orders, order, a, amend)  # the rest of it
            s.orders.quantity[order], s.orders.trigger[order] = quantity, trigger


def _answer(s: EngineState, amend: int, status: int, reason: int, time_exchange: int) -> None:
    a, e = s.amends, s.engine
    a.status[amend], a.reason[amend] = status, reason
    a.time_exchange[amend], a.time_engine[amend] = time_exchange, e.time[0]
    e.amends_in_flight[0] -= 1
    while e.amends_first[0] < len(a) and a.status[e.amends_first[0]] != AMEND_IN_FLIGHT:
        e.amends_first[0] += 1
