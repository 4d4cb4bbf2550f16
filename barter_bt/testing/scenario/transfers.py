"""Random margin that is added to isolated positions by hand (rule 79), and assignments of short options (rule 81)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.flows import make_amount, plainly, times_of
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Row, Scenario

LEAST = 1e-6  # of an amount that a schedule moves: mostly so much is a unit or more of its asset


def with_transfers(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with transfers where something is isolated, at times at which something happens."""
    isolated = [one for one in scenario.instruments if one.isolated]
    if not isolated or not chance(source, 50):
        return scenario
    times, rows = times_of(scenario), dict[tuple[int, str], Row]()
    for _ in source.several(1, 5):
        item, time = source.pick(isolated), source.pick(times) + source.pick((0, 0, 0, 1))
        amount = plainly(make_amount(source, scenario, item, item.money))
        rows[time, item.name] = ("margin", time, item.name, amount)
    return replace(scenario, cash_flows=(*scenario.cash_flows, *(rows[key] for key in sorted(rows))))


def with_margin_rows(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with margin that its schedule asks for (rule 104), behind the rows that there are."""
    isolated = [one for one in scenario.instruments if one.isolated and not scenario.units]
    if not isolated or not scenario.schedule or not chance(source, 50):
        return scenario
    first = max(row[1] for row in scenario.schedule)
    later, rows = [time for time in times_of(scenario) if time >= first], list[Row]()
    for _ in source.several(1, 4):
        item = source.pick(isolated)
        amount = plainly(make_amount(source, scenario, item, item.money))
        if abs(amount) >= LEAST:
            rows.append(("margin", source.pick(later), item.name, amount))
    return replace(scenario, schedule=(*scenario.schedule, *sorted(rows, key=lambda row: row[1])))


def with_assignments(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with contracts of its American options that are exercised against it (rule 81)."""
    options = [one for one in scenario.instruments if one.american]
    if not options or not chance(source, 50):
        return scenario
    times, rows = times_of(scenario), dict[tuple[int, str], Row]()
    last = max((row[1] for row in scenario.schedule), default=times[0])
    later = [time for time in times if time >= last] or [last]
    lots = Decimal(options[0].lot) * source.integer(1, 9)
    sold = ("open", later[0], options[0].name, -float(lots), None, "gtc", False)
    scenario = replace(scenario, schedule=(*scenario.schedule, sold))
    for _ in source.several(1, 4):
        item, time = source.pick(options), source.pick(later)
        rows[time, item.name] = ("assignment", time, item.name, float(Decimal(item.lot) * source.integer(1, 4)))
    return replace(scenario, cash_flows=(*scenario.cash_flows, *(rows[key] for key in sorted(rows))))
