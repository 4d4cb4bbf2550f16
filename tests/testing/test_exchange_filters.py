"""Orders that the loopback exchange refuses by its filters, with Binance's codes, and what our clients make of them."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt.live import Manual
from barter_bt.testing.exchange import Listing, LoopbackExchange, LoopbackFutures
from barter_bt.testing.exchange.filters import Filters
from barter_bt.testing.exchange.matching import Refused

SMALL = {
    "price_max": D(1000), "quantity_max": D(10), "market_quantity_max": D(5), "notional_max": D(2000),
    "multiplier_up": D(4), "multiplier_down": D("0.5"), "most_orders": 1,
}  # fmt: skip
CASES: list[tuple[str, str | None, str, str, int]] = [
    ("BUY", "0.005", "1", "PRICE_FILTER", -4013),
    ("BUY", "1000.01", "1", "PRICE_FILTER", -4002),
    ("BUY", "100.005", "1", "PRICE_FILTER", -4014),
    ("BUY", "400.01", "1", "PERCENT_PRICE_BY_SIDE", -4016),
    ("SELL", "49.99", "1", "PERCENT_PRICE_BY_SIDE", -4024),
    ("BUY", "100", "0.000001", "LOT_SIZE", -4004),
    ("BUY", "100", "10.00001", "LOT_SIZE", -4005),
    ("BUY", "100", "1.000005", "LOT_SIZE", -4023),
    ("BUY", None, "5.00001", "MARKET_LOT_SIZE", -4005),
    ("BUY", "100", "0.04", "NOTIONAL", -4164),
    ("BUY", None, "0.04", "NOTIONAL", -4164),
]


def refusal(served: type[LoopbackExchange], side: str, price: str | None, quantity: str, standing: int = 0) -> Any:
    """What an exchange says to an order when the last trade was at 100; None if it takes it."""
    exchange = served(Manual(0), [Listing("BTCUSDT", "BTC", "USDT", **SMALL)], {"USDT": 10**9, "BTC": 10**9})  # type: ignore[arg-type]
    exchange.quote("99", "101", "100")
    exchange.trade("100", "1")
    for number in range(standing):
        exchange.account.place("BTCUSDT", "BUY", "LIMIT", "GTC", D(90), D(1), f"stands-{number}")
    kind = "MARKET" if price is None else "LIMIT"
    try:
        exchange.account.place("BTCUSDT", side, kind, "GTC", None if price is None else D(price), D(quantity), "a")
    except Refused as refused:
        return refused.code, refused.message
    return None


@pytest.mark.parametrize(("side", "price", "quantity", "name", "code"), CASES)
def test_each_filter_has_its_error(side: str, price: str | None, quantity: str, name: str, code: int) -> None:
    """Of spot one number and the filter's name, of futures a number of its own."""
    assert refusal(LoopbackExchange, side, price, quantity) == (-1013, f"Filter failure: {name}")
    assert refusal(LoopbackFutures, side, price, quantity)[0] == code


@pytest.mark.parametrize("served", [LoopbackExchange, LoopbackFutures])
@pytest.mark.parametrize(
    ("side", "price", "quantity"),
    [("BUY", "400", "1"), ("SELL", "50", "1"), ("BUY", None, "5"), ("BUY", "100", "10"), ("BUY", "100", "0.05")],
)
def test_what_is_at_a_bound_is_taken(
    served: type[LoopbackExchange], side: str, price: str | None, quantity: str
) -> None:
    assert refusal(served, side, price, quantity) is None


def test_bounds_of_spot_that_futures_do_not_have() -> None:
    """A most of price times quantity; a percent price of either side for both."""
    assert refusal(LoopbackExchange, "BUY", "250", "9") == (-1013, "Filter failure: NOTIONAL")
    assert refusal(LoopbackFutures, "BUY", "250", "9") is None
    assert refusal(LoopbackExchange, "SELL", "400.01", "1") == (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    assert refusal(LoopbackFutures, "SELL", "400.01", "1") is None


def test_one_more_order_than_may_stand() -> None:
    assert refusal(LoopbackExchange, "BUY", "90", "1", standing=1) == (-1013, "Filter failure: MAX_NUM_ORDERS")
    assert refusal(LoopbackFutures, "BUY", "90", "1", standing=1)[0] == -2025
    assert refusal(LoopbackFutures, "BUY", None, "1", standing=1) is None


def test_before_the_first_trade_there_is_no_percent_price() -> None:
    assert Filters().failure("BUY", D(900_000), D(1), None) is None
    assert Filters().failure("BUY", None, D("0.00001"), None) is None


def test_an_order_that_reduces_may_be_as_small_as_it_is() -> None:
    given: dict[str, Any] = {"is_future": True}
    assert Filters().failure("SELL", D(100), D("0.01"), None, **given) is not None
    assert Filters().failure("SELL", D(100), D("0.01"), None, **given, is_reducing=True) is None


def test_exchange_info_says_them() -> None:
    told = {row["filterType"]: row for row in Filters(**SMALL).filters()}  # type: ignore[arg-type]
    assert D(told["MARKET_LOT_SIZE"]["maxQty"]) == 5
    assert D(told["NOTIONAL"]["maxNotional"]) == 2000
    assert D(told["PERCENT_PRICE_BY_SIDE"]["askMultiplierDown"]) == D("0.5")
    of_futures = {row["filterType"]: row for row in Filters(**SMALL).futures_filters()}  # type: ignore[arg-type]
    assert D(of_futures["PERCENT_PRICE"]["multiplierUp"]) == 4
    assert D(of_futures["MIN_NOTIONAL"]["notional"]) == 5
