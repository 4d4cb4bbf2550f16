"""Margin that must be kept: rules 42 and 43. When an asset is liquidated, and at which prices."""

from __future__ import annotations

from .costs import NOTHING, fee_behind
from .model import Book, Instrument, Market, Position, exact, in_range, most, rhe, value
from .money import Money

Prices = dict[int, int]  # by instrument


def is_short(money: Money, asset: int, prices: Prices) -> bool:
    """Whether positions are margined in an asset that is worth less than they must keep, some of them at these prices.

    Rule 2: a notional that leaves the range ends the run.
    """
    held, marks = money.margined(asset) if liquidates(money, asset) else [], {**money.marks, **prices}
    for item, position in held:
        in_range(item.notional(position.quantity, marks[item.index]), "a notional")
    worth = money.left(asset) + sum(value(item, one, marks[item.index]) for item, one in held)
    kept = sum(item.maintenance(one.side, one.quantity, marks[item.index]) for item, one in held)
    return bool(held) and in_range(worth, "worth") < in_range(kept, "maintenance")


def liquidates(money: Money, asset: int) -> bool:
    """Rule 42: where a derivative is settled in it, or something that is margined in it has a maintenance."""
    there = [item for item in money.world.instruments if item.quote == asset and money.is_margined(item)]
    own = [item.spec.maintenance is not None or item.spec.maintenance_per_contract is not None for item in there]
    return any(own) or any(not item.spot for item in there)


def price_found(money: Money, candle: Market) -> int | None:
    """Rule 43: the first price on the way from the open to the extreme against a position at which it is liquidated."""
    item, (opening, high, low, _) = candle.instrument, candle.prices
    position = money.positions.get(item.index)
    if position is None or not money.is_margined(item) or candle.time_open < money.enlarged[item.index]:
        return None
    extreme = low if position.side > 0 else high

    def keeps(steps: int) -> bool:
        return not is_short(money, item.quote, {item.index: opening - position.side * steps})

    steps = abs(extreme - opening)
    if keeps(steps):
        return None
    return opening - position.side * (most(steps, keeps) + 1) if keeps(0) else opening


def price_out(book: Book, position: Position, mark: int) -> int:
    """Rule 43: the side of the standing quote that takes the position, if there is a whole one that is not crossed."""
    return book.price_for[-position.side] if book.whole() and not book.crossed() else mark


def fee_out(item: Instrument, lots: int, ticks: int) -> int:
    """Rule 43: a taker's, as one order, and the liquidation's."""
    notional = item.notional(lots, ticks)
    return fee_behind(NOTHING, item, lots, notional, False) + rhe(notional * exact(item.spec.liquidation_fee))
