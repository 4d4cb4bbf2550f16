"""Strategies in plain Python with Barter's interface: ``generate_algo_orders(state) -> (cancels, opens)``."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from numbers import Integral, Real
from typing import Any, Protocol

from barter_bt.engine.action.protect import ask_protection
from barter_bt.engine.action.send import ask, ask_cancel, ask_trading
from barter_bt.engine.event import (
    BALANCE,
    BAR_CLOSE,
    CLOSE_POSITIONS,
    DISCONNECT,
    ENGINE_UPDATE,
    MARKET_CANDLE,
    MARKET_QUOTE,
    MARKET_TRADE,
    ON_EVENT,
    ORDER_SNAPSHOT,
    OWN_TRADE,
    SENT,
    TIMER,
    TRADING_DISABLED,
    WAKE,
)
from barter_bt.engine.order import BUY, LIMIT, MARKET, SELL, TIMES_IN_FORCE
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import steps
from barter_bt.engine.wake import PYTHON, may_decide
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.strategy import api
from barter_bt.strategy.candle import Candle
from barter_bt.strategy.driver import Driver, Market, wake_bits
from barter_bt.strategy.triggers import PROTECTION, TRIGGERS, protection_terms, trigger_terms

_PLAIN = (tuple, list)
EVENTS = {
    MARKET_TRADE: "trade",
    MARKET_QUOTE: "quote",
    MARKET_CANDLE: "candle",
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
HOOKS = {
    DISCONNECT: "on_disconnect",
    TRADING_DISABLED: "on_trading_disabled",
    CLOSE_POSITIONS: "close_positions",
    ON_EVENT: "on_event",
}


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order to open: a positive quantity buys, a negative one sells; without a price it is a market order.

    Quantity and prices are numbers, also of NumPy or ``Decimal``, on the instrument's grid. ``resize``: like a target
    of the signals driver, the order may be cut to what can be paid. ``reduce_only``: it never opens or enlarges a
    position.

    An order is held for a trigger (rule 28) until the price has gone against the trader to ``stop``, or in his favour
    to ``if_touched``; or until the price has turned by ``trailing``, in price, or ``trailing_rate``, a fraction of it,
    from its best (``stop`` is then where the trigger starts).

    An entry is protected (rule 31) by ``stop_loss`` or ``trailing_stop`` or both, and by ``take_profit``: orders of
    their own that wait for its first fill, of which the first that fills ends the others. By ``protect_by`` they are
    prices, or a ``"distance"`` from the entry's price, or a ``"fraction"`` of it; ``trailing_stop`` is never a price.
    """

    instrument: str | int
    quantity: float
    price: float | None = None
    time_in_force: str = "gtc"
    post_only: bool = False
    resize: bool = False
    reduce_only: bool = False
    stop: float | None = None
    if_touched: float | None = None
    trailing: float | None = None
    trailing_rate: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    protect_by: str = "price"


class AlgoStrategy(Protocol):
    """Barter's interface. ``wake`` says what wakes it (see :class:`~barter_bt.strategy.Compiled`).

    It may also have ``on_disconnect(state)``, ``on_trading_disabled(state)`` and ``close_positions(state)``: each
    returns cancels and opens likewise, which bypass the risk check; and ``on_event(state)``, which is told of every
    event, also while trading is disabled, and returns nothing (see :class:`~barter_bt.strategy.Hooks`).
    """

    def generate_algo_orders(self, state: State) -> tuple[Iterable[int], Iterable[OrderRequest]]:
        """Orders to cancel, by number, and orders to open."""
        ...


def _is_nothing(asked: Any) -> bool:
    """Whether a strategy's answer is plainly that it wants nothing, as it mostly is."""
    if type(asked) is tuple and len(asked) == 2:
        cancels, opens = asked
        return type(cancels) in _PLAIN and type(opens) in _PLAIN and not cancels and not opens
    return asked is None


