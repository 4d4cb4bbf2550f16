"""A published result: backtrader's own test of closes crossing their 15-day simple average, fill by fill.

Its trades happen at the next bar's open, one unit, long or flat, on daily bars of an index in 2006.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

import barter_bt as bt

BUYS = (3643.35, 3801.03, 3872.37, 3863.57, 3845.32, 3656.43, 3542.65, 3639.65, 3799.86, 3840.20, 4047.63, 4052.55)
SELLS = (3763.95, 3811.85, 3822.35, 3822.57, 3829.82, 3598.58, 3545.92, 3766.80, 3782.15, 3979.73, 4045.05)
START = 10_000
TERMS = {"base": "index", "quote": "eur", "price_increment": "0.01", "quantity_increment": 1}
STOCK = bt.Instrument("eurex", "index_eur", **TERMS)
FUTURE = bt.Instrument("eurex", "index_eur", kind="future", contract_size=10, **TERMS)


@pytest.fixture(scope="module")
def candles() -> bt.data.Stream:
    """The daily file; its dates have no zone."""
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("BARTER_BT_SHARED_DATA", default)) / "backtrader" / "2006-day-001.txt"
    if not path.exists():
        pytest.skip("the daily bars of the published result are not here (BARTER_BT_SHARED_DATA)")
    frame = pl.read_csv(path, try_parse_dates=True).select(
        time_open="Date", open="Open", high="High", low="Low", close="Close"
    )
    return bt.data.candles(frame, instrument="index_eur", interval="1d", time_zone="UTC")


def crossing() -> bt.Signals:
    """Long where the close comes to stand above its average, flat where it comes to stand below, in exact sums."""
    cents = (pl.col("close") * 100).round().cast(pl.Int64)
    gap = cents * 15 - cents.rolling_sum(15)
    before = gap.shift()
    target = pl.when((gap > 0) & (before <= 0)).then(1.0).when((gap < 0) & (before >= 0)).then(0.0)
    return bt.Signals(target, name="crossing")


def check_fills(result: bt.Result) -> None:
    fills = result.trades.select(pl.col("side").cast(pl.String), "price", "quantity").rows()
    alternating = [("buy" if k % 2 == 0 else "sell") for k in range(23)]
    prices = [(BUYS if k % 2 == 0 else SELLS)[k // 2] for k in range(23)]
    assert fills == [(side, price, 1.0) for side, price in zip(alternating, prices, strict=True)]
    assert result.orders["status"].cast(pl.String).unique().to_list() == ["filled"]


@pytest.mark.parametrize("interpret", [True, False])
def test_published_as_a_stock_without_commission(candles, interpret):
    """All 23 fills one by one; value 10284.10, cash 6164.16."""
    result = bt.backtest(candles, STOCK, crossing(), balances={"eur": START}, interpret=interpret)
    check_fills(result)
    cash = result.balances.filter(pl.col("asset") == "eur")["total"].to_list()[-1]
    assert result.equity["equity"].to_list()[-1] == 10_284.10
    assert cash == 6_164.16
    assert cash == round(START - sum(BUYS) + sum(SELLS), 2)


@pytest.mark.parametrize("interpret", [True, False])
def test_published_as_a_future(candles, interpret):
    """Ten times the index, 2 for each fill, 1,000 margin: value 12795.00; cash 11795.00 is what margin leaves."""
    venue = bt.Venue(fees=bt.Fees(per_contract=2), margin=bt.Margin(per_contract=1000))
    result = bt.backtest(candles, FUTURE, crossing(), balances={"eur": START}, venues=venue, interpret=interpret)
    check_fills(result)
    value = result.equity["equity"].to_list()[-1]
    assert value == 12_795.00
    assert result.state.instruments.quantity[0] == 1
    assert value - 1000 == 11_795.00
    assert result.trades["fees"].sum() == 46
    assert result.positions.height == 11
    realised = result.positions["pnl_realised"].sum()
    assert realised == pytest.approx(10 * (sum(SELLS) - sum(BUYS[:-1])) - 44)
