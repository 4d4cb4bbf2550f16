"""Random bonds between the orders of a schedule that are sent together: groups, and orders that follow others."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario.conditions import told
from barter_bt.testing.scenario.shift import changed
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Row, Scenario, conditions_of


def with_bonds(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with orders that depend on others; of these more are sent together."""
    if not chance(source, 20):
        return scenario
    exchanges, rows = {item.name: item.exchange for item in scenario.instruments}, list[Row]()
    for given in scenario.schedule:
        row = given
        if row[0] == "open":
            if rows and rows[-1][0] == "open" and chance(source, 40):
                row = changed(row, {1: rows[-1][1]})
            near = [
                number
                for number, other in enumerate(rows)
                if other[0] == "open" and other[1] == row[1] and exchanges[other[2]] == exchanges[row[2]]
            ]
            row = _bound(source, rows, near, row) if near and chance(source, 70) else row
        rows.append(row)
    return replace(scenario, schedule=tuple(rows))


def _bound(source: Source, rows: list[Row], near: list[int], row: Row) -> Row:
    """A row that is of the group of an earlier one, or comes after it, or both."""
    conditions, number = conditions_of(row), source.pick(near)
    if chance(source, 60):
        first = conditions_of(rows[number])
        label = number if first.group is None else first.group
        rows[number] = told(rows[number], replace(first, group=label))
        conditions = replace(conditions, group=label)
    if conditions.group is None or chance(source, 30):
        conditions = replace(conditions, after=source.pick(near))
    return told(row, conditions)
