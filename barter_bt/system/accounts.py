"""Account events of Barter's into the reports that the engine's state is updated from."""

from __future__ import annotations

from barter_bt.engine.audit import ADOPTED, begin, note_open, note_report
from barter_bt.engine.event import BALANCE, ORDER_SNAPSHOT, OWN_TRADE
from barter_bt.engine.report import apply_report
from barter_bt.engine.state.orders import record_open
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import DataError
from barter_bt.execution.dealing import notional
from barter_bt.execution.messages import (
    ACCEPTED,
    BALANCES,
    CANCEL_REJECTED,
    CANCELLING,
    CLOSED,
    FILL,
    TRADE,
)
from barter_bt.execution.order import (
    BUY,
    CANCEL_IN_FLIGHT,
    CANCELLED,
    EXPIRED,
    FILLED,
    IOC,
    MARKET,
    REJECTED,
    SELL,
)
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import (
    AccountEventKind,
    AccountSnapshot,
    AssetBalance,
    CancelInFlight,
    Cancelled,
    Expired,
    FullyFilled,
    Open,
    OpenFailed,
    OpenInFlight,
    Order,
    OrderKind,
    OrderResponseCancel,
    Side,
    Trade,
)
from barter_bt.system.book import Book, encode
from barter_bt.system.units import Units


