"""The strategy of both hosts: it takes drawn decisions in a backtest, and asks for the same in the event engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.engine.action.transfer import NO_OBJECTION, objection_to_transfer, units_of_margin
from barter_bt.engine.event import CLOSE_POSITIONS, DISCONNECT, TRADING_DISABLED
from barter_bt.engine.order import CANCEL_IN_FLIGHT
from barter_bt.engine.state.tables import EngineState
from barter_bt.system import Engine, Strategy, close_with_market_orders
from barter_bt.testing.scenario.plain import Plain

WOKEN = 0  # in place of a hook


@dataclass(frozen=True, repr=False)
class Decision(Plain):
    """What a strategy wants at one wake-up.

    ``cancels`` count through its orders that can be cancelled, from the first instrument's oldest on, round and round:
    so they mean something in every run. ``margins`` are instruments and amounts; what there is not is not asked for.
    ``trading`` enables or disables it.
    """

    cancels: tuple[int, ...] = ()
    opens: tuple[bt.OrderRequest, ...] = ()
    trading: bool | None = None
    margins: tuple[tuple[str, float], ...] = ()

    @property
    def asked(self) -> list[bt.MarginRequest | bt.OrderRequest]:
        """What is asked for besides cancels."""
        return [*(bt.MarginRequest(*one) for one in self.margins), *self.opens]


def can_move(s: EngineState, i: int, units: int) -> bool:
    """Whether a strategy can ask for so many units of margin (rule 104)."""
    return objection_to_transfer(s, i, units) == NO_OBJECTION


class Decides:
    """Takes one decision after another, a wake-up or hook each, and remembers what it asked for.

    Between two events of one report it decides only if ``amid``.
    """

    wake = ("every_event", "bar_close", "timer:3s")

    def __init__(self, decisions: Iterable[Decision], amid: bool = False) -> None:
        self.decisions, self.amid = iter(decisions), amid
        self.asked: dict[tuple[int, int], Decision] = {}  # cancels by number

    def generate_algo_orders(self, state: Any) -> Any:
        return self.decide(state, WOKEN) if self.amid or state.raw.engine.part[0] == 0 else None

    def on_disconnect(self, state: Any) -> Any:
        return self.decide(state, DISCONNECT)

    def on_trading_disabled(self, state: Any) -> Any:
        return self.decide(state, TRADING_DISABLED)

    def decide(self, state: Any, hook: int) -> Any:
        decision, raw = next(self.decisions, Decision()), state.raw
        orders = [order for i in range(len(raw.instruments)) for order in state.open_orders(i)]
        orders = [order for order in orders if raw.orders.status[order] != CANCEL_IN_FLIGHT]
        cancels = tuple(dict.fromkeys(orders[k % len(orders)] for k in decision.cancels if orders))
        margins = tuple(
            (name, amount)
            for name, amount in decision.margins
            if can_move(raw, state.index(name), units_of_margin(raw, state.index(name), amount))
        )
        decision = replace(decision, cancels=cancels, margins=margins)
        self.asked[raw.engine.sequence[0] - 1, hook] = decision
        if decision.trading is not None:
            state.set_trading(decision.trading)
        return cancels, decision.asked


class Closing(Decides):
    """It also says how positions are closed."""

    def close_positions(self, state: Any) -> Any:
        return self.decide(state, CLOSE_POSITIONS)


class Asks(Protocol):
    """What was asked for at the present event of a backtest."""

    strategy: str

    def requests(self, hook: int) -> Any:
        """Cancels and opens."""

    def decision(self, hook: int) -> Decision | None:
        """What they came of, if the strategy was asked."""

    def named(self, one: bp.OrderRequestOpen) -> bp.OrderRequestOpen:
        """With a client id that is not used yet."""


class Replayed(Strategy):
    """Asks for what was asked for at the same event of the backtest."""

    def __init__(self, asks: Asks) -> None:
        self.asks, self.id = asks, asks.strategy

    def generate_algo_orders(self, engine: Engine) -> Any:
        return self._again(engine, WOKEN)

    def close_positions(self, engine: Engine, instruments: Sequence[int]) -> Any:
        if self.asks.decision(CLOSE_POSITIONS):
            return self._again(engine, CLOSE_POSITIONS)
        _, opens = close_with_market_orders(engine, instruments, self.id)
        return (), [self.asks.named(one) for one in opens]

    def on_disconnect(self, engine: Engine, exchange: str) -> Any:
        return engine.send(*self._again(engine, DISCONNECT))

    def on_trading_disabled(self, engine: Engine) -> Any:
        return engine.send(*self._again(engine, TRADING_DISABLED))

    def _again(self, engine: Engine, hook: int) -> Any:
        decision, states = self.asks.decision(hook), (bp.TradingState.DISABLED, bp.TradingState.ENABLED)
        if decision and decision.trading is not None:
            engine.set_trading(states[decision.trading])
        return self.asks.requests(hook)
