"""One run said in other ways: the rules say what decides nothing, and there the journals stay as they are.

A relation holds without knowing what is right, so the engine alone is asked. Only what a rule exempts is left out, as
each test says.
"""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from barter_bt.errors import BarterBtError
from barter_bt.testing.scenario import Scenario, random_scenario
from tests.draws import draws
from tests.reference.compare import difference, fast, tables_of
from tests.reference.redenominate import redenominated
from tests.reference.rewrite import (
    by_instrument,
    delayed_alike,
    in_turns,
    is_one_by_one,
    merged,
    received,
    renamed,
    seen_apart,
)

RELATED = draws(12)  # scenarios for each relation
PATHLESS: dict[str, Any] = {"candle_path": "pessimistic"}


def outcome(scenario: Scenario) -> Any:
    """Tables, or how the run ends."""
    try:
        return tables_of(fast(scenario, interpret=True))
    except BarterBtError as error:
        return type(error).__name__


def changed_by(one: Scenario, other: Scenario) -> str:
    """On what two scenarios differ; names are not looked at."""
    first, second = outcome(one), outcome(other)
    if isinstance(first, str) or isinstance(second, str):
        return "" if first == second else f"one ends: {first if isinstance(first, str) else second}"
    same = {name: getattr(first, name) for name in ("assets", "units", "instruments", "scales")}
    return difference(first, replace(second, **same))


@pytest.mark.parametrize("seed", range(8000, 8000 + RELATED))
def test_a_stream_for_each_instrument(seed: int) -> None:
    """Rule 17: rows decide nothing; but rule 52: no row of a stream overtakes another."""
    scenario = random_scenario(seed)
    if not is_one_by_one(scenario):
        assert changed_by(scenario, by_instrument(scenario)) == ""


@pytest.mark.parametrize("seed", range(8100, 8100 + RELATED))
def test_one_stream_for_several_instruments(seed: int) -> None:
    """Rules 17 and 52, the other way round."""
    scenario = random_scenario(seed)
    other = merged(scenario)
    if not (is_one_by_one(scenario) or is_one_by_one(other)):
        assert changed_by(scenario, other) == ""


@pytest.mark.parametrize("seed", range(8200, 8200 + RELATED))
def test_two_streams_of_one_instrument_that_take_turns(seed: int) -> None:
    """Rule 10: always the smallest time; but rules 52, and 59: of several streams of candles there is no path."""
    scenario = random_scenario(seed)
    pathless = replace(scenario, exchanges=tuple(replace(one, **PATHLESS) for one in scenario.exchanges))
    if not is_one_by_one(scenario):
        assert changed_by(pathless, in_turns(pathless)) == ""


@pytest.mark.parametrize("seed", range(8300, 8300 + RELATED))
def test_one_stream_for_the_venue_and_one_for_the_strategy(seed: int) -> None:
    """Rule 78: each sees its own."""
    scenario = random_scenario(seed)
    assert changed_by(scenario, seen_apart(scenario)) == ""


@pytest.mark.parametrize("seed", range(8400, 8400 + RELATED))
def test_times_of_arrival_in_place_of_a_feed(seed: int) -> None:
    """Rule 9: an event arrives when it says so, else as much later as the feed takes; not one that varies."""
    scenario = random_scenario(seed)
    if not is_one_by_one(scenario):
        assert changed_by(scenario, received(scenario)) == ""


@pytest.mark.parametrize("form", ["uniform", "measured", "by_time"])
@pytest.mark.parametrize("seed", range(8500, 8500 + RELATED // 3))
def test_delays_that_always_say_the_same_are_a_constant(seed: int, form: str) -> None:
    """Rule 52."""
    scenario = random_scenario(seed)
    assert changed_by(scenario, delayed_alike(scenario, form)) == ""


@pytest.mark.parametrize("seed", range(8600, 8600 + RELATED))
def test_other_names_in_the_same_order(seed: int) -> None:
    """Rules 10, 21 and 24: instruments are numbered by exchange and name, and equal names of assets convert."""
    scenario = random_scenario(seed)
    assert changed_by(scenario, renamed(scenario, lambda name: f"n{name}_2")) == ""


@pytest.mark.parametrize("seed", range(8700, 8700 + RELATED))
def test_other_denominations(seed: int) -> None:
    """Rules 1, 3 and 20: all is counted in steps and units; what is not declared is no step of its asset's."""
    scenario = random_scenario(seed)
    declared = all(item.declares_tick and item.declares_lot for item in scenario.instruments)
    if not declared or isinstance(first := outcome(scenario), str):
        return
    texts = (format(Decimal(unit.numerator) / unit.denominator, "f") for unit in first.units)
    units = dict(zip(first.assets, texts, strict=True))
    order = random.Random(seed)
    names = sorted({asset for _, asset in first.assets})
    powers = {name: order.choice((-2, -1, 0, 1, 2)) for name in names}
    stays = redenominated(scenario, dict.fromkeys(names, 0), units)
    assert changed_by(scenario, stays) == ""
    assert changed_by(scenario, redenominated(scenario, powers, units)) == ""
