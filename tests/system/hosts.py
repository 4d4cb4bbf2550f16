"""One run in both hosts: a backtest, and the event engine that is told what the backtest's engine was told.

The full audit of a backtest is turned into the events of the protocol, one for each that was counted, and what the
strategy asked for at each of them is asked for again. After each event both states, and what was done, must be equal.
What is left out of the comparison is what Barter's messages do not tell (`docs/barter.md`, "Two hosts").
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.backtest import Result
from barter_bt.engine.audit import OUTPUTS, REFUSED_OPEN, SENT_CANCEL, SENT_OPEN
from barter_bt.engine.command import (
    CANCEL_ORDERS,
    CANCEL_REQUESTS,
    CLOSE,
    DISABLE_TRADING,
    ENABLE_TRADING,
    LOSE_ACCOUNT,
    LOSE_MARKET,
    OPEN_ORDERS,
)
from barter_bt.engine.event import (
    BALANCE,
    BAR_CLOSE,
    CLOSE_POSITIONS,
    DISCONNECT,
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
    TRADING_DISABLED,
)
from barter_bt.engine.messages import ACCEPTED, CANCEL_REJECTED, FILL
from barter_bt.engine.order import (
    BUY,
    CANCELLED,
    EXPIRED,
    FILLED,
    INSUFFICIENT_BALANCE,
    OPEN,
    OPEN_IN_FLIGHT,
    REFUSED,
    REJECTED,
    REQUESTED,
)
from barter_bt.engine.replica import SCRATCH, StateReplica
from barter_bt.engine.state.tables import EngineState
from barter_bt.system import Engine, Strategy, Timer, close_with_market_orders
from barter_bt.system.book import decode

HOOK_KINDS = (TRADING_DISABLED, DISCONNECT, CLOSE_POSITIONS)
CLOCK = ("time", "trading", "unhealthy", "positions", "market_time", "foreign_rests")
TABLES = ("health", "assets", "instruments", "orders", "trades", "positions", "balances")
# What Barter's messages do not tell: who made, that a target may be cut, why an exchange ended an order.
UNTOLD = {("trades", "maker"), ("orders", "resize"), ("orders", "reason"), ("orders", "filled")}


class Erratic:
    """Asks for what a random number of each wake-up says, and remembers it."""

    wake = ("every_event", "bar_close", "timer:3s")

    def __init__(self, seed: int, keen: int = 40) -> None:
        self.seed, self.keen = seed, keen
        self.asked: dict[tuple[int, int], Any] = {}

    def generate_algo_orders(self, state: Any) -> Any:
        # A fill is one update here and several there: it is answered when both know all of it.
        return self.decide(state, state.raw.event.kind[0]) if state.raw.engine.part[0] == 0 else None

    def on_disconnect(self, state: Any) -> Any:
        return self.decide(state, DISCONNECT)

    def on_trading_disabled(self, state: Any) -> Any:
        return self.decide(state, TRADING_DISABLED)

    def decide(self, state: Any, kind: int) -> Any:
        raw, sequence = state.raw, state.raw.engine.sequence[0]
        source = random.Random(f"{self.seed} {sequence} {kind}")
        cancels, opens = [], []
        for i in range(len(raw.instruments)):
            for order in state.open_orders(i):
                if raw.orders.status[order] in (OPEN, OPEN_IN_FLIGHT) and source.randrange(100) < 20:
                    cancels.append(order)
        keen = 5 if kind in (OWN_TRADE, ORDER_SNAPSHOT, BALANCE) else self.keen  # no answers without end
        while source.randrange(100) < keen:
            opens.append(self.order(raw, source))
        self.asked[sequence - 1, kind if kind in HOOK_KINDS else 0] = cancels, opens
        return cancels, opens

    def order(self, raw: Any, source: random.Random) -> Any:
        i, terms = source.randrange(len(raw.instruments)), raw.terms
        lots, ticks = source.choice((1, 1, 2, 3, 5)), 100 + source.randrange(-4, 5)
        side = source.choice((1, -1))
        limit = ticks / terms.ticks_per_unit[i] if source.randrange(3) else None
        tif = source.choice(("gtc", "gtc", "ioc", "fok"))
        post_only = tif == "gtc" and limit is not None and source.randrange(4) == 0
        return bt.OrderRequest(i, side * lots / terms.lots_per_unit[i], limit, tif, post_only)


class Replayed(Strategy):
    """Asks for what was asked for at the same event of the backtest."""

    def __init__(self, told: Told) -> None:
        self.told, self.id = told, told.names[0]

    def generate_algo_orders(self, engine: Engine) -> Any:
        return self.told.requests(0)

    def close_positions(self, engine: Engine, instruments: Sequence[int]) -> Any:
        if (self.told.sequence, CLOSE_POSITIONS) in self.told.asked:
            return self.told.requests(CLOSE_POSITIONS)
        _, opens = close_with_market_orders(engine, instruments, self.told.names[0])
        return (), [self.told.named(one) for one in opens]

    def on_disconnect(self, engine: Engine, exchange: str) -> Any:
        return engine.send(*self.told.requests(DISCONNECT))

    def on_trading_disabled(self, engine: Engine) -> Any:
        return engine.send(*self.told.requests(TRADING_DISABLED))


class Told:
    """The events of a backtest as the event engine is told of them.

    Parameters
    ----------
    result
        A run with a full audit that recorded something at each mark.
    asked
        What a strategy in Python asked for, by sequence and hook; of rows of a schedule the audit knows.
    strategy
        The index of that strategy.
    options
        For the event engine.
    """

    def __init__(self, result: Result, asked: Any, strategy: int = 0, **options: Any) -> None:
        self.state, self.index, self.scales = result.state, result.index, result.scales
        self.asked, self.strategy, self.names = asked, strategy, result.strategies
        self.sequence = self.time = self.sent = self.row_of_event = 0
        self.marked = 0  # equity marks so far
        self.passed_over: list[Any] = []  # market items of which a state keeps nothing
        self.accepted: dict[int, int] = {}
        self.planned: dict[int, Any] = defaultdict(lambda: ([], []))
        self.outputs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        o = self.state.outputs
        for row in range(len(o)):
            self.outputs[o.sequence[row]].append((o.kind[row], o.what[row], o.asked[row]))
        start = result.snapshot
        assert start is not None
        self.replica = StateReplica(start)
        traded = [
            bt.Instrument(
                one.exchange, one.name, one.base, one.quote, one.kind, one.contract_size,
                self.scales.ticks[i], self.scales.lots[i], settlement=one.settlement, expiry=one.expiry,
            )
            for i, one in enumerate(self.index.instruments)
        ]  # fmt: skip
        keys = [f"{exchange}.{name}" for exchange, name in self.index.assets]
        self.engine = Engine(
            traded,
            Replayed(self),
            balances={key: self.amount(k, start.assets.total[k]) for k, key in enumerate(keys)},
            units=dict(zip(keys, self.scales.units, strict=True)),
            reporting=keys[self.state.engine.reporting[0]],
            trading=bp.TradingState.ENABLED if start.engine.trading[0] else bp.TradingState.DISABLED,
            start=start.engine.time[0],
            clock=lambda: self.time,
            **options,
        )
        self.engine._book.strategies[:] = self.names
        self.time = start.engine.time[0]
        for exchange in range(len(self.index.exchanges)):
            balances = [
                self.balance(k, start.assets.total[k], start.assets.free[k], self.time)
                for k, (where, _) in enumerate(self.index.assets)
                if where == self.index.exchanges[exchange]
            ]
            self.engine.process(self.account(exchange, bp.AccountSnapshot(exchange, tuple(balances), ())))
        self.more = len(self.index.exchanges) - 1  # events that told of the account

    # What both did

    def compare(self) -> str:
        """The first difference, empty if there is none."""
        a = self.state.audits
        self.rows = len(a)
        for row in range(1, self.rows):
            self.sequence = a.sequence[row]
            self.mark(self.sequence)
            self.time, before = a.time[row], len(self.engine.state.outputs)
            event = self.event(row)
            if event is not None:
                self.engine.process(event)
            elif not self.stop():
                return f"event {self.sequence}: no stop"
            a.truncate(row + 1)
            self.replica.follow(self.state)
            a.truncate(self.rows)
            text = self.differs(row, before)
            if text:
                return f"event {self.sequence} ({event!r:.300}): {text}"
        mine, theirs = self.state.equity, self.engine.state.equity
        marks = len(theirs) - 1  # the last of the run has the time of the one before, or is not an event's
        for name in mine.schema:
            if mine.array(name)[:marks].tolist() != theirs.array(name)[:marks].tolist():
                return f"equity.{name}: {mine.array(name).tolist()}, {theirs.array(name).tolist()}"
        return ""

    def mark(self, sequence: int) -> None:
        """The equity marks before an event; that which fired a stop is the event."""
        records = self.state.records
        while self.marked < len(records) and records.sequence[self.marked] <= sequence:
            assert self.engine.mark(self.time_of_mark(self.marked)) is None
            self.marked += 1

    def time_of_mark(self, k: int) -> int:
        """The start; then the next multiple of the interval, or the arrival of a candle (rule 24)."""
        every, time = self.state.engine.mark_every[0], self.state.records.time[k]
        return time if k == 0 or not every else -(-time // every) * every

    def stop(self) -> bool:
        self.marked += 1
        return self.engine.mark(self.time) is not None

    def differs(self, row: int, before: int) -> str:
        ours, o = [], self.engine.state.outputs
        for k in range(before, len(o)):
            ours.append((OUTPUTS[o.kind[k]], o.what[k], self.as_asked(self.engine.state, o.kind[k], o.asked[k])))
        theirs = [
            (OUTPUTS[kind], what, self.as_asked(self.state, kind, asked))
            for kind, what, asked in self.outputs[self.sequence]
        ]
        if ours != theirs:
            return f"outputs: backtest {theirs}, event engine {ours}"
        a, last = self.engine.state.audits, len(self.engine.state.audits) - 1
        same = ["time", "kind"] + (["command", "exchange"] if self.state.audits.kind[row] == ENGINE_UPDATE else [])
        for name in same:
            one, other = getattr(self.state.audits, name)[row], getattr(a, name)[last]
            if one != other and not (name == "kind" and one in (SCHEDULED, BAR_CLOSE)):
                return f"audits.{name}: backtest {one}, event engine {other}"
        if a.sequence[last] - self.more != self.sequence:
            return f"sequence: {a.sequence[last]}"
        return "" if self.is_amid(row) else state_difference(self.replica.state, self.engine.state)

    def as_asked(self, s: EngineState, kind: int, asked: int) -> Any:
        if kind not in (SENT_OPEN, REFUSED_OPEN):
            return None
        return {name: getattr(s.asked, name)[asked] for name in s.asked.schema if name != "resize"}

    def is_amid(self, row: int) -> bool:
        """Whether more of the same report is to come."""
        a = self.state.audits
        account = (OWN_TRADE, ORDER_SNAPSHOT, BALANCE)
        return a.kind[row] in account and row + 1 < self.rows and a.part[row + 1] > 0 and a.kind[row + 1] in account

    # What was asked for

    def requests(self, hook: int) -> Any:
        row = self.row_of_event
        if self.state.audits.kind[row] == SCHEDULED:
            return self.of_schedule()
        cancels, opens = self.asked.get((self.sequence, hook), ((), ()))
        return [self.cancel(order) for order in cancels], [self.open(one) for one in opens]

    def of_schedule(self) -> Any:
        cancels, opens = [], []
        for kind, what, asked in self.outputs[self.sequence]:
            if kind == SENT_CANCEL:
                cancels.append(self.cancel(what))
            elif kind in (SENT_OPEN, REFUSED_OPEN):
                opens.append(self.asked_again(asked))
        return cancels, opens

    def asked_again(self, asked: int) -> bp.OrderRequestOpen:
        a = self.state.asked
        i, price = a.instrument[asked], a.price[asked]
        kind, tif = decode(a.kind[asked], a.time_in_force[asked], a.post_only[asked])
        terms = bp.RequestOpen(
            side_of(a.side[asked]), self.price(i, price), self.quantity(i, a.quantity_requested[asked]), kind, tif
        )
        return self.keyed(i, terms, a.strategy[asked])

    def open(self, one: Any) -> bp.OrderRequestOpen:
        i = self.index.instrument(one.instrument)
        lots = round(abs(one.quantity) * self.state.terms.lots_per_unit[i])
        ticks = 0 if one.price is None else round(one.price * self.state.terms.ticks_per_unit[i])
        tifs = {"gtc": bp.GoodUntilCancelled(one.post_only), "ioc": bp.ImmediateOrCancel(), "fok": bp.FillOrKill()}
        kind = bp.OrderKind.LIMIT if ticks else bp.OrderKind.MARKET
        side = bp.Side.BUY if one.quantity > 0 else bp.Side.SELL
        terms = bp.RequestOpen(side, self.price(i, ticks), self.quantity(i, lots), kind, tifs[one.time_in_force])
        return self.keyed(i, terms, self.strategy)

    def keyed(self, i: int, terms: bp.RequestOpen, strategy: int) -> bp.OrderRequestOpen:
        self.sent += 1
        return bp.OrderRequestOpen(
            bp.OrderKey(self.engine.exchange_of(i), i, self.names[strategy], f"o{self.sent}"), terms
        )

    def named(self, one: bp.OrderRequestOpen) -> bp.OrderRequestOpen:
        return self.keyed(one.key.instrument, one.state, 0)  # type: ignore[arg-type]

    def cancel(self, order: int) -> bp.OrderRequestCancel:
        return bp.OrderRequestCancel(self.key(order), bp.RequestCancel())

    def key(self, order: int) -> bp.OrderKey:
        i, book = self.state.orders.instrument[order], self.engine._book
        name = book.strategies[self.engine.state.orders.strategy[order]]
        return bp.OrderKey(self.engine.exchange_of(i), i, name, book.cids[order])

    # What it was told

    def event(self, row: int) -> Any:
        a = self.state.audits
        kind, i, item = a.kind[row], a.instrument[row], a.item[row]
        self.row_of_event = row
        if kind in (MARKET_TRADE, MARKET_QUOTE, MARKET_CANDLE, MARKET_OTHER):
            return self.market(kind, i, item)
        if kind in (OWN_TRADE, ORDER_SNAPSHOT, BALANCE):
            return self.report(row, kind, i)
        if kind in (TIMER, BAR_CLOSE, SCHEDULED):
            return Timer(self.time)
        if kind == STOPPED:
            return None
        assert kind == ENGINE_UPDATE
        return self.command(a.command[row], a.exchange[row])

    def market(self, kind: int, i: int, item: int) -> Any:
        if kind == MARKET_OTHER:
            self.passed_over.append(self.item(i, self.time, bp.Liquidation(bp.Side.BUY, 5.0, 1.0, 0)))
            return self.passed_over[-1]
        m = self.state.market_items
        time = m.time_exchange[item]
        values = m.first[item], m.second[item], m.third[item], m.fourth[item], m.fifth[item]
        if kind == MARKET_TRADE:
            return self.item(i, time, bp.PublicTrade("t", values[0], values[1], bp.Side.BUY))
        if kind == MARKET_QUOTE:
            bid, ask = (bp.Level(Decimal(str(values[k])), Decimal(str(values[k + 1]))) for k in (0, 2))
            return self.item(i, time, bp.OrderBookL1(time, bid, ask))
        return self.item(i, time, bp.Candle(time, *values, 1))

    def item(self, i: int, time: int, kind: Any) -> Any:
        exchange = self.index.instruments[i].exchange
        return bp.Market(bp.Item(bp.MarketEvent(time, self.time, exchange, i, kind)))

    def account(self, exchange: int, kind: Any) -> Any:
        return bp.Account(bp.Item(bp.AccountEvent(exchange, kind)))

    def report(self, row: int, kind: int, i: int) -> Any:
        items, first = self.state.account_items, row - self.state.audits.part[row]
        item = self.state.audits.item[first]
        order, exchange = items.order[item], self.engine.exchange_of(i)
        if kind == OWN_TRADE:
            return self.account(exchange, self.trade(i, order, item))
        if kind == ORDER_SNAPSHOT:
            return self.account(exchange, self.order_update(i, order, item))
        parts = self.state.audits.part[row] - int(items.kind[item] == FILL)
        which = "first" if parts == 1 else "second"
        asset, total, free = (getattr(items, f"{name}_{which}")[item] for name in ("asset", "total", "free"))
        return self.account(exchange, self.balance(asset, total, free, items.time_exchange[item]))

    def trade(self, i: int, order: int, item: int) -> bp.Trade:
        a = self.state.account_items
        key = self.key(order)
        fees = bp.AssetFees(None, self.amount(self.index.settlement_assets[i], a.fee[item]))
        price, quantity = self.price(i, a.price[item]), self.quantity(i, a.quantity[item])
        side = side_of(self.state.orders.side[order])
        number = f"t{item}"
        return bp.Trade(number, str(order), i, key.strategy, a.time_exchange[item], side, price, quantity, fees)

    def order_update(self, i: int, order: int, item: int) -> Any:
        a, o = self.state.account_items, self.engine.state.orders
        what, status, reason, time = a.kind[item], a.status[item], a.reason[item], a.time_exchange[item]
        if what == CANCEL_REJECTED:
            return bp.OrderResponseCancel(self.key(order), bp.OrderAlreadyFullyFilled())
        if status == CANCELLED and reason == REQUESTED:
            return bp.OrderResponseCancel(self.key(order), bp.Cancelled(str(order), time))
        state: Any
        if what == ACCEPTED:
            self.accepted[order] = time
            state = bp.Open(str(order), time, self.quantity(i, a.quantity[item]))
        elif what == FILL and status in (FILLED, OPEN, OPEN_IN_FLIGHT):
            filled = self.replica_filled(order) + a.quantity[item]
            state = bp.Open(str(order), self.accepted.get(order, time), self.quantity(i, filled))
        elif status == FILLED:
            state = bp.FullyFilled()
        elif status == REJECTED:
            short = bp.BalanceInsufficient("usd", "")
            state = bp.OpenFailed(short if reason == INSUFFICIENT_BALANCE else bp.OrderRejected("no"))
        elif status == EXPIRED:
            state = bp.Expired()
        else:
            state = bp.Cancelled(str(order), time)
        kind, tif = decode(o.kind[order], o.time_in_force[order], o.post_only[order])
        terms = side_of(o.side[order]), self.price(i, o.price[order]), self.quantity(i, o.quantity[order])
        return bp.Order(self.key(order), *terms, kind, tif, state)

    def replica_filled(self, order: int) -> int:
        """What was filled before this report, all of which the replica has already."""
        filled: int = self.engine.state.orders.filled[order]
        return filled

    def balance(self, asset: int, total: int, free: int, time: int) -> bp.AssetBalance:
        return bp.AssetBalance(asset, bp.Balance(self.amount(asset, total), self.amount(asset, free)), time)

    def command(self, code: int, exchange: int) -> Any:
        if code in (ENABLE_TRADING, DISABLE_TRADING):
            on = code == ENABLE_TRADING
            return bp.TradingStateUpdate(bp.TradingState.ENABLED if on else bp.TradingState.DISABLED)
        if code in (LOSE_MARKET, LOSE_ACCOUNT):
            return (bp.Market if code == LOSE_MARKET else bp.Account)(bp.Reconnecting(self.index.exchanges[exchange]))
        c, row = self.state.commands, self.command_row
        names = [c.instrument[0][row]]
        while c.more[0][row]:
            row += 1
            names.append(c.instrument[0][row])
        chosen = bp.Instruments(tuple(names))
        if code == CLOSE:
            return bp.Command(bp.ClosePositions(chosen))
        if code == CANCEL_ORDERS:
            return bp.Command(bp.CancelOrders(chosen))
        if code == CANCEL_REQUESTS:  # one that has ended, or is being cancelled, a backtest does not send
            order, o = c.order[0][self.command_row], self.engine.state.orders
            sends = order < len(o) and o.status[order] in (OPEN, OPEN_IN_FLIGHT)
            return bp.Command(bp.SendCancelRequests((self.cancel(order),) if sends else ()))
        assert code == OPEN_ORDERS
        asked = next(asked for kind, _, asked in self.outputs[self.sequence] if kind == SENT_OPEN)
        return bp.Command(bp.SendOpenRequests(self.asked_again(asked)))

    @property
    def command_row(self) -> int:
        """Where in the commands the present one begins: so many came before it."""
        a, c, row = self.state.audits, self.state.commands, 0
        before = sum(a.kind[k] == ENGINE_UPDATE for k in range(self.row_of_event))
        while before:
            before -= 1
            while c.more[0][row]:
                row += 1
            row += 1
        return row

    # Numbers

    def price(self, i: int, ticks: int) -> Decimal:
        return ticks * self.scales.ticks[i]

    def quantity(self, i: int, lots: int) -> Decimal:
        return lots * self.scales.lots[i]

    def amount(self, asset: int, units: int) -> Decimal:
        return units * self.scales.units[asset]


def side_of(side: int) -> bp.Side:
    return bp.Side.BUY if side == BUY else bp.Side.SELL


def state_difference(one: EngineState, other: EngineState) -> str:
    """Where the states differ, with what the backtest and the event engine have."""
    for name in CLOCK:
        if getattr(one.engine, name)[0] != getattr(other.engine, name)[0]:
            return f"engine.{name}: {getattr(one.engine, name)[0]}, {getattr(other.engine, name)[0]}"
    for table in TABLES:
        mine, theirs = getattr(one, table), getattr(other, table)
        for name in mine.schema:
            if name in SCRATCH or (table, name) in UNTOLD:
                continue
            if mine.array(name).tobytes() != theirs.array(name).tobytes():
                return f"{table}.{name}: {mine.array(name).tolist()}, {theirs.array(name).tolist()}"
    o, p = one.orders, other.orders
    for order in range(len(o)):
        if o.status[order] == REFUSED and o.reason[order] != p.reason[order]:
            return f"reason of refused order {order}: {o.reason[order]}, {p.reason[order]}"
        if o.status[order] <= FILLED and o.filled[order] != p.filled[order]:
            return f"filled of order {order}: {o.filled[order]}, {p.filled[order]}"
    return ""
