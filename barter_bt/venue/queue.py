"""Orders that rest in a book stand in queues (rules 91 and 92).

Assumptions: what is displayed at a price when an order comes to rest there stands ahead of it, and what is added later
behind it. Trades at the price are of those ahead first, and explain what is gone behind messages of their own time, or
else behind the next that has another amount. Of what leaves the price without a trade nobody tells where it stood; the
model of the venue says how much of it was ahead:

- conservative: nothing, as long as what is displayed leaves room for those ahead;
- f-families: of x lots, with a ahead and b behind, x f(b) / (f(a) + f(b)) were behind, the rest ahead; f(x) is x^n
  (n = 1: in proportion) or log(1 + x);
- relative power: of x lots x (a / (a + b))^n were ahead: what is new, and so behind, leaves soonest.

Own orders are not in the data, so nobody stands behind them because of them, and what they fill stays displayed.
"""

from __future__ import annotations

from math import log

from barter_bt.book.read import is_shown, level_ticks, lots_at
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.columns.marks import unit
from barter_bt.engine.order import BUY, GTC, LIMIT
from barter_bt.venue.matches import note_fill, note_why
from barter_bt.venue.resting import BIDS as BUYS
from barter_bt.venue.resting import NOBODY, head
from barter_bt.venue.resting import OFFERS as SELLS
from barter_bt.venue.state import (
    CONSERVATIVE,
    CROSSED,
    FIFO,
    LOGARITHMIC,
    NOT_SHOWN,
    QUEUE,
    RELATIVE_POWER,
    THROUGH,
    VenueState,
)
from barter_bt.venue.taking import leaves, usable
from barter_bt.venue.walking import left_of, take_from


@unit
def join_queue(v: VenueState, order: int, i: int) -> None:
    """An order comes to rest: all that is displayed at its price stands ahead of it."""
    o = v.orders
    if o.kind[order] != LIMIT or o.time_in_force[order] != GTC or o.pending[order]:
        return
    shown = NOT_SHOWN if v.books.states.stale[i] else lots_at(v.books, _own_side(v, order, i), o.price[order])
    o.shown[order], o.traded[order], o.ahead[order] = shown, v.markets.newest[i], float(max(shown, 0))


def _own_side(v: VenueState, order: int, i: int) -> int:
    return 2 * i + (BIDS if v.orders.side[order] == BUY else ASKS)


@unit
def meet_queues(v: VenueState, i: int, ticks: int, lots: int) -> None:
    """A trade goes through queues: those of its price by as much as it is, those that it goes beyond whole."""
    if v.books.states.stale[i] or not is_shown(v.books, i):
        return
    for which in (BUYS, SELLS):
        is_hit = v.markets.trade_side[i] <= 0 if which == BUYS else v.markets.trade_side[i] >= 0
        _meet(v, i, which, ticks, float(lots) if is_hit else 0.0)


def _meet(v: VenueState, i: int, which: int, ticks: int, left: float) -> None:
    o, lots, order = v.orders, left, head(v, i, which)
    while order != NOBODY and o.side[order] * (o.price[order] - ticks) >= 0:
        if o.price[order] != ticks:
            _fill(v, order, i, leaves(v, order), THROUGH)
        elif lots > 0.0 and v.fill_terms.queue[i] != FIFO:
            done = min(int(max(left - o.ahead[order], 0.0)), leaves(v, order))
            o.ahead[order] = max(o.ahead[order] - left, 0.0)
            o.traded[order] += int(lots)
            _fill(v, order, i, done, QUEUE)
            left -= float(done)
        order = o.after[order]


def _fill(v: VenueState, order: int, i: int, lots: int, why: int) -> None:
    if lots > 0:
        note_fill(v, order, i, lots, v.orders.price[order], 1)
        note_why(v, why)


@unit
def move_queues(v: VenueState, i: int) -> None:
    """A message has been applied: what is displayed at the prices of own orders may be another amount."""
    if v.books.states.stale[i]:
        return
    moves = is_shown(v.books, i)
    for which in (BUYS, SELLS):
        order = head(v, i, which)
        while order != NOBODY:
            shown = lots_at(v.books, _own_side(v, order, i), v.orders.price[order])
            if v.orders.shown[order] == NOT_SHOWN:
                join_queue(v, order, i)
            elif moves and shown != v.orders.shown[order] and v.fill_terms.queue[i] != FIFO:
                _move(v, order, i, shown)
            order = v.orders.after[order]


def _move(v: VenueState, order: int, i: int, shown: int) -> None:
    """Another amount stands at an order's price: trades have taken their part of a decrease already."""
    o = v.orders
    left = float(o.shown[order] - shown - o.traded[order])
    if left > 0.0 and v.fill_terms.queue[i] != CONSERVATIVE:
        behind = max(float(o.shown[order] - o.traded[order]) - o.ahead[order], 0.0)
        o.ahead[order] = max(o.ahead[order] - _from_ahead(v, i, left, o.ahead[order], behind), 0.0)
    o.ahead[order] = min(o.ahead[order], float(shown))
    explained = o.shown[order] - shown
    more_may_come = v.markets.last_time[i] == v.clock.time[0]  # a trade's parts may have a message each
    o.traded[order] = max(o.traded[order] - max(explained, 0), 0) if more_may_come else 0
    o.shown[order] = shown


def _from_ahead(v: VenueState, i: int, left: float, ahead: float, behind: float) -> float:
    """How much of what left without a trade stood ahead; what is more than stood behind did."""
    front, back = _weight(v, i, ahead), _weight(v, i, behind)
    if v.fill_terms.queue[i] == RELATIVE_POWER:
        back = _weight(v, i, ahead + behind) - front
    if front + back <= 0.0:
        return 0.0
    return left - min(left * back / (front + back), behind)


def _weight(v: VenueState, i: int, lots: float) -> float:
    if v.fill_terms.queue[i] == LOGARITHMIC:
        return log(1.0 + lots)
    found = 1.0
    for _ in range(v.fill_terms.queue_power[i]):
        found *= lots
    return found


@unit
def cross_resting(v: VenueState, i: int) -> None:
    """The other side of the book has come to own prices: those orders make, as far as its levels have something."""
    if not is_shown(v.books, i) or not usable(v, i):
        return
    for which in (BUYS, SELLS):
        other, order = 2 * i + (ASKS if which == BUYS else BIDS), head(v, i, which)
        while order != NOBODY and v.books.sides.count[other] > 0 and _reaches(v, order, other, 0):
            n = 0
            while n < v.books.sides.count[other] and leaves(v, order) > 0 and _reaches(v, order, other, n):
                lots = min(leaves(v, order), left_of(v, other, n))
                if lots > 0:
                    _fill(v, order, i, lots, CROSSED)
                    take_from(v, other, level_ticks(v.books, other, n), lots)
                n += 1
            order = v.orders.after[order]


def _reaches(v: VenueState, order: int, other: int, n: int) -> bool:
    """Whether a level of the other side is at an order's price, or better for it."""
    return v.orders.side[order] * (v.orders.price[order] - level_ticks(v.books, other, n)) >= 0
