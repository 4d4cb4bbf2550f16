"""Margin that must be kept: rules 42, 43, 70, 72 and 75. When an asset, or one position, is liquidated, and where."""

from __future__ import annotations

from .costs import NOTHING, fee_behind
from .isolated import is_short_alone
from .model import Book, Instrument, Market, Position, exact, in_range, most, rhe, value
from .money import Money
from .pledged import pledged
from .tiers import keeps, maintenance

Prices = dict[int, int]  # by instrument


def is_short(money: Money, asset: int, prices: Prices) -> bool:
    """Whether positions are margined in an asset that is worth less than they must keep, some of them at these prices.

    Rule 2: a notional that leaves the range ends the run.
    """
    held, marks = money.margined(asset) if liquidates(money, asset) else [], {**money.marks, **prices}
    for item, position in held:
        in_range(item.notional(position.quantity, marks[item.index]), "a notional")
    worth = at_hand(money, asset) + sum(value(item, one, marks[item.index]) for item, one in held)
    kept = sum(maintenance(item, one.quantity, marks[item.index], one.side) for item, one in held)
    return bool(held) and in_range(worth, "worth") < in_range(kept, "maintenance")


def at_hand(money: Money, asset: int) -> int:
    """What there is of an asset beside its positions, after what is set aside, and with what else counts."""
    return money.left(asset) - money.set_aside_of(asset) + pledged(money, asset, money.marks)


def is_short_at(money: Money, item: Instrument, ticks: int) -> bool:
    """Whether its position, or the asset in which that is margined, is, with it at this price."""
    if item.spec.isolated:
        return is_short_alone(money, item, money.positions[item.index], ticks)
    return is_short(money, item.quote, {item.index: ticks})


def liquidates(money: Money, asset: int) -> bool:
    """Rule 42: where a derivative is settled in it, or something that is margined in it has a maintenance."""
    there = [item for item in money.world.instruments if item.quote == asset and money.is_margined(item)]
    return any(keeps(item.spec) for item in there) or any(not item.spot for item in there)


def price_found(money: Money, candle: Market, since: int | None = None) -> int | None:
    """Rule 43: the first price on the way from the open to the extreme against a position at which it is liquidated.

    Rule 72: from the price at which it has been reduced.
    """
    item, (opening, high, low, _) = candle.instrument, candle.prices
    start = opening if since is None else since
    position = money.positions.get(item.index)
    if position is None or not money.is_margined(item) or candle.time_open < money.enlarged[item.index]:
        return None
    extreme = low if position.side > 0 else high

    def holds(steps: int) -> bool:
        return not is_short_at(money, item, start - position.side * steps)

    steps = abs(extreme - start)
    if holds(steps):
        return None
    return start - position.side * (most(steps, holds) + 1) if holds(0) else start


def price_out(book: Book, position: Position, mark: int) -> int:
    """Rule 43: the side of the standing quote that takes the position, if there is a whole one that is not crossed."""
    return book.price_for[-position.side] if book.whole() and not book.crossed() else mark


def fee_out(item: Instrument, lots: int, ticks: int) -> int:
    """Rule 43: a taker's, as one order, and the liquidation's."""
    notional = item.notional(lots, ticks)
    return fee_behind(NOTHING, item, lots, notional, False) + rhe(abs(notional) * exact(item.spec.liquidation_fee))
