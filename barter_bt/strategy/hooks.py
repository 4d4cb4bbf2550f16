"""What a strategy does when a link is lost, when trading is disabled, and when its positions are to be closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from barter_bt.engine.event import CLOSE_POSITIONS, DISCONNECT, ON_EVENT, SENT, TRADING_DISABLED, WAKE
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import may_decide
from barter_bt.errors import StrategyError
from barter_bt.strategy.api import cancel_all, close_position

Hook = Callable[[EngineState, Any], None]


def cancel_all_orders(s: EngineState, my: Any) -> None:
    """Hook: ask to cancel every live order."""
    for i in range(len(s.instruments)):
        cancel_all(s, i)


def close_all_positions(s: EngineState, my: Any) -> None:
    """Hook: ask to cancel every live order and to close every position that has a price."""
    for i in range(len(s.instruments)):
        cancel_all(s, i)
        close_position(s, i)


def _nothing(s: EngineState, my: Any) -> None:
    return


def _on_views(hook: Hook) -> Hook:
    """A strategy sees the engine's tables and cannot write them; its own it can."""

    def called(s: EngineState, my: Any) -> None:
        hook(s.read_only, my.checked)

    return called


def _observed(on_event: Hook, generate: Hook, bits: int) -> Hook:
    def observed(s: EngineState, my: Any) -> None:
        on_event(s, my)
        s.actions.truncate(0)
        if s.event.kind[0] & bits and may_decide(s):
            generate(s, my)

    return observed


@dataclass(frozen=True)
class Hooks:
    """Functions ``(s, my)`` that the engine calls whether or not trading is enabled.

    What they ask for is sent without the risk check (rule 22).

    Parameters
    ----------
    on_disconnect
        A market or account link was lost: ``s.event.exchange`` says of which exchange.
    on_trading_disabled
        Trading, which was enabled, is now disabled.
    on_event
        Every event, also while trading is disabled, before the strategy is asked; and (``s.event.kind`` is ``SENT``)
        what was sent: the orders since the last time are new rows of ``s.orders``. For data of its own, in ``my``;
        it cannot send.
    close_positions
        The command to close positions, in place of an opposite market order for each: the instruments that it
        concerns have ``s.instruments.chosen[i] == 1``.

    Examples
    --------
    >>> Hooks(on_disconnect=cancel_all_orders).bits == DISCONNECT
    True
    """

    on_disconnect: Hook | None = None
    on_trading_disabled: Hook | None = None
    close_positions: Hook | None = None
    on_event: Hook | None = None

    def __post_init__(self) -> None:
        for name in ("on_disconnect", "on_trading_disabled", "close_positions", "on_event"):
            hook = getattr(self, name)
            if hook is not None and not isinstance(hook, FunctionType):
                raise StrategyError(f"{name} is {hook!r}; it must be a plain function of the state and its own tables")

    @property
    def bits(self) -> int:
        """One bit for each hook that is given."""
        given = (
            (self.on_disconnect, DISCONNECT),
            (self.on_trading_disabled, TRADING_DISABLED),
            (self.close_positions, CLOSE_POSITIONS),
            (self.on_event, ON_EVENT),
        )
        return sum(bit for hook, bit in given if hook)

    def asked(self, bits: int) -> int:
        """The events to be woken by: those that ``generate`` asked for, or all."""
        return bits | WAKE["every_event"] | SENT if self.on_event else bits

    def wake(self, generate: Hook | None, bits: int = 0) -> Callable[[EngineState, Any], int] | None:
        """The kernel that calls the hooks, or ``generate`` for the events ``bits``; None if nothing is to be called.

        It returns ``SLEEP``, or the fault that it caused: then the loop returns at once, and nothing is sent.
        """
        if generate is None and not self.bits:
            return None
        otherwise = _on_views(generate or _nothing)
        if not self.bits:

            def wake(s: EngineState, my: Any) -> int:
                otherwise(s, my)
                return s.fault.code[0]

            return wake
        disconnect = _on_views(self.on_disconnect or _nothing)
        disabled = _on_views(self.on_trading_disabled or _nothing)
        close = _on_views(self.close_positions or _nothing)
        if self.on_event:
            otherwise = _observed(_on_views(self.on_event), otherwise, bits)

        def wake_or_hook(s: EngineState, my: Any) -> int:
            kind = s.event.kind[0]
            if kind == DISCONNECT:
                disconnect(s, my)
            elif kind == TRADING_DISABLED:
                disabled(s, my)
            elif kind == CLOSE_POSITIONS:
                close(s, my)
            else:
                otherwise(s, my)
            return s.fault.code[0]

        return wake_or_hook
