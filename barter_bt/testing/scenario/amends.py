"""Random amends of the orders of a schedule: prices, quantities, triggers and distances, near what they were."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.conditions import RATES, told
from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import NEAR, in_ticks, price
from barter_bt.testing.scenario.shift import changed
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import InstrumentSpec, Row, Scenario, conditions_of

DRAWS_AMENDS = True


def with_amends(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, two of five times with amends of some of its orders."""
    if not DRAWS_AMENDS or not chance(source, 40):
        return scenario
    times, by_name = times_of(scenario), {item.name: item for item in scenario.instruments}
    keyed = [((row[1], 1), number, row) for number, row in enumerate(scenario.schedule)]
    for number, row in enumerate(scenario.schedule):
        while row[0] == "open" and chance(source, 45):
            later = [time for time in times if time > row[1]]
            time = source.pick(later[: source.pick((99, 8, 3))]) if later and chance(source, 85) else row[1]
            place = source.pick((0, 2)) if time > row[1] else 2  # before or behind what is sent at that time
            keyed.append(((time, place), -1, make_amend(source, by_name[row[2]], number, row, time)))
    keyed.sort(key=lambda one: one[0])
    now = {number: place for place, (_, number, _) in enumerate(keyed) if number >= 0}
    return replace(scenario, schedule=tuple(renumbered(row, now) for _, _, row in keyed))


def make_amend(source: Source, item: InstrumentSpec, number: int, row: Row, time: int) -> Row:
    """One that gives something that the order has, mostly one thing."""
    conditions = conditions_of(row)
    trails = conditions.trailing is not None or conditions.trailing_rate is not None
    held = trails or conditions.stop is not None or conditions.if_touched is not None
    has = ["quantity", *(["price"] * 3 if row[4] is not None else []), *(["trigger"] * 2 if held else [])]
    has += ["trailing", "trailing_rate"] if trails else []
    given = {source.pick(has) for _ in range(source.pick((1, 1, 1, 2, 3)))}
    if "trailing" in given:
        given -= {"trailing_rate"}
    quantity = float(Decimal(item.lot) * source.integer(1, 12))
    if chance(source, 15):
        quantity = abs(row[3])
    limit = row[4] if chance(source, 10) else price(source, item, NEAR)
    return (
        "amend",
        time,
        number,
        limit if "price" in given else None,
        quantity if "quantity" in given else None,
        price(source, item, NEAR) if "trigger" in given else None,
        in_ticks(item, source.integer(1, 4)) if "trailing" in given else None,
        source.pick(RATES) if "trailing_rate" in given else None,
    )


def renumbered(row: Row, now: dict[int, int]) -> Row:
    """A row that names others by their new numbers."""
    if row[0] in ("cancel", "amend"):
        return changed(row, {2: now[row[2]]})
    after = conditions_of(row).after
    return row if after is None else told(row, replace(conditions_of(row), after=now[after]))
