"""Many positions are valued several at a time, and one alone in a few steps, as each would be (rules 5 and 24)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.columns.entry import compile_call
from barter_bt.columns.exact import LIMIT
from barter_bt.columns.kernel import interprets
from barter_bt.engine.state import valuation
from barter_bt.engine.state.tables import EngineState
from barter_bt.testing import schedule, trades
from barter_bt.testing.scenario import Scenario
from barter_bt.testing.strategies import accepted, scenarios
from tests.draws import draws
from tests.reference.compare import fast

COUNT = valuation._MANY + 1
INSTRUMENTS = [
    bt.Instrument("x", "abcdefghi"[k] + "_usd", price_increment=1, quantity_increment=1) for k in range(COUNT)
]
AMOUNTS = st.integers(0, 9) | st.integers(0, LIMIT) | st.sampled_from([(1 << 31) - 1, 1 << 53, 10**15, LIMIT - 1])
SIGNED = st.builds(lambda amount, sign: amount * sign, AMOUNTS, st.sampled_from([1, -1]))
FEW = st.integers(0, 9)
PLAIN = {
    "quantity": st.integers(-9, 9),
    "cost_basis": FEW,
    "last": FEW,
    "own_mark": st.just(0),
    "settled": st.just(0),
    "bid": st.just(0),
    "ask": st.sampled_from([0, 6]),
    "num": st.sampled_from([1, 3, 10**9]),
    "den": st.sampled_from([1, 2, 7, 10**5]),
    "derivative": st.sampled_from([0, 1]),
    "lots_max": st.just(LIMIT // 10**9),
}
OTHER = {
    "quantity": SIGNED,
    "cost_basis": AMOUNTS,
    "last": AMOUNTS,
    "own_mark": st.sampled_from([-1, 7]),
    "settled": st.just(3),
    "bid": st.just(5),
    "den": st.just(1 << 40),
    "derivative": st.just(-1),
    "lots_max": st.sampled_from([-1, 3]),
}
Row = dict[str, int]


@settings(max_examples=draws(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_a_run_that_values_all_at_once_is_the_same(scenario: Scenario) -> None:
    digests = []
    for many in (1, 1 << 40):
        with accepted(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(valuation, "_MANY", many)
            digests.append(dict(fast(scenario, interpret=True).digests))
    assert digests[0] == digests[1]


@pytest.fixture(scope="module")
def state() -> EngineState:
    """Of a run of many instruments, of which each is given a position by the test."""
    one = trades((1, 5, 1))
    return bt.backtest(one, INSTRUMENTS, schedule(), balances={"usd": 10}, interpret=True).state


def with_one_other(rows: list[Row], i: int, name: str, other: Row) -> list[Row]:
    """One row has one value that is not as usual."""
    return [row | {name: other[name]} if k == i else row for k, row in enumerate(rows)]


usual = st.lists(st.fixed_dictionaries(PLAIN), min_size=COUNT, max_size=COUNT)
one_other = st.builds(
    with_one_other, usual, st.integers(0, COUNT - 1), st.sampled_from(list(OTHER)), st.fixed_dictionaries(OTHER)
)
plain = dict.fromkeys(PLAIN, 0) | {"num": 1, "den": 1, "lots_max": LIMIT}


@settings(max_examples=draws(400), deadline=None, suppress_health_check=list(HealthCheck))
@example([plain | {"quantity": 2, "cost_basis": 0, "last": 3}] * COUNT, 0)
@example([plain | {"quantity": -5, "cost_basis": 9, "last": 3, "den": 2, "derivative": 1}] * COUNT, 5)
@example([plain | {"quantity": 1 << 30, "cost_basis": 0, "last": 1 << 31}] * COUNT, LIMIT)
@example([plain | {"quantity": 1, "last": 3, "derivative": 1, "settled": 5 * (k == 2)} for k in range(COUNT)], 1)
@given(usual | one_other, SIGNED)
def test_positions_of_any_kind(state: EngineState, rows: list[Row], rest: int) -> None:
    given_to(state, rows, rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(valuation, "_MANY", 1 << 40)
        expected = valuation.equity(state)
    assert valuation.equity(state) == expected
    if not interprets():
        assert compile_call(valuation.equity, EngineState)(state.address) == expected


def alone(s: EngineState) -> int:
    """The equity as candles at which nobody looks have it (`simulation/candles.py`), if one position is all."""
    k = valuation.held_alone(s)
    if k < 0 or s.instruments.own_mark[k] != 0:
        return valuation.equity(s)
    lots, t = s.instruments.quantity[k] * s.terms.num[k], s.terms
    value = valuation.value_of_lots(s.instruments.last[k], lots, t.den[k], t.den_inverse[k])
    return valuation.equity(s) if value == valuation.UNKNOWN else valuation.worth_beside(s, k) + value


@settings(max_examples=draws(400), deadline=None, suppress_health_check=list(HealthCheck))
@example([plain | {"quantity": -5, "cost_basis": 9, "last": 3, "den": 2, "derivative": 1}] * COUNT, 0, 5)
@example([plain | {"quantity": 1 << 30, "last": 1 << 31}] * COUNT, 3, LIMIT)
@example([plain | {"quantity": 1, "cost_basis": LIMIT, "last": 3, "derivative": 1}] * COUNT, 3, -LIMIT)
@given(usual | one_other, st.integers(0, COUNT - 1), SIGNED)
def test_one_position_of_any_kind(state: EngineState, rows: list[Row], k: int, rest: int) -> None:
    given_to(state, [row if i == k else row | {"quantity": 0} for i, row in enumerate(rows)], rest)
    assert alone(state) == valuation.equity(state)
    if not interprets():
        assert compile_call(alone, EngineState)(state.address) == valuation.equity(state)


def test_one_position_is_plain(state: EngineState) -> None:
    """Else nothing would be gained."""
    rows = [plain | {"quantity": 3 * (k == 4), "last": 3} for k in range(COUNT)]
    given_to(state, rows, 0)
    assert valuation.held_alone(state) == 4
    state.instruments.quantity[5] = 1
    assert valuation.held_alone(state) == -1


def test_most_positions_are_plain(state: EngineState) -> None:
    """Else nothing would be gained."""
    rows = [
        plain | {"quantity": k, "cost_basis": 1, "last": 3, "derivative": k % 2, "den": 1 + k} for k in range(COUNT)
    ]
    given_to(state, rows, 0)
    assert valuation._plain_worth(state) != valuation.UNKNOWN
    state.instruments.bid[3] = 1
    assert valuation._plain_worth(state) == valuation.UNKNOWN


def given_to(state: EngineState, rows: list[Row], rest: int) -> None:
    state.assets.rest[state.engine.reporting[0]] = rest
    for i, row in enumerate(rows):
        for name in ("quantity", "cost_basis", "last", "own_mark", "settled", "bid", "ask"):
            getattr(state.instruments, name)[i] = row[name]
        state.instruments.bid_amount[i] = state.instruments.ask_amount[i] = 1.0
        for name in ("num", "den", "derivative", "lots_max"):
            getattr(state.terms, name)[i] = row[name]
        state.terms.den_inverse[i] = 1 / row["den"]
