"""Rule 76 by comparison: both engines around 0, and runs whose prices are all moved by some ticks."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from barter_bt.testing.scenario import InstrumentSpec, Row, Scenario, instruments, random_scenario
from barter_bt.testing.scenario.conditions import told
from barter_bt.testing.scenario.negative import can_be_negative, with_prices_moved
from barter_bt.testing.scenario.numbers import in_ticks
from barter_bt.testing.scenario.shift import changed
from barter_bt.testing.scenario.spec import conditions_of

from .compare import disagreement, fast, tables_of
from .model import ZERO, build

MAKE = import_module("barter_bt.testing.scenario.make")  # whose name a function has
LINEAR = tuple(pair for pair in instruments.PAIRS if pair[3] in ("perpetual", "future"))
SEEDS = st.integers(0, 10**9)


def linear(seed: int) -> Scenario:
    """A random scenario of linear derivatives, without what goes by the worth of a price, which is never rounded."""
    with mock.patch.object(instruments, "PAIRS", LINEAR), mock.patch.object(MAKE, "PAIRS", LINEAR):
        found = random_scenario(seed)
    assume("fraction" not in (found.protect_by, found.price_by))
    items = {one.name: plain(one) for one in found.instruments}
    assume(all(can_be_negative(found, one) for one in items.values()))
    rows = tuple(without_rates(row, items, found.schedule) for row in found.schedule)
    flows = tuple(row for row in found.cash_flows if row[0] != "funding")
    rest: dict[str, Any] = {"cash_flows": flows, "size": "units", "size_at": "decision", "units": ()}
    made = replace(found, instruments=tuple(items.values()), schedule=rows, **rest)
    assume(all(one.ratio.denominator == 1 for one in build(made).instruments))
    return made


def plain(item: InstrumentSpec) -> InstrumentSpec:
    """With fees, margin and maintenance by contract alone, and slippage that is no fraction of the price."""
    margin = item.margin_per_contract or in_text(item)
    costs = {"maker": "0", "taker": "0", "fee_maximum": None, "slippage_rate": "0", "volume_share": 0.0}
    keeps = {"margin_per_contract": margin, "maintenance": None, "liquidation_fee": "0", "tiers": (), "by_tier": False}
    other: dict[str, Any] = {
        "notional_min": None,
        "fee_tiers": None,
        "paid_in": "quote",
        "discount": "0",
        "declares_tick": True,
    }
    return replace(item, **costs, **keeps, **other)


def in_text(item: InstrumentSpec) -> str:
    return str(in_ticks(replace(item, tick="1e-6"), 3))


def without_rates(row: Row, items: dict[str, InstrumentSpec], rows: tuple[Row, ...]) -> Row:
    """Trailing stops stay two ticks behind in place of a fraction of the price."""
    if row[0] == "amend" and row[7] is not None:
        return changed(row, {6: in_ticks(items[rows[row[2]][2]], 2), 7: None})
    conditions = conditions_of(row)
    if row[0] in ("cancel", "amend") or conditions.trailing_rate is None:
        return row
    return told(row, replace(conditions, trailing=in_ticks(items[row[2]], 2), trailing_rate=None))


@settings(max_examples=15, suppress_health_check=[HealthCheck.filter_too_much])
@given(SEEDS, st.integers(-220, 40))
def test_rule_76_prices_moved_by_some_ticks_change_prices_alone(seed, ticks):
    """Quantities, fees, what is realised, balances and equity stay; every price is as many ticks higher."""
    scenario = linear(seed)
    moved = scenario
    for item in scenario.instruments:
        moved = with_prices_moved(moved, item.name, ticks)
    here, there = (tables_of(fast(one, interpret=True)) for one in (with_prices_at(scenario), moved))
    for name in ("positions", "balances", "payments", "equity"):
        assert getattr(here, name) == getattr(there, name), name
    for name in ("orders", "trades", "amends"):
        assert [up(row, ticks) for row in getattr(here, name)] == [up(row, 0) for row in getattr(there, name)], name


def with_prices_at(scenario: Scenario) -> Scenario:
    """The same, of instruments whose prices can be negative but are not."""
    for item in scenario.instruments:
        scenario = with_prices_moved(scenario, item.name, 0)
    return scenario


def up(row: dict[str, Any], ticks: int) -> dict[str, Any]:
    """A row with its prices higher by some ticks, and without its notional."""
    names = ("price", "trigger", "price_before", *(() if row.get("activation_by") else ("activation",)))
    prices = {name: row[name] for name in names if row.get(name)}
    higher = {name: int(str(price).removesuffix(" from 0")) + ticks for name, price in prices.items()}
    return {name: cell for name, cell in (row | higher).items() if name != "notional"}


@settings(max_examples=15, suppress_health_check=[HealthCheck.filter_too_much])
@given(SEEDS)
def test_rule_76_a_price_that_could_be_negative_and_is_not_changes_nothing(seed):
    """What is declared, and never needed, leaves every table as it is."""
    scenario = linear(seed)
    declared, not_declared = (tables_of(fast(one, interpret=True)) for one in (with_prices_at(scenario), scenario))
    for name in ("positions", "balances", "payments", "equity"):
        assert getattr(declared, name) == getattr(not_declared, name), name
    for name in ("orders", "trades", "amends"):
        assert [up(row, 0) for row in getattr(declared, name)] == [up(row, 0) for row in getattr(not_declared, name)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.filter_too_much])
@given(SEEDS)
def test_rule_76_both_engines_agree_around_zero(seed):
    scenario = random_scenario(seed)
    chosen = [one for one in scenario.instruments if can_be_negative(scenario, one)]
    assume(chosen)
    for item in chosen:
        if not item.price_can_be_negative:
            scenario = with_prices_moved(scenario, item.name, -100)
    text = disagreement(scenario, interpret=True)
    assert not text, text


def test_the_reference_counts_from_elsewhere():
    """So that no number of ticks is the same by accident."""
    from barter_bt.engine.terms import NEGATIVE_ZERO

    assert ZERO != NEGATIVE_ZERO
