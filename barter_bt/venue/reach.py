"""Between which prices of candles none of an instrument's orders is reached, so that the venue need not look.

Nor is a position that may be liquidated, if there is one.
"""

from __future__ import annotations

from barter_bt.engine.order import BUY, STOP
from barter_bt.venue.held import distance
from barter_bt.venue.resting import BIDS, DELAYED_LIST, FALLING, NOBODY, OFFERS, RISING, TAKERS, TRAILING, head
from barter_bt.venue.state import CANDLES, FAR, HIGH_FIRST, VenueState

_CLOSER = 3  # times that the bound of a trailing stop is brought closer to what it has followed


def waits_for_candles(v: VenueState, i: int) -> bool:
    """Whether all that the orders of an instrument look at are the prices of its candles, without a path."""
    t, b = v.fill_terms, v.markets
    by_candles = t.taker_fills_on[i] == CANDLES and t.maker_fills_on[i] == CANDLES and t.triggers_on[i] == CANDLES
    plain = t.candle_path[i] < HIGH_FIRST and not t.participation[i] and not b.mixed[i]
    return bool(by_candles and plain and head(v, i, TAKERS) == NOBODY and head(v, i, DELAYED_LIST) == NOBODY)


def reached_below(v: VenueState, i: int) -> int:
    """The price at which, or below which, a candle may concern an order or a watched position; ``FAR`` if each does."""
    o, bid, falling = v.orders, head(v, i, BIDS), head(v, i, FALLING)
    price = o.price[bid] if bid != NOBODY else -1
    price = max(price, o.trigger[falling] if falling != NOBODY else -1)
    order = head(v, i, TRAILING)
    while order != NOBODY:
        price = max(price, _trailing_below(v, order, i))
        order = o.after[order]
    return max(price, v.markets.alarm_low[i] - 1) if v.markets.watched[i] else price


def reached_above(v: VenueState, i: int) -> int:
    """The price at which, or above which, one may; -1 if each does."""
    o, offer, rising = v.orders, head(v, i, OFFERS), head(v, i, RISING)
    price = o.price[offer] if offer != NOBODY else FAR
    price = min(price, o.trigger[rising] if rising != NOBODY else FAR)
    order = head(v, i, TRAILING)
    while order != NOBODY:
        price = min(price, _trailing_above(v, order, i))
        order = o.after[order]
    return min(price, v.markets.alarm_high[i] + 1) if v.markets.watched[i] else price


def _trailing_below(v: VenueState, order: int, i: int) -> int:
    """The same of a trailing stop: one that sells is reached there, one that buys follows from there.

    One that has met no price yet follows each, which one of both says.
    """
    o, stop = v.orders, v.orders.trigger[order]
    if o.trigger_kind[order] != STOP:
        return FAR
    if o.side[order] != BUY:
        return stop
    if o.activation[order] > 0:
        return o.activation[order]
    if stop == 0:
        return FAR
    # What lies as far below the stop as it would follow at the least: the distance there, or at a lower price.
    lower = max(stop - distance(v, i, stop, o.trail[order], o.trail_rate[order]), 1)
    return stop - distance(v, i, lower, o.trail[order], o.trail_rate[order]) - 1


def _trailing_above(v: VenueState, order: int, i: int) -> int:
    o, stop = v.orders, v.orders.trigger[order]
    if o.trigger_kind[order] != STOP:
        return -1
    if o.side[order] == BUY:
        return stop if stop > 0 else FAR
    if o.activation[order] > 0:
        return o.activation[order]
    if stop == 0:
        return -1
    price = stop
    for _ in range(_CLOSER):  # from below: what is as far above the stop as the distance at a lower price
        price = stop + distance(v, i, price, o.trail[order], o.trail_rate[order])
    return price + 1
