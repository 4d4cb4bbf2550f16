"""Vectorised backtesting with the semantics of Barter's trading engine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from barter_bt.version import VERSION as __version__

if TYPE_CHECKING:
    from barter_bt import backtest as _backtest_room
    from barter_bt import data, execution, instrument, risk, strategy
    from barter_bt.backtest import Result, backtest
    from barter_bt.execution import Fees, Latency, Margin, Venue
    from barter_bt.instrument import Instrument
    from barter_bt.risk import Limits
    from barter_bt.strategy import Compiled, OrderRequest, Schedule, Signals

_FROM = {
    "backtest": "barter_bt.backtest",
    "Result": "barter_bt.backtest",
    "Fees": "barter_bt.execution",
    "Latency": "barter_bt.execution",
    "Margin": "barter_bt.execution",
    "Venue": "barter_bt.execution",
    "Instrument": "barter_bt.instrument",
    "Limits": "barter_bt.risk",
    "Compiled": "barter_bt.strategy",
    "OrderRequest": "barter_bt.strategy",
    "Schedule": "barter_bt.strategy",
    "Signals": "barter_bt.strategy",
}
_ROOMS = ("data", "execution", "instrument", "risk", "strategy")

__all__ = ["__version__", *_FROM, *_ROOMS]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``--help`` and reading a version need no Polars."""
    if name in _FROM:
        return getattr(importlib.import_module(_FROM[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"barter_bt.{name}")
    raise AttributeError(f"module 'barter_bt' has no attribute {name!r}")
