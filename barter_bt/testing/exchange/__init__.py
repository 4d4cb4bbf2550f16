"""A loopback exchange: Binance's dialects, of spot and of futures, on a port of this machine, with faults on demand.

Needs aiohttp (``pip install "barter-bt[live]"``). Its messages have the layouts of Binance's documentation, which
the modules `wire` and `futures_wire` name; its matching is as simple as can be.

Examples
--------
>>> import asyncio
>>> from barter_bt.live import Manual, binance
>>> async def ask() -> str:
...     clock = Manual(1_700_000_000_000_000_000)
...     async with LoopbackExchange(clock) as exchange:
...         (btc,) = await binance.instruments(["BTCUSDT"], exchange.endpoints, clock)
...         return f"{btc.name} {btc.price_increment}"
>>> asyncio.run(ask())
'btc_usdt 0.01'
"""

from barter_bt.testing.exchange.capture import replay_capture
from barter_bt.testing.exchange.faults import Late, Lost, Status
from barter_bt.testing.exchange.futures import LoopbackFutures
from barter_bt.testing.exchange.listing import Listing
from barter_bt.testing.exchange.replay import replay_market
from barter_bt.testing.exchange.server import LoopbackExchange
from barter_bt.testing.exchange.sockets import Sockets

__all__ = [
    "Late",
    "Listing",
    "LoopbackExchange",
    "LoopbackFutures",
    "Lost",
    "Sockets",
    "Status",
    "replay_capture",
    "replay_market",
]
