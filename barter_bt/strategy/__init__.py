"""Three ways to write a strategy, on the same engine."""

import importlib
from typing import TYPE_CHECKING, Any

from barter_bt.strategy import api, indicators
from barter_bt.strategy.amend_request import AmendRequest
from barter_bt.strategy.candle import Candles
from barter_bt.strategy.compiled import Compiled
from barter_bt.strategy.driver import Strategy
from barter_bt.strategy.group import StrategyGroup
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.margin_request import MarginRequest
from barter_bt.strategy.python import AlgoStrategy, Python
from barter_bt.strategy.rebalance import every, month_end, session_end, week_end
from barter_bt.strategy.request import OrderRequest
from barter_bt.strategy.schedule import Schedule
from barter_bt.strategy.signals import Signals
from barter_bt.strategy.view import State

if TYPE_CHECKING:
    from barter_bt.strategy import builtin, execution, makers

__all__ = [
    "AlgoStrategy",
    "AmendRequest",
    "Candles",
    "Compiled",
    "Hooks",
    "MarginRequest",
    "OrderRequest",
    "Python",
    "Schedule",
    "Signals",
    "State",
    "Strategy",
    "StrategyGroup",
    "api",
    "builtin",
    "every",
    "execution",
    "indicators",
    "makers",
    "month_end",
    "session_end",
    "week_end",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Import what has been written with these, which few programs need, when it is asked for."""
    if name in ("builtin", "execution", "makers"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
