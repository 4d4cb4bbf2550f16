"""Who is late is told so: events that waited for long, and those who listen and do not read (rule 110)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, EngineError
from barter_bt.live import Arrival, Delay, Manual, alerts, listeners, terminal
from tests.live.script import traded
from tests.live.test_system import run, system

SECOND = 10**9


def late(received: int, time: int) -> Arrival:
    kind = bp.PublicTrade(str(time), 100.0, 1.0, bp.Side.BUY)
    event = bp.Market(bp.Item(bp.MarketEvent(received * SECOND, received * SECOND, "x", "btc_usd", kind)))
    return Arrival(time * SECOND, (event,))


def test_an_instrument_whose_events_waited_is_told_of_and_when_they_do_so_no_longer() -> None:
    async def test() -> None:
        gate, end = asyncio.Event(), asyncio.Event()
        lines = [late(1, 1), late(1, 7), late(2, 9), gate, late(7, 10), late(9, 11), end]
        made, _, _ = system(lines, clock=Manual(), behind="6s")
        handle = await made.start()
        news = handle.news()
        for _ in range(100):
            await asyncio.sleep(0)
        assert handle.behind == {"btc_usd": 7 * SECOND}
        gate.set()
        for _ in range(100):
            await asyncio.sleep(0)
        assert handle.behind == {}
        await handle.shutdown()
        assert [one async for one in news if isinstance(one, Delay)] == [
            Delay("btc_usd", 6 * SECOND, 7 * SECOND, is_over=False),
            Delay("btc_usd", 2 * SECOND, 11 * SECOND, is_over=True),
        ]

    run(test)


def test_it_is_an_alert() -> None:
    async def test() -> None:
        made, _, _ = system([late(1, 7), late(7, 7)], clock=Manual())
        handle = await made.start()
        heard = alerts(handle)
        first = asyncio.ensure_future(anext(heard))
        told = [await first, await anext(heard)]
        assert [(one.kind, one.text) for one in told] == [
            ("behind", "what is heard of btc_usd is processed 6 s late"),
            ("behind", "what is heard of btc_usd is processed in time again"),
        ]
        await handle.abort()

    run(test)


def test_it_is_a_line_of_what_happens() -> None:
    async def test() -> None:
        made, _, _ = system([late(1, 7)], clock=Manual())
        handle = await made.start()
        lines = [await anext(aiter(terminal.news(handle)))]
        assert lines == ["1970-01-01 00:00:07 what is heard of btc_usd is processed 6 s late"]
        await handle.abort()

    run(test)


@pytest.mark.parametrize("behind", ["0s", "-1s"])
def test_how_long_is_more_than_nothing(behind: str) -> None:
    with pytest.raises(ConfigError, match="behind"):
        system(behind=behind)


def test_who_reads_nothing_hears_an_error_and_keeps_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "MOST_UNREAD", 10)

    async def test() -> None:
        gate = asyncio.Event()
        made, _, _ = system([gate, *(traded(n) for n in range(1, 50))])
        handle = await made.start()
        never, reads = handle.audits(), list[Any]()

        async def read() -> None:
            async for audit in handle.audits():
                reads.append(audit)

        reading = asyncio.create_task(read())
        for _ in range(10):
            await asyncio.sleep(0)
        gate.set()
        for _ in range(1000):
            await asyncio.sleep(0)
        assert sum(queue.qsize() for queue in made._host.listeners._queues) <= 10
        with pytest.raises(EngineError, match="10 news of the system were not read"):
            await anext(never)
        await handle.shutdown()
        await reading
        assert len(reads) == 50

    run(test)
