"""A loopback exchange, an adapter at it, and all that it tells; time passes when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal as D
from random import Random
from typing import Any, Self

from barter_bt import protocol as bp
from barter_bt.instrument import Instrument
from barter_bt.live import Manual, binance
from barter_bt.testing.exchange import LoopbackExchange

START = 1_700_000_000_000_000_000
SECOND = 10**9
BTC = Instrument(
    "binance_spot", "btc_usdt", price_increment="0.01", quantity_increment="0.00001", name_exchange="BTCUSDT"
)
GTC, POST, IOC, FOK = bp.GoodUntilCancelled(False), bp.GoodUntilCancelled(True), bp.ImmediateOrCancel(), bp.FillOrKill()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """A test that is a coroutine; a test that hangs ends, if only after minutes: a machine may be busy."""

    async def within() -> None:
        async with asyncio.timeout(300):
            await test()

    asyncio.run(within())


def key(cid: str = "a") -> bp.OrderKey:
    return bp.OrderKey("binance_spot", "btc_usdt", "me", cid)


def order(cid: str = "a", quantity: str = "1", price: str = "100", side: bp.Side = bp.Side.BUY, tif: Any = GTC) -> Any:
    terms = bp.RequestOpen(side, D(price), D(quantity), bp.OrderKind.LIMIT, tif)
    return bp.OrderRequestOpen(key(cid), terms)


def at_market(cid: str = "a", quantity: str = "1", side: bp.Side = bp.Side.BUY) -> Any:
    return bp.OrderRequestOpen(key(cid), bp.RequestOpen(side, D(0), D(quantity), bp.OrderKind.MARKET, IOC))


def cancel(cid: str = "a") -> Any:
    return bp.OrderRequestCancel(key(cid), bp.RequestCancel())


class Rig:
    """An adapter at a loopback exchange; ``told`` is what its arrivals say, without the wrapping."""

    def __init__(
        self, make: Callable[[Rig], Any], served: type[LoopbackExchange] = LoopbackExchange, **exchange: Any
    ) -> None:
        self.clock, self.make, self.more = Manual(START), make, dict[str, Any]()
        self.exchange: Any = served(self.clock, **exchange)
        self.exchange.quote("99", "101", "5")
        self.told: list[Any] = []
        self.arrivals: list[Any] = []
        self.held: list[Any] = []

    async def __aenter__(self) -> Self:
        await self.exchange.__aenter__()
        self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.adapter.close()
        with suppress(Exception):
            await self.reading
        await self.exchange.__aexit__()

    def connect(self) -> None:
        self.adapter = self.make(self)
        self.reading = asyncio.create_task(self._read(self.adapter))

    async def _read(self, adapter: Any) -> None:
        async for arrival in adapter.arrivals():
            self.arrivals.append(arrival)
            self.held += arrival.positions
            for event in arrival.events:
                inner = event.event
                self.told.append(inner.value.kind if isinstance(inner, bp.Item) else inner)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Let things happen until something is so; what the adapter raises is raised."""
        while not condition():
            if self.reading.done():
                self.reading.result()
                raise AssertionError("the adapter has ended")
            await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        """Time passes."""
        await self.clock.set(self.clock.now() + int(seconds * SECOND))

    async def until_in_time(self, condition: Callable[[], Any], step: float = 1, steps: int = 200) -> None:
        """Let time pass, step by step, until something is so."""
        for _ in range(steps):
            for _ in range(60):
                if condition():
                    return
                await asyncio.sleep(0)
            await self.passes(step)
        raise AssertionError("it never became so")

    async def settled(self, turns: int = 200) -> None:
        """Let everything happen that would by now."""
        for _ in range(turns):
            await asyncio.sleep(0)

    # What was told

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.told if isinstance(one, kind)]

    @property
    def trades(self) -> list[Any]:
        return self.of(bp.Trade)

    def states(self, cid: str = "a") -> list[Any]:
        """States of an order, as they were told."""
        kinds = (bp.Order, bp.OrderResponseCancel, bp.OrderResponseAmend)
        return [one.state for one in self.of(kinds) if one.key.cid == cid]  # type: ignore[arg-type]

    @property
    def snapshots(self) -> list[Any]:
        return self.of(bp.AccountSnapshot)

    @property
    def losses(self) -> int:
        return len(self.of(bp.Reconnecting))

    async def ready(self, count: int = 1) -> None:
        """Wait for the snapshot of a connection."""
        await self.until(lambda: len(self.snapshots) >= count)

    async def back(self) -> None:
        """Wait for the snapshot of the next connection, however long its backoff."""
        count = len(self.snapshots)
        await self.until_in_time(lambda: len(self.snapshots) > count, 0.25)


def account_rig(*, dry_run: bool = False, adapter: dict[str, Any] | None = None, **exchange: Any) -> Rig:
    """A rig around an account."""

    def make(rig: Rig) -> binance.BinanceAccount:
        given = {"dry_run": dry_run, "clock": rig.clock, "random": Random(1)} | (adapter or {}) | rig.more
        return binance.BinanceAccount([BTC], binance.Keys("key", "secret"), endpoints=rig.exchange.endpoints, **given)

    return Rig(make, **exchange)


def market_rig(*streams: str, adapter: dict[str, Any] | None = None, **exchange: Any) -> Rig:
    """A rig around a market."""

    def make(rig: Rig) -> binance.BinanceMarket:
        given = {"clock": rig.clock, "random": Random(1)} | (adapter or {}) | rig.more
        return binance.BinanceMarket([BTC], streams or ("trades",), endpoints=rig.exchange.endpoints, **given)

    return Rig(make, **exchange)
