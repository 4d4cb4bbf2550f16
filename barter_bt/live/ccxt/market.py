"""The market of an exchange through ccxt, as a source.

=================  =======================================  ===========================================================
name               ccxt                                     after a loss
=================  =======================================  ===========================================================
``trades``         ``watch_trades``                         ``fetch_trades`` since the last, told once by their ids
``quotes``         ``watch_bids_asks``, ``watch_ticker``    the next one
``book``           ``watch_order_book``                     a whole book each time
``liquidations``   ``watch_liquidations``                   the next one
``1m``, ``1h``     ``watch_ohlcv``                          ``fetch_ohlcv`` since the last
=================  =======================================  ===========================================================

Sockets that are open and mute are given up. Known limits: ccxt hides the numbers by which losses are seen, so one is
known of only where it says that the link is gone. A candle is told when the next begins. A price without a time of the
exchange has that of when it was received.
"""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from typing import Any

from barter_bt.data.duration import span_ns
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival
from barter_bt.live.binance.inbox import Inbox, Lost
from barter_bt.live.binance.link import backoff_ns
from barter_bt.live.ccxt import tells
from barter_bt.live.ccxt.connection import Connection
from barter_bt.live.ccxt.refusals import Refused
from barter_bt.live.ccxt.symbols import Symbols
from barter_bt.live.ccxt.warning import CcxtWarning
from barter_bt.live.clock import SECOND_NS, Clock, WallClock
from barter_bt.live.silence import silent_since
from barter_bt.protocol import DataKind, Item, Market, MarketEvent, Reconnecting

_NEEDED = {"trades": "watchTrades", "book": "watchOrderBook", "liquidations": "watchLiquidations"}
_IDS_KEPT = 10_000
Told = tuple[int, DataKind]


