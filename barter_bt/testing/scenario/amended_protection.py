"""Random rows that amend what protects the entries of a schedule (rule 101)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from barter_bt.testing.scenario.amends import renumbered
from barter_bt.testing.scenario.conditions import RATES
from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import CENTER, NEAR, between, in_ticks
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Conditions, InstrumentSpec, Row, Scenario, conditions_of

DRAWN = True  # of random scenarios


def with_amended_protection(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, half of the time with amends of some of what protects its entries."""
    protected = [number for number, row in enumerate(scenario.schedule) if may_give(scenario, row)]
    if not DRAWN or not protected or not chance(source, 50):
        return scenario
    times, by_name = times_of(scenario), {item.name: item for item in scenario.instruments}
    keyed = [((row[1], 1), number, row) for number, row in enumerate(scenario.schedule)]
    for number in protected:
        row = scenario.schedule[number]
        while chance(source, 50):
            later = [time for time in times if time > row[1]]
            if not later and row[0] == "target":
                break
            time = source.pick(later[: source.pick((99, 8, 3))]) if later and chance(source, 85) else row[1]
            time = time if row[0] == "open" or time > row[1] else later[0]
            place = source.pick((0, 2)) if time > row[1] else 2
            given = make_amend(source, scenario, by_name[row[2]], row)
            keyed.append(((time, place), -1, ("amend", time, number, *[None] * 5, given)))
    keyed.sort(key=lambda one: one[0])
    now = {number: place for place, (_, number, _) in enumerate(keyed) if number >= 0}
    return replace(scenario, schedule=tuple(renumbered(row, now) for _, _, row in keyed))


def may_give(scenario: Scenario, row: Row) -> list[str]:
    """What an amend of a row's protection may give: what it has the like of, and distances only where those count."""
    if row[0] not in ("open", "target") or row[3] is None:
        return []
    said = conditions_of(row)
    stop, trail = said.stop_loss is not None, said.trailing_stop is not None
    found = ["stop_loss"] * (stop or trail) + ["take_profit"] * (said.take_profit is not None)
    return (found if scenario.protect_by == "price" else []) + ["trailing_stop"] * trail


def make_amend(source: Source, scenario: Scenario, item: InstrumentSpec, row: Row) -> Conditions:
    """Mostly one thing."""
    names = may_give(scenario, row)
    given = {source.pick(names) for _ in range(source.pick((1, 1, 2)))}
    off = -int(CENTER) if item.price_can_be_negative else 0
    prices = {name: in_ticks(item, between(source, NEAR) + off) for name in ("stop_loss", "take_profit")}
    trail = source.pick(RATES) if scenario.protect_by == "fraction" else in_ticks(item, source.integer(1, 4))
    values: dict[str, Any] = prices | {"trailing_stop": trail}
    return Conditions(**{name: values[name] for name in sorted(given)})
