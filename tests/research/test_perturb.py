"""Noise and perturbed parameters: how much, of what kind, and what stays as it is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError
from barter_bt.research import add_noise, perturb

BTC, ETH = (
    bt.data.generate.candles(400, instrument=name, seed=k).cast({"instrument": pl.String})
    for k, name in enumerate(("btc_usd", "eth_usd"))
)
CANDLES = pl.concat([BTC, ETH])


@given(st.floats(0.0, 3.0), st.integers(0, 1000))
def test_candles_with_noise_are_candles(scale, seed):
    """High and low bound the others; nothing but the prices changes."""
    noisy = add_noise(CANDLES, scale, seed=seed)
    highest, lowest = (pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close"))
    assert noisy.select(((pl.col("high") >= highest) & (pl.col("low") <= lowest)).all()).item()
    assert noisy.drop("open", "high", "low", "close").equals(CANDLES.drop("open", "high", "low", "close"))


def test_noise_is_as_large_as_asked_in_each_instrument():
    """Deviation of the closes' logarithms: scale times that of the usual move, of its own instrument."""
    wild = CANDLES.with_columns(
        close=pl.when(pl.col("instrument") == "eth_usd").then(pl.col("close") ** 2).otherwise("close")
    ).with_columns(open="close", high="close", low="close")
    trades = wild.select("time_exchange", "instrument", price="close")
    noisy = add_noise(trades, 0.5, seed=1)
    moved = (noisy["price"] / trades["price"]).log()
    for name in ("btc_usd", "eth_usd"):
        usual = trades.filter(instrument=name)["price"].log().diff().std()
        assert moved.filter(trades["instrument"] == name).std() == pytest.approx(0.5 * usual, rel=0.1)


def test_no_noise_is_no_change_and_prices_keep_to_their_increment():
    assert add_noise(CANDLES, 0.0).equals(CANDLES)
    ticks = add_noise(CANDLES, 1.0, increment=0.25)["close"] / 0.25
    assert (ticks - ticks.round()).abs().max() == 0.0
    assert add_noise(pl.DataFrame({"price": [0.1, 0.2]}), 0.1, increment=5.0)["price"].to_list() == [5.0, 5.0]


def test_a_backtest_takes_candles_with_noise():
    noisy = add_noise(BTC, 0.3, seed=2, increment=0.0001)
    btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    cross = bt.strategy.builtin.SmaCross(5, 20)
    result = bt.backtest(bt.data.candles(noisy), btc, cross, balances={"usd": 1_000}, interpret=True)
    assert result.trades.height > 0


@given(st.integers(-500, 500), st.floats(-1e6, 1e6, allow_subnormal=False), st.floats(0.01, 0.9), st.integers(0, 1000))
def test_parameters_stay_around_what_was_given(whole, real, by, seed):
    parameters = {"whole": whole or 1, "real": real or 1.0, "on": True, "side": "long", "none": 0}
    around = perturb(parameters, by, samples=60, seed=seed)
    assert around.row(0, named=True) == parameters
    assert (around["whole"] - parameters["whole"]).abs().max() <= max(1, round(abs(parameters["whole"]) * by))
    assert (around["real"] - parameters["real"]).abs().max() <= abs(parameters["real"]) * by * (1 + 1e-9)
    assert around.schema["whole"] == pl.Int64
    assert around.select("on", "side", "none").unique().height == 1


def test_small_whole_numbers_move_too_and_only_those_that_should():
    around = perturb({"fast": 2, "slow": 100}, 0.1, only=["fast"], samples=200)
    assert sorted(around["fast"].unique()) == [1, 2, 3]
    assert around["slow"].unique().to_list() == [100]
    assert np.ptp(np.bincount(around["fast"])[1:]) < 60


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: add_noise(CANDLES, -0.1), ConfigError, "scale is -0.1"),
        (lambda: add_noise(CANDLES, increment=0.0), ConfigError, "increment 0.0"),
        (lambda: add_noise(CANDLES.drop("low", "close")), DataError, "frame has columns"),
        (lambda: add_noise(pl.DataFrame({"price": [1.0, 0.0]})), DataError, "row 1 has prices"),
        (lambda: perturb({"fast": 5}, 1.0), ConfigError, "by is 1.0"),
        (lambda: perturb({"fast": 5}, only=["slow"]), ConfigError, "only names 'slow'"),
        (lambda: perturb({"side": "long"}), ConfigError, "can move"),
    ],
)
def test_what_cannot_be_moved_is_told(call, error, told):
    with pytest.raises(error, match=told):
        call()
