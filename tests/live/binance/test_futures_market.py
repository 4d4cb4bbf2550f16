"""Market data in the dialect of USD-M futures: two connections, updates that name the one before, forced orders."""

from __future__ import annotations

from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import binance
from barter_bt.live.binance.depth import Sequence
from barter_bt.live.binance.messages import BookTicker, Depth, DepthUpdate, ForceOrder
from tests.live.binance.futures_rig import PERP, market_rig
from tests.live.binance.rig import START, Rig, run

TIME = START // 10**6


async def up(rig: Rig, count: int = 1) -> None:
    await rig.until(lambda: len(rig.exchange.sockets.open) == count)
    await rig.settled(20)


async def say(rig: Rig, *quantities: str) -> None:
    for quantity in quantities:
        rig.exchange.trade("100", quantity)
        await rig.exchange.flush()
        await rig.settled(40)


def ids(rig: Rig) -> list[int]:
    return [int(one.id) for one in rig.of(bp.PublicTrade)]


def test_every_stream_as_it_is() -> None:
    async def test() -> None:
        async with market_rig("trades", "quotes", "book", "1m", "marks", "liquidations") as rig:
            await up(rig, 2)
            streams = sorted(map(sorted, rig.exchange.sockets.open.values()))
            assert streams == [
                ["btcusdt@aggTrade", "btcusdt@forceOrder", "btcusdt@kline_1m", "btcusdt@markPrice@1s"],
                ["btcusdt@bookTicker", "btcusdt@depth@100ms"],
            ]
            assert rig.adapter.mark("btc_usdt") is None
            await rig.passes(1)
            rig.exchange.trade("100", "2")
            rig.exchange.quote("99", "101", "3")
            rig.exchange.mark("100.5", "-0.0002")
            rig.exchange.force_order("SELL", "0.5", "98")
            begin = TIME - TIME % 60_000
            rig.exchange.candle(begin, begin + 60_000, ["100", "103", "99", "101"])
            await rig.exchange.flush()
            await rig.until(lambda: rig.of(bp.Candle) and rig.of(bp.OrderBookSnapshot))
            (trade,) = rig.of(bp.PublicTrade)
            assert (trade.price, trade.amount, trade.side) == (100.0, 2.0, bp.Side.SELL)
            (quote,) = rig.of(bp.OrderBookL1)
            assert (quote.best_bid, quote.last_update_time) == (bp.Level(D(99), D(3)), START + 10**9)
            (forced,) = rig.of(bp.Liquidation)
            assert forced == bp.Liquidation(bp.Side.SELL, 98.0, 0.5, START + 10**9)
            mark = rig.adapter.mark("btc_usdt")
            assert (mark.price, mark.funding_rate, mark.time) == (D("100.5"), D("-0.0002"), START + 10**9)
            assert mark.next_funding % (8 * 3600 * 10**9) == 0

    run(test)


def test_missed_trades_are_asked_for_and_told_in_order() -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next("gap", "gap", "duplicate")
            await say(rig, "2", "3", "4", "5")
            assert ids(rig) == [1, 2, 3, 4, 5]
            assert (rig.adapter.gaps, rig.adapter.repeated) == (1, 1)

    run(test)


@pytest.mark.parametrize("how", [None, "gap", "duplicate", "reorder"])
def test_a_book_is_the_exchanges_whatever_is_lost(how: Any) -> None:
    async def test() -> None:
        async with market_rig("book") as rig:
            await up(rig)
            book = bp.OrderBook(0, None, *(bp.OrderBookSide.sort(side, []) for side in bp.Side))
            for number in range(1, 8):
                if number == 3 and how:
                    rig.exchange.spoil_next(how)
                rig.exchange.book({str(99 - number % 3): "1", "95": str(number)}, {"101": "2", "105": str(number)})
                await rig.exchange.flush()
                await rig.settled(60)
            for told in rig.of((bp.OrderBookSnapshot, bp.OrderBookUpdate)):  # type: ignore[arg-type]
                book = told.book if isinstance(told, bp.OrderBookSnapshot) else merged(book, told.book)
            listed = rig.exchange.listings["BTCUSDT"]
            for side, levels in ((book.bids, listed.bids), (book.asks, listed.asks)):
                assert {one.price: one.amount for one in side.levels} == levels
            assert rig.adapter.gaps == (how in ("gap", "reorder"))

    run(test)


def merged(book: bp.OrderBook, changes: bp.OrderBook) -> bp.OrderBook:
    """A book with changes of its levels."""
    sides = []
    for side, one, other in ((bp.Side.BUY, book.bids, changes.bids), (bp.Side.SELL, book.asks, changes.asks)):
        levels = {level.price: level for level in (*one.levels, *other.levels)}
        sides.append(bp.OrderBookSide.sort(side, [level for level in levels.values() if level.amount]))
    return bp.OrderBook(changes.sequence, changes.time_engine, *sides)


