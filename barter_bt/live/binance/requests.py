"""What the engine asks for, as parameters of Binance's requests, and why some of it cannot be asked.

Sources: `rest-api.md` of https://github.com/binance/binance-spot-api-docs as of 21 July 2026; for futures the pages
"New Order" and "Modify Order" of https://developers.binance.com/docs/derivatives/usds-margined-futures, September 2026.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from barter_bt.live.binance.dialect import SPOT, Dialect
from barter_bt.live.binance.messages import QueriedOrder
from barter_bt.live.protocols import untold_objection
from barter_bt.protocol import (
    FillOrKill,
    GoodUntilCancelled,
    GoodUntilEndOfDay,
    ImmediateOrCancel,
    OrderKind,
    OrderRequestAmend,
    OrderRequestOpen,
    Side,
)

CLIENT_ID = re.compile(r"[a-zA-Z0-9_-]{1,36}")
"""What the exchange allows: its error -1100 says so (https://github.com/binance/binance-spot-api-docs/pull/34)."""
_TIMES: dict[type, str] = {GoodUntilCancelled: "GTC", ImmediateOrCancel: "IOC", FillOrKill: "FOK"}


def open_objection(request: OrderRequestOpen, known: Collection[str] = ()) -> str | None:
    """Why an order cannot be asked for of a client that knows so many conditions, if it cannot."""
    terms = request.state
    if not CLIENT_ID.fullmatch(request.key.cid):
        return f"client id {request.key.cid!r}: the exchange takes up to 36 letters, digits, - and _"
    if terms.kind == OrderKind.LIMIT and isinstance(terms.time_in_force, GoodUntilEndOfDay):
        return "the exchange has no orders for the day"
    return untold_objection(request, known)


def open_params(request: OrderRequestOpen, symbol: str, dialect: Dialect = SPOT) -> dict[str, Any]:
    """``POST`` of an ``order``; what must not take is an order of its own at spot, and a time in force of futures."""
    terms = request.state
    params: dict[str, Any] = {
        "symbol": symbol,
        "side": "BUY" if terms.side == Side.BUY else "SELL",
        "type": "MARKET",
        "quantity": terms.quantity,
        "newClientOrderId": request.key.cid,
        "newOrderRespType": "ACK",
    }
    if terms.kind == OrderKind.MARKET:
        return params
    if isinstance(terms.time_in_force, GoodUntilCancelled) and terms.time_in_force.post_only:
        maker = {"type": "LIMIT_MAKER"} if dialect is SPOT else {"type": "LIMIT", "timeInForce": "GTX"}
        return params | maker | {"price": terms.price}
    return params | {"type": "LIMIT", "price": terms.price, "timeInForce": _TIMES[type(terms.time_in_force)]}


def amend_objection(request: OrderRequestAmend, dialect: Dialect = SPOT) -> str | None:
    """Why an amend cannot be asked for, if it cannot."""
    if (why := untold_objection(request)) is not None:
        return why
    if dialect is SPOT and (request.state.price is not None or request.state.quantity is None):
        return "the exchange only makes an order's quantity smaller; cancel it, and open another"
    return None


def modify_params(request: OrderRequestAmend, standing: QueriedOrder) -> dict[str, Any]:
    """``PUT /fapi/v1/order``, which wants side, price and quantity, whichever of them changes."""
    price, quantity = request.state.price, request.state.quantity
    return {
        "symbol": standing.symbol,
        "origClientOrderId": standing.clientOrderId,
        "side": standing.side,
        "price": standing.price if price is None else price,
        "quantity": standing.origQty if quantity is None else quantity,
    }
