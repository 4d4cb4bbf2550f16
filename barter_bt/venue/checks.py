"""What an order must be to enter the market (rules 17, 32 and 35)."""

from __future__ import annotations

from barter_bt.engine.accounting import notional
from barter_bt.engine.order import (
    BELOW_MINIMUM,
    BELOW_PRICE_MIN,
    BUY,
    GTC,
    INSTRUMENT_EXPIRED,
    INSTRUMENT_SPLIT,
    LIMIT,
    NO_REASON,
    NO_TIME,
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


def too_late(v: VenueState, order: int, i: int) -> int:
    """Why an order comes too late; 0 if it does not."""
    o, now = v.orders, v.clock.time[0]
    if has_expired(v, i):
        return INSTRUMENT_EXPIRED
    if v.sent.time_sent[order] < v.markets.split_told[i]:
        return INSTRUMENT_SPLIT
    missed = o.time_in_force[order] != GTC and NO_TIME < o.good_after[order] < now
    if o.good_till[order] <= now or missed:
        return TIME_OVER
    return SIBLING_FILLED if is_obsolete(v, order) else NO_REASON


def objection(v: VenueState, order: int, i: int) -> int:
    """Why the venue would not let an order into the market; 0 if it does."""
    o, t = v.orders, v.terms
    if o.quantity[order] < t.quantity_min[i]:
        return BELOW_MINIMUM
    if o.kind[order] == LIMIT:
        if o.price[order] < t.price_min[i]:
            return BELOW_PRICE_MIN
        if abs(notional(t, i, o.quantity[order], o.price[order])) < t.notional_min[i]:
            return BELOW_MINIMUM
        if o.post_only[order] and _matches_now(v, order, i):
            return POST_ONLY
    if o.reduce_only[order] and reducible(v, order, i) == 0:
        return REDUCE_ONLY
    return NO_REASON


def _matches_now(v: VenueState, order: int, i: int) -> bool:
    ticks = v.markets.ask[i] if v.orders.side[order] == BUY else v.markets.bid[i]
    return ticks > 0 and usable(v, i) and is_within_limit(v, order, ticks)
