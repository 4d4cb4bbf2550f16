"""From a tick to the order that it leads to, and what is lost: our clients of Binance beside others.

    python -m benchmarks.adapters --ticks 20000 --rate 1000 [--nautilus-trader PYTHON]

A loopback exchange in another process says trades at a steady rate, and every half a second something goes wrong: a
trade is left out, comes twice or late, or a connection is closed. Every so many trades a client sends a market order.
The same for each client, one after another: our systems (source, engine, strategy, client) with the adapter of Binance
and with that of ccxt, ccxt by itself (`watch_trades`, `create_order`), and the node of nautilus_trader with its own
adapter, where an interpreter is named that has it. It prints how many trades were lost, told
twice or out of order, how many orders arrived, and how long it took from the exchange's saying a trade until it was
heard, and until the order that followed arrived there, by the one clock of the machine that both processes share.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import barter_bt as bt
from barter_bt.live import Arrival, ExecutionClient, Source, System, binance
from barter_bt.protocol import Item, Market, PublicTrade, TradingState
from benchmarks.soak.client import endpoints, exchange
from benchmarks.soak.latency import percentiles_us
from benchmarks.soak.terms import Terms

EVERY, QUANTITY = 97, 0.1
FAULTS = ("gap of a trade", "duplicate of a trade", "reorder of a trade", "close 1011")
FAULT_SECONDS = 0.5


class Noted:
    """What a client heard and sent.

    Attributes
    ----------
    seen
        Number of each trade, and when it was heard, ns.
    orders
        The trade that each order followed, by client id.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.orders: dict[str, int] = {}

    def heard(self, number: int) -> bool:
        """A trade; whether an order follows it."""
        self.seen.append((number, time.time_ns()))
        return number % EVERY == 0


class Noting:
    """A source whose trades are noted as they pass, and a client whose orders are."""

    def __init__(self, source: Source, client: ExecutionClient, noted: Noted) -> None:
        self._source, self._noted, self._open = source, noted, client.open
        client.open = self._sends  # type: ignore[method-assign]

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """What the source tells."""
        async for arrival in self._source.arrivals():
            for event in arrival.events:
                if isinstance(event, Market) and isinstance(event.event, Item):
                    kind = event.event.value.kind
                    if isinstance(kind, PublicTrade):
                        self._noted.heard(int(kind.id))
            yield arrival

    def _sends(self, request: Any) -> Any:
        self._noted.orders[request.key.cid] = self._noted.seen[-1][0]
        return self._open(request)

    async def close(self) -> None:
        """Close the source."""
        await self._source.close()


class Follows:
    """A market order behind every so many trades, by the number of the trade."""

    def __init__(self, noted: Noted) -> None:
        self._noted, self._way = noted, QUANTITY

    def generate_algo_orders(self, state: Any) -> Any:
        """Barter's hook."""
        if state.event != "trade" or self._noted.seen[-1][0] % EVERY:
            return None
        self._way = -self._way
        return [], [bt.OrderRequest(0, -self._way)]


async def _system(traded: Any, source: Source, account: Any, noted: Noted) -> None:
    noting = Noting(source, account, noted)
    system = System(
        traded, Follows(noted), sources=[account, noting], clients=[account], audit_mode="disabled", reconcile=False
    )
    handle = await system.start()
    try:
        await account.ready()
        await handle.set_trading(TradingState.ENABLED)
        await handle.wait()
    finally:
        await handle.abort()


async def own(where: str, noted: Noted) -> None:
    """Our system with the adapter of Binance."""
    there: Any = {"endpoints": endpoints(where)}
    traded = await binance.instruments(["BTCUSDT"], **there)
    account = binance.BinanceAccount(traded, binance.Keys("key", "secret"), dry_run=False, **there)
    await _system(traded, binance.BinanceMarket(traded, ["trades"], **there), account, noted)


def connection(where: str) -> Any:
    """A connection of ccxt's to the exchange, and to nothing else."""
    from barter_bt.live import ccxt

    options = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
    config = {"enableRateLimit": False, "options": options}
    made = ccxt.connect("binance", ccxt.Secrets("key", "secret"), sandbox=False, config=config)
    there = endpoints(where)
    sockets = {"spot": f"{there.streams}/ws", "ws-api": {"spot": there.api}}
    made.api.urls["api"] = dict.fromkeys(made.api.urls["api"], f"{where}/api/v3") | {"ws": sockets}
    return made


