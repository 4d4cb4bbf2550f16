"""Strategies in plain Python with Barter's interface: ``generate_algo_orders(state) -> (cancels, opens)``."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from barter_bt.engine.action.send import ask_cancel
from barter_bt.engine.event import CLOSE_POSITIONS, DISCONNECT, ON_EVENT, SENT, TRADING_DISABLED, WAKE
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import PYTHON, may_decide
from barter_bt.strategy.columns import column_numbers
from barter_bt.strategy.driver import Driver, Market, candle_history, wake_bits, without_candles
from barter_bt.strategy.request import Request, answer, ask_for_requests, is_nothing
from barter_bt.strategy.view import State

HOOKS = {
    DISCONNECT: "on_disconnect",
    TRADING_DISABLED: "on_trading_disabled",
    CLOSE_POSITIONS: "close_positions",
    ON_EVENT: "on_event",
}


class AlgoStrategy(Protocol):
    """Barter's interface.

    Its attributes ``wake``, ``candle_history`` and ``data_columns`` say what wakes it and what is kept for it; they are
    explained with :class:`~barter_bt.strategy.Compiled`, and what is missing has its default.

    It may also have ``on_disconnect(state)``, ``on_trading_disabled(state)`` and ``close_positions(state)``: each
    returns cancels and opens likewise, which bypass the risk check; and ``on_event(state)``, which is told of every
    event, also while trading is disabled, and returns nothing (see :class:`~barter_bt.strategy.Hooks`).
    """

    def generate_algo_orders(self, state: State) -> tuple[Iterable[int], Iterable[Request]]:
        """Orders to cancel, by number, and orders to open or to amend, or margin to move."""
        ...


def _wake_python(s: EngineState, my: Any) -> int:
    return PYTHON


@dataclass(frozen=True)
class Python:
    """Drives an :class:`AlgoStrategy`; :func:`~barter_bt.backtest.backtest` wraps plain objects in it.

    Parameters
    ----------
    strategy
        The object; its attribute ``wake`` (default ``"every_event"``) says what wakes it, ``candle_history`` (default
        0) how many of the last candles of each instrument are kept for :meth:`State.candles`, ``data_columns`` which
        columns of the data beside those of the market :meth:`State.column` reads.
    name
        Its strategy id in the tables.
    """

    strategy: AlgoStrategy
    name: str = "python"

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        bits, timer_ns = wake_bits(getattr(self.strategy, "wake", "every_event"))
        history = candle_history(getattr(self.strategy, "candle_history", 0))
        columns = column_numbers(market.streams, getattr(self.strategy, "data_columns", ()), market.told)
        generate, index = self.strategy.generate_algo_orders, market.index
        hooks = {bit: getattr(self.strategy, name) for bit, name in HOOKS.items() if hasattr(self.strategy, name)}
        observe = hooks.get(ON_EVENT)
        seen: Any = None  # the state of this run, and what a strategy is shown of it
        shown: Any = None
        nothing: Any = None  # the last answer that wanted nothing, and cannot become another

        def decide(raw: EngineState) -> None:
            nonlocal seen, shown, nothing
            if raw is not seen:
                seen, shown = raw, State(raw, index, columns)
            if hooks:
                kind = raw.event.kind[0]
                if observe and kind not in hooks:
                    observe(shown)
                    if not (kind & bits and may_decide(raw)):
                        return
                asked = hooks.get(kind, generate)(shown)
            else:
                asked = generate(shown)
            if asked is nothing:
                return
            if not is_nothing(asked):
                cancels, opens = answer(asked)
                for order in cancels:
                    ask_cancel(raw, order)
                ask_for_requests(raw, index, opens)
            elif asked is not None and type(asked[0]) is type(asked[1]) is tuple:
                nothing = asked

        return Driver(
            wake=_wake_python,
            asked=bits | WAKE["every_event"] | SENT if ON_EVENT in hooks else bits,
            hooks=sum(hooks),
            timer_ns=timer_ns,
            history=history,
            columns=tuple(columns),
            warnings=partial(without_candles, history, market),
            decide=decide,
            save=lambda: pickle.dumps(vars(self.strategy)),
            load=lambda memory: vars(self.strategy).update(pickle.loads(memory)),
        )
