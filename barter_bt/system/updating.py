"""What an event does to an event-by-event engine: all that can be wrong with it is found before it is applied."""

from __future__ import annotations

from functools import partial
from typing import Any

from barter_bt.columns.table import out_of_memory
from barter_bt.engine.command import DISABLE_TRADING, ENABLE_TRADING, LOSE_ACCOUNT, LOSE_MARKET, SHUTDOWN
from barter_bt.engine.event import BAR_CLOSE, MARKET_CANDLE, TIMER
from barter_bt.engine.state.connectivity import lose_account, lose_market
from barter_bt.engine.step import advance
from barter_bt.errors import DataError
from barter_bt.protocol import (
    Account,
    AccountEvent,
    Command,
    EngineEvent,
    Item,
    Market,
    MarketEvent,
    Reconnecting,
    Shutdown,
    TradingState,
    TradingStateUpdate,
)
from barter_bt.system.accounts import Accounts
from barter_bt.system.acting import Acting, Apply, Errors
from barter_bt.system.audit import AccountDisconnect, MarketDisconnect
from barter_bt.system.changes import LARGEST_TIME, Changes, check_time
from barter_bt.system.exits import exit_of
from barter_bt.system.markets import event_time, keep_beside, prepare_market, read_item
from barter_bt.system.rows import Take
from barter_bt.system.timer import Timer


class Updating(Acting):
    """The part of :class:`~barter_bt.system.Engine` that events update."""

    _accounts: Accounts
    _take: Take

    def _update(self, event: EngineEvent | Timer) -> tuple[int, Errors]:
        """Apply an event; returns its number, and errors that end the run."""
        sequence, self._outputs = self.state.engine.sequence[0], []
        if isinstance(event, Market) and isinstance(event.event, Item):
            self._market(event.event.value)
            return sequence, ()
        return sequence, self._prepare(event)()

    def _prepare(self, event: EngineEvent | Timer) -> Apply:
        """What the event will do. All that can be wrong with it is an error here, and then nothing has changed."""
        if isinstance(event, Market | Account):
            what = event.event
            if isinstance(what, Reconnecting):
                return partial(self._disconnect, isinstance(event, Market), self.index.exchange(what.exchange))
            item: Any = what.value
            return self._account(item)
        if isinstance(event, Command):
            return self._command(event.kind)
        if isinstance(event, TradingStateUpdate):
            return partial(self._set_trading, event.state)
        if isinstance(event, Timer):
            check_time(event.time)
            return partial(self._begin, -1, kind=BAR_CLOSE if event.closes_bar else TIMER, time=event.time)
        if isinstance(event, Shutdown):
            return partial(self._begin, SHUTDOWN)
        raise DataError(f"{event!r} is no event of the engine", "barter_bt.protocol.EngineEvent has them all")

    def _disconnect(self, is_market: bool, exchange: int) -> Errors:
        self._begin(LOSE_MARKET if is_market else LOSE_ACCOUNT, exchange)
        (lose_market if is_market else lose_account)(self.state, exchange)
        name = self.index.exchanges[exchange]
        told = self._ask(self.strategy.on_disconnect, self, name)
        self._outputs.append((MarketDisconnect if is_market else AccountDisconnect)(name, told))
        return ()

    def _market(self, item: MarketEvent) -> None:
        """Take an item at once, if nothing can be wrong with it; else find out what is."""
        index, sent = self.index, item.time_exchange
        exchange = index.exchange_codes.get(item.exchange)
        i = index.codes.get(item.instrument)  # type: ignore[arg-type]  # an index is none of the names
        if exchange is None or i is None:
            exchange, i = index.exchange(item.exchange), index.instrument(item.instrument)
        kind, time, first, second, third, fourth, fifth = read_item(item)
        now = sent if self._clock is None else self._clock()
        if (
            _is_time(sent)
            and (time is sent or _is_time(time))
            and (now is sent or _is_time(now))
            and self._take(exchange, i, kind, now, time, first, second, third, fourth, fifth)
        ):
            if out_of_memory.error and (error := out_of_memory.take()):
                raise error
        else:
            changes = Changes(self.state, index, self.units)
            prepare_market(self.state, changes, exchange, i, item)
            advance(self.state, now)
            changes.apply()
        if item.own or kind == MARKET_CANDLE:
            keep_beside(self.state, self._data_columns, i, item)

    def _account(self, item: AccountEvent) -> Apply:
        changes = self._accounts.prepare(self.index.exchange(item.exchange), item.kind)
        return partial(self._apply, event_time(item.kind), changes)

    def _apply(self, time: int | None, changes: Changes) -> Errors:
        closed = len(self.state.positions)
        advance(self.state, self._now(time))
        changes.apply()
        rows = range(closed, len(self.state.positions))
        self._outputs += [exit_of(self.state, self.index, self.units, row) for row in rows]
        return ()

    def _set_trading(self, state: TradingState) -> Errors:
        self._begin(ENABLE_TRADING if state == TradingState.ENABLED else DISABLE_TRADING)
        self.set_trading(state)
        return ()


def _is_time(time: object) -> bool:
    """Whether compiled code takes it for the same number."""
    return type(time) is int and -LARGEST_TIME <= time <= LARGEST_TIME
