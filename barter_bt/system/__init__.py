"""The engine one event at a time, with Barter's own types: for tests, tools, and later paper and live trading."""

from barter_bt.system.audit import (
    AccountDisconnect,
    AlgoOrders,
    Audit,
    Commanded,
    MarketDisconnect,
    PositionExit,
    Refused,
    Sent,
    TradingDisabled,
)
from barter_bt.system.engine import Engine
from barter_bt.system.strategy import Strategy, close_with_market_orders

__all__ = [
    "AccountDisconnect",
    "AlgoOrders",
    "Audit",
    "Commanded",
    "Engine",
    "MarketDisconnect",
    "PositionExit",
    "Refused",
    "Sent",
    "Strategy",
    "TradingDisabled",
    "close_with_market_orders",
]
