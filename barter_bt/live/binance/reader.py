"""What messages of Binance's markets say, in order and once; what is missing between them is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import msgspec

from barter_bt.errors import ConnectionFailed
from barter_bt.live.arrival import MarkPrice
from barter_bt.live.binance.asking import Ask, Steps
from barter_bt.live.binance.depth import Sequence as Numbers
from barter_bt.live.binance.dialect import SPOT, Dialect
from barter_bt.live.binance.messages import (
    AggTrade,
    BookTicker,
    Depth,
    DepthUpdate,
    ForceOrder,
    Kline,
    MarkPriceUpdate,
    OldTrade,
    Trade,
)
from barter_bt.live.binance.rest import MS_NS
from barter_bt.live.clock import SECOND_NS
from barter_bt.protocol import Candle, Level, Liquidation, OrderBookL1, PublicTrade, Side

_PAGE, _TRIES, _AHEAD = 1000, 5, 3


class BinanceWarning(UserWarning):
    """Something that Binance said could not be told as it is."""


class Reader:
    """Reads the streams of one connection after another.

    Parameters
    ----------
    dialect
        What the exchange calls things.
    depth
        Levels of a side in a snapshot of a book.
    backfill
        How many missed trades of a symbol are asked for at most.

    Attributes
    ----------
    gaps, repeated
        How many losses were seen, and how many messages came again.
    marks
        The mark price that has come last, by its symbol; who tells it takes it away.
    """

    def __init__(self, dialect: Dialect, depth: int, backfill: int) -> None:
        self._dialect, self._depth, self._backfill = dialect, depth, backfill
        self._books: dict[str, Numbers] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self.gaps = self.repeated = 0
        self.marks: dict[str, MarkPrice] = {}

    def read(self, symbol: str, kind: str, raw: msgspec.Raw, received: int) -> Steps:
        """What a message of a stream tells; what was missed before it is asked for, and comes first.

        Raises
        ------
        ConnectionFailed
            What the exchange answers leads nowhere: the message has not been told.
        """
        known = {
            "trade": self._trade, "aggTrade": self._trade, "bookTicker": self._quote, "depth": self._book,
            "markPrice": self._mark, "forceOrder": self._liquidation,
        }  # fmt: skip
        return known.get(kind, self._candle)(symbol, raw, received)

    def _is_new(self, key: tuple[str, str], number: int) -> bool:
        """Whether a number is behind all that were told."""
        if number <= self._numbers.get(key, -1):
            self.repeated += 1
            return False
        return True

    def _trade(self, symbol: str, raw: msgspec.Raw, received: int) -> Steps:
        one, key = self._told_trade(raw), (symbol, "trade")
        if not self._is_new(key, one.id):
            return
        yield from self._missed_trades(symbol, key, one.id)
        yield one.time * MS_NS, _public_trade(one)
        self._numbers[key] = one.id

    def _told_trade(self, raw: msgspec.Raw) -> OldTrade | AggTrade:
        if self._dialect is not SPOT:
            return msgspec.json.decode(raw, type=AggTrade)
        one = msgspec.json.decode(raw, type=Trade)
        return OldTrade(one.t, one.p, one.q, one.T, one.m)

    def _missed_trades(self, symbol: str, key: tuple[str, str], until: int) -> Steps:
        first, failures = self._numbers.get(key, until - 1) + 1, 0
        if first >= until:
            return
        self.gaps += 1
        if until - first > self._backfill:
            told = f"{until - first - self._backfill} trades of {symbol} were missed and are not asked for"
            warnings.warn(f"{told}; raise backfill to have them", BinanceWarning, stacklevel=2)
            first = until - self._backfill
        while first < until:
            rows = yield self._old_trades(symbol, first, until, failures)
            missed = [row for row in rows if first <= row.id < until]
            if not missed and (failures := failures + 1) < _TRIES:
                continue
            if not missed:
                raise ConnectionFailed(f"trade {first} of {symbol} is not among the exchange's old trades yet")
            if missed[0].id > first:
                told = f"{missed[0].id - first} trades of {symbol} are not among the exchange's old trades any more"
                warnings.warn(told, BinanceWarning, stacklevel=2)
            for row in missed:
                yield row.time * MS_NS, _public_trade(row)
                self._numbers[key] = row.id
            first, failures = missed[-1].id + 1, 0

    def _old_trades(self, symbol: str, first: int, until: int, failures: int) -> Ask:
        """A page of them, later after each failure; those behind it are asked for ahead."""
        path, weight = self._dialect.path(self._dialect.old_trades), self._dialect.weights[self._dialect.old_trades]
        kind: Any = list[OldTrade] if self._dialect is SPOT else list[AggTrade]

        def page(first: int, *given: Any) -> Ask:
            return Ask(path, kind, {"symbol": symbol, "fromId": first, "limit": _PAGE}, weight, *given)

        pages = range(first + _PAGE, until, _PAGE)[: 0 if failures else _AHEAD]
        return page(first, _later(failures), tuple(page(one) for one in pages))

    def _quote(self, symbol: str, raw: msgspec.Raw, received: int) -> Steps:
        one, key = msgspec.json.decode(raw, type=BookTicker), (symbol, "quote")
        if self._is_new(key, one.u):
            self._numbers[key] = one.u
            bid, ask = (Level(p, a) if a else None for p, a in ((one.b, one.B), (one.a, one.A)))
            time = received if one.T is None else one.T * MS_NS
            yield time, OrderBookL1(time, bid, ask)

    def _book(self, symbol: str, raw: msgspec.Raw, received: int) -> Steps:
        update = msgspec.json.decode(raw, type=DepthUpdate)
        book = self._books.setdefault(symbol, Numbers())
        if book.last is not None and not book.follows(update):
            self.gaps += 1
            book.gaps, book.last = book.gaps + 1, None
        if book.last is None:
            yield from self._whole_book(symbol, book, update)
        if book.is_old(update):
            self.repeated += 1
            return
        yield update.E * MS_NS, book.apply(update)

    def _whole_book(self, symbol: str, book: Numbers, update: DepthUpdate) -> Steps:
        """A snapshot that is not older than the first update that waits; of futures, one that it reaches."""
        weight = next(cost for most, cost in self._dialect.depths if self._depth <= most)
        least = update.U - 1 if self._dialect is SPOT else update.U
        params = {"symbol": symbol, "limit": self._depth}
        for failures in range(_TRIES):
            depth = yield Ask(self._dialect.path("depth"), Depth, params, weight, _later(failures))
            if depth.lastUpdateId >= least:
                yield update.E * MS_NS, book.snapshot(depth)
                return
        raise ConnectionFailed(f"snapshots of {symbol}'s book stay older than its updates")

    def _mark(self, symbol: str, raw: msgspec.Raw, received: int) -> Steps:
        """Kept, for Barter has no event of it."""
        one = msgspec.json.decode(raw, type=MarkPriceUpdate)
        self.marks[symbol] = MarkPrice(one.p, one.i, one.r, one.T * MS_NS, one.E * MS_NS)
        return
        yield

    def _liquidation(self, symbol: str, raw: msgspec.Raw, received: int) -> Steps:
        one, key = msgspec.json.decode(raw, type=ForceOrder).o, (symbol, "liquidation")
        if self._is_new(key, one.T):
            self._numbers[key] = time = one.T
            yield time * MS_NS, Liquidation(Side(one.S), float(one.p), float(one.q), time * MS_NS)

    def _candle(self, symbol: str, raw: msgspec.Raw, received: int) -> Steps:
        one = msgspec.json.decode(raw, type=Kline).k
        key = (symbol, one.i)
        last = self._numbers.get(key)
        if last is not None and one.t > last + 1:
            self.gaps += 1
            params = {"symbol": symbol, "interval": one.i, "startTime": last + 1, "endTime": one.t - 1, "limit": _PAGE}
            for row in (
                yield Ask(self._dialect.path("klines"), list[list[Any]], params, self._dialect.weights["klines"])
            ):
                if self._numbers[key] < row[6] < one.t:
                    self._numbers[key] = row[6]
                    yield (row[6] + 1) * MS_NS, _candle(row[0], row[6], row[1:6], row[8])
            if one.x and one.t > self._numbers[key] + 1:
                told = (
                    f"the exchange has no candles {one.i} of {symbol} between {self._numbers[key] + 1} and {one.t} ms"
                )
                warnings.warn(told, BinanceWarning, stacklevel=2)
        if one.x and self._is_new(key, one.T):
            self._numbers[key] = one.T
            yield (one.T + 1) * MS_NS, _candle(one.t, one.T, (one.o, one.h, one.l, one.c, one.v), one.n)


def _later(failures: int) -> int:
    """How long to wait before what has failed so often is asked for again, ns."""
    return (SECOND_NS << failures) // 8 if failures else 0


def _public_trade(one: OldTrade | AggTrade) -> PublicTrade:
    side = Side.SELL if one.isBuyerMaker else Side.BUY
    return PublicTrade(str(one.id), float(one.price), float(one.qty), side)


def _candle(first_ms: int, last_ms: int, prices: Sequence[Any], count: int) -> Candle:
    """The exchange names a candle's last ms; its end is the next."""
    first, high, low, last, volume = (float(price) for price in prices)
    return Candle((last_ms + 1) * MS_NS, first, high, low, last, volume, count, first_ms * MS_NS)
