"""What the loopback exchange answers to requests over HTTP, by route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from barter_bt.testing.exchange import wire
from barter_bt.testing.exchange.listing import Listing, Resting
from barter_bt.testing.exchange.matching import Matching, Refused

Params = Mapping[str, str]
_DIGITS = 8


def _listing(x: Matching, params: Params) -> Listing:
    one = x.listings.get(params.get("symbol", ""))
    if one is None:
        raise Refused(-1121, "Invalid symbol.")
    return one


def _order(x: Matching, params: Params) -> Resting | None:
    return x.find(_listing(x, params).symbol, params.get("orderId"), params.get("origClientOrderId"))


def _depth(x: Matching, params: Params) -> Any:
    one, limit = _listing(x, params), int(params.get("limit", 100))
    return {"lastUpdateId": one.update_id, "bids": wire.levels(one.bids, highest_first=True, limit=limit),
            "asks": wire.levels(one.asks, highest_first=False, limit=limit)}  # fmt: skip


def _klines(x: Matching, params: Params) -> Any:
    rows = _listing(x, params).candles.get(params["interval"], [])
    return [row for row in rows if row[0] >= int(params.get("startTime", 0))][: int(params.get("limit", 500))]


def _old_trades(x: Matching, params: Params) -> Any:
    rows, limit = _listing(x, params).trades, int(params.get("limit", 500))
    if "fromId" not in params:
        return rows[-limit:]
    return [row for row in rows if row["id"] >= int(params["fromId"])][:limit]


def _own_trades(x: Matching, params: Params) -> Any:
    symbol, rows = _listing(x, params).symbol, [wire.own_trade(one) for one in x.trades]
    rows = [row for row in rows if row["symbol"] == symbol]
    limit = int(params.get("limit", 500))
    if "fromId" not in params:
        return rows[-limit:]
    return [row for row in rows if row["id"] >= int(params["fromId"])][:limit]


def _place(x: Matching, params: Params, *, only_test: bool = False) -> Any:
    price = Decimal(params["price"]) if "price" in params else None
    kind = params["type"]
    for name in ("quantity", "price"):
        if len(params.get(name, "").partition(".")[2]) > _DIGITS:
            raise Refused(-1111, f"Parameter '{name}' has too much precision.")
    order = x.place(
        _listing(x, params).symbol, params["side"], kind, params.get("timeInForce", "GTC"), price,
        Decimal(params["quantity"]), params["newClientOrderId"], only_test=only_test,
    )  # fmt: skip
    if order is None:
        return {}
    return {"symbol": order.listing.symbol, "orderId": order.number, "orderListId": -1,
            "clientOrderId": order.client_id, "transactTime": order.time}  # fmt: skip


def _cancel(x: Matching, params: Params) -> Any:
    order = x.cancel(_order(x, params))
    return wire.order_answer(
        order, origClientOrderId=order.client_id, clientOrderId="cancel", transactTime=order.updated
    )


def _amend(x: Matching, params: Params) -> Any:
    order = _order(x, params)
    was = order.client_id if order else ""
    changed = x.amend(order, Decimal(params["newQty"]), params.get("newClientOrderId", "amended"))
    return wire.amended(changed, was)


def _query(x: Matching, params: Params) -> Any:
    order = _order(x, params)
    if order is None:
        raise Refused(-2013, "Order does not exist.")
    return wire.queried(order)


def _standing(x: Matching, params: Params) -> Any:
    return [wire.queried(order) for order in x.orders
            if order.is_working and params.get("symbol", order.listing.symbol) == order.listing.symbol]  # fmt: skip


ROUTES: dict[str, Callable[[Matching, Params], Any]] = {
    "GET /api/v3/time": lambda x, _: {"serverTime": x.now()},
    "GET /api/v3/depth": _depth,
    "GET /api/v3/klines": _klines,
    "GET /api/v3/historicalTrades": _old_trades,
    "GET /api/v3/account": lambda x, _: wire.account_answer(x),
    "GET /api/v3/openOrders": _standing,
    "GET /api/v3/order": _query,
    "GET /api/v3/myTrades": _own_trades,
    "POST /api/v3/order": _place,
    "POST /api/v3/order/test": lambda x, params: _place(x, params, only_test=True),
    "DELETE /api/v3/order": _cancel,
    "PUT /api/v3/order/amend/keepPriority": _amend,
}
