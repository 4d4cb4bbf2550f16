"""Order books: levels, sides, whole books and changes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import ClassVar, TypeAlias

from barter_bt.protocol.keys import Side
from barter_bt.protocol.levels import Level, Levels
from barter_bt.protocol.shape import Struct, Variant
from barter_bt.protocol.time import Time


def mid_price(best_bid: Level | None, best_ask: Level | None) -> Decimal | None:
    """Price halfway between the best prices; None where one is missing, as in Barter's level 1.

    Parameters
    ----------
    best_bid, best_ask
        The best level of each side.

    Examples
    --------
    >>> mid_price(Level(Decimal(50), Decimal(1)), Level(Decimal(250), Decimal(9)))
    Decimal('150')
    >>> mid_price(None, Level(Decimal(250), Decimal(9))) is None
    True
    """
    if best_bid is None or best_ask is None:
        return None
    return (best_bid.price + best_ask.price) / 2


def volume_weighted_mid_price(best_bid: Level | None, best_ask: Level | None) -> Decimal | None:
    """Price between the best prices, nearer to the side of which there is less.

    None where a side is missing, as in Barter's level 1, and where neither has an amount, at which Barter panics.

    Parameters
    ----------
    best_bid, best_ask
        The best level of each side.

    Examples
    --------
    >>> volume_weighted_mid_price(Level(Decimal(100), Decimal(600)), Level(Decimal(200), Decimal(1000)))
    Decimal('137.5')
    """
    if best_bid is None or best_ask is None or best_bid.amount + best_ask.amount == 0:
        return None
    weighted = best_bid.price * best_ask.amount + best_ask.price * best_bid.amount
    return weighted / (best_bid.amount + best_ask.amount)


class OrderBookSide(Struct, frozen=True):
    """One side of an order book.

    Parameters
    ----------
    levels
        From the best on, a tuple or :class:`Levels`; Barter sorts them where it makes a book, not where it reads one.

    Examples
    --------
    >>> from barter_bt.protocol import from_json
    >>> from_json(OrderBookSide, '{"side":null,"levels":[]}')
    OrderBookSide(levels=())
    """

    IGNORED: ClassVar[tuple[str, ...]] = (
        "side",
    )  # Barter asks for it ("side": null) when reading, and never writes it

    levels: Sequence[Level]

    @classmethod
    def sort(cls, side: Side, levels: Iterable[Level]) -> OrderBookSide:
        """Make a side of levels in any order.

        Parameters
        ----------
        side
            Which: bids (``Side.BUY``) go from the highest price down, asks from the lowest up.
        levels
            The levels.

        Examples
        --------
        >>> two = [Level(Decimal(80), Decimal(1)), Level(Decimal(90), Decimal(1))]
        >>> OrderBookSide.sort(Side.BUY, two).best.price, OrderBookSide.sort(Side.SELL, two).best.price
        (Decimal('90'), Decimal('80'))
        """
        return cls(tuple(sorted(levels, key=lambda level: level.price, reverse=side == Side.BUY)))

    @property
    def best(self) -> Level | None:
        """The first level, None where there is none."""
        return self.levels[0] if self.levels else None

    def upsert(self, side: Side, changes: Iterable[Level]) -> OrderBookSide:
        """Change levels: an amount of 0 takes the level of its price away, any other is its amount from now on.

        What was read, or sorted, is put into blocks (:class:`Levels`) the first time, which costs as much as to sort
        it; after that an update looks up the prices that it changes.

        Parameters
        ----------
        side
            Which side this is.
        changes
            The levels that changed, in order.

        Examples
        --------
        >>> bids = OrderBookSide((Level(Decimal(90), Decimal(1)),))
        >>> bids.upsert(Side.BUY, [Level(Decimal(100), Decimal(2)), Level(Decimal(90), Decimal(0))]).levels
        (Level(price=Decimal('100'), amount=Decimal('2')),)
        """
        levels, falls = self.levels, side == Side.BUY
        if not isinstance(levels, Levels) or levels.falls != falls:
            levels = Levels(levels, falls=falls)
        return OrderBookSide(levels.changed(changes))


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

    def mid_price(self) -> Decimal | None:
        """Price halfway between the best prices; the best price of the only side; None of an empty book.

        Examples
        --------
        >>> bids = OrderBookSide((Level(Decimal(100), Decimal(3)),))
        >>> OrderBook(7, None, bids, OrderBookSide(())).mid_price()
        Decimal('100')
        """
        return self._between(mid_price)

    def volume_weighted_mid_price(self) -> Decimal | None:
        """:func:`volume_weighted_mid_price` of the best levels; one side and none as in :meth:`mid_price`.

        Examples
        --------
        >>> bids, asks = (OrderBookSide((Level(Decimal(p), Decimal(a)),)) for p, a in ((100, 3000), (200, 1000)))
        >>> OrderBook(7, None, bids, asks).volume_weighted_mid_price()
        Decimal('175')
        """
        return self._between(volume_weighted_mid_price)

    def _between(self, price: Callable[[Level, Level], Decimal | None]) -> Decimal | None:
        bid, ask = self.bids.best, self.asks.best
        if bid is not None and ask is not None:
            return price(bid, ask)
        only = bid or ask
        return None if only is None else only.price

    def update(self, event: OrderBookEvent) -> OrderBook:
        """Give the book after an event: the snapshot's, or this one with the update's changes, sequence and time.

        The sequence is not checked: which updates follow each other is the connector's knowledge, as in Barter.

        Parameters
        ----------
        event
            A whole book, or changes of this one.

        Examples
        --------
        >>> none = OrderBookSide(())
        >>> change = OrderBook(8, None, OrderBookSide((Level(Decimal(90), Decimal(1)),)), none)
        >>> after = OrderBook(7, None, none, none).update(OrderBookUpdate(change))
        >>> after.sequence, after.bids.best.price
        (8, Decimal('90'))
        """
        if isinstance(event, OrderBookSnapshot):
            return event.book
        new = event.book
        bids, asks = self.bids.upsert(Side.BUY, new.bids.levels), self.asks.upsert(Side.SELL, new.asks.levels)
        return OrderBook(new.sequence, new.time_engine, bids, asks)


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
