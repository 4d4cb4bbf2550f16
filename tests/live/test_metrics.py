"""Figures of a running system, as Prometheus collects them."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import Arrival, Manual
from barter_bt.live.metrics import Metrics
from barter_bt.system import Engine, Strategy
from tests.live.script import Client, told, traded
from tests.live.test_system import request, system

SECOND = 10**9


def figures(text: str) -> dict[str, float]:
    """By name and values of labels."""
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    return {" ".join((one.name, *one.labels.values())): one.value for one in samples}


async def turns(count: int = 60) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Asks(Strategy):
    """Asks for one order that the limits refuse."""

    def generate_algo_orders(self, engine: Engine) -> Any:
        return (), [request("refused")] if engine.state.engine.sequence[0] == 2 else []


class Refuses:
    def check(self, state: object, order: object) -> str:
        return "full_moon"


def late(time: int, wait: int) -> Arrival:
    """A trade that waited for its turn."""
    kind = bp.PublicTrade("1", 100.0, 1.0, bp.Side.BUY)
    return Arrival(time, (bp.Market(bp.Item(bp.MarketEvent(time - 9 * wait, time - wait, "x", "btc_usd", kind))),))


def test_what_a_system_does_and_has() -> None:
    async def session() -> tuple[dict[str, float], dict[str, float]]:
        clock, fees = Manual(), bp.AssetFees(None, D("0.1"))
        trade = bp.Trade("t", "1", "btc_usd", "me", 2, bp.Side.BUY, D(100), D(1), fees)
        lines = [late(SECOND, 3_000_000), told(2 * SECOND, trade), traded(3 * SECOND, 110.0)]
        lines.append(Arrival(4 * SECOND, (bp.Account(bp.Reconnecting("x")),)))
        client = Client()
        made, _, _ = system(
            lines, client=client, clock=clock, strategy=Asks(), risk=Refuses(), trading=bp.TradingState.ENABLED,
            reconcile=False,
        )  # fmt: skip
        metrics = Metrics(clock)
        before = figures(metrics.text())
        handle = await made.start()
        following = asyncio.create_task(metrics.follow(handle))
        await turns()
        await handle.send_open_requests([request("a")])
        await handle.send_cancel_requests([bp.OrderRequestCancel(request("a").key, bp.RequestCancel())])
        client.error = bp.ExecutionChannelUnhealthy("x")
        await handle.send_open_requests([request("b")])
        await clock.set(5 * SECOND)
        async with metrics.served(0) as port, aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics") as answer:
            found = figures(await answer.text())
        await handle.abort()  # nobody answers
        await following
        return before, found

    before, found = asyncio.run(session())
    assert not any("equity" in name or name.startswith("barter_bt_events") for name in before)
    wanted = {
        "events_total market": 2, "events_total account": 2, "events_total command": 3, "requests_total open sent": 1,
        "requests_total open unsent": 1, "requests_total open refused": 1, "requests_total cancel sent": 1,
        "trades_total btc_usd": 1, "position btc_usd": 1, "price btc_usd": 110, "silence_seconds btc_usd": 2,
        "trading_enabled": 1, "links_healthy": 0, "unreconciled": 0,
        "wait_seconds_count": 2, "wait_seconds_bucket 0.0025": 1, "wait_seconds_bucket 0.005": 2,
    }  # fmt: skip
    assert {name: found[f"barter_bt_{name}"] for name in wanted} == wanted
    assert found["barter_bt_wait_seconds_sum"] == pytest.approx(0.003)


def test_a_port_that_is_taken_is_told() -> None:
    async def serve() -> None:
        async with Metrics().served(0) as port:
            with pytest.raises(ConfigError, match=f"cannot be served at 127.0.0.1:{port}"):
                async with Metrics().served(port):
                    raise AssertionError("it was served twice")

    asyncio.run(serve())


def test_what_happens_while_it_is_served_is_not_the_ports_fault() -> None:
    async def serve() -> None:
        async with Metrics().served(0):
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        asyncio.run(serve())


def test_what_is_unknown_is_no_number() -> None:
    async def session() -> dict[str, float]:
        made, _, _ = system()
        handle = await made.start()
        metrics = Metrics(Manual())
        following = asyncio.create_task(metrics.follow(handle))
        await turns()
        found = figures(metrics.text())
        await handle.shutdown()
        await following
        return found

    found: dict[str, Any] = asyncio.run(session())
    for name in ("price btc_usd", "silence_seconds btc_usd"):
        assert found[f"barter_bt_{name}"] != found[f"barter_bt_{name}"], name
    assert found["barter_bt_equity usd"] == 1000
