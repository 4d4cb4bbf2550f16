"""Random margin that is added to isolated positions by hand, and taken from them (rule 79)."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario.flows import make_amount, plainly, times_of
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Row, Scenario


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
