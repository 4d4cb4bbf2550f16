"""Barter's own tests of messages of exchanges (barter-data, `src/exchange`), with its examples, read by ccxt's parsers.

Barter reads an exchange's message by itself; here ccxt does, and what it makes of it becomes an event.
"""

from __future__ import annotations

from decimal import Decimal as D
from inspect import signature
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.live.ccxt import connect, tells

BUY, SELL = bp.Side.BUY, bp.Side.SELL
BYBIT = {"T": 1672304486865, "s": "BTCUSDT", "v": "0.001", "p": "16578.50", "L": "PlusTick", "BT": False,
         "i": "20f43950-d8dd-5b31-9112-a178eb6023af"}  # fmt: skip
OKX = {"instId": "BTC-USDT", "tradeId": "130639474", "px": "42219.9", "sz": "0.12060306", "side": "buy",
       "ts": "1630048897897"}  # fmt: skip
BITMEX = {"timestamp": "2023-02-18T09:27:59.701Z", "symbol": "XBTUSD", "side": "Sell", "size": 200, "price": 24564.5,
          "tickDirection": "MinusTick", "trdMatchID": "31e50cb7-e005-a44e-f354-86e88dff52eb", "grossValue": 814184,
          "homeNotional": 0.00814184, "foreignNotional": 200, "trdType": "Regular"}  # fmt: skip
COINBASE = {"type": "match", "trade_id": 10, "sequence": 50, "maker_order_id": "ac928c66-ca53-498f-9c13-a110027a60e8",
            "taker_order_id": "132fb6ae-456b-4654-b4e0-d681ac05cea1", "time": "2014-11-07T08:19:27.028459Z",
            "product_id": "BTC-USD", "size": "5.23512", "price": "400.23", "side": "sell"}  # fmt: skip
GATE_SPOT = {"id": 309143071, "create_time": 1606292218, "create_time_ms": "1606292218213.4578", "side": "sell",
             "currency_pair": "GT_USDT", "amount": "16.4700000000", "price": "0.4705000000"}  # fmt: skip
GATE_FUTURE = {"size": -108, "id": 27753479, "create_time": 1545136464, "create_time_ms": 1545136464123,
               "price": "96.4", "contract": "ETH_USDT_QUARTERLY_20201225"}  # fmt: skip


def read(exchange: str, message: Any, parser: str, **market: Any) -> dict[str, Any]:
    """What ccxt makes of a message."""
    api = connect(exchange, sandbox=False).api
    about = {"id": "X", "symbol": "X/Y", "base": "X", "quote": "Y", "type": "spot", "spot": True, "contractSize": "1"}
    structure = api.safe_market_structure(about | market)
    api.set_markets([structure])
    function = getattr(api, parser)
    if "tradeResult" in signature(function).parameters:  # as newer versions of ccxt hand it over
        message = {"result": message}
    made: dict[str, Any] = function(message, structure)
    return made


SWAP = {"type": "swap", "spot": False, "swap": True, "contract": True, "linear": True, "settle": "Y"}
TRADES = {
    "okx": ("okx", OKX, "parse_trade", {}, ("130639474", 42219.9, 0.12060306, BUY), 1630048897897),
    "kraken sell": ("kraken", ["5541.20000", "0.15850568", "1534614057.321597", "s", "l", ""], "parse_trade", {},
                    ("", 5541.2, 0.15850568, SELL), 1534614057321),
    "kraken buy": ("kraken", ["6060.00000", "0.02455000", "1534614057.324998", "b", "l", ""], "parse_trade", {},
                   ("", 6060.0, 0.02455, BUY), 1534614057324),
    "bybit buy": ("bybit", BYBIT | {"S": "Buy"}, "parse_ws_trade", {},
                  ("20f43950-d8dd-5b31-9112-a178eb6023af", 16578.5, 0.001, BUY), 1672304486865),
    "bybit sell": ("bybit", BYBIT | {"S": "Sell"}, "parse_ws_trade", {},
                   ("20f43950-d8dd-5b31-9112-a178eb6023af", 16578.5, 0.001, SELL), 1672304486865),
    "bitmex": ("bitmex", BITMEX, "parse_trade", SWAP,
               ("31e50cb7-e005-a44e-f354-86e88dff52eb", 24564.5, 200.0, SELL), 1676712479701),
    "gateio spot": ("gate", GATE_SPOT, "parse_trade", {}, ("309143071", 0.4705, 16.47, SELL), 1606292218213),
    "gateio future": ("gate", GATE_FUTURE, "parse_trade", SWAP, ("27753479", 96.4, 108.0, SELL), 1545136464123),
    "bitfinex sell": ("bitfinex", [1225484398, 1665452200022, -0.08980641, 19027.02807752], "parse_ws_trade", {},
                      ("1225484398", 19027.02807752, 0.08980641, SELL), 1665452200022),
    "bitfinex buy": ("bitfinex", [1225484398, 1665452200022, 0.08980641, 19027.02807752], "parse_ws_trade", {},
                     ("1225484398", 19027.02807752, 0.08980641, BUY), 1665452200022),
}  # fmt: skip


@pytest.mark.parametrize("name", TRADES)
def test_a_trade_of(name: str) -> None:
    exchange, message, parser, market, expected, time_ms = TRADES[name]
    if exchange not in pytest.importorskip("ccxt.pro").exchanges:
        pytest.skip(f"this version of ccxt has no streams of {exchange}")
    row = read(exchange, message, parser, **market)
    assert tells.public_trade(row) == bp.PublicTrade(*expected)
    assert tells.time_of(row, 0) == time_ms * 10**6


def test_a_trade_of_coinbase_has_the_takers_side() -> None:
    """Coinbase says the maker's side, and Barter takes it for the taker's; ccxt turns it round."""
    about = {"id": "BTC-USD", "symbol": "BTC/USD", "base": "BTC", "quote": "USD"}
    row = read("coinbaseexchange", COINBASE, "parse_ws_trade", **about)
    assert tells.public_trade(row) == bp.PublicTrade("10", 400.23, 5.23512, BUY)
    assert tells.time_of(row, 0) == 1415348367028 * 10**6


def test_a_side_that_is_unknown_is_an_error() -> None:
    row = read("bybit", BYBIT | {"S": "Unknown"}, "parse_ws_trade")
    with pytest.raises(KeyError):
        tells.public_trade(row)


def test_a_level_of_a_book_of_bybit() -> None:
    api = connect("bybit", sandbox=False).api
    told = api.parse_order_book({"b": [["16493.50", "0.006"]], "a": []}, "BTC/USDT", 1, "b", "a")
    assert tells.book(told, 10).book.bids.levels == (bp.Level(D("16493.5"), D("0.006")),)


def test_a_best_price() -> None:
    """Barter's numbers of Kraken's spread, in ccxt's ticker."""
    row = {"bid": "5698.40000", "ask": "5700.00000", "bidVolume": "1.01234567", "askVolume": "0.98765432"}
    told = tells.quote(row, 1542057299545)
    assert told.best_bid == bp.Level(D("5698.4"), D("1.01234567"))
    assert told.best_ask == bp.Level(D("5700"), D("0.98765432"))
