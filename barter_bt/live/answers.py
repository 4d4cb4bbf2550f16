"""A base for adapters whose requests are answered one by one, as over HTTP: what nobody answers in time is asked for.

An adapter writes what talks to its exchange, :meth:`AsyncClient.request_open` and the like, each of which returns the
answer or raises; this does the rest of what an :class:`~barter_bt.live.ExecutionClient` promises.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from barter_bt.errors import ConnectionFailed
from barter_bt.live.arrival import Arrival
from barter_bt.live.clock import Clock, WallClock
from barter_bt.live.reconcile import status_of
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    Amended,
    Cancelled,
    EngineError,
    ExecutionChannelUnhealthy,
    Item,
    Open,
    OpenFailed,
    Order,
    OrderError,
    OrderKey,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    OrderResponseAmend,
    OrderResponseCancel,
    Socket,
    Timeout,
)


class AsyncClient(ABC):
    """Sends each request in a task of its own, and tells its answer as an arrival.

    Parameters
    ----------
    exchanges
        Names of the exchanges that it sends to.
    timeout_ns
        After how long a request counts as unanswered. It may have arrived all the same, so the order is asked for,
        until there is an answer; meanwhile it is in flight. Only if the exchange has never had it, it has failed.
    clock
        What time it is; by default the machine's.
    """

    def __init__(self, exchanges: tuple[str, ...], timeout_ns: int, clock: Clock | None = None) -> None:
        self.exchanges, self.clock = exchanges, clock or WallClock()
        self._timeout_ns = timeout_ns
        self._arrivals: asyncio.Queue[Arrival | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # What an adapter writes

    @abstractmethod
    async def request_open(self, request: OrderRequestOpen) -> Open | OrderError:
        """Send an order; how it stands, or why not.

        Raises
        ------
        ConnectionFailed
            There is no answer.
        """

    @abstractmethod
    async def request_cancel(self, request: OrderRequestCancel) -> Cancelled | OrderError:
        """Send a cancel; likewise."""

    @abstractmethod
    async def request_amend(self, request: OrderRequestAmend) -> Amended | OrderError:
        """Send an amend; likewise."""

    @abstractmethod
    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        """Ask for balances and open orders; raise ConnectionFailed if there is no answer."""

    @abstractmethod
    async def order_status(self, key: OrderKey) -> Order | None:
        """Ask for one order; raise ConnectionFailed if there is no answer."""

    # What it gets for that

    def tell(self, exchange: str, *kinds: Any) -> None:
        """Let what one message of the exchange tells of the account arrive now: for its stream of reports."""
        events = tuple(Account(Item(AccountEvent(exchange, kind))) for kind in kinds)
        self._arrivals.put_nowait(Arrival(self.clock.now(), events))

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """What has been told, in order, until it is closed."""
        while (arrival := await self._arrivals.get()) is not None:
            yield arrival

    def open(self, request: OrderRequestOpen) -> EngineError | None:
        """Send an order."""
        return self._start(self._open(request))

    def cancel(self, request: OrderRequestCancel) -> EngineError | None:
        """Send a cancel."""
        return self._start(self._cancel(request))

    def amend(self, request: OrderRequestAmend) -> EngineError | None:
        """Send an amend."""
        return self._start(self._amend(request))

    async def close(self) -> None:
        """Wait for nothing any more."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._arrivals.put_nowait(None)

    def _start(self, sending: Coroutine[Any, Any, None]) -> EngineError | None:
        if self._closed:
            sending.close()
            return ExecutionChannelUnhealthy("the client has been closed")
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    async def _open(self, request: OrderRequestOpen) -> None:
        asked, answer = request.state, await self._answer(self.request_open(request))
        found = await self._standing(request.key, answer)
        if found is None:
            terms = asked.side, asked.price, asked.quantity, asked.kind, asked.time_in_force
            state = answer if isinstance(answer, Open) else OpenFailed(answer)
            found = Order(request.key, *terms, state, asked.conditions)
        self.tell(str(request.key.exchange), found)

    async def _cancel(self, request: OrderRequestCancel) -> None:
        answer = await self._answer(self.request_cancel(request))
        found = await self._standing(request.key, answer)
        self.tell(str(request.key.exchange), OrderResponseCancel(request.key, answer), *([found] if found else []))

    async def _amend(self, request: OrderRequestAmend) -> None:
        answer = await self._answer(self.request_amend(request))
        found = await self._standing(request.key, answer)
        self.tell(str(request.key.exchange), OrderResponseAmend(request.key, answer), *([found] if found else []))

    async def _standing(self, key: OrderKey, answer: Any) -> Order | None:
        """How the order of a request stands that nobody has answered; None where there was an answer, or no order."""
        return await status_of(self, key, self.clock) if isinstance(answer, Timeout | Socket) else None

    async def _answer(self, asking: Coroutine[Any, Any, Any]) -> Any:
        """What is answered in time; else that nothing was."""
        answering = asyncio.ensure_future(asking)
        waiting = asyncio.ensure_future(self.clock.sleep_until(self.clock.now() + self._timeout_ns))
        try:
            await asyncio.wait((answering, waiting), return_when=asyncio.FIRST_COMPLETED)
            return answering.result() if answering.done() else Timeout()
        except ConnectionFailed as error:
            return Socket(error.message)
        finally:
            for task in (answering, waiting):
                task.cancel()
