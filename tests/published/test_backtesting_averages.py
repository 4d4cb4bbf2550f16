"""backtesting.py: moving averages of GOOG that cross, always in the market, figure by figure.

Published are its README and its guide (github.com/kernc/backtesting.py, README.md and doc/examples/Quick Start User
Guide.ipynb, commit 9c2b8e1 of 2026-07-22; https://kernc.github.io/backtesting.py/doc/examples/Quick%20Start%20User%20
Guide.html) with averages of 10 and 20 days, and of 10 and 15 days as its optimiser finds them; and its own test
(backtesting/test/_test.py, test_compute_stats) with 10 and 30 days, to all digits.

The two tables come from a version that took its commission of 0.2 % as a spread, from entries alone; version 0.6.6
shows them with ``spread=.002``. Some of their figures are of definitions that changed since, and are left out: buy and
hold, CAGR, alpha, expectancy and Kelly, the annual return (which counted one day more), the guide's ratios.
"""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from tests.published.figures import closed, figures
from tests.published.goog import NEXT_OPEN, Averages, bars, crossing, run

SHORT = {"account": "margin", "margin": bt.Margin("100%")}
README = {
    "Exposure Time [%]": 94.27,
    "Equity Final [$]": 68935.12,
    "Equity Peak [$]": 68991.22,
    "Return [%]": 589.35,
    "Volatility (Ann.) [%]": 38.43,
    "Sharpe Ratio": 0.66,
    "Sortino Ratio": 1.30,
    "Calmar Ratio": 0.77,
    "Beta": 0.02,
    "Max. Drawdown [%]": -33.08,
    "Avg. Drawdown [%]": -5.58,
    "Max. Drawdown Duration": 688,
    "Avg. Drawdown Duration": 41,
    "# Trades": 93,
    "Win Rate [%]": 53.76,
    "Best Trade [%]": 57.12,
    "Worst Trade [%]": -16.63,
    "Avg. Trade [%]": 1.96,
    "Max. Trade Duration": 121,
    "Avg. Trade Duration": 32,
    "Profit Factor": 2.13,
    "SQN": 1.78,
}
OPTIMISED = {
    "Exposure Time [%]": 98.14,
    "Equity Final [$]": 105040.13,
    "Equity Peak [$]": 108327.72,
    "Return [%]": 950.40,
    "Max. Drawdown [%]": -44.00,
    "Avg. Drawdown [%]": -6.14,
    "Max. Drawdown Duration": 690,
    "Avg. Drawdown Duration": 43,
    "# Trades": 152,
    "Win Rate [%]": 51.32,
    "Best Trade [%]": 61.56,
    "Worst Trade [%]": -19.78,
    "Avg. Trade [%]": 1.52,
    "Max. Trade Duration": 83,
    "Avg. Trade Duration": 21,
    "Profit Factor": 1.96,
    "SQN": 1.51,
}
# Size, price of the entry, price of the exit; a short trade's size is negative.
FIRST = [(87, 114.65, 185.23), (-87, 184.86, 175.80), (96, 176.15, 180.71), (-96, 180.35, 179.13), (97, 179.49, 177.99)]
LAST = [
    (-121, 738.65, 687.78),
    (139, 689.16, 735.54),
    (-139, 734.07, 742.83),
    (136, 744.32, 735.99),
    (-136, 734.52, 750.51),
]
TEST = {
    "Exposure Time [%]": 96.74115456238361,
    "Equity Final [$]": 51422.98999999996,
    "Equity Peak [$]": 75787.44,
    "Return [%]": 414.2298999999996,
    "Return (Ann.) [%]": 21.191099249053224,
    "Volatility (Ann.) [%]": 36.49716090702389,
    "CAGR [%]": 21.160245705962623,
    "Sharpe Ratio": 0.5806232244485349,
    "Sortino Ratio": 1.0853434352488662,
    "Calmar Ratio": 0.44166409202994605,
    "Beta": 0.03803390709192,
    "Max. Drawdown [%]": -47.98012705007589,
    "Avg. Drawdown [%]": -5.925851581948801,
    "Max. Drawdown Duration": 584,
    "Avg. Drawdown Duration": 41,
    "# Trades": 66,
    "Win Rate [%]": 46.96969696969697,
    "Best Trade [%]": 53.59595229490424,
    "Worst Trade [%]": -18.39887353835481,
    "Avg. Trade [%]": 2.531715975158555,
    "Max. Trade Duration": 183,
    "Avg. Trade Duration": 46,
    "Profit Factor": 2.167945974262033,
    "Expectancy [%]": 3.2748078066748834,
    "SQN": 1.0766187356697705,
    "Kelly Criterion": 0.1518705127029717,
}


@pytest.mark.parametrize(("slow", "published"), [(20, README), (15, OPTIMISED)])
def test_published_tables_with_a_spread(slow, published):
    """Margin, so that it can be short; a spread of 0.2 % is slippage, which a limit at the open does not have."""
    frame = bars().with_columns(cross=crossing(10, slow), last=False)
    result = run(Averages(spread=0.002), frame, bt.Venue(slippage="0.2%", **SHORT))
    ours = figures(result, frame)
    assert {name: round(ours[name], 2) for name in published} == pytest.approx(published, abs=1e-9)
    assert result.warnings == []


def test_published_trades():
    """The first and the last five of the guide's 152 trades, which it prints with cents."""
    frame = bars().with_columns(cross=crossing(10, 15), last=False)
    trips = closed(run(Averages(spread=0.002), frame, bt.Venue(slippage="0.2%", **SHORT)))
    size = pl.when(pl.col("side").cast(pl.String) == "buy").then("quantity").otherwise(-pl.col("quantity"))
    rows = trips.select(size, pl.col("price_enter", "price_exit").round(2)).rows()
    assert rows[:5] + rows[-5:] == FIRST + LAST


def test_published_to_all_digits():
    """Without costs, out at the open of the last bar; its own test allows a difference of 1e-8."""
    last = pl.int_range(pl.len()) == pl.len() - 2
    frame = bars().with_columns(cross=crossing(10, 30), last=last)
    ours = figures(run(Averages(), frame, bt.Venue(**SHORT)), frame)
    assert {name: ours[name] for name in TEST} == pytest.approx(TEST, rel=1e-9)


def test_published_fractions_of_a_coin():
    """Monthly bars of bitcoin since 2015 and 100 dollars in millionths of a coin, averages of 2 and 3 months.

    42 trades, the first bought at 236.69 when the faster mean of its own bar came to 234.14 (test_FractionalBacktest).
    """
    last = pl.int_range(pl.len()) == pl.len() - 2
    frame = bars("BTCUSD").filter(pl.col("time_open").dt.year() >= 2015)
    frame = frame.with_columns(NEXT_OPEN.alias("next_open"), cross=crossing(2, 3), last=last)
    coin = bt.Instrument("x", "btc_usd", price_increment="0.01", quantity_increment="0.000001")
    market = bt.data.candles(frame, instrument="btc_usd", interval="390m", time_zone="UTC")
    result = bt.backtest(
        market, coin, Averages(lot=1e-6), balances={"usd": 100}, venues=bt.Venue(**SHORT), interpret=True
    )
    trips = closed(result)
    assert len(trips) == 42
    assert trips["price_enter"][0] == 236.69
    entered = frame["time_open"].dt.date().to_list().index(trips["time_enter"][0].date())
    assert frame["close"].rolling_mean(2)[entered] == pytest.approx(234.14, abs=0.005)
