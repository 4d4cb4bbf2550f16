"""Vectorised backtesting with the semantics of Barter's trading engine."""

from __future__ import annotations

import gc
import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from barter_bt.version import VERSION as __version__

if TYPE_CHECKING:
    from barter_bt import (
        data,
        instrument,
        live,
        protocol,
        report,
        research,
        risk,
        statistic,
        strategy,
        system,
        testing,
        venue,
    )
    from barter_bt.backtest import (
        Checkpoint,
        Commands,
        Record,
        Result,
        Simulation,
        Spill,
        backtest,
        check_causality,
        compare,
        compare_candle_paths,
        read,
    )
    from barter_bt.data import Catalog, candles, quotes, trades
    from barter_bt.instrument import Instrument
    from barter_bt.research import Sweep, adaptive, draw, grid, sweep
    from barter_bt.risk import Limits
    from barter_bt.strategy import (
        AmendRequest,
        Compiled,
        Hooks,
        MarginRequest,
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
        Faults,
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
    "Catalog",
    "Checkpoint",
    "Commands",
    "Compiled",
    "Delays",
    "Faults",
    "FeeLevel",
    "FeeTiers",
    "Fees",
    "Hooks",
    "Instrument",
    "Latency",
    "Limits",
    "Margin",
    "MarginRequest",
    "MarginTier",
    "OrderRequest",
    "Record",
    "Result",
    "Schedule",
    "Signals",
    "Simulation",
    "Slippage",
    "Spill",
    "Sweep",
    "Venue",
    "__version__",
    "adaptive",
    "backtest",
    "candles",
    "check_causality",
    "compare",
    "compare_candle_paths",
    "data",
    "draw",
    "every",
    "grid",
    "instrument",
    "live",
    "month_end",
    "protocol",
    "quotes",
    "read",
    "report",
    "research",
    "risk",
    "session_end",
    "statistic",
    "strategy",
    "sweep",
    "system",
    "testing",
    "trades",
    "venue",
    "week_end",
]

_ROOMS = (
    *("backtest", "data", "instrument", "live", "protocol", "report", "research", "risk", "statistic", "strategy"),
    *("system", "testing", "venue"),
)
_FROM = {
    "data": ("Catalog", "candles", "quotes", "trades"),
    "backtest": (
        *("Checkpoint", "Commands", "Record", "Result", "Simulation", "Spill"),
        *("check_causality", "compare", "compare_candle_paths", "read"),
    ),
    "venue": (
        *("Delays", "Faults", "FeeLevel", "FeeTiers", "Fees", "Latency", "Margin", "MarginTier", "Slippage", "Venue"),
    ),
    "instrument": ("Instrument",),
    "research": ("Sweep", "adaptive", "draw", "grid", "sweep"),
    "risk": ("Limits",),
    "strategy": (
        *("AmendRequest", "Compiled", "Hooks", "MarginRequest", "OrderRequest", "Schedule", "Signals"),
        *("every", "month_end", "session_end", "week_end"),
    ),
}


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``--help`` and reading a version need no Polars."""
    if name in _ROOMS:
        return _imported(name)
    for room, names in _FROM.items():
        if name in names:
            return getattr(_imported(room), name)
    raise AttributeError(f"module 'barter_bt' has no attribute {name!r}")


def _imported(room: str) -> ModuleType:
    """Import a room, and look for no garbage meanwhile: all that an import makes stays, and would be gone through.

    NumPy and Polars come first. A dozen imports deep, at the end of a piece of Python's stack, each of the calls that
    they make would begin a new one, and the import of NumPy take three times as long.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        if room != "protocol":  # which needs neither
            importlib.import_module("numpy")
            importlib.import_module("polars")
        return importlib.import_module(f"barter_bt.{room}")
    finally:
        if enabled:
            gc.enable()