def test_a_lost_connection_is_told_and_built_anew_alone() -> None:
    async def test() -> None:
        async with market_rig("trades", "quotes") as rig:
            await up(rig, 2)
            await say(rig, "1")
            await rig.exchange.close_sockets(1011, "btcusdt@aggTrade")
            await rig.until(lambda: rig.losses == 1)
            await say(rig, "2")
            await rig.until_in_time(lambda: len(rig.exchange.sockets.open) == 2, 0.25)
            await rig.settled(20)
            await say(rig, "3")
            assert ids(rig) == [1, 2, 3]
            assert rig.exchange.sockets.connections == 3

    run(test)


def test_streams_of_another_exchange_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown: \['1s'\]"):
        binance.BinanceMarket([PERP], ["1s"], endpoints=binance.FUTURES_TEST_NETWORK)
    with pytest.raises(ConfigError, match="1 to 1000"):
        binance.BinanceMarket([PERP], ["book"], endpoints=binance.FUTURES_TEST_NETWORK, depth=1001)
    with pytest.raises(ConfigError, match="binance_spot"):
        binance.BinanceMarket([PERP], ["trades"], random=Random(1))


# Barter's own tests of its connector to futures, with its numbers (barter-data, `src/exchange/binance`)


def update(first: int, last: int, before: int = 0) -> DepthUpdate:
    return DepthUpdate(E=0, s="BTCUSDT", U=first, u=last, b=(), a=(), pu=before)


def begun(last: int = 100) -> Sequence:
    sequence = Sequence()
    sequence.snapshot(Depth(last, (), ()))
    return sequence


def test_a_best_price_of_futures_is_read_with_its_time() -> None:
    told = (
        b'{"e":"bookTicker","u":2286618712950,"s":"BTCUSDT","b":"16858.90","B":"13.692","a":"16859.00",'
        b'"A":"30.219","T":1671621244670,"E":1671621244673}'
    )
    one = msgspec.json.decode(told, type=BookTicker)
    assert (one.b, one.B, one.a, one.A) == (D("16858.90"), D("13.692"), D("16859.00"), D("30.219"))
    assert one.T == 1671621244670


def test_an_update_of_a_book_of_futures_is_read() -> None:
    told = (
        b'{"e":"depthUpdate","E":123456789,"T":123456788,"s":"BTCUSDT","U":157,"u":160,"pu":149,'
        b'"b":[["0.0024","10"]],"a":[["0.0026","100"]]}'
    )
    one = msgspec.json.decode(told, type=DepthUpdate)
    assert (one.U, one.u, one.pu, one.E) == (157, 160, 149, 123456789)
    assert (one.b, one.a) == (((D("0.0024"), D(10)),), ((D("0.0026"), D(100)),))


def test_a_forced_order_is_read() -> None:
    told = (
        b'{"e":"forceOrder","E":1665523974222,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.009",'
        b'"p":"18917.15","ap":"18990.00","X":"FILLED","l":"0.009","z":"0.009","T":1665523974217}}'
    )
    one = msgspec.json.decode(told, type=ForceOrder).o
    assert (one.s, one.S, one.p, one.q, one.T) == ("BTCUSDT", "SELL", D("18917.15"), D("0.009"), 1665523974217)


@pytest.mark.parametrize("last", [None, 100])
def test_whether_an_update_is_the_first(last: int | None) -> None:
    sequence = Sequence() if last is None else begun(last)
    assert sequence.follows(update(100, 110)) == (last is not None)


@pytest.mark.parametrize(
    ("first", "last", "follows", "is_old"),
    [(100, 110, True, False), (90, 110, True, False), (110, 90, True, True), (110, 120, False, False)],
)
def test_the_first_update_behind_a_snapshot(first: int, last: int, follows: bool, is_old: bool) -> None:
    """It must reach the snapshot's number; one that ends before it is in it, and is passed over."""
    assert begun().follows(update(first, last)) == follows
    assert begun().is_old(update(first, last)) == is_old


@pytest.mark.parametrize(("before", "follows"), [(100, True), (90, False), (110, False)])
def test_the_next_update_names_the_one_before(before: int, follows: bool) -> None:
    sequence = begun()
    sequence.apply(update(100, 100))
    assert sequence.follows(update(101, 110, before)) == follows


def test_an_update_that_comes_again_is_no_gap() -> None:
    sequence = begun()
    sequence.apply(update(95, 105, 90))
    assert sequence.follows(update(95, 105, 90))
    assert sequence.is_old(update(95, 105, 90))
