"""Three ways to write a strategy, on the same engine."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barter_bt.strategy import api, builtin, execution, indicators, makers
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

_MODULES = ("api", "builtin", "execution", "indicators", "makers")
_LATER = {
    "AlgoStrategy": "python",
    "AmendRequest": "amend_request",
    "Candles": "candle",
    "Compiled": "compiled",
    "Hooks": "hooks",
    "MarginRequest": "margin_request",
    "OrderRequest": "request",
    "Python": "python",
    "Schedule": "schedule",
    "Signals": "signals",
    "State": "view",
    "Strategy": "driver",
    "StrategyGroup": "group",
    "every": "rebalance",
    "month_end": "rebalance",
    "session_end": "rebalance",
    "week_end": "rebalance",
}
"""A program mostly has a strategy of one kind: each is imported when it is asked for. Their modules, by name."""


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
