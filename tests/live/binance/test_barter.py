"""Barter's own tests of its Binance connector, with its numbers (barter-data, `src/exchange/binance`)."""

from __future__ import annotations

from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
import pytest

from barter_bt import protocol as bp
from barter_bt.live.binance.depth import Sequence
from barter_bt.live.binance.link import FIRST_WAIT_NS, LONGEST_WAIT_NS, backoff_ns
from barter_bt.live.binance.market import BinanceMarket
from barter_bt.live.binance.messages import BookTicker, Depth, DepthUpdate, Trade
from tests.live.binance.rig import BTC, market_rig, run


def update(first: int, last: int) -> DepthUpdate:
    return DepthUpdate(E=0, s="BTCUSDT", U=first, u=last, b=(), a=())


def test_a_best_price_is_read() -> None:
    told = b'{"u":22606535573,"s":"ETHUSDT","b":"1215.27000000","B":"32.49110000","a":"1215.28000000","A":"13.939"}'
    one = msgspec.json.decode(told, type=BookTicker)
    assert (one.b, one.B, one.a, one.A) == (D("1215.27"), D("32.4911"), D("1215.28"), D("13.939"))


def test_a_snapshot_and_its_levels_are_read() -> None:
    told = b'{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}'
    book = Sequence().snapshot(msgspec.json.decode(told, type=Depth)).book
    assert book.sequence == 1027024
    assert book.bids.levels == (bp.Level(D(4), D(431)),)
    assert book.asks.levels == (bp.Level(D("4.000002"), D(12)),)


def test_an_update_of_a_book_is_read() -> None:
    told = (
        b'{"e":"depthUpdate","E":1671656397761,"s":"ETHUSDT","U":22611425143,"u":22611425151,'
        b'"b":[["1209.67000000","85.48210000"],["1209.66000000","20.68790000"]],"a":[]}'
    )
    one = msgspec.json.decode(told, type=DepthUpdate)
    assert (one.U, one.u, one.E, one.a) == (22611425143, 22611425151, 1671656397761, ())
    assert one.b == ((D("1209.67"), D("85.4821")), (D("1209.66"), D("20.6879")))


def test_a_trade_is_read_and_a_malformed_one_is_an_error() -> None:
    told = (
        '{"e":"trade","E":1649324825173,"s":"ETHUSDT","t":1000000000,"p":"10000.19","q":"0.239000",'
        '"b":10108767791,"a":10108764858,"T":1749354825200,"m":%s,"M":true}'
    )
    one = msgspec.json.decode(told % "false", type=Trade)
    assert (one.t, one.p, one.q, one.T, one.m) == (1000000000, D("10000.19"), D("0.239"), 1749354825200, False)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(told % '"yes"', type=Trade)


@pytest.mark.parametrize(("last", "has_book"), [(None, False), (100, True)])
def test_whether_an_update_is_the_first(last: int | None, has_book: bool) -> None:
    sequence = Sequence()
    sequence.last = last
    assert sequence.follows(update(101, 110)) == has_book


@pytest.mark.parametrize(
    ("first", "last", "follows", "is_old"),
    [(100, 110, True, False), (102, 90, False, True), (110, 90, False, True), (90, 100, True, True)],
)
def test_the_first_update_behind_a_snapshot(first: int, last: int, follows: bool, is_old: bool) -> None:
    """Barter's four cases, its snapshot number 100; an update that is in the snapshot is old, no gap."""
    sequence = Sequence()
    sequence.last = 100
    assert sequence.follows(update(first, last)) == follows
    assert sequence.is_old(update(first, last)) == is_old


@pytest.mark.parametrize(("first", "last", "follows"), [(101, 110, True), (120, 130, False)])
def test_the_next_update(first: int, last: int, follows: bool) -> None:
    sequence = Sequence()
    sequence.last = 100
    assert sequence.follows(update(first, last)) == follows


def test_what_is_subscribed_to() -> None:
    """Barter's `subscription_id`s name channel and market; here a connection's address does."""

    async def test() -> None:
        async with market_rig("trades", "quotes", "book", "1m") as rig:
            await rig.until(lambda: rig.exchange.sockets.open)
            (streams,) = rig.exchange.sockets.open.values()
            assert streams == {"btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@100ms", "btcusdt@kline_1m"}

    run(test)


class Longest(Random):
    """Draws the longest wait."""

    def random(self) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(1, FIRST_WAIT_NS), (2, 2 * FIRST_WAIT_NS), (8, LONGEST_WAIT_NS), (9, LONGEST_WAIT_NS), (2**32, LONGEST_WAIT_NS)],
)
def test_waits_double_up_to_a_longest(failures: int, wait: int) -> None:
    """Barter begins with 12 ms and ends with 33 s; the exchange allows 300 connections in five minutes."""
    assert backoff_ns(failures, Longest()) == wait


def test_a_link_that_cannot_be_made_is_tried_again() -> None:
    """Barter's handlers of connection errors choose; here the error does."""

    async def test() -> None:
        async with market_rig() as rig:
            await rig.until(lambda: rig.exchange.sockets.open)
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011)
            await rig.until_in_time(lambda: rig.losses >= 3, 0.5)
            rig.exchange.is_down = False
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.5)

    run(test)


def test_names_are_the_exchanges() -> None:
    made: Any = BinanceMarket([BTC])
    assert made._symbols.names == {"BTCUSDT": "btc_usdt"}
