"""What strategies in Python see of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import copysign, isfinite
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from barter_bt.columns.column import Column
from barter_bt.data.moment import moment
from barter_bt.engine.action.send import ask_trading
from barter_bt.engine.event import (
    BALANCE,
    BAR_CLOSE,
    CLOSE_POSITIONS,
    DISCONNECT,
    ENGINE_UPDATE,
    MARKET_BOOK,
    MARKET_CANDLE,
    MARKET_QUOTE,
    MARKET_TRADE,
    ORDER_SNAPSHOT,
    OWN_TRADE,
    SENT,
    TIMER,
    TRADING_DISABLED,
)
from barter_bt.engine.fault import NO_FAULT
from barter_bt.engine.order import CANCEL_IN_FLIGHT
from barter_bt.engine.session import NO_SESSION, has_sessions, session_at
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS, value_of
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, equity
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.strategy import api
from barter_bt.strategy.amend_request import AmendRequest
from barter_bt.strategy.api.amounts import natural
from barter_bt.strategy.asking import change_to, target_in_steps
from barter_bt.strategy.book_frame import book_frame
from barter_bt.strategy.candle import Candle, Candles, last_candles
from barter_bt.strategy.open_order import OpenOrder, read_order
from barter_bt.strategy.request import OrderRequest

if TYPE_CHECKING:
    import polars as pl

EVENTS = {
    MARKET_TRADE: "trade",
    MARKET_QUOTE: "quote",
    MARKET_CANDLE: "candle",
    MARKET_BOOK: "book",
    OWN_TRADE: "fill",
    ORDER_SNAPSHOT: "order",
    BALANCE: "balance",
    TIMER: "timer",
    BAR_CLOSE: "bar_close",
    ENGINE_UPDATE: "update",
    TRADING_DISABLED: "trading_disabled",
    DISCONNECT: "disconnect",
    CLOSE_POSITIONS: "close_positions",
    SENT: "sent",
}


class State:
    """What a Python strategy sees of the engine, in floats and names. It shows the present, not a copy.

    Attributes
    ----------
    raw
        The integer columns, :class:`~barter_bt.engine.state.tables.EngineState`, to be read. Their rows are numbered by
        exchange and name, not in the order in which instruments were given: :meth:`index` has the number of one.
    """

    def __init__(
        self, state: EngineState, index: IndexedInstruments, columns: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.raw = state.read_only
        self._state, self._index, self._columns = state, index, columns

    def index(self, instrument: str | int) -> int:
        """Index of an instrument by name."""
        return self._index.instrument(instrument)

    @property
    def event(self) -> str:
        """What woke the strategy: ``"trade"``, ``"bar_close"``, ``"fill"``, ..."""
        return EVENTS[self._state.event.kind[0]]

    @property
    def instrument(self) -> int:
        """Index of the instrument that the event concerns; -1 for a timer or a bar close."""
        return self._state.event.instrument[0]

    @property
    def order(self) -> int:
        """Number of the own order that the event concerns, else -1."""
        return self._state.event.order[0]

    @property
    def exchange(self) -> str:
        """The exchange whose link was lost, in ``on_disconnect``."""
        return self._index.exchanges[self._state.event.exchange[0]]

    @property
    def chosen(self) -> list[str]:
        """The instruments whose positions are to be closed, in ``close_positions``."""
        return [name for i, name in enumerate(self._index.names) if self._state.instruments.chosen[i]]

    @property
    def trading(self) -> bool:
        """Whether trading is enabled."""
        return bool(api.is_trading(self._state))

    def set_trading(self, enabled: bool) -> None:
        """Enable or disable trading from the next event on."""
        ask_trading(self._state, int(enabled))

    @property
    def instruments(self) -> list[str]:
        """Instrument names in index order."""
        return self._index.names

    @property
    def time(self) -> int:
        """The engine's clock, ns since 1970 UTC."""
        return api.now(self._state)

    @property
    def datetime(self) -> datetime:
        """The engine's clock in UTC, to the microsecond."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.time // 1000)

    @property
    def next_order(self) -> int:
        """Number that the first order opened in this wake-up will have."""
        return api.next_order(self._state)

    def price(self, instrument: str | int) -> float:
        """Price of an instrument as the market shows it (rule 6); while unknown 0.0, or NaN where it can be negative.

        An own fill is no price of the market: when a fill wakes the strategy, this is what the engine saw before it.
        What counts an own fill is :meth:`mark`.
        """
        return api.price(self._state, self.index(instrument))

    def book(self, instrument: str | int, levels: int | None = None) -> pl.DataFrame:
        """The order book of an instrument (rule 88), the best levels first; by default all of them.

        Columns are ``level``, from 0, ``bid_price``, ``bid_amount``, ``ask_price`` and ``ask_amount``, null where a
        side has fewer levels. A book that is stale has none. For single values the functions of
        :mod:`barter_bt.strategy.api` are faster, such as ``api.book_imbalance(state.raw, i, 5)``.
        """
        return book_frame(self._state, self.index(instrument), levels)

    def candle(self, instrument: str | int) -> Candle:
        """The last candle of an instrument that has closed."""
        ins, i = self._state.instruments, self.index(instrument)
        return Candle(ins.open[i], ins.high[i], ins.low[i], ins.close[i], ins.volume[i])

    def candles(self, instrument: str | int, n: int | None = None) -> Candles:
        """The last ``n`` candles of an instrument that have closed and arrived, the oldest first; by default all kept.

        How many are kept the strategy says with its attribute ``candle_history``. At the beginning of a run there are
        fewer: ``len(state.candles("btc_usdt", 20)) == 20`` tells when there are enough.

        Raises
        ------
        StrategyError
            More are asked for than are kept.
        """
        return last_candles(self._state, self.index(instrument), n)

    def column(self, instrument: str | int, name: str) -> float:
        """The value of a column of one's own in the last row of an instrument that had one; NaN before the first.

        Which columns are read the strategy says with its attribute ``data_columns``.

        Raises
        ------
        StrategyError
            It did not ask for this one.
        """
        if name not in self._columns:
            raise StrategyError(
                f"the strategy reads column {name!r}; it asked for {', '.join(self._columns) or 'none'}",
                f"ask for it before the run: the attribute data_columns = ({name!r},)",
            )
        return api.column(self._state, self.index(instrument), self._columns[name])

    def bid(self, instrument: str | int) -> float:
        """Best bid; if there is none 0.0, or NaN where a price can be negative (rule 76)."""
        return api.bid_price(self._state, self.index(instrument))

    def ask(self, instrument: str | int) -> float:
        """Best ask; if there is none 0.0, or NaN where a price can be negative (rule 76)."""
        return api.ask_price(self._state, self.index(instrument))

    def bid_amount(self, instrument: str | int) -> float:
        """Amount at the best bid; 0.0 if there is none."""
        return api.bid_amount(self._state, self.index(instrument))

    def ask_amount(self, instrument: str | int) -> float:
        """Amount at the best ask; 0.0 if there is none."""
        return api.ask_amount(self._state, self.index(instrument))

    def session_open(self, instrument: str | int) -> int | None:
        """When the present session opened, else when the next opens, in ns since 1970; None where none follows."""
        return self._session(instrument, self._state.sessions.open)

    def session_close(self, instrument: str | int) -> int | None:
        """When the present session closes, else the next, in ns since 1970; None where none follows."""
        return self._session(instrument, self._state.sessions.close)

    def is_open(self, instrument: str | int) -> bool:
        """Whether it is a time within a session: from its open until before its close."""
        opens = self.session_open(instrument)
        return opens is not None and opens <= self.time

    def _session(self, instrument: str | int, times: Column[int]) -> int | None:
        i = self.index(instrument)
        if not has_sessions(self._state, i):
            raise StrategyError(
                f"sessions of {self._index.names[i]!r} are asked for at {moment(self.time)}, and none are given",
                'give the backtest its calendar, as in sessions="XNYS"; the event engine data.exchange_sessions(...)',
            )
        row = session_at(self._state, i, self.time)
        return None if row == NO_SESSION else times[row]

    def position(self, instrument: str | int) -> float:
        """Signed quantity of the open position."""
        return api.position(self._state, self.index(instrument))

    def working(self, instrument: str | int) -> float:
        """Signed quantity that live orders have not filled."""
        return api.working(self._state, self.index(instrument))

    def entry_average(self, instrument: str | int) -> float:
        """Average price at which the open position was entered; 0.0 without one."""
        return api.entry_average(self._state, self.index(instrument))

    def mark(self, instrument: str | int) -> float:
        """Price at which the open position is valued: the market's, or that of an own fill that came later."""
        return api.mark(self._state, self.index(instrument))

    def unrealised(self, instrument: str | int) -> float:
        """Unrealised PnL of the open position, in its quote or settlement asset."""
        return api.unrealised(self._state, self.index(instrument))

    def realised(self, instrument: str | int) -> float:
        """What the open position has realised so far, less fees; 0.0 without one."""
        return api.realised(self._state, self.index(instrument))

    def fees(self, instrument: str | int) -> float:
        """Fees of the open position so far, in its quote or settlement asset."""
        return api.fees(self._state, self.index(instrument))

    def time_in_position(self, instrument: str | int) -> timedelta:
        """How long the open position has been open, to the microsecond; nothing without one."""
        return timedelta(microseconds=api.time_in_position(self._state, self.index(instrument)) // 1000)

    @property
    def equity(self) -> float:
        """What the account is worth now in the reporting asset; NaN where something held has no price."""
        return api.equity(self._state)

    def cash(self, instrument: str | int) -> float:
        """Balance of the asset that an instrument is paid in."""
        return api.cash(self._state, self.index(instrument))

    def free_cash(self, instrument: str | int) -> float:
        """What of :meth:`cash` no resting order reserves."""
        return api.free_cash(self._state, self.index(instrument))

    def balance(self, asset: str | int) -> float:
        """Balance of an asset, by name."""
        return api.balance(self._state, self._index.asset(asset))

    def free_balance(self, asset: str | int) -> float:
        """What of :meth:`balance` no resting order reserves."""
        return api.free_balance(self._state, self._index.asset(asset))

    def margin_used(self, asset: str | int) -> float:
        """What the positions that are margined in an asset tie up of it (rule 19), by name."""
        return api.margin_used(self._state, self._index.asset(asset))

    def free_margin(self, asset: str | int) -> float:
        """What of an asset new positions can tie up: free balance and value of positions less :meth:`margin_used`."""
        return api.free_margin(self._state, self._index.asset(asset))

    def margin_aside(self, instrument: str | int) -> float:
        """What an isolated position has set aside, in its settlement asset (rule 70); 0.0 of any other."""
        return api.margin_aside(self._state, self.index(instrument))

    def buying_power(self, instrument: str | int) -> float:
        """The largest value of an instrument that can be bought now beside what is held, its fee left aside.

        In the quote or settlement asset: in a cash account :meth:`free_cash`, with margin what :meth:`free_margin`
        suffices for. NaN where it depends on a price that is not known.
        """
        return api.buying_power(self._state, self.index(instrument))

    def round_price(self, instrument: str | int, value: float) -> float:
        """Nearest price on the instrument's grid."""
        return api.round_price(self._state, self.index(instrument), value)

    def round_quantity(self, instrument: str | int, value: float) -> float:
        """Largest quantity on the instrument's grid that is not above ``value``."""
        return api.round_quantity(self._state, self.index(instrument), value)

    def buy(self, instrument: str | int, quantity: float, **terms: Any) -> OrderRequest:
        """An order that buys; ``terms`` are those of :class:`OrderRequest`, such as ``price`` or ``stop_loss``."""
        return OrderRequest(instrument, quantity, **terms)

    def sell(self, instrument: str | int, quantity: float, **terms: Any) -> OrderRequest:
        """An order that sells; see :meth:`buy`."""
        return OrderRequest(instrument, -quantity, **terms)

    def amend(self, number: int, **terms: Any) -> AmendRequest:
        """Other terms for a live order, to be returned among those to open: ``state.amend(number, price=99.5)``.

        ``terms`` are those of :class:`~barter_bt.AmendRequest`.
        """
        return AmendRequest(number, **terms)

    def bracket(
        self, instrument: str | int, quantity: float, stop_loss: float, take_profit: float, **terms: Any
    ) -> OrderRequest:
        """An entry between a stop loss and a take profit (rule 31): a signed quantity, ``terms`` as for :meth:`buy`."""
        return OrderRequest(instrument, quantity, stop_loss=stop_loss, take_profit=take_profit, **terms)

    def exercise(self, instrument: str | int, quantity: float) -> OrderRequest:
        """An exercise of so many contracts of an American option that is held (rule 64), for what it is worth now."""
        return OrderRequest(instrument, -quantity, exercise=True)

    def order_target(self, instrument: str | int, quantity: float) -> list[OrderRequest]:
        """What brings position and working orders to a signed quantity: one market order, or none.

        Like a target of the signals driver it may be cut to what can be paid.
        """
        return self._target(instrument, quantity, UNITS)

    def order_target_value(self, instrument: str | int, value: float, *, at_fill: bool = False) -> list[OrderRequest]:
        """The same for a position that is worth ``value`` in its quote or settlement asset, less its fee.

        ``at_fill``: the quantity is worked out once more at the price of the fill (rule 61).
        """
        return self._target(instrument, value, NOTIONAL, at_fill=at_fill)

    def order_target_percent(
        self, instrument: str | int, fraction: float, *, at_fill: bool = False
    ) -> list[OrderRequest]:
        """The same for a position worth a ``fraction`` of the equity as it is now, less its fee: 0.5 is half of it.

        The instrument must be quoted in the reporting asset. ``at_fill`` is as for :meth:`order_target_value`.
        """
        return self._target(instrument, fraction, EQUITY, at_fill=at_fill)

    def _target(self, instrument: str | int, target: float, size: int, *, at_fill: bool = False) -> list[OrderRequest]:
        s, i = self._state, self.index(instrument)
        where = f"a target of {target!r} for {self._index.names[i]!r} at {moment(self.time)}"
        given: Any = target
        if not isinstance(given, (Real, Decimal)) or not isfinite(given):
            raise StrategyError(f"{where}: it must be a finite number", "half of the equity is 0.5")
        steps = target_in_steps(s, i, float(target), size)
        change = 0 if steps == UNKNOWN else change_to(s, i, steps, size)
        if s.fault.code[0] != NO_FAULT:
            return []  # beyond the range, or no share of the equity: the run ends and says so
        if change == UNKNOWN:
            raise StrategyError(f"{where}: {self._why_unknown(i)}", "wait until state.price(...) is above 0")
        lots, worth = natural(change, s.terms.lots_per_unit[i]), None
        if at_fill and steps:
            value = value_of(s, i, steps, equity(s) if size == EQUITY else 0, size)
            worth = copysign(natural(value, s.assets.units_per_unit[s.terms.quote[i]]), target)
        return [OrderRequest(i, lots, resize=True, worth=worth)] if change else []

    def _why_unknown(self, i: int) -> str:
        price = self.price(i)
        if price > 0:
            return "the equity is not known yet"
        return f"its price is {price:g}" if price <= 0 < self._state.terms.zero[i] else "it has no price yet"

    def close(self, instrument: str | int) -> list[OrderRequest]:
        """What closes a position: an opposite market order, immediate or cancel; none without a position."""
        quantity = self.position(instrument)
        return [OrderRequest(instrument, -quantity, time_in_force="ioc")] if quantity else []

    def cancel_all(self, instrument: str | int) -> list[int]:
        """Numbers of the live orders of an instrument that are not being cancelled."""
        status = self._state.orders.status
        return [order for order in self.open_orders(instrument) if status[order] != CANCEL_IN_FLIGHT]

    def read_order(self, number: int) -> OpenOrder:
        """What the engine knows of an own order, by its number."""
        if not 0 <= number < len(self._state.orders):
            raise StrategyError(f"there is no order {number!r} at {moment(self.time)}", "numbers come from open_orders")
        return read_order(self._state, number, self._index.names[self._state.orders.instrument[number]])

    def open_orders(self, instrument: str | int) -> list[int]:
        """Numbers of the live orders of an instrument, in order of sending."""
        found, order = [], self._state.instruments.first[self.index(instrument)]
        while order >= 0:
            found.append(order)
            order = self._state.orders.after[order]
        return found
