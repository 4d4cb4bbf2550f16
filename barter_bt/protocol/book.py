"""Order books: levels, sides, whole books and changes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, TypeAlias

from barter_bt.protocol.shape import Struct, Variant
from barter_bt.protocol.time import Time


class Level(Struct, frozen=True):
    """A price and what is there.

    Parameters
    ----------
    price, amount
        The level.

    Examples
    --------
    >>> Level(Decimal("1.1"), Decimal(2)).amount
    Decimal('2')
    """

    price: Decimal
    amount: Decimal


class OrderBookSide(Struct, frozen=True):
    """One side of an order book.

    Parameters
    ----------
    levels
        From the best on; Barter sorts them where it makes a book, not where it reads one.

    Examples
    --------
    >>> from barter_bt.protocol import from_json
    >>> from_json(OrderBookSide, '{"side":null,"levels":[]}')
    OrderBookSide(levels=())
    """

    IGNORED: ClassVar[tuple[str, ...]] = (
        "side",
    )  # Barter asks for it ("side": null) when reading, and never writes it

    levels: tuple[Level, ...]


class OrderBook(Struct, frozen=True):
    """An order book, or changes of one.

    Parameters
    ----------
    sequence
        The exchange's number of it.
    time_engine
        Nanoseconds since 1970 at the exchange's engine, if it says.
    bids, asks
        The sides; in an update, the levels that changed, an amount of 0 where one is gone.

    Examples
    --------
    >>> OrderBook(7, None, OrderBookSide(()), OrderBookSide(())).sequence
    7
    """

    sequence: int
    time_engine: Time | None
    bids: OrderBookSide
    asks: OrderBookSide


class OrderBookSnapshot(Variant, frozen=True):
    """A whole order book.

    Parameters
    ----------
    book
        The book.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(OrderBookSnapshot(OrderBook(7, None, OrderBookSide(()), OrderBookSide(()))))
    '{"Snapshot":{"sequence":7,"time_engine":null,"bids":{"levels":[]},"asks":{"levels":[]}}}'
    """

    TAG = "Snapshot"

    book: OrderBook


class OrderBookUpdate(Variant, frozen=True):
    """Changes of an order book.

    Parameters
    ----------
    book
        The levels that changed.

    Examples
    --------
    >>> OrderBookUpdate(OrderBook(8, None, OrderBookSide(()), OrderBookSide(()))).book.sequence
    8
    """

    TAG = "Update"

    book: OrderBook


OrderBookEvent: TypeAlias = OrderBookSnapshot | OrderBookUpdate
"""An order book, whole or in changes."""
