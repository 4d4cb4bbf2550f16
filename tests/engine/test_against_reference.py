"""The fast engine against the naive one of ``tests/reference``, on random scenarios; relations between runs.

``BARTER_BT_FUZZ=20000`` with ``-k compiled_agrees`` goes through so many scenarios, compiled, instead of a few hundred.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from barter_bt.errors import BarterBtError, ConfigError, DataError, StrategyError
from barter_bt.testing import (
    assert_idle_instrument_changes_nothing,
    assert_order_of_declaration_changes_nothing,
    assert_truncation_changes_nothing,
)
from barter_bt.testing.scenario import (
    CENTER,
    START,
    Case,
    ExchangeSpec,
    InstrumentSpec,
    Row,
    Scenario,
    StreamSpec,
    random_scenario,
    shifted,
)
from barter_bt.testing.strategies import accepted, cases, scenarios
from tests.draws import draws
from tests.reference.compare import (
    TABLES,
    assert_agree,
    difference,
    disagreement,
    fast,
    tables_of,
)
from tests.reference.engine import run
from tests.reference.model import build
from tests.reference.refusal import refusals
from tests.reference.transform import dealt, flat, shift_of

COMPILED = draws(400)
INTERPRETED = 150
RELATED = draws(40)  # scenarios for each relation
BLOCKS = 4  # for pytest-xdist
FOUND = (100905, 200520, 73385, 90405, 1142, 5788)  # seeds on which the engines, or an invariant, have differed
REFUSED = (
    1436,
    2188,
    3445,
    3821,
    6239,
    12142,
    20429,
    501208,
    501153,
    502235,
    820207,
    851354,
)  # seeds whose numbers do not fit each other

any_scenario = settings(max_examples=draws(25), deadline=None, suppress_health_check=list(HealthCheck))


def disagreements(seeds: Iterable[int], *, interpret: bool) -> list[str]:
    """The first few seeds on which the engines differ, and how."""
    found: list[str] = []
    for seed in seeds:
        text = disagreement(random_scenario(seed), interpret=interpret)
        if text:
            found.append(f"seed {seed}: {text}")
        if len(found) == 3:
            break
    return found


# The reference


@pytest.mark.parametrize("seed", FOUND)
def test_what_has_differed_once_agrees(seed: int) -> None:
    assert disagreements([seed], interpret=True) == []


@pytest.mark.parametrize("seed", REFUSED)
def test_what_cannot_be_counted_both_refuse(seed: int) -> None:
    """Balances, targets, orders off the grid, units of steps, rates, fees, an instrument, margin, a fee, cash flows."""
    scenario = random_scenario(seed)
    assert refusals(scenario)
    assert disagreements([seed], interpret=True) == []
    with pytest.raises((ConfigError, StrategyError)):
        fast(scenario, interpret=True)


def test_interpreted_agrees() -> None:
    assert disagreements(range(INTERPRETED), interpret=True) == []


@pytest.mark.parametrize("block", range(BLOCKS))
def test_compiled_agrees(block: int) -> None:
    assert disagreements(range(block, COMPILED, BLOCKS), interpret=False) == []


@any_scenario
@given(scenarios())
def test_drawn_scenarios_agree(scenario: Scenario) -> None:
    with accepted():
        assert_agree(scenario, interpret=True)


def test_scenarios_reach_everything() -> None:
    """Fuzzing proves little if the scenarios do little; the reference tells it, as the engines agree on these seeds."""
    ends, liquidity, paid, held_back, trades = set(), set(), set(), set(), 0
    for seed in range(530):
        scenario = random_scenario(seed)
        try:
            tables = run(scenario)
        except OverflowError:  # rule 2: both engines end
            continue
        specs = {spec.name: spec for spec in scenario.instruments}
        for row in tables.payments:
            kind = "cash" if row["instrument"] is None else specs[tables.instruments[row["instrument"]]].kind
            paid.add((kind, row["amount"] > 0))
        ends |= {(order["kind"], order["status"], order["reason"]) for order in tables.orders}
        held_back |= {(order["tif"], order["status"]) for order in tables.orders if order["good_after"] is not None}
        liquidity |= {trade["liquidity"] for trade in tables.trades}
        trades += len(tables.trades)
    assert liquidity == {"maker", "taker"}
    assert trades > 500
    closed = ("filled", "cancelled", "rejected")
    assert held_back >= {(tif, status) for tif in ("gtc", "ioc", "fok") for status in closed}
    kinds = ("cash", "perpetual", "inverse", "spot")  # cash flows of one's own, funding, dividends
    assert paid >= {(kind, gets) for kind in kinds for gets in (True, False)}
    assert ends >= {
        ("limit", "open", ""),
        ("limit", "filled", ""),
        ("limit", "cancelled", "requested"),
        ("limit", "expired", "not_filled"),
        ("limit", "expired", "post_only"),
        ("limit", "rejected", "post_only"),
        ("limit", "rejected", "below_minimum"),
        ("limit", "rejected", "below_price_min"),
        ("limit", "rejected", "insufficient_balance"),
        ("market", "filled", ""),
        ("market", "cancelled", "insufficient_balance"),
        ("market", "expired", "not_filled"),
        ("market", "rejected", "insufficient_balance"),
        ("market", "refused", "no_price"),
        ("limit", "cancelled", "expired"),
        ("market", "cancelled", "expired"),
        ("market", "rejected", "expired"),
    }


@pytest.mark.parametrize("seed", range(6000, 6000 + RELATED))
def test_several_streams_of_a_kind_for_one_instrument_agree(seed: int) -> None:
    """Its candles, trades or quotes in two or three streams, each in one chunk or in several."""
    scenario = dealt(random_scenario(seed), 2 + seed % 2)
    assert_agree(scenario, interpret=True)
    assert fast(scenario, interpret=True, pieces=2).digest == fast(scenario, interpret=True).digest


# Relations


@pytest.mark.parametrize("seed", range(1000, 1000 + RELATED))
def test_one_digest(seed: int) -> None:
    """Compiled or interpreted, declared in any order, in one chunk or several: one run."""
    scenario = random_scenario(seed)
    digests = dict(fast(scenario).digests)
    assert dict(fast(scenario, interpret=True).digests) == digests
    data, instruments, strategy, options = Case(scenario)
    assert_order_of_declaration_changes_nothing(data, instruments, strategy, seed=seed, interpret=False, **options)
    assert dict(fast(scenario, pieces=2).digests) == digests
    assert dict(fast(scenario, pieces=5).digests) == digests


@any_scenario
@given(cases())
def test_no_look_ahead(case: Case) -> None:
    data, instruments, strategy, options = case
    with accepted():
        assert_truncation_changes_nothing(data, instruments, lambda _: strategy, **options)


@pytest.mark.parametrize("seed", range(2000, 2000 + RELATED))
def test_no_look_ahead_compiled(seed: int) -> None:
    data, instruments, strategy, options = Case(random_scenario(seed))
    assert_truncation_changes_nothing(data, instruments, lambda _: strategy, interpret=False, **options)


@pytest.mark.parametrize("seed", range(3000, 3000 + RELATED))
def test_an_instrument_that_nobody_trades_changes_nothing(seed: int) -> None:
    scenario = random_scenario(seed)
    if any(item.fee_tiers for item in scenario.instruments):
        return  # volume is counted of every instrument, and so each must have a price in that asset
    data, instruments, strategy, options = Case(scenario)
    assert_idle_instrument_changes_nothing(data, instruments, strategy, interpret=False, **options)


@pytest.mark.parametrize("seed", range(4000, 4000 + RELATED))
def test_shifted_times_shift_the_results(seed: int) -> None:
    scenario = random_scenario(seed)
    by = shift_of(scenario)
    before, after = tables_of(fast(scenario)), tables_of(fast(shifted(scenario, by)))
    for name in TABLES:
        for row in getattr(before, name):
            times = [key for key in row if key.startswith(("time", "good"))]
            row.update({key: row[key] + by for key in times if row[key] is not None})
    assert difference(before, after) == ""


@pytest.mark.parametrize("seed", range(5000, 5000 + RELATED))
def test_at_a_flat_price_a_round_trip_costs_its_fees(seed: int) -> None:
    scenario = flat(random_scenario(seed), CENTER)
    if scenario is None:
        return
    tables = tables_of(fast(scenario))
    if any(item.kind == "option" or item.settlement_price is not None for item in scenario.instruments):
        return  # what it ends at is another price
    exact = [item.ratio.denominator == 1 for item in build(scenario).instruments]
    for row in tables.positions:
        if exact[row["instrument"]]:
            assert row["realised"] == -row["fees_enter"] - row["fees_exit"]


# What both would get wrong is refused

BTC = InstrumentSpec("btc_usd", "alpha", "btc", "usd")
ETH = InstrumentSpec("eth_btc", "alpha", "eth", "btc")
QUOTES: tuple[Row, ...] = ((START, None, "btc_usd", 99.0, 5.0, 101.0, 5.0),)


def simple(schedule: tuple[Row, ...] = (), rows: tuple[Row, ...] = QUOTES, **terms: Any) -> Scenario:
    balances = (("alpha", "usd", "1000"),)
    return Scenario((BTC, ETH), (ExchangeSpec("alpha"),), (StreamSpec("quotes", rows),), balances, schedule, **terms)


def test_locked_quotes_are_allowed_and_crossed_ones_refused() -> None:
    fast(simple(rows=((START, None, "btc_usd", 101.0, 5.0, 101.0, 5.0),)), interpret=True)
    fast(simple(rows=((START, None, "btc_usd", 102.0, 5.0, 101.0, 0.0),)), interpret=True)
    with pytest.raises(DataError, match="bid_price"):
        fast(simple(rows=((START, None, "btc_usd", 102.0, 5.0, 101.0, 5.0),)), interpret=True)


def test_fractions_of_equity_need_the_reporting_asset() -> None:
    with pytest.raises(StrategyError, match="eth_btc"):
        fast(simple((("target", START, "eth_btc", 0.5),), size="equity"), interpret=True)
    fast(simple((("target", START, "btc_usd", 0.5),), size="equity"), interpret=True)


@pytest.mark.parametrize(
    "schedule",
    [
        (("cancel", START, 0),),
        (("target", START, "btc_usd", 1.0), ("cancel", START, 0)),
    ],
)
def test_only_an_open_can_be_cancelled(schedule: tuple[Row, ...]) -> None:
    with pytest.raises(BarterBtError, match="cancel"):
        fast(simple(schedule), interpret=True)


def test_a_minimum_between_two_steps_is_rounded_up() -> None:
    rows = (("open", START, "btc_usd", 2.0, None, "gtc", False), ("open", START, "btc_usd", 3.0, None, "gtc", False))
    scenario = replace(simple(rows), instruments=(replace(BTC, quantity_min="2.5"), ETH))
    assert fast(scenario, interpret=True).orders["reason"].to_list() == ["below_minimum", None]


def test_large_notionals_are_sized_to_the_unit() -> None:
    """10,000,000 at 100 are 100,000 lots, however the target is written as a float."""
    rows = ((START, None, "btc_usd", 100.0, 1e6), (START + 1, None, "btc_usd", 100.0, 1e6))
    scenario = Scenario(
        (BTC,),
        (ExchangeSpec("alpha"),),
        (StreamSpec("trades", rows),),
        (("alpha", "usd", "100000000"),),
        (("target", START, "btc_usd", 1e7),),
        size="notional",
    )
    assert fast(scenario, interpret=True).orders["filled"].to_list() == [1e5]


def test_frames_in_pieces() -> None:
    """What the relation above relies on."""
    from barter_bt.testing.scenario.arguments import split

    frame = pl.DataFrame({"a": [1, 2, 3]})
    assert split(frame, 5).n_chunks() == 3
    assert split(frame, 5).equals(frame)
