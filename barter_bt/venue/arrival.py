"""Requests reaching the venue: open, cancel, amend and move margin (rules 17, 33 and 104)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import NEVER, REQUEST
from barter_bt.engine.messages import CANCEL_REJECTED, CLOSED, REQUEST_CANCEL, REQUEST_OPEN, REQUEST_TRANSFER, dequeue
from barter_bt.engine.order import (
    CANCELLED,
    EXERCISE,
    NO_GROUP,
    NO_PARENT,
    NO_REASON,
    NO_TIME,
    NO_TRIGGER,
    NOT_AMERICAN,
    OPEN,
    REJECTED,
    REQUESTED,
    copy_terms,
)
from barter_bt.venue.admission import enter
from barter_bt.venue.amending import receive_amend
from barter_bt.venue.bracket import wait_for_parent
from barter_bt.venue.checks import objection, too_late
from barter_bt.venue.delay import delay
from barter_bt.venue.exercise import exercise
from barter_bt.venue.following import has_filled, wait_for_all
from barter_bt.venue.group import join_group
from barter_bt.venue.held import hold
from barter_bt.venue.matches import note_cancel
from barter_bt.venue.mishaps import answer, what_befalls
from barter_bt.venue.report import close, report
from barter_bt.venue.resting import NOBODY, update_triggers
from barter_bt.venue.state import HELD, NOT_HELD, VenueState
from barter_bt.venue.taking import takes_at_arrival
from barter_bt.venue.transfer import receive_transfer


def receive(v: VenueState) -> None:
    """Handle the request that is due."""
    row = v.agenda.first[REQUEST]
    kind, order, amount = v.requests.kind[row], v.requests.order[row], v.requests.amount[row]
    dequeue(v.requests, v.agenda, REQUEST)
    if kind == REQUEST_TRANSFER:
        receive_transfer(v, order, amount)
        return
    if v.clock.faulty[0] and _is_in_vain(v, kind, order):
        return
    if kind == REQUEST_OPEN:
        _open(v, order)
    elif kind == REQUEST_CANCEL:
        _cancel(v, order)
    else:
        receive_amend(v, order)


@unit
def _is_in_vain(v: VenueState, kind: int, order: int) -> bool:
    """Whether a request has no effect on purpose, of which the engine is told."""
    reason = what_befalls(v, kind, order)
    if reason == NO_REASON:
        return False
    if kind == REQUEST_OPEN:
        _copy_request(v, order)
    answer(v, kind, order, reason)
    return True


def _copy_request(v: VenueState, order: int) -> None:
    """What was asked for becomes the venue's own; numbers below it may be on another link, or were never sent."""
    o, sent = v.orders, v.sent
    while len(o) <= order:
        row = o.append()
        o.instrument[row] = sent.instrument[row]
        o.live[row] = 0
        o.children[row] = o.followers[row] = o.ended_with[row] = 0
        o.parent[row], o.group[row], o.follows[row] = NO_PARENT, NO_GROUP, 0
        o.next_member[row], o.last_member[row] = NOBODY, row
        o.good_after[row], o.good_till[row] = NO_TIME, NEVER
        o.quantity[row] = 0
        o.filled[row] = 0
        o.matched[row] = 0
        o.reserved[row] = 0
        o.fees[row] = o.value[row] = o.paid[row] = 0
    copy_terms(o, order, sent, order)
    join_group(v, order)
    o.arrival[order] = o.since[order] = v.clock.time[0]
    o.held[order] = HELD if o.trigger_kind[order] != NO_TRIGGER else NOT_HELD
    o.met[order] = 0
    o.ahead[order], o.shown[order], o.traded[order] = 0.0, 0, 0
    o.pending[order] = int(takes_at_arrival(v, order))


def _open(v: VenueState, order: int) -> None:
    _copy_request(v, order)
    i = v.orders.instrument[order]
    if v.orders.follows[order]:
        if not has_filled(v, v.orders.parent[order]):
            wait_for_all(v, order, i)
            return
        v.orders.parent[order], v.orders.follows[order] = NO_PARENT, 0
    elif v.orders.parent[order] != NO_PARENT:
        wait_for_parent(v, order, i)
        return
    is_early = v.orders.good_after[order] > v.clock.time[0]
    reason = too_late(v, order, i)
    if not reason and v.orders.kind[order] == EXERCISE and not v.endings.american[i]:
        reason = NOT_AMERICAN
    if not reason and not is_early:
        reason = objection(v, order, i)
    if reason:
        report(v, order, CLOSED, REJECTED, reason)
    elif is_early:
        delay(v, order, i)
    elif v.orders.held[order]:
        hold(v, order, i)
    elif v.orders.kind[order] == EXERCISE:
        exercise(v, order, i)
    else:
        enter(v, order, i)


def _cancel(v: VenueState, order: int) -> None:
    if order < len(v.orders) and v.orders.matched[order] > 0:
        note_cancel(v, order)
    elif order < len(v.orders) and v.orders.live[order]:
        i = v.orders.instrument[order]
        close(v, order, i, CLOSED, CANCELLED, REQUESTED)
        update_triggers(v, i)
    else:
        report(v, order, CANCEL_REJECTED, OPEN, NO_REASON)
