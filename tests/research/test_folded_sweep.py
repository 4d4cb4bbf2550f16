"""Sweeps over folds: a piece of the time is a run of its own, and tests are stitched to one (rule 86)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.research import Fold, Span, purged_k_fold, walk_forward
from tests.draws import draws
from tests.research.test_one_pass import BTC, candles, simulation
from tests.research.test_sweep import Every

CLOSE = pl.col("close")
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
FIGURES = ["total_return", "sharpe", "max_drawdown", "trades", "exposure", "samples", "fees"]


def minute(number):
    return BEGIN + timedelta(minutes=number)


def crossing(fast, size="units", rebalance="always"):
    return bt.Signals((CLOSE > CLOSE.rolling_mean(fast)) * 0.5, size=size, rebalance=rebalance)


def by_hand(prices, strategy, start, end):
    """What a span is: a backtest from its start to its end of the targets that are known from its start on."""
    stream, rows = candles(prices), simulation(candles(prices))._setup.market
    targets = strategy._followed(strategy._computed(rows)[0]).filter(pl.col("time") >= start)
    plain = bt.Signals(targets, size=strategy.size)
    given = {"balances": {"usd": 1_000}, "venues": bt.Venue(fees="0.1%"), "interpret": True}
    return bt.backtest(stream, BTC, plain, start=start, end=end, **given)


PRICES = st.lists(st.integers(40, 400).map(lambda cents: 10 + cents / 4), min_size=12, max_size=40)


@settings(max_examples=draws(8))
@given(
    prices=PRICES,
    first=st.integers(1, 5),
    length=st.sampled_from([3, 4, 4.5]),
    size=st.sampled_from(["units", "equity"]),
    rebalance=st.sampled_from(["always", "on_change"]),
    gaps=st.booleans(),
)
def test_a_piece_is_a_run_of_its_own(prices, first, length, size, rebalance, gaps):
    """Also where it begins or ends between two candles; in one pass as in whole runs."""
    step = timedelta(minutes=length)
    spans = [Span(minute(first), minute(first) + step), Span(minute(first) + step, minute(first) + 2 * step)]
    folds = [Fold(0, (spans[0],), (spans[1],))]
    sim = simulation(candles(prices), venues=bt.Venue(fees="0.1%"))
    asked = {"over": {"fast": (2, 3)}, "figures": FIGURES, "folds": folds, "workers": 1}

    def strategy(fast):
        one = crossing(fast, size, rebalance)
        return replace(one, target=pl.when(CLOSE > CLOSE.rolling_mean(fast)).then(0.5)) if gaps else one

    passed = bt.sweep(sim, strategy, **asked)
    whole = bt.sweep(sim, strategy, one_pass=False, **asked)
    assert (passed.frame["way"] == "one_pass").all()
    assert passed.digest == whole.digest
    for row in whole.frame.rows(named=True):
        alone = by_hand(prices, strategy(row["fast"]), row["start"], row["end"])
        summary = alone.summary()
        assert row["digest"] == alone.digest
        assert {name: row[name] for name in FIGURES} == {name: summary[name] for name in FIGURES}


WALK = bt.data.generate.candles(600, instrument="btc_usd", seed=8)
START = datetime(2020, 1, 1, tzinfo=UTC)
FOLDS = walk_forward(START, START + timedelta(minutes=600), train="200m", test="100m")


def walk():
    return simulation(bt.data.candles(WALK), bt.Instrument("x", "btc_usd", quantity_increment="0.001"))


def test_what_was_best_in_training_is_tested():
    """By hand from the rows; tests are never looked at to choose."""
    found = bt.sweep(walk(), crossing, over={"fast": (5, 20, 60)}, folds=FOLDS, objective="total_return")
    assert found.frame.height == 3 * 2 * len(FOLDS)
    chosen = found.chosen()
    assert chosen["fold"].to_list() == [fold.number for fold in FOLDS]
    for row in chosen.rows(named=True):
        rows = found.frame.filter(fold=row["fold"], part="train")
        assert row["total_return_train"] == rows["total_return"].max()
        assert row["fast"] == rows.sort("total_return")["fast"][-1]
    means = found.frame.filter(part="train").group_by("fast").agg(pl.col("total_return").mean()).sort("total_return")
    assert found.best() == {"fast": means["fast"][-1]}
    assert found.trials == 3
    assert found.stability()["neighbours"].to_list() == [1, 2, 1]


def test_stitched_tests_are_one_run():
    """With one set it is the run of that set over all tests: nothing is closed or opened between them."""
    sim = walk()
    found = bt.sweep(sim, crossing, over={"fast": (7,)}, folds=FOLDS)
    stitched = found.stitched()
    tests = [fold.test[0] for fold in FOLDS]
    rows = crossing(7).rows(sim._setup.market).filter(pl.col("time") >= tests[0].start)
    alone = sim.between(tests[0].start, tests[-1].end).run(bt.Signals(rows))
    assert stitched.digest == alone.digest
    assert stitched.trades.height > 20


def test_each_test_follows_its_own_set():
    """Targets of a test are those of the set that was chosen for it."""
    found = bt.sweep(walk(), crossing, over={"fast": (3, 90)}, folds=FOLDS, objective="total_return")
    sets = found.chosen()["fast"].to_list()
    fills = found.stitched().trades["time_exchange"]
    for fold, fast in zip(FOLDS, sets, strict=True):
        test = fold.test[0]
        many = fills.is_between(test.start, test.end, closed="right").sum() > 15
        assert many == (fast == 3), (fold.number, fast)
    assert len(set(sets)) == 2


def test_what_cannot_be_stitched_is_refused():
    """Overlapping tests, strategies that are woken by events, sizes that differ, no folds."""
    overlapping = [Fold(0, (Span(START, minute_of(50)),), (Span(minute_of(50), minute_of(200)),))]
    overlapping.append(Fold(1, overlapping[0].train, (Span(minute_of(150), minute_of(300)),)))
    with pytest.raises(ConfigError, match="begins before the one before it ends"):
        bt.sweep(walk(), crossing, over={"fast": (7,)}, folds=overlapping).stitched()
    with pytest.raises(StrategyError, match="cannot take over"):
        bt.sweep(walk(), Every, over={"bars": (7,)}, folds=overlapping[:1], figures=["trades"]).stitched("trades")
    with pytest.raises(ConfigError, match="has no folds"):
        bt.sweep(walk(), crossing, over={"fast": (7,)}).chosen()
    with pytest.raises(ConfigError, match="it must be folds"):
        bt.sweep(walk(), crossing, over={"fast": (7,)}, folds=[1])


def minute_of(number):
    return START + timedelta(minutes=number)


def test_a_folded_sweep_goes_on_and_is_read_back(tmp_path):
    """Pieces have keys of their own, and are no new trials."""
    asked = {"over": {"fast": (5, 20)}, "figures": ["sharpe", "trades"], "out": tmp_path}
    first = bt.sweep(walk(), crossing, folds=FOLDS[:1], **asked)
    folded = bt.sweep(walk(), crossing, folds=FOLDS, **asked)
    assert (first.trials, folded.trials) == (2, 2)
    again = folded.frame.filter(fold=0).drop("warnings")
    assert again.select(first.frame.drop("warnings").columns).equals(first.frame.drop("warnings"))
    back = bt.Sweep.read(folded.save(tmp_path / "folded.parquet"))
    assert back.digest == folded.digest
    assert back.chosen().drop("warnings").equals(folded.chosen().drop("warnings"))
    assert back.compare(folded).height == folded.frame.height


def test_a_warm_up_without_effect_is_told():
    folds = purged_k_fold(START, minute_of(600), n=2, warm_up="20m")
    found = bt.sweep(walk(), Every, over={"bars": (9,)}, folds=folds, figures=["trades"], objective="trades")
    assert any("warm_up has no effect" in note for note in found.notes)
    assert not bt.sweep(walk(), crossing, over={"fast": (9,)}, folds=folds).notes
