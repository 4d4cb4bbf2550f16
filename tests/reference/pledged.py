"""Other assets as collateral: rule 75."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .model import Instrument, exact, rhe

if TYPE_CHECKING:
    from .money import Money


def pledged(money: Money, quote: int, marks: dict[int, int], *, free: bool = False) -> int:
    """What they count for in the asset in which all is margined; of what they have ``free``, or of all of it."""
    world, name = money.world, money.spec.name
    if not any(
        item.spec.exchange == name and item.quote == quote and money.is_margined(item) for item in world.instruments
    ):
        return 0
    return sum(
        counted(money, world.assets.index((name, asset)), quote, exact(haircut), marks, free=free)
        for asset, haircut in money.spec.collateral
    )


def counted(money: Money, asset: int, quote: int, haircut: Fraction, marks: dict[int, int], *, free: bool) -> int:
    """One of them, at the mark of the first instrument between the two."""
    item = between(money, asset, quote)
    account = money.accounts[asset]
    amount = money.left(asset) - (account.reserved if free else 0)
    if amount <= 0 or item.index not in marks:
        return 0
    price = marks[item.index] * item.tick
    rate = price if item.base == asset else 1 / price
    worth = rhe(amount * money.world.units[asset] * rate / money.world.units[quote])
    return rhe(worth * (1 - haircut))


def between(money: Money, one: int, other: int) -> Instrument:
    """The first spot instrument by index."""
    return next(item for item in money.world.instruments if item.spot and {item.base, item.quote} == {one, other})
