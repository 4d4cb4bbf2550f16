"""The figures that backtesting.py prints, out of those of a run: an account of which definitions are the same."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

import polars as pl

import barter_bt as bt

YEAR = 252
DAY = timedelta(days=1)


def figures(result: bt.Result, frame: pl.DataFrame) -> dict[str, float]:
    """Figures by the names of that tool; its trades are closed positions here.

    Of one definition: equity, returns, drawdowns, numbers and rates of trades, SQN, Kelly. Derived: its volatility is
    that of compounded returns, its ratios divide the annual return by it, or by the downside deviation; its exposure
    counts bars in which a trade was open, its profit factor and mean trade are of returns, not of money, the latter a
    geometric mean; its longest drawdown need not be the deepest; durations are rounded up to days.
    """
    own, falls = result.summary(interval="annual_252"), result.drawdowns()
    trades, curve = closed(result)["return"], result.equity["equity"]
    year = 100 * own.annual_return
    spread = _compounded(own.volatility, own.annual_return)
    moves, market = curve.log().diff()[1:], frame["close"].log().diff()[1:]
    return {
        "Exposure Time [%]": 100 * _bars_in(result, frame) / frame.height,
        "Equity Final [$]": own.equity_end,
        "Equity Peak [$]": own.equity_peak,
        "Return [%]": 100 * own.total_return,
        "Return (Ann.) [%]": year,
        "Volatility (Ann.) [%]": 100 * spread,
        "CAGR [%]": 100 * own.cagr,
        "Sharpe Ratio": own.annual_return / spread,
        "Sortino Ratio": own.annual_return / own.downside_deviation,
        "Calmar Ratio": own.calmar,
        "Beta": pl.select(pl.cov(moves, market)).item() / market.var(),
        "Max. Drawdown [%]": -100 * own.max_drawdown,
        "Avg. Drawdown [%]": -100 * own.mean_drawdown,
        "Max. Drawdown Duration": _days(falls["duration"].max()),
        "Avg. Drawdown Duration": _days(own.mean_drawdown_duration),
        "# Trades": own.positions,
        "Win Rate [%]": 100 * own.win_rate,
        "Best Trade [%]": 100 * own.best_return,
        "Worst Trade [%]": 100 * own.worst_return,
        "Avg. Trade [%]": 100 * ((1 + trades).product() ** (1 / len(trades)) - 1),
        "Max. Trade Duration": _days(own.longest_holding_time),
        "Avg. Trade Duration": _days(own.holding_time),
        "Profit Factor": trades.filter(trades > 0).sum() / -trades.filter(trades < 0).sum(),
        "Expectancy [%]": 100 * own.mean_return,
        "SQN": own.sqn,
        "Kelly Criterion": own.kelly,
    }


def closed(result: bt.Result) -> pl.DataFrame:
    """The round trips that have ended; the tool prints no others unless it is told to close them."""
    return result.round_trips.drop_nulls("time_exit")


def _compounded(volatility: float, annual_return: float) -> float:
    """The deviation of a year's return whose days are independent."""
    growth = (1 + annual_return) ** (1 / YEAR)
    return ((volatility**2 / YEAR + growth**2) ** YEAR - growth ** (2 * YEAR)) ** 0.5


def _bars_in(result: bt.Result, frame: pl.DataFrame) -> int:
    """Bars on which a closed position was open, that of its exit included."""
    days, held = frame["time_open"].dt.date(), set[int]()
    for enter, leave in closed(result).select(pl.col("time_enter", "time_exit").dt.date()).rows():
        held.update(range(days.search_sorted(enter), days.search_sorted(leave) + 1))
    return len(held)


def _days(duration: timedelta) -> int:
    return ceil(duration / DAY)
