"""The way that a candle takes through its prices: rule 59, in ticks."""

from __future__ import annotations

from barter_bt.testing.scenario.spec import CandlePath

from .model import Market
from .order import Order
from .venue import PATHLESS, Venue


def points_of(path: CandlePath, candle: Market) -> tuple[int, ...]:
    """The three to which a candle goes from its open; none where nothing is known of its way."""
    opening, high, low, close = candle.prices
    if path in PATHLESS:
        return ()
    if path == "adaptive":
        path = "open_high_low_close" if high - opening <= opening - low else "open_low_high_close"
    return (high, low, close) if path == "open_high_low_close" else (low, high, close)


def meet_point(venue: Venue, candle: Market, number: int, now: int) -> None:
    """Takers, if it is the last, then who rests, then held orders."""
    ticks, item = points_of(venue.spec.candle_path, candle)[number], candle.instrument
    venue.stage, offer = 0, venue.closes[item.index]
    for order in venue.filled_by("candles", item):
        if number == 2 and not order.resting:
            venue.meet(order, ticks, now, offer)
    for order in venue.best_first("candles", item):
        if takes_part(order, candle, now) and venue.reached(order.side * (order.price - ticks)):
            venue.make(order, order.price, now, offer)
    for order in venue.held_by("candles", item, marks=number == 2):
        if venue.sees_mark(order, now):
            continue
        if takes_part(order, candle, now) and order.trigger.shown(ticks):
            venue.trigger(order, order.trigger.met(candle, worst(order, now)), now, offer)


def takes_part(order: Order, candle: Market, now: int) -> bool:
    """Whether it was there when the candle opened, or is since now.

    What trails only moves when candles of its instrument open and close, of which no other is under way.
    """
    return order.arrival <= candle.time_open or order.arrival == now


def worst(order: Order, now: int) -> int:
    """The trigger price of a held order; of one whose entry has filled now, no better than that."""
    stands = order.trigger.price
    if order.parent is None or order.parent.last_fill[0] != now:
        return stands
    return (max if order.side > 0 else min)(stands, order.parent.last_fill[1])
