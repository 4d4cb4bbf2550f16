"""What a sweep keeps for honest statistics: sums of returns by block, and returns on demand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, DataError
from barter_bt.research import BlockSums, probability_of_overfitting, walk_forward
from barter_bt.research.runs import Runs
from barter_bt.statistic.curve import curve_of_run
from tests.draws import draws
from tests.research.importable import BTC, WALK, Every, crossing, simulation

GRID = bt.grid(fast=(3, 5, 8), slow=(10, 20))


def swept(strategy=crossing, over=GRID, sim=None, **asked):
    asked = {"figures": ["sharpe"], "sampling": "5m", "workers": 1} | asked
    return bt.sweep(sim or simulation(), strategy, over=over, **asked)


def all_returns(found, sampling=None):
    return pl.concat(found.returns(sampling), how="align")


@settings(max_examples=draws(6))
@given(
    blocks=st.sampled_from([2, 4, 10]),
    sampling=st.sampled_from(["1m", "7m", None]),
    whole=st.booleans(),
    rows=st.integers(150, 400),
)
def test_sums_are_those_of_the_returns(blocks, sampling, whole, rows):
    """In one pass and in whole runs, of any spacing: the probability of overfitting needs no other run."""
    found = swept(
        sim=simulation(WALK.head(rows)), blocks=blocks, sampling=sampling or "1m", one_pass=not whole, figures=["fees"]
    )
    returns = all_returns(found)
    sums, other = found.block_sums, BlockSums.of(returns, blocks)
    assert sums.names == tuple(int(name) for name in other.names)
    assert (sums.lengths == other.lengths).all()
    assert np.allclose(sums.sums, other.sums, rtol=1e-9, atol=1e-15)
    assert np.allclose(sums.squares, other.squares, rtol=1e-9, atol=1e-18)
    kept, again = probability_of_overfitting(found), probability_of_overfitting(returns, blocks)
    assert kept.probability == again.probability
    assert kept.splits["configuration"].cast(pl.String).equals(again.splits["configuration"])


@pytest.mark.parametrize("strategy", [crossing, Every])
def test_returns_are_those_of_runs(strategy):
    """Each set's own run, at its own times, whatever was asked of the figures; some sets at a time."""
    found = swept(strategy, GRID if strategy is crossing else {"bars": (5, 9, 12)})
    blocks = list(found.returns("30m", at_once=2))
    assert [block.width - 1 for block in blocks] == [2] * (found.sets.height // 2) + [1] * (found.sets.height % 2)
    whole = pl.concat(blocks, how="align")
    for number, parameters in enumerate(found.sets.rows(named=True)):
        curve = curve_of_run(found.run(parameters), sampling="30m")
        assert whole[str(number)].to_list() == curve.returns.tolist()
        assert whole["time"].cast(pl.Int64).to_list() == curve.times[curve.rows][1:].tolist()
    few = next(found.returns(sets=found.ranked().head(2)))
    assert few.columns == ["time", *found.ranked()["set"].head(2).cast(pl.String)]
    assert few.height == len(curve_of_run(found.run(), sampling="5m").returns)


def test_returns_are_computed_when_they_are_asked_for(monkeypatch):
    """Not before, and of no more sets than that."""
    found, ran = swept(), []
    sampled = Runs.sampled
    monkeypatch.setattr(Runs, "sampled", lambda plan, numbers: ran.append(numbers) or sampled(plan, numbers))
    lazy = found.returns(at_once=2)
    assert ran == []
    next(lazy)
    assert ran == [[0, 1]]


def test_sums_are_saved_and_kept(tmp_path):
    """With the table, and in a directory; figures and digest do not change."""
    found = swept(blocks=4, out=tmp_path / "kept")
    back = bt.Sweep.read(found.save(tmp_path / "sweep.parquet"))
    assert back.digest == found.digest == swept().digest
    assert back.frame.equals(found.frame)
    assert probability_of_overfitting(back).splits.equals(probability_of_overfitting(found).splits)
    again = swept(blocks=4, out=tmp_path / "kept")
    assert again.done.equals(found.done)
    assert swept(blocks=6, out=tmp_path / "kept").block_sums.lengths.shape == (6,)
    assert bt.Sweep.read(swept().save(tmp_path / "without.parquet")).figures == ["sharpe"]


def test_what_has_no_sums_is_left_out_and_told():
    """Of failed runs, and where there are too few returns."""

    def sometimes(fast):
        return crossing(fast, 20) if fast < 8 else bt.Signals(pl.col("closed"))

    found = swept(sometimes, {"fast": (3, 5, 8)}, blocks=4)
    assert found.block_sums.names == (0, 1)
    assert next(found.returns()).columns == ["time", "0", "1"]
    with pytest.raises(BarterBtError, match="closed"):
        next(found.returns(sets=found.sets))
    few = swept(blocks=4, sampling="2h")
    assert few.notes[-1].startswith("6 of 6 runs have no sums by block: they have fewer than 8 returns")
    with pytest.raises(DataError, match="0 of 6 runs have sums"):
        probability_of_overfitting(few)


def test_sets_of_other_times_are_not_compared():
    def until(rows):
        return simulation(WALK.head(rows))

    found = swept(crossing, {"rows": (200, 300), "fast": (3,), "slow": (9,)}, until, blocks=2)
    with pytest.raises(DataError, match="run 1 from 2020-01-01"):
        probability_of_overfitting(found)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: probability_of_overfitting(swept()), "has kept no sums"),
        (lambda: probability_of_overfitting(swept(blocks=4), 6), "blocks is 6, and the sums are of 4"),
        (lambda: swept(blocks=5), "blocks is 5; allowed: even numbers"),
        (lambda: swept(blocks=4, folds=walk_forward(*TIMES, train="2h", test="1h")), "do not go together"),
        (lambda: swept().returns(at_once=0), "at_once is 0"),
        (lambda: swept().returns(sets=pl.DataFrame({"fast": [3]})), "no column 'slow'"),
        (lambda: swept().returns(sets=pl.DataFrame({"fast": [3], "slow": [99]})), "has no set"),
        (lambda: next(swept().returns("often")), "not an interval"),
    ],
)
def test_bad_input_is_refused(act, message):
    with pytest.raises(BarterBtError, match=message):
        act()


TIMES = WALK["time_exchange"].cast(pl.Datetime("us", "UTC")).bottom_k(1)[0], WALK["time_exchange"].max()


def test_a_read_sweep_has_no_returns(tmp_path):
    back = bt.Sweep.read(swept().save(tmp_path / "sweep.parquet"))
    with pytest.raises(ConfigError, match="has no strategy"):
        next(back.returns())


def test_it_is_no_parameter():
    with pytest.raises(ConfigError, match="a column of the result is"):
        swept(lambda block_sums: crossing(3, 9), {"block_sums": (1,)})
    assert BTC.name == "btc_usd"
