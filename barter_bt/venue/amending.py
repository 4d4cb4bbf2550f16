"""Amends reaching the venue: an order is another from then on, or as it was (rule 33).

Assumptions: the venue keeps an order's place in the queue where its price stays and it does not grow; else it is one
that arrives at this moment. It looks at an amend as at a new order, and never lets half of it be.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import AMEND_REJECTED, AMENDED
from barter_bt.engine.order import (
    CANCELLED,
    INSUFFICIENT_BALANCE,
    NO_PARENT,
    NO_REASON,
    OPEN,
    POST_ONLY,
    REDUCE_ONLY,
    REQUESTED,
)
from barter_bt.engine.state.amends import ALREADY_ACTIVE, NO_LONGER_HELD, ORDER_ENDED, set_given
from barter_bt.venue.admission import reserves, take
from barter_bt.venue.checks import objection
from barter_bt.venue.fill import reservation
from barter_bt.venue.held import show_standing_quote
from barter_bt.venue.matches import AMEND, SETTLED, note_amend
from barter_bt.venue.report import add_balance, close, report, reserved_asset
from barter_bt.venue.resting import add_order, remove_order, update_triggers
from barter_bt.venue.state import DELAYED, HELD, WAITING, WAS_HELD, VenueState


@unit
def receive_amend(v: VenueState, amend: int) -> None:
    """An amend has arrived: it is answered, or waits until what the order has met is settled."""
    order = v.amends.order[amend]
    if v.orders.matched[order] > 0 or _one_waits(v, order):
        note_amend(v, order, amend)
    else:
        _meet(v, order, amend, 0)


def _one_waits(v: VenueState, order: int) -> bool:
    """Whether an earlier amend of an order waits: they are answered in the order in which they came."""
    m, waiting = v.matches, 0
    for row in range(len(m)):
        waiting += int(m.action[row] == AMEND and m.order[row] == order)
    return waiting > 0


@unit
def settle_amend(v: VenueState, row: int) -> None:
    """All else is settled: an amend that has waited is answered, unless an amend has just matched its order anew."""
    order = v.matches.order[row]
    if v.orders.matched[order] == 0:
        v.matches.order[row] = SETTLED
        _meet(v, order, v.matches.lots[row], 1)


@unit
def _meet(v: VenueState, order: int, amend: int, last: int) -> None:
    """Give an order its new terms, or say why not; what cannot reserve is noted, unless it is for the last time."""
    o, a, i = v.orders, v.amends, v.orders.instrument[order]
    if not o.live[order]:
        _reject(v, order, amend, ORDER_ENDED)
    elif 0 < a.quantity[amend] <= o.filled[order]:
        row = len(v.reports)  # of the first report that is written now
        close(v, order, i, AMENDED, CANCELLED, REQUESTED)
        v.reports.quantity[row] = amend
        update_triggers(v, i)
    elif (
        o.held[order] == WAS_HELD and a.trigger[amend] + a.trail[amend] + a.trail_rate[amend] + a.activation[amend] > 0
    ):
        _reject(v, order, amend, NO_LONGER_HELD)
    elif o.held[order] == HELD and a.activation[amend] > 0 and o.activation[order] == 0:
        _reject(v, order, amend, ALREADY_ACTIVE)
    else:
        _change(v, order, i, amend, last)


def _reject(v: VenueState, order: int, amend: int, reason: int) -> None:
    row = report(v, order, AMEND_REJECTED, OPEN, reason)
    v.reports.quantity[row] = amend


def _change(v: VenueState, order: int, i: int, amend: int, last: int) -> None:
    """Check an order as it would be; then it is so, or again as it was."""
    o, keeps = v.orders, _keeps_place(v, order, amend)
    price, quantity, trigger = o.price[order], o.quantity[order], o.trigger[order]
    trail, rate, offset, offset_rate = o.trail[order], o.trail_rate[order], o.offset[order], o.offset_rate[order]
    activation, activation_by = o.activation[order], o.activation_by[order]
    set_given(o, order, v.amends, amend)
    reason, needed = _objection(v, order, i, keeps), 0
    if not reason and _is_in_market(v, order) and reserves(v, order, i):
        needed = reservation(v, order, i, o.quantity[order] - o.filled[order])
        if not _is_free(v, order, i, needed):
            reason = INSUFFICIENT_BALANCE
    if not reason:
        _enforce(v, order, i, amend, keeps, needed)
        return
    o.price[order], o.quantity[order], o.trigger[order] = price, quantity, trigger
    o.trail[order], o.trail_rate[order], o.offset[order], o.offset_rate[order] = trail, rate, offset, offset_rate
    o.activation[order], o.activation_by[order] = activation, activation_by
    if reason == INSUFFICIENT_BALANCE and not last:
        note_amend(v, order, amend)
    else:
        _reject(v, order, amend, reason)


def _is_in_market(v: VenueState, order: int) -> bool:
    """Whether the market can fill an order: it is not held, nor waits, nor is held back."""
    return v.orders.held[order] not in (HELD, WAITING, DELAYED)


def _keeps_place(v: VenueState, order: int, amend: int) -> bool:
    """Whether an order stands where it stood: of one that is held its trigger counts, else price and quantity."""
    o, a = v.orders, v.amends
    if o.held[order] in (WAITING, DELAYED):
        return True
    if o.held[order] == HELD:
        follows_on = a.trail[amend] == o.trail[order] and a.trail_rate[amend] == o.trail_rate[order]
        stays = a.trail[amend] + a.trail_rate[amend] == 0 or follows_on
        return stays and a.trigger[amend] in (0, o.trigger[order]) and a.activation[amend] in (0, o.activation[order])
    return a.quantity[amend] <= o.quantity[order] and a.price[amend] in (0, o.price[order])


def _objection(v: VenueState, order: int, i: int, keeps: bool) -> int:
    """Why the venue would not let an order be so; what has yet to start or enter is looked at then."""
    if v.orders.parent[order] != NO_PARENT or v.orders.held[order] in (WAITING, DELAYED):
        return NO_REASON
    reason = objection(v, order, i)
    return NO_REASON if keeps and reason in (POST_ONLY, REDUCE_ONLY) else reason


def _is_free(v: VenueState, order: int, i: int, needed: int) -> bool:
    """Whether what an order reserves beyond what it does already is free."""
    a, asset, more = v.accounts, reserved_asset(v, order, i), needed - v.orders.reserved[order]
    return more <= 0 or more <= a.total[asset] - a.reserved[asset]


def _enforce(v: VenueState, order: int, i: int, amend: int, keeps: bool, needed: int) -> None:
    """The order is so from now on: told, and where it lost its place, one that arrives."""
    o = v.orders
    if not keeps:
        remove_order(v, order, i)
        o.since[order] = v.clock.time[0]
        if o.held[order] != HELD:
            o.arrival[order], o.met[order] = v.clock.time[0], 0
        add_order(v, order, i)
    row = report(v, order, AMENDED, OPEN, NO_REASON)
    v.reports.price[row], v.reports.quantity[row] = o.price[order], amend
    if needed != o.reserved[order]:
        asset = reserved_asset(v, order, i)
        v.accounts.reserved[asset] += needed - o.reserved[order]
        o.reserved[order] = needed
        add_balance(v, row, asset)
    if keeps:
        update_triggers(v, i)
    elif o.held[order] == HELD:
        show_standing_quote(v, order, i)
        update_triggers(v, i)
    else:
        take(v, order, i)
