"""What the loopback exchange lists and keeps: symbols with their scripted books, orders, balances, own trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from barter_bt.testing.exchange.filters import Filters, text

__all__ = ["Balance", "Levels", "Listing", "Resting", "text"]

Levels = dict[Decimal, Decimal]


@dataclass
class Listing(Filters):
    """A symbol: its filters, a book that the script sets, and what happened in it.

    What bounds its orders are the parameters of :class:`Filters`.

    Parameters
    ----------
    symbol, base, quote
        In the exchange's spelling.
    delivery_ms
        When a future ends.

    Examples
    --------
    >>> Listing("BTCUSDT", "BTC", "USDT").filters()[0]["tickSize"]
    '0.01000000'
    """

    symbol: str
    base: str
    quote: str
    delivery_ms: int = 4_133_404_800_000
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    update_id: int = 100
    trades: list[dict[str, Any]] = field(default_factory=list)
    candles: dict[str, list[list[Any]]] = field(default_factory=dict)

    def levels(self, side: str) -> Levels:
        """What an order of that side would take."""
        return self.asks if side == "BUY" else self.bids

    @property
    def last(self) -> Decimal | None:
        """Price of the last trade."""
        return Decimal(self.trades[-1]["price"]) if self.trades else None


@dataclass
class Resting:
    """An order of the account."""

    number: int
    listing: Listing
    client_id: str
    side: str
    kind: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    time: int
    filled: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    status: str = "NEW"
    updated: int = 0
    is_reducing: bool = False

    @property
    def leaves(self) -> Decimal:
        """What is not filled."""
        return self.quantity - self.filled

    @property
    def is_working(self) -> bool:
        """Whether it stands in the book."""
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def locked(self) -> tuple[str, Decimal]:
        """What it holds: of which asset, how much."""
        if self.side == "BUY":
            return self.listing.quote, self.leaves * self.price
        return self.listing.base, self.leaves


@dataclass
class Balance:
    """An asset of the account."""

    free: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)