def _answer(asked: Any) -> tuple[list[int], list[OrderRequest]]:
    """A strategy's answer as orders to cancel and orders to open."""
    hint = "return [], [OrderRequest(...)]"
    if not isinstance(asked, tuple | list) or len(asked) != 2 or isinstance(asked[0], OrderRequest):
        raise StrategyError(
            f"the strategy returned {asked!r:.80}; it must return two things: orders to cancel, and orders to open",
            hint,
        )
    for part in asked:
        if not isinstance(part, Iterable) or isinstance(part, str):
            raise StrategyError(f"the strategy returned {part!r:.80} where a list belongs", hint)
    cancels, opens = list(asked[0]), list(asked[1])
    for order in cancels:
        if not isinstance(order, Integral) or isinstance(order, bool):
            raise StrategyError(f"the strategy cancels {order!r:.80}; an order is cancelled by its number", hint)
    for request in opens:
        if not isinstance(request, OrderRequest):
            raise StrategyError(f"the strategy opens {request!r:.80}; it must be an OrderRequest", hint)
    return [int(order) for order in cancels], opens


class State:
    """What a Python strategy sees of the engine, in floats and names. It shows the present, not a copy.

    Attributes
    ----------
    raw
        The integer columns, :class:`~barter_bt.engine.state.tables.EngineState`, to be read. Their rows are numbered by
        exchange and name, not in the order in which instruments were given: :meth:`index` has the number of one.
    """

    def __init__(self, state: EngineState, index: IndexedInstruments) -> None:
        self.raw = state.read_only
        self._state, self._index = state, index

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
    def next_order(self) -> int:
        """Number that the first order opened in this wake-up will have."""
        return api.next_order(self._state)

    def price(self, instrument: str | int) -> float:
        """Price of an instrument as the market shows it (rule 6); 0.0 while unknown.

        An own fill is no price of the market: when a fill wakes the strategy, this is what the engine saw before it.
        What counts an own fill is :meth:`mark`.
        """
        return api.price(self._state, self.index(instrument))

    def candle(self, instrument: str | int) -> Candle:
        """The last candle of an instrument that has closed."""
        ins, i = self._state.instruments, self.index(instrument)
        return Candle(ins.open[i], ins.high[i], ins.low[i], ins.close[i], ins.volume[i])

    def bid(self, instrument: str | int) -> float:
        """Best bid; 0.0 if there is none."""
        return api.bid_price(self._state, self.index(instrument))

    def ask(self, instrument: str | int) -> float:
        """Best ask; 0.0 if there is none."""
        return api.ask_price(self._state, self.index(instrument))

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

    def round_price(self, instrument: str | int, value: float) -> float:
        """Nearest price on the instrument's grid."""
        return api.round_price(self._state, self.index(instrument), value)

    def round_quantity(self, instrument: str | int, value: float) -> float:
        """Largest quantity on the instrument's grid that is not above ``value``."""
        return api.round_quantity(self._state, self.index(instrument), value)

    def open_orders(self, instrument: str | int) -> list[int]:
        """Numbers of the live orders of an instrument, in order of sending."""
        found, order = [], self._state.instruments.first[self.index(instrument)]
        while order >= 0:
            found.append(order)
            order = self._state.orders.after[order]
        return found


def _wake_python(s: EngineState, my: Any) -> int:
    return PYTHON


