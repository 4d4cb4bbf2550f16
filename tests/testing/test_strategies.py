"""What the Hypothesis strategies draw is valid, reaches what they promise, and can be run."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.testing import strategies
from barter_bt.testing.scenario import Case, Scenario
from barter_bt.testing.strategies.common import TWO
from tests.draws import draws

ROOT = Path(__file__).parents[2]
KINDS = ("trades", "quotes", "candles")
quick = settings(max_examples=draws(25), deadline=None, suppress_health_check=list(HealthCheck))
broad = settings(
    max_examples=2_000,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # the first that is found will do
    suppress_health_check=list(HealthCheck),
)


@quick
@given(st.data(), st.sampled_from(KINDS))
def test_data_has_no_error(data: st.DataObject, kind: str) -> None:
    """For drawn instruments, whose steps go to extremes: nothing that a run would refuse."""
    drawn = data.draw(st.lists(strategies.instruments(), min_size=1, max_size=3, unique_by=lambda one: one.name))
    frame = data.draw(getattr(strategies, kind)(drawn))
    stream = getattr(bt.data, kind)(frame)
    assert bt.data.check(stream, {one.name: k for k, one in enumerate(drawn)}).errors == ()
    assert set(frame["instrument"]) == {one.name for one in drawn}


@given(strategies.trades(max_rows=3, prices=(10, 20)))
def test_rows_and_prices_keep_their_bounds(frame: pl.DataFrame) -> None:
    assert 2 <= frame.height <= 4
    assert frame["price"].is_between(0.1, 0.2).all()


def _is_mixed(frame: pl.DataFrame) -> bool:
    lengths = frame.select(pl.col("time_exchange") - pl.col("time_open")).to_series()
    return lengths.n_unique() > 1


def _has_gap(frame: pl.DataFrame) -> bool:
    one = frame.filter(pl.col("instrument") == "a_usd").select("time_open", "time_exchange").rows()
    return any(after[0] > before[1] for before, after in pairwise(one))


@pytest.mark.parametrize(
    ("strategy", "is_there"),
    [
        (strategies.candles(), _is_mixed),
        (strategies.candles(), _has_gap),
        (strategies.candles(), lambda frame: "time_received" in frame.columns),
        (strategies.trades(), lambda frame: frame["time_exchange"].is_duplicated().any()),
        (strategies.quotes(), lambda frame: (frame["bid_amount"] == 0).any()),
        (strategies.quotes(), lambda frame: (frame["bid_price"] == frame["ask_price"]).any()),
        (strategies.instruments(), lambda one: one.is_inverse),
        (strategies.instruments(), lambda one: one.expiry is not None),
        (strategies.instruments(), lambda one: one.price_increment is None),
        (strategies.instruments(), lambda one: one.price_increment == "1e-12"),
        (strategies.fees(), lambda fees: fees.maker < 0),
        (strategies.latencies(), lambda delays: delays.request_ns > delays.feed_ns > 0),
        (strategies.venues(["trades", "candles"]), lambda venue: venue.taker_fills_on == "candles"),
        (strategies.venues(), lambda venue: venue.account == "margin" and venue.limit_fill == "touch"),
        (strategies.balances(), lambda amounts: amounts["usd"] == "0"),
        (strategies.cases(), lambda case: len(case.scenario.exchanges) == 2),
        (strategies.cases(), lambda case: len(case.instruments) == 3),
    ],
)
def test_what_is_promised_is_drawn(strategy: st.SearchStrategy[object], is_there: object) -> None:
    find(strategy, is_there, settings=broad)


@quick
@given(st.data())
def test_a_run_of_drawn_parts(data: st.DataObject) -> None:
    """Data, terms, balances and orders drawn one by one fit together."""
    frames = {
        kind: data.draw(getattr(strategies, kind)()) for kind in data.draw(st.sets(st.sampled_from(KINDS), min_size=1))
    }
    plan = data.draw(strategies.schedules(list(frames.values())))
    streams = [getattr(bt.data, kind)(frame) for kind, frame in frames.items()]
    terms, amounts = data.draw(strategies.venues(list(frames))), data.draw(strategies.balances())
    with strategies.accepted():
        result = bt.testing.run(streams, plan, TWO, venues=terms, balances=amounts)
    assert result.orders.height <= 3 * plan.frame.height  # each with what protects it


def test_orders_are_drawn_near_the_prices_and_times_of_the_data() -> None:
    day = 86_400
    frame = bt.testing.candles((0, day, 50, 60, 40, 55), (day, 2 * day, 55, 56, 54, 55)).frame().collect()
    plan = find(strategies.schedules(frame), lambda plan: plan.frame["price"].count() > 2, settings=broad)
    assert plan.frame["price"].drop_nulls().is_between(40, 60).all()
    late = find(strategies.schedules(frame), lambda plan: (plan.frame["time"].dt.day() > 1).any(), settings=broad)
    assert late.frame["time"].is_sorted()


@quick
@given(strategies.cases())
def test_a_case_is_its_scenario(case: Case) -> None:
    """What a failing test prints makes it again."""
    again = eval(repr(case), {"Case": Case, **vars(sys.modules["barter_bt.testing.scenario"])})
    assert again == case
    assert isinstance(case.scenario, Scenario)


@quick
@given(strategies.cases(lambda: bt.Signals(pl.lit(0.5))))
def test_a_case_with_a_strategy_of_one_s_own(case: Case) -> None:
    data, instruments, strategy, given_ = case
    with strategies.accepted():
        one = bt.backtest(data, instruments, strategy, interpret=True, **given_)
        assert one.digest == case.backtest().digest
        assert case.backtest(trading="disabled").orders.height == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: strategies.instruments(kinds=["swap"]), "kinds is"),
        (lambda: strategies.trades(prices=(1, 5)), "prices is"),
        (lambda: strategies.trades(max_rows=0), "max_rows is 0"),
    ],
)
def test_bad_arguments_are_told(make, message) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


WITHOUT = """
import sys
sys.modules["hypothesis"] = None
import barter_bt as bt
print(bt.testing.run_prices([1, 2], bt.testing.schedule()).orders.height)
try:
    bt.testing.strategies
except bt.errors.MissingPackageError as error:
    print(isinstance(error, ImportError), error)
"""


def test_hypothesis_is_needed_for_its_strategies_alone() -> None:
    code = "import barter_bt.errors\n" + WITHOUT
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "0",
        "True barter_bt.testing.strategies needs Hypothesis",
        "Hint: pip install hypothesis",
    ]
    code = "import barter_bt, sys; barter_bt.testing; print('hypothesis' in sys.modules, 'numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
