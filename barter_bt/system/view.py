"""The state of an event-by-event engine, in decimals and names."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from functools import cached_property
from typing import Any

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import BUY, CANCEL_IN_FLIGHT, NO_TIME, OPEN_IN_FLIGHT
from barter_bt.engine.state.amending import count_in_flight
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.orders import is_live
from barter_bt.engine.state.position import unrealised
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import (
    CancelInFlight,
    GoodUntilEndOfDay,
    InstrumentFilter,
    Open,
    OpenInFlight,
    Order,
    OrderKey,
    Side,
    TradingState,
)
from barter_bt.strategy.candle import Candles, last_candles
from barter_bt.strategy.view import State
from barter_bt.system.book import Book, decode
from barter_bt.system.conditions import conditions_at
from barter_bt.system.filters import select
from barter_bt.system.units import Units


class View:
    """Reads a state.

    Attributes
    ----------
    index, units
        What the state's integers stand for.
    state
        The columns.
    """

    def __init__(self, index: IndexedInstruments, units: Units, state: EngineState, book: Book) -> None:
        self.index, self.units, self.state, self._book = index, units, state, book
        self._data_columns: dict[str, int] = {}

    @cached_property
    def natural(self) -> State:
        """What strategies of backtests read, as they read it: floats in natural units, and names.

        Equity, cash and margin, entry averages and PnL, candles, best prices, sessions, the time: all of
        :class:`~barter_bt.strategy.State`, as it is now. What it makes orders of is for strategies of backtests.

        Examples
        --------
        >>> from barter_bt.instrument import Instrument
        >>> from barter_bt.system import Engine
        >>> engine = Engine([Instrument("x", "btc_usd")], balances={"usd": 1_000})
        >>> engine.natural.equity, engine.natural.free_cash("btc_usd"), engine.natural.datetime.year
        (1000.0, 1000.0, 1970)
        """
        return State(self.state, self.index, self._data_columns)

    def select(self, chosen: InstrumentFilter) -> list[int]:
        """Indices of the instruments that a filter names."""
        return select(self.index, chosen)

    def exchange_of(self, instrument: str | int) -> int:
        """Index of an instrument's exchange."""
        exchange: int = self.state.terms.exchange[self.index.instrument(instrument)]
        return exchange

    def price(self, instrument: str | int) -> Decimal | None:
        """Price of an instrument: weighted mid, else last trade or close; None while unknown."""
        i = self.index.instrument(instrument)
        ticks = price_ticks(self.state, i)
        return self.units.price(i, ticks) if ticks else None

    def candles(self, instrument: str | int, n: int | None = None) -> Candles:
        """The last ``n`` candles of an instrument, the oldest first; by default all that are kept.

        They stand in order of arrival; when they opened is known where events say it (``Candle.open_time``).

        Examples
        --------
        >>> from barter_bt.instrument import Instrument
        >>> from barter_bt.protocol import Candle, Item, Market, MarketEvent
        >>> from barter_bt.system import Engine
        >>> engine = Engine([Instrument("x", "btc_usd")], candle_history=2)
        >>> for close in (9.0, 10.0, 11.0):
        ...     candle = Candle(int(close), 9.0, 11.0, 9.0, close, 1.0, 5)
        ...     _ = engine.process(Market(Item(MarketEvent(int(close), int(close), "x", "btc_usd", candle))))
        >>> engine.candles("btc_usd").close.tolist()
        [10.0, 11.0]

        Raises
        ------
        StrategyError
            More are asked for than are kept.
        """
        return last_candles(self.state, self.index.instrument(instrument), n)

    def position(self, instrument: str | int) -> Decimal:
        """Signed quantity of the open position."""
        i = self.index.instrument(instrument)
        return self.units.quantity(i, self.state.instruments.quantity[i])

    def realised(self, instrument: str | int) -> Decimal:
        """Realised PnL of the open position, fees deducted."""
        i = self.index.instrument(instrument)
        return self.units.in_quote(i, self.state.instruments.realised[i])

    def unrealised(self, instrument: str | int) -> Decimal:
        """Unrealised PnL of the open position at the market."""
        i = self.index.instrument(instrument)
        return self.units.in_quote(i, unrealised(self.state, i))

    def balance(self, asset: str | int) -> tuple[Decimal, Decimal, int]:
        """Total and free amount of an asset, as told, and the exchange's time of it, 0 if nobody has told of it yet."""
        k, a = self.index.asset(asset), self.state.assets
        time = a.time[k] if a.time[k] != -NEVER else 0
        total, free = self._book.balances.get(k) or (
            self.units.of_asset(k, a.total[k]),
            self.units.of_asset(k, a.free[k]),
        )
        return total, free, time

    def orders(self, instrument: str | int) -> list[Order]:
        """The orders that are tracked, in order of sending."""
        i = self.index.instrument(instrument)
        found, row = [], self.state.instruments.first[i]
        while row >= 0:
            found.append(self._order(i, row))
            row = self.state.orders.after[row]
        return found

    def is_tracked(self, instrument: str | int, cid: str) -> bool:
        """Whether an order, by the client's id, was sent or told of, and is not known to have ended."""
        row = self._book.find(self.index.instrument(instrument), cid)
        return row is not None and is_live(self.state, row)

    def amends_in_flight(self, instrument: str | int, cid: str) -> int:
        """How many amends of an order, by the client's id, are not answered yet (rule 33)."""
        row = self._book.find(self.index.instrument(instrument), cid)
        return 0 if row is None else count_in_flight(self.state, row)

    def key_of(self, order: int) -> OrderKey:
        """The key of an order, by its row in ``state.orders``."""
        o, book = self.state.orders, self._book
        i = o.instrument[order]
        return OrderKey(self.exchange_of(i), i, book.strategies[o.strategy[order]], book.cid(order))

    def _order(self, i: int, row: int) -> Order:
        o, book, units, key = self.state.orders, self._book, self.units, self.key_of(row)
        kind, tif = decode(o.kind[row], o.time_in_force[row], o.post_only[row])
        tif = GoodUntilEndOfDay() if book.days[row] else tif
        known = None
        if o.time_exchange[row] != NO_TIME:
            known = Open(book.id(row) or "", o.time_exchange[row], units.quantity(i, o.filled[row]))
        state: Any = known if o.status[row] != CANCEL_IN_FLIGHT else CancelInFlight(known)
        if o.status[row] == OPEN_IN_FLIGHT or state is None:
            state = OpenInFlight()
        side = Side.BUY if o.side[row] == BUY else Side.SELL
        return Order(
            key,
            side,
            book.price(row),
            units.quantity(i, o.quantity[row]),
            kind,
            tif,
            state,
            conditions_at(self.state, units, row, book.cid),
        )

    def copy(self) -> View:
        """What is seen now, to be read later."""
        units = Units(self.index, self.units.scales)
        seen = View(self.index, units, self.state.copy(), deepcopy(self._book))
        seen._data_columns = self._data_columns
        return seen

    @property
    def strategies(self) -> list[str]:
        """Names of the strategies that have sent orders, by their number in ``state.orders``."""
        return list(self._book.strategies)

    @property
    def healthy(self) -> bool:
        """Whether every link is."""
        return not self.state.engine.unhealthy[0]

    @property
    def trading(self) -> TradingState:
        """Whether trading is enabled."""
        return TradingState.ENABLED if self.state.engine.trading[0] else TradingState.DISABLED
