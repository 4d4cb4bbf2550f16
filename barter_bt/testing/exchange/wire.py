"""The loopback exchange's messages, field by field as Binance documents them.

Sources, read as of 21 July 2026 (commit a5e0bc3 of https://github.com/binance/binance-spot-api-docs): `rest-api.md`,
`web-socket-streams.md`, `web-socket-api.md`, `user-data-stream.md`, `filters.md`, `enums.md`, `errors.md`; the same
pages are https://developers.binance.com/docs/binance-spot-api-docs. Times are in ms, as they are unless asked
otherwise.

Listen keys (`POST /api/v3/userDataStream`) are not spoken: the changelog of that documentation retires them for
20 February 2026. Account events come over the WebSocket API, by `userDataStream.subscribe.signature`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from barter_bt.testing.exchange.listing import Balance, Listing, Resting, text

Message = dict[str, Any]
_ZERO = "0.00000000"


def execution_report(
    order: Resting, execution: str, now: int, *, trade: Message | None = None, cancel_id: str = ""
) -> Message:
    """`executionReport`."""
    done = trade or {}
    return {
        "e": "executionReport", "E": now, "s": order.listing.symbol, "c": cancel_id or order.client_id,
        "S": order.side, "o": order.kind, "f": order.time_in_force, "q": text(order.quantity), "p": text(order.price),
        "P": _ZERO, "F": _ZERO, "g": -1, "C": order.client_id if cancel_id else "", "x": execution, "X": order.status,
        "r": "NONE", "i": order.number, "l": text(done.get("quantity", Decimal(0))), "z": text(order.filled),
        "L": text(done.get("price", Decimal(0))), "n": text(done.get("fee", Decimal(0))), "N": done.get("asset"),
        "T": order.updated, "t": done.get("number", -1), "I": 1, "w": order.is_working, "m": done.get("maker", False),
        "M": False, "O": order.time, "Z": text(order.spent),
        "Y": text(done.get("quantity", Decimal(0)) * done.get("price", Decimal(0))), "Q": _ZERO, "W": order.time,
        "V": "NONE",
    }  # fmt: skip


def position(changed: Mapping[str, Balance], now: int, updated: int) -> Message:
    """`outboundAccountPosition`: the assets that an order may have changed."""
    balances = [{"a": asset, "f": text(one.free), "l": text(one.locked)} for asset, one in changed.items()]
    return {"e": "outboundAccountPosition", "E": now, "u": updated, "B": balances}


def order_answer(order: Resting, **more: Any) -> Message:
    """What a query of an order, a placement and a cancel have in common."""
    return {
        "symbol": order.listing.symbol, "orderId": order.number, "orderListId": -1, "clientOrderId": order.client_id,
        "price": text(order.price), "origQty": text(order.quantity), "executedQty": text(order.filled),
        "origQuoteOrderQty": "0.000000", "cummulativeQuoteQty": text(order.spent), "status": order.status,
        "timeInForce": order.time_in_force, "type": order.kind, "side": order.side, "workingTime": order.time,
        "selfTradePreventionMode": "NONE", **more,
    }  # fmt: skip


def queried(order: Resting) -> Message:
    """`GET /api/v3/order`, and a row of `GET /api/v3/openOrders`."""
    return order_answer(
        order, stopPrice=_ZERO, icebergQty=_ZERO, time=order.time, updateTime=order.updated, isWorking=order.is_working
    )


def amended(order: Resting, was: str) -> Message:
    """`PUT /api/v3/order/amend/keepPriority`."""
    inner = order_answer(order, origClientOrderId=was, qty=text(order.quantity), preventedQty=_ZERO)
    return {"transactTime": order.updated, "executionId": 1, "amendedOrder": inner}


def account_answer(held: Mapping[str, Balance], fee: Decimal, updated: int) -> Message:
    """`GET /api/v3/account`."""
    balances = [{"asset": name, "free": text(one.free), "locked": text(one.locked)} for name, one in held.items()]
    return {
        "makerCommission": 10, "takerCommission": 10, "buyerCommission": 0, "sellerCommission": 0,
        "commissionRates": {"maker": text(fee), "taker": text(fee), "buyer": _ZERO, "seller": _ZERO},
        "canTrade": True, "canWithdraw": False, "canDeposit": False, "brokered": False,
        "requireSelfTradePrevention": False, "preventSor": False, "updateTime": updated, "accountType": "SPOT",
        "balances": balances, "permissions": ["SPOT"], "uid": 1,
    }  # fmt: skip


def own_trade(trade: Message) -> Message:
    """A row of `GET /api/v3/myTrades`."""
    order: Resting = trade["order"]
    return {
        "symbol": order.listing.symbol, "id": trade["number"], "orderId": order.number, "orderListId": -1,
        "price": text(trade["price"]), "qty": text(trade["quantity"]),
        "quoteQty": text(trade["price"] * trade["quantity"]), "commission": text(trade["fee"]),
        "commissionAsset": trade["asset"], "time": trade["time"], "isBuyer": order.side == "BUY",
        "isMaker": trade["maker"], "isBestMatch": True,
    }  # fmt: skip


def exchange_info(listings: list[Listing], now: int, weight: int, orders: int) -> Message:
    """`GET /api/v3/exchangeInfo`."""
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": orders},
    ]
    kinds = ["LIMIT", "LIMIT_MAKER", "MARKET"]
    symbols = [
        {"symbol": one.symbol, "status": "TRADING", "baseAsset": one.base, "baseAssetPrecision": 8,
         "quoteAsset": one.quote, "quotePrecision": 8, "quoteAssetPrecision": 8, "baseCommissionPrecision": 8,
         "quoteCommissionPrecision": 8, "orderTypes": kinds, "icebergAllowed": False, "ocoAllowed": False,
         "otoAllowed": False, "opoAllowed": False, "quoteOrderQtyMarketAllowed": False, "allowTrailingStop": False,
         "cancelReplaceAllowed": False, "amendAllowed": True, "pegInstructionsAllowed": False,
         "isSpotTradingAllowed": True, "isMarginTradingAllowed": False, "filters": one.filters(), "permissions": [],
         "permissionSets": [["SPOT"]], "defaultSelfTradePreventionMode": "NONE",
         "allowedSelfTradePreventionModes": ["NONE"]}
        for one in listings
    ]  # fmt: skip
    return {"timezone": "UTC", "serverTime": now, "rateLimits": limits, "exchangeFilters": [], "symbols": symbols}


def levels(side: dict[Decimal, Decimal], *, highest_first: bool, limit: int) -> list[list[str]]:
    """Levels from the best on."""
    return [[text(price), text(side[price])] for price in sorted(side, reverse=highest_first)[:limit]]
