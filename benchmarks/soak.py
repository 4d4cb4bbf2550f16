"""A soak: trades at a steady rate from a loopback exchange in another process, faults drawn from a seed, orders back.

    python -m benchmarks.soak --seconds 3600 --rate 5000

It fails if a trade is missing, comes twice or out of order, or an order is doubled. It says how long it took from a
message to the order that it led to, how much of a processor's time each message took on this side, and how much memory
there was after a quarter and in the end. Both processes share the machine, so latencies are of a machine that is busy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import barter_bt as bt
from barter_bt.live import Arrival, System, WallClock, binance
from barter_bt.protocol import Item, Market, PublicTrade, TradingState
from barter_bt.testing.exchange import LoopbackExchange, Lost, Status

EVERY, BEATS, QUIET_SECONDS = 500, 100, 3
SPOILS = ("gap", "duplicate", "reorder", "truncate")


async def serve(seconds: float, rate: int, seed: int) -> None:
    """The exchange: says where it is, then trades; in the end how many trades and orders there were."""
    draw = random.Random(seed)
    async with LoopbackExchange(WallClock(), balances={"USDT": 10**9, "BTC": 10**6}, order_limit=10**6) as exchange:
        exchange.quote("99.99", "100.01", "1000000")
        print(exchange.endpoints.rest, flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # the strategy is ready, and hears every trade
        while len(exchange.sockets.open) < 2:
            await asyncio.sleep(0.01)
        begin, beats = time.perf_counter(), round(seconds * BEATS)
        for beat in range(1, beats + 1):
            for _ in range(rate // BEATS):
                exchange.trade("100", "0.001")
            if beat < beats - QUIET_SECONDS * BEATS and draw.random() < 1 / BEATS:
                await _fail(exchange, draw)
            await exchange.flush()
            exchange.sockets.sent.clear()
            exchange.requests.clear()
            await asyncio.sleep(max(0.0, begin + beat / BEATS - time.perf_counter()))
        trades = len(exchange.listings["BTCUSDT"].trades)
        print(json.dumps({"trades": trades, "orders": [one.client_id for one in exchange.account.orders]}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def _fail(exchange: LoopbackExchange, draw: random.Random) -> None:
    what = draw.randrange(7)
    if what < 4:
        exchange.spoil_next(SPOILS[what])  # type: ignore[arg-type]
    elif what == 4:
        await exchange.close_sockets(1011)
    else:
        exchange.answer_next("POST /api/v3/order", Lost() if what == 5 else Status(503))


class Answers:
    """Sends a market order for every so many trades, one way and then the other."""

    def __init__(self) -> None:
        self.seen = 0

    def generate_algo_orders(self, state: Any) -> Any:
        if state.event != "trade":
            return None
        self.seen += 1
        held = state.position("btc_usdt")
        return None if self.seen % EVERY else ([], [bt.OrderRequest("btc_usdt", -0.001 if held > 0 else 0.001)])


class Counted:
    """A source whose trades are counted as they pass."""

    def __init__(self, market: binance.BinanceMarket) -> None:
        self.market, self.last, self.wrong, self.received = market, 0, 0, 0

    async def arrivals(self) -> AsyncIterator[Arrival]:
        async for arrival in self.market.arrivals():
            for event in arrival.events:
                if isinstance(event, Market) and isinstance(event.event, Item):
                    kind = event.event.value.kind
                    if isinstance(kind, PublicTrade):
                        self.wrong += int(kind.id) != self.last + 1 if self.last else 0
                        self.last, self.received = int(kind.id), event.event.value.time_received
            yield arrival

    async def close(self) -> None:
        await self.market.close()


async def soak(seconds: float, rate: int, seed: int) -> dict[str, Any]:
    """Trade at the exchange for so long."""
    arguments = ["--serve", f"--seconds={seconds}", f"--rate={rate}", f"--seed={seed}"]
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.soak", *arguments, stdin=-1, stdout=-1, limit=2**26
    )
    assert server.stdout is not None
    assert server.stdin is not None
    where = (await server.stdout.readline()).decode().strip()
    sockets = where.replace("http", "ws")
    there = {"endpoints": binance.Endpoints(where, sockets, f"{sockets}/ws-api/v3")}
    traded = await binance.instruments(["BTCUSDT"], **there)  # type: ignore[arg-type]
    source = Counted(binance.BinanceMarket(traded, ["trades"], backfill=60 * rate, **there))  # type: ignore[arg-type]
    keys = binance.Keys("key", "secret")
    account = binance.BinanceAccount(traded, keys, dry_run=False, **there)  # type: ignore[arg-type]
    waits: list[int] = []
    send = account.open
    account.open = lambda request: (waits.append(time.time_ns() - source.received), send(request))[1]  # type: ignore[method-assign]
    system = System(traded, Answers(), sources=[account, source], clients=[account], audit_mode="disabled")
    handle = await system.start()
    await account.ready()
    await handle.set_trading(TradingState.ENABLED)
    server.stdin.write(b"begin\n")
    told, memory = asyncio.create_task(server.stdout.readline()), []
    used = time.process_time()
    while not told.done():
        memory.append(_resident())
        await asyncio.wait((told,), timeout=max(seconds / 20, 0.1))
    there_were = json.loads(await told)
    async with asyncio.timeout(60):
        while source.last < there_were["trades"]:
            await asyncio.sleep(0.1)
    used = time.process_time() - used
    run = await handle.shutdown()
    server.stdin.close()
    await server.wait()
    waits.sort()
    return {
        "trades": there_were["trades"],
        "wrong": source.wrong,
        "gaps": source.market.gaps,
        "reconnects": source.market.reconnects + account.reconnects,
        "doubled": len(there_were["orders"]) - len(set(there_were["orders"])),
        "orders": len(run.orders),
        "filled": run.trades.height,
        "cpu_us": round(1e6 * used / there_were["trades"], 1),
        "p50_us": waits[len(waits) // 2] // 1000,
        "p99_us": waits[len(waits) * 99 // 100] // 1000,
        "memory_mb": [memory[len(memory) // 4], memory[-1]],
    }


def _resident() -> int:
    """Resident memory in MB, where the system says so."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20
    except OSError:
        return 0


def main() -> int:
    """Run one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.seconds, given.rate, given.seed))
        return 0
    figures = asyncio.run(soak(given.seconds, given.rate, given.seed))
    print(json.dumps(figures))
    return int(bool(figures["wrong"] or figures["doubled"]))


if __name__ == "__main__":
    raise SystemExit(main())
