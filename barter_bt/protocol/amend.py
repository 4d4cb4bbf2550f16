"""Requests to amend orders, and the answers. Barter has none; these have the shape of its cancels."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from barter_bt.protocol.conditions import FromPrice
from barter_bt.protocol.order import OrderKey
from barter_bt.protocol.refusal import OrderError
from barter_bt.protocol.shape import Struct, Tag
from barter_bt.protocol.time import Time


class RequestAmend(Struct, frozen=True):
    """What an order shall be; what is None stays as it is.

    Parameters
    ----------
    id
        The exchange's id, if it is known yet.
    price
        Of a limit order.
    quantity
        Of the whole order, filled or not.
    trigger
        Price at which an order is triggered.
    trailing
        How far behind the market a trailing stop follows it.
    activation
        The price that must be reached before it does (rule 103).

    Examples
    --------
    >>> RequestAmend(price=Decimal("99.5")).quantity is None
    True
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("trigger", "trailing", "activation")

    id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    trigger: Decimal | None = None
    trailing: FromPrice | None = None
    activation: Decimal | None = None


class OrderRequestAmend(Struct, frozen=True):
    """A request to amend an order.

    Parameters
    ----------
    key, state
        The order, and what it shall be.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(OrderRequestAmend(OrderKey(0, 0, "s", "1"), RequestAmend(price=Decimal(9))).state)
    '{"id":null,"price":"9","quantity":null}'
    """

    key: OrderKey
    state: RequestAmend


class Amended(Struct, frozen=True):
    """The order was amended.

    Parameters
    ----------
    id
        The exchange's id.
    time_exchange
        Nanoseconds since 1970 at the exchange's clock.
    price, quantity
        What it is now.
    trigger
        Price at which it is triggered now, if that is known and there is one.
    unasked
        Whether the exchange has changed it by itself, as it does when an entry is filled; no amend is answered.
    activation
        Of one that has changed by itself, the price at which it begins to trail, if that has become one.

    Examples
    --------
    >>> Amended("77", 0, Decimal(9), Decimal(2)).quantity
    Decimal('2')
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("trigger", "unasked", "activation")

    id: str
    time_exchange: Time
    price: Decimal
    quantity: Decimal
    trigger: Decimal | None = None
    unasked: bool = False
    activation: Decimal | None = None


class OrderResponseAmend(Struct, frozen=True):
    """The answer to a request to amend.

    Parameters
    ----------
    key
        The order.
    state
        What it is now, or why it is as it was.

    Examples
    --------
    >>> from barter_bt.protocol import OrderAlreadyFullyFilled, to_dict
    >>> to_dict(OrderResponseAmend(OrderKey(0, 0, "s", "1"), OrderAlreadyFullyFilled()))["state"]
    {'Err': {'Rejected': 'OrderAlreadyFullyFilled'}}
    """

    key: OrderKey
    state: Annotated[Amended, Tag("Ok")] | Annotated[OrderError, Tag("Err")]
