"""The order in which sets are run: what they share is computed as seldom as memory allows; figures do not change."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt import research
from barter_bt.research.one_pass import targets
from barter_bt.research.one_pass.sharing import order_of_sharing
from barter_bt.research.runs import Runs
from barter_bt.testing import bars

BTC = bt.Instrument("x", "btc_usd", price_increment="0.01", quantity_increment="0.001")
WAVE = (50 + 9 * np.sin(np.arange(90) / 3)).round(2).tolist()
CANDLES = bars(*[(price, price, price, price) for price in WAVE], instrument="btc_usd", step=60.0)


def simulation(fee="0.1%"):
    venue = bt.Venue(fees=bt.Fees(maker=fee, taker=fee))
    return bt.Simulation(CANDLES, BTC, balances={"usd": 1_000}, venues=venue, interpret=True)


def crossing(fast, slow):
    mean = pl.col("close").rolling_mean
    return bt.Signals((mean(fast) > mean(slow)) * 1.0)


def made(sets, order, room):
    """How many columns are computed where the last ones used are kept."""
    kept, count = OrderedDict(), 0
    for number in order:
        for part in sets[number]:
            count += part not in kept
            kept[part] = True
            kept.move_to_end(part)
            while len(kept) > room:
                kept.popitem(last=False)
    return count


@given(
    sets=st.lists(st.lists(st.integers(0, 5), max_size=3), max_size=30),
    room=st.integers(1, 20),
)
def test_every_set_is_run_once(sets, room):
    """Whatever sets are made of, and also where some are made of less."""
    assert sorted(order_of_sharing(sets, room)) == list(range(len(sets)))


@pytest.mark.parametrize(("fast", "slow", "room", "most"), [(30, 40, 16, 150), (40, 12, 16, 52), (5, 50, 9, 55)])
def test_of_a_grid_some_are_held_while_the_others_pass_by(fast, slow, room, most):
    """As many passes of the longer side as groups of the shorter one are needed."""
    sets = [(f"fast {a}", f"slow {b}") for a in range(fast) for b in range(slow)]
    assert made(sets, order_of_sharing(sets, room), room) == most


def test_of_three_the_two_shorter_are_held():
    """What is there in few kinds is held as a whole."""
    sets = [(f"a{a}", f"b{b}", f"c{c}") for a in range(20) for b in range(3) for c in range(9)]
    assert made(sets, order_of_sharing(sets, 16), 16) == 20 + 3 + 9


@pytest.fixture
def counted(monkeypatch):
    """Names of columns that were computed, where sixteen are kept and each set is a block."""
    computed = []

    class Counted(targets._Column):
        def __init__(self, series):
            computed.append(series.name)
            super().__init__(series)

    monkeypatch.setattr(targets, "_Column", Counted)
    monkeypatch.setattr(targets, "ROOM", 0)
    monkeypatch.setattr(Runs, "at_once", 1)
    return computed


def figures(found):
    return found.frame.drop("digest", "way", "warnings", "error", strict=False)


def test_a_sweep_runs_sets_in_that_order_and_its_figures_do_not_change(counted):
    """Of 15 times 18 averages 12 are held, then the other three: 51 columns, row by row 285."""
    sets = research.grid(fast=range(2, 17), slow=range(20, 38))
    found = research.sweep(simulation(), crossing, over=sets, workers=1)
    assert len(counted) == 15 + 2 * 18
    assert found.frame["way"].unique().to_list() == ["one_pass"]
    few = sets.sample(12, seed=3)
    alone = research.sweep(simulation(), crossing, over=few, workers=1, one_pass=False)
    both = figures(alone).join(figures(found), on=["fast", "slow"], how="left", maintain_order="left")
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        assert both[name].to_list() == both[f"{name}_right"].to_list()


@pytest.fixture
def held_up(monkeypatch):
    """Columns of which the first that is made waits until it may go on, and then fails if it shall."""
    columns, began, may_go_on, fails = targets.SharedColumns(CANDLES), Event(), Event(), []

    class Panel:
        single, frame = True, columns.panel.frame

        def collect(self, asked):
            if not began.is_set():
                began.set()
                assert may_go_on.wait(30)
                if fails:
                    raise ValueError("it cannot be made")
            return asked.collect()

    monkeypatch.setattr(columns, "panel", Panel())
    return columns, began, may_go_on, fails


def values(columns, *expressions):
    return [found.copy() for found in columns.targets(expressions)]


def test_while_one_column_is_made_others_can_be_had(held_up):
    """Workers wait for what they need, and for nothing else."""
    columns, began, may_go_on, _ = held_up
    slow, quick = crossing(3, 5).target, crossing(7, 9).target
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(values, columns, slow)
        assert began.wait(30)
        assert len(values(columns, quick)) == 1
        assert not first.done()
        second = pool.submit(values, columns, slow)
        may_go_on.set()
        assert np.array_equal(first.result(30), second.result(30), equal_nan=True)


def test_what_others_could_not_make_is_made_again(held_up):
    """It may have been made together with what was at fault."""
    columns, began, may_go_on, fails = held_up
    fails.append(True)
    target = crossing(3, 5).target
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(values, columns, target)
        assert began.wait(30)
        second = pool.submit(values, columns, target)
        may_go_on.set()
        assert isinstance(first.exception(30), ValueError)
        assert len(second.result(30)) == 1


def test_pieces_of_the_time_share_what_is_computed_over_all_of_it(counted):
    """A set's columns are those of each span of each fold."""
    times = CANDLES.frame().collect()["time_exchange"]
    first, last = times.min(), times.max()
    folds = research.walk_forward(first, last, train=timedelta(minutes=40), test=timedelta(minutes=10))
    assert len(folds) > 2
    sets = research.grid(fast=range(2, 6), slow=range(20, 40))
    research.sweep(simulation(), crossing, over=sets, folds=folds, workers=1)
    assert len(counted) == 24


def test_simulations_over_the_same_candles_share_columns(counted):
    """Fees as a dimension of a sweep cost no columns."""
    over = research.grid(fee=["0", "0.1%", "0.2%"], fast=[3, 4], slow=[20, 21])
    found = research.sweep(simulation, crossing, over=over, workers=1)
    assert found.frame.height == 12
    assert len(counted) == 4
