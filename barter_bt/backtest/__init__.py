"""Backtests: run one, read its result, write it to a directory."""

import importlib
import inspect
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from barter_bt.backtest.backtest import backtest
from barter_bt.backtest.result import Result
from barter_bt.backtest.simulation import Simulation
from barter_bt.backtest.spill import Spill

if TYPE_CHECKING:
    from barter_bt.backtest.candle_paths import compare_candle_paths
    from barter_bt.backtest.causality import Causality, check_causality
    from barter_bt.backtest.checkpoint import Checkpoint
    from barter_bt.backtest.commands import Commands
    from barter_bt.backtest.compare import Comparison, compare
    from barter_bt.backtest.record import Record
    from barter_bt.backtest.run_directory import read

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


_LATER = {
    "Causality": "causality",
    "Checkpoint": "checkpoint",
    "Commands": "commands",
    "Comparison": "compare",
    "Record": "record",
    "check_causality": "causality",
    "compare": "compare",
    "compare_candle_paths": "candle_paths",
    "read": "run_directory",
}
"""What a backtest does not need is imported when it is asked for: its module, by name."""


class _Room(ModuleType):
    """``barter_bt.backtest`` is this room *and* what it is for: importing a room binds its name in the package."""

    def __call__(self, *args: Any, **kwargs: Any) -> Result:
        return backtest(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Bind a name. Importing a module binds its name, too: ``compare`` is the function all the same."""
        super().__setattr__(name, value.compare if name == "compare" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Room
sys.modules[__name__].__dict__.update(__signature__=inspect.signature(backtest), __doc__=backtest.__doc__)
