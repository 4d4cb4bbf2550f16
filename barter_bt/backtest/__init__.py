"""Backtests: run one, read its result, write it to a directory."""

import inspect
import sys
from types import ModuleType
from typing import Any

from barter_bt.backtest.backtest import backtest
from barter_bt.backtest.candle_paths import compare_candle_paths
from barter_bt.backtest.causality import Causality, check_causality
from barter_bt.backtest.checkpoint import Checkpoint
from barter_bt.backtest.commands import Commands
from barter_bt.backtest.compare import Comparison, compare
from barter_bt.backtest.record import Record
from barter_bt.backtest.result import Result
from barter_bt.backtest.run_directory import read
from barter_bt.backtest.simulation import Simulation
from barter_bt.backtest.spill import Spill

__all__ = [
    "Causality",
    "Checkpoint",
    "Commands",
    "Comparison",
    "Record",
    "Result",
    "Simulation",
    "Spill",
    "backtest",
    "check_causality",
    "compare",
    "compare_candle_paths",
    "read",
]


class _Room(ModuleType):
    """``barter_bt.backtest`` is this room *and* what it is for: importing a room binds its name in the package."""

    def __call__(self, *args: Any, **kwargs: Any) -> Result:
        return backtest(*args, **kwargs)


sys.modules[__name__].__class__ = _Room
sys.modules[__name__].__dict__["__signature__"] = inspect.signature(backtest)
