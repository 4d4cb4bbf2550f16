"""The account of the loopback exchange, and a matching engine that is as simple as can be.

An order takes what the script has put into the book, level by level, and what is left of it rests. A public trade of
the script fills resting orders at its price or better, whole as far as the trade goes, at their own prices, best first.
There is no queue and no other participant: who needs an honest market uses the simulated exchange of `barter_bt.venue`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from barter_bt.testing.exchange.listing import Balance, Listing, Resting
from barter_bt.testing.exchange.wire import execution_report, position


class Refused(Exception):
    """The exchange says no.

    Parameters
    ----------
    code, message
        As its documentation has them.
    status
        Of HTTP.
    """

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(message)


class Matching:
    """Orders, balances and own trades.

    Parameters
    ----------
    listings
        What can be traded.
    balances
        Of the account, by asset.
    fee
        Fraction of each trade.
    fee_in
        In which asset it is paid: ``"received"``, as the exchange does unless asked otherwise, ``"quote"``, or the name
        of another.
    now
        The exchange's time in ms.
    tell
        Is called with each event of the account.
    """

    DUPLICATE = (-2010, "Duplicate order sent.")
    WOULD_TAKE = (-2010, "Order would immediately match and take.")

    def __init__(
        self, listings: dict[str, Listing], balances: dict[str, Decimal], fee: Decimal, fee_in: str,
        now: Callable[[], int], tell: Callable[[dict[str, Any]], None],
    ) -> None:  # fmt: skip
        self.listings, self.fee, self.fee_in, self.now, self._tell = listings, fee, fee_in, now, tell
        self.balances: dict[str, Balance] = defaultdict(Balance)
        for asset, amount in balances.items():
            self.balances[asset].free = amount
        self.orders: list[Resting] = []
        self._working: list[Resting] = []
        self.trades: list[dict[str, Any]] = []
        self.updated = now()

    @property
    def working(self) -> list[Resting]:
        """Orders that stand, the oldest first."""
        self._working = [order for order in self._working if order.is_working]
        return self._working

    def _add(self, order: Resting) -> None:
        self.orders.append(order)
        self._working.append(order)

    def find(self, symbol: str, number: str | None, client_id: str | None) -> Resting | None:
        """An order by either id; of several with a client id the latest."""
        for order in reversed(self.orders):
            if order.listing.symbol == symbol and (
                str(order.number) == number if number else order.client_id == client_id
            ):
                return order
        return None

    def place(self, symbol: str, side: str, kind: str, tif: str, price: Decimal | None, quantity: Decimal, cid: str,
              *, only_test: bool = False) -> Resting | None:  # fmt: skip
        """Take an order.

        Raises
        ------
        Refused
            It cannot be.
        """
        listing = self.listings[symbol]
        self._check_filters(listing, side, price, quantity)
        if any(one.client_id == cid for one in self.working):
            raise Refused(*self.DUPLICATE)
        best = min(listing.asks, default=None) if side == "BUY" else max(listing.bids, default=None)
        crosses = best is not None and (price is None or (price >= best if side == "BUY" else price <= best))
        if (kind == "LIMIT_MAKER" or tif == "GTX") and crosses:
            raise Refused(*self.WOULD_TAKE)
        order = Resting(len(self.orders) + 1, listing, cid, side, kind, tif, price or Decimal(0), quantity, self.now())
        self._check_funds(order)
        if only_test:
            return None
        self._accept(order)
        return order

    def _check_filters(self, listing: Listing, side: str, price: Decimal | None, quantity: Decimal) -> None:
        standing = sum(order.listing is listing for order in self.working)
        failed = listing.failure(side, price, quantity, listing.last, standing=standing)
        if failed is not None:
            raise Refused(-1013, f"Filter failure: {failed.name}")

    def _check_funds(self, order: Resting) -> None:
        listing, buys = order.listing, order.side == "BUY"
        worth = self._costs(order) if buys else order.quantity
        if worth > self.balances[listing.quote if buys else listing.base].free:
            raise Refused(-2010, "Account has insufficient balance for requested action.")

    def _costs(self, order: Resting) -> Decimal:
        """The most that a buy can cost."""
        if order.kind != "MARKET":
            return order.price * order.quantity
        left, cost = order.quantity, Decimal(0)
        for price, size in sorted(order.listing.asks.items()):
            cost += price * min(left, size)
            left -= min(left, size)
        return cost

    def _accept(self, order: Resting) -> None:
        self._add(order)
        order.updated = self.now()
        if order.kind != "MARKET":
            self._lock(order, 1)
        self._report(order, "NEW")
        levels = order.listing.levels(order.side)
        reach = sum(size for price, size in levels.items() if self._reaches(order, price))
        if order.time_in_force != "FOK" or reach >= order.quantity:
            for price in sorted((p for p in levels if self._reaches(order, p)), reverse=order.side == "SELL"):
                taken = min(levels[price], order.leaves)
                if taken:
                    levels[price] -= taken
                    if not levels[price]:
                        del levels[price]
                    self.fill(order, price, taken, is_maker=False)
        if order.is_working and (order.kind == "MARKET" or order.time_in_force in ("IOC", "FOK")):
            self._end(order, "EXPIRED", "EXPIRED")
        self._tell_balances(order)

    @staticmethod
    def _reaches(order: Resting, price: Decimal) -> bool:
        if order.kind == "MARKET":
            return True
        return price <= order.price if order.side == "BUY" else price >= order.price

    def fill(self, order: Resting, price: Decimal, quantity: Decimal, *, is_maker: bool) -> None:
        """Fill some of an order."""
        listing, buys = order.listing, order.side == "BUY"
        if order.kind != "MARKET":
            asset, amount = listing.quote if buys else listing.base, quantity * (order.price if buys else 1)
            self.balances[asset].locked -= amount
            self.balances[asset].free += amount
        got, gave = (listing.base, listing.quote) if buys else (listing.quote, listing.base)
        self.balances[got].free += quantity if buys else quantity * price
        self.balances[gave].free -= quantity * price if buys else quantity
        in_asset = {"received": got, "quote": listing.quote}.get(self.fee_in, self.fee_in)
        fee = self.fee * (quantity if in_asset == listing.base else quantity * price)
        self.balances[in_asset].free -= fee
        order.filled, order.spent = order.filled + quantity, order.spent + quantity * price
        order.status, order.updated = "FILLED" if not order.leaves else "PARTIALLY_FILLED", self.now()
        trade = {"number": len(self.trades) + 1, "order": order, "price": price, "quantity": quantity, "fee": fee,
                 "asset": in_asset, "time": order.updated, "maker": is_maker}  # fmt: skip
        self.trades.append(trade)
        self.updated = order.updated
        self._report(order, "TRADE", trade=trade)

    def trade_through(self, listing: Listing, price: Decimal, quantity: Decimal, side: str) -> None:
        """A public trade, by a taker of ``side``, reaches resting orders."""
        other = "SELL" if side == "BUY" else "BUY"
        within = [
            order for order in self.working
            if order.listing is listing and order.side == other and self._reaches(order, price)
        ]  # fmt: skip
        for order in sorted(within, key=lambda o: (o.price if side == "BUY" else -o.price, o.number)):
            taken = min(quantity, order.leaves)
            if taken:
                self.fill(order, order.price, taken, is_maker=True)
                self._tell_balances(order)
                quantity -= taken

    def cancel(self, order: Resting | None, cancel_id: str = "cancel") -> Resting:
        """Take an order out of the book."""
        if order is None or not order.is_working:
            raise Refused(-2011, "Unknown order sent.")
        self._end(order, "CANCELED", "CANCELED", cancel_id)
        self._tell_balances(order)
        return order

    def amend(self, order: Resting | None, quantity: Decimal, client_id: str) -> Resting:
        """Make an order smaller."""
        if order is None or not order.is_working:
            raise Refused(-2013, "Order does not exist.")
        if quantity >= order.quantity:
            raise Refused(-2038, "Order amend (quantity increase) is not supported.")
        if quantity <= order.filled:
            raise Refused(-2038, "Order amend is not supported for this quantity.")
        self._lock(order, -1)
        order.quantity, order.client_id, order.updated = quantity, client_id, self.now()
        self._lock(order, 1)
        self._report(order, "REPLACED")
        self._tell_balances(order)
        return order

    def _lock(self, order: Resting, way: int) -> None:
        asset, amount = order.locked
        self.balances[asset].free -= way * amount
        self.balances[asset].locked += way * amount

    def _end(self, order: Resting, status: str, execution: str, cancel_id: str = "") -> None:
        if order.kind != "MARKET":
            self._lock(order, -1)
        order.status, order.updated = status, self.now()
        self.updated = order.updated
        self._report(order, execution, cancel_id=cancel_id)

    def _tell_balances(self, order: Resting) -> None:
        assets = [order.listing.base, order.listing.quote]
        if self.fee_in not in ("received", "quote"):
            assets.append(self.fee_in)
        self._tell(position({asset: self.balances[asset] for asset in assets}, self.now(), self.updated))

    def _report(self, order: Resting, execution: str, **more: Any) -> None:
        self._tell(execution_report(order, execution, self.now(), **more))
