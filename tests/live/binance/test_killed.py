"""A program that is killed while an order is on its way, and goes on: none is doubled, none is forgotten."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from barter_bt.live import Paced, System, read_session, replay
from barter_bt.testing.exchange import LoopbackExchange
from tests.live.binance.killed import KILLED, ORDERS, PACE, Buys
from tests.live.binance.rig import BTC, START
from tests.live.script import Client

ROOT = Path(__file__).parents[3]


async def program(exchange: LoopbackExchange, origin: int, directory: Path, *kill: str) -> tuple[int, str]:
    """Run it, with a market, to its end; what it said."""
    there = exchange.endpoints
    given = [str(origin), there.rest, there.streams, there.api, str(directory), *kill]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BARTER_BT_INTERPRET": "1"}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.live.binance.killed", *given, stdout=-1, env=environment, cwd=ROOT
    )
    reading = asyncio.create_task(running.communicate())
    size = 10
    while not reading.done():
        size = 10 + (size + 1) % 90
        exchange.quote("99", "100", str(size))
        await exchange.flush()
        await asyncio.wait((reading,), timeout=0.01)
    said, _ = reading.result()
    return running.returncode or 0, said.decode()


@pytest.mark.parametrize(("number", "when"), [(1, "after"), (2, "before"), (3, "after")])
def test_no_order_is_doubled_or_forgotten(tmp_path: Path, number: int, when: str) -> None:
    """Killed before the order left, it is known to have failed; behind that, it is known to be filled, and once.

    Where the stream tells the fill before the answer is read, the next order may be asked for, and killed as it leaves.
    """

    async def sessions() -> tuple[dict[str, Any], list[str], D]:
        origin = time.monotonic_ns()
        async with LoopbackExchange(Paced(START, PACE), fee="0") as exchange, asyncio.timeout(600):
            code, _ = await program(exchange, origin, tmp_path, str(number), when)
            assert code == KILLED
            arrived = number if when == "after" else number - 1
            assert len(exchange.account.orders) - arrived in ((0, 1) if when == "after" else (0,))
            code, said = await program(exchange, origin, tmp_path)
            assert code == 0
            held = exchange.account.balances["BTC"].free - 1  # one was there
            return json.loads(said), [one.client_id for one in exchange.account.orders], held

    told, ids, held = asyncio.run(sessions())
    lost = {f"p-{n}" for n in range(ORDERS)} - set(ids)
    assert lost == {f"p-{number - 1}"} if when == "before" else lost <= {f"p-{number}"}
    assert len(ids) == len(set(ids)) == told["trades"] == ORDERS - len(lost)
    assert D(told["position"]) == held == len(ids)
    again = System([BTC], Buys(), sources=[], clients=[Client("binance_spot")], prefix="p-")
    assert replay(again, tmp_path).digest == told["digest"] == read_session(tmp_path).digest
