"""A program that trades at a loopback exchange and kills itself: before an order leaves, or before its answer is read.

    python -m tests.live.binance.killed ORIGIN REST STREAMS API DIRECTORY [NUMBER before|after]

Its clock is the exchange's, which began at the machine's ORIGIN. In the end it says what it has.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import barter_bt as bt
from barter_bt.live import Paced, Recorder, System, binance
from barter_bt.live.binance import account as accounts
from barter_bt.live.binance import rest as requests
from barter_bt.live.binance import sender
from barter_bt.protocol import TradingState
from tests.live.binance.rig import BTC, START

PACE, KILLED, ORDERS = 20, 9, 3
WINDOW_MS = 60_000


class Buys:
    """Buys three times, each time one at the market, when the last is done."""

    def generate_algo_orders(self, state: Any) -> Any:
        wants = len(state.raw.orders) < ORDERS and not state.working("btc_usdt") and state.price("btc_usdt")
        return [], [bt.OrderRequest("btc_usdt", 1)] if wants else []


def kill_at(number: int, when: str) -> None:
    """Kill this process at an order, counted from 1."""
    answer: Callable[..., Any] = requests.Rest._answer
    count = 0

    async def killing(self: requests.Rest, method: str, url: Any, headers: dict[str, str]) -> bytes:
        nonlocal count
        count += method == "POST"
        is_it = method == "POST" and count == number
        if is_it and when == "before":
            os._exit(KILLED)
        body: bytes = await answer(self, method, url, headers)
        if is_it:
            os._exit(KILLED)
        return body

    requests.Rest._answer = killing  # type: ignore[method-assign]


def be_patient() -> None:
    """Let requests be good for as long as Binance allows: of the machine's time, which may be busy, that is 3 s."""
    requests.WINDOW_MS = WINDOW_MS
    sender.CERTAIN_NS = accounts.CERTAIN_NS = WINDOW_MS * requests.MS_NS + requests.ANSWER_NS


async def trade(origin: str, rest: str, streams: str, api: str, directory: str) -> dict[str, Any]:
    """Trade until three orders are done."""
    clock = Paced(START + (time.monotonic_ns() - int(origin)) * PACE, PACE)
    clock.now()  # it goes from when it is first asked
    there: dict[str, Any] = {"endpoints": binance.Endpoints(rest, streams, api), "clock": clock}
    recorder = Recorder(directory, resume=True)
    before: dict[str, Any] = {}
    if recorder.resumes:
        before = {"last_trades": binance.last_trades(directory), "since": binance.began(directory)}
    account = binance.BinanceAccount([BTC], binance.Keys("key", "secret"), dry_run=False, **before, **there)
    market = binance.BinanceMarket([BTC], ["quotes"], **there)
    system = System(
        [BTC],
        Buys(),
        sources=[account, market],
        clients=[account],
        clock=there["clock"],
        recorder=recorder,
        prefix="p-",
    )
    handle = await system.start()
    await account.ready()
    await handle.set_trading(TradingState.ENABLED)
    async for _ in handle.audits():
        if len(handle.view().state.orders) == ORDERS and not handle.view().orders("btc_usdt"):
            break
    run = await handle.shutdown()
    position = str(handle.view().position("btc_usdt"))
    return {"digest": run.digest, "trades": run.trades.height, "position": position}


if __name__ == "__main__":
    if len(sys.argv) > 6:
        kill_at(int(sys.argv[6]), sys.argv[7])
    be_patient()
    print(json.dumps(asyncio.run(trade(*sys.argv[1:6]))))
