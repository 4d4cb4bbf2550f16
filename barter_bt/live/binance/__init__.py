"""Binance's spot exchange: its market and an account, behind the protocols of a live system.

:class:`BinanceMarket` is a source, :class:`BinanceAccount` a source and a client; :func:`instruments` asks the exchange
what can be traded. No real venue was contacted when this was tested: it talks to
:class:`barter_bt.testing.exchange.LoopbackExchange`. The guide *Trade at Binance* says what to check first.
"""

from barter_bt.live.binance.account import BinanceAccount
from barter_bt.live.binance.endpoints import MAIN_NETWORK, TEST_NETWORK, Endpoints
from barter_bt.live.binance.front import instruments, last_trades
from barter_bt.live.binance.keys import Keys
from barter_bt.live.binance.market import BinanceMarket
from barter_bt.live.binance.reader import BinanceWarning

__all__ = [
    "MAIN_NETWORK",
    "TEST_NETWORK",
    "BinanceAccount",
    "BinanceMarket",
    "BinanceWarning",
    "Endpoints",
    "Keys",
    "instruments",
    "last_trades",
]