class CcxtMarket:
    """Market data of an exchange, as a :class:`~barter_bt.live.Source`.

    Parameters
    ----------
    connection
        To the exchange, of its own: it is closed with the market.
    instruments
        What is traded, see :func:`instruments`.
    streams
        What of: ``"trades"``, ``"quotes"``, ``"book"``, ``"liquidations"``, and intervals of candles such as ``"1m"``.
    clock, random
        What time it is, and what draws the jitter of reconnects.
    silence
        After how long without a message of any stream sockets that are open are given up.
    depth
        Levels of a side of a book that are told.
    limit
        How many messages may wait; if more do, they are given up, which is a loss like another.

    Attributes
    ----------
    reconnects
        How often the link was lost.

    Raises
    ------
    ConfigError
        The exchange does not stream one of these, or ccxt does not say so.
    """

    def __init__(
        self,
        connection: Connection,
        instruments: Sequence[Instrument],
        streams: Sequence[str] = ("trades", "quotes"),
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        silence: str | int = "60s",
        depth: int = 50,
        limit: int = 100_000,
    ) -> None:
        self._connection, self._symbols = connection, Symbols(instruments)
        self._clock, self._random, self._depth = clock or WallClock(), random or Random(), depth
        self._streams = tuple(dict.fromkeys(streams))
        frames = connection.api.timeframes or {}
        unknown = [one for one in streams if one not in frames and one not in (*_NEEDED, "quotes")]
        missing = [one for one in streams if one not in unknown and not self._has(one)]
        if unknown or missing or not streams:
            what = f"unknown: {unknown}, not streamed by {connection.exchange!r}: {missing}"
            allowed = [one for one in (*_NEEDED, "quotes", *frames) if self._has(one)]
            raise ConfigError(f"streams are {list(streams)}; {what}", f"allowed: {', '.join(allowed)}")
        self._inbox = Inbox(limit)
        self._tasks: list[asyncio.Task[None]] = []
        self._trades = {name: _Trades() for name in self._symbols.of}
        self._candles: dict[tuple[str, str], list[Any]] = {}
        self._is_lost, self.reconnects = False, 0
        self._lost_at: dict[tuple[str, str], bool] = {}
        self._silence_ns, self._heard_last = span_ns(silence, "silence"), 0
        self._heard: dict[str, int] = {}

    def _has(self, stream: str) -> bool:
        can = self._connection.can
        if stream == "quotes":
            return can("watchBidsAsks") or can("watchTicker")
        return can(_NEEDED.get(stream, "watchOHLCV"))

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """One message after another, until it is closed."""
        if not self._inbox.is_closed:
            self._tasks = [asyncio.create_task(self._run())]
        async for item in self._inbox.items():
            if isinstance(item, Lost):
                yield Arrival(self._clock.now(), (Market(Reconnecting(self._symbols.exchange)),))
                continue
            name, received, told = item
            events = tuple(
                Market(Item(MarketEvent(time, received, self._symbols.exchange, name, kind))) for time, kind in told
            )
            for event in events:
                yield Arrival(self._clock.now(), (event,))

    async def close(self) -> None:
        """Give connections back."""
        self._inbox.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.close()

    async def _run(self) -> None:
        """Check the instruments, and follow every stream of each."""
        try:
            await self._with_patience(lambda: self._symbols.check(self._connection))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                for name in self._symbols.of:
                    for stream in self._streams:
                        group.create_task(self._follow(name, stream))
        except* Exception as errors:
            self._inbox.close(errors.exceptions[0])

    def stale(self, after: str | int = "30s") -> dict[str, int]:
        """Instruments of which nothing has come for so long, and since when, in ns; 0 is never.

        Parameters
        ----------
        after
            How long.
        """
        return silent_since(self._symbols.of, self._heard, self._clock.now(), after)

    async def _watch(self) -> None:
        """Give up sockets that are open and mute: whoever follows a stream loses the link, and asks for another."""
        self._heard_last = self._clock.now()
        while True:
            due = self._heard_last + self._silence_ns
            if due > self._clock.now():
                await self._clock.sleep_until(due)
                continue
            self._heard_last = self._clock.now()  # the next ones have as long
            await self._connection.drop(f"nothing was heard for {self._silence_ns / SECOND_NS:g} s")

    async def _with_patience(self, what: Callable[[], Any]) -> None:
        """Do something until it works; what the exchange refuses never will."""
        failures = 0
        while True:
            try:
                return await what()  # type: ignore[no-any-return]
            except ConnectionFailed as error:
                if isinstance(error, Refused) and not error.is_passing:
                    raise
                failures += 1
                self._lose(error.message)
                await self._clock.sleep_until(self._clock.now() + backoff_ns(failures, self._random))

    def _lose(self, reason: str) -> None:
        """The link is gone: told once, however many streams go with it."""
        self._lost_at = {(name, stream): True for name in self._symbols.of for stream in self._streams}
        if not self._is_lost:
            self._is_lost = True
            self.reconnects += 1
            while not self._inbox.put(Lost(reason)):
                pass  # an inbox that is full is empty then

    async def _follow(self, name: str, stream: str) -> None:
        reading, failures = self._reader(name, stream), 0
        while True:
            try:
                rows = await reading()
                told = await self._told(name, stream, rows)
            except ConnectionFailed as error:
                if isinstance(error, Refused) and not error.is_passing:
                    raise
                failures += 1
                self._lose(error.message)
                await self._clock.sleep_until(self._clock.now() + backoff_ns(failures, self._random))
                continue
            failures, self._is_lost = 0, False
            self._heard[name] = self._heard_last = self._clock.now()
            if told and not self._inbox.put((name, self._clock.now(), told)):
                what = f"{self._inbox.dropped} messages of {self._symbols.exchange!r} were given up so far"
                warnings.warn(f"{what}: they come faster than they are read", CcxtWarning, stacklevel=2)
                self._lose("fell behind")

    def _reader(self, name: str, stream: str) -> Callable[[], Any]:
        symbol, ask = self._symbols.of[name], self._connection.ask
        match stream:
            case "trades":
                return lambda: ask("watch_trades", symbol)
            case "book":
                return lambda: ask("watch_order_book", symbol)
            case "liquidations":
                return lambda: ask("watch_liquidations", symbol)
            case "quotes" if self._connection.can("watchBidsAsks"):
                return lambda: ask("watch_bids_asks", [symbol])
            case "quotes":
                return lambda: ask("watch_ticker", symbol)
        return lambda: ask("watch_ohlcv", symbol, stream)

    async def _told(self, name: str, stream: str, rows: Any) -> list[Told]:
        """What a look at a stream tells; ccxt changes its structures, so they are read at once."""
        received = self._clock.now()
        match stream:
            case "trades":
                return [*await self._missed_trades(name, received), *self._trades[name].new(rows, received)]
            case "book":
                return [(tells.time_of(rows, received), tells.book(rows, self._depth))]
            case "liquidations":
                return [(time, tells.liquidation(row, time)) for row in rows for time in [tells.time_of(row, received)]]
            case "quotes":
                row = rows.get(self._symbols.of[name], rows)
                time = tells.time_of(row, received)
                return [(time, tells.quote(row, time))] if row.get("bid") is not None else []
        return await self._closed(name, stream, rows)

    async def _missed_trades(self, name: str, received: int) -> list[Told]:
        """Trades since the last one, when the link was lost behind it."""
        known = self._trades[name]
        if not self._lost_at.get((name, "trades")):
            return []
        found: list[Told] = []
        if known.last:
            rows = await self._asked("fetchTrades", "fetch_trades", self._symbols.of[name], known.last_ms)
            if any(str(row["id"]) == known.last for row in rows):
                found = known.new(sorted(rows, key=lambda row: row["timestamp"]), received)
            else:
                told = f"trades of {name!r} between two connections are not known"
                why = f"what {self._connection.exchange!r} says when asked does not join on to what was streamed"
                warnings.warn(f"{told}: {why}", CcxtWarning, stacklevel=2)
        self._lost_at[name, "trades"] = False
        return found

    async def _asked(self, ability: str, method: str, *given: Any) -> Sequence[Any]:
        """What was missed; nothing where the exchange cannot say it."""
        if not self._connection.can(ability):
            return ()
        try:
            return await self._connection.ask(method, *given)  # type: ignore[no-any-return]
        except Refused as refused:
            if refused.is_passing:
                raise
            return ()

    async def _closed(self, name: str, frame: str, rows: Sequence[Sequence[Any]]) -> list[Told]:
        """Candles that have closed: the next has begun."""
        length, key, found = self._connection.api.parse_timeframe(frame) * 1000, (name, frame), list[Told]()
        for row in rows:
            known = self._candles.get(key)
            if known is not None and row[0] > known[0]:
                closed = [known]
                if self._lost_at.get(key) or row[0] > known[0] + length:
                    asked = await self._asked("fetchOHLCV", "fetch_ohlcv", self._symbols.of[name], frame, known[0])
                    closed = [one for one in asked if known[0] <= one[0] < row[0]] or closed
                    self._lost_at[key] = False
                found += [((int(one[0]) + length) * tells.MS_NS, tells.candle(one, length)) for one in closed]
            if known is None or row[0] >= known[0]:
                self._candles[key] = list(row)
        return found


class _Trades:
    """Which trades of an instrument were told."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._order: deque[str] = deque()
        self.last_ms, self.last = -1, ""

    def new(self, rows: Sequence[tells.Row], received: int) -> list[Told]:
        """Those that were not."""
        found: list[Told] = []
        for row in rows:
            number = str(row["id"] or "")
            if number in self._ids:
                continue
            if number:
                self._keep(number)
            self.last, self.last_ms = number, max(self.last_ms, int(row["timestamp"] or -1))
            found.append((tells.time_of(row, received), tells.public_trade(row)))
        return found

    def _keep(self, number: str) -> None:
        self._ids.add(number)
        self._order.append(number)
        if len(self._order) > _IDS_KEPT:
            self._ids.remove(self._order.popleft())
