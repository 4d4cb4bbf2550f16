"""Commands that trade live: so far on paper."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.printing import print_json
from barter_bt.cli.watching import Watcher, watched
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.live import LiveRun, System, SystemHandle

_HALF_A_MINUTE = 30
_REDRAW_SECONDS = 0.2


@app.command
def paper(
    config: Path,
    /,
    *,
    pace: str = "auto",
    exchange: str | None = None,
    network: Literal["test", "main"] = "main",
    record: Path | None = None,
    alerts: str | None = None,
    metrics: int | None = None,
    quiet: bool = False,
    json: AsJson = False,
) -> int:
    """Trade on paper: the data of a file comes as it came then, the exchange is simulated, no money is at stake.

    The fills are those of `barter-bt backtest` on the same file. Ctrl-C, or SIGTERM, shuts down in good order. No
    exchange is contacted, unless `--exchange` names one: its trades and best quotes then fill orders as they come,
    until it is interrupted; no keys are needed, and no order is sent.

    Parameters
    ----------
    config
        Configuration in TOML, of a backtest: see `barter-bt schema`. The strategy is compiled or in Python.
    pace
        Time of the data in a second, such as `1s` (as it was), `1h`, `1d`; `auto` takes half a minute for all of it,
        `max` goes as fast as it can.
    exchange
        Whose market takes the place of the file's data: `binance_spot`, `binance_futures_usd`, or any other through
        ccxt, such as `ccxt:okx`.
    network
        Of that exchange.
    record
        Directory in which to keep all that the engine saw, for `barter-bt replay`.
    alerts
        Variable of the environment with the URL of a webhook that is told of what stops or ends the session.
    metrics
        Port of this machine at which Prometheus finds `/metrics`.
    quiet
        Show nothing on the way.
    """
    from barter_bt.live import Recorder

    recorder = Recorder(record) if record else None
    if exchange is not None:
        told = _on_a_market(config, exchange, network, recorder, alerts, metrics, quiet=quiet or json)
        run, interrupted = asyncio.run(told)
        _tell(run, None, as_json=json, market=exchange)
        return INTERRUPTED if interrupted else OK
    simulation, strategy = _load(config)
    setup = simulation.setup
    clock = _clock(pace, setup.begins, max(stream.time_range()[1] for stream in setup.streams))
    from barter_bt.live import paper as make

    system = make(simulation, strategy, clock=clock, recorder=recorder)
    run, interrupted = asyncio.run(_watched(config, alerts, metrics, clock, system, quiet=quiet or json))
    _tell(run, record, as_json=json)
    return INTERRUPTED if interrupted else OK


@app.command
def replay(config: Path, recording: Path, /, *, live: bool = False, prefix: str = "", json: AsJson = False) -> int:
    """Process a recorded session again, decisions included: it must come to the digest of the session.

    Parameters
    ----------
    config
        Configuration with which the session was made.
    recording
        Directory that `barter-bt paper --record` wrote.
    live
        It is of `barter-bt live --record`.
    prefix
        Of the client ids of that session, which it said in the end.
    """
    from barter_bt.live import paper as make
    from barter_bt.live import replay as again

    if live:
        from barter_bt.cli.live_parts import recorded_system

        _tell(again(recorded_system(config, prefix), recording), None, as_json=json)
        return OK
    simulation, strategy = _load(config)
    _tell(again(make(simulation, strategy), recording), None, as_json=json)
    return OK


def _load(config: Path) -> tuple[Any, Any]:
    from barter_bt.backtest import Simulation
    from barter_bt.backtest.config import load

    arguments = load(config).build()
    strategy = arguments.pop("strategy")
    return Simulation(**arguments), strategy


async def _on_a_market(
    config: Path, exchange: str, network: str, recorder: Any, alerts: str | None, metrics: int | None, *, quiet: bool
) -> tuple[LiveRun, bool]:
    """Trade on paper on what a real market does now."""
    from barter_bt.backtest.config import load
    from barter_bt.cli import places
    from barter_bt.live import MockExchange, System

    built = load(config).build()
    strategy, traded = built.pop("strategy"), built.pop("instruments")
    for name in ("data", "interpret"):
        built.pop(name, None)
    market = places.market(places.place_of(exchange, traded), network, traded, ("trades", "quotes"))
    mock = MockExchange(market, traded, **built)
    system = System(
        strategy=strategy, sources=[mock], clients=[mock], recorder=recorder, reconcile=False, **mock.engine_arguments()
    )
    return await _watched(config, alerts, metrics, None, system, quiet=quiet, ready=_at_once)


async def _watched(
    config: Path, alerts: str | None, metrics: int | None, clock: Any, system: System, **options: Any
) -> tuple[LiveRun, bool]:
    async with watched(config, alerts, metrics, clock) as watching:
        return await run_system(system, watching=watching, **options)


async def _at_once() -> None:
    """A simulated exchange is there as soon as it is asked."""


def _clock(pace: str, begins: int, ends: int) -> Any:
    from barter_bt.data.duration import duration_ns
    from barter_bt.live import Paced, Virtual
    from barter_bt.live.clock import SECOND_NS

    if pace == "max":
        return Virtual(begins)
    if pace == "auto":
        return Paced(begins, max(ends - begins, SECOND_NS) / SECOND_NS / _HALF_A_MINUTE, ends)
    try:
        return Paced(begins, duration_ns(pace, "--pace") / SECOND_NS, ends)
    except ConfigError as error:
        raise ConfigError(error.message, "write 1s, 1h, 1d, auto or max") from error


async def run_system(
    system: System,
    *,
    quiet: bool,
    ready: Callable[[], Awaitable[None]] | None = None,
    until: Callable[[], Awaitable[None]] | None = None,
    watching: Sequence[Watcher] = (),
) -> tuple[LiveRun, bool]:
    """Run to the end of the data, or until somebody ends it; trading is enabled when all is ready.

    ``until`` begins then, and is the end of the data of sources that have none themselves.
    """
    handle = await system.start()
    watchers = [asyncio.ensure_future(watch(handle)) for watch in watching]
    enabling = asyncio.create_task(_enable(handle, ready)) if ready else None
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError):  # Windows; a thread that is not the first
            loop.add_signal_handler(one, stopped.set)
    showing = asyncio.create_task(_show(handle, quiet=quiet))
    ending = asyncio.create_task(_end(handle, enabling, until))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if ending.done() and ending.exception() is not None:
        await handle.abort()
        await asyncio.gather(showing, *watchers)  # they tell of it
        ending.result()
    ending.cancel()
    if enabling is not None:
        enabling.cancel()
    run = await handle.shutdown()
    await asyncio.gather(showing, *watchers)
    return run, stopped.is_set()


async def _end(
    handle: SystemHandle, enabling: asyncio.Task[None] | None, until: Callable[[], Awaitable[None]] | None
) -> None:
    """Return when the sources have ended, or what stands for that."""
    waiting = [asyncio.ensure_future(handle.wait())]
    if until is not None and enabling is not None:
        waiting.append(asyncio.ensure_future(_behind(enabling, until)))
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    for task in done:
        task.result()


async def _behind(first: asyncio.Task[None], then: Callable[[], Awaitable[None]]) -> None:
    await first
    await then()


async def _enable(handle: SystemHandle, ready: Callable[[], Awaitable[None]]) -> None:
    from barter_bt.protocol import TradingState

    await ready()
    await handle.set_trading(TradingState.ENABLED)


async def _show(handle: SystemHandle, *, quiet: bool) -> None:
    from barter_bt.live.terminal import Happenings, screen

    if quiet:
        return
    happenings = Happenings()
    if not sys.stdout.isatty():
        await _print_lines(handle)
        return
    from rich.live import Live

    following = asyncio.create_task(happenings.follow(handle))
    with Live(auto_refresh=False) as live:
        while not following.done():
            live.update(screen(handle.view(), happenings), refresh=True)
            await asyncio.wait((following,), timeout=_REDRAW_SECONDS)
        live.update(screen(handle.view(), happenings), refresh=True)
    await following


async def _print_lines(handle: SystemHandle) -> None:
    from barter_bt.live.terminal import news

    async for line in news(handle):
        print(line)


def _tell(run: LiveRun, record: Path | None, *, as_json: bool, market: str | None = None) -> None:
    summary = run.summary()
    if as_json:
        print_json({"digest": run.digest, "trades": run.trades.height, "summary": summary.to_dict()})
        return
    print(summary)
    told = "no exchange was contacted" if market is None else f"no order was sent to {market}"
    print(f"  Digest {run.digest[:16]}, {run.trades.height} trades on paper; {told}")
    if record:
        print(f"  recorded in {record}; barter-bt replay CONFIG {record} comes to the same digest")
