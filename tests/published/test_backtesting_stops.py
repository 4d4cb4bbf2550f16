"""backtesting.py: strategies with stop losses, take profits and trailing stops, on GOOG.

- Several time frames, with a stop at 92 % of the close: the table of doc/examples/Multiple Time Frames.ipynb. Its
  commission of 0.2 % was a spread when the table was made. Left out are Sharpe, Sortino and Calmar ratio, buy and hold
  and expectancy, whose definitions have changed since.
- A trailing stop of three true ranges: the 57 trades of its own test, and each fill beside those of the package.
- The same of two true ranges behind a cross of averages (doc/examples/Strategies Library.ipynb), of several trades at a
  time: the printed table (38 trades) is of an older version and not what the package does now (39), so each fill is
  compared with those of the package.

Read at github.com/kernc/backtesting.py, commit 9c2b8e1 of 2026-07-22, version 0.6.6.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import barter_bt as bt
from tests.published.figures import figures
from tests.published.goog import CASH, CLOSE, Protected, Trailing, bars, gap, run, true_range

TIME_FRAMES = {
    "Exposure Time [%]": 2.79,
    "Equity Final [$]": 10017.44,
    "Equity Peak [$]": 10978.38,
    "Return [%]": 0.17,
    "Max. Drawdown [%]": -10.01,
    "Avg. Drawdown [%]": -9.34,
    "Max. Drawdown Duration": 2653,
    "Avg. Drawdown Duration": 1410,
    "# Trades": 4,
    "Win Rate [%]": 25.00,
    "Best Trade [%]": 9.69,
    "Worst Trade [%]": -4.46,
    "Avg. Trade [%]": 0.08,
    "Max. Trade Duration": 35,
    "Avg. Trade Duration": 21,
    "Profit Factor": 1.11,
    "SQN": 0.01,
}
DAY = pl.col("time_open").dt.date()
Fill = tuple[date, str, float, float]


def strength(n: int) -> pl.Expr:
    """The relative strength of closes, by exponential means with the centre of mass n."""
    change = CLOSE.diff()
    up, down = change.clip(lower_bound=0), -change.clip(upper_bound=0)
    return 100 - 100 / (1 + up.ewm_mean(com=n) / down.ewm_mean(com=n))


def time_frames() -> pl.DataFrame:
    """Strong by the day and more so by the week that ended last, above averages in their order; out 2 % below one."""
    friday = DAY.dt.offset_by("2d").dt.truncate("1w").dt.offset_by("4d")
    frame = bars().with_columns(day=DAY, friday=friday)
    ends = frame.group_by("friday", maintain_order=True).agg(CLOSE.last())
    weeks = ends.select(day="friday", weekly=strength(30))
    means, daily, weekly = [CLOSE.rolling_mean(n) for n in (10, 20, 50, 100)], strength(30), pl.col("weekly")
    ordered = pl.all_horizontal(one > other for one, other in zip([CLOSE, *means[:-1]], means, strict=True))
    enter = (daily > 70) & (weekly > 70) & (weekly > daily) & ordered
    return (
        frame.join_asof(weeks, on="day", strategy="backward")
        .with_columns(enter=enter.fill_null(False), leave=(CLOSE < 0.98 * means[0]).fill_null(False))
        .drop("day", "friday", "weekly")
    )


def test_published_with_a_stop_behind_each_entry():
    frame = time_frames()
    result = run(Protected(0.92, spread=0.002), frame, bt.Venue(slippage="0.2%"))
    ours = figures(result, frame)
    assert {name: round(ours[name], 2) for name in TIME_FRAMES} == pytest.approx(TIME_FRAMES, abs=1e-9)
    assert result.orders.filter(kind="stop")["reason"].cast(pl.String).unique().to_list() == ["reduce_only"]


def fills(result: bt.Result) -> list[Fill]:
    """Day, side, price and quantity, in an order that does not depend on which of equal fills came first."""
    columns = pl.col("time_exchange").dt.date(), pl.col("side").cast(pl.String), pl.col("price").round(8), "quantity"
    return sorted(result.trades.select(columns).rows())


def of_the_package(strategy: type, **settings: object) -> tuple[float, list[Fill]]:
    """What the package itself answers: equity in the end, and the fills of its trades."""
    backtesting = pytest.importorskip("backtesting", reason="backtesting is not installed")
    data = pytest.importorskip("backtesting.test").GOOG
    answer = backtesting.Backtest(data, strategy, cash=CASH, finalize_trades=True, **settings).run()
    trades = answer["_trades"]
    entries = zip(trades.EntryTime, trades.EntryPrice, trades.Size, strict=True)
    exits = zip(trades.ExitTime, trades.ExitPrice, trades.Size, strict=True)
    entries = [(time.date(), "buy", round(price, 8), size) for time, price, size in entries]
    exits = [(time.date(), "sell", round(price, 8), size) for time, price, size in exits]
    return answer["Equity Final [$]"], sorted(entries + exits)


@pytest.mark.filterwarnings("ignore")  # what the package and its plots warn of is theirs
def test_published_trailing_stop():
    """All the money above a mean of ten days; a stop three true ranges below the highest close since. 57 trades."""
    lib = pytest.importorskip("backtesting.lib", reason="backtesting is not installed")

    class Theirs(lib.TrailingStrategy):
        def init(self):
            super().init()
            self.set_atr_periods(40)
            self.set_trailing_sl(3)
            self.mean = self.I(lambda: self.data.Close.s.rolling(10).mean())

        def next(self):
            super().next()
            if not self.position and self.data.Close > self.mean:
                self.buy()

    last = pl.int_range(pl.len()) == pl.len() - 2
    enter = (CLOSE > CLOSE.rolling_mean(10)).fill_null(False)
    result = run(Trailing(3), bars().with_columns(enter=enter, range=true_range(40), last=last))
    assert result.positions.height == 57
    equity, theirs = of_the_package(Theirs)
    assert fills(result) == theirs
    assert result.equity["equity"][-1] == pytest.approx(equity, rel=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_published_stops_of_several_entries():
    """95 % of what is free at each cross, also while something is held, a commission of 0.2 %; a stop for each."""
    lib = pytest.importorskip("backtesting.lib", reason="backtesting is not installed")
    import pandas as pd

    above = (gap(10, 25) > 0).fill_null(False)
    enter = above & ~above.shift(fill_value=False)
    frame = bars().with_columns(enter=enter, range=true_range(100), last=False)

    class Theirs(lib.SignalStrategy, lib.TrailingStrategy):
        def init(self):
            super().init()
            self.set_signal(entry_size=pd.Series(frame.select(enter.cast(pl.Float64) * 0.95).to_series().to_numpy()))
            self.set_trailing_sl(2)

    result = run(Trailing(2, 0.95, fee=0.002, again=True), frame, bt.Venue(fees="0.2%"))
    equity, theirs = of_the_package(Theirs, commission=0.002)
    assert fills(result) == theirs
    assert len(theirs) == 2 * 39
    assert result.equity["equity"][-1] == pytest.approx(equity, rel=1e-12)
