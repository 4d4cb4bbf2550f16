"""What a simulated exchange tells, as events of the protocol.

Columns know less than Barter's messages ask for: a public trade's id is its row in the data, a candle's
``trade_count`` is 0, and a trade of which the data does not tell the side is told as a buy, of which
:class:`~barter_bt.live.SimulatedExchange` warns.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isnan
from typing import Any

from barter_bt.data import Chunk
from barter_bt.engine.messages import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CHANGED,
    CLOSE_OUT,
    DELIVERED,
    ENTITLED,
    FILL,
    FLOW,
    SPLIT,
    TRANSFERRED,
    TRIGGERED,
)
from barter_bt.engine.order import (
    BUY,
    CANCEL_IN_FLIGHT,
    CANCELLED,
    EXPIRED,
    FILLED,
    INSUFFICIENT_BALANCE,
    NO_TIME,
    OPEN,
    OPEN_IN_FLIGHT,
    REASONS,
    REJECTED,
    REQUESTED,
)
from barter_bt.engine.state.amends import AMEND_CANCELLED, AMEND_REASONS
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import EngineError
from barter_bt.instrument import IndexedInstruments
from barter_bt.live.order_keys import OrderKeys
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    Amended,
    AssetBalance,
    AssetFees,
    Balance,
    BalanceInsufficient,
    CancelInFlight,
    Cancelled,
    Candle,
    CashFlow,
    DataKind,
    Expired,
    FullyFilled,
    InstrumentAccountSnapshot,
    Item,
    Level,
    Market,
    MarketEvent,
    Open,
    OpenFailed,
    OpenInFlight,
    Order,
    OrderAlreadyCancelled,
    OrderAlreadyFullyFilled,
    OrderBookL1,
    OrderRejected,
    OrderResponseAmend,
    OrderResponseCancel,
    OwnValue,
    PublicTrade,
    Side,
    Trade,
)
from barter_bt.system.book import decode
from barter_bt.system.build import FLOW_KINDS
from barter_bt.system.conditions import conditions_at
from barter_bt.system.units import Units


def tell_market(
    chunk: Chunk, row: int, kind: str, exchange: str, name: str, now: int, own: Sequence[str] = ()
) -> Market:
    """A row of market data that arrives now, with what columns of the user's own by these names say in it."""
    value = {column: array[row].item() for column, array in chunk.columns.items() if column != "instrument"}
    time, what = int(value["time_exchange"]), _market_kind(chunk.first_row + row, value, kind)
    values = () if chunk.own is None else zip(own, chunk.own[row].tolist(), strict=True)
    brings = tuple(OwnValue(column, number) for column, number in values if not isnan(number))
    return Market(Item(MarketEvent(time, now, exchange, name, what, brings)))


def _market_kind(number: int, value: dict[str, Any], kind: str) -> DataKind:
    if kind == "trades":
        side = Side.SELL if value["side"] < 0 else Side.BUY
        return PublicTrade(str(number), value["price"], value["amount"], side)
    if kind == "quotes":
        bid, ask = (_level(value[f"{side}_price"], value[f"{side}_amount"]) for side in ("bid", "ask"))
        return OrderBookL1(value["time_exchange"], bid, ask)
    open_, high, low, close, volume = (value[column] for column in ("open", "high", "low", "close", "volume"))
    return Candle(value["time_exchange"], open_, high, low, close, volume, 0, value["time_open"])


def _level(price: float, amount: float) -> Level | None:
    return Level(Decimal(str(price)), Decimal(str(amount))) if amount > 0 else None


