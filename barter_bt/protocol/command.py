"""What a user tells the engine, and what the engine tells the exchanges."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from barter_bt.protocol.amend import OrderRequestAmend
from barter_bt.protocol.keys import ExchangeKey, InstrumentKey, Underlying
from barter_bt.protocol.margin import MarginRequest
from barter_bt.protocol.order import OrderRequestCancel, OrderRequestOpen
from barter_bt.protocol.shape import OneOrMany, Tag, Variant


class NoFilter(Variant, frozen=True):
    """All instruments.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(NoFilter())
    '"None"'
    """

    TAG = "None"


class Exchanges(Variant, frozen=True):
    """The instruments of some exchanges.

    Parameters
    ----------
    exchanges
        One, or a tuple.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Exchanges("binance_spot"))
    '{"Exchanges":{"One":"binance_spot"}}'
    """

    exchanges: OneOrMany[ExchangeKey]


class Instruments(Variant, frozen=True):
    """Some instruments.

    Parameters
    ----------
    instruments
        One, or a tuple.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Instruments((1, 2)))
    '{"Instruments":{"Many":[1,2]}}'
    """

    instruments: OneOrMany[InstrumentKey]


class Underlyings(Variant, frozen=True):
    """The instruments on some pairs of assets.

    Parameters
    ----------
    underlyings
        One, or a tuple.

    Examples
    --------
    >>> Underlyings(Underlying("btc", "usdt")).underlyings
    Underlying(base='btc', quote='usdt')
    """

    underlyings: OneOrMany[Underlying]


InstrumentFilter: TypeAlias = NoFilter | Exchanges | Instruments | Underlyings
"""Which instruments a command is about."""


class SendCancelRequests(Variant, frozen=True):
    """Send these requests to cancel.

    Parameters
    ----------
    requests
        One, or a tuple.

    Examples
    --------
    >>> SendCancelRequests(()).requests
    ()
    """

    requests: OneOrMany[OrderRequestCancel]


class SendOpenRequests(Variant, frozen=True):
    """Send these requests to open.

    Parameters
    ----------
    requests
        One, or a tuple.

    Examples
    --------
    >>> SendOpenRequests(()).requests
    ()
    """

    requests: OneOrMany[OrderRequestOpen]


class SendAmendRequests(Variant, frozen=True):
    """Send these requests to amend, which Barter does not have.

    Parameters
    ----------
    requests
        One, or a tuple.

    Examples
    --------
    >>> SendAmendRequests(()).requests
    ()
    """

    requests: OneOrMany[OrderRequestAmend]


class SendMarginRequests(Variant, frozen=True):
    """Send these requests to move margin; Barter has none. Each is moved as far as it goes.

    Parameters
    ----------
    requests
        One, or a tuple.

    Examples
    --------
    >>> SendMarginRequests(()).requests
    ()
    """

    requests: OneOrMany[MarginRequest]


class ClosePositions(Variant, frozen=True):
    """Close the positions in some instruments.

    Parameters
    ----------
    filter
        In which.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(ClosePositions(NoFilter()))
    '{"ClosePositions":"None"}'
    """

    filter: InstrumentFilter


class CancelOrders(Variant, frozen=True):
    """Cancel the orders in some instruments.

    Parameters
    ----------
    filter
        In which.

    Examples
    --------
    >>> CancelOrders(Instruments(0)).filter.instruments
    0
    """

    filter: InstrumentFilter


CommandKind: TypeAlias = (
    SendCancelRequests | SendOpenRequests | SendAmendRequests | SendMarginRequests | ClosePositions | CancelOrders
)
"""What a user can tell the engine."""


class ExecutionShutdown(Variant, frozen=True):
    """No more requests will come.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(ExecutionShutdown())
    '"Shutdown"'
    """

    TAG = "Shutdown"


ExecutionRequest: TypeAlias = (
    ExecutionShutdown
    | Annotated[OrderRequestCancel, Tag("Cancel")]
    | Annotated[OrderRequestAmend, Tag("Amend")]
    | Annotated[MarginRequest, Tag("Margin")]
    | Annotated[OrderRequestOpen, Tag("Open")]
)
"""What the engine tells an exchange's link."""
