"""The sequence of an order book's updates: which follows which, and what was missed.

The procedures are those of `web-socket-streams.md`, "How to manage a local order book correctly", as of 21 July 2026,
and of the page of that name about futures, whose updates name the one before.
"""

from __future__ import annotations

from barter_bt.live.binance.messages import Depth, DepthUpdate, Levels
from barter_bt.protocol import Level, OrderBook, OrderBookSide, OrderBookSnapshot, OrderBookUpdate, Side


class Sequence:
    """Where the book of one symbol stands.

    Attributes
    ----------
    last
        Number of the last change that is in the book; None where there is no book.
    gaps
        How often changes were missed.

    Examples
    --------
    >>> update = DepthUpdate(E=0, s="BTCUSDT", U=8, u=9, b=(), a=())
    >>> sequence = Sequence()
    >>> sequence.last = 7
    >>> sequence.follows(update), sequence.is_old(update)
    (True, False)
    """

    def __init__(self) -> None:
        self.last: int | None = None
        self.gaps = 0
        self._is_fresh = False

    def is_old(self, update: DepthUpdate) -> bool:
        """Whether all of an update is in the book."""
        if self.last is None:
            return False
        return update.u < self.last if self._is_fresh and update.pu is not None else update.u <= self.last

    def follows(self, update: DepthUpdate) -> bool:
        """Whether nothing is missing between the book and an update."""
        if self.last is None:
            return False
        if update.pu is None:
            return update.U <= self.last + 1
        return self.is_old(update) or (update.U <= self.last if self._is_fresh else update.pu == self.last)

    def snapshot(self, depth: Depth) -> OrderBookSnapshot:
        """Begin with a whole book."""
        self.last, self._is_fresh = depth.lastUpdateId, True
        return OrderBookSnapshot(_book(depth.lastUpdateId, None, depth.bids, depth.asks))

    def apply(self, update: DepthUpdate) -> OrderBookUpdate:
        """Go on with changes."""
        self.last, self._is_fresh = update.u, False
        return OrderBookUpdate(_book(update.u, update.E * 1_000_000, update.b, update.a))


def _book(number: int, time: int | None, bids: Levels, asks: Levels) -> OrderBook:
    sides = [
        OrderBookSide.sort(side, [Level(price, amount) for price, amount in levels])
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks))
    ]
    return OrderBook(number, time, *sides)
