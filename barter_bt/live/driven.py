"""A strategy of backtests on the event engine: the same object decides live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from barter_bt.backtest.asked import strategy_of
from barter_bt.engine.action.send import NO_ORDER
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.amend import is_amend, order_of_amend
from barter_bt.engine.event import CLOSE_POSITIONS, DISCONNECT, ON_EVENT, SENT, TRADING_DISABLED
from barter_bt.engine.order import (
    ASKED_TIMES,
    BUY,
    DAY,
    EXERCISE,
    FOK,
    NO_GROUP,
    NO_PARENT,
    NO_TIME,
    NO_TRIGGER,
)
from barter_bt.engine.wake import SLEEP, may_decide
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.protocol import (
    Account,
    AccountSnapshot,
    GoodUntilEndOfDay,
    Item,
    OrderKey,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    RequestAmend,
    RequestCancel,
    RequestOpen,
    Side,
)
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.group import StrategyGroup
from barter_bt.system import Engine, Sent, Strategy, close_with_market_orders
from barter_bt.system.book import decode

_LIVE = "signals and schedules are for backtests; live a strategy is written in Python, or compiled"
Asked: TypeAlias = tuple[list[OrderRequestCancel], list[OrderRequestOpen | OrderRequestAmend]]


class Driven(Strategy):
    """Lets a :class:`~barter_bt.strategy.Compiled` strategy or one in Python decide, as in a backtest.

    It is woken by what it asked to be woken by, sees the same state, and its orders go by client ids that count its
    engine's orders, behind ``prefix``. A compiled strategy runs interpreted.

    Parameters
    ----------
    strategy
        The strategy.
    prefix
        Of client ids: another in each session of one account, so that none is used twice.

    Raises
    ------
    ConfigError
        It is several strategies.

    Notes
    -----
    What Barter's requests have no terms for is an error where it is asked for: triggers, protection, groups, times,
    exercise. A target (``resize=True``) is sent as it is: an exchange rejects what cannot be paid, and cuts nothing.
    """

    def __init__(self, strategy: Any, prefix: str = "") -> None:
        if isinstance(strategy, StrategyGroup | list | tuple):
            raise ConfigError("a live system has one strategy", "let one object ask the others")
        self._strategy = strategy_of(strategy)
        self.id = str(self._strategy.name)
        self._prefix = prefix
        self._driver: Driver | None = None
        self._is_snapshot = False
        self._next = 0  # in place of an order's number, which is known when it is sent

    def prepare(self, engine: Engine) -> Driver:
        """Make the driver of one engine, before its first event.

        Raises
        ------
        StrategyError
            Its decisions are computed before a run, as those of signals and schedules.
        """
        reporting = engine.state.engine.reporting[0]
        try:
            driver: Driver = self._strategy.prepare(Market(engine.index, engine.units.scales, (), reporting, ()))
        except BarterBtError as error:
            raise StrategyError(f"{self.id!r} cannot be prepared without data: {error.message}", _LIVE) from error
        if driver.decide is None and driver.wake is None:
            raise StrategyError(f"{self.id!r} is computed before a run, and live there is no data yet", _LIVE)
        self._driver = driver
        return driver

    @property
    def driver(self) -> Driver:
        """That of the engine.

        Raises
        ------
        StrategyError
            :meth:`prepare` has not been called.
        """
        if self._driver is None:
            raise StrategyError(f"{self.id!r} is not prepared", "prepare(engine) before the first event")
        return self._driver

    # What the engine asks

    def generate_algo_orders(self, engine: Engine) -> Any:
        """What it wants at the present event."""
        return self._decide(engine) if self._is_asked(engine) else ((), ())

    def close_positions(self, engine: Engine, instruments: Sequence[int]) -> Any:
        """What closes positions: its own way if it has one, else market orders."""
        if self.driver.hooks & CLOSE_POSITIONS:
            chosen = engine.state.instruments.chosen
            for i in range(len(engine.index)):
                chosen[i] = int(i in instruments)
            return self._on(engine, CLOSE_POSITIONS)
        prefix = f"{self._prefix}close-{engine.state.engine.sequence[0]}-"
        return close_with_market_orders(engine, instruments, self.id, prefix)

    def on_disconnect(self, engine: Engine, exchange: str) -> Any:
        """Its hook, if it has one."""
        if self.driver.hooks & DISCONNECT:
            engine.state.event.exchange[0] = engine.index.exchange(exchange)
            return engine.send(*self._on(engine, DISCONNECT))
        return None

    def on_trading_disabled(self, engine: Engine) -> Any:
        """Its hook, if it has one."""
        if self.driver.hooks & TRADING_DISABLED:
            return engine.send(*self._on(engine, TRADING_DISABLED))
        return None

    def on_event(self, engine: Engine, what: Any) -> None:
        """Let it observe; where it is asked at once, it observes then."""
        self._is_snapshot = _is_snapshot(what)
        if not self.driver.hooks & ON_EVENT:
            return
        if isinstance(what, Sent):
            self._on(engine, SENT)
        elif not may_decide(engine.state) or not self._is_asked(engine):
            self._decide(engine)

    # Asking it

    def _is_asked(self, engine: Engine) -> bool:
        """Whether it is woken by the present event; by an account as a whole nothing is (rule 12)."""
        return bool(engine.state.event.kind[0] & self.driver.asked) and not self._is_snapshot

    def _on(self, engine: Engine, kind: int) -> Asked:
        event, was = engine.state.event, engine.state.event.kind[0]
        event.kind[0] = kind
        try:
            return self._decide(engine)
        finally:
            event.kind[0] = was

    def _decide(self, engine: Engine) -> Asked:
        s, driver = engine.state, self.driver
        s.engine.strategy[0] = 0
        if driver.decide is not None:
            driver.decide(s)
        elif driver.wake is not None and driver.wake(s, driver.my) != SLEEP:
            raise StrategyError(f"{self.id!r} asked for what cannot be, fault {s.fault.code[0]}")
        try:
            return self._requests(engine)
        finally:
            s.actions.truncate(0)
            s.engine.amends_asked[0] = 0

    def _requests(self, engine: Engine) -> Asked:
        a = engine.state.actions
        cancels: list[OrderRequestCancel] = []
        opens: list[OrderRequestOpen | OrderRequestAmend] = []
        self._next = max(self._next, len(engine.state.orders))
        for row in range(len(a)):
            if a.order[row] >= 0:
                cancels.append(OrderRequestCancel(engine.key_of(a.order[row]), RequestCancel()))
            elif is_amend(engine.state, row):
                opens.append(self._amend(engine, row))
            elif a.order[row] == NO_ORDER:
                opens.append(self._open(engine, row, self._next))
                self._next += 1
        return cancels, opens

    def _amend(self, engine: Engine, row: int) -> OrderRequestAmend:
        a, i, units = engine.state.actions, engine.state.actions.instrument[row], engine.units
        if a.trigger[row] or a.trail[row] or a.trail_rate[row]:
            raise StrategyError("an amend of a trigger cannot be sent: Barter's requests have none")
        price = units.price(i, a.price[row]) if a.price[row] else None
        quantity = units.quantity(i, a.quantity[row]) if a.quantity[row] else None
        key = engine.key_of(order_of_amend(engine.state, row))
        return OrderRequestAmend(key, RequestAmend(price=price, quantity=quantity))

    def _open(self, engine: Engine, row: int, number: int) -> OrderRequestOpen:
        a, i, units = engine.state.actions, engine.state.actions.instrument[row], engine.units
        _refuse_terms(engine, row)
        if a.time_in_force[row] == DAY:
            kind, tif = decode(a.kind[row], 0, a.post_only[row])[0], GoodUntilEndOfDay()
        else:
            kind, tif = decode(a.kind[row], a.time_in_force[row], a.post_only[row])  # type: ignore[assignment]
        side = Side.BUY if a.side[row] == BUY else Side.SELL
        terms = RequestOpen(side, units.price(i, a.price[row]), units.quantity(i, a.quantity[row]), kind, tif)
        key = OrderKey(engine.exchange_of(i), i, self.id, f"{self._prefix}{number}")
        return OrderRequestOpen(key, terms)


def _is_snapshot(what: Any) -> bool:
    is_item = isinstance(what, Account) and isinstance(what.event, Item)
    return is_item and isinstance(what.event.value.kind, AccountSnapshot)


_UNTOLD: tuple[tuple[str, Callable[[Any, int], bool]], ...] = (
    ("a trigger", lambda a, row: a.trigger_kind[row] != NO_TRIGGER),
    ("protection", lambda a, row: a.parent[row] != NO_PARENT),
    ("a group", lambda a, row: a.group[row] != NO_GROUP),
    ("a time", lambda a, row: a.good_till[row] != NEVER or a.good_after[row] != NO_TIME),
    ("a choice of candle_fill", lambda a, row: a.candle_fill[row] != 0),
    ("reduce_only", lambda a, row: a.reduce_only[row] != 0),
    ("an exercise", lambda a, row: a.kind[row] == EXERCISE),
)


def _refuse_terms(engine: Engine, row: int) -> None:
    a = engine.state.actions
    told = [what for what, is_there in _UNTOLD if is_there(a, row)]
    if FOK < a.time_in_force[row] != DAY:
        told.append(ASKED_TIMES[a.time_in_force[row]])
    if told:
        name = engine.index.names[a.instrument[row]]
        raise StrategyError(
            f"an order of {name!r} at {engine.state.engine.time[0]} ns has {' and '.join(told)}, which a live order "
            "cannot have yet: Barter's requests have no terms for it",
            "watch the price in the strategy, and send a market or a limit order",
        )
