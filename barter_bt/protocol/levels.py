"""Levels of an order book, and many of them in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import overload

from barter_bt.protocol.shape import Struct

_BLOCK = 32  # levels of a new block; it is split where there are twice as many


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


class Levels(Sequence[Level]):
    """Levels from the best on, each price once: what a side of a book is after an update.

    Immutable, and equal to the tuple of its levels. They stand in blocks by rising price, so that a change finds its
    place by bisection and copies one block, not all levels: a microsecond, however deep the book is.

    Parameters
    ----------
    levels
        In any order; of those at one price the last amount counts.
    falls
        Whether the best price is the highest, as of bids.

    Examples
    --------
    >>> one, two = Level(Decimal(1), Decimal(5)), Level(Decimal(2), Decimal(5))
    >>> Levels([one, two], falls=True)[0].price
    Decimal('2')
    >>> Levels([one, two], falls=False).changed([Level(Decimal(1), Decimal(0))]) == (two,)
    True
    """

    __slots__ = ("_blocks", "_falls", "_firsts", "_prices")

    def __init__(self, levels: Iterable[Level], *, falls: bool) -> None:
        amounts = {level.price: level.amount for level in levels}
        prices = sorted(amounts)
        self._falls, self._firsts = falls, prices[::_BLOCK]
        self._prices = [prices[k : k + _BLOCK] for k in range(0, len(prices), _BLOCK)]
        self._blocks = [[Level(price, amounts[price]) for price in block] for block in self._prices]

    def changed(self, changes: Iterable[Level]) -> Levels:
        """The levels after changes: an amount of 0 takes a level away, any other is its amount from now on.

        Parameters
        ----------
        changes
            In order.
        """
        other = Levels.__new__(Levels)
        other._falls, other._firsts = self._falls, self._firsts.copy()
        other._prices, other._blocks = self._prices.copy(), self._blocks.copy()
        for change in changes:
            other._change(change)
        return other

    def _change(self, change: Level) -> None:
        price = change.price
        b = max(bisect_right(self._firsts, price) - 1, 0)
        prices, block = (self._prices[b], self._blocks[b].copy()) if self._firsts else ([], [])
        at = bisect_left(prices, price)
        if at < len(prices) and prices[at] == price:
            if change.amount:  # the prices stay as they are, and how they are written
                block[at] = Level(prices[at], change.amount)
                self._blocks[b] = block
                return
            self._replace(b, [*prices[:at], *prices[at + 1 :]], [*block[:at], *block[at + 1 :]])
        elif change.amount:
            block.insert(at, change)
            self._replace(b, [*prices[:at], price, *prices[at:]], block)

    def _replace(self, b: int, prices: list[Decimal], block: list[Level]) -> None:
        """Another block in the place of one; two if it has grown too long, none if nothing is left."""
        cuts = (slice(_BLOCK), slice(_BLOCK, None)) if len(prices) >= 2 * _BLOCK else (slice(None),) if prices else ()
        self._prices[b : b + 1] = [prices[cut] for cut in cuts]
        self._blocks[b : b + 1] = [block[cut] for cut in cuts]
        self._firsts[b : b + 1] = [prices[cut][0] for cut in cuts]

    @property
    def falls(self) -> bool:
        """Whether the best price is the highest."""
        return self._falls

    def __iter__(self) -> Iterator[Level]:
        if not self._falls:
            return (level for block in self._blocks for level in block)
        return (level for block in reversed(self._blocks) for level in reversed(block))

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    def __bool__(self) -> bool:
        return bool(self._firsts)

    @overload
    def __getitem__(self, k: int) -> Level: ...
    @overload
    def __getitem__(self, k: slice) -> tuple[Level, ...]: ...
    def __getitem__(self, k: int | slice) -> Level | tuple[Level, ...]:
        if k == 0 and self._firsts:
            return self._blocks[-1][-1] if self._falls else self._blocks[0][0]
        if isinstance(k, slice) and (k.step is None or k.step > 0):
            return tuple(islice(self, *k.indices(len(self))))
        return tuple(self)[k]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, tuple | Levels) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
