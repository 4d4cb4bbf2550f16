"""What an event-by-event engine asks for, and of whom, whichever engine it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from barter_bt.protocol import (
    EngineEvent,
    ImmediateOrCancel,
    MarginRequest,
    OrderKey,
    OrderKind,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    RequestOpen,
    Side,
)
from barter_bt.system.audit import Sent
from barter_bt.system.timer import Timer
from barter_bt.system.view import View

AmongOpens: TypeAlias = OrderRequestOpen | OrderRequestAmend | MarginRequest
"""What is asked for among the opens."""
Requests: TypeAlias = tuple[Iterable[OrderRequestCancel], Iterable[AmongOpens]]
NOTHING: Requests = (), ()
"""What a strategy mostly asks for."""
Engine_contra = TypeVar("Engine_contra", bound=View, contravariant=True)


class Decider(Generic[Engine_contra]):
    """What an engine of a kind tells and asks: nothing is asked for, and positions are closed at the market."""

    id = "strategy"
    prefix = ""  # of the client ids of orders that a stop sends in its name

    def generate_algo_orders(self, engine: Engine_contra) -> Requests:
        """Cancels and opens, after each event while trading is enabled; the risk manager sees them.

        Amends (rule 33) are returned among the opens, and sent before them; so is margin (rule 104), which is sent
        before all else.
        """
        return NOTHING

    def close_positions(self, engine: Engine_contra, instruments: Sequence[int]) -> Requests:
        """Cancels and opens that close the positions in these instruments; they bypass the risk manager."""
        return close_with_market_orders(engine, instruments, self.id)

    def on_event(self, engine: Engine_contra, what: EngineEvent | Timer | Sent) -> None:
        """Told of every event, before the strategy is asked, and also while trading is disabled; and of what was sent.

        For data of its own, about instruments or all of them, which it keeps in attributes: Barter's instrument data
        and global data. It sends nothing.
        """

    def on_disconnect(self, engine: Engine_contra, exchange: str) -> Any:
        """A link was lost. It may act through the engine: send requests, change the trading state."""

    def on_trading_disabled(self, engine: Engine_contra) -> Any:
        """Trading, which was enabled, is disabled."""


def close_with_market_orders(engine: View, instruments: Sequence[int], strategy: str, prefix: str = "") -> Requests:
    """For each position with a price an opposite market order, immediate or cancel, for the whole quantity.

    The client's id is the instrument's index as text, behind the prefix.
    """
    opens = []
    for i in instruments:
        quantity, price = engine.position(i), engine.price(i)
        if quantity and price is not None:
            side = Side.SELL if quantity > 0 else Side.BUY
            terms = RequestOpen(side, price, abs(quantity), OrderKind.MARKET, ImmediateOrCancel())
            opens.append(OrderRequestOpen(OrderKey(engine.exchange_of(i), i, strategy, f"{prefix}{i}"), terms))
    return (), opens


def overrides(method: Callable[..., Any], default: Callable[..., Any]) -> bool:
    """Whether a strategy's method is not the one that does nothing, which need not be called."""
    return getattr(method, "__func__", method) is not default
