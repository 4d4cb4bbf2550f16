"""Who has a turn when: messages that come in time are processed as they are handed on, and commands between them."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.live import Arrival
from barter_bt.system import Engine, Strategy
from tests.live.script import Client, told, traded
from tests.live.test_system import request, run, system


def test_a_message_does_not_pass_a_command_that_came_before_it() -> None:
    """However many messages are ready: what was asked for before them is processed before them."""

    async def test() -> None:
        gate = asyncio.Event()
        made, _, _ = system([traded(1), gate, *(traded(n) for n in range(2, 40))])
        handle = await made.start()
        while not handle.snapshot().price("btc_usd"):
            await asyncio.sleep(0)
        gate.set()
        audit = await handle.send_open_requests([request("a")])
        assert audit.sequence == 1

    run(test)


def test_many_messages_leave_turns_to_others() -> None:
    """A command is processed while hundreds of messages are ready."""

    async def test() -> None:
        made, _, _ = system([traded(n) for n in range(1, 1000)])
        handle = await made.start()
        while not handle.snapshot().price("btc_usd"):
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        assert 1 < (await handle.send_open_requests([request("a")])).sequence < 100

    run(test)


def test_who_listens_hears_of_each_message_before_the_next() -> None:
    async def test() -> None:
        made, _, _ = system([traded(n) for n in range(1, 100)], ends=True)
        handle = await made.start()
        seen: list[tuple[int, int]] = []

        async def listen() -> None:
            async for audit in handle.audits():
                seen.append((audit.sequence, made.session.engine.state.engine.sequence[0]))

        listening = asyncio.create_task(listen())
        await handle.shutdown_after_backtest()
        await listening
        behind = [known - sequence for sequence, known in seen]
        assert len(seen) == 100
        assert max(behind[1:-1]) == 1

    run(test)


def test_nothing_is_processed_behind_an_abort() -> None:
    async def test() -> None:
        made, _, _ = system([traded(n) for n in range(1, 1000)])
        handle = await made.start()
        for _ in range(9):
            await asyncio.sleep(0)
        ending = asyncio.create_task(handle.abort())
        await asyncio.sleep(0)
        processed = made.session.engine.state.engine.sequence[0]
        await ending
        assert 0 < made.session.engine.state.engine.sequence[0] <= processed + 1

    run(test)


@pytest.mark.parametrize("more", [[], [traded(4)]])
def test_an_engine_that_ends_by_a_message_ends_the_system(more: list[Arrival]) -> None:
    """In good order, whether the source has more to say or not."""

    async def test() -> None:
        ends = Arrival(3, (bp.Shutdown(),))
        made, source, _ = system([traded(1), traded(2), ends, *more])
        handle = await made.start()
        while handle.is_running:
            await asyncio.sleep(0)
        assert made.session.engine.state.engine.sequence[0] == 3
        assert source.closed == 1
        await handle.wait()  # nothing went wrong

    run(test)


class Asks(Strategy):
    """Asks for an order at the account's first message."""

    def __init__(self) -> None:
        self.has_asked = False

    def generate_algo_orders(self, engine: Engine) -> Any:
        if self.has_asked or not engine.state.assets.total[engine.index.asset("usd")]:
            return (), ()
        self.has_asked = True
        return (), [request("a")]


class Writes(Client):
    """Writes what it is asked for two turns later, as adapters do in a task of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []
        self.session: Any = None

    def open(self, request: Any) -> None:
        self.writing = asyncio.create_task(self.write())

    async def write(self) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.written.append(self.session.now)


def test_a_request_is_written_before_the_next_message_though_a_mark_came_between() -> None:
    """The account's first message is also the first that is marked."""

    async def test() -> None:
        snapshot = bp.AccountSnapshot("x", (bp.AssetBalance("usd", bp.Balance(D(500), D(500)), 3),), ())
        lines = [traded(1), traded(2), told(3, snapshot), *(traded(n) for n in range(4, 30))]
        made, _, client = system(
            lines, Writes(), ends=True, strategy=Asks(), trading=bp.TradingState.ENABLED, balances={"usd": 0}
        )
        client.session = made.session
        handle = await made.start()
        await handle.shutdown_after_backtest()
        assert client.written == [3]
        assert len(handle.run().equity) > 0

    run(test)
