"""The engine of a live system, and what it saw: one arrival in, audits out (rule 82)."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from barter_bt.columns.kernel import interprets
from barter_bt.engine.event import BAR_CLOSE
from barter_bt.engine.state.window import keep_candles
from barter_bt.errors import StrategyError
from barter_bt.live.arrival import Arrival, Event, Mark
from barter_bt.live.drain import orders_in_flight
from barter_bt.live.driven import Driven
from barter_bt.live.ledger import account_items
from barter_bt.live.protocols import ExecutionClient, MovesMargin, TakesMarks, untold_conditions
from barter_bt.live.run import LiveRun, digest_of, strategies_of
from barter_bt.protocol import (
    Account,
    CashFlow,
    CashFlowKind,
    EngineError,
    MarginRequest,
    OrderKey,
    OrderRequestCancel,
    OrderRequestOpen,
)
from barter_bt.system import Audit, Engine, Strategy
from barter_bt.system.audit import OrderRequest, Request


class InterpretedWarning(UserWarning):
    """What was to be compiled is not, and why."""


class Records(Protocol):
    """What keeps all that a session saw."""

    def saw(self, arrival: Arrival) -> None:
        """An arrival, before it is processed."""
        ...

    def unsent(self, number: int, error: EngineError) -> None:
        """Request ``number``, counted from 0, of the arrival that is being processed could not be sent."""
        ...


class Session:
    """An engine that is told what arrives, in order of arrival, each at its time.

    Parameters
    ----------
    strategy
        Of backtests, in Python or compiled, or a :class:`~barter_bt.system.Strategy` of the event engine.
    clients
        By exchange, what sends its requests.
    prefix
        Of the client ids of a strategy of backtests.
    compiled
        Whether market items are taken in compiled code, which is made here, before any of them comes.
    options
        Of the :class:`~barter_bt.system.Engine`.

    Attributes
    ----------
    engine
        The engine.
    clients
        By exchange, what sends its requests.
    now
        When the present arrival is processed.
    sent
        How many requests it has sent.
    records
        What keeps all that it saw, if anything does.
    watch
        Is called with each audit.
    takers
        Sources that keep mark prices for whoever reads them.
    timer_ns, wakes_at_bars
        What the strategy asks to be woken by, besides what arrives.
    """

    def __init__(
        self,
        strategy: Any,
        clients: Mapping[str, ExecutionClient],
        *,
        prefix: str = "",
        compiled: bool = False,
        **options: Any,
    ) -> None:
        given = Strategy() if strategy is None else strategy
        decides = given if isinstance(given, Strategy) else Driven(given, prefix)
        self.now = int(options.get("start", 0))
        self.engine = Engine(strategy=decides, send=self._send, clock=lambda: self.now, vet=self._vet, **options)
        self.records: Records | None = None
        self.takers: Sequence[TakesMarks] = ()
        self.watch: Callable[[Audit], None] = lambda audit: None
        self.timer_ns, self.wakes_at_bars = 0, False
        self.clients, self.sent, self._sends = clients, 0, 0
        self._moving: Counter[str] = Counter()
        if isinstance(decides, Driven):
            driver = decides.prepare(self.engine)
            self.timer_ns, self.wakes_at_bars = driver.timer_ns, bool(driver.asked & BAR_CLOSE)
            if driver.history:
                keep_candles(self.engine.state, driver.history)
        if compiled:
            self._compile()

    def _compile(self) -> None:
        """Last of all, for compiled code keeps addresses."""
        if interprets():
            reason = "BARTER_BT_INTERPRET, or Numba's own switch, asks for plain Python throughout"
        else:
            try:
                return self.engine.compile()
            except (ImportError, OSError) as error:
                reason = f"it cannot be compiled here: {error}"
        warnings.warn(f"market items are taken in plain Python; {reason}", InterpretedWarning, stacklevel=4)

    def process(self, arrival: Arrival) -> list[Audit]:
        """Process what arrives; an audit for each of its events, and of marks for those that fire a stop.

        Raises
        ------
        BarterBtError
            As of :meth:`barter_bt.system.Engine.process`.
        """
        self.now, self._sends = max(self.now, arrival.time), 0
        if self.records:
            self.records.saw(arrival)
        for name, mark in arrival.marks:
            for taker in self.takers:
                taker.take_mark(name, mark)
        audits = []
        for audit in self._audits(arrival):
            audits.append(audit)
            self.watch(audit)
            if self.engine.terminated:
                break
        if self._moving:
            self._hear_of_margin(arrival)
        self._forget()
        return audits

    def _hear_of_margin(self, arrival: Arrival) -> None:
        for _, kind in account_items(arrival):
            if isinstance(kind, CashFlow) and kind.kind == CashFlowKind.TRANSFER and kind.instrument is not None:
                self._moving -= Counter({self.engine.index.names[self.engine.index.instrument(kind.instrument)]: 1})

    def unanswered(self) -> list[str]:
        """Requests on their way, in words: orders, cancels and amends by client id, margin by instrument."""
        return [*orders_in_flight(self.engine), *(f"margin of {name!r}" for name in self._moving)]

    def _forget(self) -> None:
        """The audit in columns: it has been told, and a session goes on for months (120 bytes for each event)."""
        s = self.engine.state
        for table in (s.audits, s.outputs, s.asked, s.market_items, s.account_items):
            table.truncate(0)

    def _audits(self, arrival: Arrival) -> Iterator[Audit]:
        for is_account, events in groupby(arrival.events, lambda event: isinstance(event, Account)):
            if is_account:
                yield from self.engine.process_report(events)  # type: ignore[arg-type]
                continue
            for event in events:
                audit = self._one(event)
                if audit is not None:
                    yield audit

    def _one(self, event: Event) -> Audit | None:
        return self.engine.mark(event.time) if isinstance(event, Mark) else self.engine.process(event)

    def _vet(self, request: Request) -> None:
        if isinstance(request, MarginRequest):
            if not isinstance(self._client(request.exchange), MovesMargin):
                raise StrategyError(
                    f"{request} cannot be sent: the client of its exchange moves no margin",
                    "move it at the exchange itself; a client that can has move_margin()",
                )
            return
        untold = untold_conditions(request, getattr(self._client(request.key.exchange), "conditions", ()))
        if untold:
            raise StrategyError(
                f"order {request.key.cid!r} of {request.key.instrument!r} has {' and '.join(untold)}, which the client "
                "of its exchange cannot tell that",
                "watch the price in the strategy, and send a market or a limit order",
            )

    def _client(self, exchange: str | int) -> ExecutionClient:
        return self.clients[self.engine.index.exchanges[self.engine.index.exchange(exchange)]]

    def _send(self, request: Request) -> EngineError | None:
        error = self._move(request) if isinstance(request, MarginRequest) else self._order(request)
        if error is not None and self.records:
            self.records.unsent(self._sends, error)
        self._sends += 1  # of this arrival
        self.sent += 1
        return error

    def _order(self, request: OrderRequest) -> EngineError | None:
        client = self._client(request.key.exchange)
        named: Any = type(request)(self._named(request.key), request.state)  # type: ignore[arg-type]
        if isinstance(named, OrderRequestOpen):
            return client.open(named)
        return client.cancel(named) if isinstance(named, OrderRequestCancel) else client.amend(named)

    def _move(self, request: MarginRequest) -> EngineError | None:
        client, index = self._client(request.exchange), self.engine.index
        assert isinstance(client, MovesMargin)
        i = index.instrument(request.instrument)
        error = client.move_margin(MarginRequest(index.instruments[i].exchange, index.names[i], request.amount))
        if error is None:
            self._moving[index.names[i]] += 1
        return error

    def _named(self, key: OrderKey) -> OrderKey:
        index = self.engine.index
        i = index.instrument(key.instrument)
        return OrderKey(index.instruments[i].exchange, index.names[i], key.strategy, key.cid)

    def run(self) -> LiveRun:
        """What the session has done until now, with the tables and figures of a backtest."""
        return LiveRun.of(self.engine)

    @property
    def digest(self) -> str:
        """Digest of orders, trades, positions and balances, as the engine knows them (rules 25 and 82)."""
        return digest_of(self.engine.state, self.engine.index, strategies_of(self.engine))
