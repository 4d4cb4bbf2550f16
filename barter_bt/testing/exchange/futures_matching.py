"""The account of the loopback futures exchange: one position for each symbol, one wallet, margin by leverage."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from barter_bt.testing.exchange.futures_wire import Position, account_update, order_trade_update
from barter_bt.testing.exchange.listing import Listing, Resting
from barter_bt.testing.exchange.matching import Matching, Refused

_NOTHING = Decimal(0)


class FuturesMatching(Matching):
    """Orders, positions and own trades in one-way mode; no funding but what the script says, no liquidation of its own.

    Attributes
    ----------
    held, entry
        Signed quantity and average price of each symbol.
    changed
        When each changed, in ms.
    leverage
        Of all symbols.
    aside
        Margin that was added to the position of each symbol by itself.
    is_hedged
        Whether the account is in hedge mode.
    income
        Money that came and went, as rows of `/fapi/v1/income`.
    """

    MARGIN = "USDT"
    DUPLICATE = (-4116, "ClientOrderId is duplicated.")
    WOULD_TAKE = (-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.held: dict[str, Decimal] = defaultdict(Decimal)
        self.entry: dict[str, Decimal] = defaultdict(Decimal)
        self.changed: dict[str, int] = {}
        self.leverage, self.is_hedged = 20, False
        self.income: list[dict[str, Any]] = []
        self._reduces = False
        self.aside: dict[str, Decimal] = defaultdict(Decimal)

    @property
    def wallet(self) -> Decimal:
        """Money, without what open positions are worth."""
        return self.balances[self.MARGIN].free

    @property
    def available(self) -> Decimal:
        """What of it is not margin."""
        used = sum((abs(self.held[symbol]) * self.entry[symbol] for symbol in self.held), _NOTHING)
        standing = sum((o.leaves * o.price for o in self.working if not o.is_reducing), _NOTHING)
        return self.wallet - (used + standing) / self.leverage - sum(self.aside.values(), _NOTHING)

    def place_reducing(self, *given: Any, **options: Any) -> Resting | None:
        """Take an order that may only make a position smaller."""
        self._reduces = True
        try:
            return self.place(*given, **options)
        finally:
            self._reduces = False

    def _check_filters(self, listing: Listing, side: str, price: Decimal | None, quantity: Decimal) -> None:
        standing = sum(order.listing is listing for order in self.working)
        failed = listing.failure(
            side, price, quantity, listing.last, standing=standing, is_future=True, is_reducing=self._reduces
        )
        if failed is not None:
            raise Refused(failed.code, failed.message)

    def _check_funds(self, order: Resting) -> None:
        held, buys = self.held[order.listing.symbol], order.side == "BUY"
        order.is_reducing = self._reduces
        reducible = max(_NOTHING, -held if buys else held)
        if self._reduces and order.quantity > reducible:
            raise Refused(-2022, "ReduceOnly Order is rejected.")
        best = order.listing.levels(order.side)
        price = order.price or (max(best, default=_NOTHING) if buys else min(best, default=_NOTHING))
        if max(_NOTHING, order.quantity - reducible) * price / self.leverage > self.available:
            raise Refused(-2019, "Margin is insufficient.")

    def fill(self, order: Resting, price: Decimal, quantity: Decimal, *, is_maker: bool) -> None:
        """Fill some of an order: what closes realises, what opens averages."""
        profit = self.move(order.listing.symbol, quantity if order.side == "BUY" else -quantity, price)
        fee = self.fee * quantity * price
        self.balances[self.MARGIN].free += profit - fee
        order.filled, order.spent = order.filled + quantity, order.spent + quantity * price
        order.status, order.updated = "FILLED" if not order.leaves else "PARTIALLY_FILLED", self.now()
        trade = {"number": len(self.trades) + 1, "order": order, "price": price, "quantity": quantity, "fee": fee,
                 "asset": self.MARGIN, "time": order.updated, "maker": is_maker, "profit": profit}  # fmt: skip
        self.trades.append(trade)
        self.updated = order.updated
        self._report(order, "CALCULATED" if order.client_id.startswith("autoclose-") else "TRADE", trade=trade)
        self.tell_changes("ORDER", [order.listing.symbol])

    def move(self, symbol: str, amount: Decimal, price: Decimal) -> Decimal:
        """Change a position; returns the profit that it realises."""
        held, entry = self.held[symbol], self.entry[symbol]
        closed = min(abs(amount), abs(held)) if held * amount < 0 else _NOTHING
        profit = closed * (price - entry) * (1 if held > 0 else -1)
        left = held + amount
        if held * amount >= 0:
            self.entry[symbol] = (entry * abs(held) + price * abs(amount)) / abs(left) if left else _NOTHING
        elif held * left <= 0:
            self.entry[symbol] = price if left else _NOTHING
        self.held[symbol], self.changed[symbol] = left, self.now()
        return profit

    def move_margin(self, symbol: str, amount: Decimal) -> None:
        """Add margin to a position, or take it away."""
        if not self.held[symbol]:
            raise Refused(-4054, "Cannot add position margin: position is 0.")
        if amount > self.available:
            raise Refused(-4050, "Cross balance insufficient.")
        if -amount > self.aside[symbol]:
            raise Refused(-4051, "Isolated balance insufficient.")
        self.aside[symbol] += amount
        self.updated = self.now()
        self.tell_changes("MARGIN_TRANSFER", [symbol])

    def force(self, symbol: str, side: str, quantity: Decimal, price: Decimal) -> None:
        """Close a position as the exchange does."""
        number = len(self.orders) + 1
        order = Resting(
            number, self.listings[symbol], f"autoclose-{number}", side, "LIMIT", "IOC", price, quantity, self.now()
        )
        self._add(order)
        self._report(order, "NEW")
        self.fill(order, price, quantity, is_maker=False)

    def modify(self, order: Resting | None, price: Decimal, quantity: Decimal) -> Resting:
        """Change price and quantity of an order."""
        if order is None or not order.is_working:
            raise Refused(-2013, "Order does not exist.")
        self._check_filters(order.listing, order.side, price, quantity)
        if (price, quantity) == (order.price, order.quantity):
            raise Refused(-5027, "No need to modify the order.")
        order.price, order.quantity, order.updated = price, quantity, self.now()
        self._report(order, "AMENDMENT")
        return order

    def _lock(self, order: Resting, way: int) -> None:
        """Nothing is locked: margin follows from orders and positions."""

    def _tell_balances(self, order: Resting) -> None:
        """Orders alone change no balance and no position."""

    def _report(self, order: Resting, execution: str, **more: Any) -> None:
        self._tell(order_trade_update(order, execution, self.now(), more.get("trade")))

    def position(self, symbol: str) -> Position:
        """What is held of a symbol."""
        return Position(symbol, self.held[symbol], self.entry[symbol], self.changed.get(symbol, 0))

    def tell_changes(self, reason: str, symbols: list[str], change: Decimal = _NOTHING) -> None:
        """Say what became of the wallet, by how much money that no trade moved, and of positions."""
        changed = [self.position(symbol) for symbol in symbols]
        self._tell(
            account_update(reason, self.MARGIN, self.wallet, change, changed, now=self.now(), updated=self.updated)
        )

    def tell(self, message: dict[str, Any]) -> None:
        """Say something over the account's stream."""
        self._tell(message)
