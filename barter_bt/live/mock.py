"""A simulated exchange on a live market: paper trading on what a real exchange's market does now.

Assumptions and known limits: the venue sees an item when the system does, so the way from the exchange to the system
counts for nothing, and ``time_received``, not ``time_exchange``, is when it happened. Trades and best quotes fill
orders, by the rules of a backtest; candles, books and liquidations go on to the engine alone. Own orders change nothing
about the market.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.data import Stream, quotes, trades
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival, Event, MarkPrice
from barter_bt.live.clock import Clock, WallClock
from barter_bt.live.feed import IDLE, LiveFeed
from barter_bt.live.protocols import Source, TakesMarks
from barter_bt.live.simulated import SimulatedExchange
from barter_bt.protocol import Candle, Item, Market
from barter_bt.system import Timer

_TIME = pl.Datetime("ns", "UTC")


class MockExchange(SimulatedExchange):
    """Simulates the exchanges of instruments whose market comes from a source, which it takes the place of.

    Parameters
    ----------
    market
        Source of the market; what it tells of accounts is an error.
    instruments
        What is traded, with the increments of the exchange.
    clock
        What time it is, for the source as well; by default the machine's.
    fills_on
        Kinds of items that will come, and fill orders.
    start
        When its session began, ns since 1970, of one that is resumed; by default that is now.
    settings
        Others of a :class:`~barter_bt.Simulation`: ``balances``, ``venues``, ``risk``, ``trading``, ...

    Raises
    ------
    ConfigError
        An instrument has no price_increment or quantity_increment, or there is no kind.
    """

    def __init__(
        self,
        market: Source,
        instruments: Sequence[Instrument],
        *,
        clock: Clock | None = None,
        fills_on: Sequence[Literal["trades", "quotes"]] = ("trades", "quotes"),
        start: int | None = None,
        **settings: Any,
    ) -> None:
        self._upstream, used = market, clock or WallClock()
        for one in instruments:
            if one.price_increment is None or one.quantity_increment is None:
                raise ConfigError(f"{one.name!r} has no increments", "give it those of its exchange")
        begins = used.now() if start is None else start
        streams = [_template(kind, instruments, begins) for kind in fills_on]
        if not streams:
            raise ConfigError("fills_on is empty: nothing would ever fill", "allowed: 'trades', 'quotes'")
        super().__init__(Simulation(streams, instruments, **settings), used)

    def _make_feeder(self) -> LiveFeed:
        self._feed = LiveFeed(self.setup.streams)
        return self._feed

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """What the market tells, and what comes of it, in order."""
        async with aclosing(self._upstream.arrivals()) as market:  # type: ignore[type-var]
            coming: asyncio.Task[Arrival | None] | None = None
            try:
                while not self.ended:
                    self._news.clear()
                    arrival = self.next(self.clock.now())
                    if arrival is not None:
                        yield arrival
                        continue
                    coming = coming or asyncio.create_task(anext(market, None))
                    await self._wait_for(coming)
                    if coming.done():
                        arrived, coming = coming.result(), None
                        if arrived is None:
                            self._feed.end()
                        elif (others := self._take(arrived)) or arrived.marks:
                            yield Arrival(arrived.time, others, marks=arrived.marks)
            finally:
                if coming is not None:
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)  # a generator that runs cannot be closed

    async def _wait_for(self, coming: asyncio.Task[Arrival | None]) -> None:
        """Until the market tells something, something is due, or a request has changed what that is."""
        waiting: set[asyncio.Future[Any]] = {asyncio.ensure_future(self._news.wait())}
        if (due := self.due()) < IDLE:
            waiting.add(asyncio.ensure_future(self.clock.sleep_until(due)))
        try:
            await asyncio.wait({coming, *waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _take(self, arrival: Arrival) -> tuple[Event, ...]:
        """Let the venue see what fills orders; the rest is for the engine alone."""
        others: list[Event] = []
        e = self.s.engine
        now = max(arrival.time, e.turn_time[0], e.market_time[0])
        for event in arrival.events:
            if not isinstance(event, Market):
                raise ConfigError(f"the market of a simulated exchange tells {event!r:.80}", "give a market alone")
            if isinstance(event.event, Item):
                item = event.event.value
                if self._feed.push(item, self.setup.index.instrument(item.instrument), now, event):
                    continue
            others.append(event)
            if self._wakes_at_bars and isinstance(event.event, Item) and isinstance(event.event.value.kind, Candle):
                others.append(Timer(now, closes_bar=True))
        return tuple(others)

    def _told_of(self, c: int, row: int, i: int, now: int) -> Event:
        return self._feed.event(c, row)

    def take_mark(self, instrument: str, mark: MarkPrice) -> None:
        """Hand a mark price on to the market, of which it may be read."""
        if isinstance(self._upstream, TakesMarks):
            self._upstream.take_mark(instrument, mark)

    def _coming(self) -> list[Any]:
        return self._feed.rest()

    def _come(self, told: list[Any]) -> None:
        self._feed.give_again(told, self.setup.index.codes)

    async def close(self) -> None:
        """Close the market as well."""
        await super().close()
        await self._upstream.close()


def _template(kind: str, instruments: Sequence[Instrument], now: int) -> Stream:
    """What the loop is made for: rows of a kind, of which the units of prices do not come, for they are declared."""
    names = [one.name for one in instruments]
    ticks = [float(str(one.price_increment)) for one in instruments]
    times = pl.Series([now] * len(names), dtype=pl.Int64).cast(_TIME)
    shared: Mapping[str, Any] = {"time_exchange": times, "instrument": names}
    ones = [1.0] * len(names)
    if kind == "trades":
        return trades(pl.DataFrame({**shared, "price": ticks, "amount": ones, "side": ["buy"] * len(names)}))
    if kind == "quotes":
        asks = [2 * tick for tick in ticks]
        prices = {"bid_price": ticks, "bid_amount": ones, "ask_price": asks, "ask_amount": ones}
        return quotes(pl.DataFrame({**shared, **prices}))
    raise ConfigError(f"fills_on has {kind!r}; allowed: 'trades', 'quotes'")
