"""What is refused before it runs because its numbers do not fit each other: drawn steps and amounts seldom do not."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from barter_bt.testing.scenario import Scenario

from .flows import Flow, read_flow
from .model import LIMIT, Instrument, World, build, conversions, exact, rhe


def refusals(scenario: Scenario) -> list[str]:
    """Words of which the engine's error has some; none if it is to run."""
    world = build(scenario)
    return [*_of_units(world, scenario), *_of_flows(world, scenario), *_of_schedule(world, scenario)]


def _of_units(world: World, scenario: Scenario) -> Iterator[str]:
    """Rules 1, 2 and 62: balances, a tick of a lot, and steps between assets are numbers that can be counted."""
    units = dict(zip(world.assets, world.units, strict=True))
    for (_, name), start in zip(world.assets, world.start, strict=True):
        if start > LIMIT:
            yield f"balance of '{name}'"
    for item in world.instruments:
        if _is_beyond(item.ratio):
            yield f"the units of '{item.spec.exchange}.{item.spec.name}' are too far apart"
    for item in world.instruments:
        yield from _of_fees(world, item)
    for row, far, name, spec in conversions([item.spec for item in world.instruments], scenario):
        if spec is None:
            yield from _of_rates(world, scenario, row, far, name)
        else:
            tick = next(item.tick for item in world.instruments if item.spec is spec)
            price = tick if far == spec.base else 1 / tick
            if _is_beyond(units[spec.exchange, far] * price / units[spec.exchange, name]):
                yield "too far apart for one to be converted"


def _of_rates(world: World, scenario: Scenario, row: int, far: str, name: str) -> Iterator[str]:
    """Rule 74: what so many units of a name are by each rate, in units of the name that it leads to."""
    units = {asset: unit for (_, asset), unit in zip(world.assets, world.units, strict=True)}
    _, quote, rates = scenario.rates[row]
    if {far, name} <= units.keys():
        for _, rate in rates:
            price = 1 / exact(rate) if far == quote else exact(rate)
            if _is_beyond(units[far] * price / units[name]):
                yield "too far apart for one to be converted"


def _of_fees(world: World, item: Instrument) -> Iterator[str]:
    """Rules 40, 62 and 63: amounts that can be counted, steps to what its fees and its volume are in."""
    for amount in (item.spec.per_order, item.spec.fee_minimum, item.spec.fee_increment or "0"):
        if 0 < exact(amount) < item.quote_unit:
            yield f"of '{item.spec.exchange}.{item.spec.name}' is {float(amount)}, less than a unit"
    units, exchange = dict(zip(world.assets, world.units, strict=True)), item.spec.exchange
    there = [one for one in world.instruments if one.spec.exchange == exchange]
    names = {one.spec.fee_tiers[1] for one in there if one.spec.fee_tiers is not None}
    for name in names | {item.spec.paid_in} - {"quote", "received"}:
        pair = next(
            (one for one in there if one.spot and {one.spec.base, one.spec.quote} == {item.spec.money, name}), None
        )
        if pair is not None:
            price = 1 / pair.tick if pair.spec.quote == item.spec.money else pair.tick
            if _is_beyond(units[exchange, item.spec.money] * price / units[exchange, name]):
                yield "cannot be converted by"


def _of_flows(world: World, scenario: Scenario) -> Iterator[str]:
    """Rule 48: numbers of cash flows can be counted, also of those that are never due."""
    for row in scenario.cash_flows:
        if row[0] not in ("interest", "borrow", "settlement", "funding", "split"):
            flow = read_flow(world, row)
            if _is_beyond(_share(world, flow)):
                yield "is beyond what can be counted"


def _share(world: World, flow: Flow) -> Fraction:
    """Lots, whole units, or of a dividend the units for each unit of what is held."""
    item, unit = flow.instrument, world.units[flow.asset]
    if item is None or flow.kind == "margin":
        return Fraction(rhe(flow.number / unit))
    if flow.kind == "assignment":
        return flow.number / item.lot
    assert flow.kind == "dividend"
    return flow.number * world.units[item.base] / unit


def _of_schedule(world: World, scenario: Scenario) -> Iterator[str]:
    """Rules 1, 2 and 104: an order is of whole lots, rounded to if none is declared; amounts can be counted."""
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
        if row[0] == "margin":
            units = abs(exact(row[3])) / world.find(row[2]).quote_unit
            if not Fraction(1, 2) <= units < LIMIT:
                yield "an amount of margin that is none"


def _is_beyond(ratio: Fraction) -> bool:
    return max(abs(ratio.numerator), ratio.denominator) > LIMIT
