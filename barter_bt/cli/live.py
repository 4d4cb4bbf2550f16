"""A live system under the eyes of whoever started it: until the end of its data, or until somebody ends it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from barter_bt.cli.watching import Watcher

if TYPE_CHECKING:
    from barter_bt.live import LiveRun, System, SystemHandle

_REDRAW_SECONDS = 0.2


async def run_system(
    system: System,
    *,
    quiet: bool,
    ready: Callable[[], Awaitable[None]] | None = None,
    until: Callable[[], Awaitable[None]] | None = None,
    watching: Sequence[Watcher] = (),
    record: Path | None = None,
    enables: bool = True,
) -> tuple[LiveRun, bool]:
    """Run to the end of the data, or until somebody ends it; trading is enabled when all is ready.

    ``until`` begins then, and is the end of the data of sources that have none themselves. What is asked for in the
    directory of the recording is done. Without ``enables`` trading stays as it is until somebody says otherwise.
    """
    handle = await system.start()
    watchers = [asyncio.ensure_future(watch(handle)) for watch in watching]
    enabling = asyncio.create_task(_begin(handle, ready, enables=enables)) if ready else None
    stopped, again = _listen_for_signals()
    controlling = asyncio.create_task(_control(handle, record, stopped))
    showing = asyncio.create_task(_show(handle, quiet=quiet))
    ending = asyncio.create_task(_end(handle, enabling, until))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if ending.done() and ending.exception() is not None:
        controlling.cancel()
        await handle.abort()
        await asyncio.gather(showing, *watchers)  # they tell of it
        ending.result()
    ending.cancel()
    if enabling is not None:
        enabling.cancel()
    run = await _shut_down(handle, again)
    controlling.cancel()
    await asyncio.gather(showing, *watchers)
    return run, stopped.is_set()


def _listen_for_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """What the first signal sets, and what the second does."""
    stopped, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear() -> None:
        (again if stopped.is_set() else stopped).set()

    for one in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError):  # Windows; a thread that is not the first
            loop.add_signal_handler(one, hear)
    return stopped, again


async def _control(handle: SystemHandle, record: Path | None, stopped: asyncio.Event) -> None:
    """Do what `barter-bt kill` and `barter-bt tell` ask for."""
    from barter_bt.live import Control

    async def stop() -> None:
        stopped.set()

    if record is not None:
        await Control(record, stop=stop).follow(handle)


async def _shut_down(handle: SystemHandle, again: asyncio.Event) -> LiveRun:
    """End in good order, with what was sent answered; at once when somebody insists."""
    ending, insisting = asyncio.ensure_future(handle.shutdown()), asyncio.ensure_future(again.wait())
    await asyncio.wait((ending, insisting), return_when=asyncio.FIRST_COMPLETED)
    insisting.cancel()
    if ending.done():
        return ending.result()
    ending.cancel()
    await handle.abort()
    return handle.run()


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


async def _begin(handle: SystemHandle, ready: Callable[[], Awaitable[None]], *, enables: bool) -> None:
    from barter_bt.protocol import TradingState

    await ready()
    if enables:
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
            live.update(screen(handle.view(), happenings, handle.stale), refresh=True)
            await asyncio.wait((following,), timeout=_REDRAW_SECONDS)
        live.update(screen(handle.view(), happenings, handle.stale), refresh=True)
    await following


async def _print_lines(handle: SystemHandle) -> None:
    from barter_bt.live.terminal import news

    async for line in news(handle):
        print(line)
