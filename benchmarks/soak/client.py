"""The trading side of a soak."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from random import Random
from typing import Any

import aiohttp

import barter_bt as bt
from barter_bt.columns.block import tables_of
from barter_bt.live import System, SystemHandle, binance
from barter_bt.protocol import TradingState
from benchmarks.soak.books import Heard, differences
from benchmarks.soak.faults import FAULTS
from benchmarks.soak.latency import Answer, figures
from benchmarks.soak.memory import by_minute, resident_mb, slope_mb_an_hour, watch
from benchmarks.soak.terms import BACKFILL_SECONDS, SETTLE_SECONDS, Terms

_MOST_RESTING, _QUANTITY = 4, 0.1


class Answers:
    """Every so many trades an order: at the market both ways, resting on either side; those that rest long go."""

    def __init__(self, every: int) -> None:
        self.every, self.seen, self.decided = every, 0, 0

    def generate_algo_orders(self, state: Any) -> Any:
        """Barter's hook."""
        if state.event != "trade":
            return None
        self.seen += 1
        if self.seen % self.every:
            return None
        self.decided += 1
        way = _QUANTITY if self.decided % 2 else -_QUANTITY
        rests = self.decided % 4 >= 2
        price = None if not rests else 99.8 if way > 0 else 100.2
        resting = state.cancel_all("btc_usdt")
        return resting[:-_MOST_RESTING], [bt.OrderRequest("btc_usdt", way, price, post_only=rests)]


class Sends:
    """When the order that a trade led to went out, by client id."""

    def __init__(self, account: binance.BinanceAccount, strategy: Answers, heard: Heard) -> None:
        self.answers: dict[str, Answer] = {}
        self._led: dict[str, int] = {}
        self._strategy, self._heard, self._open = strategy, heard, account.open
        account.open = self.open  # type: ignore[method-assign]
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._sent)  # type: ignore[arg-type]
        account._rest._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), trace_configs=[trace])

    def open(self, request: Any) -> Any:
        """As of the client."""
        self._led[request.key.cid] = self._strategy.seen
        return self._open(request)

    async def _sent(self, session: Any, context: Any, params: Any) -> None:
        cid = params.url.query.get("newClientOrderId", "")
        if params.method == "POST" and (trade := self._led.pop(cid, None)) is not None:
            self.answers[cid] = Answer(trade, self._heard.arrived.pop(trade), time.time_ns())


async def _read_slowly(terms: Terms, pauses: list[tuple[int, int]]) -> None:
    """As often as any other fault do nothing but think, so that messages pile up."""
    draw, ends = Random(terms.seed + 1), time.perf_counter() + terms.seconds - terms.quiet_seconds
    while time.perf_counter() < ends:
        await asyncio.sleep(draw.uniform(0.5, 1.5) * len(FAULTS) * terms.mean_seconds)
        if time.perf_counter() < ends:
            began = time.time_ns()
            time.sleep(draw.uniform(0.3, 1.5))
            pauses.append((began, time.time_ns()))


