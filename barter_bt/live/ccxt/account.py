"""An account at an exchange through ccxt: sends requests, and tells what becomes of them.

Requests go over HTTP, one by one (:class:`~barter_bt.live.AsyncClient`); orders, own trades and balances come over
streams where ccxt has them, and are asked for at an interval where it has not.

- *Nothing doubled.* A request is sent once. One that was not answered is asked for by its client id until the exchange
  knows it, or says for longer than a request can be on its way that it does not.
- *Told once.* Trades go by their ids; of an order nothing is told that is older than what was told.
- *A query that failed is no empty answer*: it is asked again, and nothing is told meanwhile.
- *Positions* in derivatives are held against own trades (rule 84), where the exchange says them.

Known limits: how soon a loss is seen is ccxt's to say, and it does not number what it tells. Stops, orders for the day
and ``reduce_only`` cannot be asked for. Leverage, margin and position mode are never changed.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from barter_bt.data.duration import span_ns
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival, HeldPosition
from barter_bt.live.binance.link import backoff_ns
from barter_bt.live.ccxt import tells
from barter_bt.live.ccxt.connection import Connection
from barter_bt.live.ccxt.ledger import Progress
from barter_bt.live.ccxt.refusals import Refused
from barter_bt.live.ccxt.sending import Sends
from barter_bt.live.ccxt.symbols import Symbols
from barter_bt.live.ccxt.warning import CcxtWarning
from barter_bt.live.clock import Clock
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    Cancelled,
    InstrumentAccountSnapshot,
    Item,
    Order,
    OrderResponseCancel,
    Reconnecting,
)


class CcxtAccount(Sends):
    """A :class:`~barter_bt.live.Source` of account events and the :class:`~barter_bt.live.ExecutionClient` to it.

    Parameters
    ----------
    connection
        To the exchange, with secrets, of its own: it is closed with the account.
    instruments
        What is traded, see :func:`instruments`.
    dry_run
        Whether orders are only checked, here, and none is sent; so it is unless said otherwise.
    clock, random
        What time it is, and what draws the jitter of waits.
    timeout
        After how long a request counts as unanswered.
    reconcile_every
        How often open orders, balances and trades are asked for although streams tell them.
    poll_every
        How often where they do not.
    since
        From when on own trades count, ns since 1970: when the session before ended. By default the beginning.

    Attributes
    ----------
    reconnects
        How often a stream was lost.
    fees_elsewhere
        Fees in assets that are in no trade's profit.

    Raises
    ------
    ConfigError
        Instruments are of several exchanges; the exchange cannot say own trades, orders or balances.
    """

    def __init__(
        self,
        connection: Connection,
        instruments: Sequence[Instrument],
        *,
        dry_run: bool = True,
        clock: Clock | None = None,
        random: Random | None = None,
        timeout: str | int = "10s",
        reconcile_every: str | int = "5m",
        poll_every: str | int = "5s",
        since: int | None = None,
    ) -> None:
        symbols = Symbols(instruments)
        super().__init__((symbols.exchange,), span_ns(timeout, "timeout"), clock)
        needed = ("fetchMyTrades", "fetchOpenOrders", "fetchBalance", "createOrder", "cancelOrder")
        if missing := [one for one in needed if not connection.api.has.get(one)]:
            raise ConfigError(f"{connection.exchange!r} cannot {', '.join(missing)} through ccxt")
        self._symbols, self._connection, self._is_dry = symbols, connection, dry_run
        self._random = random or Random()
        self._streams = [one for one in ("Orders", "MyTrades", "Balance") if connection.can(f"watch{one}")]
        every = reconcile_every if len(self._streams) == 3 else poll_every
        self._every_ns = span_ns(every, "reconcile_every")
        self._progress = Progress(self.clock.now() if since is None else since)
        self._listens, self._wanted = asyncio.Event(), asyncio.Event()
        self._is_listening = self._is_lost = False
        self._error: BaseException | None = None
        self.reconnects = 0

    @property
    def fees_elsewhere(self) -> dict[str, Decimal]:
        """Fees in assets that are in no trade's profit."""
        return dict(self._progress.fees_elsewhere)

    async def ready(self) -> None:
        """Return when the account has been asked for the first time, so that requests can be sent.

        Raises
        ------
        ConfigError
            It cannot be: keys are wrong, or instruments.
        """
        await self._listens.wait()
        if self._error is not None:
            raise self._error

    # Source

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """One message after another, until it is closed."""
        self._start(self._run())
        async for arrival in super().arrivals():
            yield arrival
        if self._error is not None:
            raise self._error

    async def close(self) -> None:
        """Give connections back; what is on its way is not waited for."""
        await super().close()
        await self._connection.close()

    async def _run(self) -> None:
        try:
            await self._patiently(lambda: self._symbols.check(self._connection))
            async with asyncio.TaskGroup() as group:
                for stream in self._streams:
                    for symbol in [None] if stream == "Balance" else self._symbols.names:
                        group.create_task(self._follow(stream, symbol))
                group.create_task(self._reconcile_now_and_then())
        except* Exception as errors:
            self._error = errors.exceptions[0]
            self._listens.set()
            self._arrivals.put_nowait(None)

    async def _patiently(self, what: Callable[[], Any]) -> Any:
        """Do something until it works; what the exchange refuses never will."""
        failures = 0
        while True:
            try:
                return await what()
            except Refused as refused:
                if refused.is_passing:
                    await self._lost(failures := failures + 1)
                    continue
                raise ConfigError(
                    f"{self._connection.exchange!r} does not tell of the account: {refused.message}",
                    "are the keys those of this network, and may they be used from this address?",
                ) from refused
            except ConnectionFailed:
                await self._lost(failures := failures + 1)

    async def _lost(self, failures: int) -> None:
        """The account is not heard: told once, and tried again after a while."""
        self._is_listening = False
        if not self._is_lost:
            self._is_lost = True
            self.reconnects += 1
            event = Account(Reconnecting(self._symbols.exchange))
            self._arrivals.put_nowait(Arrival(self.clock.now(), (event,)))
        await self.clock.sleep_until(self.clock.now() + backoff_ns(failures, self._random))

    async def _follow(self, stream: str, symbol: str | None) -> None:
        """Tell what a stream tells; when it was lost, everything is asked for."""
        method = {"Orders": "watch_orders", "MyTrades": "watch_my_trades", "Balance": "watch_balance"}[stream]
        given = () if symbol is None else (symbol,)
        failures = 0
        while True:
            try:
                rows = await self._connection.ask(method, *given)
            except ConnectionFailed as error:
                if isinstance(error, Refused) and not error.is_passing:
                    raise
                failures += 1
                await self._lost(failures)
                self._wanted.set()
                continue
            failures = 0
            if stream == "Balance":
                now = self.clock.now()
                found = tells.balances(rows, self._symbols, tells.time_of(rows, now), is_whole=False)
                self.tell(self._symbols.exchange, *found)
            elif stream == "Orders":
                self.tell(self._symbols.exchange, *(self._of_stream(row) for row in rows if self._is_ours(row)))
            else:
                self.tell(self._symbols.exchange, *self._new_trades(rows))

    async def _reconcile_now_and_then(self) -> None:
        while True:
            self._wanted.clear()
            await self._patiently(self._reconcile)
            self._is_listening, self._is_lost = True, False
            self._listens.set()
            asleep = asyncio.ensure_future(self.clock.sleep_until(self.clock.now() + self._every_ns))
            wanted = asyncio.ensure_future(self._wanted.wait())
            try:
                await asyncio.wait((asleep, wanted), return_when=asyncio.FIRST_COMPLETED)
            finally:
                asleep.cancel()
                wanted.cancel()

    async def _reconcile(self) -> None:
        """Everything: trades that were missed, what stands, what is there, what is held."""
        snapshot = await self.account_snapshot(self._symbols.exchange)
        missed = []
        for symbol in self._symbols.names:
            missed += await self._connection.ask("fetch_my_trades", symbol, self._progress.since_ms(symbol))
        held = await self._positions()
        snapshot = self._progress.as_of_now(snapshot)
        told = [*self._new_trades(sorted(missed, key=lambda row: row["timestamp"] or 0)), snapshot]
        events = tuple(Account(Item(AccountEvent(self._symbols.exchange, kind))) for kind in told)
        self._arrivals.put_nowait(Arrival(self.clock.now(), events, held))

    def _is_ours(self, row: tells.Row) -> bool:
        return row["symbol"] in self._symbols.names

    def _new_trades(self, rows: Sequence[tells.Row]) -> list[Any]:
        """Trades that have not been told."""
        found = []
        for row in rows:
            if self._is_ours(row) and self._progress.is_new(row):
                found.append(tells.own_trade(row, self._symbols, self._progress.strategy_of(row), self.clock.now()))
                if tells.is_elsewhere(row, self._symbols):
                    self._progress.add_fees(tells.fees_of(row, self._symbols))
                    what = f"fees of {row['symbol']} are in no profit: they are in an asset that it does not trade"
                    warnings.warn(f"{what}; fees_elsewhere adds them up", CcxtWarning, stacklevel=2)
        return found

    def _of_stream(self, row: tells.Row) -> Order | OrderResponseCancel:
        told = self._order(row)
        return OrderResponseCancel(told.key, told.state) if isinstance(told.state, Cancelled) else told

    async def _positions(self) -> tuple[HeldPosition, ...]:
        futures = [name for name, one in self._symbols.instruments.items() if one.kind != "spot"]
        if not (futures and self._connection.can("fetchPositions")):
            return ()
        asked_ns = self.clock.now()
        rows = await self._connection.ask("fetch_positions", [self._symbols.of[name] for name in futures])
        held: dict[str, tuple[Decimal, int]] = {}
        for row in rows:
            amount = abs(Decimal(str(row["contracts"] or 0))) * (-1 if row["side"] == "short" else 1)
            name = self._symbols.names.get(row["symbol"])
            if name is not None and amount:
                if name in held:
                    raise ConfigError(
                        f"{name!r} is held long and short at once: the account is in hedge mode",
                        "choose one-way mode on the exchange's page, when nothing is held",
                    )
                held[name] = amount, tells.time_of(row, asked_ns)
        none = (Decimal(0), asked_ns)
        return tuple(HeldPosition(self._symbols.exchange, name, *held.get(name, none)) for name in futures)

    def tell(self, exchange: str, *kinds: Any) -> None:
        """Let things arrive, but for what is older than what was told of an order."""
        if news := [one for one in kinds if self._progress.is_news(one)]:
            super().tell(exchange, *news)

    # Client

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        """Ask for balances and open orders.

        Raises
        ------
        ConnectionFailed
            There is no answer.
        """
        listed = []
        for name, symbol in self._symbols.of.items():
            rows = await self._connection.ask("fetch_open_orders", symbol)
            listed.append(InstrumentAccountSnapshot(name, tuple(self._order(row) for row in rows)))
        asked_ns = self.clock.now()
        row = await self._connection.ask("fetch_balance")
        found = tells.balances(row, self._symbols, tells.time_of(row, asked_ns), is_whole=True)
        return AccountSnapshot(self._symbols.exchange, tuple(found), tuple(listed))
