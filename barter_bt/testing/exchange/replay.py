"""The data of a backtest, said as the market of a loopback exchange.

========  ==============================================================================================================
kind      what the exchange says
========  ==============================================================================================================
quotes    each as the best level of either side
trades    each as it is, by a buyer where nobody says; without quotes, best prices are a tick beside the last trade
book      each message as what it makes of the book; the best level of either side is the best price
candles   a trade at the open, at both extremes (that nearer to the open first) and at the close, of a quarter of the
          volume each, best prices a tick beside it; and at the end the candle itself
========  ==============================================================================================================

Assumptions: where best prices are made up, there is as much at them as was traded; own orders change nothing of what
comes.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl
import polars.selectors as cs

from barter_bt.data import Stream
from barter_bt.data.duration import duration_ns
from barter_bt.engine.agenda import NEVER
from barter_bt.errors import ConfigError
from barter_bt.live.binance.dialect import INTERVALS
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.testing.exchange.script import Script
from barter_bt.testing.exchange.server import MS_NS, LoopbackExchange

PING_NS = 20 * SECOND_NS
_MESSAGE = ("time_exchange", "time_received", "snapshot", "sequence")
_TOLD = {"quotes": ("quotes",), "book": ("book", "quotes")}
Happening = tuple[int, Callable[[], None]]


async def replay_market(
    exchange: LoopbackExchange, streams: Sequence[Stream], symbols: Mapping[str, str], clock: Clock,
    start: int = 0, end: int = NEVER,
) -> None:  # fmt: skip
    """Say the rows of streams, each at its time, and a ping every 20 s; return behind the last.

    Parameters
    ----------
    exchange
        Says them.
    streams
        Of trades, quotes, candles and books by price.
    symbols
        Of each instrument.
    clock
        The exchange's.
    start, end
        Between which times, ns since 1970; the last excluded.

    Raises
    ------
    ConfigError
        Rows are of a kind, or candles of a length, that the exchange does not stream.
    """
    channels(streams)
    quoted = {name for stream in streams if stream.kind in ("quotes", "book") for name in stream.instruments}
    says = {name: Says(exchange, symbol, is_quoted=name in quoted) for name, symbol in symbols.items()}
    rows = [_happenings(one, name, says[name]) for one in streams for name in one.instruments if name in says]
    told = heapq.merge(*rows, key=itemgetter(0))
    pinged = clock.now()
    for time, happen in told:
        if not start <= time < end:
            continue
        while (due := pinged + PING_NS) <= time:
            await clock.sleep_until(due)
            await exchange.sockets.ping()
            pinged = due
        await clock.sleep_until(time)
        happen()
        await exchange.flush()
        exchange.sockets.sent.clear()
        await asyncio.sleep(0)


def channels(streams: Sequence[Stream]) -> tuple[str, ...]:
    """What a :class:`~barter_bt.live.binance.BinanceMarket` has to listen to, to hear all of the streams.

    Raises
    ------
    ConfigError
        Rows are of a kind, or candles of a length, that the exchange does not stream.

    Examples
    --------
    >>> from barter_bt.data import candles, generate
    >>> channels([candles(generate.candles(3))])
    ('1m', 'trades', 'quotes')
    """
    found = dict[str, None]()
    for stream in streams:
        if stream.kind == "book_orders":
            allowed = "allowed: trades, quotes, candles, books by price"
            raise ConfigError(f"{stream.name}: a loopback exchange replays no book by order", allowed)
        if stream.kind == "candles":
            found[interval_of(stream.longest_candle_ns())] = None
        found |= dict.fromkeys(_TOLD.get(stream.kind, ("trades", "quotes")))
    return tuple(found)


def interval_of(length: int) -> str:
    """What the exchange calls candles of a length in ns.

    Raises
    ------
    ConfigError
        It has none of that length.

    Examples
    --------
    >>> interval_of(3_600_000_000_000)
    '1h'
    """
    for name in INTERVALS[:-1]:
        if duration_ns(name, "interval") == length:
            return name
    raise ConfigError(
        f"candles are {length / SECOND_NS:g} s long, and the exchange has none of that length",
        f"allowed: {', '.join(INTERVALS[:-1])}",
    )


def _happenings(stream: Stream, name: str, says: Says) -> Iterator[Happening]:
    """What an instrument's rows of a stream let happen, in order of time."""
    if stream.kind == "book":
        yield from _book(_rows(stream, name), says)
        return
    told = {"quotes": _quote, "trades": _trade, "candles": _candle}[stream.kind]
    for row in _rows(stream, name):
        yield from told(row, says)


