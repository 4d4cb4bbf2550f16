"""Barter's own tests of its sockets and streams (barter-integration), of a source and of what it is read by."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, InstrumentError
from barter_bt.instrument import Instrument
from barter_bt.live import System, Virtual, binance
from tests.live.binance.rig import Rig, market_rig, run
from tests.live.script import Client, Script, traded

# Frames of a socket: src/protocol/websocket/mod.rs


async def up(rig: Rig) -> Any:
    """The exchange's side of the one socket."""
    await rig.until(lambda: rig.exchange.sockets.open)
    (socket,) = rig.exchange.sockets.open
    return socket


async def say(rig: Rig) -> None:
    """A trade, which is told."""
    count = len(rig.of(bp.PublicTrade))
    rig.exchange.trade("100", "1")
    await rig.exchange.flush()
    await rig.until(lambda: len(rig.of(bp.PublicTrade)) > count)


async def lost_and_back(rig: Rig) -> None:
    """The link is told to be lost, and there is one more."""
    count = rig.exchange.sockets.connections
    await rig.until_in_time(lambda: rig.exchange.sockets.connections > count and len(rig.exchange.sockets.open) == 1)
    assert rig.losses == count


def test_a_text_is_a_message() -> None:
    async def test() -> None:
        async with market_rig("trades") as rig:
            await up(rig)
            await say(rig)
            assert [(one.price, one.amount) for one in rig.of(bp.PublicTrade)] == [(100.0, 1.0)]

    run(test)


def test_bytes_are_no_message_and_the_link_is_given_up() -> None:
    """Binance sends texts; whatever sends bytes is not understood."""

    async def test() -> None:
        async with market_rig("trades") as rig:
            socket = await up(rig)
            await socket.send_bytes(b"\x01\x02")
            await rig.until(lambda: rig.losses)
            assert rig.of(bp.PublicTrade) == []

    run(test)


def test_a_ping_is_answered_and_a_pong_is_a_sign_of_life() -> None:
    """Neither tells anything; a socket of which only they come is not mute."""

    async def test() -> None:
        async with market_rig("trades", adapter={"silence": "60s"}) as rig:
            socket = await up(rig)
            for is_ping in (True, False, True, False):
                await rig.passes(40)
                await (socket.ping(b"now") if is_ping else socket.pong(b"now"))
                await rig.settled()
            await rig.until(lambda: rig.exchange.sockets.pongs == 2)
            assert (rig.told, rig.losses) == ([], 0)

    run(test)


def test_a_close_and_its_code_are_a_lost_link() -> None:
    async def test() -> None:
        async with market_rig("trades") as rig:
            await up(rig)
            await rig.exchange.close_sockets(1001)
            await rig.until(lambda: rig.losses == 1)
            assert rig.told == [bp.Reconnecting("binance_spot")]
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.5)
            await say(rig)

    run(test)


def test_a_connection_that_breaks_is_a_lost_link() -> None:
    async def test() -> None:
        async with market_rig("trades") as rig:
            socket = await up(rig)
            socket._req.transport.abort()
            await rig.until(lambda: rig.losses == 1)
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.5)
            await say(rig)

    run(test)


# Errors of a stream: src/socket/on_stream_err_filter.rs


def test_what_cannot_be_read_is_never_told() -> None:
    """Of messages and nonsense in turns the messages alone are told, behind a lost link for each piece of nonsense."""

    async def test() -> None:
        async with market_rig("trades") as rig:
            for _ in range(3):
                await up(rig)
                await say(rig)
                rig.exchange.say("btcusdt@trade", {"e": "trade", "t": "nonsense"})
                await rig.exchange.flush()
                await lost_and_back(rig)
            assert [type(one) for one in rig.told] == [bp.PublicTrade, bp.Reconnecting] * 3
            assert [one.id for one in rig.of(bp.PublicTrade)] == ["1", "2", "3"]

    run(test)


def test_a_stream_of_nonsense_tells_losses_alone_and_ends_when_it_is_closed() -> None:
    async def test() -> None:
        async with market_rig("trades") as rig:
            for _ in range(3):
                await up(rig)
                rig.exchange.say("btcusdt@trade", {})
                await rig.exchange.flush()
                await lost_and_back(rig)
            await rig.adapter.close()
            await rig.reading
            assert rig.told == [bp.Reconnecting("binance_spot")] * 3

    run(test)


# Names and indices: src/stream/ext/indexed.rs


def test_events_name_instruments_and_are_of_their_index() -> None:
    """A name that is not traded ends the session, with an error that has it."""
    eth, btc = Instrument("x", "eth_usd"), Instrument("x", "btc_usd")

    async def prices(*lines: Any) -> dict[str, Any]:
        system = System([eth, btc], sources=[Script(lines)], clients=[Client()], clock=Virtual())
        handle = await system.start()
        await handle.wait()
        view = handle.snapshot()
        await handle.shutdown()
        return {name: view.price(index) for index, name in enumerate(view.index.names)}

    given = [traded(1, 10.0, "btc_usd"), traded(2, 20.0, "eth_usd")]
    assert asyncio.run(prices(*given)) == {"btc_usd": 10, "eth_usd": 20}
    with pytest.raises(InstrumentError, match="doge_usd"):
        asyncio.run(prices(*given, traded(3, 30.0, "doge_usd")))


# Subscriptions: barter-data, src/subscription/mod.rs


def test_an_exchange_streams_only_the_kinds_of_instruments_that_it_has() -> None:
    """A perpetual is no instrument of the spot exchange, and one of its futures exchange."""
    perpetual = Instrument("binance_spot", "btc_usdt", kind="perpetual", settlement="usdt")
    with pytest.raises(ConfigError, match="of kind spot"):
        binance.BinanceMarket([perpetual])
    future = Instrument("binance_futures_usd", "btc_usdt", kind="perpetual", settlement="usdt")
    binance.BinanceMarket([future], ["book"], endpoints=binance.FUTURES_TEST_NETWORK)
