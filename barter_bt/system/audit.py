"""What the engine says of each event that it processed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from barter_bt.protocol import (
    CommandKind,
    EngineError,
    EngineEvent,
    MarginRequest,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    Side,
    UnrecoverableEngineError,
    is_unrecoverable,
)
from barter_bt.system.timer import Timer

OrderRequest: TypeAlias = OrderRequestCancel | OrderRequestAmend | OrderRequestOpen
Request: TypeAlias = OrderRequest | MarginRequest


@dataclass(frozen=True)
class Sent:
    """Requests that were sent, and those that could not be, each with its error."""

    sent: tuple[Request, ...] = ()
    errors: tuple[tuple[Request, EngineError], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sent or self.errors)

    def __add__(self, other: Sent) -> Sent:
        return Sent(self.sent + other.sent, self.errors + other.errors)

    @property
    def unrecoverable(self) -> tuple[UnrecoverableEngineError, ...]:
        """The errors that end a run."""
        return tuple(error for _, error in self.errors if is_unrecoverable(error))  # type: ignore[misc]


@dataclass(frozen=True)
class Refused:
    """A request that the risk manager refused, and why."""

    request: Request
    reason: str


@dataclass(frozen=True)
class AlgoOrders:
    """What the strategy asked for: sent, or refused by the risk manager.

    Among ``opens`` margin stands first,
    which is sent before cancels are, then amends.
    """

    cancels: Sent = Sent()
    opens: Sent = Sent()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Commanded:
    """What a command sent; it bypasses the risk manager."""

    command: CommandKind
    cancels: Sent = Sent()
    opens: Sent = Sent()


@dataclass(frozen=True)
class PositionExit:
    """A position that was closed; times in ns, ``trades`` are rows of the engine's journal of trades."""

    instrument: int
    side: Side
    price_entry_average: Decimal
    quantity_abs_max: Decimal
    pnl_realised: Decimal
    fees_enter: Decimal
    fees_exit: Decimal
    time_enter: int
    time_exit: int
    trades: tuple[int, int]


@dataclass(frozen=True)
class TradingDisabled:
    """Trading, which was enabled, was disabled; ``result`` is what the strategy's hook returned."""

    result: Any = None


@dataclass(frozen=True)
class MarketDisconnect:
    """The market link was lost."""

    exchange: str
    result: Any = None


@dataclass(frozen=True)
class AccountDisconnect:
    """The account link was lost."""

    exchange: str
    result: Any = None


@dataclass(frozen=True)
class Stopped:
    """A stop of the limits fired, for the reason that it gives; what it sent is past the risk manager."""

    reason: str
    cancels: Sent = Sent()
    opens: Sent = Sent()


Output: TypeAlias = (
    AlgoOrders | Commanded | PositionExit | Stopped | TradingDisabled | MarketDisconnect | AccountDisconnect
)


class Audit(msgspec.Struct, frozen=True):
    """One event and what came of it.

    Parameters
    ----------
    sequence
        Dense from 0.
    time
        The engine's clock after the event, ns since 1970.
    event
        What was processed; None where a mark fired a stop.
    outputs
        What the engine did, in order.
    errors
        Those that end the run; what was sent in spite of them stands in ``outputs``.
    """

    sequence: int
    time: int
    event: EngineEvent | Timer | None
    outputs: tuple[Output, ...] = ()
    errors: tuple[UnrecoverableEngineError, ...] = ()
