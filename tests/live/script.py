"""A source that says what a test wrote, and a client that notes what it is asked to send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from barter_bt import protocol as bp
from barter_bt.live import Arrival


def traded(time: int, price: float = 100.0, instrument: str = "btc_usd") -> Arrival:
    """A public trade."""
    kind = bp.PublicTrade(str(time), price, 1.0, bp.Side.BUY)
    return Arrival(time, (bp.Market(bp.Item(bp.MarketEvent(time, time, "x", instrument, kind))),))


def closed(time: int, price: float = 100.0) -> Arrival:
    """A candle."""
    kind = bp.Candle(time, price, price, price, price, 1.0, 1)
    return Arrival(time, (bp.Market(bp.Item(bp.MarketEvent(time, time, "x", "btc_usd", kind))),))


def told(time: int, *kinds: Any) -> Arrival:
    """One message of the account."""
    return Arrival(time, tuple(bp.Account(bp.Item(bp.AccountEvent("x", kind))) for kind in kinds))


class Script:
    """Says its lines; an Event among them is waited for, an exception raised. Then it ends, or waits to be closed."""

    def __init__(self, lines: Iterable[Any], *, ends: bool = True) -> None:
        self.lines, self.ends, self.closed = list(lines), ends, 0
        self._end = asyncio.Event()

    async def arrivals(self) -> AsyncIterator[Arrival]:
        for line in self.lines:
            if isinstance(line, Exception):
                raise line
            if isinstance(line, asyncio.Event):
                await line.wait()
            else:
                yield line
        if not self.ends:
            await self._end.wait()

    async def close(self) -> None:
        self.closed += 1
        self._end.set()


class Client:
    """Sends nothing."""

    def __init__(self, *exchanges: str, error: Any = None) -> None:
        self.exchanges, self.error, self.closed = exchanges or ("x",), error, 0
        self.sent: list[Any] = []

    def open(self, request: Any) -> Any:
        self.sent.append(request)
        return self.error

    cancel = amend = open

    async def account_snapshot(self, exchange: str) -> bp.AccountSnapshot:
        return bp.AccountSnapshot(exchange, (), ())

    async def order_status(self, key: bp.OrderKey) -> None:
        return None

    async def close(self) -> None:
        self.closed += 1