async def ccxt_alone(where: str, noted: Noted) -> None:
    """ccxt without anything around it, asked again whenever it raises; orders go out in tasks of their own."""
    import ccxt

    api = connection(where).api
    await api.load_markets()
    sides, sending = itertools.cycle(["buy", "sell"]), set[asyncio.Task[None]]()

    async def order(cid: str) -> None:
        with suppress(ccxt.BaseError):
            await api.create_order("BTC/USDT", "market", next(sides), QUANTITY, None, {"newClientOrderId": cid})

    try:
        while True:
            try:
                rows = await api.watch_trades("BTC/USDT")
            except ccxt.NetworkError:
                await asyncio.sleep(0.05)
                continue
            for row in rows:
                if noted.heard(int(row["id"])):
                    cid = f"t{row['id']}"
                    noted.orders[cid] = int(row["id"])
                    sending.add(asyncio.create_task(order(cid)))
    finally:
        for task in sending:
            task.cancel()
        await api.close()


async def through_ccxt(where: str, noted: Noted) -> None:
    """Our system with the adapter of ccxt."""
    from barter_bt.live import ccxt

    made = connection(where)
    traded = await ccxt.instruments(["BTC/USDT"], made)
    market = ccxt.CcxtMarket(made, traded, ["trades"])
    await _system(traded, market, ccxt.CcxtAccount(connection(where), traded, dry_run=False), noted)


Client = Callable[[str, Noted], Awaitable[None]]
CLIENTS: dict[str, tuple[Client, int]] = {  # and how many connections each makes
    "own": (own, 2),
    "through ccxt": (through_ccxt, 2),
    "ccxt alone": (ccxt_alone, 1),
}


def terms_of(ticks: int, rate: int, connections: int, *, gives_keys: bool = False) -> Terms:
    """Of an exchange that says so many ticks."""
    quiet = {"quiet_seconds": 2, "reach_seconds": 10**6}
    return Terms(ticks / rate, rate, 1, FAULT_SECONDS, 1, FAULTS, connections, **quiet, gives_keys=gives_keys)  # type: ignore[arg-type]


async def measure(name: str, ticks: int, rate: int) -> dict[str, Any]:
    """One client at an exchange of its own."""
    client, connections = CLIENTS[name]
    noted = Noted()
    async with exchange(terms_of(ticks, rate, connections)) as (where, ask):
        running = asyncio.create_task(client(where, noted))  # type: ignore[arg-type]
        used = time.process_time()
        said = await ask("begin\n")
        await asyncio.sleep(1)
        used = time.process_time() - used
        report = await ask("report\n")
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return _figures(name, said, report, noted.seen, noted.orders, used)


async def measure_nautilus_trader(python: str, ticks: int, rate: int) -> dict[str, Any]:
    """Its node, in a process of its own; processor's time contains its start."""
    async with exchange(terms_of(ticks, rate, 2, gives_keys=True)) as (where, ask):
        script, given = str(Path(__file__).with_name("nautilus.py")), (where, str(EVERY), str(QUANTITY))
        node = await asyncio.create_subprocess_exec(python, script, *given, stdin=-1, stdout=-1, limit=2**26)
        said = await ask("begin\n")
        await asyncio.sleep(1)
        report = await ask("report\n")
        told, _ = await node.communicate(b"\n")
    noted = json.loads(told.splitlines()[-1])
    return _figures("nautilus_trader", said, report, noted["seen"], noted["orders"], noted["cpu_seconds"])


def _figures(
    name: str, said: int, report: dict[str, Any], seen: Sequence[Sequence[int]], orders: dict[str, int], used: float
) -> dict[str, Any]:
    numbers, received = [number for number, _ in seen], report["received"]
    waits = [received[cid] - report["said"][str(number)] for cid, number in orders.items() if cid in received]
    return {
        "client": name,
        "said": said,
        "lost": said - len(set(numbers)),
        "twice": len(numbers) - len(set(numbers)),
        "out_of_order": sum(later < earlier for earlier, later in itertools.pairwise(numbers)),
        "orders": report["order_count"],
        "tick_to_event": percentiles_us([at - report["said"][str(number)] for number, at in seen]),
        "tick_to_order": percentiles_us(waits),
        "cpu_us_a_tick": round(1e6 * used / said, 1),
    }


def main() -> int:
    """Run each client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=20_000)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--nautilus-trader", metavar="PYTHON", help="an interpreter that has it")
    given = parser.parse_args()
    for name in CLIENTS:
        print(json.dumps(asyncio.run(measure(name, given.ticks, given.rate))))
    if given.nautilus_trader:
        print(json.dumps(asyncio.run(measure_nautilus_trader(given.nautilus_trader, given.ticks, given.rate))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