@asynccontextmanager
async def exchange(terms: Terms) -> AsyncIterator[tuple[str, Callable[[str], Awaitable[Any]]]]:
    """An exchange in a process of its own: where it is, and what sends it a line and returns what it answers."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.soak", "--serve", json.dumps(asdict(terms)), stdin=-1, stdout=-1, limit=2**28
    )
    stdin, stdout = server.stdin, server.stdout
    assert stdin is not None
    assert stdout is not None

    async def ask(what: str) -> Any:
        stdin.write(what.encode())
        return json.loads(await stdout.readline())

    try:
        yield await ask(""), ask
    finally:
        stdin.close()
        await server.wait()


def endpoints(where: str) -> binance.Endpoints:
    """The addresses of an exchange."""
    sockets = where.replace("http", "ws")
    return binance.Endpoints(where, sockets, f"{sockets}/ws-api/v3")


async def soak(seconds: float, rate: int, seed: int, mean_seconds: float = 2) -> dict[str, Any]:
    """Trade at an exchange.

    Parameters
    ----------
    seconds, rate, seed, mean_seconds
        As of :class:`~benchmarks.soak.terms.Terms`.
    """
    terms = Terms(seconds, rate, seed, mean_seconds)
    async with exchange(terms) as (where, ask):
        return await _trade(terms, where, ask)


async def _trade(terms: Terms, where: str, ask: Callable[[str], Awaitable[Any]]) -> dict[str, Any]:
    there: dict[str, Any] = {"endpoints": endpoints(where), "silence": "3s"}
    traded = await binance.instruments(["BTCUSDT"], there["endpoints"])
    market = binance.BinanceMarket(traded, ["trades"], backfill=BACKFILL_SECONDS * terms.rate, **there)
    account = binance.BinanceAccount(
        traded, binance.Keys("key", "secret"), dry_run=False, reconcile_every="2s", **there
    )
    heard, strategy = Heard(market, terms.every), Answers(terms.every)
    sends = Sends(account, strategy, heard)
    system = System(
        traded, strategy, sources=[account, heard], clients=[account], audit_mode="disabled", grace="15s", drain="30s"
    )
    handle = await system.start()
    await account.ready()
    await handle.set_trading(TradingState.ENABLED)
    memory: list[tuple[float, float]] = []
    pauses: list[tuple[int, int]] = []
    background = [asyncio.create_task(watch(memory)), asyncio.create_task(_read_slowly(terms, pauses))]
    used = time.process_time()
    said = await ask("begin\n")
    used = time.process_time() - used
    for task in background:
        task.cancel()
    memory.append((terms.seconds, round(resident_mb(), 1)))  # before tables are made and the exchange's are read
    tables = sum(len(table._block) for table in tables_of(handle.view().state)) / 1e6
    report, differ = await _agree(handle, heard, said, ask)
    run = await handle.shutdown()
    drawn = report["drawn"] | {"slow reader": len(pauses)}
    return {
        "trades": {
            "said": said,
            "a_second": report["rate"],
            "over_stream": heard.over_stream,
            "asked_for": heard.last - heard.over_stream,
            "out_of_order": heard.wrong,
            "altered": heard.altered,
            "gaps_told": market.gaps,
            "repeated": market.repeated,
            "losses_told": heard.told_losses,
        },
        "orders": {
            "asked": run.orders.height,
            "arrived": report["order_count"],
            "fills": report["fills"],
            **dict(run.orders["status"].value_counts().sort("status").iter_rows()),
            "sent_while_banned": report["while_banned"],
            "reconnects": account.reconnects,
            "unreconciled": [str(one) for one in handle.unreconciled],
        },
        "differences": differ,
        "faults": {"all": sum(drawn.values())} | drawn,
        "latency": figures(sends.answers, report["said"], report["received"], [*report["faults"], *pauses]),
        "memory": {
            "mb_by_minute": by_minute(memory),
            "mb_an_hour": slope_mb_an_hour(memory),
            "mb_of_tables": round(tables, 1),
            "mb_with_both_reports": round(resident_mb(), 1),
            "exchange_mb_by_minute": by_minute(report["memory_mb"]),
            "exchange_mb_an_hour": slope_mb_an_hour(report["memory_mb"]),
        },
        "cpu_us_a_trade": {"client": round(1e6 * used / said, 1), "exchange": report["cpu_us"]},
    }


async def _agree(handle: SystemHandle, heard: Heard, said: int, ask: Any) -> tuple[Any, list[str]]:
    """Wait until both sides know the same, or for so long; what the exchange reports, and what differs."""
    ends = time.perf_counter() + SETTLE_SECONDS
    await handle.set_trading(TradingState.DISABLED)
    while True:
        report = await ask("report\n")
        differ = [] if heard.last == said else [f"the last trade is {heard.last} here and {said} there"]
        differ += differences(handle.run(), handle.view(), report)
        if not differ or time.perf_counter() > ends or not handle.is_running:
            return report, differ
        await asyncio.sleep(1)
