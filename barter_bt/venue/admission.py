"""An order becomes one of those that the market can fill: it reserves, and takes (rules 14, 17 and 30)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import REPORT
from barter_bt.engine.latency import CONSTANT
from barter_bt.engine.messages import ACCEPTED, TRIGGERED
from barter_bt.engine.order import GTC, LIMIT, MARKET, NO_GROUP, NO_PARENT, NO_REASON, NOT_FILLED, OPEN
from barter_bt.venue.fill import reservation
from barter_bt.venue.matches import note_admission, note_expiry
from barter_bt.venue.queue import join_queue
from barter_bt.venue.report import add_balance, report, report_change, reserved_asset
from barter_bt.venue.resting import add_order, update_triggers
from barter_bt.venue.state import BOOK, NOT_HELD, QUOTES, RELEASED, WAS_HELD, VenueState
from barter_bt.venue.taking import (
    fill_at,
    is_locked,
    is_within_limit,
    misses_its_close,
    price_of_this_close,
    takes_at_arrival,
    takes_this_close,
    waits_for_quote,
)
from barter_bt.venue.walking import match_standing

NO_ROW = -1


def reserves(v: VenueState, order: int, i: int) -> bool:
    """Whether an order reserves what it may cost; what protects an entry, or is of a group, does not (31 and 57)."""
    o = v.orders
    alone = o.parent[order] == NO_PARENT and o.group[order] == NO_GROUP
    return bool(o.kind[order] == LIMIT and not v.terms.margined[i] and alone)


def can_reserve(v: VenueState, order: int, i: int) -> bool:
    """Whether what a limit order of a cash account reserves is free."""
    if not reserves(v, order, i):
        return True
    asset = reserved_asset(v, order, i)
    return reservation(v, order, i, v.orders.quantity[order]) <= v.accounts.total[asset] - v.accounts.reserved[asset]


def enter(v: VenueState, order: int, i: int) -> None:
    """Admit an order, now or when what it reserves has been released by others of this time."""
    if can_reserve(v, order, i):
        admit(v, order, i)
    else:
        note_admission(v, order, i)


def admit(v: VenueState, order: int, i: int) -> None:
    """Accept an order, or what a trigger made of it: it reserves what it may cost, and takes (rules 14 and 30)."""
    add_order(v, order, i)
    secure(v, order, i)
    take(v, order, i)


def secure(v: VenueState, order: int, i: int) -> None:
    """Reserve what an order may cost, and tell of it."""
    row = NO_ROW
    if v.orders.held[order] == RELEASED:
        v.orders.held[order] = NOT_HELD
        row = report_change(v, order)
    elif v.orders.held[order]:
        v.orders.held[order] = WAS_HELD
        row = report(v, order, TRIGGERED, OPEN, NO_REASON)
    elif v.orders.follows[order]:
        row = report_change(v, order)
    elif v.orders.parent[order] == NO_PARENT:  # else it was acknowledged when it began to wait
        if v.clock.quiet[0] and v.orders.kind[order] == MARKET and v.agenda.due[REPORT] > v.clock.time[0]:
            v.clock.accepted[0] = order + 1
        else:
            row = report(v, order, ACCEPTED, OPEN, NO_REASON)
    if reserves(v, order, i):
        reserved, asset = reservation(v, order, i, v.orders.quantity[order]), reserved_asset(v, order, i)
        if reserved > 0:
            v.orders.reserved[order] = reserved
            v.accounts.reserved[asset] += reserved
            add_balance(v, row, asset)


@unit
def take(v: VenueState, order: int, i: int) -> None:
    """Match what stands there, or the price that triggered the order."""
    if waits_for_quote(v, order, i):
        pass
    elif v.fill_terms.taker_fills_on[i] == QUOTES:
        v.markets.locked[i] += int(is_locked(v, i) and takes_at_arrival(v, order))
        match_standing(v, order, i)
        if v.orders.matched[order] == 0 and v.orders.time_in_force[order] != GTC:
            note_expiry(v, order, NOT_FILLED)
    elif v.orders.met[order] > 0 and (takes_at_arrival(v, order) or is_within_limit(v, order, v.orders.met[order])):
        fill_at(v, order, i, v.orders.met[order])
    elif v.orders.met[order] == 0 and takes_this_close(v, order, i):
        ticks = price_of_this_close(v, i)
        at_once = _took_no_time(v, order, i) and v.orders.good_after[order] != v.orders.arrival[order]
        v.clock.hindsight[0] += int(at_once and is_within_limit(v, order, ticks))
        fill_at(v, order, i, ticks)
    elif v.orders.met[order] == 0 and misses_its_close(v, order, i):
        note_expiry(v, order, NOT_FILLED)
    if v.fill_terms.maker_fills_on[i] == BOOK:
        join_queue(v, order, i)
    update_triggers(v, i)


def _took_no_time(v: VenueState, order: int, i: int) -> bool:
    """Whether an order's request arrived when it was sent."""
    exchange = v.terms.exchange[i]
    if v.links.request_form[exchange] == CONSTANT:
        return v.links.request_ns[exchange] == 0
    return v.orders.arrival[order] == v.sent.time_sent[order]
