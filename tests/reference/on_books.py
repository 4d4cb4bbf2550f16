"""Taking from a book, and resting in its queues: what a venue does by rules 90 and 91."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .books import lots_in
from .by_order import Execution
from .model import Instrument, Market
from .order import Order
from .queues import Queue

if TYPE_CHECKING:
    from .venue import Venue


def walk(venue: Venue, order: Order, now: int) -> None:
    """Rule 90: a match for each level that it allows, as far as it needs it."""
    found = offers(venue, order)
    if order.tif == "fok" and sum(lots for _, lots in found) < order.rest:
        return
    for ticks, lots in found:
        if order.rest:
            taken = venue.note_fill(order, min(order.rest, lots), ticks, False, now, why="taken")
            venue.levels[order.instrument.index].take(order.side, ticks, taken)


def offers(venue: Venue, order: Order) -> list[tuple[int, int]]:
    """Price and what is left of the levels of the other side that an order allows."""
    left = venue.levels[order.instrument.index].left(order.side)
    return [(ticks, lots) for ticks, lots in left if order.allows(ticks)]


def displayed(venue: Venue, order: Order) -> int:
    """What others show at its price of its side."""
    return venue.levels[order.instrument.index].lots.get((order.side, order.price), 0)


def join(venue: Venue, order: Order) -> None:
    """Rule 91: behind all that is there, which nobody knows of a stale book."""
    order.queue = Queue()
    if not venue.levels[order.instrument.index].stale:
        see(venue, order)


def see(venue: Venue, order: Order) -> None:
    """What stands at its price is ahead of it; of a book by order it is known who that is."""
    order.queue.see(displayed(venue, order))
    order.queue.before = venue.levels[order.instrument.index].orders.at(order.side, order.price)


def execute(venue: Venue, instrument: Instrument, executions: list[Execution], now: int) -> None:
    """Rule 94: what is executed is met by own orders that stood before it."""
    for one in executions if venue.spec.queue == "fifo" else ():
        left = lots_in(instrument, one.amount)
        for order in venue.best_first("book", instrument):
            beyond = order.side * (order.price - one.order.ticks)
            if order.side != one.order.side or beyond < 0:
                continue
            if beyond:
                venue.note_fill(order, order.rest, order.price, True, now, why="traded_through")
            elif order.queue.ahead >= 0 and not any(one.order is other for other in order.queue.before):
                got = min(left, order.rest)
                left -= got
                if got:
                    venue.note_fill(order, got, order.price, True, now, why="queue")


def meet(venue: Venue, trade: Market, now: int) -> None:
    """Rule 91: a trade goes through queues."""
    if not venue.levels[trade.instrument.index].moves_queues:
        return
    price, lots = trade.prices[0], trade.amounts[0]
    mine = {1: 0, -1: 0}
    for order in venue.best_first("book", trade.instrument):
        beyond = order.side * (order.price - price)
        if beyond > 0:
            venue.note_fill(order, order.rest, order.price, True, now, why="traded_through")
        elif beyond == 0 and trade.side != order.side and venue.spec.queue != "fifo":
            got = order.queue.pass_trade(lots, mine[order.side], order.rest)
            mine[order.side] += got
            if got:
                venue.note_fill(order, got, order.price, True, now, why="queue")


def move(venue: Venue, instrument: Instrument, now: int) -> None:
    """Rule 91: depth, then crossing."""
    levels = venue.levels[instrument.index]
    resting = venue.best_first("book", instrument)
    for order in resting:
        if order.queue.ahead < 0 and not levels.stale:
            see(venue, order)
        if levels.moves_queues and venue.spec.queue != "fifo":
            at_trade = venue.books[instrument.index].time_last == now
            order.queue.move(displayed(venue, order), venue.spec, at_trade=at_trade)
    for order in resting:
        best = levels.prices(-order.side)
        if not (levels.moves_queues and venue.usable(order, now) and order.allows(best[0])):
            continue
        for ticks, left in offers(venue, order):
            if order.rest:
                taken = venue.note_fill(order, min(order.rest, left), order.price, True, now, why="crossed")
                levels.take(order.side, ticks, taken)
