"""The command that keeps what an exchange's market says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.live import run_system
from barter_bt.cli.printing import print_json

if TYPE_CHECKING:
    from barter_bt.protocol import AccountSnapshot, EngineError, Order, OrderKey


@app.command
def record(
    symbols: list[str],
    /,
    *,
    out: Annotated[Path, Parameter(name="--out")],
    network: Literal["test", "main"] = "main",
    streams: list[str] | None = None,
    json: AsJson = False,
) -> int:
    """Keep what Binance's spot market says, until Ctrl-C or SIGTERM. No keys, no orders.

    Parameters
    ----------
    symbols
        In the exchange's spelling, such as `BTCUSDT`.
    out
        Directory of the recording: `barter_bt.live.read_session` reads it.
    network
        Of public data, which is real on `main`.
    streams
        `trades`, `quotes`, `book`, intervals of candles such as `1m`; by default `trades` and `quotes`.
    """
    told, interrupted = asyncio.run(_record(symbols, out, network, streams or ["trades", "quotes"]))
    if json:
        print_json(told)
    else:
        print(f"  {told['events']} events in {out}; {told['gaps']} gaps mended, {told['reconnects']} times reconnected")
    return INTERRUPTED if interrupted else OK


async def _record(symbols: list[str], out: Path, network: str, streams: list[str]) -> tuple[dict[str, Any], bool]:
    from barter_bt.live import Recorder, System, binance, read_session

    endpoints = binance.TEST_NETWORK if network == "test" else binance.MAIN_NETWORK
    traded = await binance.instruments(symbols, endpoints)
    market = binance.BinanceMarket(traded, streams, endpoints=endpoints)
    listener = _Listener()
    system = System(traded, sources=[market], clients=[listener], recorder=Recorder(out))
    _, interrupted = await run_system(system, quiet=True)
    events = read_session(out).frame().height
    return {"events": events, "gaps": market.gaps, "reconnects": market.reconnects}, interrupted


class _Listener:
    """A client that sends nothing."""

    exchanges: tuple[str, ...] = ("binance_spot",)

    def open(self, request: Any) -> EngineError | None:
        from barter_bt.protocol import ExecutionChannelUnhealthy

        return ExecutionChannelUnhealthy("this session only listens")

    cancel = amend = open

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        from barter_bt.protocol import AccountSnapshot

        return AccountSnapshot(exchange, (), ())

    async def order_status(self, key: OrderKey) -> Order | None:
        return None

    async def close(self) -> None:
        return None
