"""From a tick to its event, and what is lost: Binance's own adapter beside ccxt alone, and ccxt behind ours.

    python -m benchmarks.adapters --seconds 10 --rate 500

A loopback exchange in another process says trades at a steady rate, each with the time at which it left, and every half
a second something goes wrong: a message is left out, comes twice or late, or the connection is closed. The same for
each client, one after another. It prints how long a trade took to become an event, how many were lost, told twice, or
told out of order. Both processes share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from barter_bt.live import WallClock, binance
from barter_bt.testing.exchange import LoopbackExchange

BEATS, QUIET_SECONDS = 100, 2
SPOILS = ("gap", "duplicate", "reorder")
Trades = AsyncIterator[tuple[int, float]]


async def serve(seconds: float, rate: int, began: int) -> None:
    """The exchange: says where it is, then trades whose prices are ns since the beginning, with faults."""
    draw = random.Random(1)
    async with LoopbackExchange(WallClock()) as exchange:
        print(exchange.endpoints.rest, flush=True)
        while not any("btcusdt@trade" in names for names in exchange.sockets.open.values()):
            await asyncio.sleep(0.01)
        start, beats = time.perf_counter(), round(seconds * BEATS)
        for beat in range(1, beats + 1):
            for _ in range(rate // BEATS):
                exchange.trade(str(time.time_ns() - began), "0.001")
            if beat % (BEATS // 2) == 0 and beat < beats - QUIET_SECONDS * BEATS:
                what = draw.randrange(4)
                if what < 3:
                    exchange.spoil_next(SPOILS[what])  # type: ignore[arg-type]
                else:
                    await exchange.close_sockets(1011)
            await exchange.flush()
            exchange.sockets.sent.clear()
            await asyncio.sleep(max(0.0, start + beat / BEATS - time.perf_counter()))
        print(len(exchange.listings["BTCUSDT"].trades), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def there(rest: str) -> binance.Endpoints:
    """The addresses of the exchange."""
    sockets = rest.replace("http", "ws")
    return binance.Endpoints(rest, sockets, f"{sockets}/ws-api/v3")


async def own(rest: str) -> Trades:
    """This package's adapter of Binance."""
    traded = await binance.instruments(["BTCUSDT"], there(rest))
    market = binance.BinanceMarket(traded, ["trades"], endpoints=there(rest))
    try:
        async for trade in _of(market):
            yield trade
    finally:
        await market.close()


async def _of(market: Any) -> Trades:
    async for arrival in market.arrivals():
        for event in arrival.events:
            kind = getattr(getattr(event.event, "value", None), "kind", None)
            if kind is not None:
                yield int(kind.id), kind.price


def connection(rest: str) -> Any:
    """A connection of ccxt's to the exchange, and to nothing else."""
    from barter_bt.live import ccxt

    options = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
    made = ccxt.connect("binance", sandbox=False, config={"enableRateLimit": False, "options": options})
    sockets = {"spot": f"{there(rest).streams}/ws"}
    made.api.urls["api"] = dict.fromkeys(made.api.urls["api"], f"{rest}/api/v3") | {"ws": sockets}
    return made


async def ccxt_alone(rest: str) -> Trades:
    """ccxt without anything around it, asked again whenever it raises."""
    import ccxt

    api = connection(rest).api
    try:
        while True:
            try:
                for row in await api.watch_trades("BTC/USDT"):
                    yield int(row["id"]), float(row["price"])
            except ccxt.NetworkError:
                await asyncio.sleep(0.05)
    finally:
        await api.close()


async def through_ccxt(rest: str) -> Trades:
    """This package's source through ccxt."""
    from barter_bt.live import ccxt

    made = connection(rest)
    market = ccxt.CcxtMarket(made, await ccxt.instruments(["BTC/USDT"], made), ["trades"])
    try:
        async for trade in _of(market):
            yield trade
    finally:
        await market.close()


CLIENTS: dict[str, Callable[[str], Trades]] = {"own": own, "ccxt alone": ccxt_alone, "through ccxt": through_ccxt}


async def measure(name: str, seconds: float, rate: int) -> dict[str, Any]:
    """One client at an exchange of its own."""
    began = time.time_ns()
    arguments = ["--serve", str(began), f"--seconds={seconds}", f"--rate={rate}"]
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.adapters", *arguments, stdin=-1, stdout=-1
    )
    assert server.stdout is not None
    assert server.stdin is not None
    rest = (await server.stdout.readline()).decode().strip()
    seen: list[int] = []
    waits: list[int] = []

    async def read() -> None:
        async for number, price in CLIENTS[name](rest):
            seen.append(number)
            waits.append(time.time_ns() - began - int(price))

    reading = asyncio.create_task(read())
    said = int(await server.stdout.readline())
    await asyncio.sleep(1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    server.stdin.close()
    await server.wait()
    waits.sort()
    first = min(seen)
    return {
        "client": name,
        "said": said,
        "lost": said - first + 1 - len(set(seen)),
        "twice": len(seen) - len(set(seen)),
        "out_of_order": sum(later < earlier for earlier, later in itertools.pairwise(seen)),
        "p50_us": waits[len(waits) // 2] // 1000,
        "p99_us": waits[len(waits) * 99 // 100] // 1000,
    }


def main() -> int:
    """Run each client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.seconds, given.rate, given.serve))
        return 0
    for name in CLIENTS:
        print(json.dumps(asyncio.run(measure(name, given.seconds, given.rate))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
