"""What ccxt's unified structures tell, as events of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from barter_bt.live.ccxt.symbols import Symbols
from barter_bt.protocol import (
    AssetBalance,
    AssetFees,
    Balance,
    Cancelled,
    Candle,
    Expired,
    FillOrKill,
    FullyFilled,
    GoodUntilCancelled,
    ImmediateOrCancel,
    Level,
    Liquidation,
    Open,
    OpenFailed,
    Order,
    OrderBook,
    OrderBookL1,
    OrderBookSide,
    OrderBookSnapshot,
    OrderKey,
    OrderKind,
    OrderRejected,
    OrderState,
    PublicTrade,
    Side,
    TimeInForce,
    Trade,
)

MS_NS = 1_000_000
Row = Mapping[str, Any]
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def time_of(row: Row, received: int) -> int:
    """The exchange's time in ns; when it was received, where the exchange says none."""
    return received if row.get("timestamp") is None else int(row["timestamp"]) * MS_NS


def public_trade(row: Row) -> PublicTrade:
    """A trade of ``watch_trades``."""
    return PublicTrade(str(row["id"] or ""), float(row["price"]), float(row["amount"]), _SIDES[row["side"]])


def quote(row: Row, time: int) -> OrderBookL1:
    """The best prices of ``watch_ticker`` or ``watch_bids_asks``."""
    return OrderBookL1(time, _level(row["bid"], row["bidVolume"]), _level(row["ask"], row["askVolume"]))


def _level(price: Any, amount: Any) -> Level | None:
    """A level; an exchange that does not say how much is there has some of it."""
    return None if price is None else Level(Decimal(str(price)), Decimal(str(amount or 0)))


def book(row: Row, depth: int) -> OrderBookSnapshot:
    """The book of ``watch_order_book``, so many levels of a side."""
    sides = [
        OrderBookSide.sort(side, [Level(Decimal(str(p)), Decimal(str(a))) for p, a, *_ in row[name][:depth]])
        for side, name in ((Side.BUY, "bids"), (Side.SELL, "asks"))
    ]
    time = None if row["timestamp"] is None else int(row["timestamp"]) * MS_NS
    return OrderBookSnapshot(OrderBook(int(row["nonce"] or 0), time, *sides))


def candle(row: Sequence[Any], length_ms: int) -> Candle:
    """A candle of ``watch_ohlcv``, of which ccxt says no number of trades."""
    first, high, low, last, volume = (float(one) for one in row[1:6])
    return Candle((int(row[0]) + length_ms) * MS_NS, first, high, low, last, volume, 0, int(row[0]) * MS_NS)


def liquidation(row: Row, time: int) -> Liquidation:
    """A forced trade of ``watch_liquidations``."""
    side = row.get("side") or row["info"].get("side", "sell")
    return Liquidation(_SIDES[str(side).lower()], float(row["price"]), float(row["contracts"]), time)


def key_of(symbols: Symbols, row: Row, cid: str, strategy: str) -> OrderKey:
    """The key of an order."""
    return OrderKey(symbols.exchange, symbols.names[row["symbol"]], strategy, cid)


def order(row: Row, key: OrderKey) -> Order:
    """An order, in the state in which the exchange has it.

    Parameters
    ----------
    row
        An order of ccxt's.
    key
        Whose it is.
    """
    is_limit = row["type"] == "limit"
    tif: TimeInForce = GoodUntilCancelled(post_only=bool(row.get("postOnly")))
    if row.get("timeInForce") in ("IOC", "FOK") or not is_limit:
        tif = FillOrKill() if row.get("timeInForce") == "FOK" else ImmediateOrCancel()
    price, amount = Decimal(str(row["price"] or 0)), Decimal(str(row["amount"] or 0))
    kind = OrderKind.LIMIT if is_limit else OrderKind.MARKET
    return Order(key, _SIDES[row["side"]], price, amount, kind, tif, state(row))


def state(row: Row) -> OrderState:
    """The state of an order of ccxt's: ``status`` is open, closed, canceled, expired or rejected.

    Examples
    --------
    >>> state({"id": "7", "status": "open", "timestamp": 1, "filled": "0.5", "amount": "2"})
    Open(id='7', time_exchange=1000000, filled_quantity=Decimal('0.5'))
    """
    time = int(row.get("lastUpdateTimestamp") or row.get("timestamp") or 0) * MS_NS
    filled, amount = Decimal(str(row.get("filled") or 0)), Decimal(str(row.get("amount") or 0))
    match row.get("status"):
        case "closed":
            return FullyFilled()
        case "canceled" | "canceling":
            return Cancelled(str(row["id"]), time)
        case "expired":
            return Expired()
        case "rejected":
            return OpenFailed(OrderRejected("the exchange has rejected it"))
    return FullyFilled() if amount and filled >= amount else Open(str(row["id"]), time, filled)


def own_trade(row: Row, symbols: Symbols, strategy: str, received: int) -> Trade:
    """A trade of ``watch_my_trades``; fees in an asset that it does not trade are left out of it."""
    name = symbols.names[row["symbol"]]
    one = symbols.instruments[name]
    fees = AssetFees(None, Decimal(0))
    for cost, asset in fees_of(row, symbols):
        if asset == one.base and one.kind == "spot":
            fees = AssetFees(asset, cost)
        elif asset in (one.quote, one.settlement):
            fees = AssetFees(None, cost)
    side, price, quantity = _SIDES[row["side"]], Decimal(str(row["price"])), Decimal(str(row["amount"]))
    time = time_of(row, received)
    return Trade(str(row["id"]), str(row["order"]), name, strategy, time, side, price, quantity, fees)


def fees_of(row: Row, symbols: Symbols) -> list[tuple[Decimal, str]]:
    """Fees of a trade, each with its asset."""
    rows = row.get("fees") or ([row["fee"]] if row.get("fee") else [])
    return [
        (Decimal(str(fee["cost"])), symbols.assets.get(fee["currency"], str(fee["currency"]).lower()))
        for fee in rows
        if fee.get("cost") is not None and fee.get("currency") is not None
    ]


def is_elsewhere(row: Row, symbols: Symbols) -> bool:
    """Whether some fee of a trade is in an asset that it does not trade."""
    one = symbols.instruments[symbols.names[row["symbol"]]]
    inside = (one.quote, one.settlement, one.base if one.kind == "spot" else None)
    return any(cost and asset not in inside for cost, asset in fees_of(row, symbols))


def balances(row: Row, symbols: Symbols, time: int, *, is_whole: bool) -> list[AssetBalance]:
    """Balances of assets that are traded; of a whole account one that is not told is 0."""
    told = []
    for code, asset in symbols.assets.items():
        found = row.get(code)
        if found is None and not is_whole:
            continue
        total, free = ((found or {}).get(name) for name in ("total", "free"))
        amounts = Balance(*(Decimal(str(one or 0)) for one in (total, total if free is None else free)))
        told.append(AssetBalance(asset, amounts, time))
    return told
