"""What a live system is made of besides its engine: sources of events, and clients of exchanges.

An adapter of an exchange is a :class:`Source` of its market, an :class:`ExecutionClient`, or both. What they promise:

- A source is asked for its next message only after the one before has been processed. It keeps what comes meanwhile,
  in order, and says if it has to drop any.
- Events bear the names or indices of the system's instruments, assets and exchanges, and times in ns since 1970 UTC.
  ``time_exchange`` is the exchange's clock, ``time_received`` that of the system's.
- A lost link is an event, ``Market(Reconnecting(exchange))`` or ``Account(Reconnecting(exchange))``, at once. The
  adapter builds the link anew by itself, waiting longer each time. The first item over it says that it is there again;
  of an account that is its snapshot.
- What one message of the exchange tells of an order (a trade, what it leaves of the order, balances) is one arrival.
- A request never waits. What becomes of it comes back as an account event: an ``Order`` with its state, or
  ``OpenFailed`` of an error; ``OrderResponseCancel``; ``OrderResponseAmend``. One that nobody has answered in time may
  have arrived all the same: it is ``Timeout``, or ``Socket`` where the connection failed, when the exchange has been
  asked, and says that it never had the order. :class:`~barter_bt.live.AsyncClient` does so.
- A query that failed raises; an empty answer means that there is nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from barter_bt.live.arrival import Arrival, MarkPrice
from barter_bt.protocol import (
    NO_CONDITIONS,
    AccountSnapshot,
    Conditions,
    EngineError,
    MarginRequest,
    Order,
    OrderKey,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
)

Request = OrderRequestOpen | OrderRequestCancel | OrderRequestAmend


@runtime_checkable
class Source(Protocol):
    """Where events come from: a market, an account, or both in the order in which they happened."""

    def arrivals(self) -> AsyncIterator[Arrival]:
        """One message after another; it ends when nothing more will come, as a replay does."""
        ...

    async def close(self) -> None:
        """Give connections back. It may be called twice, and before the first message."""
        ...


@runtime_checkable
class KeepsState(Protocol):
    """A source that ends with its program, as a simulated exchange does, and is kept beside a recording (rule 110)."""

    def save(self, directory: Path, arrivals: int, unheard: Sequence[Arrival]) -> None:
        """Write down how it is, unless it has ended.

        Parameters
        ----------
        directory
            Of the recording.
        arrivals
            How many messages that holds.
        unheard
            What it has told and the engine has not processed: to be told again.
        """
        ...

    def load(self, directory: Path, arrivals: int) -> None:
        """Be as it was.

        Raises
        ------
        ConfigError
            It was not written down behind that message, or what it is made from is not as it was.
        """
        ...


@runtime_checkable
class TakesMarks(Protocol):
    """A source whose mark prices a strategy may read: each is there once its arrival is processed, also in a replay."""

    def take_mark(self, instrument: str, mark: MarkPrice) -> None:
        """A mark price of an instrument."""
        ...


_NEED_NOT_BE_TOLD = ("resize", "triggered")


def untold_conditions(request: Request, known: Collection[str]) -> list[str]:
    """What a request says that a client which knows so many conditions cannot tell.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from barter_bt.protocol import Conditions, ImmediateOrCancel, OrderKind, RequestOpen, Side
    >>> only = Conditions(reduce_only=True, group="1")
    >>> terms = RequestOpen(Side.BUY, Decimal(1), Decimal(2), OrderKind.MARKET, ImmediateOrCancel(), only)
    >>> untold_conditions(OrderRequestOpen(OrderKey("x", "btc_usd", "s", "1"), terms), {"reduce_only"})
    ['group']
    """
    if isinstance(request, OrderRequestAmend):
        moved = any(getattr(request.state, name) is not None for name in ("trigger", "trailing", "activation"))
        return ["trigger"] if moved and "trigger" not in known else []
    given = request.state.conditions if isinstance(request, OrderRequestOpen) else None
    if given is None:
        return []
    named = [name for name in Conditions.OMITTED if getattr(given, name) != getattr(NO_CONDITIONS, name)]
    return [name for name in named if name not in known and name not in _NEED_NOT_BE_TOLD]


def untold_objection(request: Request, known: Collection[str] = ()) -> str | None:
    """Why a client that knows so many conditions cannot send a request, if it cannot: it may be called directly."""
    untold = untold_conditions(request, known)
    return f"this adapter cannot tell the exchange of {' and '.join(untold)}" if untold else None


@runtime_checkable
class ExecutionClient(Protocol):
    """What sends requests to one or more exchanges; answers come over the source of the account.

    Attributes
    ----------
    exchanges
        Names of the exchanges that it sends to.

    Notes
    -----
    A client that can tell its exchange of conditions of orders has ``conditions``, the names of the fields of
    :class:`~barter_bt.protocol.Conditions` that it can tell. An order with another is an error where it is asked for,
    before anything is sent. Only ``resize`` need not be told: it is a leave, which an exchange need not take.
    """

    exchanges: tuple[str, ...]

    def open(self, request: OrderRequestOpen) -> EngineError | None:
        """Send an order; returns why it could not even be sent, as when the link is down.

        The client's id of the key goes with it, and a second request with an id that is in use is refused: so sending
        again what may have arrived cannot double an order.
        """
        ...

    def cancel(self, request: OrderRequestCancel) -> EngineError | None:
        """Send a cancel."""
        ...

    def amend(self, request: OrderRequestAmend) -> EngineError | None:
        """Send an amend."""
        ...

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        """Ask for balances and open orders.

        Raises
        ------
        ConnectionFailed
            (:class:`barter_bt.errors.ConnectionFailed`)
            There is no answer. An account without orders is a snapshot without orders.
        """
        ...

    async def order_status(self, key: OrderKey) -> Order | None:
        """Ask for one order, by the client's id; None where the exchange says that it has never had it.

        Raises
        ------
        ConnectionFailed
            (:class:`barter_bt.errors.ConnectionFailed`)
            There is no answer.
        """
        ...

    async def close(self) -> None:
        """Give connections back. It may be called twice."""
        ...


@runtime_checkable
class MovesMargin(Protocol):
    """A client that can also move margin of isolated positions (rule 104); to ask another is an error."""

    def move_margin(self, request: MarginRequest) -> EngineError | None:
        """Send a request to move margin, of an amount that may be more than there is.

        The answer is a ``CashFlow`` of the kind ``Transfer``: how much was moved, 0 where nothing was.
        """
        ...
