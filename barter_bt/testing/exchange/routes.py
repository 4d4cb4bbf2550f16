"""What the loopback exchange answers to requests over HTTP, by route."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import itemgetter
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


def order_of(x: Matching, params: Params) -> Resting | None:
    """The order of either id."""
    return x.find(_listing(x, params).symbol, params.get("orderId"), params.get("origClientOrderId"))


def depth(x: Matching, params: Params) -> Any:
    """The whole book."""
    one, limit = _listing(x, params), int(params.get("limit", 100))
    return {"lastUpdateId": one.update_id, "bids": wire.levels(one.bids, highest_first=True, limit=limit),
            "asks": wire.levels(one.asks, highest_first=False, limit=limit)}  # fmt: skip


def klines(x: Matching, params: Params) -> Any:
    """Candles."""
    rows = _listing(x, params).candles.get(params["interval"], [])
    return [row for row in rows if row[0] >= int(params.get("startTime", 0))][: int(params.get("limit", 500))]


def old_trades(x: Matching, params: Params) -> Any:
    """Trades of all."""
    rows, limit = _listing(x, params).trades, int(params.get("limit", 500))
    if "fromId" not in params:
        return rows[-limit:]
    first = bisect_left(rows, int(params["fromId"]), key=itemgetter("id"))
    return rows[first : first + limit]


def own_trades(x: Matching, params: Params, say: Callable[[Any], Any] = wire.own_trade) -> Any:
    """Own trades of a symbol, or of one of its orders."""
    first = bisect_left(x.trades, int(params.get("fromId", 0)), key=itemgetter("number"))
    symbol, rows = _listing(x, params).symbol, [say(one) for one in x.trades[first:]]
    rows = [row for row in rows if row["symbol"] == symbol and params.get("orderId") in (None, str(row["orderId"]))]
    limit, until = int(params.get("limit", 500)), int(params.get("endTime", 2**62))
    if "startTime" in params:
        return [row for row in rows if int(params["startTime"]) <= row["time"] <= until][:limit]
    return rows[:limit] if "fromId" in params else rows[-limit:]


def place(taking: Callable[..., Resting | None], x: Matching, params: Params, *, only_test: bool) -> Resting | None:
    """Let an order be taken."""
    price = Decimal(params["price"]) if "price" in params else None
    for name in ("quantity", "price"):
        if len(params.get(name, "").partition(".")[2]) > _DIGITS:
            raise Refused(-1111, f"Parameter '{name}' has too much precision.")
    return taking(
        _listing(x, params).symbol, params["side"], params["type"], params.get("timeInForce", "GTC"), price,
        Decimal(params["quantity"]), params["newClientOrderId"], only_test=only_test,
    )  # fmt: skip


def _place(x: Matching, params: Params, *, only_test: bool = False) -> Any:
    order = place(x.place, x, params, only_test=only_test)
    if order is None:
        return {}
    return {"symbol": order.listing.symbol, "orderId": order.number, "orderListId": -1,
            "clientOrderId": order.client_id, "transactTime": order.time}  # fmt: skip


def _cancel(x: Matching, params: Params) -> Any:
    order = x.cancel(order_of(x, params))
    return wire.order_answer(
        order, origClientOrderId=order.client_id, clientOrderId="cancel", transactTime=order.updated
    )


def _amend(x: Matching, params: Params) -> Any:
    order = order_of(x, params)
    was = order.client_id if order else ""
    changed = x.amend(order, Decimal(params["newQty"]), params.get("newClientOrderId", "amended"))
    return wire.amended(changed, was)


def _query(x: Matching, params: Params) -> Any:
    order = order_of(x, params)
    if order is None:
        raise Refused(-2013, "Order does not exist.")
    return wire.queried(order)


def standing(x: Matching, params: Params) -> list[Resting]:
    """Orders that stand."""
    return [order for order in x.working if params.get("symbol", order.listing.symbol) == order.listing.symbol]


ROUTES: dict[str, Callable[[Matching, Params], Any]] = {
    "GET /api/v3/time": lambda x, _: {"serverTime": x.now()},
    "GET /api/v3/depth": depth,
    "GET /api/v3/klines": klines,
    "GET /api/v3/historicalTrades": old_trades,
    "GET /api/v3/account": lambda x, _: wire.account_answer(x.balances, x.fee, x.updated),
    "GET /api/v3/openOrders": lambda x, params: [wire.queried(order) for order in standing(x, params)],
    "GET /api/v3/order": _query,
    "GET /api/v3/myTrades": own_trades,
    "POST /api/v3/order": _place,
    "POST /api/v3/order/test": lambda x, params: _place(x, params, only_test=True),
    "DELETE /api/v3/order": _cancel,
    "PUT /api/v3/order/amend/keepPriority": _amend,
}
