"""A session that is shut down waits for the answers to what it has sent, so long and no longer."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, EngineError
from barter_bt.live import Manual, Recorder, SessionWarning, System, replay
from barter_bt.testing.exchange import Late, LoopbackExchange
from tests.live.binance.rig import BTC, SECOND, START, cancel, order, run
from tests.live.binance.test_session import Desk, binance_client

POST = "POST /api/v3/order"


@asynccontextmanager
async def desk(folder: Path, **options: Any) -> AsyncIterator[tuple[Desk, Any]]:
    """A session at the exchange, of a strategy that asks for nothing."""
    clock = Manual(START)
    async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}) as exchange:
        made = Desk(exchange, clock, recorder=Recorder(folder), strategy=None, **options)
        yield made, await made.start()


def states(handle: Any) -> list[type]:
    return [type(one.state) for one in handle.view().orders("btc_usdt")]


async def draining(desk: Desk, handle: Any) -> asyncio.Task[Any]:
    """A shutdown that has begun, and waits."""
    task = asyncio.create_task(handle.shutdown())
    await desk.until(lambda: task.done() or desk.system._host._answered is not None)
    assert not task.done()
    assert handle.view().trading == bp.TradingState.DISABLED
    return task


async def until_in_time(desk: Desk, is_so: Any) -> None:
    """Let time pass until something is so."""
    while not is_so():
        await desk.clock.set(desk.clock.now() + SECOND // 10)
        for _ in range(60):
            await asyncio.sleep(0)


def test_it_waits_for_an_answer_that_is_late(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path) as (it, handle):
            late = Late()
            it.exchange.answer_next(POST, late)
            await handle.send_open_requests([order("a", quantity="1000")])
            await it.until(lambda: it.exchange.requests[-1][0] == POST)
            task = await draining(it, handle)
            assert states(handle) == [bp.OpenInFlight]
            late.release()
            assert (await task).orders["status"].to_list() == ["rejected"]

    with warnings.catch_warnings():
        warnings.simplefilter("error", SessionWarning)
        run(test)


@pytest.mark.parametrize("what", ["open", "cancel"])
def test_an_order_that_the_stream_has_not_told_is_known_in_the_end(what: str, tmp_path: Path) -> None:
    """The stream says nothing, and is built anew while the session ends; its recording says the same."""
    made: list[Any] = []

    async def test() -> None:
        async with desk(tmp_path, drain="10h") as (it, handle):
            it.exchange.mute(is_mute=what == "open")
            await handle.send_open_requests([order()])
            await it.until(it.standing)
            if what == "cancel":
                await it.until(lambda: states(handle) == [bp.Open])
                it.exchange.mute()
                await handle.send_cancel_requests([cancel()])
                await it.until(lambda: not it.standing())
            task = await draining(it, handle)
            it.exchange.mute(is_mute=False)
            await it.exchange.close_sockets(1011)
            await until_in_time(it, task.done)
            assert states(handle) == ([bp.Open] if what == "open" else [])
            made.append(task.result())

    run(test)
    assert made[0].orders["status"].to_list() == ["open" if what == "open" else "cancelled"]
    again = System([BTC], sources=[], clients=[binance_client()], start=START)
    assert replay(again, tmp_path).digest == made[0].digest


def test_it_does_not_wait_for_ever_and_says_for_what(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path, drain="1s") as (it, handle):
            it.exchange.answer_next(POST, Late())
            it.exchange.mute()
            await handle.send_open_requests([order("mine")])
            await it.until(it.standing)
            task = await draining(it, handle)
            await it.clock.set(START + SECOND - 1)
            for _ in range(100):
                await asyncio.sleep(0)
            assert not task.done()
            with pytest.warns(SessionWarning, match="ended 1 s after its shutdown with no answer to: order 'mine'"):
                await until_in_time(it, task.done)
            assert states(handle) == [bp.OpenInFlight]

    run(test)


def test_abort_does_not_wait(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path) as (it, handle):
            it.exchange.answer_next(POST, Late())
            it.exchange.mute()
            await handle.send_open_requests([order()])
            await it.until(it.standing)
            task = await draining(it, handle)
            await handle.abort()
            assert states(handle) == [bp.OpenInFlight]
            with pytest.raises(EngineError):
                await task

    run(test)


def test_a_bound_below_zero_is_an_error() -> None:
    with pytest.raises(ConfigError, match="drain is '-1s'"):
        System([BTC], sources=[], clients=[binance_client()], drain="-1s")


def test_with_nothing_on_its_way_it_ends_as_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path) as (it, handle):
            await handle.send_open_requests([order()])
            await it.until(lambda: states(handle) == [bp.Open])
            await handle.shutdown()
            assert handle.view().trading == bp.TradingState.ENABLED

    run(test)
