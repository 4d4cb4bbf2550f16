"""Binance's spot market as a source: trades, best prices, books and candles, with nothing lost that can be asked for.

=============  ==================  ==========================================  =======================================
name           stream              how a loss is seen                          what is done about it
=============  ==================  ==========================================  =======================================
``trades``     ``@trade``          ids of a symbol are consecutive             ``GET /api/v3/historicalTrades``
``quotes``     ``@bookTicker``     not at all: each says all                   the next one
``book``       ``@depth@100ms``    a first number behind the last and one      ``GET /api/v3/depth``, a whole book
``1m``, ``1h`` ``@kline_1m``       one begins behind the end of the last       ``GET /api/v3/klines``
=============  ==================  ==========================================  =======================================

What comes twice, or behind what came after it, is told once. Only candles that are closed are told. Known limits: a
best price bears no time of the exchange, so its time is when it was received; the exchange tells ms; more missed trades
than ``backfill`` are given up, and a warning says how many.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import msgspec

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival
from barter_bt.live.binance.endpoints import TEST_NETWORK, Endpoints
from barter_bt.live.binance.inbox import Inbox, Lost
from barter_bt.live.binance.link import Link
from barter_bt.live.binance.messages import StreamMessage
from barter_bt.live.binance.reader import DEEPEST, Reader
from barter_bt.live.binance.rest import Rest
from barter_bt.live.binance.symbols import EXCHANGE, Symbols
from barter_bt.live.clock import Clock, WallClock
from barter_bt.protocol import Item, Market, MarketEvent, Reconnecting

INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
STREAMS = {
    "trades": "trade",
    "quotes": "bookTicker",
    "book": "depth@100ms",
    **{one: f"kline_{one}" for one in INTERVALS},
}
MOST_STREAMS = 1024
_PAGE, _SNAPSHOT_TRIES = 1000, 5


class BinanceMarket:
    """Market data of Binance's spot exchange, as a :class:`~barter_bt.live.Source`.

    Parameters
    ----------
    instruments
        Spot instruments of ``"binance_spot"``.
    streams
        What of: ``"trades"``, ``"quotes"``, ``"book"``, and intervals of candles such as ``"1m"``.
    endpoints
        Which network; by default the test network.
    clock, random
        What time it is, and what draws the jitter of reconnects.
    silence
        After how long without any frame a socket that is open is given up; the exchange pings every 20 s.
    depth
        Levels of a side in a snapshot of the book.
    backfill
        How many missed trades of an instrument are asked for at most.
    limit
        How many messages may wait; if more do, they are given up, and the link is built anew.

    Raises
    ------
    ConfigError
        A stream, an instrument or a depth is not the exchange's; one connection may not have so many streams.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        streams: Sequence[str] = ("trades", "quotes"),
        *,
        endpoints: Endpoints = TEST_NETWORK,
        clock: Clock | None = None,
        random: Random | None = None,
        silence: str | int = "60s",
        depth: int = 1000,
        backfill: int = 10_000,
        limit: int = 100_000,
    ) -> None:
        self._symbols, self._clock = Symbols(instruments), clock or WallClock()
        unknown = [one for one in streams if one not in STREAMS]
        if unknown or not streams:
            raise ConfigError(f"streams are {list(streams)}; unknown: {unknown}", f"allowed: {', '.join(STREAMS)}")
        if not 0 < depth <= DEEPEST:
            raise ConfigError(f"depth is {depth}; a snapshot has 1 to {DEEPEST} levels of a side")
        names = [f"{symbol.lower()}@{STREAMS[one]}" for symbol in self._symbols.names for one in dict.fromkeys(streams)]
        if len(names) > MOST_STREAMS:
            raise ConfigError(f"{len(names)} streams are more than the {MOST_STREAMS} that one connection may have")
        self._rest = Rest(endpoints, None, self._clock)
        self._inbox = Inbox(limit)
        self._link = Link(
            f"{endpoints.streams}/stream?streams={'/'.join(names)}", self._rest.session, self._inbox, self._clock,
            random or Random(), duration_ns(silence, "silence"), self._prepare,
        )  # fmt: skip
        self._keeping: asyncio.Task[None] | None = None
        self._reader = Reader(self._rest, self._clock, depth, backfill)
        self._heard: dict[str, int] = {}
        self._is_checked = False

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """One message after another, until it is closed."""
        if not self._inbox.is_closed:
            self._keeping = asyncio.create_task(self._link.keep())
        async for item in self._inbox.items():
            if isinstance(item, Lost):
                yield Arrival(self._clock.now(), (Market(Reconnecting(EXCHANGE)),))
                continue
            received, text = item
            try:
                async for event in self._events(received, text):
                    yield Arrival(self._clock.now(), (event,))
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                self._link.drop(f"a message cannot be read: {error}")
            except ConnectionFailed as error:
                self._link.drop(f"what was missed could not be asked for: {error}")

    async def close(self) -> None:
        """Give connections back."""
        self._inbox.close()
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        await self._rest.close()

    def stale(self, after: str | int = "30s") -> dict[str, int]:
        """Instruments of which nothing has come for so long, and since when, in ns; 0 is never.

        Parameters
        ----------
        after
            How long.
        """
        since = self._clock.now() - duration_ns(after, "after")
        heard = {name: self._heard.get(name, 0) for name in self._symbols.instruments}
        return {name: at for name, at in heard.items() if at <= since}

    @property
    def reconnects(self) -> int:
        """How often the link was lost."""
        return self._link.reconnects

    @property
    def gaps(self) -> int:
        """How many losses were seen."""
        return self._reader.gaps

    @property
    def repeated(self) -> int:
        """How many messages came again."""
        return self._reader.repeated

    async def _prepare(self, socket: Any) -> None:
        if not self._is_checked:
            self._symbols.check(await self._rest.exchange_info(list(self._symbols.names)))
            self._is_checked = True

    # What a message says

    async def _events(self, received: int, text: str) -> AsyncIterator[Market]:
        message = msgspec.json.decode(text, type=StreamMessage)
        symbol, _, kind = message.stream.partition("@")
        if symbol == "!serverShutdown":
            self._link.drop("the server shuts down")
            return
        name = self._symbols.names[symbol.upper()]
        channel = kind.partition("@")[0]
        async for time, what in self._reader.read(symbol.upper(), channel, message.data, received):
            self._heard[name] = received
            self._link.settle()
            yield Market(Item(MarketEvent(time, received, EXCHANGE, name, what)))
