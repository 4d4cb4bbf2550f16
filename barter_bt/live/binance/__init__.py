"""Binance's spot and USD-M futures exchanges: their markets and an account, behind the protocols of a live system.

:class:`BinanceMarket` is a source, :class:`BinanceAccount` a source and a client, :class:`FuturesAccount` those of
futures; :func:`instruments` asks an exchange what can be traded. No real venue was contacted when this was tested: it
talks to :class:`barter_bt.testing.exchange.LoopbackExchange` and :class:`barter_bt.testing.exchange.LoopbackFutures`.
The guide *Trade at Binance* says what to check first.
"""

from barter_bt.live.arrival import MarkPrice
from barter_bt.live.binance.account import BinanceAccount
from barter_bt.live.binance.again import from_raw
from barter_bt.live.binance.endpoints import (
    FUTURES_MAIN_NETWORK,
    FUTURES_TEST_NETWORK,
    MAIN_NETWORK,
    TEST_NETWORK,
    Endpoints,
)
from barter_bt.live.binance.front import began, instruments, last_trades
from barter_bt.live.binance.futures import FuturesAccount
from barter_bt.live.binance.futures_history import CashFlow, MarginTerms
from barter_bt.live.binance.keys import Keys
from barter_bt.live.binance.market import BinanceMarket
from barter_bt.live.binance.reader import BinanceWarning

__all__ = [
    "FUTURES_MAIN_NETWORK",
    "FUTURES_TEST_NETWORK",
    "MAIN_NETWORK",
    "TEST_NETWORK",
    "BinanceAccount",
    "BinanceMarket",
    "BinanceWarning",
    "CashFlow",
    "Endpoints",
    "FuturesAccount",
    "Keys",
    "MarginTerms",
    "MarkPrice",
    "began",
    "from_raw",
    "instruments",
    "last_trades",
]
