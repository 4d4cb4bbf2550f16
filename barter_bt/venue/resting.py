"""The orders that the venue holds for each instrument, each in the list in which the market meets it first to last.

Takers that wait for evidence stand in order of arrival, bids and offers by price, then arrival. So the best is the head
of its list, what a price does not reach ends a walk, and only a new order looks for its place, from the nearer end.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, NEVER
from barter_bt.engine.order import BUY
from barter_bt.venue.state import FAR, QUOTES, TRADES, VenueState

TAKERS, BIDS, OFFERS = 0, 1, 2
LISTS = 3  # of each instrument
NOBODY = -1


def head(v: VenueState, i: int, which: int) -> int:
    """The first order of a list, NOBODY if it is empty."""
    return v.lists.first[i * LISTS + which]


def add_order(v: VenueState, order: int, i: int) -> None:
    """Add an order behind those of its list that come before it."""
    o = v.orders
    o.live[order] = 1
    v.markets.live[i] += 1
    v.clock.live[0] += 1
    v.agenda.due[EXPIRY] = min(v.agenda.due[EXPIRY], v.terms.expiry[i])
    where = i * LISTS + _which(v, order)
    before = _place(v, order, where)
    after = o.after[before] if before != NOBODY else v.lists.first[where]
    o.before[order], o.after[order] = before, after
    _link(v, where, before, order)
    if after == NOBODY:
        v.lists.last[where] = order
    else:
        o.before[after] = order


def remove_order(v: VenueState, order: int, i: int) -> None:
    """Take an order off its list."""
    o, where = v.orders, i * LISTS + _which(v, order)
    before, after = o.before[order], o.after[order]
    _link(v, where, before, after)
    if after == NOBODY:
        v.lists.last[where] = before
    else:
        o.before[after] = before
    o.live[order] = 0
    v.markets.live[i] -= 1
    v.clock.live[0] -= 1
    if v.clock.live[0] == 0:
        v.agenda.due[EXPIRY] = NEVER


def _link(v: VenueState, where: int, before: int, order: int) -> None:
    if before == NOBODY:
        v.lists.first[where] = order
    else:
        v.orders.after[before] = order


def _which(v: VenueState, order: int) -> int:
    if v.orders.pending[order]:
        return TAKERS
    return BIDS if v.orders.side[order] == BUY else OFFERS


def _place(v: VenueState, order: int, where: int) -> int:
    """The order behind which another stands: the last that is not worse."""
    o, last = v.orders, v.lists.last[where]
    if last == NOBODY or o.pending[order] or _depth(v, last, order) >= 0:
        return last
    first = v.lists.first[where]
    if _depth(v, first, order) < _depth(v, order, last):
        return _from_front(v, first, order)
    while last != NOBODY and _depth(v, last, order) < 0:
        last = o.before[last]
    return last


def _from_front(v: VenueState, first: int, order: int) -> int:
    before, here = NOBODY, first
    while _depth(v, here, order) >= 0:  # it ends at the latest with the list's last, which is worse
        before, here = here, v.orders.after[here]
    return before


def _depth(v: VenueState, order: int, other: int) -> int:
    """By how many ticks an order's price is better than another's of its side."""
    return v.orders.side[order] * (v.orders.price[order] - v.orders.price[other])


@unit
def update_triggers(v: VenueState, i: int) -> None:
    """Set the prices at which the next trade or quote would fill an order of this instrument.

    A trade below `trade_buy` or above `trade_sell` concerns an order, as does an ask at or below
    `quote_buy` or a bid at or above `quote_sell`.
    """
    m, price, touch = v.markets, v.orders.price, v.fill_terms.touch[i]
    m.trade_buy[i], m.trade_sell[i], m.quote_buy[i], m.quote_sell[i] = -1, FAR, -1, FAR
    bid, offer = head(v, i, BIDS), head(v, i, OFFERS)
    if v.fill_terms.maker_fills_on[i] == TRADES:
        m.trade_buy[i] = price[bid] + touch if bid != NOBODY else -1
        m.trade_sell[i] = price[offer] - touch if offer != NOBODY else FAR
    elif v.fill_terms.maker_fills_on[i] == QUOTES:
        m.quote_buy[i] = price[bid] if bid != NOBODY else -1
        m.quote_sell[i] = price[offer] if offer != NOBODY else FAR
    if head(v, i, TAKERS) != NOBODY:
        if v.fill_terms.taker_fills_on[i] == TRADES:
            m.trade_buy[i], m.trade_sell[i] = FAR, -1
        elif v.fill_terms.taker_fills_on[i] == QUOTES:
            m.quote_buy[i], m.quote_sell[i] = FAR, -1
