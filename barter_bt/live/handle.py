"""What a running system can be told and asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing

from barter_bt.errors import EngineError
from barter_bt.live.host import Host
from barter_bt.live.ledger import Unreconciled
from barter_bt.live.listeners import News, Queue
from barter_bt.live.run import LiveRun
from barter_bt.protocol import (
    CancelOrders,
    ClosePositions,
    Command,
    CommandKind,
    InstrumentFilter,
    MarginRequest,
    NoFilter,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    SendAmendRequests,
    SendCancelRequests,
    SendMarginRequests,
    SendOpenRequests,
    TradingState,
    TradingStateUpdate,
)
from barter_bt.statistic.summary import Summary
from barter_bt.system import Audit
from barter_bt.system.view import View


class SystemHandle:
    """Barter's handle of a system that runs in the same event loop.

    Every command is processed behind what has arrived before it, and returns its audit, which says what was sent and
    what could not be. After the end each raises an EngineError, or what ended the system.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    # Commands

    async def send_open_requests(self, requests: Iterable[OrderRequestOpen]) -> Audit:
        """Send orders, past the limits."""
        return await self._command(SendOpenRequests(tuple(requests)))

    async def send_cancel_requests(self, requests: Iterable[OrderRequestCancel]) -> Audit:
        """Send cancels."""
        return await self._command(SendCancelRequests(tuple(requests)))

    async def send_amend_requests(self, requests: Iterable[OrderRequestAmend]) -> Audit:
        """Send amends, past the limits."""
        return await self._command(SendAmendRequests(tuple(requests)))

    async def move_margin(self, requests: Iterable[MarginRequest]) -> Audit:
        """Ask that margin of isolated positions be moved, each as far as that goes; a cash flow answers."""
        return await self._command(SendMarginRequests(tuple(requests)))

    async def close_positions(self, chosen: InstrumentFilter | None = None) -> Audit:
        """Close the positions of the instruments that a filter names, by default of all; as the strategy does it."""
        return await self._command(ClosePositions(chosen or NoFilter()))

    async def cancel_orders(self, chosen: InstrumentFilter | None = None) -> Audit:
        """Cancel the orders of the instruments that a filter names, by default of all."""
        return await self._command(CancelOrders(chosen or NoFilter()))

    async def set_trading(self, state: TradingState) -> Audit:
        """Enable or disable trading; commands work either way."""
        (audit,) = await self._host.command(TradingStateUpdate(state))
        return audit

    async def kill(self) -> list[Audit]:
        """Kill switch: disable trading, cancel every order, close every position that has a price; go on running."""
        return [await self.set_trading(TradingState.DISABLED), await self.cancel_orders(), await self.close_positions()]

    async def _command(self, kind: CommandKind) -> Audit:
        (audit,) = await self._host.command(Command(kind))
        return audit

    # Life

    @property
    def is_running(self) -> bool:
        """Whether the system has not ended."""
        return self._host.is_running

    async def wait(self) -> None:
        """Return when the sources have ended, as those of a replay do.

        Raises
        ------
        BarterBtError
            What ended the system, if something did.
        """
        await self._host.drained()

    async def shutdown(self) -> LiveRun:
        """Let the engine process a shutdown behind what has arrived, close everything; what the session has done.

        Raises
        ------
        EngineError
            The system has ended, by a shutdown before.
        BarterBtError
            What ended it.
        """
        await self._host.shutdown()
        return self.run()

    async def shutdown_after_backtest(self) -> LiveRun:
        """The same when the sources have ended: everything in flight has been answered by then."""
        await self._host.drained()
        return await self.shutdown()

    async def abort(self) -> None:
        """End at once: nothing more is processed, and what is in flight stays so."""
        await self._host.abort()

    # What there is to see

    def audits(self) -> AsyncIterator[Audit]:
        """Every audit from this call on, until the system ends; who reads slowly gets them all, later.

        Raises
        ------
        ConfigError
            The system's ``audit_mode`` is ``"disabled"``.
        EngineError
            While reading: a hundred thousand were not read.
        """
        return self._audits(self._host.listeners.listen())

    def news(self) -> AsyncIterator[News]:
        """The audits, and between them each :class:`Silence` and :class:`Delay` of an instrument.

        Raises
        ------
        ConfigError
            As of :meth:`audits`.
        """
        return self._listen(self._host.listeners.listen())

    async def _audits(self, listener: Queue) -> AsyncIterator[Audit]:
        async with aclosing(self._listen(listener)) as news:
            async for one in news:
                if isinstance(one, Audit):
                    yield one

    async def _listen(self, listener: Queue) -> AsyncGenerator[News]:
        try:
            while (news := await listener.get()) is not None:
                if isinstance(news, EngineError):
                    raise news
                yield news
        finally:
            self._host.listeners.leave(listener)

    @property
    def stale(self) -> dict[str, int]:
        """Instruments of which nothing is heard, and since when, in ns since 1970 by the session's clock (rule 110)."""
        return dict(self._host.silences.stale) if self._host.silences else {}

    @property
    def behind(self) -> dict[str, int]:
        """Instruments whose events are processed late, and how long the last has waited, in ns (rule 110)."""
        return dict(self._host.delays.behind) if self._host.delays else {}

    def snapshot(self) -> View:
        """What the engine knows now, to be read later: prices, positions, orders, balances."""
        return self._host.session.engine.copy()

    @property
    def unreconciled(self) -> list[Unreconciled]:
        """Money that nothing explains and that has disabled trading; to enable it again is to take it as it is."""
        return list(self._host.reconciler.trouble) if self._host.reconciler else []

    def view(self) -> View:
        """The engine itself, to be looked at before anything else happens; :meth:`snapshot` is for later."""
        return self._host.session.engine

    def run(self) -> LiveRun:
        """What the session has done until now, with the tables and figures of a backtest."""
        return self._host.session.run()

    def summary(self) -> Summary:
        """Figures of the session until now."""
        return self.run().summary()

    @property
    def digest(self) -> str:
        """Digest of orders, trades, positions and balances, as the engine knows them (rule 82)."""
        return self._host.session.digest
