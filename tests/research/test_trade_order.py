"""Trades in any order: what is the same in all of them, and what the real order has to do with it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.errors import ConfigError, DataError
from barter_bt.research import shuffle_trades
from barter_bt.research.overfitting.trade_order import _falls

PROFITS = st.lists(st.integers(-50, 60).map(float), min_size=1, max_size=12)


def fall(capital, profits):
    """Deepest fall from a peak, trade by trade."""
    equity = peak = capital
    deepest = 0.0
    for profit in profits:
        equity += profit
        peak = max(peak, equity)
        deepest = max(deepest, 1 - equity / peak)
    return deepest


@given(PROFITS, st.integers(0, 1000))
def test_the_real_order_is_measured_trade_by_trade(profits, seed):
    found = shuffle_trades(profits, capital=100.0, samples=20, seed=seed)
    assert found.drawdown == pytest.approx(fall(100.0, profits), abs=1e-12)
    assert found.final == pytest.approx(100.0 + sum(profits))
    assert (found.finals == found.final).all()
    assert (found.lows <= found.final + 1e-9).all()


def test_the_distribution_is_that_of_all_orders():
    """Of six trades all 720 orders are known: their quantiles are met within a hundredth."""
    profits = [30.0, -25.0, 10.0, -15.0, 20.0, -5.0]
    every = np.array([fall(200.0, order) for order in permutations(profits)])
    found = shuffle_trades(profits, capital=200.0, samples=40_000, seed=2)
    assert set(np.round(found.drawdowns, 12)) == set(np.round(every, 12))
    assert found.drawdowns.mean() == pytest.approx(every.mean(), rel=0.01)
    assert found.luck == pytest.approx((every > found.drawdown + 1e-12).mean(), abs=0.01)


def test_drawn_with_replacement_the_end_varies_around_the_real_one():
    profits = [30.0, -25.0, 10.0, -15.0, 20.0, -5.0]
    found = shuffle_trades(profits, capital=200.0, samples=20_000, replace=True, seed=3)
    assert found.finals.mean() == pytest.approx(found.final, abs=4 * np.std(profits) * 6**0.5 / 20_000**0.5)
    assert found.finals.std() == pytest.approx(np.std(profits) * 6**0.5, rel=0.03)


def test_ruin_is_counted_where_equity_was_lowest():
    """Two losses of 6 and a profit of 20 from 10: ruined where both losses come first, in a third of the orders."""
    found = shuffle_trades([-6.0, 20.0, -6.0], capital=10.0, samples=30_000, seed=4)
    assert found.probability_of_ruin() == pytest.approx(1 / 3, abs=0.015)
    assert found.probability_of_ruin(-3.0) == 0.0


def test_as_many_orders_as_are_asked_for_and_the_same_with_the_same_seed():
    one, other = (shuffle_trades(np.arange(-4.0, 6.0), capital=50.0, samples=777, seed=s) for s in (1, 1))
    assert len(one.drawdowns) == 777
    assert np.array_equal(one.drawdowns, other.drawdowns)
    assert one.quantiles()["drawdown"].is_sorted()
    assert "deeper than in the real order" in one.plot().get_title(loc="right")


def test_parts_that_are_drawn_apart_are_put_together(monkeypatch):
    monkeypatch.setattr("barter_bt.research.overfitting.trade_order._AT_ONCE", 30)
    found = shuffle_trades(np.arange(-4.0, 6.0), capital=50.0, samples=8, seed=1)
    assert len(found.drawdowns) == len(found.lows) == len(found.finals) == 8


def test_more_can_be_lost_than_there_was():
    drawdown, final, low = _falls(10.0, np.array([[-15.0, 10.0]]))
    assert (drawdown[0], final[0], low[0]) == (1.5, 5.0, -5.0)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: shuffle_trades([], capital=1.0), DataError, "profits has 0 observations"),
        (lambda: shuffle_trades([1.0, float("inf")], capital=1.0), DataError, "row 1 is inf"),
        (lambda: shuffle_trades([1.0], capital=0.0), ConfigError, "capital is 0.0"),
        (lambda: shuffle_trades([1.0], capital=1.0, samples=0), ConfigError, "samples 0"),
    ],
)
def test_what_cannot_be_shuffled_is_told(call, error, told):
    with pytest.raises(error, match=told):
        call()
