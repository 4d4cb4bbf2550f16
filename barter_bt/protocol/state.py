"""States that an order goes through."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from barter_bt.protocol.refusal import OrderError
from barter_bt.protocol.shape import Marker, Struct, Tag, Variant
from barter_bt.protocol.time import Time


class OpenInFlight(Marker, frozen=True):
    """The request to open is on its way.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(OpenInFlight(), OrderState)
    '{"Active":{"OpenInFlight":null}}'
    """


class Open(Struct, frozen=True):
    """The order stands at the exchange.

    Parameters
    ----------
    id
        The exchange's id.
    time_exchange
        Nanoseconds since 1970 at the exchange's clock.
    filled_quantity
        How much of it is filled.

    Examples
    --------
    >>> Open("77", 0, Decimal(0)).id
    '77'
    """

    id: str
    time_exchange: Time
    filled_quantity: Decimal


class CancelInFlight(Struct, frozen=True):
    """The request to cancel is on its way.

    Parameters
    ----------
    order
        The order as it stood, if it did.

    Examples
    --------
    >>> CancelInFlight()
    CancelInFlight(order=None)
    """

    order: Open | None = None


class Cancelled(Struct, frozen=True):
    """The order was cancelled.

    Parameters
    ----------
    id
        The exchange's id.
    time_exchange
        Nanoseconds since 1970 at the exchange's clock.

    Examples
    --------
    >>> Cancelled("77", 0).time_exchange
    0
    """

    id: str
    time_exchange: Time


class FullyFilled(Variant, frozen=True):
    """Nothing of the order remains.

    Examples
    --------
    >>> FullyFilled()
    FullyFilled()
    """


class OpenFailed(Variant, frozen=True):
    """The order never stood.

    Parameters
    ----------
    error
        Why.

    Examples
    --------
    >>> from barter_bt.protocol import RateLimit, to_json
    >>> to_json(OpenFailed(RateLimit()))
    '{"OpenFailed":{"Rejected":"RateLimit"}}'
    """

    error: OrderError


class Expired(Variant, frozen=True):
    """The order's time is over.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Expired(), OrderState)
    '{"Inactive":"Expired"}'
    """


ActiveOrderState: TypeAlias = OpenInFlight | Open | CancelInFlight
"""States of an order that is at work."""
InactiveOrderState: TypeAlias = Cancelled | FullyFilled | OpenFailed | Expired
"""States of an order that is done."""
OrderState: TypeAlias = Annotated[ActiveOrderState, Tag("Active")] | Annotated[InactiveOrderState, Tag("Inactive")]
"""States of an order."""
