"""What the engine processes: everything that comes in is one of these."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Generic, TypeAlias, TypeVar

from barter_bt.protocol.account import AccountEvent
from barter_bt.protocol.command import CommandKind
from barter_bt.protocol.keys import ExchangeId
from barter_bt.protocol.market import MarketEvent
from barter_bt.protocol.shape import Marker, Tag, Variant
from barter_bt.protocol.stream_error import StreamError

T = TypeVar("T")


class TradingState(StrEnum):
    """Whether the strategy is asked.

    Examples
    --------
    >>> TradingState("Enabled")
    <TradingState.ENABLED: 'Enabled'>
    """

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class Item(Variant, Generic[T], frozen=True):
    """Something that came over a link.

    Parameters
    ----------
    value
        What came.

    Examples
    --------
    >>> Item("an event").value
    'an event'
    """

    value: T


class Reconnecting(Variant, frozen=True):
    """A link was lost and is being built anew.

    Parameters
    ----------
    exchange
        To which exchange.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Reconnecting("binance_spot"))
    '{"Reconnecting":"binance_spot"}'
    """

    exchange: ExchangeId


AccountStreamEvent: TypeAlias = Item[AccountEvent] | Reconnecting
"""What comes over the link to an account."""
MarketStreamEvent: TypeAlias = Item[MarketEvent] | Reconnecting
"""What comes over the link to a market."""
MarketResult: TypeAlias = Annotated[MarketEvent, Tag("Ok")] | Annotated[StreamError, Tag("Err")]
"""A market event, or the error in its place."""
MarketStreamResult: TypeAlias = Item[MarketResult] | Reconnecting
"""What recorded market data holds."""


class Shutdown(Marker, frozen=True):
    """The engine stops.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Shutdown())
    '{"Shutdown":null}'
    """


class Command(Variant, frozen=True):
    """A user's command.

    Parameters
    ----------
    kind
        What to do.

    Examples
    --------
    >>> from barter_bt.protocol import CancelOrders, NoFilter, to_json
    >>> to_json(Command(CancelOrders(NoFilter())))
    '{"Command":{"CancelOrders":"None"}}'
    """

    kind: CommandKind


class TradingStateUpdate(Variant, frozen=True):
    """The strategy is asked from now on, or no more.

    Parameters
    ----------
    state
        Which.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(TradingStateUpdate(TradingState.ENABLED))
    '{"TradingStateUpdate":"Enabled"}'
    """

    state: TradingState


class Account(Variant, frozen=True):
    """Something of an account.

    Parameters
    ----------
    event
        An item, or the loss of the link.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Account(Reconnecting("mock")))
    '{"Account":{"Reconnecting":"mock"}}'
    """

    event: AccountStreamEvent


class Market(Variant, frozen=True):
    """Something of a market.

    Parameters
    ----------
    event
        An item, or the loss of the link.

    Examples
    --------
    >>> from barter_bt.protocol import from_json
    >>> from_json(EngineEvent, '{"Market":{"Reconnecting":"okx"}}')
    Market(event=Reconnecting(exchange='okx'))
    """

    event: MarketStreamEvent


EngineEvent: TypeAlias = Shutdown | Command | TradingStateUpdate | Account | Market
"""What the engine processes."""
