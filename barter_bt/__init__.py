"""Vectorised backtesting with the semantics of Barter's trading engine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from barter_bt.version import VERSION as __version__

if TYPE_CHECKING:
    from barter_bt import data, instrument, live, report, risk, statistic, strategy, testing, venue
    from barter_bt.backtest import (
        Checkpoint,
        Commands,
        Record,
        Result,
        Simulation,
        backtest,
        check_causality,
        compare,
        compare_candle_paths,
        read,
    )
    from barter_bt.instrument import Instrument
    from barter_bt.risk import Limits
    from barter_bt.strategy import (
        AmendRequest,
        Compiled,
        Hooks,
        OrderRequest,
        Schedule,
        Signals,
        every,
        month_end,
        session_end,
        week_end,
    )
    from barter_bt.venue import (
        Delays,
        FeeLevel,
        Fees,
        FeeTiers,
        Latency,
        Margin,
        MarginTier,
        Slippage,
        Venue,
    )

__all__ = [
    "AmendRequest",
    "Checkpoint",
    "Commands",
    "Compiled",
    "Delays",
    "FeeLevel",
    "FeeTiers",
    "Fees",
    "Hooks",
    "Instrument",
    "Latency",
    "Limits",
    "Margin",
    "MarginTier",
    "OrderRequest",
    "Record",
    "Result",
    "Schedule",
    "Signals",
    "Simulation",
    "Slippage",
    "Venue",
    "__version__",
    "backtest",
    "check_causality",
    "compare",
    "compare_candle_paths",
    "data",
    "every",
    "instrument",
    "live",
    "month_end",
    "read",
    "report",
    "risk",
    "session_end",
    "statistic",
    "strategy",
    "testing",
    "venue",
    "week_end",
]

_ROOMS = ("data", "instrument", "live", "risk", "strategy", "statistic", "report", "backtest", "venue", "testing")
_FROM = {
    "backtest": (
        *("Checkpoint", "Commands", "Record", "Result", "Simulation"),
        *("check_causality", "compare", "compare_candle_paths", "read"),
    ),
    "venue": (*("Delays", "FeeLevel", "FeeTiers", "Fees", "Latency", "Margin", "MarginTier", "Slippage", "Venue"),),
    "instrument": ("Instrument",),
    "risk": ("Limits",),
    "strategy": (
        *("AmendRequest", "Compiled", "Hooks", "OrderRequest", "Schedule", "Signals"),
        *("every", "month_end", "session_end", "week_end"),
    ),
}


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``--help`` and reading a version need no Polars."""
    if name in _ROOMS:
        return importlib.import_module(f"barter_bt.{name}")
    for room, names in _FROM.items():
        if name in names:
            return getattr(importlib.import_module(f"barter_bt.{room}"), name)
    raise AttributeError(f"module 'barter_bt' has no attribute {name!r}")
