"""What Binance says of an account, as events of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from barter_bt.live.binance.messages import AccountPosition, AccountState, ExecutionReport, OwnTrade, QueriedOrder
from barter_bt.live.binance.rest import MS_NS
from barter_bt.live.binance.symbols import Symbols
from barter_bt.protocol import (
    Account,
    AccountEvent,
    Amended,
    AssetBalance,
    AssetFees,
    Balance,
    Cancelled,
    Expired,
    FillOrKill,
    FullyFilled,
    GoodUntilCancelled,
    ImmediateOrCancel,
    Item,
    Open,
    OpenFailed,
    OpenInFlight,
    Order,
    OrderKey,
    OrderKind,
    OrderRejected,
    OrderResponseAmend,
    OrderResponseCancel,
    OrderState,
    Side,
    TimeInForce,
    Trade,
)


def account(exchange: str, *kinds: Any) -> tuple[Account, ...]:
    """Events of the account."""
    return tuple(Account(Item(AccountEvent(exchange, kind))) for kind in kinds)


class Tells:
    """Says what messages of the account tell.

    Parameters
    ----------
    symbols
        What is traded.
    strategy
        Whose an order is, by its client id.
    """

    def __init__(self, symbols: Symbols, strategy: Callable[[str], str]) -> None:
        self._symbols, self._strategy = symbols, strategy

    def key(self, symbol: str, cid: str) -> OrderKey:
        """The key of an order."""
        return OrderKey(self._symbols.dialect.exchange, self._symbols.names[symbol], self._strategy(cid), cid)

    def reported(self, told: ExecutionReport) -> Order | OrderResponseCancel | OrderResponseAmend:
        """What became of an order."""
        key = self.key(told.s, told.client_id)
        if told.x == "CANCELED":
            return OrderResponseCancel(key, Cancelled(str(told.i), told.T * MS_NS))
        if told.x == "REPLACED":
            return OrderResponseAmend(key, Amended(str(told.i), told.T * MS_NS, told.p, told.q))
        state = state_of(told.X, str(told.i), told.T * MS_NS, told.z, told.r)
        return _order(key, told.S, told.p, told.q, told.o, told.f, state)

    def arrived(self, told: ExecutionReport) -> Order:
        """How an order stood when it had just arrived, where a later report is the first that came."""
        state = Open(str(told.i), told.O * MS_NS, Decimal(0))
        return _order(self.key(told.s, told.client_id), told.S, told.p, told.q, told.o, told.f, state)

    def first_report(self, told: QueriedOrder) -> Order:
        """How an order stood when it had just arrived."""
        return self._queried(told, Open(str(told.orderId), told.time * MS_NS, Decimal(0)))

    def queried(self, told: QueriedOrder) -> Order:
        """How an order stands."""
        state = state_of(told.status, str(told.orderId), told.updateTime * MS_NS, told.executedQty, told.status)
        return self._queried(told, state)

    def _queried(self, told: QueriedOrder, state: OrderState) -> Order:
        key = self.key(told.symbol, told.clientOrderId)
        return _order(key, told.side, told.price, told.origQty, told.type, told.timeInForce, state)

    def trade(self, told: OwnTrade, cid: str) -> Trade:
        """An own trade; a fee that is not in the base or the quote asset is left out of it (see :meth:`fees`)."""
        name = self._symbols.names[told.symbol]
        side = Side.BUY if told.isBuyer else Side.SELL
        return Trade(
            str(told.id), str(told.orderId), name, self._strategy(cid), told.time * MS_NS, side, told.price, told.qty,
            self.fees(told),
        )  # fmt: skip

    def fees(self, told: OwnTrade) -> AssetFees:
        """The fees of a trade: in the quote asset, in the base asset, or none of those that the engine keeps."""
        one = self._symbols.instruments[self._symbols.names[told.symbol]]
        asset = self._symbols.assets.get(told.commissionAsset)
        if asset == one.base and told.commission:
            return AssetFees(asset, told.commission)
        return AssetFees(None, told.commission if asset == one.quote else Decimal(0))

    def is_elsewhere(self, told: OwnTrade) -> bool:
        """Whether the fees of a trade are in an asset that it does not trade."""
        one = self._symbols.instruments[self._symbols.names[told.symbol]]
        return bool(told.commission) and self._symbols.assets.get(told.commissionAsset) not in (one.base, one.quote)

    def balances(self, told: AccountPosition) -> list[AssetBalance]:
        """Balances that changed, of assets that are traded."""
        return self.of_assets(((one.a, one.f, one.l) for one in told.B), told.u)

    def all_balances(self, told: AccountState) -> list[AssetBalance]:
        """All balances of assets that are traded; one that is not told is 0."""
        known = {one.asset: (one.free, one.locked) for one in told.balances}
        rows = ((asset, *known.get(asset, (Decimal(0), Decimal(0)))) for asset in self._symbols.assets)
        return self.of_assets(rows, told.updateTime)

    def of_assets(self, rows: Iterable[tuple[str, Decimal, Decimal]], time_ms: int) -> list[AssetBalance]:
        """Balances of assets that are traded, of what is free and what is locked of each."""
        assets = self._symbols.assets
        return [
            AssetBalance(assets[asset], Balance(free + locked, free), time_ms * MS_NS)
            for asset, free, locked in rows
            if asset in assets
        ]


def trade_of(told: ExecutionReport) -> OwnTrade:
    """The trade that a report of an execution tells."""
    return OwnTrade(told.s, told.t, told.i, told.L, told.l, told.n, told.N or "", told.T, told.S == "BUY")


def state_of(status: str, number: str, time: int, filled: Decimal, reason: str) -> OrderState:
    """The state of an order.

    Parameters
    ----------
    status
        As in `enums.md`, "Order status".
    number, time, filled
        The exchange's id, its time in ns, and how much is filled.
    reason
        Why it was rejected, if it was.

    Examples
    --------
    >>> state_of("EXPIRED_IN_MATCH", "7", 0, Decimal(0), "NONE")
    Expired()
    """
    match status:
        case "NEW" | "PARTIALLY_FILLED":
            return Open(number, time, filled)
        case "FILLED":
            return FullyFilled()
        case "CANCELED" | "PENDING_CANCEL":
            return Cancelled(number, time)
        case "REJECTED":
            return OpenFailed(OrderRejected(reason))
        case "PENDING_NEW":
            return OpenInFlight()
    return Expired()


def _order(
    key: OrderKey, side: str, price: Decimal, quantity: Decimal, kind: str, tif: str, state: OrderState
) -> Order:
    """An order; what waits for a trigger, placed by hand, is what it becomes."""
    terms: TimeInForce = GoodUntilCancelled(post_only=kind == "LIMIT_MAKER" or tif == "GTX")
    if tif in ("IOC", "FOK"):
        terms = ImmediateOrCancel() if tif == "IOC" else FillOrKill()
    priced = OrderKind.LIMIT if "LIMIT" in kind else OrderKind.MARKET
    return Order(
        key, Side(side), price, quantity, priced, terms if priced == OrderKind.LIMIT else ImmediateOrCancel(), state
    )
