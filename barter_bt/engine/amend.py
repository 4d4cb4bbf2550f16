"""Amends as they are asked for: held against limits and risk managers, and recorded (rule 33)."""

from __future__ import annotations

from barter_bt.engine.action.risk import count_sent, hold_amend_against_limits
from barter_bt.engine.audit import note_amend
from barter_bt.engine.event import SENT
from barter_bt.engine.manage import manage
from barter_bt.engine.order import LIMIT, NO_REASON, NO_TRIGGER, OPEN, OPEN_IN_FLIGHT, copy_request
from barter_bt.engine.state.amending import most_asked, protects, record_amend
from barter_bt.engine.state.amends import ORDER_ENDED
from barter_bt.engine.state.tables import EngineState

_FIRST_AMEND = -4  # in place of the order to cancel: an amend of order 0; of the next one less
NO_OBJECTION, NOTHING_GIVEN, NO_LIMIT, IS_PROTECTION, NO_TRIGGER_YET, DOES_NOT_TRAIL, TWO_DISTANCES = range(7)
NO_ACTIVATION = 7


def ask_amend(
    s: EngineState, order: int, price: int, quantity: int, trigger: int, trail: int, trail_rate: int, activation: int
) -> int:
    """Add an amend to the actions of this wake-up, 0 for what stays; returns its row."""
    row = s.actions.append()
    a = s.actions
    copy_request(a, row, s.orders, order)
    a.order[row], a.refused[row] = _FIRST_AMEND - order, 0
    a.price[row], a.quantity[row], a.trigger[row] = price, quantity, trigger
    a.trail[row], a.trail_rate[row], a.activation[row] = trail, trail_rate, activation
    s.engine.amends_asked[0] = 1
    return row


def is_amend(s: EngineState, action: int) -> bool:
    """Whether an action is an amend."""
    return bool(s.actions.order[action] <= _FIRST_AMEND)


def objection_to(
    s: EngineState, order: int, price: int, quantity: int, trigger: int, trail: int, trail_rate: int, activation: int
) -> int:
    """Why an order cannot be given these terms, whatever its state; 0 if it can."""
    o = s.orders
    if price + quantity + trigger + trail + trail_rate + activation == 0:
        return NOTHING_GIVEN
    if price > 0 and o.kind[order] != LIMIT:
        return NO_LIMIT
    if quantity > 0 and protects(s, order):
        return IS_PROTECTION
    if trigger > 0 and o.trigger_kind[order] == NO_TRIGGER:
        return NO_TRIGGER_YET
    if trail + trail_rate > 0 and o.trail[order] + o.trail_rate[order] == 0:
        return DOES_NOT_TRAIL
    if activation > 0 and o.activation[order] == 0:
        return NO_ACTIVATION
    return TWO_DISTANCES if trail > 0 and trail_rate > 0 else NO_OBJECTION


def order_of_amend(s: EngineState, action: int) -> int:
    """The order that an action is to amend."""
    return _FIRST_AMEND - s.actions.order[action]


def record_amend_asked(s: EngineState, action: int, reason: int) -> int:
    """Record an amend as on its way, or as refused for a reason; returns its row of the amends."""
    order = order_of_amend(s, action)
    if not reason:
        s.engine.pending[0] |= s.engine.wake[0] & SENT
        if _is_weighed(s, action, order):
            count_sent(s, s.actions.instrument[action])
    amend = record_amend(s, order, s.actions, action, reason)
    if s.engine.audit[0]:
        note_amend(s, action, order, amend, reason)
    return amend


def approve_amend(s: EngineState, action: int) -> int:
    """Reason to refuse an amend, 0 to send it; a risk manager may have made it add less."""
    a, o, order = s.actions, s.orders, order_of_amend(s, action)
    if o.status[order] != OPEN and o.status[order] != OPEN_IN_FLIGHT:
        return ORDER_ENDED
    if s.engine.bypass[0] or not _is_weighed(s, action, order):
        return NO_REASON
    price, quantity = a.price[action], a.quantity[action]
    if price == 0:
        a.price[action] = o.price[order]
    if quantity == 0:
        a.quantity[action] = o.quantity[order]
    reason = _hold(s, action, _more(s, action, order))
    a.price[action] = price  # as it was asked for
    if reason or quantity == 0:
        a.quantity[action] = quantity
    return reason


def _more(s: EngineState, action: int, order: int) -> int:
    """Lots by which an order would grow beyond what it has, or what amends in flight give it."""
    return max(s.actions.quantity[action] - most_asked(s, order), 0)


def _is_weighed(s: EngineState, action: int, order: int) -> bool:
    """Whether limits concern themselves with an amend: it gives another price, or makes the order grow."""
    moves = s.actions.price[action] not in (0, s.orders.price[order])
    return not protects(s, order) and (moves or _more(s, action, order) > 0)


def _hold(s: EngineState, action: int, more: int) -> int:
    """An order as it would be against the limits, then what it grows by against the user's own risk managers."""
    a, quantity = s.actions, s.actions.quantity[action]
    reason = hold_amend_against_limits(s, action, more) if s.risk.active[0] else NO_REASON
    if not reason and more > 0:
        a.quantity[action] = more
        reason = manage(s, action)
        a.quantity[action] = quantity - more + a.quantity[action]
    return reason
