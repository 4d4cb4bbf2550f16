"""A handle for programs without ``async``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from barter_bt.live.handle import SystemHandle
from barter_bt.live.ledger import Unreconciled
from barter_bt.live.run import LiveRun
from barter_bt.protocol import (
    InstrumentFilter,
    MarginRequest,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    TradingState,
)
from barter_bt.statistic.summary import Summary
from barter_bt.system import Audit
from barter_bt.system.view import View

T = TypeVar("T")


class SyncHandle:
    """:class:`~barter_bt.live.SystemHandle`, each of whose functions lets the system run until it has its answer.

    Between two calls the system stands still: messages wait where they arrive. Made by
    :meth:`~barter_bt.live.System.running`, at whose end the system is aborted if it still runs.
    """

    def __init__(self, runner: asyncio.Runner, handle: SystemHandle) -> None:
        self._runner, self._handle = runner, handle

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    def run_until(self, is_enough: Callable[[Audit], bool]) -> Audit | None:
        """Run until an audit satisfies a condition, and return it; None if the sources end before."""

        async def listen() -> Audit | None:
            async for audit in self._handle.audits():
                if is_enough(audit):
                    return audit
            return None

        async def either() -> Audit | None:
            listening, waiting = asyncio.ensure_future(listen()), asyncio.ensure_future(self._handle.wait())
            await asyncio.wait((listening, waiting), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
            waiting.cancel()
            found = listening.result() if listening.done() else None
            listening.cancel()
            return found

        return self._do(either())

    def send_open_requests(self, requests: Iterable[OrderRequestOpen]) -> Audit:
        """Send orders, past the limits."""
        return self._do(self._handle.send_open_requests(requests))

    def send_cancel_requests(self, requests: Iterable[OrderRequestCancel]) -> Audit:
        """Send cancels."""
        return self._do(self._handle.send_cancel_requests(requests))

    def send_amend_requests(self, requests: Iterable[OrderRequestAmend]) -> Audit:
        """Send amends, past the limits."""
        return self._do(self._handle.send_amend_requests(requests))

    def move_margin(self, requests: Iterable[MarginRequest]) -> Audit:
        """Ask that margin of isolated positions be moved."""
        return self._do(self._handle.move_margin(requests))

    def close_positions(self, chosen: InstrumentFilter | None = None) -> Audit:
        """Close positions, by default all."""
        return self._do(self._handle.close_positions(chosen))

    def cancel_orders(self, chosen: InstrumentFilter | None = None) -> Audit:
        """Cancel orders, by default all."""
        return self._do(self._handle.cancel_orders(chosen))

    def set_trading(self, state: TradingState) -> Audit:
        """Enable or disable trading."""
        return self._do(self._handle.set_trading(state))

    def kill(self) -> list[Audit]:
        """Disable trading, cancel every order, close every position that has a price."""
        return self._do(self._handle.kill())

    def wait(self) -> None:
        """Run until the sources have ended."""
        self._do(self._handle.wait())

    def shutdown(self) -> LiveRun:
        """Shut down, and return what the session has done."""
        return self._do(self._handle.shutdown())

    def shutdown_after_backtest(self) -> LiveRun:
        """Run until the sources have ended, and shut down."""
        return self._do(self._handle.shutdown_after_backtest())

    def abort(self) -> None:
        """End at once."""
        self._do(self._handle.abort())

    @property
    def is_running(self) -> bool:
        """Whether the system has not ended."""
        return self._handle.is_running

    @property
    def unreconciled(self) -> list[Unreconciled]:
        """Money that nothing explains and that has disabled trading."""
        return self._handle.unreconciled

    @property
    def stale(self) -> dict[str, int]:
        """Instruments of which nothing is heard, and since when, in ns since 1970 by the session's clock."""
        return self._handle.stale

    @property
    def behind(self) -> dict[str, int]:
        """Instruments whose events are processed late, and how long the last has waited, in ns."""
        return self._handle.behind

    def snapshot(self) -> View:
        """What the engine knows now."""
        return self._handle.snapshot()

    def run(self) -> LiveRun:
        """What the session has done until now."""
        return self._handle.run()

    def summary(self) -> Summary:
        """Figures of the session until now."""
        return self._handle.summary()

    @property
    def digest(self) -> str:
        """Digest of orders, trades, positions and balances, as the engine knows them."""
        return self._handle.digest
