"""Market data through ccxt, at the loopback exchange: what is told, once, and what is done about a loss."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live import Manual, MockExchange, Source, System
from barter_bt.live.ccxt import CcxtMarket, CcxtWarning, connect, instruments
from barter_bt.testing.exchange import LoopbackExchange
from tests.live.binance.rig import START, Rig, run
from tests.live.ccxt.rig import BTC, loopback, market_rig

MINUTE = 60_000
BEGIN = START // 10**6 - START // 10**6 % MINUTE


async def up(rig: Rig, *streams: str) -> None:
    """Until the exchange has been asked for streams."""
    wanted = set(streams or ("btcusdt@trade",))
    await rig.until(lambda: wanted <= {name for names in rig.exchange.sockets.open.values() for name in names})


async def say(rig: Rig, *quantities: str) -> None:
    for quantity in quantities:
        rig.exchange.trade("100", quantity)
        await rig.exchange.flush()
        await rig.settled(60)


def ids(rig: Rig) -> list[int]:
    return [int(one.id) for one in rig.of(bp.PublicTrade)]


def test_an_exchange_that_ccxt_does_not_know_or_that_has_no_test_network() -> None:
    with pytest.raises(ConfigError, match="no exchange 'nowhere'"):
        connect("nowhere")
    with pytest.raises(ConfigError, match="no test network of 'bitstamp'"):
        connect("bitstamp")
    assert connect("bitstamp", sandbox=False).exchange == "bitstamp"


def test_the_test_network_is_the_default() -> None:
    assert "testnet" in connect("binance").api.urls["api"]["public"]
    assert "testnet" not in connect("binance", sandbox=False).api.urls["api"]["public"]


def test_instruments_are_as_the_exchange_describes_them() -> None:
    async def test() -> None:
        clock = Manual(START)
        async with LoopbackExchange(clock) as exchange:
            connection = loopback(exchange, clock)
            (one,) = await instruments(["BTC/USDT"], connection)
            assert (one.exchange, one.name, one.price_increment, one.notional_min) == (
                "binance",
                "btc_usdt",
                "0.01",
                "5",
            )
            with pytest.raises(ConfigError, match="does not trade ETH/USDT"):
                await instruments(["ETH/USDT"], connection)
            await connection.close()

    run(test)


def test_a_wrong_tick_is_told() -> None:
    async def test() -> None:
        clock = Manual(START)
        async with LoopbackExchange(clock) as exchange:
            wrong = Instrument("binance", "btc_usdt", price_increment="0.1", name_exchange="BTC/USDT")
            market = CcxtMarket(loopback(exchange, clock), [wrong], clock=clock)
            with pytest.raises(ConfigError, match=r"price_increment 0\.1, and the exchange says 0\.01"):
                async for _ in market.arrivals():
                    pass
            await market.close()

    run(test)


def test_streams_that_are_not_there_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown: \['ticks'\]"):
        CcxtMarket(connect("binance"), [BTC], ["ticks"])
    with pytest.raises(ConfigError, match="one exchange"):
        CcxtMarket(connect("binance"), [], ["trades"])
    with pytest.raises(ConfigError, match="name_exchange"):
        CcxtMarket(connect("binance"), [Instrument("binance", "btc_usdt", name_exchange="BTCUSDT")], ["trades"])
    with pytest.raises(ConfigError, match=r"silence is '0s'; it must be above 0"):
        CcxtMarket(connect("binance"), [BTC], ["trades"], silence="0s")


def test_trades_quotes_candles_and_books_as_they_are() -> None:
    async def test() -> None:
        async with market_rig("trades", "quotes", "book", "1m") as rig:
            assert isinstance(rig.adapter, Source)
            await up(rig, "btcusdt@trade", "btcusdt@bookTicker", "btcusdt@kline_1m", "btcusdt@depth@100ms")
            await rig.until(lambda: "GET /api/v3/depth" in [route for route, _ in rig.exchange.requests])
            await say(rig, "2")
            rig.exchange.quote("99", "101", "3")
            await rig.exchange.flush()
            await rig.until(lambda: rig.of(bp.OrderBookL1) and rig.of(bp.OrderBookSnapshot))
            (trade,) = rig.of(bp.PublicTrade)
            assert (trade.price, trade.amount, trade.side) == (100.0, 2.0, bp.Side.SELL)
            quote = rig.of(bp.OrderBookL1)[-1]
            assert (quote.best_bid, quote.best_ask) == (bp.Level(D(99), D(3)), bp.Level(D(101), D(3)))
            assert rig.of(bp.OrderBookSnapshot)[-1].book.bids.best == bp.Level(D(99), D(3))
            for number, is_closed in ((0, False), (0, True), (1, False)):
                begin = BEGIN + number * MINUTE
                prices = ["100", "103", "99", str(100 + number + is_closed)]
                rig.exchange.candle(begin, begin + MINUTE, prices, is_closed=is_closed)
                await rig.exchange.flush()
                await rig.settled(60)
            (candle,) = rig.of(bp.Candle)
            assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == (100, 103, 99, 101, 10)
            assert candle.close_time == (BEGIN + MINUTE) * 10**6

    run(test)


def test_a_lost_link_is_told_once_and_trades_that_do_not_join_on_are_told_of() -> None:
    """What ccxt asks of Binance are other trades (aggregated, with numbers of their own): they are not mixed in."""

    async def test() -> None:
        async with market_rig("trades", "quotes") as rig:
            await up(rig, "btcusdt@trade", "btcusdt@bookTicker")
            await say(rig, "1", "2")
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            await rig.settled()
            await say(rig, "3")
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await up(rig)

            async def fetch_trades(symbol: str, since: int) -> list[Any]:
                told = [row | {"id": 900 + row["id"]} for row in rig.exchange.listings["BTCUSDT"].trades]
                return [api.parse_trade(row, api.market(symbol)) for row in told]

            api = rig.adapter._connection.api
            api.fetch_trades = fetch_trades
            with pytest.warns(CcxtWarning, match="between two connections are not known"):
                await say(rig, "4")
            assert ids(rig) == [1, 2, 4]
            assert rig.losses == rig.adapter.reconnects == 1

    run(test)


def test_sockets_that_are_open_and_mute_are_given_up() -> None:
    """Told as a lost link, once; another socket is asked for, and what it says is told."""

    async def test() -> None:
        async with market_rig("quotes", adapter={"silence": "20s"}) as rig:

            async def quote(amount: str) -> None:
                rig.exchange.quote("99", "101", amount)
                await rig.exchange.flush()
                await rig.until(
                    lambda: rig.of(bp.OrderBookL1)[-1:] and rig.of(bp.OrderBookL1)[-1].best_bid.amount == D(amount)
                )

            await up(rig, "btcusdt@bookTicker")
            await quote("1")
            (first,) = rig.exchange.sockets.open
            rig.exchange.mute()
            await rig.passes(19.9)
            await rig.settled()
            assert rig.losses == 0
            assert rig.adapter.stale("25s") == {}
            await rig.passes(0.2)
            await rig.until(lambda: rig.losses)
            rig.exchange.mute(is_mute=False)
            await rig.until_in_time(lambda: set(rig.exchange.sockets.open) - {first}, 0.25)
            await up(rig, "btcusdt@bookTicker")
            assert list(rig.adapter.stale("20s")) == ["btc_usdt"]
            await quote("2")
            assert rig.losses == rig.adapter.reconnects == 1
            assert rig.adapter.stale("20s") == {}

    run(test)


def test_trades_that_join_on_are_told_in_order_and_once() -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1", "2")

            async def fetch_trades(symbol: str, since: int) -> list[Any]:
                rows = [row for row in rig.exchange.listings["BTCUSDT"].trades if row["time"] >= since]
                return [api.parse_trade(row, api.market(symbol)) for row in rows]

            api = rig.adapter._connection.api
            api.fetch_trades = fetch_trades
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            await say(rig, "3")
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await up(rig)
            await say(rig, "4")
            assert ids(rig) == [1, 2, 3, 4]

    run(test)


def test_candles_that_were_missed_are_asked_for() -> None:
    async def test() -> None:
        async with market_rig("1m") as rig:
            await up(rig, "btcusdt@kline_1m")
            for number in range(5):
                begin = BEGIN + number * MINUTE
                if number == 2:
                    rig.exchange.spoil_next("gap", "gap")
                rig.exchange.candle(begin, begin + MINUTE, ["100", "103", "99", str(100 + number)])
                await rig.exchange.flush()
                await rig.settled(60)
            assert [one.close for one in rig.of(bp.Candle)] == [100, 101, 102, 103]

    run(test)


def test_paper_on_the_market_of_any_exchange() -> None:
    class Rests:
        def generate_algo_orders(self, state: Any) -> Any:
            import barter_bt as bt

            if state.working("btc_usdt") or not state.price("btc_usdt"):
                return None
            held = state.position("btc_usdt")
            return [], [bt.OrderRequest("btc_usdt", -held, 101) if held else bt.OrderRequest("btc_usdt", 1, 99)]

    async def test() -> None:
        clock = Manual(START)
        async with LoopbackExchange(clock) as exchange:
            market = CcxtMarket(loopback(exchange, clock), [BTC], ["trades"], clock=clock)
            mock = MockExchange(market, [BTC], clock=clock, fills_on=["trades"], balances={"usdt": 1000})
            options = {"trading": bp.TradingState.ENABLED, "reconcile": False, **mock.engine_arguments()}
            handle = await System(strategy=Rests(), sources=[mock], clients=[mock], clock=clock, **options).start()
            while not any("btcusdt@trade" in names for names in exchange.sockets.open.values()):
                await asyncio.sleep(0)
            for price in ("100", "98", "102", "102"):
                exchange.trade(price, "5")
                await exchange.flush()
                for _ in range(80):
                    await asyncio.sleep(0)
                await clock.set(clock.now() + 10**9)
            made = await handle.shutdown()
            assert made.trades["price"].to_list() == [99.0, 101.0]

    run(test)
