"""What the loopback exchange lists and keeps: symbols with their scripted books, orders, balances, own trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Levels = dict[Decimal, Decimal]


def text(amount: Decimal) -> str:
    """An amount as the exchange writes it.

    Examples
    --------
    >>> text(Decimal("0.5"))
    '0.50000000'
    """
    return f"{amount:.8f}"


@dataclass
class Listing:
    """A symbol: its filters, a book that the script sets, and what happened in it.

    Parameters
    ----------
    symbol, base, quote
        In the exchange's spelling.
    tick, step, min_notional
        Its filters.
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
    tick: Decimal = Decimal("0.01")
    step: Decimal = Decimal("0.00001")
    min_notional: Decimal = Decimal(5)
    delivery_ms: int = 4_133_404_800_000
    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    update_id: int = 100
    trades: list[dict[str, Any]] = field(default_factory=list)
    candles: dict[str, list[list[Any]]] = field(default_factory=dict)

    def levels(self, side: str) -> Levels:
        """What an order of that side would take."""
        return self.asks if side == "BUY" else self.bids

    def filters(self) -> list[dict[str, Any]]:
        """As `exchangeInfo` has them."""
        return [
            {"filterType": "PRICE_FILTER", "minPrice": text(self.tick), "maxPrice": "1000000.00000000",
             "tickSize": text(self.tick)},
            {"filterType": "LOT_SIZE", "minQty": text(self.step), "maxQty": "9000.00000000",
             "stepSize": text(self.step)},
            {"filterType": "NOTIONAL", "minNotional": text(self.min_notional), "applyMinToMarket": True,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        ]  # fmt: skip

    def refusal(self, price: Decimal | None, quantity: Decimal) -> str | None:
        """The filter that an order fails, if one."""
        if price is not None and (price <= 0 or price % self.tick):
            return "Filter failure: PRICE_FILTER"
        if quantity < self.step or quantity % self.step:
            return "Filter failure: LOT_SIZE"
        if price is not None and price * quantity < self.min_notional:
            return "Filter failure: NOTIONAL"
        return None


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
