"""Binance's markets as a source: trades, best prices, books and candles, with nothing lost that can be asked for.

=============  ==================  ==========================================  =======================================
name           stream              how a loss is seen                          what is done about it
=============  ==================  ==========================================  =======================================
``trades``     ``@trade``          ids of a symbol are consecutive             ``GET /api/v3/historicalTrades``
``quotes``     ``@bookTicker``     not at all: each says all                   the next one
``book``       ``@depth@100ms``    a first number behind the last and one      ``GET /api/v3/depth``, a whole book
``1m``, ``1h`` ``@kline_1m``       one begins behind the end of the last       ``GET /api/v3/klines``
=============  ==================  ==========================================  =======================================

Of futures ``trades`` are ``@aggTrade`` (trades of one taker at one price are one, and are asked for by
``GET /fapi/v1/aggTrades``), an update of a book names the one before, and there are ``liquidations`` (``@forceOrder``,
the last of each second) and ``marks`` (``@markPrice@1s``), which is no event: :meth:`BinanceMarket.mark` tells it.
There are two connections then, one for quotes and books and one for the others.

A loss holds back its own stream alone (:mod:`barter_bt.live.binance.lanes`); while the link is lost nothing of what was
missed is told. What comes twice, or behind what came after it, is told once. Only candles that are closed are told.
Known limits: a best price bears no time of the spot exchange, so its time is when it was received; the exchange tells
ms; more missed trades than ``backfill`` are given up, and a warning says how many.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from random import Random
from typing import Any

import msgspec

from barter_bt.data.duration import span_ns
from barter_bt.errors import ConfigError, ConnectionFailed, InstrumentError
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival, MarkPrice
from barter_bt.live.binance.asking import Steps
from barter_bt.live.binance.endpoints import TEST_NETWORK, Endpoints
from barter_bt.live.binance.inbox import Inbox, Lost
from barter_bt.live.binance.lanes import Heard, Lane, Lanes
from barter_bt.live.binance.link import Link
from barter_bt.live.binance.messages import StreamMessage
from barter_bt.live.binance.reader import Reader
from barter_bt.live.binance.rest import Rest
from barter_bt.live.binance.symbols import Symbols
from barter_bt.live.clock import Clock, WallClock
from barter_bt.live.raw import RawRecorder, Tap
from barter_bt.live.silence import silent_since
from barter_bt.protocol import DataKind, Item, Market, MarketEvent, Reconnecting

MOST_STREAMS = 1024
_UP = object()  # a link is there again


class BinanceMarket:
    """Market data of an exchange of Binance, as a :class:`~barter_bt.live.Source`.

    Parameters
    ----------
    instruments
        Instruments of the exchange.
    streams
        What of: ``"trades"``, ``"quotes"``, ``"book"``, and intervals of candles such as ``"1m"``; of futures also
        ``"marks"`` and ``"liquidations"``.
    endpoints
        Which exchange and network; by default the test network of the spot exchange.
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
    raw
        Keeps what the exchange says as it says it: ``raw`` of a :class:`~barter_bt.live.Recorder`.

    Raises
    ------
    ConfigError
        A stream, an instrument or a depth is not the exchange's; one connection may not have so many streams.
    """

    _make_rest: Callable[[Endpoints, None, Clock, Tap], Rest] = Rest
    _make_lanes: type[Lanes] = Lanes

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
        raw: RawRecorder | None = None,
    ) -> None:
        dialect = endpoints.dialect
        self._symbols, self._clock, self._exchange = (
            Symbols(instruments, dialect),
            clock or WallClock(),
            dialect.exchange,
        )
        unknown = [one for one in streams if one not in dialect.streams]
        if unknown or not streams:
            allowed = f"allowed: {', '.join(dialect.streams)}"
            raise ConfigError(f"streams are {list(streams)}; unknown: {unknown}", allowed)
        deepest = dialect.depths[-1][0]
        if not 0 < depth <= deepest:
            raise ConfigError(f"depth is {depth}; a snapshot has 1 to {deepest} levels of a side")
        groups: dict[str, list[str]] = {}
        for one in dict.fromkeys(streams):
            names = groups.setdefault(dialect.groups.get(one, ""), [])
            names += [f"{symbol.lower()}@{dialect.streams[one]}" for symbol in self._symbols.names]
        if (most := max(map(len, groups.values()))) > MOST_STREAMS:
            raise ConfigError(f"{most} streams are more than the {MOST_STREAMS} that one connection may have")
        tap = Tap(raw, "market")
        self._rest = self._make_rest(endpoints, None, self._clock, tap)
        self._inbox = Inbox(limit)
        self._reader = Reader(dialect, depth, backfill)
        draws, silence_ns = random or Random(), span_ns(silence, "silence")
        urls = [f"{endpoints.streams}{group}/stream?streams={'/'.join(names)}" for group, names in groups.items()]
        link = self._inbox, self._clock, draws, silence_ns, self._prepare, tap
        self._links = [Link(url, self._rest.session, *link, url) for url in urls]
        self._keeping: list[asyncio.Task[None]] = []
        self._lanes = self._make_lanes(self._rest, self._clock, draws, self._inbox, self._steps)
        self._heard: dict[str, int] = {}
        self._marks: dict[str, MarkPrice] = {}
        self._is_checked = False

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """One message after another, until it is closed."""
        if not self._inbox.is_closed:
            self._keeping = [asyncio.create_task(link.keep()) for link in self._links]
        async for item in self._inbox.items():
            for arrival in self._take(item):
                yield arrival

    def _take(self, item: Any) -> Iterator[Arrival]:
        """What a message tells now, or a stream whose answer is there."""
        if isinstance(item, Lost):
            self._lanes.pause()
            yield Arrival(self._clock.now(), (Market(Reconnecting(self._exchange)),))
            return
        if item is _UP:
            self._lanes.resume()
            return
        try:
            for stream, received, (time, what) in (
                self._lanes.go_on(item) if isinstance(item, Lane) else self._read(*item)
            ):
                yield Arrival(self._clock.now(), (self._event(stream, time, received, what),))
            while self._reader.marks:
                symbol, mark = self._reader.marks.popitem()
                name = self._symbols.names[symbol]
                yield Arrival(self._clock.now(), (), marks=((name, mark),))
                self.take_mark(name, mark)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            self._drop(f"a message cannot be read: {error}")
        except ConnectionFailed as error:
            self._drop(f"what was missed could not be asked for: {error}")

    async def close(self) -> None:
        """Give connections back."""
        self._inbox.close()
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        await self._lanes.close()
        await self._rest.close()

    def stale(self, after: str | int = "30s") -> dict[str, int]:
        """Instruments of which nothing has come for so long, and since when, in ns; 0 is never.

        Parameters
        ----------
        after
            How long.
        """
        return silent_since(self._symbols.instruments, self._heard, self._clock.now(), after)

    @property
    def waiting(self) -> dict[str, int]:
        """Instruments of which a stream waits for what was missed, and since when a message of it does, in ns."""
        found: dict[str, int] = {}
        for stream, since in self._lanes.since().items():
            name = self._symbols.names[stream.partition("@")[0].upper()]
            found[name] = min(since, found.get(name, since))
        return found

    def mark(self, instrument: str) -> MarkPrice | None:
        """The last mark price of a future, with its funding; None before the first, and without ``"marks"``.

        Parameters
        ----------
        instrument
            Its name.

        Raises
        ------
        InstrumentError
            It is not one of the market's.
        """
        if instrument not in self._symbols.of:
            raise InstrumentError(f"{instrument!r} is none of {', '.join(self._symbols.of)}")
        return self._marks.get(instrument)

    def take_mark(self, instrument: str, mark: MarkPrice) -> None:
        """A mark price of an arrival that is processed now, also in the replay of a recording (rule 110).

        Parameters
        ----------
        instrument, mark
            Of what, and what it is.
        """
        self._marks[instrument] = mark

    def _drop(self, reason: str) -> None:
        for link in self._links:
            link.drop(reason)

    @property
    def reconnects(self) -> int:
        """How often a link was lost."""
        return sum(link.reconnects for link in self._links)

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
        self._inbox.put(_UP, stays=True)

    # What a message says

    def _read(self, received: int, text: str) -> Iterator[Heard]:
        message = msgspec.json.decode(text, type=StreamMessage)
        if message.stream.startswith("!serverShutdown"):
            self._drop("the server shuts down")
            return iter(())
        return self._lanes.take(message.stream, received, message.data)

    def _steps(self, stream: str, data: msgspec.Raw, received: int) -> Steps:
        symbol, _, kind = stream.partition("@")
        return self._reader.read(symbol.upper(), kind.partition("@")[0], data, received)

    def _event(self, stream: str, time: int, received: int, what: DataKind) -> Market:
        name = self._symbols.names[stream.partition("@")[0].upper()]
        self._heard[name] = received
        for link in self._links:
            link.settle()
        return Market(Item(MarketEvent(time, received, self._exchange, name, what)))