@dataclass(frozen=True)
class Python:
    """Drives an :class:`AlgoStrategy`; :func:`~barter_bt.backtest.backtest` wraps plain objects in it.

    Parameters
    ----------
    strategy
        The object; its attribute ``wake`` (default ``"every_event"``) says what wakes it.
    name
        Its strategy id in the tables.
    """

    strategy: AlgoStrategy
    name: str = "python"

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        bits, timer_ns = wake_bits(getattr(self.strategy, "wake", "every_event"))
        generate, index = self.strategy.generate_algo_orders, market.index
        hooks = {bit: getattr(self.strategy, name) for bit, name in HOOKS.items() if hasattr(self.strategy, name)}
        observe, view = hooks.get(ON_EVENT), cache(lambda raw: State(raw, index))

        def decide(raw: EngineState) -> None:
            kind, state = raw.event.kind[0], view(raw)
            if observe and kind not in hooks:
                observe(state)
                if not (kind & bits and may_decide(raw)):
                    return
            asked = hooks.get(kind, generate)(state)
            if not _is_nothing(asked):
                cancels, opens = _answer(asked)
                for order in cancels:
                    ask_cancel(raw, order)
                for request in opens:
                    _ask(raw, index, request)

        return Driver(
            wake=_wake_python,
            asked=bits | WAKE["every_event"] | SENT if ON_EVENT in hooks else bits,
            hooks=sum(hooks),
            timer_ns=timer_ns,
            decide=decide,
            save=lambda: pickle.dumps(vars(self.strategy)),
            load=lambda memory: vars(self.strategy).update(pickle.loads(memory)),
        )


def _ask(s: EngineState, index: IndexedInstruments, request: OrderRequest) -> None:
    i = index.instrument(request.instrument)
    quantity = _number(request, request.quantity, "quantity", s)
    lots = steps(abs(quantity), s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    ticks = 0
    if request.price is not None:
        price = _number(request, request.price, "price", s)
        ticks = steps(price, s.terms.ticks_per_unit[i], s.terms.tick_noise[i])
    if lots <= 0 or ticks < 0 or (request.price is not None and ticks == 0):
        raise StrategyError(
            f"{request} at {s.engine.time[0]} ns is off the grid of {index.names[i]!r} or not positive",
            "use round_price and round_quantity; more than 4.6e18 lots need a coarser quantity_increment",
        )
    if request.time_in_force not in TIMES_IN_FORCE:
        raise StrategyError(
            f"{request} at {s.engine.time[0]} ns: time_in_force is {request.time_in_force!r}; "
            f"allowed: {', '.join(TIMES_IN_FORCE)}"
        )
    for name in ("post_only", "resize", "reduce_only"):
        if getattr(request, name) not in (False, True):
            raise StrategyError(
                f"{request} at {s.engine.time[0]} ns: {name} is {getattr(request, name)!r}; allowed: True, False"
            )
    asked = {name: getattr(request, name) for name in TRIGGERS if getattr(request, name) is not None}
    asked = {name: _number(request, value, name, s) for name, value in asked.items()}
    where = f"{request} at {s.engine.time[0]} ns"
    held = trigger_terms(s.terms, i, where, asked, post_only=request.post_only) if asked else {}
    kind = MARKET if request.price is None else LIMIT
    side = BUY if quantity > 0 else SELL
    tif = TIMES_IN_FORCE.index(request.time_in_force)
    row = ask(s, i, side, kind, tif, int(request.post_only), ticks, lots)
    s.actions.resize[row] = int(request.resize)
    s.actions.reduce_only[row] = int(request.reduce_only)
    for column, value in held.items():
        getattr(s.actions, column)[row] = value
    _protect(s, i, row, request)


def _protect(s: EngineState, i: int, row: int, request: OrderRequest) -> None:
    """Ask for what protects an entry."""
    asked = {name: getattr(request, name) for name in PROTECTION if getattr(request, name) is not None}
    if not asked:
        return
    where = f"{request} at {s.engine.time[0]} ns"
    if request.reduce_only:
        raise StrategyError(f"{where} is reduce_only and has {next(iter(asked))}", "protect what opens a position")
    numbers = {name: _number(request, value, name, s) for name, value in asked.items()}
    ask_protection(s, row, *protection_terms(s.terms, i, where, numbers, request.protect_by))


def _number(request: OrderRequest, value: Any, what: str, s: EngineState) -> float:
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        return float(value)
    raise StrategyError(
        f"{request} at {s.engine.time[0]} ns: {what} is {value!r}; it must be a number",
        f"float({value!r})" if isinstance(value, str) else None,
    )
