"""The engine one event at a time, with Barter's own types: for tests, tools, and :mod:`barter_bt.live`.

Barter's configurations and recordings are read as they are: :func:`load_config` and :func:`read_recording` give the
arguments of a backtest, and of an :class:`Engine`.
"""

from barter_bt.system.audit import (
    AccountDisconnect,
    AlgoOrders,
    Audit,
    Commanded,
    MarketDisconnect,
    PositionExit,
    Refused,
    Sent,
    Stopped,
    TradingDisabled,
)
from barter_bt.system.config import ConfigWarning, SystemConfig, load_config
from barter_bt.system.decider import close_with_market_orders
from barter_bt.system.engine import Engine
from barter_bt.system.recording import Recording, RecordingWarning, market_streams, read_recording
from barter_bt.system.strategy import Strategy
from barter_bt.system.timer import Timer

__all__ = [
    "AccountDisconnect",
    "AlgoOrders",
    "Audit",
    "Commanded",
    "ConfigWarning",
    "Engine",
    "MarketDisconnect",
    "PositionExit",
    "Recording",
    "RecordingWarning",
    "Refused",
    "Sent",
    "Stopped",
    "Strategy",
    "SystemConfig",
    "Timer",
    "TradingDisabled",
    "close_with_market_orders",
    "load_config",
    "market_streams",
    "read_recording",
]
