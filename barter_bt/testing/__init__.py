"""For users' own tests: tiny runs, data and whole backtests drawn by Hypothesis, invariants as functions.

>>> import barter_bt as bt
>>> result = bt.testing.run_prices([100, 101, 99], bt.testing.schedule({"at": 60, "buy": 1}))
>>> bt.testing.table(result.trades, "time_exchange", "price")
[(60.0, 101.0)]

:mod:`barter_bt.testing.strategies` needs Hypothesis and is imported when it is asked for; the rest needs nothing more
than this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from barter_bt.testing.market import bars, candles, quotes, table, trades
from barter_bt.testing.orders import schedule
from barter_bt.testing.run import run, run_prices

if TYPE_CHECKING:
    from barter_bt.testing import strategies

__all__ = [
    "bars",
    "candles",
    "quotes",
    "run",
    "run_prices",
    "schedule",
    "strategies",
    "table",
    "trades",
]


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return importlib.import_module("barter_bt.testing.strategies")
    raise AttributeError(f"module 'barter_bt.testing' has no attribute {name!r}")
