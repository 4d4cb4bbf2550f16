"""Account events of Barter's into the reports that the engine's state is updated from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from barter_bt.engine.accounting import notional
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.audit import ADOPTED, begin, note_open, note_report
from barter_bt.engine.event import BALANCE, ORDER_SNAPSHOT, OWN_TRADE
from barter_bt.engine.messages import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    BALANCES,
    CANCEL_REJECTED,
    CANCELLING,
    CHANGED,
    CLOSE_OUT,
    CLOSED,
    ENTITLED,
    FILL,
    FLOW,
    TRADE,
    TRANSFERRED,
    TRIGGERED,
)
from barter_bt.engine.order import (
    BUY,
    CANCEL_IN_FLIGHT,
    CANCELLED,
    EXPIRED,
    FILLED,
    IOC,
    LIQUIDATION,
    MARKET,
    NO_GROUP,
    NO_TIME,
    REASONS,
    REJECTED,
    REQUESTED,
    SELL,
)
from barter_bt.engine.report import apply_report, record_own
from barter_bt.engine.state.orders import is_live, record_open
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import IN_QUOTE, IN_RECEIVED
from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import (
    AccountEventKind,
    AccountSnapshot,
    Amended,
    AssetBalance,
    CancelInFlight,
    Cancelled,
    CashFlow,
    CashFlowKind,
    Expired,
    FullyFilled,
    InstrumentAccountSnapshot,
    Open,
    OpenFailed,
    OpenInFlight,
    Order,
    OrderKey,
    OrderResponseAmend,
    OrderResponseCancel,
    Side,
    Trade,
)
from barter_bt.system.amends import NONE_IN_FLIGHT, amended_values, first_in_flight, reason_of
from barter_bt.system.book import Book, plain_terms
from barter_bt.system.build import flow_row
from barter_bt.system.changes import Changes, check_exchange, check_time
from barter_bt.system.conditions import terms_of
from barter_bt.system.units import Units

Adoption: TypeAlias = Callable[[], int]
"""Tracks an order; returns its row."""

ENDS: dict[type, int] = {Cancelled: CANCELLED, FullyFilled: FILLED, OpenFailed: REJECTED, Expired: EXPIRED}


class Accounts:
    """Says what account events change.

    Parameters
    ----------
    s, index, units
        The state, and what its integers stand for.
    book
        Client and exchange ids of its orders.
    """

    def __init__(self, s: EngineState, index: IndexedInstruments, units: Units, book: Book) -> None:
        self._s, self._index, self._units, self._book = s, index, units, book

    def prepare(self, exchange: int, event: AccountEventKind) -> Changes:
        """Find what an event changes; a snapshot item by item, all under one sequence.

        Raises
        ------
        BarterBtError
            Something of it cannot be: nothing has changed.
        """
        changes = Changes(self._s, self._index, self._units)
        changes.add(partial(self._begin, exchange, OWN_TRADE if isinstance(event, Trade) else ORDER_SNAPSHOT))
        if isinstance(event, AccountSnapshot):
            for balance in event.balances:
                self._balance(changes, exchange, balance)
            for one in event.instruments:
                for order in one.orders:
                    self._listed(one, order)
                    self._order(changes, exchange, order)
        elif isinstance(event, AssetBalance):
            self._balance(changes, exchange, event)
        elif isinstance(event, Order):
            self._order(changes, exchange, event)
        elif isinstance(event, OrderResponseCancel):
            self._cancelled(changes, exchange, event)
        elif isinstance(event, OrderResponseAmend):
            self._amended(changes, exchange, event)
        elif isinstance(event, Trade):
            self._trade(changes, exchange, event)
        elif isinstance(event, CashFlow):
            self._flow(changes, exchange, event)
        else:
            raise DataError(f"{event!r} is no event of an account")
        changes.add(partial(self._finish, exchange))
        changes.check()
        return changes

    def _begin(self, exchange: int, kind: int) -> None:
        """What is adopted is noted before the item itself, and must not pass for a part of the event before."""
        self._s.engine.part[0] = 0
        begin(self._s, kind, -1, -1, exchange, -1)

    def _finish(self, exchange: int) -> None:
        if self._s.engine.part[0] == 0:  # nothing that the state knows of: the link is healthy all the same
            self._report(exchange, BALANCE, BALANCES, -1)
        self._s.engine.part[0] = 0

    def _report(self, exchange: int, event: int, kind: int, order: int, i: int = -1, **values: int) -> None:
        s = self._s
        s.reports.truncate(0)
        row = s.reports.append()
        given = {"time": s.engine.time[0], "kind": kind, "order": order, "asset_first": -1, "asset_second": -1} | values
        for name in s.reports.schema:
            getattr(s.reports, name)[row] = given.get(name, 0)
        if kind == CLOSE_OUT:
            order = s.reports.order[row] = record_own(s, i, row)
        i = s.orders.instrument[order] if order >= 0 else i
        begin(s, event, i, order, exchange, -1)
        note_report(s, row)
        apply_report(s, row)
        s.reports.truncate(0)
        s.engine.part[0] += 1

    # Balances

    def _asset(self, asset: str | int, exchange: int) -> int:
        """Index of an asset; a name is one of the exchange."""
        return self._index.asset(asset, self._index.exchanges[exchange] if isinstance(asset, str) else None)

    def _balance(self, changes: Changes, exchange: int, one: AssetBalance) -> None:
        asset = self._asset(one.asset, exchange)
        check_time(one.time_exchange)
        total, free = (self._units.balance(asset, amount) for amount in (one.balance.total, one.balance.free))
        for amount in (total, free, total - self._s.assets.held[asset]):
            changes.hold(asset, amount)
        changes.add(partial(self._apply_balance, exchange, asset, one))

    def _apply_balance(self, exchange: int, asset: int, one: AssetBalance) -> None:
        time, amounts = one.time_exchange, (one.balance.total, one.balance.free)
        if time >= self._s.assets.time[asset]:
            self._book.balances[asset] = amounts
        total, free = (self._units.balance(asset, amount) for amount in amounts)
        values = {"time_exchange": time, "asset_first": asset, "total_first": total, "free_first": free}
        self._report(exchange, BALANCE, BALANCES, -1, **values)

    # Cash flows

    def _flow(self, changes: Changes, exchange: int, told: CashFlow) -> None:
        """Money that no order has moved; it explains the balance behind it (rules 48 and 84)."""
        asset, i = self._asset(told.asset, exchange), -1
        if told.instrument is not None:
            i = self._index.instrument(told.instrument)
        check_time(told.time_exchange)
        if flow_row(self._s, told.kind, i, asset) < 0:
            raise DataError(f"{told.instrument!r} pays {told.kind.value} in {told.asset!r}, in which it has no price")
        amounts = (told.balance.total, told.balance.free)
        for amount in (self._units.amount(asset, told.amount), *(self._units.balance(asset, one) for one in amounts)):
            changes.hold(asset, amount)
        changes.add(partial(self._apply_flow, exchange, i, asset, told))

    def _apply_flow(self, exchange: int, i: int, asset: int, told: CashFlow) -> None:
        amounts = (told.balance.total, told.balance.free)
        if told.time_exchange >= self._s.assets.time[asset]:
            self._book.balances[asset] = amounts
        kind = {CashFlowKind.ENTITLEMENT: ENTITLED, CashFlowKind.TRANSFER: TRANSFERRED}.get(told.kind, FLOW)
        total, free = (self._units.balance(asset, amount) for amount in amounts)
        values = {"time_exchange": told.time_exchange, "quantity": flow_row(self._s, told.kind, i, asset)}
        values |= {"notional": self._units.amount(asset, told.amount)}
        values |= {"asset_first": asset, "total_first": total, "free_first": free}
        self._report(exchange, BALANCE, kind, -1, i, **values)

    # Orders

    def _listed(self, one: InstrumentAccountSnapshot, order: Order) -> None:
        if self._index.instrument(one.instrument) != self._index.instrument(order.key.instrument):
            raise DataError(
                f"order {order.key.cid!r} of {order.key.instrument!r} is listed under instrument {one.instrument!r}"
            )

    def _instrument(self, key: OrderKey) -> int:
        """Index of the instrument of a key, whose exchange must be the instrument's."""
        i = self._index.instrument(key.instrument)
        check_exchange(self._s, self._index, i, key)
        return i

    def _order(self, changes: Changes, exchange: int, snapshot: Order) -> None:
        i, state = self._instrument(snapshot.key), snapshot.state
        known = state.order if isinstance(state, CancelInFlight) else state
        filled = quantity = 0
        if isinstance(known, Open):
            check_time(known.time_exchange)
            filled, quantity = self._units.lots(i, known.filled_quantity), self._units.lots(i, snapshot.quantity)
        changes.work(i, abs(filled))
        adopt = None
        if self._book.find(i, snapshot.key.cid) is None and self._is_at_work(state, filled, quantity):
            adopt = self._adoption(changes, i, snapshot)
        changes.add(partial(self._apply_order, exchange, i, snapshot, known, filled, quantity, adopt))

    @staticmethod
    def _is_at_work(state: object, filled: int, quantity: int) -> bool:
        """Whether there is anything of an order to track."""
        return isinstance(state, OpenInFlight | CancelInFlight) or (isinstance(state, Open) and filled < quantity)

    def _apply_order(
        self, exchange: int, i: int, snapshot: Order, known: Any, filled: int, quantity: int, adopt: Adoption | None
    ) -> None:
        state, row = snapshot.state, self._book.find(i, snapshot.key.cid)
        if row is None:
            if adopt is None:
                return
            row = adopt()
        values = {"time_exchange": NO_TIME, "quantity": 0, "order_quantity": self._s.orders.quantity[row]}
        if isinstance(known, Open):
            self._book.name(row, i, known.id, shown=self._is_news(row, state, known))
            # Nothing remains of an order if all that was asked for is filled, or all that the exchange knows of.
            least = min(quantity, self._s.orders.quantity[row])
            values = {"time_exchange": known.time_exchange, "quantity": filled, "order_quantity": least}
        triggered = snapshot.conditions.triggered if snapshot.conditions else None
        if triggered is not None and self._s.orders.time_triggered[row] == NO_TIME:
            self._report(exchange, ORDER_SNAPSHOT, TRIGGERED, row, time_exchange=triggered)
        if isinstance(state, Open):
            self._report(exchange, ORDER_SNAPSHOT, ACCEPTED, row, **values)
        elif isinstance(state, CancelInFlight):
            self._report(exchange, ORDER_SNAPSHOT, CANCELLING, row, **values)
        elif not isinstance(state, OpenInFlight):
            self._ended(exchange, row, snapshot)

    def _is_news(self, row: int, state: object, known: Open) -> bool:
        """Whether a snapshot changes what the exchange has said of an order (the order manager's matrix)."""
        o = self._s.orders
        if isinstance(state, CancelInFlight) and o.status[row] == CANCEL_IN_FLIGHT:
            return False
        return known.time_exchange >= o.time_exchange[row]

    def _ended(self, exchange: int, row: int, told: Order) -> None:
        """An order has ended; what may be cut is of the quantity that is told then (rule 17)."""
        o = self._s.orders
        lots = self._units.lots(o.instrument[row], told.quantity) if o.resize[row] else o.quantity[row]
        reason = REASONS.index(told.reason) if told.reason in REASONS else 0
        self._close(exchange, row, ENDS[type(told.state)], reason, min(lots, o.quantity[row]))

    def _close(self, exchange: int, row: int, status: int, reason: int, lots: int | None = None) -> None:
        quantity = self._s.orders.quantity[row] if lots is None else lots
        told = {"order_quantity": quantity, "status": status, "reason": reason}
        self._report(exchange, ORDER_SNAPSHOT, CLOSED, row, **told)

    def _cancelled(self, changes: Changes, exchange: int, response: OrderResponseCancel) -> None:
        i = self._instrument(response.key)
        if isinstance(response.state, Cancelled):
            check_time(response.state.time_exchange)
        row = self._book.find(i, response.key.cid)
        if row is not None:
            changes.add(partial(self._apply_cancelled, exchange, i, row, response))

    def _apply_cancelled(self, exchange: int, i: int, row: int, response: OrderResponseCancel) -> None:
        if isinstance(response.state, Cancelled):
            self._close(exchange, row, CANCELLED, reason=REQUESTED)
            return
        was_live = is_live(self._s, row)
        self._report(exchange, ORDER_SNAPSHOT, CANCEL_REJECTED, row)
        if was_live and not is_live(
            self._s, row
        ):  # never acknowledged: if it is open after all, its snapshot will say so
            self._book.forget(i, response.key.cid)

    def _amended(self, changes: Changes, exchange: int, response: OrderResponseAmend) -> None:
        i, state, ticks, lots, trigger, activation = self._instrument(response.key), response.state, 0, 0, 0, 0
        row = self._book.find(i, response.key.cid)
        if isinstance(state, Amended):
            check_time(state.time_exchange)
            ticks, lots = self._units.ticks(i, state.price), self._units.lots(i, state.quantity)
            trigger = 0 if state.trigger is None else self._units.ticks(i, state.trigger)
            activation = 0 if state.activation is None else self._units.ticks(i, state.activation)
            changes.work(i, 0 if row is None else abs(lots - self._s.orders.quantity[row]))
        if row is not None:
            changes.add(partial(self._apply_amended, exchange, row, response, ticks, lots, trigger, activation))

    def _apply_amended(
        self,
        exchange: int,
        row: int,
        response: OrderResponseAmend,
        ticks: int,
        lots: int,
        trigger: int,
        activation: int,
    ) -> None:
        """The answer to the first amend in flight; without one the exchange tells of a change of its own."""
        amend, state = first_in_flight(self._s, row), response.state
        if isinstance(state, Amended):
            amend = NONE_IN_FLIGHT if state.unasked else amend
            values = amended_values(self._s, row, ticks, lots, trigger, state)
            if is_live(self._s, row):
                self._book.set_price(row, state.price)
            kind = AMENDED if amend != NONE_IN_FLIGHT else CLOSED if values["status"] == CANCELLED else CHANGED
            news = activation if kind == CHANGED else max(amend, 0)
            self._report(exchange, ORDER_SNAPSHOT, kind, row, **values, quantity=news)
        elif amend != NONE_IN_FLIGHT:
            reason = reason_of(response)
            self._report(exchange, ORDER_SNAPSHOT, AMEND_REJECTED, row, quantity=amend, reason=reason)

    def _adoption(self, changes: Changes, i: int, snapshot: Order) -> Adoption:
        """What tracks an order that the engine did not send."""
        values = plain_terms(self._units, i, snapshot)
        lots, given = self._units.lots(i, snapshot.quantity), snapshot.conditions
        changes.work(i, lots)
        if given is not None:
            where = f"order {snapshot.key.cid!r} of {snapshot.key.instrument!r}"
            signed = self._s.terms.zero[i] > 0
            values |= terms_of(self._units, i, given, values, where, signed=signed)
        return partial(self._adopt, i, snapshot, lots, values)

    def _adopt(self, i: int, snapshot: Order, lots: int, values: dict[str, int]) -> int:
        """It stands by itself if what it depends on is not known: its exchange knows."""
        given, row = snapshot.conditions, len(self._s.orders)
        if given is not None:
            exchange, parent = self._s.terms.exchange[i], given.named_parent
            known = None if parent is None else self._book.find_at(self._s, exchange, parent)
            if known is not None:
                values = values | {"parent": known, "follows": int(given.after is not None)}
            if given.group is not None:
                first = row if given.group == snapshot.key.cid else self._book.find_at(self._s, exchange, given.group)
                values = values | {"group": NO_GROUP if first is None else first}
        row = self._record(i, snapshot.side, lots, snapshot.key.strategy, values)
        self._book.add(row, i, snapshot.key.cid, snapshot.price, snapshot.time_in_force)
        return row

    def _record(self, i: int, side: Side, lots: int, strategy: str, values: dict[str, int]) -> int:
        s = self._s
        s.engine.strategy[0] = self._book.strategy(strategy)
        action = self._book.ask(s, i, side, lots, values)
        row = record_open(s, action, 0)
        note_open(s, action, row, 0, ADOPTED)
        s.actions.truncate(0)
        return row

    # Trades

    def _trade(self, changes: Changes, exchange: int, trade: Trade) -> None:
        i, units, s = self._index.instrument(trade.instrument), self._units, self._s
        check_time(trade.time_exchange)
        self._fees(i, trade)
        ends = s.terms.derivative[i] == 0 and s.terms.expiry[i] != NEVER  # worth nothing then, perhaps
        signed = s.terms.zero[i] > 0  # rule 76
        for what, value in (("quantity", trade.quantity), ("price", trade.price)):
            of_any_sign = what == "price" and (signed or (value == 0 and ends))
            if not (value.is_finite() and (value > 0 or of_any_sign)):
                raise DataError(
                    f"trade {trade.id!r} has {what} {value}; it must be positive", "the side says which way"
                )
        lots, ticks = units.lots(i, trade.quantity), units.ticks(i, trade.price)
        row = self._book.named(i, trade.order_id)
        if row is not None and s.orders.side[row] != (BUY if trade.side == Side.BUY else SELL):
            row = None  # an order's trades have its side: the id is used again
        self._hold_trade(changes, i, row, trade, lots, ticks)
        changes.add(partial(self._apply_trade, exchange, i, row, trade, lots, ticks))

    def _fees(self, i: int, trade: Trade) -> int:
        """Fees in the asset of profits; those of a spot trade in its base asset are worth its price."""
        asset = trade.fees.asset
        which = None if asset is None else self._asset(asset, self._s.terms.exchange[i])
        if which is None or which == self._index.settlement_assets[i]:
            return self._units.fees(i, trade.fees.fees)
        if self._is_in_base(i, trade):
            return self._units.fees(i, trade.fees.fees * trade.price)
        raise DataError(
            f"the fees of trade {trade.id!r} are in {asset!r}, not in the base, quote or settlement asset",
            "fees in another asset are not kept yet; book them as a balance",
        )

    def _is_in_base(self, i: int, trade: Trade) -> bool:
        """Whether a spot trade's fees are in its base asset: then a buy adds less to the position (rule 63)."""
        asset, terms = trade.fees.asset, self._s.terms
        return asset is not None and not terms.derivative[i] and self._asset(asset, terms.exchange[i]) == terms.base[i]

    def _hold_trade(self, changes: Changes, i: int, row: int | None, trade: Trade, lots: int, ticks: int) -> None:
        """All that the trade posts must fit: the position and what is paid for it, the order's sums, the base asset."""
        s, fee = self._s, abs(self._fees(i, trade))
        sums = 0 if row is None else abs(s.orders.notional[row]) + abs(s.orders.fees[row])
        way = 1 if trade.side == Side.BUY else -1
        changes.hold_position(i, max(abs(s.instruments.quantity[i] + way * lots), lots), ticks, sums + 2 * fee)
        base = s.terms.base[i]
        if base >= 0:
            held = s.assets.held[base] + way * lots * s.terms.base_units[i]
            changes.hold(base, held)
            changes.hold(base, s.assets.total[base] - held)

    def _apply_trade(self, exchange: int, i: int, row: int | None, trade: Trade, lots: int, ticks: int) -> None:
        kind = TRADE
        if trade.side == Side.BUY and trade.fees.asset is not None:  # else it is paid as the terms say
            self._s.terms.fee_in[i] = IN_RECEIVED if self._is_in_base(i, trade) else IN_QUOTE
        values = {
            "time_exchange": trade.time_exchange,
            "price": ticks,
            "quantity": lots,
            "notional": notional(self._s.terms, i, lots, ticks),
            "fee": self._fees(i, trade),
            "order_quantity": lots,
            "status": FILLED,
        }
        if self._is_closed_by_venue(i, trade, lots):
            reason = REASONS.index(str(trade.reason))
            self._report(exchange, OWN_TRADE, CLOSE_OUT, -1, i, **values, reason=reason)
            self._book.add(len(self._s.orders) - 1, i, f"order {trade.order_id}", trade.price)
            self._book.name(len(self._s.orders) - 1, i, trade.order_id)
            return
        if row is None:  # of an order that nobody told of: it is taken for filled
            order = {"kind": MARKET, "time_in_force": IOC}
            row, kind = self._record(i, trade.side, lots, trade.strategy, order), FILL
            self._book.add(row, i, f"order {trade.order_id}", trade.price, found=False)
            self._book.name(row, i, trade.order_id)
        self._report(exchange, OWN_TRADE, kind, row, **values)

    def _is_closed_by_venue(self, i: int, trade: Trade, lots: int) -> bool:
        """Whether the exchange says that it has closed, by itself, what the engine knows to be held (rule 43)."""
        held = self._s.instruments.quantity[i]
        against = held if trade.side == Side.SELL else -held
        return trade.reason in REASONS[LIQUIDATION:] and against >= lots
