"""Why a venue would not take an order (rule 17)."""

from __future__ import annotations

from barter_bt.engine.accounting import notional
from barter_bt.engine.order import (
    BELOW_MINIMUM,
    BELOW_PRICE_MIN,
    BUY,
    INSTRUMENT_EXPIRED,
    INSTRUMENT_SPLIT,
    LIMIT,
    NO_REASON,
    POST_ONLY,
    REDUCE_ONLY,
    SIBLING_FILLED,
    TIME_OVER,
)
from barter_bt.venue.expiry import has_expired
from barter_bt.venue.group import is_obsolete
from barter_bt.venue.reducing import reducible
from barter_bt.venue.state import VenueState
from barter_bt.venue.taking import is_within_limit, usable


def objection_to_time(v: VenueState, order: int, i: int) -> int:
    """Why it would not even wait; 0 if it would."""
    if has_expired(v, i):
        return INSTRUMENT_EXPIRED
    if v.sent.time_sent[order] < v.markets.split_told[i]:
        return INSTRUMENT_SPLIT
    return TIME_OVER if v.orders.good_till[order] <= v.clock.time[0] else NO_REASON


def objection(v: VenueState, order: int, i: int) -> int:
    """Why the venue would not take an order; 0 if it does."""
    o, t, at_once = v.orders, v.terms, objection_to_time(v, order, i)
    if at_once:
        return at_once
    if is_obsolete(v, order):
        return SIBLING_FILLED
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
