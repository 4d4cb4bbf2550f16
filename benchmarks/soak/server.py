"""The exchange's process: trades, faults, and in the end what there was."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks.soak.exchange import ASK, BID, BUYS_AT, SELLS_AT, SIZE, STREAM, SYMBOL, SoakExchange
from benchmarks.soak.faults import Storm
from benchmarks.soak.keyed import KeyedExchange
from benchmarks.soak.memory import watch
from benchmarks.soak.terms import BEATS, KEEP_SECONDS, Terms


async def serve(terms: Terms) -> None:
    """Say where it is, and when there is a line to read, trade; then a report for each line."""
    draw = Random(terms.seed)
    served = KeyedExchange if terms.gives_keys else SoakExchange
    async with served(KEEP_SECONDS * terms.rate) as exchange:
        exchange.quote(BID, ASK, SIZE)
        _tell(exchange.endpoints.rest)
        await asyncio.to_thread(sys.stdin.readline)
        while not _is_heard(exchange, terms.connections):
            await asyncio.sleep(0.01)
        storm, memory = Storm(exchange, draw, terms.mean_seconds, terms.faults), list[tuple[float, float]]()
        background = [asyncio.create_task(_ping(exchange)), asyncio.create_task(watch(memory))]
        raging = asyncio.create_task(storm.rage(terms.seconds - terms.quiet_seconds))
        used, begin = time.process_time(), time.perf_counter()
        said = await _trade(exchange, terms, draw)
        took, used = time.perf_counter() - begin, time.process_time() - used
        await raging
        _tell(exchange.count)
        while await asyncio.to_thread(sys.stdin.readline):
            _tell(_report(exchange, storm) | {
                "rate": round(exchange.count / took), "cpu_us": round(1e6 * used / exchange.count, 1),
                "memory_mb": memory, "said": said,
            })  # fmt: skip
        for task in background:
            task.cancel()


def _is_heard(exchange: SoakExchange, connections: int) -> bool:
    listening = exchange.sockets.open.values()
    return len(listening) >= connections and any(STREAM in names for names in listening)


def _tell(what: Any) -> None:
    print(json.dumps(what), flush=True)


async def _trade(exchange: SoakExchange, terms: Terms, draw: Random) -> dict[int, int]:
    """Trade at the rate; when each trade was said that an order follows on."""
    said: dict[int, int] = {}
    rate, every = terms.rate, terms.every
    begin, beats = time.perf_counter(), round(terms.seconds * BEATS)
    for beat in range(1, beats + 1):
        first = exchange.count
        exchange.tick(rate * beat // BEATS - rate * (beat - 1) // BEATS)
        if beat % (terms.reach_seconds * BEATS) == 0:
            exchange.reach(draw.choice([BUYS_AT, SELLS_AT]))
        now = time.time_ns()
        said |= dict.fromkeys(range(first + every - first % every, exchange.count + 1, every), now)
        await exchange.flush()
        exchange.sockets.sent.clear()
        exchange.requests.clear()
        await asyncio.sleep(max(0.0, begin + beat / BEATS - time.perf_counter()))
    return said


async def _ping(exchange: SoakExchange) -> None:
    while True:
        await exchange.sockets.ping()
        await asyncio.sleep(1)


def _report(exchange: SoakExchange, storm: Storm) -> dict[str, Any]:
    x = exchange.account
    held = sum(
        (t["quantity"] - t["fee"] if t["order"].side == "BUY" else -t["quantity"] for t in x.trades), start=Decimal(0)
    )  # a buy pays its fee in what it buys
    return {
        "orders": {one.client_id: [one.status, float(one.filled)] for one in x.orders},
        "order_count": len(x.orders),
        "fills": len(x.trades),
        "held": str(held),
        "balances": {name.lower(): str(one.free + one.locked) for name, one in x.balances.items()},
        "listing": SYMBOL,
        "received": exchange.received,
        "asked_for": exchange.asked_for,
        "while_banned": exchange.while_banned,
        "drawn": dict(storm.drawn),
        "faults": storm.times,
    }
