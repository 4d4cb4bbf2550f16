"""Terms and data as dimensions of a sweep: N sets are N runs, for every driver and whoever runs them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from tests.draws import draws
from tests.research.importable import DRIVERS, LATER, SETS, driven, priced

FIGURES = ("sharpe", "total_return", "max_drawdown", "trades", "fees", "slippage", "orders_rejected")
DIMENSIONS = {
    "fee": st.sampled_from(["0", "0.05%", "1%"]),
    "latency": st.sampled_from([0, 250_000_000, LATER]),
    "slip": st.sampled_from([0.0, 0.001]),
    "data": st.sampled_from(["walk", "noisy", "short"]),
}


def assert_rows_are_runs(found, strategy):
    """Each against a run of its set by itself."""
    for row in found.frame.rows(named=True):
        result = priced(**{name: row[name] for name in DIMENSIONS}).run(
            strategy(**{name: row[name] for name in ("driver", "bars") if name in row})
        )
        summary = result.summary()
        assert {name: row[name] for name in FIGURES} == {name: summary[name] for name in FIGURES}
        assert row["digest"] in (None, result.digest)


@pytest.mark.parametrize("driver", DRIVERS)
@settings(max_examples=draws(4))
@given(
    sets=st.lists(st.fixed_dictionaries(DIMENSIONS | {"bars": st.sampled_from([5, 9])}), min_size=1, max_size=3),
    workers=st.sampled_from([1, 3]),
)
def test_n_sets_are_n_runs(driver, sets, workers):
    """Every figure, in one pass where that can be, and in threads."""
    over = pl.DataFrame(sets).unique(maintain_order=True)
    found = bt.sweep(priced, DRIVERS[driver], over=over, figures=FIGURES, workers=workers)
    assert found.frame.height == over.height
    assert_rows_are_runs(found, DRIVERS[driver])


def test_processes_give_the_same():
    """Every driver, each with terms and data of its own: both factories are imported by each worker."""
    found = bt.sweep(priced, driven, over=SETS, figures=FIGURES, executor="processes", workers=2)
    assert_rows_are_runs(found, driven)
    assert found.frame["trades"].min() > 0
    assert found.frame["fees"].to_list()[0] == 0.0 < found.frame["fees"].to_list()[1]


def test_each_dimension_makes_a_difference():
    """None of them is lost on the way."""
    base = {"fee": "0", "latency": 0, "slip": 0.0, "data": "walk", "bars": 5}
    others = [base | more for more in ({"fee": "1%"}, {"latency": LATER}, {"slip": 0.001}, {"data": "noisy"})]
    found = bt.sweep(priced, DRIVERS["signals"], over=pl.DataFrame([base, *others]), figures=FIGURES, workers=1)
    assert found.frame["total_return"].n_unique() == 5
