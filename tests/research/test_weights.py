"""Weights from an optimiser: of what was known by then, in order of instruments, as targets that a run takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError, StrategyError
from barter_bt.research import optimised_weights
from tests.research.waves import waves

DAYS = [datetime(2024, 1, 1, 16, tzinfo=UTC) + timedelta(days=k) for k in range(60)]
NAMES = ["a_usd", "b_usd", "c_usd"]
CLOSES = np.round(100 * np.cumprod(1 + waves(60, 3) * [1, 2, 3], axis=0), 2)
PRICES = pl.DataFrame({"time": np.repeat(DAYS, 3).tolist(), "instrument": NAMES * 60, "close": CLOSES.ravel()})


class InverseVolatility:
    """Weights by the inverse of the standard deviation; it counts its fits, which copies must not share."""

    fits = 0

    def fit(self, X):
        assert self.fits == 0
        self.fits += 1
        inverse = 1 / X.std(axis=0, ddof=1)
        self.weights_ = inverse / inverse.sum()


def test_weights_are_those_of_the_window_before():
    """Another library: skfolio 1.12.2, InverseVolatility().fit(returns).weights_ of the same returns."""
    found = optimised_weights(
        InverseVolatility(), PRICES.sample(fraction=1, shuffle=True, seed=1), window=30, at=[DAYS[40]]
    )
    assert found["instrument"].to_list() == NAMES
    returns = CLOSES[11:41] / CLOSES[10:40] - 1
    inverse = 1 / returns.std(axis=0, ddof=1)
    assert found["target"].to_list() == pytest.approx((inverse / inverse.sum()).tolist())
    assert found["target"].to_list() == pytest.approx([0.48994583, 0.30979988, 0.20025428], abs=1e-8)


def test_what_comes_later_changes_nothing():
    whole = optimised_weights(InverseVolatility(), PRICES, window=10, at=7)
    part = optimised_weights(InverseVolatility(), PRICES.filter(pl.col("time") <= DAYS[31]), window=10, at=7)
    assert whole["time"].unique().sort().to_list() == DAYS[10::7]
    assert whole.filter(pl.col("time") <= DAYS[31]).equals(part)


def test_what_has_no_price_in_the_window_has_no_weight():
    late = PRICES.filter((pl.col("instrument") != "b_usd") | (pl.col("time") > DAYS[5]))
    found = optimised_weights(InverseVolatility(), late, window=10, at=[DAYS[12], DAYS[20]])
    assert found.filter(instrument="b_usd")["target"].to_list()[0] == 0.0
    assert found.filter(instrument="b_usd")["target"].to_list()[1] > 0.0
    assert found.group_by("time").agg(pl.col("target").sum())["target"].to_list() == pytest.approx([1.0, 1.0])


def test_a_run_takes_them_as_targets():
    """Orders of a time are sent at it and not before, and the portfolio is what was asked for."""
    candles = PRICES.rename({"time": "time_exchange"}).with_columns(
        time_open=pl.col("time_exchange").dt.offset_by("-8h"), open="close", high="close", low="close", volume=1e6
    )
    found = optimised_weights(InverseVolatility(), candles, window=10, at=20)
    stocks = [bt.Instrument("x", name, quantity_increment=1) for name in NAMES]
    signals = bt.Signals(found, size="equity")
    run = bt.backtest(bt.data.candles(candles), stocks, signals, balances={"usd": 1_000_000}, interpret=True)
    assert run.orders["time_sent"].unique().sort().dt.date().to_list() == [day.date() for day in DAYS[10::20]]
    first = run.trades.filter(pl.col("time_exchange").dt.date() <= DAYS[11].date())
    asked = found.filter(time=DAYS[10]).sort("instrument")["target"]
    held = first.cast({"instrument": pl.String}).sort("instrument")["notional"] / 1_000_000
    assert held.to_list() == pytest.approx(asked.to_list(), abs=0.02)


class Fails:
    def __init__(self, weights):
        self.weights_ = weights

    def fit(self, X):
        if self.weights_ is None:
            raise ValueError("infeasible")


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (
            lambda: optimised_weights(Fails(None), PRICES, window=5, at=9),
            StrategyError,
            "raised ValueError at 2024-01-06",
        ),
        (lambda: optimised_weights(Fails([1.0]), PRICES, window=5, at=9), StrategyError, "allowed: 3 finite numbers"),
        (lambda: optimised_weights(Fails([1.0, np.nan, 0.0]), PRICES, window=5, at=9), StrategyError, "finite"),
        (lambda: optimised_weights(Fails(None), PRICES, window=1, at=9), ConfigError, "window is 1"),
        (lambda: optimised_weights(Fails(None), PRICES, window=5, at=0), ConfigError, "at is 0"),
        (lambda: optimised_weights(Fails(None), PRICES, window=5, at=[DAYS[3]]), ConfigError, "3 returns behind it"),
        (
            lambda: optimised_weights(Fails(None), PRICES, window=5, at=[DAYS[9] + timedelta(hours=1)]),
            ConfigError,
            "when there are no prices",
        ),
        (
            lambda: optimised_weights(Fails(None), PRICES.with_columns(close=-1.0), window=5, at=9),
            DataError,
            "a_usd at 2024-01-01 .* is -1.0; allowed: above 0",
        ),
    ],
)
def test_what_cannot_be_optimised_is_told(call, error, told):
    with pytest.raises(error, match=told):
        call()
