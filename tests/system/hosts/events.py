"""The events of a backtest's audit as events of the protocol."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from barter_bt import protocol as bp
from barter_bt.engine.command import (
    CANCEL_ORDERS,
    CANCEL_REQUESTS,
    CLOSE,
    DISABLE_TRADING,
    ENABLE_TRADING,
    LOSE_ACCOUNT,
    LOSE_MARKET,
    MOVE_MARGIN,
    OPEN_ORDERS,
    SHUTDOWN,
)
from barter_bt.engine.event import (
    BALANCE,
    BAR_CLOSE,
    ENGINE_UPDATE,
    MARKET_CANDLE,
    MARKET_OTHER,
    MARKET_QUOTE,
    MARKET_TRADE,
    ORDER_SNAPSHOT,
    OWN_TRADE,
    SCHEDULED,
    STOPPED,
    TIMER,
)
from barter_bt.engine.messages import (
    ACCEPTED,
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
    CANCELLED,
    EXPIRED,
    FILLED,
    INSUFFICIENT_BALANCE,
    OPEN,
    OPEN_IN_FLIGHT,
    REASONS,
    REJECTED,
    REQUESTED,
)
from barter_bt.system import Timer
from barter_bt.system.book import decode
from barter_bt.system.build import FLOW_KINDS
from tests.system.hosts.log import Log, side_of
from tests.system.hosts.requests import Requests

ACCOUNT = (OWN_TRADE, ORDER_SNAPSHOT, BALANCE)


class Events:
    """Says what the event engine is told.

    Attributes
    ----------
    passed_over
        Market items of which a state keeps nothing.
    """

    def __init__(self, log: Log, requests: Requests) -> None:
        self.log, self.requests = log, requests
        self.passed_over: list[Any] = []
        self._accepted: dict[int, int] = {}

    def event(self, row: int) -> Any:
        """The event of a row of the audit; None for a stop, which is a mark's."""
        a = self.log.state.audits
        kind, i, item, time = a.kind[row], a.instrument[row], a.item[row], a.time[row]
        if kind in (MARKET_TRADE, MARKET_QUOTE, MARKET_CANDLE, MARKET_OTHER):
            return self._market(kind, i, item, time)
        if kind in ACCOUNT:
            return self._report(row, kind, i)
        if kind in (TIMER, BAR_CLOSE, SCHEDULED):
            return Timer(time)
        if kind == STOPPED:
            return None
        assert kind == ENGINE_UPDATE
        return self._command(row, a.command[row], a.exchange[row])

    def is_beyond_messages(self, row: int) -> bool:
        """What the venue delivers, and splits, no message tells."""
        audits, items = self.log.state.audits, self.log.state.account_items
        if audits.kind[row] not in ACCOUNT:
            return False
        return items.kind[audits.item[row - audits.part[row]]] in (DELIVERED, SPLIT)

    # The market

    def _market(self, kind: int, i: int, item: int, now: int) -> Any:
        if kind == MARKET_OTHER:
            self.passed_over.append(self._item(i, now, now, bp.Liquidation(bp.Side.BUY, 5.0, 1.0, 0)))
            return self.passed_over[-1]
        m = self.log.state.market_items
        time = m.time_exchange[item]
        values = m.first[item], m.second[item], m.third[item], m.fourth[item], m.fifth[item]
        what: Any = bp.Candle(time, *values, 1)
        if kind == MARKET_TRADE:
            what = bp.PublicTrade("t", values[0], values[1], bp.Side.BUY)
        elif kind == MARKET_QUOTE:
            bid, ask = (bp.Level(Decimal(str(values[k])), Decimal(str(values[k + 1]))) for k in (0, 2))
            what = bp.OrderBookL1(time, bid, ask)
        return self._item(i, time, now, what)

    def _item(self, i: int, time: int, now: int, kind: Any) -> Any:
        exchange = self.log.index.instruments[i].exchange
        return bp.Market(bp.Item(bp.MarketEvent(time, now, exchange, i, kind)))

    # The account

    def account(self, exchange: int, kind: Any) -> Any:
        return bp.Account(bp.Item(bp.AccountEvent(exchange, kind)))

    def balance(self, asset: int, total: int, free: int, time: int) -> bp.AssetBalance:
        amounts = bp.Balance(self.log.amount(asset, total), self.log.amount(asset, free))
        return bp.AssetBalance(asset, amounts, time)

    def _report(self, row: int, kind: int, i: int) -> Any:
        items, audits = self.log.state.account_items, self.log.state.audits
        part = audits.part[row]
        item = audits.item[row - part]
        order, exchange = items.order[item], audits.exchange[row] if i < 0 else self.log.exchange_of(i)
        if items.kind[item] in (FLOW, ENTITLED, TRANSFERRED):
            return self.account(exchange, self._flow(item))
        if kind == OWN_TRADE:
            return self.account(exchange, self._trade(i, order, item))
        if kind == ORDER_SNAPSHOT:
            return self.account(exchange, self._update(i, order, item))
        is_fill = items.kind[item] in (FILL, CLOSE_OUT)
        which = "second" if part - int(is_fill) == 2 else "first"
        asset, total, free = (getattr(items, f"{name}_{which}")[item] for name in ("asset", "total", "free"))
        return self.account(exchange, self.balance(asset, total, free, items.time_exchange[item]))

    def _flow(self, item: int) -> bp.CashFlow:
        a, f, log = self.log.state.account_items, self.log.state.flows, self.log
        row, kinds = a.quantity[item], {code: kind for kind, code in FLOW_KINDS.items()}
        told = self.balance(f.asset[row], a.total_first[item], a.free_first[item], a.time_exchange[item])
        i = f.instrument[row] if f.instrument[row] >= 0 else None
        amount = log.amount(f.asset[row], a.notional[item])
        return bp.CashFlow(kinds[f.kind[row]], told.asset, amount, told.time_exchange, told.balance, i)

    def _trade(self, i: int, order: int, item: int) -> bp.Trade:
        a, log = self.log.state.account_items, self.log
        fees = bp.AssetFees(None, log.amount(log.index.settlement_assets[i], a.fee[item]))
        price, quantity = log.price(i, a.price[item]), log.quantity(i, a.quantity[item])
        o, why = log.state.orders, REASONS[a.reason[item]] if a.kind[item] == CLOSE_OUT else None
        side, name = side_of(o.side[order]), log.names[o.strategy[order]]
        return bp.Trade(f"t{item}", str(order), i, name, a.time_exchange[item], side, price, quantity, fees, why)

    def _update(self, i: int, order: int, item: int) -> Any:
        a, key = self.log.state.account_items, self.requests.key(order)
        what, status, reason, time = a.kind[item], a.status[item], a.reason[item], a.time_exchange[item]
        if what == CANCEL_REJECTED:
            return bp.OrderResponseCancel(key, bp.OrderAlreadyFullyFilled())
        if what == CHANGED:
            trigger = self.log.price(i, a.trigger[item]) if a.trigger[item] else None
            now = self.log.price(i, a.price[item]), self.log.quantity(i, a.order_quantity[item]), trigger
            return bp.OrderResponseAmend(key, bp.Amended(str(order), time, *now, unasked=True))
        if status == CANCELLED and reason == REQUESTED:
            return bp.OrderResponseCancel(key, bp.Cancelled(str(order), time))
        o = self.requests.engine.state.orders
        lots = o.quantity[order]
        if what == FILL and status == FILLED:
            lots = a.order_quantity[item]  # a target's order that was cut is filled by less
        kind, tif = decode(o.kind[order], o.time_in_force[order], o.post_only[order])
        terms = side_of(o.side[order]), self.log.price(i, o.price[order]), self.log.quantity(i, lots)
        given = bp.Conditions(triggered=time) if what == TRIGGERED else None
        return bp.Order(key, *terms, kind, tif, self._state(i, order, item), given)

    def _state(self, i: int, order: int, item: int) -> Any:
        a, filled = self.log.state.account_items, self.requests.engine.state.orders.filled[order]  # before this report
        what, status, time = a.kind[item], a.status[item], a.time_exchange[item]
        if what == ACCEPTED:
            self._accepted[order] = time
            return bp.Open(str(order), time, self.log.quantity(i, a.quantity[item]))
        if what == TRIGGERED:
            return bp.Open(str(order), self._accepted[order], self.log.quantity(i, filled))
        if what == FILL and status in (FILLED, OPEN, OPEN_IN_FLIGHT):
            quantity = self.log.quantity(i, filled + a.quantity[item])
            return bp.Open(str(order), self._accepted.get(order, time), quantity)
        if status == REJECTED:
            short = a.reason[item] == INSUFFICIENT_BALANCE
            return bp.OpenFailed(bp.BalanceInsufficient("usd", "") if short else bp.OrderRejected("no"))
        ends = {FILLED: bp.FullyFilled(), EXPIRED: bp.Expired()}
        return ends.get(status, bp.Cancelled(str(order), time))

    # Commands

    def _command(self, row: int, code: int, exchange: int) -> Any:
        if code == SHUTDOWN:
            return bp.Shutdown()
        if code in (ENABLE_TRADING, DISABLE_TRADING):
            on = code == ENABLE_TRADING
            return bp.TradingStateUpdate(bp.TradingState.ENABLED if on else bp.TradingState.DISABLED)
        if code in (LOSE_MARKET, LOSE_ACCOUNT):
            link = bp.Market if code == LOSE_MARKET else bp.Account
            return link(bp.Reconnecting(self.log.index.exchanges[exchange]))
        if code == OPEN_ORDERS:
            return bp.Command(bp.SendOpenRequests(self.requests.commanded()))
        c, first = self.log.state.commands, self._row_of_command(row)
        if code == CANCEL_REQUESTS:  # one that has ended, or is being cancelled, a backtest does not send
            order, o = c.order[first], self.requests.engine.state.orders
            sends = order < len(o) and o.status[order] in (OPEN, OPEN_IN_FLIGHT)
            return bp.Command(bp.SendCancelRequests((self.requests.cancel(order),) if sends else ()))
        if code == MOVE_MARGIN:
            return bp.Command(bp.SendMarginRequests(self.requests.margin(c.instrument[first], c.quantity[first])))
        last = first
        while c.more[last]:
            last += 1
        chosen = bp.Instruments(tuple(c.instrument[k] for k in range(first, last + 1)))
        assert code in (CLOSE, CANCEL_ORDERS)
        return bp.Command((bp.ClosePositions if code == CLOSE else bp.CancelOrders)(chosen))

    def _row_of_command(self, row: int) -> int:
        """Where in the commands that of an event begins: so many came before it."""
        a, more, found = self.log.state.audits, self.log.state.commands.more, 0
        for _ in range(sum(a.kind[k] == ENGINE_UPDATE for k in range(row))):
            while more[found]:
                found += 1
            found += 1
        return found
