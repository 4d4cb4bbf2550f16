"""A published result, reproduced fill by fill: closes crossing their 15-day average on one index, daily 2006.

It is the published test of another tool's own suite; the data stays outside the project.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

import barter_bt as bt

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("BARTER_BT_SHARED_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "backtrader" / "2006-day-001.txt"

BUYS = [3643.35, 3801.03, 3872.37, 3863.57, 3845.32, 3656.43, 3542.65, 3639.65, 3799.86, 3840.20, 4047.63, 4052.55]
SELLS = [3763.95, 3811.85, 3822.35, 3822.57, 3829.82, 3598.58, 3545.92, 3766.80, 3782.15, 3979.73, 4045.05]

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the shared data is not there: {FILE.name}")


def days() -> pl.DataFrame:
    """Daily candles from 09:00 to 17:30 in Berlin; the file has dates without a zone."""
    frame = pl.read_csv(FILE)
    frame = frame.rename({name: name.strip().lower() for name in frame.columns})
    day = pl.col("date").cast(pl.String).str.strptime(pl.Datetime("ns"), "%Y-%m-%d")
    at = {
        name: (day + pl.duration(minutes=m)).dt.replace_time_zone("Europe/Berlin")
        for name, m in (("time_open", 540), ("time_exchange", 1050))
    }
    prices = {name: pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close")}
    return frame.select(**at, **prices, volume=pl.lit(0.0))


def crossing() -> bt.Signals:
    """Long one unit when the close comes to stand above its average, flat when it comes to stand below."""
    gap = pl.col("close") - pl.col("close").rolling_mean(15)
    up, down = (gap > 0) & (gap.shift(1) <= 0), (gap < 0) & (gap.shift(1) >= 0)
    return bt.Signals(pl.when(up).then(1.0).when(down).then(0.0))


def run(instrument: bt.Instrument, venue: bt.Venue) -> bt.Result:
    return bt.backtest(
        bt.data.candles(days(), instrument="index_eur"),
        instrument,
        crossing(),
        balances={"eur": 10_000},
        venues=venue,
        interpret=True,
    )


def fills(result: bt.Result, side: str) -> list[float]:
    return result.trades.filter(pl.col("side") == side)["price"].to_list()


def test_as_a_stock() -> None:
    """Every fill, the final value and the cash."""
    stock = bt.Instrument("xsim", "index_eur", price_increment="0.01", quantity_increment=1)
    result = run(stock, bt.Venue())
    assert fills(result, "buy") == BUYS
    assert fills(result, "sell") == SELLS
    assert result.equity["equity"][-1] == 10284.10
    assert result.balances.filter(pl.col("asset") == "eur")["total"][-1] == 6164.16


def test_as_a_future() -> None:
    """Multiplier 10, commission 2 a fill, margin 1,000: cash is equity less the margin of the open contract."""
    future = bt.Instrument(
        "xsim", "index_eur", kind="future", contract_size=10, price_increment="0.01", quantity_increment=1
    )
    margin = bt.Margin(per_contract=1000)
    result = run(future, bt.Venue(fees=bt.Fees(per_contract=2), margin=margin))
    assert fills(result, "buy") == BUYS
    assert fills(result, "sell") == SELLS
    value = result.equity["equity"][-1]
    assert value == 12795.00
    held = result.state.instruments.quantity[0]
    assert value - held * margin.per_contract == 11795.00
