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
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import msgspec

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival
from barter_bt.live.binance.depth import Sequence as Numbers
from barter_bt.live.binance.endpoints import TEST_NETWORK, Endpoints
from barter_bt.live.binance.inbox import Inbox, Lost
from barter_bt.live.binance.link import Link
from barter_bt.live.binance.messages import BookTicker, Depth, DepthUpdate, Kline, OldTrade, StreamMessage, Trade
from barter_bt.live.binance.rest import MS_NS, Rest
from barter_bt.live.binance.symbols import EXCHANGE, Symbols
from barter_bt.live.clock import SECOND_NS, Clock, WallClock
from barter_bt.protocol import (
    Candle,
    DataKind,
    Item,
    Level,
    Market,
    MarketEvent,
    OrderBookL1,
    PublicTrade,
    Reconnecting,
    Side,
)

INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
STREAMS = {
    "trades": "trade",
    "quotes": "bookTicker",
    "book": "depth@100ms",
    **{one: f"kline_{one}" for one in INTERVALS},
}
MOST_STREAMS = 1024
_PAGE, _SNAPSHOT_TRIES = 1000, 5


class BinanceWarning(UserWarning):
    """Something that Binance said could not be told as it is."""


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
        A stream or an instrument is not the exchange's, or there are more streams than one connection may have.

    Attributes
    ----------
    gaps, repeated
        How many losses were seen, and how many messages came again.
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
        if unknown := [one for one in streams if one not in STREAMS] or not streams:
            raise ConfigError(f"streams are {list(streams)}; unknown: {unknown}", f"allowed: {', '.join(STREAMS)}")
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
        self._depth, self._backfill = depth, backfill
        self._books: dict[str, Numbers] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._heard: dict[str, int] = {}
        self._is_checked = False
        self.gaps = self.repeated = 0

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
        read = {"trade": self._trade, "bookTicker": self._quote, "depth": self._book}.get(
            kind.partition("@")[0], self._candle
        )
        name = self._symbols.names[symbol.upper()]
        async for time, what in read(symbol.upper(), message.data, received):
            self._heard[name] = received
            self._link.settle()
            yield Market(Item(MarketEvent(time, received, EXCHANGE, name, what)))

    def _is_new(self, key: tuple[str, str], number: int) -> bool:
        """Whether a number is behind all that were told."""
        if number <= self._numbers.get(key, -1):
            self.repeated += 1
            return False
        return True

    async def _trade(self, symbol: str, raw: msgspec.Raw, received: int) -> AsyncIterator[tuple[int, DataKind]]:
        one, key = msgspec.json.decode(raw, type=Trade), (symbol, "trade")
        if not self._is_new(key, one.t):
            return
        async for old in self._missed_trades(symbol, key, one.t):
            yield old.time * MS_NS, _public_trade(old.id, old.price, old.qty, old.isBuyerMaker)
            self._numbers[key] = old.id
        yield one.T * MS_NS, _public_trade(one.t, one.p, one.q, one.m)
        self._numbers[key] = one.t

    async def _missed_trades(self, symbol: str, key: tuple[str, str], until: int) -> AsyncIterator[OldTrade]:
        first = self._numbers.get(key, until - 1) + 1
        if first >= until:
            return
        self.gaps += 1
        if until - first > self._backfill:
            told = f"{until - first - self._backfill} trades of {symbol} were missed and are not asked for"
            warnings.warn(f"{told}; raise backfill to have them", BinanceWarning, stacklevel=2)
            first = until - self._backfill
        while first < until:
            params = {"symbol": symbol, "fromId": first, "limit": _PAGE}
            rows = await self._rest.get("/api/v3/historicalTrades", list[OldTrade], params, weight=25)
            rows = [row for row in rows if first <= row.id < until]
            if not rows or rows[0].id != first:
                raise ConnectionFailed(f"trade {first} of {symbol} is not among the exchange's old trades yet")
            for row in rows:
                yield row
            first = rows[-1].id + 1

    async def _quote(self, symbol: str, raw: msgspec.Raw, received: int) -> AsyncIterator[tuple[int, DataKind]]:
        one, key = msgspec.json.decode(raw, type=BookTicker), (symbol, "quote")
        if self._is_new(key, one.u):
            self._numbers[key] = one.u
            bid, ask = (Level(p, a) if a else None for p, a in ((one.b, one.B), (one.a, one.A)))
            yield received, OrderBookL1(received, bid, ask)

    async def _book(self, symbol: str, raw: msgspec.Raw, received: int) -> AsyncIterator[tuple[int, DataKind]]:
        update = msgspec.json.decode(raw, type=DepthUpdate)
        book = self._books.setdefault(symbol, Numbers())
        if book.last is not None and not book.follows(update):
            self.gaps += 1
            book.gaps, book.last = book.gaps + 1, None
        if book.last is None:
            yield update.E * MS_NS, book.snapshot(await self._whole_book(symbol, update.U))
        if book.is_old(update):
            self.repeated += 1
            return
        yield update.E * MS_NS, book.apply(update)

    async def _whole_book(self, symbol: str, first: int) -> Depth:
        """A snapshot that is not older than the first update that waits."""
        weight = next(cost for most, cost in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if self._depth <= most)
        for failures in range(_SNAPSHOT_TRIES):
            params = {"symbol": symbol, "limit": self._depth}
            depth = await self._rest.get("/api/v3/depth", Depth, params, weight=weight)
            if depth.lastUpdateId >= first - 1:
                return depth
            await self._clock.sleep_until(self._clock.now() + (SECOND_NS << failures) // 4)
        raise ConnectionFailed(f"snapshots of {symbol}'s book stay older than its updates")

    async def _candle(self, symbol: str, raw: msgspec.Raw, received: int) -> AsyncIterator[tuple[int, DataKind]]:
        one = msgspec.json.decode(raw, type=Kline).k
        key = (symbol, one.i)
        last = self._numbers.get(key)
        if last is not None and one.t > last + 1:
            self.gaps += 1
            params = {"symbol": symbol, "interval": one.i, "startTime": last + 1, "endTime": one.t - 1, "limit": _PAGE}
            for row in await self._rest.get("/api/v3/klines", list[list[Any]], params, weight=2):
                if self._numbers[key] < row[6] < one.t:
                    self._numbers[key] = row[6]
                    yield (row[6] + 1) * MS_NS, _candle(row[6], row[1:6], row[8])
            if one.x and one.t > self._numbers[key] + 1:
                told = (
                    f"the exchange has no candles {one.i} of {symbol} between {self._numbers[key] + 1} and {one.t} ms"
                )
                warnings.warn(told, BinanceWarning, stacklevel=2)
        if one.x and self._is_new(key, one.T):
            self._numbers[key] = one.T
            yield (one.T + 1) * MS_NS, _candle(one.T, (one.o, one.h, one.l, one.c, one.v), one.n)


def _public_trade(number: int, price: Any, quantity: Any, buyer_made: bool) -> PublicTrade:
    side = Side.SELL if buyer_made else Side.BUY
    return PublicTrade(str(number), float(price), float(quantity), side)


def _candle(last_ms: int, prices: Sequence[Any], count: int) -> Candle:
    """The exchange names a candle's last ms; its end is the next."""
    first, high, low, last, volume = (float(price) for price in prices)
    return Candle((last_ms + 1) * MS_NS, first, high, low, last, volume, count)
