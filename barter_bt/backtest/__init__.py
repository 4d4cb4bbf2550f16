"""Backtests: run one, read its result, write it to a directory."""

from barter_bt.backtest.backtest import backtest
from barter_bt.backtest.result import Result

__all__ = ["Result", "backtest"]
