"""Errors that stand in recorded market data in place of an event (``DataError`` in Barter)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from barter_bt.protocol.engine_error import IndexingError
from barter_bt.protocol.keys import ExchangeId
from barter_bt.protocol.refusal import Socket
from barter_bt.protocol.shape import Named, Tag, Variant


class SubKind(StrEnum):
    """What one can subscribe to.

    Examples
    --------
    >>> SubKind("OrderBooksL1")
    <SubKind.ORDER_BOOKS_L1: 'OrderBooksL1'>
    """

    PUBLIC_TRADES = "PublicTrades"
    ORDER_BOOKS_L1 = "OrderBooksL1"
    ORDER_BOOKS_L2 = "OrderBooksL2"
    ORDER_BOOKS_L3 = "OrderBooksL3"
    LIQUIDATIONS = "Liquidations"
    CANDLES = "Candles"


class SubscriptionsEmpty(Variant, frozen=True):
    """Nothing was subscribed to.

    Examples
    --------
    >>> SubscriptionsEmpty()
    SubscriptionsEmpty()
    """


class UnsupportedSubKind(Variant, frozen=True):
    """Data of a kind that cannot be had.

    Parameters
    ----------
    sub_kind
        Which.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(UnsupportedSubKind(SubKind.CANDLES))
    '{"UnsupportedSubKind":"Candles"}'
    """

    sub_kind: SubKind


class InitialSnapshotMissing(Variant, frozen=True):
    """The order book to start from did not come.

    Parameters
    ----------
    subscription
        For which subscription.

    Examples
    --------
    >>> InitialSnapshotMissing("@depth|BTCUSDT").subscription
    '@depth|BTCUSDT'
    """

    subscription: str


class InitialSnapshotInvalid(Variant, frozen=True):
    """The order book to start from cannot be used.

    Parameters
    ----------
    message
        Why.

    Examples
    --------
    >>> InitialSnapshotInvalid("empty").message
    'empty'
    """

    message: str


class Unsupported(Named, frozen=True):
    """The exchange has no such data.

    Parameters
    ----------
    exchange, sub_kind
        Which, what.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Unsupported("okx", SubKind.CANDLES))
    '{"Unsupported":{"exchange":"okx","sub_kind":"Candles"}}'
    """

    exchange: ExchangeId
    sub_kind: SubKind


class InvalidSequence(Named, frozen=True):
    """An update of an order book is missing.

    Parameters
    ----------
    prev_last_update_id, first_update_id
        The last number before the gap, the first after it.

    Examples
    --------
    >>> is_terminal(InvalidSequence(prev_last_update_id=1, first_update_id=3))
    True
    """

    prev_last_update_id: int
    first_update_id: int


StreamError: TypeAlias = (
    Annotated[IndexingError, Tag("Index")]
    | SubscriptionsEmpty
    | UnsupportedSubKind
    | InitialSnapshotMissing
    | InitialSnapshotInvalid
    | Socket
    | Unsupported
    | InvalidSequence
)
"""Errors of a stream of market data."""


def is_terminal(error: StreamError) -> bool:
    """Whether an error ends the stream, which then starts anew.

    Parameters
    ----------
    error
        The stream's error.

    Examples
    --------
    >>> is_terminal(Socket("late"))
    False
    """
    return isinstance(error, InvalidSequence)
