"""What is refused before it runs because its numbers do not fit each other: drawn steps and amounts seldom do not."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from barter_bt.testing.scenario import Scenario

from .model import LIMIT, World, build, conversions, exact


def refusals(scenario: Scenario) -> list[str]:
    """Words of which the engine's error has some; none if it is to run."""
    world = build(scenario)
    return [*_of_units(world, scenario), *_of_schedule(world, scenario)]


def _of_units(world: World, scenario: Scenario) -> Iterator[str]:
    """Rules 1 and 2: balances, a tick of a lot, and the steps of conversions are numbers that can be counted."""
    units = dict(zip(world.assets, world.units, strict=True))
    for (_, name), start in zip(world.assets, world.start, strict=True):
        if start > LIMIT:
            yield f"balance of '{name}'"
    for item in world.instruments:
        if _is_beyond(item.ratio):
            yield f"the units of '{item.spec.exchange}.{item.spec.name}' are too far apart"
    for _, far, name, spec in conversions([item.spec for item in world.instruments], scenario):
        if spec is not None:
            tick = next(item.tick for item in world.instruments if item.spec is spec)
            price = tick if far == spec.base else 1 / tick
            if _is_beyond(units[spec.exchange, far] * price / units[spec.exchange, name]):
                yield "too far apart for one to be converted"


def _of_schedule(world: World, scenario: Scenario) -> Iterator[str]:
    """Rules 1 and 2: an order is of whole lots, which are rounded to if none is declared; a target can be counted."""
    for row in scenario.schedule:
        if row[0] == "open":
            item = world.find(row[2])
            lots = abs(exact(row[3])) / item.lot
            if lots.denominator > 1 if item.spec.declares_lot else lots < Fraction(1, 2):
                yield "a quantity of 0 or off the grid"
        if row[0] == "target" and row[3] is not None:
            item = world.find(row[2])
            step = {"units": item.lot, "notional": item.quote_unit, "equity": Fraction(1, 10**9)}[scenario.size]
            if abs(exact(row[3])) / step >= LIMIT:
                yield "a target beyond"


def _is_beyond(ratio: Fraction) -> bool:
    return max(ratio.numerator, ratio.denominator) > LIMIT
