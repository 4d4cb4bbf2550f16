"""Random activation prices of trailing stops, and distances that are given in ticks (rules 31, 34 and 103)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from barter_bt.testing.scenario.conditions import RATES, told
from barter_bt.testing.scenario.numbers import CENTER, NEAR, between, in_ticks
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Conditions, Entry, InstrumentSpec, Row, Scenario, conditions_of

DRAWN = True  # of random scenarios
_PROTECTION = ("stop_loss", "take_profit", "trailing_stop", "trailing_activation")


def with_activation(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, half of its trailing stops with an activation, and some of its distances in ticks."""
    if not DRAWN or not any(_trails(conditions_of(row)) for row in scenario.schedule):
        return scenario
    by_name, rows = {item.name: item for item in scenario.instruments}, list[Row]()
    for row in scenario.schedule:
        if row[0] == "amend":
            named = rows[row[2]]
            rows.append(_amended(source, scenario, by_name[named[2]], row, conditions_of(named)))
        elif row[0] in ("open", "target") and _trails(conditions_of(row)) and chance(source, 50):
            rows.append(told(row, _activated(source, scenario, by_name[row[2]], row)))
        else:
            rows.append(row)
    scenario = replace(scenario, schedule=tuple(rows))
    declared = all(item.declares_tick for item in scenario.instruments)
    return in_counted_ticks(scenario) if declared and chance(source, 50) else scenario


def in_counted_ticks(scenario: Scenario) -> Scenario:
    """The same scenario with its distances in ticks, which means the same; all its instruments declare theirs."""
    by_name, by = {item.name: item for item in scenario.instruments}, scenario.protect_by == "distance"
    entered = scenario.price_by == "distance"

    def counted(item: InstrumentSpec, amount: float | None) -> Any:
        return None if amount is None else int(Decimal(repr(amount)) / Decimal(item.tick))

    def moved(row: Row) -> Row:
        said = conditions_of(row)
        item = by_name[(scenario.schedule[row[2]] if row[0] in ("amend", "cancel") else row)[2]]
        given: dict[str, Any] = {}
        if row[0] == "amend" and row[6] is not None:
            row, given = (*row[:6], None, *row[7:]), {"trailing_ticks": counted(item, row[6])}
        elif said.trailing is not None:
            given = {"trailing": None, "trailing_ticks": counted(item, said.trailing)}
        if by:
            given |= {name: counted(item, getattr(said, name)) for name in _PROTECTION}
        if entered and said.entry is not None:
            given["entry"] = _entry(said.entry, *(counted(item, each) for each in (said.entry.limit, said.entry.stop)))
        return told(row, replace(said, **given)) if any(value is not None for value in given.values()) else row

    units: dict[str, Any] = ({"protect_by": "ticks"} if by else {}) | ({"price_by": "ticks"} if entered else {})
    return replace(scenario, schedule=tuple(moved(row) for row in scenario.schedule), **units)


def _entry(entry: Entry, limit: float | None, stop: float | None) -> Entry:
    return replace(entry, limit=limit, stop=stop)


def _trails(said: Conditions) -> bool:
    return said.trailing_stop is not None or _is_trailing(said)


def _is_trailing(said: Conditions) -> bool:
    return any(each is not None for each in (said.trailing, said.trailing_rate, said.trailing_ticks))


def _near(source: Source, item: InstrumentSpec) -> float:
    """A price near the market, which may lie around 0."""
    return in_ticks(item, between(source, NEAR) - (int(CENTER) if item.price_can_be_negative else 0))


def _activated(source: Source, scenario: Scenario, item: InstrumentSpec, row: Row) -> Conditions:
    """What trails of an order, and of what protects it, with what activates it, unless that would be an error."""
    said, given = conditions_of(row), dict[str, Any]()
    is_long = row[3] is not None and row[3] > 0
    price = _near(source, item)
    if _is_trailing(said):
        beyond = said.stop is None or (said.stop > price if is_long else said.stop < price)
        given = {"activation": price} if beyond else {}
    if said.trailing_stop is not None and scenario.protect_by != "price":
        ticks = source.integer(1, 4)
        away = {"fraction": source.pick(RATES), "distance": in_ticks(item, ticks), "ticks": ticks}
        given["trailing_activation"] = away[scenario.protect_by]
    elif said.trailing_stop is not None:
        own = next((each for each in (row[4], said.stop, said.if_touched) if each is not None), None)
        own = own if row[0] == "open" else None
        price = _near(source, item)
        if own is None or (price > own if is_long else price < own):
            given["trailing_activation"] = price
    return replace(said, **given)


def _amended(source: Source, scenario: Scenario, item: InstrumentSpec, row: Row, of: Conditions) -> Row:
    """An amend, which may give another activation to what has one."""
    given: dict[str, Any] = {}
    if of.activation is not None and chance(source, 60):
        given["activation"] = _near(source, item)
    if of.trailing_activation is not None and scenario.protect_by == "price" and chance(source, 40):
        given["trailing_activation"] = _near(source, item)
    return told(row, replace(conditions_of(row), **given)) if given else row
