"""A strategy of backtests on the event engine: the same object decides live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from barter_bt.backtest.asked import strategy_of
from barter_bt.engine.event import CLOSE_POSITIONS, DISCONNECT, ON_EVENT, SENT, TRADING_DISABLED
from barter_bt.engine.wake import SLEEP, may_decide
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.protocol import Account, AccountSnapshot, Item
from barter_bt.strategy.compiled import Compiled
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.group import StrategyGroup
from barter_bt.strategy.python import Python
from barter_bt.system import Engine, Sent, Strategy, close_with_market_orders
from barter_bt.system.asked import Asked, requests_asked

_LIVE = "signals and schedules are for backtests; live a strategy is written in Python, or compiled"


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
    Triggers, protection, groups, times and the like go with a request as its conditions. An exchange to whose client
    they cannot be told is an error where they are asked for (``ExecutionClient.conditions``).
    """

    def __init__(self, strategy: Any, prefix: str = "") -> None:
        if isinstance(strategy, StrategyGroup | list | tuple):
            raise ConfigError("a live system has one strategy", "let one object ask the others")
        self._strategy = strategy_of(strategy)
        self.id = str(self._strategy.name)
        self.prefix = prefix
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
            driver: Driver = self._strategy.prepare(
                Market(engine.index, engine.units.scales, (), reporting, (), tuple(engine.data_columns))
            )
        except BarterBtError as error:
            hint = error.hint if isinstance(self._strategy, Compiled | Python) else _LIVE
            raise StrategyError(f"{self.id!r} cannot be prepared without data: {error.message}", hint) from error
        if driver.decide is None and driver.wake is None:
            raise StrategyError(f"{self.id!r} is computed before a run, and live there is no data yet", _LIVE)
        self._driver, engine.columns_read = driver, driver.columns
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
        prefix = f"{self.prefix}close-{engine.state.engine.sequence[0]}-"
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
            s.engine.amends_asked[0] = s.engine.margin_asked[0] = 0

    def _requests(self, engine: Engine) -> Asked:
        asked, self._next = requests_asked(engine, self.id, self.prefix, self._next)
        return asked


def _is_snapshot(what: Any) -> bool:
    is_item = isinstance(what, Account) and isinstance(what.event, Item)
    return is_item and isinstance(what.event.value.kind, AccountSnapshot)
