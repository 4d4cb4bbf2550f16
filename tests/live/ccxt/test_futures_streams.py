"""Futures through ccxt's streams, at the loopback futures exchange: the market, and an account that is heard."""

from __future__ import annotations

from decimal import Decimal as D
from random import Random
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.live.ccxt import CcxtAccount, CcxtMarket
from barter_bt.testing.exchange import LoopbackFutures, Sockets
from tests.live.binance.rig import START, Rig, run
from tests.live.ccxt.rig import PERP, loopback

MINUTE = 60_000
BEGIN = START // 10**6 - START // 10**6 % MINUTE


def market(*streams: str) -> Rig:
    def make(rig: Rig) -> CcxtMarket:
        return CcxtMarket(loopback(rig.exchange, rig.clock), [PERP], streams, clock=rig.clock, random=Random(1))

    return Rig(make, LoopbackFutures)


async def heard(rig: Rig, *streams: str) -> None:
    """Until the exchange has been asked for streams."""
    await rig.until(lambda: set(streams) <= {name for names in rig.exchange.sockets.open.values() for name in names})


def test_trades_and_best_prices_are_told_once() -> None:
    async def test() -> None:
        async with market("trades", "quotes") as rig:
            await heard(rig, "btcusdt@trade", "btcusdt@bookTicker")
            for number in range(1, 5):
                rig.exchange.trade("100.5", str(number), "BUY")
                await rig.exchange.flush()
                await rig.until(lambda wanted=number: len(rig.of(bp.PublicTrade)) == wanted)
            rig.exchange.quote("99.5", "100.5", "3")
            await rig.exchange.flush()
            await rig.until(lambda: rig.of(bp.OrderBookL1))
            assert [(one.price, one.amount) for one in rig.of(bp.PublicTrade)] == [
                (100.5, float(n)) for n in range(1, 5)
            ]
            quote = rig.of(bp.OrderBookL1)[-1]
            assert (quote.best_bid, quote.best_ask) == (bp.Level(D("99.5"), D(3)), bp.Level(D("100.5"), D(3)))
            assert {arrival.events[0].event.value.instrument for arrival in rig.arrivals} == {"btc_usdt"}

    run(test)


def test_a_closed_socket_loses_no_trade() -> None:
    async def test() -> None:
        async with market("trades") as rig:
            await heard(rig, "btcusdt@trade")
            rig.exchange.trade("100", "1")
            await rig.exchange.flush()
            await rig.until(lambda: rig.of(bp.PublicTrade))
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            rig.exchange.trade("101", "2")  # nobody hears it
            await rig.until_in_time(lambda: rig.exchange.sockets.connections == 2 and rig.exchange.sockets.open, 0.25)
            await heard(rig, "btcusdt@trade")
            rig.exchange.trade("102", "3")
            await rig.exchange.flush()
            await rig.until(lambda: len(rig.of(bp.PublicTrade)) == 3)
            assert [one.price for one in rig.of(bp.PublicTrade)] == [100, 101, 102]

    run(test)


def test_books_and_candles() -> None:
    async def test() -> None:
        async with market("book", "1m") as rig:
            await heard(rig, "btcusdt@depth@100ms", "btcusdt@kline_1m")
            for size in ("1", "2", "3"):
                rig.exchange.book({"99": size, "98": "7"}, {"101": "2"})
                await rig.exchange.flush()
                await rig.settled()
            await rig.until(lambda: rig.of(bp.OrderBookSnapshot))
            book = rig.of(bp.OrderBookSnapshot)[-1].book
            assert [one.price for one in book.bids.levels] == [99, 98]
            for minute, prices in ((0, ["1", "4", "0.5", "2"]), (1, ["2", "3", "1", "1.5"])):
                begin = BEGIN + minute * MINUTE
                rig.exchange.candle(begin, begin + MINUTE, prices, is_closed=minute == 0)
                await rig.exchange.flush()
                await rig.settled()
            await rig.until(lambda: rig.of(bp.Candle))
            (candle,) = rig.of(bp.Candle)
            assert (candle.high, candle.close, candle.close_time) == (4, 2, (BEGIN + MINUTE) * 10**6)

    run(test)


def account(rig: Rig) -> CcxtAccount:
    return CcxtAccount(loopback(rig.exchange, rig.clock), [PERP], dry_run=False, clock=rig.clock, random=Random(1))


def order(cid: str, quantity: str, price: str) -> Any:
    terms = bp.RequestOpen(bp.Side.BUY, D(price), D(quantity), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
    return bp.OrderRequestOpen(bp.OrderKey("binanceusdm", "btc_usdt", "me", cid), terms)


def test_an_account_is_heard_and_not_asked() -> None:
    """An order, and its fill: by the stream, without waiting for the next question."""

    async def test() -> None:
        async with Rig(account, LoopbackFutures) as rig:
            await rig.ready()
            await rig.until(lambda: any(Sockets.ACCOUNT in names for names in rig.exchange.sockets.open.values()))
            rig.adapter.open(order("a", "2", "90"))
            await rig.until(lambda: any(isinstance(one, bp.Open) for one in rig.states()))
            rig.exchange.trade("89", "5")
            await rig.exchange.flush()
            await rig.until(lambda: rig.trades)
            (trade,) = rig.trades
            assert (trade.price, trade.quantity) == (90, 2)

    run(test)


@pytest.mark.parametrize("query", ["?listenKey=listen-key-0", "?listenKey=", ""])
def test_a_wrong_listen_key_is_refused(query: str) -> None:
    async def test() -> None:
        import aiohttp

        from barter_bt.live import Manual

        async with LoopbackFutures(Manual(START)) as exchange, aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{exchange.endpoints.api}{query}")

    run(test)
