"""The command that keeps what an exchange's market says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from barter_bt.cli import places
from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.live import run_system
from barter_bt.cli.printing import print_json


@app.command
def record(
    symbols: list[str],
    /,
    *,
    out: Annotated[Path, Parameter(name="--out")],
    exchange: str = places.SPOT,
    network: Literal["test", "main"] = "main",
    streams: list[str] | None = None,
    raw: bool = False,
    json: AsJson = False,
) -> int:
    """Keep what a market says, until Ctrl-C or SIGTERM. No keys, no orders.

    Parameters
    ----------
    symbols
        In the exchange's spelling, such as `BTCUSDT`; through ccxt in ccxt's, such as `BTC/USDT`.
    out
        Directory of the recording: `barter_bt.live.read_session` reads it, `barter-bt data import session` takes
        it into a catalog.
    exchange
        `binance_spot`, `binance_futures_usd`, or any other through ccxt, such as `ccxt:okx`.
    network
        Of public data, which is real on `main`.
    streams
        `trades`, `quotes`, `book`, intervals of candles such as `1m`; by default `trades` and `quotes`.
    raw
        Keep what the exchange says, too, as it says it: `barter_bt.live.read_raw` reads it.
    """
    told, interrupted = asyncio.run(_record(symbols, out, exchange, network, streams or ["trades", "quotes"], raw))
    if json:
        print_json(told)
    else:
        print(f"  {told['events']} events in {out}; {told['gaps']} gaps mended, {told['reconnects']} times reconnected")
    return INTERRUPTED if interrupted else OK


async def _record(
    symbols: list[str], out: Path, exchange: str, network: str, streams: list[str], raw: bool
) -> tuple[dict[str, Any], bool]:
    from barter_bt.live import System, read_session

    place = places.place_of(exchange, ())
    traded = await places.instruments(place, network, symbols)
    recorder = places.recorder_of(out, place, raw=raw)
    market = places.market(place, network, traded, streams, recorder)
    listener = places.Listener((traded[0].exchange,))
    system = System(traded, sources=[market], clients=[listener], recorder=recorder)
    _, interrupted = await run_system(system, quiet=True, record=out)
    events = read_session(out).frame().height
    return {"events": events, "gaps": getattr(market, "gaps", 0), "reconnects": market.reconnects}, interrupted
