"""The loopback futures exchange's messages, field by field as Binance documents them.

Sources: https://developers.binance.com/docs/derivatives/usds-margined-futures (`user-data-streams`, `account`, `trade`,
`market-data`, `websocket-market-streams`) as of September 2026, and https://github.com/binance/binance-connector-python
as of 21 August 2026 (commit 29da329, `clients/derivatives_trading_usds_futures`). Times are in ms.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from barter_bt.testing.exchange.listing import Listing, Resting, text
from barter_bt.testing.exchange.wire import Message

_ZERO = "0"


class Position(NamedTuple):
    """What is held of a symbol: signed amount, average price, and when it changed, in ms."""

    symbol: str
    amount: Decimal
    entry: Decimal
    changed: int


def order_trade_update(order: Resting, execution: str, now: int, trade: Message | None = None) -> Message:
    """`ORDER_TRADE_UPDATE`."""
    done = trade or {}
    o = {
        "s": order.listing.symbol, "c": order.client_id, "S": order.side, "o": order.kind, "f": order.time_in_force,
        "q": text(order.quantity), "p": text(order.price), "ap": text(_average(order)), "sp": _ZERO, "x": execution,
        "X": order.status, "i": order.number, "l": text(done.get("quantity", Decimal(0))), "z": text(order.filled),
        "L": text(done.get("price", Decimal(0))), "T": order.updated, "t": done.get("number", 0), "b": _ZERO,
        "a": _ZERO, "m": done.get("maker", False), "R": order.is_reducing, "wt": "CONTRACT_PRICE", "ot": order.kind,
        "ps": "BOTH", "cp": False, "rp": text(done.get("profit", Decimal(0))), "pP": False, "si": 0, "ss": 0,
        "V": "NONE", "pm": "NONE", "gtd": 0, "er": _ZERO,
    }  # fmt: skip
    fee = {"N": done["asset"], "n": text(done["fee"])} if trade else {}
    return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": order.updated, "o": o | fee}


def _average(order: Resting) -> Decimal:
    return order.spent / order.filled if order.filled else Decimal(0)


def account_update(
    reason: str, asset: str, wallet: Decimal, change: Decimal, changed: list[Position], *, now: int, updated: int
) -> Message:
    """`ACCOUNT_UPDATE`: the wallet, and what is held of the symbols that changed."""
    held = [
        {"s": one.symbol, "pa": text(one.amount), "ep": text(one.entry), "bep": _ZERO, "cr": _ZERO,
         "up": _ZERO, "mt": "cross", "iw": _ZERO, "ps": "BOTH"}
        for one in changed
    ]  # fmt: skip
    row = {"a": asset, "wb": text(wallet), "cw": text(wallet), "bc": text(change)}
    return {"e": "ACCOUNT_UPDATE", "E": now, "T": updated, "a": {"m": reason, "B": [row], "P": held}}


def order_answer(order: Resting) -> Message:
    """`/fapi/v1/order` and a row of `/fapi/v1/openOrders`."""
    return {
        "avgPrice": text(_average(order)), "clientOrderId": order.client_id, "cumQuote": text(order.spent),
        "executedQty": text(order.filled), "orderId": order.number, "origQty": text(order.quantity),
        "origType": order.kind, "price": text(order.price), "reduceOnly": order.is_reducing, "side": order.side,
        "positionSide": "BOTH", "status": order.status, "stopPrice": _ZERO, "closePosition": False,
        "symbol": order.listing.symbol, "time": order.time, "timeInForce": order.time_in_force, "type": order.kind,
        "updateTime": order.updated, "workingType": "CONTRACT_PRICE", "priceProtect": False, "priceMatch": "NONE",
        "selfTradePreventionMode": "NONE", "goodTillDate": 0,
    }  # fmt: skip


def user_trade(trade: Message) -> Message:
    """A row of `/fapi/v1/userTrades`."""
    order: Resting = trade["order"]
    return {
        "buyer": order.side == "BUY", "commission": text(trade["fee"]), "commissionAsset": trade["asset"],
        "id": trade["number"], "maker": trade["maker"], "orderId": order.number, "price": text(trade["price"]),
        "qty": text(trade["quantity"]), "quoteQty": text(trade["price"] * trade["quantity"]),
        "realizedPnl": text(trade["profit"]), "side": order.side, "positionSide": "BOTH",
        "symbol": order.listing.symbol, "time": trade["time"],
    }  # fmt: skip


def account_answer(margin: str, money: Decimal, available: Decimal, updated: int) -> Message:
    """`/fapi/v3/account`."""
    wallet, free = text(money), text(available)
    asset = {
        "asset": margin, "walletBalance": wallet, "unrealizedProfit": _ZERO, "marginBalance": wallet,
        "maintMargin": _ZERO, "initialMargin": _ZERO, "positionInitialMargin": _ZERO, "openOrderInitialMargin": _ZERO,
        "crossWalletBalance": wallet, "crossUnPnl": _ZERO, "availableBalance": free, "maxWithdrawAmount": free,
        "updateTime": updated,
    }  # fmt: skip
    return {"totalWalletBalance": wallet, "availableBalance": free, "assets": [asset], "positions": []}


def position_risk(held: list[Position], margin: str) -> list[Message]:
    """`/fapi/v3/positionRisk`: what is held."""
    return [
        {"symbol": one.symbol, "positionSide": "BOTH", "positionAmt": text(one.amount),
         "entryPrice": text(one.entry), "breakEvenPrice": _ZERO, "markPrice": _ZERO,
         "unRealizedProfit": _ZERO, "liquidationPrice": _ZERO,
         "notional": text(one.amount * one.entry),
         "marginAsset": margin, "isolatedMargin": _ZERO, "isolatedWallet": _ZERO,
         "initialMargin": _ZERO, "maintMargin": _ZERO, "positionInitialMargin": _ZERO, "openOrderInitialMargin": _ZERO,
         "adl": 0, "bidNotional": _ZERO, "askNotional": _ZERO, "updateTime": one.changed}
        for one in held
    ]  # fmt: skip


def brackets(symbol: str, leverage: int) -> Message:
    """A row of `/fapi/v1/leverageBracket`: one bracket."""
    bracket = {"bracket": 1, "initialLeverage": leverage, "notionalCap": 10**9, "notionalFloor": 0,
               "maintMarginRatio": 0.01, "cum": 0.0}  # fmt: skip
    return {"symbol": symbol, "notionalCoef": 1.0, "brackets": [bracket]}


def exchange_info(listings: list[Listing], now: int, weight: int, orders: int) -> Message:
    """`/fapi/v1/exchangeInfo`, which takes no symbols."""
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": orders},
    ]
    symbols = [
        {"symbol": one.symbol, "pair": one.symbol.split("_")[0], "deliveryDate": one.delivery_ms,
         "contractType": "CURRENT_QUARTER" if "_" in one.symbol else "PERPETUAL", "onboardDate": 0,
         "status": "TRADING", "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000",
         "baseAsset": one.base, "quoteAsset": one.quote, "marginAsset": one.quote, "pricePrecision": 2,
         "quantityPrecision": 3, "baseAssetPrecision": 8, "quotePrecision": 8, "underlyingType": "COIN",
         "underlyingSubType": [], "settlePlan": 0, "triggerProtect": "0.0500", "liquidationFee": "0.0125",
         "marketTakeBound": "0.05", "filters": one.futures_filters(), "orderTypes": ["LIMIT", "MARKET"],
         "timeInForce": ["GTC", "IOC", "FOK", "GTX"]}
        for one in listings
    ]  # fmt: skip
    return {"timezone": "UTC", "serverTime": now, "rateLimits": limits, "exchangeFilters": [], "assets": [],
            "symbols": symbols}  # fmt: skip
