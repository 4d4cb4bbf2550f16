"""Rigs at the loopback futures exchange, and a system that trades there."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from random import Random
from typing import Any

from barter_bt import protocol as bp
from barter_bt.instrument import Instrument
from barter_bt.live import Manual, System, SystemHandle, binance
from barter_bt.testing.exchange import LoopbackFutures
from tests.live.binance.rig import GTC, IOC, START, Rig

PERP = Instrument(
    "binance_futures_usd", "btc_usdt", kind="perpetual", price_increment="0.01", quantity_increment="0.00001",
    name_exchange="BTCUSDT",
)  # fmt: skip
KEYS = binance.Keys("key", "secret")


def key(cid: str = "a") -> bp.OrderKey:
    return bp.OrderKey("binance_futures_usd", "btc_usdt", "me", cid)


def order(cid: str = "a", quantity: str = "1", price: str = "100", side: bp.Side = bp.Side.BUY, tif: Any = GTC) -> Any:
    terms = bp.RequestOpen(side, D(price), D(quantity), bp.OrderKind.LIMIT, tif)
    return bp.OrderRequestOpen(key(cid), terms)


def at_market(cid: str = "a", quantity: str = "1", side: bp.Side = bp.Side.BUY) -> Any:
    return bp.OrderRequestOpen(key(cid), bp.RequestOpen(side, D(0), D(quantity), bp.OrderKind.MARKET, IOC))


def account_rig(*, dry_run: bool = False, adapter: dict[str, Any] | None = None, **exchange: Any) -> Rig:
    """A rig around an account of futures."""

    def make(rig: Rig) -> binance.FuturesAccount:
        given = {"dry_run": dry_run, "clock": rig.clock, "random": Random(1)} | (adapter or {}) | rig.more
        return binance.FuturesAccount([PERP], KEYS, endpoints=rig.exchange.endpoints, **given)

    return Rig(make, LoopbackFutures, **exchange)


def market_rig(*streams: str, adapter: dict[str, Any] | None = None, **exchange: Any) -> Rig:
    """A rig around a market of futures."""

    def make(rig: Rig) -> binance.BinanceMarket:
        given = {"clock": rig.clock, "random": Random(1)} | (adapter or {}) | rig.more
        return binance.BinanceMarket([PERP], streams or ("trades",), endpoints=rig.exchange.endpoints, **given)

    return Rig(make, LoopbackFutures, **exchange)


class Desk:
    """A system of futures, with its exchange and clock."""

    def __init__(self, exchange: LoopbackFutures, clock: Manual, **options: Any) -> None:
        self.exchange, self.clock = exchange, clock
        given = {"endpoints": exchange.endpoints, "clock": clock, "random": Random(1)}
        self.account = binance.FuturesAccount([PERP], KEYS, dry_run=False, **given)
        market = binance.BinanceMarket([PERP], ["quotes", "trades"], **given)
        self.system = System(
            [PERP], sources=[self.account, market], clients=[self.account], clock=clock, start=START, **options
        )

    async def start(self) -> SystemHandle:
        self.exchange.quote("99", "101", "5")
        self.handle = await self.system.start()
        await self.account.ready()
        await self.handle.set_trading(bp.TradingState.ENABLED)
        return self.handle

    async def passes(self, seconds: int) -> None:
        """Time passes, in which whatever can happen does, a best price each second."""
        for second in range(seconds):
            await self.clock.set(self.clock.now() + 10**9)
            self.exchange.quote("99", "101", str(5 + second % 2))
            await self.exchange.flush()
            for _ in range(60):
                await asyncio.sleep(0)
