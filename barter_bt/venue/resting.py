"""The orders that the venue holds for each instrument, each in the list in which the market meets it first to last.

Takers that wait for evidence and trailing stops stand in order of arrival, what is held back for a time by number, all
others by price, then arrival. So what
the market reaches first is the head of its list, what it does not reach ends a walk, and only a new order looks for its
place.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, LAPSE, NEVER, RELEASE
from barter_bt.engine.order import BUY, STOP
from barter_bt.venue.state import BOOK, CANDLES, DELAYED, FAR, HELD, QUOTES, TRADES, WAITING, VenueState

TAKERS, BIDS, OFFERS = 0, 1, 2
RISING, FALLING, TRAILING = 3, 4, 5  # held for a trigger: prices rise to it, or fall to it, or it follows them
WAITING_LIST = 6  # for a parent
DELAYED_LIST = 7  # held back for a time
LISTS = 8  # of each instrument
NOBODY = -1


def head(v: VenueState, i: int, which: int) -> int:
    """The first order of a list, NOBODY if it is empty."""
    return v.lists.first[i * LISTS + which]


def add_order(v: VenueState, order: int, i: int) -> None:
    """Add an order behind those of its list that come before it."""
    o, which = v.orders, list_of(v, order)
    o.live[order] = 1
    v.markets.live[i] += 1
    v.markets.reducing[i] += o.reduce_only[order]
    v.clock.live[0] += 1
    v.agenda.due[EXPIRY] = min(v.agenda.due[EXPIRY], v.terms.expiry[i])
    v.agenda.due[LAPSE] = min(v.agenda.due[LAPSE], o.good_till[order])
    if which == DELAYED_LIST:
        v.agenda.due[RELEASE] = min(v.agenda.due[RELEASE], o.good_after[order])
    where = i * LISTS + which
    before = _place(v, order, where, which)
    after = o.after[before] if before != NOBODY else v.lists.first[where]
    o.before[order], o.after[order] = before, after
    _link(v, where, before, order)
    if after == NOBODY:
        v.lists.last[where] = order
    else:
        o.before[after] = order


def remove_order(v: VenueState, order: int, i: int) -> None:
    """Take an order off its list."""
    o, where = v.orders, i * LISTS + list_of(v, order)
    before, after = o.before[order], o.after[order]
    _link(v, where, before, after)
    if after == NOBODY:
        v.lists.last[where] = before
    else:
        o.before[after] = before
    o.live[order] = 0
    v.markets.live[i] -= 1
    v.markets.reducing[i] -= o.reduce_only[order]
    v.clock.live[0] -= 1
    if v.clock.live[0] == 0:
        v.agenda.due[EXPIRY] = v.clock.delists[0]
        v.agenda.due[LAPSE] = v.agenda.due[RELEASE] = NEVER


def _link(v: VenueState, where: int, before: int, order: int) -> None:
    if before == NOBODY:
        v.lists.first[where] = order
    else:
        v.orders.after[before] = order


def list_of(v: VenueState, order: int) -> int:
    """The list in which an order stands in its present state."""
    o = v.orders
    is_buy = o.side[order] == BUY
    if o.held[order] == WAITING:
        return WAITING_LIST
    if o.held[order] == DELAYED:
        return DELAYED_LIST
    if o.held[order] == HELD:
        if is_trailing(v, order):
            return TRAILING
        return RISING if is_buy == (o.trigger_kind[order] == STOP) else FALLING
    if o.pending[order]:
        return TAKERS
    return BIDS if is_buy else OFFERS


def is_trailing(v: VenueState, order: int) -> bool:
    """Whether an order's trigger follows the market."""
    return v.orders.trail[order] > 0 or v.orders.trail_rate[order] > 0


def _rank(v: VenueState, order: int, which: int) -> int:
    """What a list is sorted by, the lowest first."""
    o = v.orders
    if which in (BIDS, OFFERS):
        return -o.price[order] if which == BIDS else o.price[order]
    if which in (RISING, FALLING):
        return o.trigger[order] if which == RISING else -o.trigger[order]
    return order if which == DELAYED_LIST else 0


