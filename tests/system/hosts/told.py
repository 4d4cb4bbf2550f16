"""The event engine, told event by event what a backtest's engine was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.backtest import Result
from barter_bt.engine.audit import REFUSED_OPEN, SENT_OPEN
from barter_bt.engine.order import NO_PRICE, NO_TIME
from barter_bt.engine.replica import StateReplica
from barter_bt.engine.state.tables import EngineState
from barter_bt.system import Engine
from tests.system.hosts.compare import audit_difference, output_difference, state_difference
from tests.system.hosts.decides import Decision, Replayed
from tests.system.hosts.events import ACCOUNT, Events
from tests.system.hosts.log import Log
from tests.system.hosts.requests import Requests


class Told:
    """Both hosts, side by side.

    Parameters
    ----------
    result
        A run with a full audit that recorded something at each mark.
    asked
        What a strategy in Python asked for, by sequence and hook; of rows of a schedule the audit knows.
    strategy
        The index of that strategy.
    options
        For the event engine.
    """

    def __init__(
        self, result: Result, asked: Mapping[tuple[int, int], Decision], strategy: int = 0, **options: Any
    ) -> None:
        assert result.snapshot is not None
        self.log, self.state = Log(result), result.state
        self.requests = Requests(self.log, asked, strategy)
        self.events = Events(self.log, self.requests)
        self.time = result.snapshot.engine.time[0]
        self.marked = 0  # equity marks so far
        self.replica = StateReplica(result.snapshot)
        self.engine = self.requests.engine = self._engine(result.snapshot, options)
        for exchange in range(len(self.log.index.exchanges)):
            self.engine.process(self._balances(exchange, result.snapshot))
        self.more = len(self.log.index.exchanges) - 1  # events that told of the account
        self._watch: Callable[[], bool] = lambda: True

    def watching(self, watch: Callable[[], bool]) -> Self:
        """Something else must hold after each event."""
        self._watch = watch
        return self

    def _engine(self, start: EngineState, options: Mapping[str, Any]) -> Engine:
        index, scales = self.log.index, self.log.scales
        traded = [
            bt.Instrument(
                one.exchange, one.name, one.base, one.quote, one.kind, one.contract_size,
                scales.ticks[i], scales.lots[i], settlement=one.settlement, expiry=one.expiry,
                price_can_be_negative=one.price_can_be_negative,
            )
            for i, one in enumerate(index.instruments)
        ]  # fmt: skip
        keys = [f"{exchange}.{name}" for exchange, name in index.assets]
        engine = Engine(
            traded,
            Replayed(self.requests),
            balances={key: self.log.amount(k, start.assets.total[k]) for k, key in enumerate(keys)},
            units=dict(zip(keys, scales.units, strict=True)),
            reporting=keys[self.state.engine.reporting[0]],
            trading=bp.TradingState.ENABLED if start.engine.trading[0] else bp.TradingState.DISABLED,
            start=self.time,
            clock=lambda: self.time,
            **options,
        )
        engine._book.strategies[:] = self.log.names
        for name in (
            "tick_noise",
            "price_noise",
            "lot_noise",
        ):  # data is rounded to increments that are not declared (rule 20)
            for i, noise in enumerate(getattr(self.state.terms, name)):
                getattr(engine.state.terms, name)[i] = noise
        return engine

    def _balances(self, exchange: int, start: EngineState) -> Any:
        there = [k for k, (name, _) in enumerate(self.log.index.assets) if name == self.log.index.exchanges[exchange]]
        balances = [self.events.balance(k, start.assets.total[k], start.assets.free[k], self.time) for k in there]
        return self.events.account(exchange, bp.AccountSnapshot(exchange, tuple(balances), ()))

    def compare(self) -> str:
        """The first difference, empty if there is none; up to where the event engine ends, or cannot follow."""
        self.is_whole = True
        for row in range(1, len(self.state.audits)):
            if self._is_beyond_requests(row) or self.events.is_beyond_messages(row):
                self.is_whole = False
                break
            event, text = self._step(row)
            if text:
                return f"event {self.requests.sequence} ({event!r:.300}): {text}"
            if self.engine.terminated:
                break
        mine, theirs = self.state.equity, self.engine.state.equity
        marks = max(len(theirs) - 1, 0)  # the last of the run has the time of the one before, or is not an event's
        for name in mine.schema:
            if mine.array(name)[:marks].tolist() != theirs.array(name)[:marks].tolist():
                return f"equity.{name}: {mine.array(name).tolist()}, {theirs.array(name).tolist()}"
        return ""

    def _is_beyond_requests(self, row: int) -> bool:
        """A target without a price is refused without a quantity; a row may be followed when its times have come."""
        asked, outputs = self.state.asked, self.log.outputs[self.state.audits.sequence[row]]
        opens = [(kind, k) for kind, _, k in outputs if kind in (SENT_OPEN, REFUSED_OPEN)]
        unpriced = [
            kind == REFUSED_OPEN and asked.reason[k] == NO_PRICE and asked.quantity_requested[k] == 0
            for kind, k in opens
        ]
        now = self.state.audits.time[row]
        due = [NO_TIME < asked.good_after[k] <= now or asked.good_till[k] <= now for _, k in opens]
        return any(unpriced) or any(due)

    def _step(self, row: int) -> tuple[Any, str]:
        a, before = self.state.audits, len(self.engine.state.outputs)
        self.requests.row, self.time = row, a.time[row]
        self._mark(a.sequence[row])
        event = self.events.event(row)
        if event is not None:
            self.engine.process(event)
        elif not self._stop():
            return event, "no stop"
        self._follow(row)
        text = output_difference(self.state, self.log.outputs[a.sequence[row]], self.engine.state, before)
        text = text or audit_difference(self.state, row, self.engine.state, self.more)
        if not text and not self.is_amid(row):
            text = state_difference(self.replica.state, self.engine.state)
        return event, text or ("" if self._watch() else "what the risk manager saw")

    def _follow(self, row: int) -> None:
        """The state of the backtest after an event."""
        a, rows = self.state.audits, len(self.state.audits)
        a.truncate(row + 1)
        self.replica.follow(self.state)
        a.truncate(rows)

    def is_amid(self, row: int) -> bool:
        """Whether more of the same report is to come: a backtest has applied all of it."""
        a, after = self.state.audits, row + 1
        return a.kind[row] in ACCOUNT and after < len(a) and a.part[after] > 0 and a.kind[after] in ACCOUNT

    # Equity

    def _mark(self, sequence: int) -> None:
        """The equity marks before an event; that which fired a stop is the event."""
        records = self.state.records
        while self.marked < len(records) and records.sequence[self.marked] <= sequence:
            assert self.engine.mark(self._time_of_mark(self.marked)) is None
            self.marked += 1

    def _time_of_mark(self, k: int) -> int:
        """The start; then the next multiple of the interval, or the arrival of a candle (rule 24)."""
        every, time = self.state.engine.mark_every[0], self.state.records.time[k]
        return time if k == 0 or not every else -(-time // every) * every

    def _stop(self) -> bool:
        self.marked += 1
        return self.engine.mark(self.time) is not None
