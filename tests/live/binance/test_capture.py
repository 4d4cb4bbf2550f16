"""A capture drives the loopback exchange: who listens hears the events that the recorded session was told."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import Manual
from barter_bt.live.raw import RawRecorder
from barter_bt.testing.exchange import LoopbackExchange, Status, replay_capture
from tests.live.binance import futures_rig, rig
from tests.live.binance.rig import Rig, run


def recorder(where: Path) -> RawRecorder:
    made = RawRecorder(where / "raw")
    made.begin()
    return made


def events(of: Rig) -> list[Any]:
    """What was told, but for when it came: losses, and of each item its instrument and what it says."""
    told: list[Any] = []
    for arrival in of.arrivals:
        for event in arrival.events:
            inner = event.event
            if isinstance(inner, bp.Item):
                kind = inner.value.kind
                is_quote = isinstance(kind, bp.OrderBookL1)  # its time at spot is when it came
                told.append((kind.best_bid, kind.best_ask) if is_quote else (inner.value.time_exchange, kind))
            else:
                told.append(inner)
    return told


def by_stream(told: list[Any]) -> tuple[list[Any], list[Any]]:
    """Trades, and all else: a gap in the one does not hold back the other."""
    is_trade = [isinstance(one, tuple) and isinstance(one[1], bp.PublicTrade) for one in told]
    return (
        [one for one, this in zip(told, is_trade, strict=True) if this],
        [one for one, this in zip(told, is_trade, strict=True) if not this],
    )


async def happenings(told: Rig) -> None:
    """Trades, quotes and books with a gap, a repetition, a late one and a closed connection."""
    say = told.exchange
    await told.until(lambda: say.sockets.open)
    for how in (None, "gap", None, "duplicate", "reorder", None, None):
        if how:
            say.spoil_next(how)
        say.trade("100", "1")
        say.quote("99", "101")
        await say.flush()
        await told.settled()
    await say.close_sockets(1011)
    await told.until(lambda: told.losses >= 1)
    say.trade("102", "3")
    await told.until_in_time(lambda: any("btcusdt@" in str(names) for names in say.sockets.open.values()), 0.25)
    say.trade("103", "3")
    say.quote("98", "104", "7")
    await say.flush()
    await told.until_in_time(lambda: [int(one.id) for one in told.of(bp.PublicTrade)] == list(range(1, 10)), 0.25)
    await told.settled()


@pytest.mark.parametrize("make", [rig.market_rig, futures_rig.market_rig], ids=["spot", "futures"])
def test_who_hears_a_capture_hears_what_was_recorded(make: Any, tmp_path: Path) -> None:
    async def test() -> None:
        kept = recorder(tmp_path)
        async with make("trades", "quotes", adapter={"raw": kept}) as recorded:
            await happenings(recorded)
            kept.close()
            expected = events(recorded)
        async with make("trades", "quotes") as heard:
            replaying = asyncio.create_task(replay_capture(heard.exchange, tmp_path, heard.clock))
            await heard.until_in_time(replaying.done, 0.05)
            await replaying
            await heard.until_in_time(lambda: len(events(heard)) >= len(expected), 0.05)
            assert by_stream(events(heard)) == by_stream(expected)
            assert heard.losses == recorded.losses

    run(test)


def test_snapshots_of_books_are_those_of_the_capture(tmp_path: Path) -> None:
    """The exchange that replays has no book of its own; a failed request fails again."""

    async def test() -> None:
        kept = recorder(tmp_path)
        async with rig.market_rig("book", adapter={"raw": kept}) as recorded:
            say = recorded.exchange
            await recorded.until(lambda: say.sockets.open)
            say.answer_next("GET /api/v3/depth", Status(429, retry_after=1))
            for size in ("1", "2", "3"):
                say.quote("99", "101", size)
                await say.flush()
                await recorded.until_in_time(lambda: recorded.of(bp.OrderBookSnapshot), 0.25)
                await recorded.settled()
            assert recorded.of(bp.OrderBookUpdate)
            kept.close()
            expected = events(recorded)
        async with rig.market_rig("book") as heard:
            heard.exchange.listings["BTCUSDT"].bids.clear()
            replaying = asyncio.create_task(replay_capture(heard.exchange, tmp_path, heard.clock))
            await heard.until_in_time(lambda: replaying.done() and len(events(heard)) >= len(expected), 0.25)
            assert by_stream(events(heard)) == by_stream(expected)
            depths = [route for route, _ in heard.exchange.requests if route == "GET /api/v3/depth"]
            assert len(depths) == 2

    run(test)


def test_a_request_that_the_capture_does_not_answer_any_more_is_told_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with rig.market_rig("trades") as heard:
            heard.exchange.captured = {"GET /api/v3/time": deque()}
            async with heard.adapter._rest.session().get(f"{heard.exchange.endpoints.rest}/api/v3/time") as answer:
                assert answer.status == 503
                assert "no more answers" in await answer.text()

    run(test)


def test_a_session_without_raw_messages_of_a_market_is_no_capture(tmp_path: Path) -> None:
    async def test() -> None:
        kept = recorder(tmp_path)
        kept.close()
        clock = Manual(0)
        async with LoopbackExchange(clock) as exchange:
            with pytest.raises(ConfigError, match="no raw messages of a market"):
                await replay_capture(exchange, tmp_path, clock)

    run(test)
