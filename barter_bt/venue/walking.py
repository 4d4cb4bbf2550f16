"""Orders that take walk the levels of a book, best first (rule 90).

Assumptions: own orders do not move the market, and what they have taken of a level stays taken while the level stands:
others who come to it come behind that, and those who go had what was left. Nobody reacts to own orders: the levels
behind stay where they are.
"""

from __future__ import annotations

from barter_bt.book.read import is_shown, level_lots, level_ticks, lots_at, rank_of
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.columns.marks import unit
from barter_bt.engine.order import BUY, FOK, GTC, NOT_FILLED
from barter_bt.venue.matches import note_expiry, note_why
from barter_bt.venue.sizing import size_at
from barter_bt.venue.state import QUOTES, TAKEN, VenueState
from barter_bt.venue.taking import is_within_limit, leaves, match_taker, note_taking, usable


def match_standing(v: VenueState, order: int, i: int) -> None:
    """Match what stands there: the levels of a book, or the standing quote."""
    if v.fill_terms.on_book[i]:
        _walk(v, order, i)
    else:
        match_taker(v, order, i)


def match_waiting(v: VenueState, order: int, i: int) -> None:
    """A quote comes by for an order that waits to take; of others than GTC orders the first with a side is the only."""
    if v.orders.time_in_force[order] == GTC:
        match_standing(v, order, i)
    elif v.orders.matched[order] == 0 and max(v.markets.bid_lots[i], v.markets.ask_lots[i]) > 0:
        match_standing(v, order, i)
        if v.orders.matched[order] == 0:
            note_expiry(v, order, NOT_FILLED)


@unit
def _walk(v: VenueState, order: int, i: int) -> None:
    side = 2 * i + (ASKS if v.orders.side[order] == BUY else BIDS)
    count = v.books.sides.count[side]
    if count == 0 or not is_shown(v.books, i) or not usable(v, i):
        return
    if v.orders.wish[order]:
        size_at(v, order, i, level_ticks(v.books, side, 0))
    if v.orders.time_in_force[order] == FOK and _on_offer(v, order, side) < leaves(v, order):
        return
    for n in range(count):
        ticks = level_ticks(v.books, side, n)
        if leaves(v, order) <= 0 or not is_within_limit(v, order, ticks):
            return
        lots = min(leaves(v, order), left_of(v, side, n))
        if lots > 0:
            note_taking(v, order, i, lots, ticks, QUOTES)
            note_why(v, TAKEN)
            take_from(v, side, ticks, lots)


def _on_offer(v: VenueState, order: int, side: int) -> int:
    """What an order's limit lets it have of a side, as far as it needs it."""
    total = 0
    for n in range(v.books.sides.count[side]):
        if total >= leaves(v, order) or not is_within_limit(v, order, level_ticks(v.books, side, n)):
            break
        total += left_of(v, side, n)
    return total


def left_of(v: VenueState, side: int, n: int) -> int:
    """What own orders have left of a level."""
    lots, rank = level_lots(v.books, side, n), rank_of(side, level_ticks(v.books, side, n))
    for row in range(len(v.taken)):
        if v.taken.side[row] == side and v.taken.rank[row] == rank:
            return lots - v.taken.lots[row]
    return lots


def take_from(v: VenueState, side: int, ticks: int, lots: int) -> None:
    """Remember what own orders have taken of a level."""
    rank = rank_of(side, ticks)
    for row in range(len(v.taken)):
        if v.taken.side[row] == side and v.taken.rank[row] == rank:
            v.taken.lots[row] += lots
            return
    row = v.taken.append()
    v.taken.side[row], v.taken.rank[row], v.taken.lots[row] = side, rank, lots


@unit
def refresh(v: VenueState, i: int) -> None:
    """A message has been applied: no more is taken of a level than it shows, and of one that is gone nothing."""
    for row in range(len(v.taken) - 1, -1, -1):
        side = v.taken.side[row]
        if side // 2 == i:
            shown = lots_at(v.books, side, rank_of(side, v.taken.rank[row]))
            v.taken.lots[row] = min(v.taken.lots[row], shown)
            if shown == 0:
                _forget(v, row)


def _forget(v: VenueState, row: int) -> None:
    taken, last = v.taken, len(v.taken) - 1
    taken.side[row], taken.rank[row], taken.lots[row] = taken.side[last], taken.rank[last], taken.lots[last]
    taken.truncate(last)
