"""How an order is priced and how long it stands."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from barter_bt.protocol.shape import Named, Variant


class OrderKind(StrEnum):
    """How an order is priced.

    Examples
    --------
    >>> OrderKind("Limit")
    <OrderKind.LIMIT: 'Limit'>
    """

    MARKET = "Market"
    LIMIT = "Limit"


class GoodUntilCancelled(Named, frozen=True):
    """The order stands until it is cancelled.

    Parameters
    ----------
    post_only
        Refuse it rather than let it take.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(GoodUntilCancelled(post_only=True))
    '{"GoodUntilCancelled":{"post_only":true}}'
    """

    post_only: bool


class GoodUntilEndOfDay(Variant, frozen=True):
    """The order stands until the day ends.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(GoodUntilEndOfDay())
    '"GoodUntilEndOfDay"'
    """


class FillOrKill(Variant, frozen=True):
    """The order fills whole and at once, or not at all.

    Examples
    --------
    >>> FillOrKill() == FillOrKill()
    True
    """


class ImmediateOrCancel(Variant, frozen=True):
    """The order fills at once as far as it can; the rest is cancelled.

    Examples
    --------
    >>> ImmediateOrCancel()
    ImmediateOrCancel()
    """


TimeInForce: TypeAlias = GoodUntilCancelled | GoodUntilEndOfDay | FillOrKill | ImmediateOrCancel
"""How long an order stands."""
