"""Terms and data as dimensions of a sweep: N sets are N runs, for every driver and whoever runs them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from tests.draws import draws
from tests.research.importable import DRIVERS, WALK, priced

FIGURES = ("sharpe", "total_return", "max_drawdown", "trades", "fees", "slippage", "orders_rejected")
DIMENSIONS = {
    "fee": st.lists(st.sampled_from(["0", "0.05%", "1%"]), min_size=1, max_size=2, unique=True),
    "latency": st.lists(st.sampled_from([0, 250_000_000, 90_000_000_000]), min_size=1, max_size=2, unique=True),
    "slip": st.lists(st.sampled_from(["0%", "0.1%"]), min_size=1, max_size=2, unique=True),
    "data": st.lists(st.sampled_from(["walk", "noisy", "short"]), min_size=1, max_size=2, unique=True),
}


def alone(strategy, row):
    """A run of one set by itself."""
    return priced(**{name: row[name] for name in DIMENSIONS}).run(strategy(row["bars"]))


def assert_rows_are_runs(found, strategy):
    for row in found.frame.rows(named=True):
        result = alone(strategy, row)
        summary = result.summary()
        assert {name: row[name] for name in FIGURES} == {name: summary[name] for name in FIGURES}
        assert row["digest"] in (None, result.digest)


@settings(max_examples=draws(4))
@given(data=st.data())
@pytest.mark.parametrize("driver", DRIVERS)
def test_n_sets_are_n_runs(driver, data):
    """Every figure, in one pass where that can be, and in threads."""
    over = {name: data.draw(values) for name, values in DIMENSIONS.items()} | {
        "bars": data.draw(st.sampled_from([(5,), (9,)]))
    }
    found = bt.sweep(priced, DRIVERS[driver], over=over, figures=FIGURES, workers=data.draw(st.sampled_from([1, 3])))
    assert found.frame.height == bt.grid(**over).height
    assert_rows_are_runs(found, DRIVERS[driver])


SETS = pl.DataFrame(
    {
        "fee": ["0", "1%", "1%", "0.05%"],
        "latency": [0, 90_000_000_000, 0, 250_000_000],
        "slip": ["0%", "0%", "0.1%", "0.1%"],
        "data": ["walk", "noisy", "short", "walk"],
        "bars": [5, 5, 9, 9],
    }
)


@pytest.mark.parametrize("driver", DRIVERS)
def test_processes_give_the_same(driver):
    """A factory of simulations and one of strategies, imported by each worker."""
    found = bt.sweep(priced, DRIVERS[driver], over=SETS, figures=FIGURES, executor="processes", workers=2)
    assert_rows_are_runs(found, DRIVERS[driver])
    assert found.frame["trades"].min() > 0
    assert found.frame["fees"].to_list()[0] == 0.0 < found.frame["fees"].to_list()[1]


def test_each_dimension_makes_a_difference():
    """None of them is lost on the way."""
    base = {"fee": "0", "latency": 0, "slip": "0%", "data": "walk", "bars": 5}
    others = [base | more for more in ({"fee": "1%"}, {"latency": 90_000_000_000}, {"slip": "0.1%"}, {"data": "noisy"})]
    found = bt.sweep(priced, DRIVERS["signals"], over=pl.DataFrame([base, *others]), figures=FIGURES, workers=1)
    assert found.frame["total_return"].n_unique() == 5
    assert WALK.height == 400
