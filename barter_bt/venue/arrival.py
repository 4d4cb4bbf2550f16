"""Requests reaching the venue: open and cancel (rule 17)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.agenda import NEVER, REQUEST
from barter_bt.engine.messages import CANCEL_REJECTED, CLOSED, REQUEST_OPEN, dequeue
from barter_bt.engine.order import (
    BELOW_MINIMUM,
    BELOW_PRICE_MIN,
    BUY,
    CANCELLED,
    INSTRUMENT_EXPIRED,
    INSTRUMENT_SPLIT,
    LIMIT,
    NO_PARENT,
    NO_REASON,
    NO_TRIGGER,
    OPEN,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED,
    REQUESTED,
    TIME_OVER,
    copy_terms,
)
from barter_bt.venue.admission import enter
from barter_bt.venue.bracket import wait_for_parent
from barter_bt.venue.expiry import has_expired
from barter_bt.venue.held import hold
from barter_bt.venue.matches import note_cancel
from barter_bt.venue.reducing import reducible
from barter_bt.venue.report import close, report
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import HELD, NOT_HELD, VenueState
from barter_bt.venue.taking import is_within_limit, usable, waits_to_take


@unit
def receive(v: VenueState, together: int) -> None:
    """Handle the request that is due, or all that are due with it."""
    due = v.agenda.due[REQUEST]
    v.clock.time[0] = due
    _receive_one(v)
    while together and v.agenda.due[REQUEST] == due:
        _receive_one(v)


def _receive_one(v: VenueState) -> None:
    row = v.agenda.first[REQUEST]
    kind, order = v.requests.kind[row], v.requests.order[row]
    dequeue(v.requests, v.agenda, REQUEST)
    if kind == REQUEST_OPEN:
        _open(v, order)
    else:
        _cancel(v, order)


def _copy_request(v: VenueState, order: int) -> None:
    """What was asked for becomes the venue's own; numbers below it may be on another link, or were never sent."""
    o, sent = v.orders, v.sent
    while len(o) <= order:
        row = o.append()
        o.instrument[row] = sent.instrument[row]
        o.live[row] = 0
        o.children[row] = 0
        o.parent[row] = NO_PARENT
        o.good_till[row] = NEVER
        o.quantity[row] = 0
        o.filled[row] = 0
        o.matched[row] = 0
        o.reserved[row] = 0
        o.fees[row] = o.value[row] = o.paid[row] = 0
    copy_terms(o, order, sent, order)
    o.arrival[order] = o.since[order] = v.clock.time[0]
    o.held[order] = HELD if o.trigger_kind[order] != NO_TRIGGER else NOT_HELD
    o.met[order] = 0
    o.pending[order] = waits_to_take(v, order)


def _objection(v: VenueState, order: int, i: int) -> int:
    """Why the venue would not take an order; 0 if it does."""
    o, t = v.orders, v.terms
    if has_expired(v, i):
        return INSTRUMENT_EXPIRED
    if v.sent.time_sent[order] < v.markets.split_told[i]:
        return INSTRUMENT_SPLIT
    if o.good_till[order] <= v.clock.time[0]:
        return TIME_OVER
    if o.quantity[order] < t.quantity_min[i]:
        return BELOW_MINIMUM
    if o.kind[order] == LIMIT:
        if o.price[order] < t.price_min[i]:
            return BELOW_PRICE_MIN
        if notional(t, i, o.quantity[order], o.price[order]) < t.notional_min[i]:
            return BELOW_MINIMUM
        if o.post_only[order] and _matches_now(v, order, i):
            return POST_ONLY
    if o.reduce_only[order] and reducible(v, order, i) == 0:
        return REDUCE_ONLY
    return NO_REASON


def _matches_now(v: VenueState, order: int, i: int) -> bool:
    ticks = v.markets.ask[i] if v.orders.side[order] == BUY else v.markets.bid[i]
    return ticks > 0 and usable(v, i) and is_within_limit(v, order, ticks)


def _open(v: VenueState, order: int) -> None:
    _copy_request(v, order)
    i = v.orders.instrument[order]
    if v.orders.parent[order] != NO_PARENT:
        wait_for_parent(v, order, i)
        return
    objection = _objection(v, order, i)
    if objection:
        report(v, order, CLOSED, REJECTED, objection)
    elif v.orders.held[order]:
        hold(v, order, i)
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