def _place(v: VenueState, order: int, where: int, which: int) -> int:
    """The order behind which another stands: the last that does not come after it, looked for from the nearer end."""
    last, rank = v.lists.last[where], _rank(v, order, which)
    if last == NOBODY or _rank(v, last, which) <= rank:
        return last
    first = v.lists.first[where]
    if rank - _rank(v, first, which) < _rank(v, last, which) - rank:
        return _from_front(v, first, rank, which)
    while last != NOBODY and _rank(v, last, which) > rank:
        last = v.orders.before[last]
    return last


def _from_front(v: VenueState, first: int, rank: int, which: int) -> int:
    before, here = NOBODY, first
    while _rank(v, here, which) <= rank:  # it ends at the latest with the list's last, which comes after
        before, here = here, v.orders.after[here]
    return before


def update_triggers(v: VenueState, i: int) -> None:
    """Set the prices at which the next trade or quote would concern an order of this instrument.

    Where candles are all that an order looks at there are none: each is shown to every order.
    """
    f = v.fill_terms
    by_candle = f.taker_fills_on[i] == CANDLES and f.maker_fills_on[i] == CANDLES and f.triggers_on[i] == CANDLES
    if not by_candle or v.markets.mixed[i]:
        _set_triggers(v, i)


@unit
def _set_triggers(v: VenueState, i: int) -> None:
    """The same of an instrument whose orders look at trades or quotes.

    A trade below `trade_buy` or above `trade_sell` does, an ask at or below `quote_buy` or at or above `quote_rise`, a
    bid at or above `quote_sell` or at or below `quote_fall`.
    """
    m, price, touch = v.markets, v.orders.price, v.fill_terms.touch[i]
    m.trade_buy[i], m.trade_sell[i], m.quote_buy[i], m.quote_sell[i] = -1, FAR, -1, FAR
    m.quote_fall[i], m.quote_rise[i] = -1, FAR
    bid, offer = head(v, i, BIDS), head(v, i, OFFERS)
    if v.fill_terms.maker_fills_on[i] == TRADES:
        m.trade_buy[i] = price[bid] + touch if bid != NOBODY else -1
        m.trade_sell[i] = price[offer] - touch if offer != NOBODY else FAR
    elif v.fill_terms.maker_fills_on[i] == QUOTES:
        m.quote_buy[i] = price[bid] if bid != NOBODY else -1
        m.quote_sell[i] = price[offer] if offer != NOBODY else FAR
    elif v.fill_terms.maker_fills_on[i] == BOOK:  # trades at and beyond its price, and the other side of the book
        m.trade_buy[i], m.quote_buy[i] = (price[bid] + 1, price[bid]) if bid != NOBODY else (-1, -1)
        m.trade_sell[i], m.quote_sell[i] = (price[offer] - 1, price[offer]) if offer != NOBODY else (FAR, FAR)
    if head(v, i, TAKERS) != NOBODY:
        if v.fill_terms.taker_fills_on[i] == TRADES:
            m.trade_buy[i], m.trade_sell[i] = FAR, -1
        elif v.fill_terms.taker_fills_on[i] == QUOTES:
            m.quote_buy[i], m.quote_sell[i] = FAR, -1
    _watch_held(v, i)


def _watch_held(v: VenueState, i: int) -> None:
    """What held orders look for; a trailing stop looks at each price."""
    m, evidence = v.markets, v.fill_terms.triggers_on[i]
    rising, falling = head(v, i, RISING), head(v, i, FALLING)
    up = v.orders.trigger[rising] if rising != NOBODY else FAR
    down = v.orders.trigger[falling] if falling != NOBODY else -1
    if head(v, i, TRAILING) != NOBODY:
        up, down = 0, FAR
    if m.mixed[i] and (rising != NOBODY or falling != NOBODY or down == FAR):
        m.trade_buy[i], m.trade_sell[i], m.quote_fall[i], m.quote_rise[i] = FAR, -1, FAR, 0
    elif evidence == TRADES:
        m.trade_buy[i], m.trade_sell[i] = max(m.trade_buy[i], down + 1), min(m.trade_sell[i], up - 1)
    elif evidence == QUOTES:
        m.quote_fall[i], m.quote_rise[i] = down, up
