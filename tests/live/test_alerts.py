"""Alerts of a system, and a webhook on this machine that they are posted to."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal as D
from typing import Any

import pytest
from aiohttp import web

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import Arrival, Virtual
from barter_bt.live.alerting import ATTEMPTS, KINDS, AlertWarning, Webhook, alerts
from tests.live.script import Client, told, traded
from tests.live.test_system import request, system

LOST = (bp.Market(bp.Reconnecting("x")), bp.Account(bp.Reconnecting("x")))


async def turns(count: int = 60) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_each_kind_of_alert_once() -> None:
    """A lost link, money that nothing explains and stops trading, an order that cannot be sent, the end."""

    async def session() -> list[tuple[str, str]]:
        amount = bp.AssetBalance("usd", bp.Balance(D(900), D(900)), 2)
        again = bp.AssetBalance("usd", bp.Balance(D(900), D(900)), 8 * 10**9)
        lines = [told(1, bp.AssetBalance("usd", bp.Balance(D(1000), D(1000)), 1)), told(2, amount), Arrival(3, LOST)]
        client = Client(error=bp.ExecutionChannelUnhealthy("x"))
        lines += [told(8 * 10**9, again), traded(9 * 10**9)]
        made, _, _ = system(lines, client=client, trading=bp.TradingState.ENABLED)
        handle = await made.start()
        found: list[tuple[str, str]] = []

        async def listen() -> None:
            async for alert in alerts(handle):
                found.append((alert.kind, alert.text))

        listening = asyncio.create_task(listen())
        await turns()
        await handle.send_open_requests([request("a")])
        await handle.shutdown()
        await listening
        return found

    found = asyncio.run(session())
    assert [kind for kind, _ in found] == [
        "disconnected", "disconnected", "unreconciled", "disabled", "unsent", "ended",
    ]  # fmt: skip
    texts = dict(found)
    assert texts["disconnected"] == "the account link of x is lost"
    assert "100" in texts["unreconciled"]
    assert "OrderRequestOpen a could not be sent" in texts["unsent"]


def test_a_kill_and_what_ends_a_system_are_alerts() -> None:
    async def session() -> list[tuple[str, str]]:
        gate = asyncio.Event()
        made, _, _ = system([traded(1), gate, OSError("gone")], trading=bp.TradingState.ENABLED)
        handle = await made.start()
        found: list[tuple[str, str]] = []

        async def listen() -> None:
            async for alert in alerts(handle):
                found.append((alert.kind, alert.text))

        listening = asyncio.create_task(listen())
        await turns()
        await handle.kill()
        gate.set()
        await listening
        return found

    assert asyncio.run(session()) == [
        ("disabled", "trading is disabled"),
        ("error", "the system has ended: OSError: gone"),
    ]


class Hook:
    """Notes what is posted, and answers what a test has written, then 204."""

    def __init__(self, answers: Sequence[int]) -> None:
        self.answers, self.posted, self.url = list(answers), list[dict[str, Any]](), ""

    async def answer(self, request: web.Request) -> web.Response:
        self.posted.append(json.loads(await request.read()))
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})


@asynccontextmanager
async def hook(*answers: int) -> AsyncIterator[Hook]:
    made = Hook(answers)
    app = web.Application()
    app.router.add_post("/secret", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/secret"
    yield made
    await runner.cleanup()


async def posted(given: Hook, kinds: Sequence[str], url: str | None = None) -> int:
    """A system that loses its links and is shut down; by how many seconds the webhook waited."""
    clock = Virtual(0)
    made, _, _ = system([Arrival(3, LOST)])
    handle = await made.start()
    following = asyncio.create_task(Webhook(url or given.url, kinds, clock).follow(handle))
    await turns()
    await handle.shutdown()
    await following
    return clock.now() // 10**9


def test_alerts_are_posted_in_order() -> None:
    async def test() -> None:
        async with hook() as given:
            assert await posted(given, KINDS) == 0
            assert [one["kind"] for one in given.posted] == ["disconnected", "disconnected", "ended"]
            text = "the market link of x is lost"
            assert given.posted[0] == {"kind": "disconnected", "time": 3, "text": text}

    asyncio.run(test())


@pytest.mark.parametrize(("answers", "waited"), [((503,), 1), ((429, 500, 408), 7)])
def test_what_may_go_better_is_tried_again_and_told_once(answers: tuple[int, ...], waited: int) -> None:
    async def test() -> None:
        async with hook(*answers) as given:
            assert await posted(given, ["ended"]) == waited
            assert len(given.posted) == len(answers) + 1

    asyncio.run(test())


@pytest.mark.parametrize(("answer", "attempts"), [(404, 1), (302, 1), (500, ATTEMPTS)])
def test_what_cannot_be_delivered_is_warned_of_without_its_url(answer: int, attempts: int) -> None:
    async def test() -> None:
        async with hook(*[answer] * 9) as given:
            with pytest.warns(AlertWarning, match=f"'ended' could not be delivered: the answer is {answer}$"):
                await posted(given, ["ended"])
            assert len(given.posted) == attempts

    asyncio.run(test())


def test_a_webhook_that_is_not_there_ends_nothing() -> None:
    async def test() -> None:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            async with hook() as given:
                gone = given.url
            assert await posted(given, ["disconnected"], gone) == 2 * 15
        assert len(seen) == 2
        assert all("secret" not in str(one.message) and "127" not in str(one.message) for one in seen)

    asyncio.run(test())


def test_what_is_no_webhook_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError, match="neither http:// nor https://") as error:
        Webhook("hooks.example/secret")
    assert "secret" not in str(error.value)
    with pytest.raises(ConfigError, match="unknown: \\['fire'\\]"):
        Webhook("https://x", ["fire"])
    with pytest.raises(ConfigError, match="MY_HOOK not set"):
        Webhook.from_environment("MY_HOOK", environment={})
