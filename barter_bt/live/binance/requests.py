"""What the engine asks for, as parameters of Binance's requests, and why some of it cannot be asked."""

from __future__ import annotations

import re
from typing import Any

from barter_bt.live.protocols import untold_conditions
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


def open_objection(request: OrderRequestOpen) -> str | None:
    """Why an order cannot be asked for, if it cannot."""
    terms = request.state
    if not CLIENT_ID.fullmatch(request.key.cid):
        return f"client id {request.key.cid!r}: the exchange takes up to 36 letters, digits, - and _"
    if terms.kind == OrderKind.LIMIT and isinstance(terms.time_in_force, GoodUntilEndOfDay):
        return "the exchange has no orders for the day"
    if untold := untold_conditions(request, ()):
        return f"this adapter cannot tell the exchange of {' and '.join(untold)}"
    return None


def open_params(request: OrderRequestOpen, symbol: str) -> dict[str, Any]:
    """``POST /api/v3/order``."""
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
        return params | {"type": "LIMIT_MAKER", "price": terms.price}
    return params | {"type": "LIMIT", "price": terms.price, "timeInForce": _TIMES[type(terms.time_in_force)]}


def amend_objection(request: OrderRequestAmend) -> str | None:
    """Why an amend cannot be asked for, if it cannot."""
    if untold := untold_conditions(request, ()):
        return f"this adapter cannot tell the exchange of {' and '.join(untold)}"
    if request.state.price is not None or request.state.quantity is None:
        return "the exchange only makes an order's quantity smaller; cancel it, and open another"
    return None
