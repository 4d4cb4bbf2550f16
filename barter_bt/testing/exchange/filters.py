"""What the loopback exchange allows an order to be, as Binance's filters have it, and its errors where it is not.

========================  =====================================================  ==================================
filter                    what it bounds                                         code of spot, of futures
========================  =====================================================  ==================================
``PRICE_FILTER``          price: a multiple of the tick, from it to a most       -1013; -4014, -4013, -4002
``PERCENT_PRICE``         price, by the last trade's                             -1013; -4016, -4024
``LOT_SIZE``              quantity: a multiple of the step, from it to a most    -1013; -4023, -4004, -4005
``MARKET_LOT_SIZE``       quantity of a market order                             -1013; -4005
``NOTIONAL``              price times quantity; a most at spot only              -1013; -4164
``MAX_NUM_ORDERS``        orders of the symbol that stand                        -1013; -2025
========================  =====================================================  ==================================

Sources: `filters.md` and `errors.md` of https://github.com/binance/binance-spot-api-docs as of 21 July 2026, and the
page "Error Codes" of https://developers.binance.com/docs/derivatives/usds-margined-futures as of September 2026.

Assumptions: the price of reference is that of the last trade, where the exchange takes an average or the mark price;
before the first trade nothing is held against it. ``PERCENT_PRICE_BY_SIDE`` of spot has the same bounds for both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


def text(amount: Decimal) -> str:
    """An amount as the exchange writes it.

    Examples
    --------
    >>> text(Decimal("0.5"))
    '0.50000000'
    """
    return f"{amount:.8f}"


@dataclass(frozen=True)
class Failure:
    """A filter that an order fails.

    Parameters
    ----------
    name
        Of spot.
    code, message
        Of futures.
    """

    name: str
    code: int
    message: str


_TICK = Failure("PRICE_FILTER", -4014, "Price not increased by tick size.")
_CHEAP = Failure("PRICE_FILTER", -4013, "Price less than min price.")
_DEAR = Failure("PRICE_FILTER", -4002, "Price greater than max price.")
_ABOVE = Failure("PERCENT_PRICE_BY_SIDE", -4016, "Price is higher than mark price multiplier cap.")
_BELOW = Failure("PERCENT_PRICE_BY_SIDE", -4024, "Price is lower than mark price multiplier floor.")
_STEP = Failure("LOT_SIZE", -4023, "Qty not increased by step size.")
_SMALL = Failure("LOT_SIZE", -4004, "Quantity less than min quantity.")
_LARGE = Failure("LOT_SIZE", -4005, "Quantity greater than max quantity.")
_LARGE_MARKET = Failure("MARKET_LOT_SIZE", -4005, "Quantity greater than max quantity.")
_POOR = Failure("NOTIONAL", -4164, "Order's notional must be no smaller than 5.0 (unless you choose reduce only)")
_RICH = Failure("NOTIONAL", -4005, "Quantity greater than max quantity.")
_MANY = Failure("MAX_NUM_ORDERS", -2025, "Reach max open order limit.")


@dataclass(kw_only=True)
class Filters:
    """Bounds of orders.

    Parameters
    ----------
    tick, step
        Steps of prices and quantities, and the least of each.
    price_max, quantity_max, market_quantity_max
        The most of each; the last of a market order.
    min_notional, notional_max
        Bounds of price times quantity.
    multiplier_up, multiplier_down
        Bounds of a price, in prices of the last trade: a buy at most so high, a sell at least so low; at spot both for
        either.
    most_orders
        That may stand.
    """

    tick: Decimal = Decimal("0.01")
    step: Decimal = Decimal("0.00001")
    min_notional: Decimal = Decimal(5)
    price_max: Decimal = Decimal(1_000_000)
    quantity_max: Decimal = Decimal(9000)
    market_quantity_max: Decimal = Decimal(5000)
    notional_max: Decimal = Decimal(9_000_000)
    multiplier_up: Decimal = Decimal(5)
    multiplier_down: Decimal = Decimal("0.2")
    most_orders: int = 200

    def filters(self) -> list[dict[str, Any]]:
        """As `exchangeInfo` of spot has them.

        Examples
        --------
        >>> Filters().filters()[0]["tickSize"]
        '0.01000000'
        """
        up, down = text(self.multiplier_up), text(self.multiplier_down)
        return [
            {"filterType": "PRICE_FILTER", "minPrice": text(self.tick), "maxPrice": text(self.price_max),
             "tickSize": text(self.tick)},
            {"filterType": "LOT_SIZE", "minQty": text(self.step), "maxQty": text(self.quantity_max),
             "stepSize": text(self.step)},
            {"filterType": "MARKET_LOT_SIZE", "minQty": text(Decimal(0)), "maxQty": text(self.market_quantity_max),
             "stepSize": text(Decimal(0))},
            {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": up, "bidMultiplierDown": down,
             "askMultiplierUp": up, "askMultiplierDown": down, "avgPriceMins": 5},
            {"filterType": "NOTIONAL", "minNotional": text(self.min_notional), "applyMinToMarket": True,
             "maxNotional": text(self.notional_max), "applyMaxToMarket": False, "avgPriceMins": 5},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.most_orders},
        ]  # fmt: skip

    def futures_filters(self) -> list[dict[str, Any]]:
        """As `exchangeInfo` of futures has them."""
        kept = {one["filterType"]: one for one in self.filters()}
        return [
            kept["PRICE_FILTER"], kept["LOT_SIZE"], kept["MARKET_LOT_SIZE"] | {"minQty": text(self.step),
             "stepSize": text(self.step)},
            {"filterType": "MAX_NUM_ORDERS", "limit": self.most_orders},
            {"filterType": "MIN_NOTIONAL", "notional": text(self.min_notional)},
            {"filterType": "PERCENT_PRICE", "multiplierUp": text(self.multiplier_up),
             "multiplierDown": text(self.multiplier_down), "multiplierDecimal": "4"},
        ]  # fmt: skip

    def failure(
        self, side: str, price: Decimal | None, quantity: Decimal, last: Decimal | None, *, standing: int = 0,
        is_future: bool = False, is_reducing: bool = False,
    ) -> Failure | None:  # fmt: skip
        """The filter that an order fails, if one.

        Parameters
        ----------
        side
            ``"BUY"`` or ``"SELL"``.
        price
            None of a market order.
        quantity
            How much.
        last
            Price of the last trade, if there was one.
        standing
            How many orders of the symbol stand.
        is_future, is_reducing
            Whether it is one of futures, and whether it may only make a position smaller.

        Examples
        --------
        >>> Filters().failure("BUY", Decimal(100), Decimal(10_000), None).name
        'LOT_SIZE'
        """
        has_most = price is not None and not is_future
        checks = [
            price is not None and self._of_price(price),
            price is not None and last is not None and self._of_percent(side, price, last, is_future=is_future),
            self._of_quantity(quantity, is_market=price is None),
            not is_reducing and self._of_notional(price or last, quantity, has_most=has_most),
            price is not None and standing >= self.most_orders and _MANY,
        ]  # fmt: skip
        return next((one for one in checks if one), None) or None

    def _of_price(self, price: Decimal) -> Failure | None:
        if price < self.tick:
            return _CHEAP
        if price > self.price_max:
            return _DEAR
        return _TICK if price % self.tick else None

    def _of_percent(self, side: str, price: Decimal, last: Decimal, *, is_future: bool) -> Failure | None:
        if price > last * self.multiplier_up and (side == "BUY" or not is_future):
            return _ABOVE
        return _BELOW if price < last * self.multiplier_down and (side == "SELL" or not is_future) else None

    def _of_quantity(self, quantity: Decimal, *, is_market: bool) -> Failure | None:
        if quantity < self.step:
            return _SMALL
        if quantity > self.quantity_max:
            return _LARGE
        if is_market and quantity > self.market_quantity_max:
            return _LARGE_MARKET
        return _STEP if quantity % self.step else None

    def _of_notional(self, price: Decimal | None, quantity: Decimal, *, has_most: bool) -> Failure | None:
        if price is None:
            return None
        if price * quantity < self.min_notional:
            return _POOR
        return _RICH if has_most and price * quantity > self.notional_max else None