def _rows(stream: Stream, name: str) -> Iterator[dict[str, Any]]:
    of_it = pl.lit(value=True) if stream.instrument else pl.col("instrument").cast(pl.String) == name
    for piece in stream.pieces():
        yield from piece.canonical.filter(of_it).with_columns(cs.datetime().to_physical()).iter_rows(named=True)


class Says:
    """Says what happens to one instrument.

    Parameters
    ----------
    exchange, symbol
        Where, and its symbol.
    is_quoted
        Whether there are quotes of it; if not, best prices are made up of what is traded.
    """

    def __init__(self, exchange: Script, symbol: str, *, is_quoted: bool) -> None:
        self.exchange, self._is_quoted, self.listing = exchange, is_quoted, exchange.listings[symbol]

    def trade(self, price: float, amount: float, side: str) -> None:
        """A trade, where so much is at least a lot, and best prices where there are no others."""
        at, lots = Decimal(str(price)), Decimal(str(amount)) // self.listing.step
        size = str(max(lots, Decimal(1)) * self.listing.step)
        if not self._is_quoted:
            self.exchange.quote(str(at - self.listing.tick), str(at + self.listing.tick), size, self.listing.symbol)
        if lots:
            self.exchange.trade(str(at), size, side, self.listing.symbol)


def _quote(row: Mapping[str, Any], says: Says) -> Iterator[Happening]:
    bids, asks = ({str(row[f"{side}_price"]): str(row[f"{side}_amount"])} for side in ("bid", "ask"))
    yield row["time_exchange"], partial(says.exchange.book, bids, asks, says.listing.symbol)


def _trade(row: Mapping[str, Any], says: Says) -> Iterator[Happening]:
    side = "SELL" if row["side"] < 0 else "BUY"
    yield row["time_exchange"], partial(says.trade, row["price"], row["amount"], side)


def _book(rows: Iterable[dict[str, Any]], says: Says) -> Iterator[Happening]:
    """The book behind each message, which is the rows of one time and number."""
    sides: tuple[dict[str, str], dict[str, str]] = {}, {}
    for (time, *_), levels in groupby(rows, lambda row: [row.get(name) for name in _MESSAGE]):
        for number, row in enumerate(levels):
            if row["snapshot"] and not number:
                for side in sides:
                    side.clear()
            side, price = sides[row["side"] < 0], str(row["price"])
            if row["amount"]:
                side[price] = str(row["amount"])
            else:
                side.pop(price, None)
        yield time, partial(says.exchange.book, dict(sides[0]), dict(sides[1]), says.listing.symbol)


def _candle(row: Mapping[str, Any], says: Says) -> Iterator[Happening]:
    begin, end, opened = row["time_open"], row["time_exchange"], row["open"]
    extremes = [row["low"], row["high"]]
    if row["high"] - opened <= opened - row["low"]:
        extremes.reverse()
    quarter, before = row["volume"] / 4, opened
    for point, price in enumerate((opened, *extremes, row["close"])):
        side = "SELL" if price < before else "BUY"
        yield begin + (end - begin) * point // 3, partial(says.trade, price, quarter, side)
        before = price
    prices, volume = [str(row[name]) for name in ("open", "high", "low", "close")], str(row["volume"])
    ms, interval = (begin // MS_NS, end // MS_NS), interval_of(end - begin)
    yield end, partial(says.exchange.candle, *ms, prices, volume, interval, says.listing.symbol)
