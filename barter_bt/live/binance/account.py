"""An account at Binance's spot exchange: sends requests, and tells what becomes of them.

The stream of the account is the truth. An answer to a request is only looked at when it is an error, so nothing is told
twice. What the stream cannot have told, because it was down, is asked for when it is there again.

- *Nothing doubled.* A request is sent once, and a client id is used once; what became of a request without an answer
  is found out for certain before anything is told (:mod:`barter_bt.live.binance.sender`).
- *Nothing forgotten.* An order is told to have failed only where the exchange says so, or by that certainty. After a
  crash, the snapshot of the first connection lists what stands; for the rest the host asks ``order_status``.
- *No trade lost or told twice.* Trades go by their ids; what an order has filled must add up; all trades since the
  last reconciliation are asked for after each reconnect, and at an interval (:mod:`barter_bt.live.binance.history`).
- *A stream that is deaf* does not mention an order that the exchange has acknowledged: it is built anew, like one that
  is open and mute.

Known limits: stops and orders for the day cannot be asked for; an amend can only make an order smaller. Fees in an
asset that an instrument does not trade (BNB) are in no profit; a warning says so, ``fees_elsewhere`` adds them up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from barter_bt.data.duration import span_ns
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival, HeldPosition
from barter_bt.live.binance.dialect import SPOT, Dialect
from barter_bt.live.binance.endpoints import TEST_NETWORK, Endpoints
from barter_bt.live.binance.history import History
from barter_bt.live.binance.inbox import Inbox, Lost
from barter_bt.live.binance.keys import Keys
from barter_bt.live.binance.link import Link
from barter_bt.live.binance.messages import AccountPosition, ApiAnswer, ExecutionReport, Kind, QueriedOrder
from barter_bt.live.binance.refusals import BAD_TIME
from barter_bt.live.binance.requests import open_params
from barter_bt.live.binance.rest import MS_NS, Rest
from barter_bt.live.binance.sender import CERTAIN_NS, Request, Sender
from barter_bt.live.binance.symbols import Symbols
from barter_bt.live.binance.tells import account
from barter_bt.live.clock import Clock, WallClock
from barter_bt.live.raw import RawRecorder, Tap
from barter_bt.protocol import (
    Account,
    AccountSnapshot,
    EngineError,
    ExecutionChannelUnhealthy,
    Order,
    OrderKey,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    Reconnecting,
)

_SUBSCRIBE = "subscribe"
_RECONCILE = object()
MOST_WAITING = 100_000
"""Messages of the stream that may wait; if more do, they are given up, and asked for over the next link."""


class BinanceAccount:
    """A :class:`~barter_bt.live.Source` of account events and the :class:`~barter_bt.live.ExecutionClient` to it.

    Parameters
    ----------
    instruments
        Spot instruments of ``"binance_spot"``.
    keys
        Of the account, see :meth:`Keys.from_environment`.
    endpoints
        Which network; by default the test network.
    dry_run
        Whether orders are only checked by the exchange, and nothing is traded; so it is unless said otherwise.
    clock, random
        What time it is, and what draws the jitter of reconnects.
    silence
        After how long without any frame a socket that is open is given up; the exchange pings every 20 s.
    deaf
        How long the stream may not mention an order that the exchange has acknowledged, before it is given up.
    reconcile_every
        How often open orders, balances and trades are asked for although nothing seems to be wrong.
    last_trades
        Id of the last trade that is known, by instrument: :attr:`last_trades` of the session before. Without it, trades
        count from the first connection on.
    since
        When the session began that this one goes on with, ns since 1970: trades since then count, of an instrument of
        which ``last_trades`` has none.
    raw
        Keeps what the exchange says as it says it, without keys: ``raw`` of a :class:`~barter_bt.live.Recorder`.

    Attributes
    ----------
    exchanges
        The one that it sends to.
    conditions
        Of an order, those that it can tell the exchange.

    Raises
    ------
    ConfigError
        An instrument is not the exchange's, or the endpoints are of another exchange.
    """

    exchanges: tuple[str, ...] = (SPOT.exchange,)
    conditions: tuple[str, ...] = ()
    _dialect: Dialect = SPOT
    _make_history: type[History] = History

    def __init__(
        self,
        instruments: Sequence[Instrument],
        keys: Keys,
        *,
        endpoints: Endpoints = TEST_NETWORK,
        dry_run: bool = True,
        clock: Clock | None = None,
        random: Random | None = None,
        silence: str | int = "60s",
        deaf: str | int = "10s",
        reconcile_every: str | int = "5m",
        last_trades: Mapping[str, int] | None = None,
        since: int | None = None,
        raw: RawRecorder | None = None,
    ) -> None:
        if endpoints.dialect is not self._dialect:
            raise ConfigError(
                f"endpoints are those of {endpoints.exchange!r}, the account is one of {self._dialect.exchange!r}",
                "BinanceAccount is for spot, FuturesAccount for FUTURES_TEST_NETWORK and FUTURES_MAIN_NETWORK",
            )
        self._symbols, self._clock = Symbols(instruments, self._dialect), clock or WallClock()
        draws, self._endpoints = random or Random(), endpoints
        self._tap = Tap(raw, "account")
        self._rest, self._inbox = Rest(endpoints, keys, self._clock, self._tap), Inbox(MOST_WAITING)
        self._history = self._make_history(self._rest, self._symbols, last_trades or {}, self._since_ms)
        self._link = Link(
            self._address, self._rest.session, self._inbox, self._clock, draws, span_ns(silence, "silence"),
            self._prepare, self._tap, endpoints.api,
        )  # fmt: skip
        self._is_dry = dry_run
        self._sender = Sender(
            self._rest, self._history, self._symbols, self._clock, draws, is_dry=dry_run, tell=self._tell,
            params=self._params, start=self._start, hear_of=self._hear_of, conditions=self.conditions,
        )  # fmt: skip
        self._deaf_ns, self._every_ns = span_ns(deaf, "deaf"), span_ns(reconcile_every, "reconcile_every")
        self._tasks: set[asyncio.Task[None]] = set()
        self._acknowledged: deque[tuple[int, str]] = deque()  # until when the stream must mention which orders
        self._since = since
        self._began, self._listens = self._clock.now(), asyncio.Event()
        self._is_listening = self._is_checked = False

    def _tell(self, item: Any) -> None:
        """Let something wait that is never given up: nobody could ask for it again."""
        self._inbox.put(item, stays=True)

    def _since_ms(self) -> int | None:
        """At the exchange's clock."""
        return None if self._since is None else self._rest.server_ms() - (self._clock.now() - self._since) // MS_NS

    @property
    def last_trades(self) -> dict[str, int]:
        """Id of the last trade that was told, by instrument: what the next session begins with."""
        return dict(self._history.last_trades)

    @property
    def fees_elsewhere(self) -> dict[str, Decimal]:
        """Fees in assets that are in no trade's profit."""
        return dict(self._history.fees_elsewhere)

    @property
    def reconnects(self) -> int:
        """How often the stream was lost."""
        return self._link.reconnects

    async def ready(self) -> None:
        """Return when the account has been heard for the first time, so that requests can be sent."""
        await self._listens.wait()

    # Source

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """One message after another, until it is closed."""
        if not self._inbox.is_closed:
            self._start(self._link.keep())
            self._start(self._remind())
        async for item in self._inbox.items():
            if isinstance(item, Lost):
                self._is_listening = False
                yield Arrival(self._clock.now(), (Account(Reconnecting(self._dialect.exchange)),))
                continue
            try:
                events = await self._events(item)
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                self._link.drop(f"a message cannot be read: {error}")
                events = []
            except ConnectionFailed as error:
                self._link.drop(f"the account could not be asked: {error}")
                events = self._history.take_untold()
            held = tuple(one for one in events if isinstance(one, HeldPosition))
            told = account(self._dialect.exchange, *(one for one in events if not isinstance(one, HeldPosition)))
            if events:
                yield Arrival(self._clock.now(), told, held)

    async def close(self) -> None:
        """Give connections back; what is on its way is not waited for."""
        self._inbox.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._rest.close()

    def _start(self, what: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._inbox.close(task.exception())

    async def _remind(self) -> None:
        """Ask for everything now and then."""
        while True:
            await self._clock.sleep_until(self._clock.now() + self._every_ns)
            if self._is_listening:
                self._inbox.remind(_RECONCILE)

    async def _check(self) -> None:
        """The clock, each time; the instruments, once."""
        await self._rest.set_clock()
        if not self._is_checked:
            self._symbols.check(await self._rest.exchange_info(list(self._symbols.names)))
            self._is_checked = True

    async def _address(self) -> str:
        return self._endpoints.api

    async def _prepare(self, socket: Any) -> None:
        await self._check()
        asked = {"id": _SUBSCRIBE, "method": "userDataStream.subscribe.signature", "params": self._rest.signed()}
        await socket.send_str(msgspec.json.encode(asked).decode())

    async def _events(self, item: Any) -> list[Any]:
        """What there is to tell: of a text of the stream, of an order that was asked for, of a request that failed."""
        if isinstance(item, QueriedOrder):
            return await self._history.catch_up(item)
        if item is _RECONCILE:
            return await self._history.reconcile()
        if not isinstance(item, tuple):
            return [item]
        return await self._heard(item[1])

    async def _heard(self, text: str) -> list[Any]:
        message = msgspec.json.decode(text, type=ApiAnswer)
        if not message.event:
            return await self._subscribed(message) if message.id == _SUBSCRIBE else []
        match msgspec.json.decode(message.event, type=Kind).e:
            case "executionReport":
                return await self._history.reported(msgspec.json.decode(message.event, type=ExecutionReport))
            case "outboundAccountPosition":
                told = msgspec.json.decode(message.event, type=AccountPosition)
                return list(self._history.tells.balances(told))
            case "serverShutdown" | "eventStreamTerminated" as why:
                self._link.drop(why)
        return []

    async def _subscribed(self, answer: ApiAnswer) -> list[Any]:
        if answer.error is not None:
            told = f"Binance does not tell of the account: {answer.error.msg} ({answer.error.code})"
            if answer.status in (418, 429) or answer.status >= 500 or answer.error.code == BAD_TIME:
                raise ConnectionFailed(told)
            raise ConfigError(told, "are the keys those of this network, and may they be used from this address?")
        return await self._begin()

    async def _begin(self) -> list[Any]:
        """The stream is there: ask for all that it cannot have told, and take requests."""
        events = await self._history.reconcile()
        self._is_listening = True
        self._listens.set()
        self._link.settle()
        return events

    def _params(self, request: OrderRequestOpen, symbol: str) -> dict[str, Any]:
        return open_params(request, symbol, self._dialect)

    # Client

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        """Ask for balances and open orders.

        Raises
        ------
        ConnectionFailed
            There is no answer.
        """
        return await self._history.snapshot()

    async def order_status(self, key: OrderKey) -> Order | None:
        """Ask for one order, by its client id; None where the exchange has never had it, and never will.

        Raises
        ------
        ConnectionFailed
            There is no answer, or the order may still be on its way: sent by this session, or by one before it so
            shortly ago that it may still arrive.
        """
        self._history.known.belongs(key.cid, key.strategy)
        found = await self._history.query(self._symbols.of[str(key.instrument)], origClientOrderId=key.cid)
        if found is not None:
            return self._history.tells.queried(found)
        if self._sender.is_on_its_way(key.cid) or self._clock.now() < self._began + CERTAIN_NS:
            raise ConnectionFailed(f"the exchange does not know order {key.cid!r}, which may still arrive")
        return None

    def open(self, request: OrderRequestOpen) -> EngineError | None:
        """Send an order; what becomes of it comes over :meth:`arrivals`."""
        return self._send(request)

    def cancel(self, request: OrderRequestCancel) -> EngineError | None:
        """Send a cancel, behind what is still on its way for that order."""
        return self._send(request)

    def amend(self, request: OrderRequestAmend) -> EngineError | None:
        """Send an amend, behind what is still on its way for that order."""
        return self._send(request)

    def _send(self, request: Request) -> EngineError | None:
        if not self._is_listening:
            return ExecutionChannelUnhealthy("the account's stream is not there: nobody would hear what became of it")
        self._sender.send(request)
        return None

    def _hear_of(self, cid: str) -> None:
        """The stream must mention what the exchange has acknowledged."""
        self._acknowledged.append((self._clock.now() + self._deaf_ns, cid))
        if len(self._acknowledged) == 1:
            self._start(self._listen())

    async def _listen(self) -> None:
        """Look after one order after another, until none is left: a task of each would take kilobytes."""
        known = self._history.known
        while self._acknowledged:
            due, cid = self._acknowledged[0]
            if not known.is_mentioned(cid):
                await self._clock.sleep_until(due)
                if not known.is_mentioned(cid) and self._is_listening:
                    self._link.drop(f"the stream does not mention order {cid}, which the exchange has acknowledged")
            self._acknowledged.popleft()
