"""Requests reaching the venue: open and cancel (rule 17)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.agenda import REQUEST
from barter_bt.engine.messages import ACCEPTED, CANCEL_REJECTED, CLOSED, REQUEST_OPEN, dequeue
from barter_bt.engine.order import (
    BELOW_MINIMUM,
    BELOW_PRICE_MIN,
    BUY,
    CANCELLED,
    GTC,
    INSTRUMENT_EXPIRED,
    LIMIT,
    NO_REASON,
    NOT_FILLED,
    OPEN,
    POST_ONLY,
    REJECTED,
    REQUESTED,
    copy_terms,
)
from barter_bt.venue.expiry import has_expired
from barter_bt.venue.fill import reservation
from barter_bt.venue.match import is_locked, is_within_limit, match_taker, takes_at_arrival, usable, waits_to_take
from barter_bt.venue.matches import note_admission, note_cancel, note_expiry
from barter_bt.venue.report import add_balance, close, report, reserved_asset
from barter_bt.venue.resting import add_order, update_triggers
from barter_bt.venue.state import QUOTES, VenueState


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
        o.quantity[row] = 0
        o.filled[row] = 0
        o.matched[row] = 0
        o.reserved[row] = 0
    copy_terms(o, order, sent, order)
    o.arrival[order] = v.clock.time[0]
    o.pending[order] = waits_to_take(v, order)


def _objection(v: VenueState, order: int, i: int) -> int:
    """Why the venue would not take an order; 0 if it does."""
    o, t = v.orders, v.terms
    if has_expired(v, i):
        return INSTRUMENT_EXPIRED
    if o.quantity[order] < t.quantity_min[i]:
        return BELOW_MINIMUM
    if o.kind[order] == LIMIT:
        if o.price[order] < t.price_min[i]:
            return BELOW_PRICE_MIN
        if notional(t, i, o.quantity[order], o.price[order]) < t.notional_min[i]:
            return BELOW_MINIMUM
        if o.post_only[order] and _matches_now(v, order, i):
            return POST_ONLY
    return NO_REASON


def can_reserve(v: VenueState, order: int, i: int) -> bool:
    """Whether what a limit order of a cash account reserves is free."""
    if v.orders.kind[order] != LIMIT or v.terms.margined[i]:
        return True
    asset = reserved_asset(v, order, i)
    return reservation(v, order, i, v.orders.quantity[order]) <= v.accounts.total[asset] - v.accounts.reserved[asset]


def _matches_now(v: VenueState, order: int, i: int) -> bool:
    ticks = v.markets.ask[i] if v.orders.side[order] == BUY else v.markets.bid[i]
    return ticks > 0 and usable(v, i) and is_within_limit(v, order, ticks)


def _open(v: VenueState, order: int) -> None:
    _copy_request(v, order)
    i = v.orders.instrument[order]
    objection = _objection(v, order, i)
    if objection:
        report(v, order, CLOSED, REJECTED, objection)
    elif can_reserve(v, order, i):
        admit(v, order, i)
    else:
        note_admission(v, order, i)


def admit(v: VenueState, order: int, i: int) -> None:
    """Accept an order: it reserves what it may cost, and takes what stands there (rule 14)."""
    add_order(v, order, i)
    row = report(v, order, ACCEPTED, OPEN, NO_REASON)
    if v.orders.kind[order] == LIMIT and not v.terms.margined[i]:
        reserved, asset = reservation(v, order, i, v.orders.quantity[order]), reserved_asset(v, order, i)
        if reserved > 0:
            v.orders.reserved[order] = reserved
            v.accounts.reserved[asset] += reserved
            add_balance(v, row, asset)
    if v.fill_terms.taker_fills_on[i] == QUOTES:
        v.markets.locked[i] += int(is_locked(v, i) and takes_at_arrival(v, order))
        match_taker(v, order, i)
        if v.orders.matched[order] == 0 and v.orders.time_in_force[order] != GTC:
            note_expiry(v, order, NOT_FILLED)
    update_triggers(v, i)


def _cancel(v: VenueState, order: int) -> None:
    if order < len(v.orders) and v.orders.matched[order] > 0:
        note_cancel(v, order)
    elif order < len(v.orders) and v.orders.live[order]:
        i = v.orders.instrument[order]
        close(v, order, i, CLOSED, CANCELLED, REQUESTED)
        update_triggers(v, i)
    else:
        report(v, order, CANCEL_REJECTED, OPEN, NO_REASON)
