"""An order book to hold in the hand: for checks, notebooks and tests, without a run."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isnan

from barter_bt.book.apply import apply_row
from barter_bt.book.change import ASK, BID, ENDS, GAP, SNAPSHOT
from barter_bt.book.read import STATES, average_ticks, book_state, depth_lots, imbalance_of, level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS, make_books
from barter_bt.errors import ConfigError, DataError

Pairs = Sequence[tuple[float, float]]
_SIDES = {"bid": BIDS, "ask": ASKS}
_NOISE = Fraction(1, 10**6)


class OrderBook:
    """One order book by price (rules 87 and 88).

    Parameters
    ----------
    price_increment, quantity_increment
        The tick and the lot. Amounts count in whole lots, rounded down; a price off the grid is an error.

    Examples
    --------
    >>> book = OrderBook("0.5", "0.1")
    >>> book.state
    'stale'
    >>> book.snapshot(bids=[(99.5, 3.0), (99.0, 5.0)], asks=[(100.5, 1.0)])
    >>> book.best_bid, book.best_ask, book.mid, book.imbalance()
    ((99.5, 3.0), (100.5, 1.0), 100.0, 0.5)
    >>> book.update(bids=[(99.5, 0.0)], asks=[(101.0, 2.0)])
    >>> book.bids(), book.asks(levels=1)
    ([(99.0, 5.0)], [(100.5, 1.0)])
    >>> book.price_for("ask", 2.0), book.price_for("ask", 4.0)
    (100.75, None)
    """

    def __init__(self, price_increment: str | float, quantity_increment: str | float) -> None:
        self._tick, self._lot = step_of(price_increment, "price"), step_of(quantity_increment, "quantity")
        self._books = make_books(1)
        self._sequence: int | None = None

    def snapshot(self, bids: Pairs = (), asks: Pairs = (), *, sequence: int | None = None) -> None:
        """Replace the book by these levels, pairs of price and amount."""
        self._apply(bids, asks, SNAPSHOT)
        self._sequence = sequence

    def update(
        self,
        bids: Pairs = (),
        asks: Pairs = (),
        *,
        sequence: int | None = None,
        previous_sequence: int | None = None,
    ) -> None:
        """Let these amounts stand at these prices, 0 for none.

        Parameters
        ----------
        bids, asks
            Pairs of price and amount.
        sequence, previous_sequence
            The number of the message, and that of the one that it follows. One that is not above the last is passed
            over; one that follows a number above the last comes after a gap, and makes the book stale.
        """
        last, gap = self._sequence, False
        if sequence is not None:
            if last is not None and sequence <= last:
                return
            gap = last is not None and previous_sequence is not None and previous_sequence > last
            self._sequence = sequence
        self._apply(bids, asks, GAP if gap else 0)

    @property
    def state(self) -> str:
        """``"stale"``, ``"empty"``, ``"one_sided"``, ``"normal"``, ``"locked"`` or ``"crossed"``."""
        return STATES[book_state(self._books, 0)]

    @property
    def best_bid(self) -> tuple[float, float] | None:
        """Price and amount of the highest bid; None without any."""
        return next(iter(self._levels(BIDS, 1)), None)

    @property
    def best_ask(self) -> tuple[float, float] | None:
        """Price and amount of the lowest ask; None without any."""
        return next(iter(self._levels(ASKS, 1)), None)

    @property
    def mid(self) -> float | None:
        """The middle between the best prices; None with an empty side or a crossed book."""
        if self.state not in ("normal", "locked"):
            return None
        bid, ask = (level_ticks(self._books, side, 0) for side in (BIDS, ASKS))
        return float((bid + ask) * self._tick / 2)

    @property
    def weighted_mid(self) -> float | None:
        """``bid + (ask - bid) * bid_amount / (bid_amount + ask_amount)``; None as of ``mid``."""
        if self.state not in ("normal", "locked"):
            return None
        bid, ask = (level_ticks(self._books, side, 0) for side in (BIDS, ASKS))
        bid_lots, ask_lots = (level_lots(self._books, side, 0) for side in (BIDS, ASKS))
        return float((bid + Fraction((ask - bid) * bid_lots, bid_lots + ask_lots)) * self._tick)

    def bids(self, levels: int | None = None) -> list[tuple[float, float]]:
        """Prices and amounts of bids, the best first."""
        return self._levels(BIDS, levels)

    def asks(self, levels: int | None = None) -> list[tuple[float, float]]:
        """Prices and amounts of asks, the best first."""
        return self._levels(ASKS, levels)

    def depth(self, side: str, levels: int = 1) -> float:
        """The amount of the best ``levels`` levels of a side together."""
        return float(depth_lots(self._books, _side(side), levels) * self._lot)

    def imbalance(self, levels: int = 1) -> float | None:
        """``(B - A) / (B + A)`` of the amounts of the best levels of bids and asks; None with an empty side."""
        found = imbalance_of(self._books, 0, levels)
        return None if isnan(found) else found

    def price_for(self, side: str, quantity: float) -> float | None:
        """The average price of so much of a side, from the best on; None if it has not so much."""
        ticks = average_ticks(self._books, _side(side), self._lots(quantity))
        return None if isnan(ticks) else ticks * float(self._tick)

    def _levels(self, side: int, levels: int | None) -> list[tuple[float, float]]:
        count = self._books.sides.count[side]
        found = range(count if levels is None else min(levels, count))
        return [
            (float(level_ticks(self._books, side, n) * self._tick), float(level_lots(self._books, side, n) * self._lot))
            for n in found
        ]

    def _apply(self, bids: Pairs, asks: Pairs, flags: int) -> None:
        rows = [(bit, self._ticks(price), self._lots(amount))
                for bit, pairs in ((BID, bids), (ASK, asks)) for price, amount in pairs]  # fmt: skip
        for bit, ticks, lots in rows:
            apply_row(self._books, 0, flags | bit, ticks, lots, 0)
            flags = 0
        apply_row(self._books, 0, flags | ENDS, 0, 0, 0)

    def _ticks(self, price: float) -> int:
        exact = Fraction(str(price)) / self._tick
        if exact <= 0 or abs(exact - round(exact)) > _NOISE:
            raise DataError(f"price {price} is no multiple of the tick, {float(self._tick)}, above 0")
        return round(exact)

    def _lots(self, amount: float) -> int:
        exact = Fraction(str(amount)) / self._lot
        if exact < 0:
            raise DataError(f"amount {amount} is negative; 0 takes a level away")
        return int(exact + _NOISE)


def step_of(given: str | float, what: str) -> Fraction:
    """An increment that was given, exactly."""
    try:
        step = Fraction(str(given))
    except ValueError:
        step = Fraction(0)
    if step <= 0:
        raise ConfigError(f"{what}_increment is {given!r}; it must be a number above 0", 'such as "0.01"')
    return step


def _side(name: str) -> int:
    if name not in _SIDES:
        raise ConfigError(f"side is {name!r}; allowed: bid, ask")
    return _SIDES[name]
