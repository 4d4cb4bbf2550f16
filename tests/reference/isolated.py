"""Isolated margin: rule 70. What a fill sets aside of its position, and when that is liquidated alone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .model import Fill, Instrument, Position, in_range, rhe, value
from .tiers import maintenance, requirement

if TYPE_CHECKING:
    from .money import Money


def set_aside(money: Money, item: Instrument, fill: Fill) -> int:
    """What is set aside of a position when a fill is done."""
    if not item.spec.isolated:
        return 0
    before, aside = money.positions.get(item.index), money.aside.get(item.index, 0)
    lots, ticks = fill.lots, fill.ticks
    if before is None:
        return requirement(item, lots, ticks)
    quantity = before.quantity
    if before.side == fill.side:
        return aside + requirement(item, quantity + lots, ticks) - requirement(item, quantity, ticks)
    if lots > quantity:
        return requirement(item, lots - quantity, ticks)
    return aside - rhe(Fraction(aside * lots, quantity)) if lots < quantity else 0


def is_short_alone(money: Money, item: Instrument, position: Position, mark: int) -> bool:
    """Whether it is worth less than it must keep at this mark; rule 2: a notional beyond the range ends the run."""
    in_range(item.notional(position.quantity, mark), "a notional")
    worth = money.aside.get(item.index, 0) + value(item, position, mark)
    return in_range(worth, "worth") < maintenance(item, position.quantity, mark)
