"""What the engine asks for, as ccxt's parameters, and why some of it cannot be asked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from barter_bt.live.ccxt.connection import Connection
from barter_bt.live.protocols import untold_objection
from barter_bt.protocol import (
    FillOrKill,
    GoodUntilCancelled,
    GoodUntilEndOfDay,
    ImmediateOrCancel,
    OrderKind,
    OrderRequestOpen,
    RequestOpen,
    Side,
)

_TIMES: Mapping[type, str] = {ImmediateOrCancel: "IOC", FillOrKill: "FOK"}


def objection(api: Any, symbol: str, price: Decimal | None, quantity: Decimal | None) -> str | None:
    """Why a price or a quantity cannot be: ccxt would round it, and nobody would be told.

    Parameters
    ----------
    api
        ccxt's object, with its markets loaded.
    symbol, price, quantity
        Of what, how much.
    """
    for value, rounding, what in (
        (price, api.price_to_precision, "price"),
        (quantity, api.amount_to_precision, "quantity"),
    ):
        if value is not None and Decimal(rounding(symbol, plain(value))) != value:
            return f"{what} {value:f} is not on the exchange's grid: the nearest is {rounding(symbol, plain(value))}"
    return None


def open_objection(request: OrderRequestOpen) -> str | None:
    """Why an order cannot be asked for, if it cannot."""
    terms = request.state
    if terms.kind == OrderKind.LIMIT and isinstance(terms.time_in_force, GoodUntilEndOfDay):
        return "orders for the day cannot be asked for through ccxt"
    return untold_objection(request)


def order_arguments(terms: RequestOpen, symbol: str) -> tuple[Any, ...]:
    """Symbol, type, side, amount and price of ``create_order`` and ``edit_order``."""
    side = "buy" if terms.side == Side.BUY else "sell"
    if terms.kind == OrderKind.MARKET:
        return symbol, "market", side, plain(terms.quantity), None
    return symbol, "limit", side, plain(terms.quantity), plain(terms.price)


def order_params(terms: RequestOpen, cid: str) -> dict[str, Any]:
    """``params`` of ``create_order``."""
    params: dict[str, Any] = {"clientOrderId": cid}
    if terms.kind == OrderKind.MARKET:
        return params
    if isinstance(terms.time_in_force, GoodUntilCancelled):
        return params | {"postOnly": True} if terms.time_in_force.post_only else params
    return params | {"timeInForce": _TIMES[type(terms.time_in_force)]}


def by_client_id(connection: Connection, cid: str) -> dict[str, Any]:
    """``params`` that name an order whose number is not known."""
    return {"clientOrderId": cid, **({"origClientOrderId": cid} if connection.exchange.startswith("binance") else {})}


def plain(value: Decimal) -> str:
    """A number as text, without zeros behind."""
    return f"{value.normalize():f}"
