"""An instrument of which nothing is heard is told: to alerts, in the terminal, in metrics (rule 110)."""

from __future__ import annotations

import asyncio
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live import Arrival, Manual, Metrics, System, alerts
from barter_bt.live.terminal import Happenings, screen
from tests.live.market import BTC
from tests.live.script import Client, Script, traded
from tests.live.test_metrics import figures

SECOND = 10**9
ETH = Instrument("x", "eth_usd", price_increment="0.0001")


async def turns() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


def shown(handle: Any, happenings: Happenings) -> list[list[str]]:
    """Rows of the table in the terminal, cell by cell."""
    console = Console(width=120, record=True, file=StringIO())
    console.print(screen(handle.view(), happenings, handle.stale))
    lines = [line for line in console.export_text().splitlines() if line.count("│") > 3 and "_usd" in line]
    return [[cell.strip() for cell in line.strip("│").split("│")][:2] for line in lines]


def test_it_is_told_once_and_when_it_is_heard_of_again() -> None:
    """One instrument goes on, the other falls silent, though their link is there."""

    async def test() -> None:
        clock, gates = Manual(), [asyncio.Event() for _ in range(3)]
        lines: list[Any] = [traded(1), traded(2, instrument="eth_usd"), gates[0], traded(50 * SECOND), gates[1]]
        lines += [traded(71 * SECOND, instrument="eth_usd"), gates[2], Arrival(72 * SECOND, LOST)]
        source = Script(lines, ends=False)
        made = System([BTC, ETH], sources=[source], clients=[Client()], clock=clock, stale="60s")
        handle, happenings, metrics, found = await made.start(), Happenings(50), Metrics(clock), list[tuple[str, str]]()

        async def listen() -> None:
            async for alert in alerts(handle):
                found.append((alert.kind, alert.text))

        following = [asyncio.create_task(one) for one in (listen(), happenings.follow(handle), metrics.follow(handle))]
        await turns()
        await clock.set(50 * SECOND)
        gates[0].set()
        await turns()
        assert found == []
        assert [row[1] for row in shown(handle, happenings)] == ["heard", "heard"]
        await clock.set(60 * SECOND + 2)
        assert found == [("stale", "nothing has been heard of eth_usd for 60 s")]
        assert handle.stale == {"eth_usd": 2}
        assert shown(handle, happenings) == [["btc_usd", "heard"], ["eth_usd", "STALE"]]
        stale = {name: value for name, value in figures(metrics.text()).items() if "_stale" in name}
        assert stale == {"barter_bt_stale btc_usd": 0, "barter_bt_stale eth_usd": 1}
        await clock.set(71 * SECOND)
        gates[1].set()
        await turns()
        assert found[1:] == [("stale", "eth_usd is heard of again, after 71 s")]
        assert handle.stale == {}
        gates[2].set()
        await turns()
        assert [row[1] for row in shown(handle, happenings)] == ["no link", "no link"]
        assert figures(metrics.text())["barter_bt_stale btc_usd"] == 1
        await clock.set(111 * SECOND)
        await clock.set(131 * SECOND)
        assert sorted(handle.stale) == ["btc_usd", "eth_usd"]
        await handle.shutdown()
        await asyncio.gather(*following)
        assert [kind for kind, _ in found] == ["stale", "stale", "disconnected", "stale", "stale", "ended"]
        told = [line.split(" ", 2)[2] for line in happenings.last]
        assert "nothing has been heard of eth_usd for 60 s" in told

    asyncio.run(test())


LOST = (bp.Market(bp.Reconnecting("x")),)


def test_one_of_which_nothing_was_ever_heard() -> None:
    async def test() -> None:
        clock = Manual(5 * SECOND)
        source = Script([], ends=False)
        made = System([BTC], sources=[source], clients=[Client()], clock=clock, stale="10s")
        handle = await made.start()
        await turns()
        await clock.set(15 * SECOND)
        assert handle.stale == {"btc_usd": 5 * SECOND}
        await handle.shutdown()

    asyncio.run(test())


@pytest.mark.parametrize("stale", ["0s", "-1s"])
def test_a_time_that_is_none(stale: str) -> None:
    with pytest.raises(ConfigError, match="stale is"):
        System([BTC], sources=[], clients=[Client()], stale=stale)
