"""What has been told of an account, so that nothing is told twice, and what was missed can be asked for.

Own trades go by their ids, of which the exchange gives each symbol rising ones. Reports of an order say how much of it
is filled in all: if that is more than the trades that were told, some were missed.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from barter_bt.live.binance.messages import AccountState, ExecutionReport, OwnTrade, QueriedOrder
from barter_bt.live.binance.reader import BinanceWarning
from barter_bt.live.binance.refusals import NO_SUCH_ORDER, Refusal
from barter_bt.live.binance.rest import Rest
from barter_bt.live.binance.symbols import Symbols
from barter_bt.live.binance.tells import Tells, trade_of
from barter_bt.live.known import Known
from barter_bt.protocol import AccountSnapshot, AssetBalance, InstrumentAccountSnapshot

_PAGE, _DAY_MS = 1000, 86_400_000


class History:
    """What is known of an account.

    Parameters
    ----------
    rest, symbols
        Whom to ask, about what.
    last_trades
        Id of the last trade that is known, by instrument.
    since_ms
        At the exchange's clock, from when on trades of other instruments count; None is from now on.

    Attributes
    ----------
    last_trades
        Id of the last trade that was told, by instrument.
    fees_elsewhere
        Fees in assets that are in no trade's profit.
    known
        What is known of its orders.
    """

    def __init__(
        self, rest: Rest, symbols: Symbols, last_trades: Mapping[str, int], since_ms: Callable[[], int | None]
    ) -> None:
        self._rest, self._symbols, self._trades_at = rest, symbols, rest.dialect.own_trades
        self.last_trades, self._since = dict(last_trades), dict(last_trades)
        self._since_ms = since_ms
        self.fees_elsewhere: dict[str, Decimal] = defaultdict(Decimal)
        self.known = Known()
        self._seen: set[tuple[str, int]] = set()  # behind the last reconciliation
        self._untold: list[Any] = []  # of a reconciliation that has not come to its end
        self.tells = Tells(symbols, self.known.strategy)

    async def query(self, symbol: str, **by: Any) -> QueriedOrder | None:
        """An order; None where the exchange says that it has never had it.

        Raises
        ------
        ConnectionFailed
            There is no answer.
        """
        try:
            return await self._get("order", QueriedOrder, symbol=symbol, **by)  # type: ignore[no-any-return]
        except Refusal as refusal:
            if refusal.code == NO_SUCH_ORDER:
                return None
            raise

    async def snapshot(self) -> AccountSnapshot:
        """Balances and open orders, of what is traded."""
        listed = await self._standing()
        balances = await self._balances()
        return AccountSnapshot(self._symbols.dialect.exchange, tuple(balances), tuple(listed))

    async def _standing(self) -> list[InstrumentAccountSnapshot]:
        listed = []
        for name, symbol in self._symbols.of.items():
            rows = await self._get("openOrders", list[QueriedOrder], symbol=symbol)
            for row in rows:
                self.known.name(row.clientOrderId, _number(symbol, row.orderId))
            listed.append(InstrumentAccountSnapshot(name, tuple(self.tells.queried(row) for row in rows)))
        return listed

    async def _balances(self) -> list[AssetBalance]:
        return self.tells.all_balances(await self._get("account", AccountState, omitZeroBalances="true"))

    async def reconcile(self) -> list[Any]:
        """Everything: trades that were missed, with their orders, and then what stands and what is there.

        Raises
        ------
        ConnectionFailed
            There is no answer. What was found before stands in :meth:`take_untold`.
        """
        snapshot = await self.snapshot()
        for name in self._symbols.of:
            await self._missed(name)
        for order in (order for one in snapshot.instruments for order in one.orders):
            self.known.mention(order.key.cid)
        return [*self.take_untold(), snapshot]

    def take_untold(self) -> list[Any]:
        """What a reconciliation has found that failed further on: it counts as told, so it must be."""
        found, self._untold = self._untold, []
        return found

    async def reported(self, told: ExecutionReport) -> list[Any]:
        """What a report tells that has not been told."""
        if told.s not in self._symbols.names:
            return []
        cid, rows = told.client_id, list[OwnTrade]()
        filled = self.known.filled(cid)
        if told.z > filled + (told.l if told.x == "TRADE" else 0):
            rows = await self._trades_of(told.s, told.i)
        is_first = self.known.mention(cid)  # nothing is waited for from here on: what counts as told is told
        self.known.name(cid, _number(told.s, told.i))
        trades = [event for row in rows for event in self._trade(row)]
        if told.x == "TRADE":
            trades += self._trade(trade_of(told))
        if trades and is_first:  # trades name it by the exchange's number, which nobody has told of yet
            trades.insert(0, self.tells.arrived(told))
        if told.z < filled:
            return trades  # what came behind it has been told
        self.known.fill(cid, told.z)
        return [*trades, self.tells.reported(told)]

    async def catch_up(self, order: QueriedOrder) -> list[Any]:
        """All of an order that has not been told: that it arrived, its trades, how it stands."""
        cid, rows = order.clientOrderId, list[OwnTrade]()
        if order.executedQty > self.known.filled(cid):
            rows = await self._trades_of(order.symbol, order.orderId)
            self.known.fill(cid, order.executedQty)
        told: list[Any] = [self.tells.first_report(order)] if self.known.mention(cid) else []
        self.known.name(cid, _number(order.symbol, order.orderId))
        told += [event for row in rows for event in self._trade(row)]
        return [*told, self.tells.queried(order)]

    async def _missed(self, name: str) -> None:
        symbol = self._symbols.of[name]
        if name not in self._since:
            first = await self._first_since(symbol)
            if first is None:
                rows = await self._own_trades(symbol=symbol, limit=1)
                self._since[name] = self.last_trades[name] = max([row.id for row in rows], default=-1)
                return
            self._since[name] = self.last_trades[name] = first - 1
        rows = await self._trades_behind(symbol, self._since[name])
        for number in dict.fromkeys(row.orderId for row in rows if not self._is_told(row)):
            order = await self.query(symbol, orderId=number)
            self._untold += await self.catch_up(order) if order is not None else []
        self._since[name] = last = max([row.id for row in rows], default=self._since[name])
        self._seen = {(which, number) for which, number in self._seen if which != symbol or number > last}

    async def _first_since(self, symbol: str) -> int | None:
        """Id of the first trade since the session began that goes on, if there is one; a day at a time, as it must."""
        begin, now = self._since_ms(), self._rest.server_ms()
        while begin is not None and begin <= now:
            rows = await self._own_trades(symbol=symbol, startTime=begin, endTime=begin + _DAY_MS - 1, limit=_PAGE)
            if rows:
                return min(row.id for row in rows)
            begin += _DAY_MS
        return None

    async def _trades_behind(self, symbol: str, last: int) -> list[OwnTrade]:
        found: list[OwnTrade] = []
        while True:
            page = await self._own_trades(symbol=symbol, fromId=last + 1, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                return found
            last = page[-1].id

    async def _trades_of(self, symbol: str, number: int) -> list[OwnTrade]:
        """Trades of an order, also those that have been told."""
        return await self._own_trades(symbol=symbol, orderId=number, limit=_PAGE)

    def _is_told(self, trade: OwnTrade) -> bool:
        since = self._since.get(self._symbols.names[trade.symbol], -1)
        return trade.id <= since or (trade.symbol, trade.id) in self._seen

    def _trade(self, told: OwnTrade) -> list[Any]:
        """A trade, unless it has been told."""
        if self._is_told(told):
            return []
        self._seen.add((told.symbol, told.id))
        name = self._symbols.names[told.symbol]
        self.last_trades[name] = max(self.last_trades.get(name, -1), told.id)
        if self.tells.is_elsewhere(told):
            self.fees_elsewhere[told.commissionAsset] += told.commission
            what = f"fees in {told.commissionAsset} of trades of {name!r} are in no profit: it is neither asset of it"
            warnings.warn(f"{what}; fees_elsewhere adds them up", BinanceWarning, stacklevel=2)
        return [self.tells.trade(told, self.known.cid(_number(told.symbol, told.orderId)) or "")]

    async def _own_trades(self, **params: Any) -> list[OwnTrade]:
        return await self._get(self._trades_at, list[OwnTrade], **params)  # type: ignore[no-any-return]

    async def _get(self, name: str, kind: type[Any], **params: Any) -> Any:
        return await self._rest.ask(name, kind, params, signed=True)


def _number(symbol: str, number: int) -> str:
    """The exchange's number of an order, of which each symbol has its own."""
    return f"{symbol} {number}"