class Accounts:
    """Applies account events to a state.

    Parameters
    ----------
    s, index, units
        The state, and what its integers stand for.
    book
        Client and exchange ids of its orders.
    """

    def __init__(self, s: EngineState, index: IndexedInstruments, units: Units, book: Book) -> None:
        self._s, self._index, self._units, self._book = s, index, units, book

    def apply(self, exchange: int, event: AccountEventKind) -> None:
        """Apply one event; a snapshot item by item, all under one sequence."""
        self._s.engine.part[0] = 0
        # What is adopted is noted before the item itself, and must not pass for a part of the event before.
        begin(self._s, OWN_TRADE if isinstance(event, Trade) else ORDER_SNAPSHOT, -1, -1, exchange, -1)
        if isinstance(event, AccountSnapshot):
            for balance in event.balances:
                self._balance(exchange, balance)
            for one in event.instruments:
                for order in one.orders:
                    self._order(exchange, order)
        elif isinstance(event, AssetBalance):
            self._balance(exchange, event)
        elif isinstance(event, Order):
            self._order(exchange, event)
        elif isinstance(event, OrderResponseCancel):
            self._cancelled(exchange, event)
        else:
            self._trade(exchange, event)
        if self._s.engine.part[0] == 0:  # nothing that the state knows of: the link is healthy all the same
            self._report(exchange, BALANCE, BALANCES, -1)
        self._s.engine.part[0] = 0

    def _report(self, exchange: int, event: int, kind: int, order: int, **values: int) -> None:
        s = self._s
        s.reports.truncate(0)
        row = s.reports.append()
        given = {"time": s.engine.time[0], "kind": kind, "order": order, "asset_first": -1, "asset_second": -1} | values
        for name in s.reports.schema:
            getattr(s.reports, name)[row] = given.get(name, 0)
        begin(s, event, s.orders.instrument[order] if order >= 0 else -1, order, exchange, -1)
        note_report(s, row)
        apply_report(s, row)
        s.reports.truncate(0)
        s.engine.part[0] += 1

    def _balance(self, exchange: int, one: AssetBalance) -> None:
        asset = self._index.asset(one.asset, self._index.exchanges[exchange] if isinstance(one.asset, str) else None)
        total, free = (self._units.money(asset, amount) for amount in (one.balance.total, one.balance.free))
        time = one.time_exchange
        values = {"time_exchange": time, "asset_first": asset, "total_first": total, "free_first": free}
        self._report(exchange, BALANCE, BALANCES, -1, **values)

    def _order(self, exchange: int, snapshot: Order) -> None:
        i = self._index.instrument(snapshot.key.instrument)
        state, row = snapshot.state, self._book.find(i, snapshot.key.cid)
        if row is None:
            row = self._adopt(i, snapshot)
            if row is None:
                return
        known = state.order if isinstance(state, CancelInFlight) else state
        if isinstance(known, Open):
            self._book.name(row, i, known.id, shown=self._is_news(row, state, known))
        if isinstance(state, Open):
            self._open(exchange, i, row, ACCEPTED, state, snapshot)
        elif isinstance(state, CancelInFlight):
            self._open(exchange, i, row, CANCELLING, state.order, snapshot)
        elif not isinstance(state, OpenInFlight):
            ends = {Cancelled: CANCELLED, FullyFilled: FILLED, OpenFailed: REJECTED, Expired: EXPIRED}
            self._close(exchange, row, ends[type(state)])

    def _is_news(self, row: int, state: object, known: Open) -> bool:
        """Whether a snapshot changes what the exchange has said of an order (the order manager's matrix)."""
        o = self._s.orders
        if isinstance(state, CancelInFlight) and o.status[row] == CANCEL_IN_FLIGHT:
            return False
        return o.time_exchange[row] == 0 or known.time_exchange >= o.time_exchange[row]

    def _open(self, exchange: int, i: int, row: int, kind: int, state: Open | None, snapshot: Order) -> None:
        time = 0 if state is None else state.time_exchange
        filled = 0 if state is None else self._units.lots(i, state.filled_quantity)
        # Nothing remains of an order if all that was asked for is filled, or all that the exchange knows of.
        quantity = min(self._units.lots(i, snapshot.quantity), self._s.orders.quantity[row])
        values = {"time_exchange": time, "quantity": filled, "order_quantity": quantity}
        self._report(exchange, ORDER_SNAPSHOT, kind, row, **values)

    def _close(self, exchange: int, row: int, status: int) -> None:
        quantity = self._s.orders.quantity[row]
        self._report(exchange, ORDER_SNAPSHOT, CLOSED, row, order_quantity=quantity, status=status)

    def _cancelled(self, exchange: int, response: OrderResponseCancel) -> None:
        row = self._book.find(self._index.instrument(response.key.instrument), response.key.cid)
        if row is None:
            return
        if isinstance(response.state, Cancelled):
            self._close(exchange, row, CANCELLED)
        else:
            self._report(exchange, ORDER_SNAPSHOT, CANCEL_REJECTED, row)

    def _adopt(self, i: int, snapshot: Order) -> int | None:
        """Track an order that the engine did not send; None where nothing of it is at work."""
        state = snapshot.state
        if not isinstance(state, OpenInFlight | Open | CancelInFlight):
            return None
        if isinstance(state, Open) and state.filled_quantity >= snapshot.quantity:
            return None
        kind, tif, post_only = encode(snapshot.kind, snapshot.time_in_force)
        price = self._units.ticks(i, snapshot.price) if snapshot.kind == OrderKind.LIMIT else 0
        values = {"kind": kind, "time_in_force": tif, "post_only": post_only, "price": price}
        lots = self._units.lots(i, snapshot.quantity)
        row = self._record(i, snapshot.side, lots, snapshot.key.strategy, values)
        self._book.add(row, i, snapshot.key.cid, snapshot.price)
        return row

    def _record(self, i: int, side: Side, lots: int, strategy: str, values: dict[str, int]) -> int:
        s = self._s
        s.engine.strategy[0] = self._book.strategy(strategy)
        action = self._book.ask(s, i, side, lots, values)
        row = record_open(s, action, 0)
        note_open(s, action, row, 0, ADOPTED)
        s.actions.truncate(0)
        return row

    def _trade(self, exchange: int, trade: Trade) -> None:
        i, units, s = self._index.instrument(trade.instrument), self._units, self._s
        if trade.fees.asset is not None and self._index.asset(trade.fees.asset) != self._index.moneys[i]:
            raise DataError(
                f"the fees of trade {trade.id!r} are in {trade.fees.asset!r}, not in the quote or settlement asset",
                "fees in another asset are not kept yet; book them as a balance",
            )
        for what, value in (("quantity", trade.quantity), ("price", trade.price)):
            if value <= 0:
                raise DataError(
                    f"trade {trade.id!r} has {what} {value}; it must be positive", "the side says which way"
                )
        lots, ticks = units.lots(i, trade.quantity), units.ticks(i, trade.price)
        row, kind = self._book.named(i, trade.order_id), TRADE
        if row is not None and s.orders.side[row] != (BUY if trade.side == Side.BUY else SELL):
            row = None  # an order's trades have its side: the id is used again
        if row is None:  # of an order that nobody told of: it is taken for filled
            order = {"kind": MARKET, "time_in_force": IOC}
            row, kind = self._record(i, trade.side, lots, trade.strategy, order), FILL
            self._book.add(row, i, f"order {trade.order_id}", trade.price, found=False)
            self._book.name(row, i, trade.order_id)
        values = {
            "time_exchange": trade.time_exchange,
            "price": ticks,
            "quantity": lots,
            "notional": notional(s.terms, i, lots, ticks),
            "fee": units.quote(i, trade.fees.fees),
            "order_quantity": lots,
            "status": FILLED,
        }
        self._report(exchange, OWN_TRADE, kind, row, **values)