class Reports:
    """Says what reports of the venue tell; orders go by the keys with which they were requested.

    Parameters
    ----------
    state
        That of the engine to which the venue reports, with a full audit.
    index, units
        What its integers stand for.
    keys
        Of the orders that were requested.
    strategies
        Names of strategies, by their number in the state.
    """

    def __init__(
        self,
        state: EngineState,
        index: IndexedInstruments,
        units: Units,
        keys: OrderKeys,
        strategies: Sequence[str],
    ) -> None:
        self._s, self._index, self._units, self._keys, self._strategies = state, index, units, keys, strategies

    def tell(self, item: int) -> list[Account]:
        """All that row ``item`` of the account items has changed.

        Raises
        ------
        EngineError
            Barter's messages cannot tell it.
        """
        a = self._s.account_items
        kind, order = a.kind[item], a.order[item]
        if kind in (FLOW, ENTITLED, TRANSFERRED):
            return [self._flow(item)]
        if kind == SPLIT:
            raise EngineError("a split cannot be told in Barter's messages", "paper trading is without splits")
        i = self._s.orders.instrument[order] if order >= 0 else -1
        exchange = self._index.instruments[i].exchange if i >= 0 else self._exchange_of_asset(a.asset_first[item])
        told: list[Any] = []
        if kind in (FILL, CLOSE_OUT, DELIVERED):
            told.append(self._trade(i, order, item))
        if order >= 0 and order in self._keys:
            told.append(self._update(i, order, item))
        told += [self._balance(item, which) for which in ("first", "second") if getattr(a, f"asset_{which}")[item] >= 0]
        return [account(exchange, one) for one in told]

    def snapshot(self, exchange: str, time: int) -> AccountSnapshot:
        """Balances of an exchange, and the orders that stand there."""
        assets = [k for k, (name, _) in enumerate(self._index.assets) if name == exchange]
        a = self._s.assets
        balances = tuple(self._of_asset(k, a.total[k], a.free[k], time) for k in assets)
        listed = [
            InstrumentAccountSnapshot(one.name, tuple(self.standing(order) for order in self._live(i)))
            for i, one in enumerate(self._index.instruments)
            if one.exchange == exchange
        ]
        return AccountSnapshot(exchange, balances, tuple(listed))

    def _live(self, i: int) -> list[int]:
        """Orders of an instrument that stand, by number."""
        found, order = [], self._s.instruments.first[i]
        while order >= 0:
            if self._s.orders.status[order] != OPEN_IN_FLIGHT:
                found.append(order)
            order = self._s.orders.after[order]
        return found

    def _exchange_of_asset(self, asset: int) -> str:
        return self._index.assets[asset][0]

    def _of_asset(self, asset: int, total: int, free: int, time: int) -> AssetBalance:
        amounts = Balance(self._units.of_asset(asset, total), self._units.of_asset(asset, free))
        return AssetBalance(self._index.assets[asset][1], amounts, time)

    def _balance(self, item: int, which: str) -> AssetBalance:
        a = self._s.account_items
        asset, total, free = (getattr(a, f"{name}_{which}")[item] for name in ("asset", "total", "free"))
        return self._of_asset(asset, total, free, a.time_exchange[item])

    def _flow(self, item: int) -> Account:
        """Money that no order has moved."""
        a, f = self._s.account_items, self._s.flows
        row, told = a.quantity[item], self._balance(item, "first")
        kind = next(kind for kind, code in FLOW_KINDS.items() if code == f.kind[row])
        amount = self._units.of_asset(f.asset[row], a.notional[item])
        name = self._index.names[f.instrument[row]] if f.instrument[row] >= 0 else None
        flow = CashFlow(kind, told.asset, amount, told.time_exchange, told.balance, name)
        return account(self._exchange_of_asset(f.asset[row]), flow)

    def _trade(self, i: int, order: int, item: int) -> Trade:
        a, units = self._s.account_items, self._units
        strategy = self._strategies[self._s.orders.strategy[order]]
        fees = AssetFees(None, units.in_quote(i, a.fee[item]))
        price, quantity = units.price(i, a.price[item]), units.quantity(i, a.quantity[item])
        side = self._side(order)
        number = str(len(self._s.trades) - 1)
        time = a.time_exchange[item]
        why = REASONS[a.reason[item]] if a.kind[item] == CLOSE_OUT else None
        return Trade(number, str(order), self._index.names[i], strategy, time, side, price, quantity, fees, why)

    def _side(self, order: int) -> Side:
        return Side.BUY if self._s.orders.side[order] == BUY else Side.SELL

    def _update(self, i: int, order: int, item: int) -> Order | OrderResponseCancel | OrderResponseAmend:
        a, key = self._s.account_items, self._keys[order]
        kind, status, reason, time = a.kind[item], a.status[item], a.reason[item], a.time_exchange[item]
        if kind == CANCEL_REJECTED:
            return OrderResponseCancel(key, self.ended(order))
        if kind == AMEND_REJECTED:
            return OrderResponseAmend(key, _refused(self._s.amends.reason[a.quantity[item]]))
        if kind in (AMENDED, CHANGED):
            amend = a.quantity[item] if kind == AMENDED else None
            activation = a.quantity[item] if kind == CHANGED else 0
            return OrderResponseAmend(key, self._amended(i, order, time, amend, activation))
        if status == CANCELLED and reason == REQUESTED:
            return OrderResponseCancel(key, Cancelled(str(order), time))
        return self._order(order, self._state(i, order, item))

    def _state(self, i: int, order: int, item: int) -> Any:
        a, o = self._s.account_items, self._s.orders
        kind, status, time = a.kind[item], a.status[item], a.time_exchange[item]
        if kind in (ACCEPTED, TRIGGERED) or (kind == FILL and status in (OPEN_IN_FLIGHT, OPEN, FILLED)):
            known = o.time_exchange[order]
            return Open(str(order), time if known == NO_TIME else known, self._units.quantity(i, o.filled[order]))
        if status == REJECTED:
            return OpenFailed(self._rejected(i, a.reason[item]))
        return {FILLED: FullyFilled(), EXPIRED: Expired()}.get(status, Cancelled(str(order), time))

    def _rejected(self, i: int, reason: int) -> BalanceInsufficient | OrderRejected:
        if reason == INSUFFICIENT_BALANCE:
            return BalanceInsufficient(self._index.assets[self._index.settlement_assets[i]][1], REASONS[reason])
        return OrderRejected(REASONS[reason])

    def standing(self, order: int) -> Order:
        """How an order stands, as of the last report."""
        o, i, status = self._s.orders, self._s.orders.instrument[order], self._s.orders.status[order]
        known = None
        if o.time_exchange[order] != NO_TIME:
            known = Open(str(order), o.time_exchange[order], self._units.quantity(i, o.filled[order]))
        state: Any = {
            OPEN_IN_FLIGHT: OpenInFlight(),
            OPEN: known,
            CANCEL_IN_FLIGHT: CancelInFlight(known),
            FILLED: FullyFilled(),
            EXPIRED: Expired(),
            REJECTED: OpenFailed(self._rejected(i, o.reason[order])),
        }.get(status, Cancelled(str(order), o.time_closed[order]))
        return self._order(order, state)

    def _order(self, order: int, state: Any) -> Order:
        o, i, units = self._s.orders, self._s.orders.instrument[order], self._units
        kind, tif = decode(o.kind[order], o.time_in_force[order], o.post_only[order])
        conditions = conditions_at(self._s, units, order, self._cid)
        price, quantity = units.price(i, o.price[order]), units.quantity(i, o.quantity[order])
        why = REASONS[o.reason[order]] or None
        return Order(self._keys[order], self._side(order), price, quantity, kind, tif, state, conditions, why)

    def _cid(self, order: int) -> str | None:
        return self._keys.cid(order)

    def _amended(self, i: int, order: int, time: int, amend: int | None, activation: int) -> Amended:
        """What an order is now; where an amend of its quantity has ended it, with that quantity."""
        o, units = self._s.orders, self._units
        trigger = units.price(i, o.trigger[order]) if o.trigger[order] else None
        lots = o.quantity[order]
        if amend is not None and self._s.amends.status[amend] == AMEND_CANCELLED:
            lots = self._s.amends.quantity[amend]
        price, quantity = units.price(i, o.price[order]), units.quantity(i, lots)
        starts = units.price(i, activation) if activation else None
        return Amended(str(order), time, price, quantity, trigger, amend is None, starts)

    def ended(self, order: int) -> OrderAlreadyFullyFilled | OrderAlreadyCancelled:
        """Why an order cannot be cancelled or amended any more."""
        is_filled = self._s.orders.status[order] == FILLED
        return OrderAlreadyFullyFilled() if is_filled else OrderAlreadyCancelled()


def _refused(reason: int) -> OrderRejected:
    return OrderRejected(AMEND_REASONS[reason] if reason < 0 else REASONS[reason])


def account(exchange: str, what: Any) -> Account:
    """An event of the account."""
    return Account(Item(AccountEvent(exchange, what)))
