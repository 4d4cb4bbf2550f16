"""What an account is told of its orders: snapshots of them, and answers to cancels and amends."""

from __future__ import annotations

from functools import partial
from typing import Any

from barter_bt.engine.event import ORDER_SNAPSHOT
from barter_bt.engine.messages import (
    ACCEPTED,
    AMEND_REJECTED,
    AMENDED,
    CANCEL_REJECTED,
    CANCELLING,
    CHANGED,
    CLOSED,
    TRIGGERED,
)
from barter_bt.engine.order import (
    CANCEL_IN_FLIGHT,
    CANCELLED,
    EXPIRED,
    FILLED,
    NO_TIME,
    REASONS,
    REJECTED,
    REQUESTED,
)
from barter_bt.engine.state.orders import is_live
from barter_bt.errors import DataError
from barter_bt.protocol import (
    Amended,
    CancelInFlight,
    Cancelled,
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
)
from barter_bt.system.adopting import Adoption, adoption
from barter_bt.system.amends import NONE_IN_FLIGHT, amended_values, first_in_flight, reason_of
from barter_bt.system.changes import Changes, check_exchange, check_time
from barter_bt.system.reports import Reports

ENDS: dict[type, int] = {Cancelled: CANCELLED, FullyFilled: FILLED, OpenFailed: REJECTED, Expired: EXPIRED}


class ToldOrders(Reports):
    """Says what becomes of orders."""

    def listed(self, one: InstrumentAccountSnapshot, order: Order) -> None:
        """An order of a snapshot is of the instrument under which it is listed."""
        if self.index.instrument(one.instrument) != self.index.instrument(order.key.instrument):
            raise DataError(
                f"order {order.key.cid!r} of {order.key.instrument!r} is listed under instrument {one.instrument!r}"
            )

    def _instrument(self, key: OrderKey) -> int:
        """Index of the instrument of a key, whose exchange must be the instrument's."""
        i = self.index.instrument(key.instrument)
        check_exchange(self.s, self.index, i, key)
        return i

    def order(self, changes: Changes, exchange: int, snapshot: Order) -> None:
        """How an order is; one that is at work and not known is tracked from now on."""
        i, state = self._instrument(snapshot.key), snapshot.state
        known = state.order if isinstance(state, CancelInFlight) else state
        filled = quantity = 0
        if isinstance(known, Open):
            check_time(known.time_exchange)
            filled, quantity = self.units.lots(i, known.filled_quantity), self.units.lots(i, snapshot.quantity)
        changes.work(i, abs(filled))
        adopt = None
        if self.book.find(i, snapshot.key.cid) is None and self._is_at_work(state, filled, quantity):
            adopt = adoption(self, changes, i, snapshot)
        changes.add(partial(self._apply_order, exchange, i, snapshot, known, filled, quantity, adopt))

    @staticmethod
    def _is_at_work(state: object, filled: int, quantity: int) -> bool:
        """Whether there is anything of an order to track."""
        return isinstance(state, OpenInFlight | CancelInFlight) or (isinstance(state, Open) and filled < quantity)

    def _apply_order(
        self, exchange: int, i: int, snapshot: Order, known: Any, filled: int, quantity: int, adopt: Adoption | None
    ) -> None:
        state, row = snapshot.state, self.book.find(i, snapshot.key.cid)
        if row is None:
            if adopt is None:
                return
            row = adopt()
        values = {"time_exchange": NO_TIME, "quantity": 0, "order_quantity": self.s.orders.quantity[row]}
        if isinstance(known, Open):
            self.book.name(row, i, known.id, shown=self._is_news(row, state, known))
            # Nothing remains of an order if all that was asked for is filled, or all that the exchange knows of.
            least = min(quantity, self.s.orders.quantity[row])
            values = {"time_exchange": known.time_exchange, "quantity": filled, "order_quantity": least}
        triggered = snapshot.conditions.triggered if snapshot.conditions else None
        if triggered is not None and self.s.orders.time_triggered[row] == NO_TIME:
            self.report(exchange, ORDER_SNAPSHOT, TRIGGERED, row, time_exchange=triggered)
        if isinstance(state, Open):
            self.report(exchange, ORDER_SNAPSHOT, ACCEPTED, row, **values)
        elif isinstance(state, CancelInFlight):
            self.report(exchange, ORDER_SNAPSHOT, CANCELLING, row, **values)
        elif not isinstance(state, OpenInFlight):
            self._ended(exchange, row, snapshot)

    def _is_news(self, row: int, state: object, known: Open) -> bool:
        """Whether a snapshot changes what the exchange has said of an order (the order manager's matrix)."""
        o = self.s.orders
        if isinstance(state, CancelInFlight) and o.status[row] == CANCEL_IN_FLIGHT:
            return False
        return known.time_exchange >= o.time_exchange[row]

    def _ended(self, exchange: int, row: int, told: Order) -> None:
        """An order has ended; what may be cut is of the quantity that is told then (rule 17)."""
        o = self.s.orders
        lots = self.units.lots(o.instrument[row], told.quantity) if o.resize[row] else o.quantity[row]
        reason = REASONS.index(told.reason) if told.reason in REASONS else 0
        self._close(exchange, row, ENDS[type(told.state)], reason, min(lots, o.quantity[row]))

    def _close(self, exchange: int, row: int, status: int, reason: int, lots: int | None = None) -> None:
        quantity = self.s.orders.quantity[row] if lots is None else lots
        told = {"order_quantity": quantity, "status": status, "reason": reason}
        self.report(exchange, ORDER_SNAPSHOT, CLOSED, row, **told)

    def cancelled(self, changes: Changes, exchange: int, response: OrderResponseCancel) -> None:
        """The answer to a cancel."""
        i = self._instrument(response.key)
        if isinstance(response.state, Cancelled):
            check_time(response.state.time_exchange)
        row = self.book.find(i, response.key.cid)
        if row is not None:
            changes.add(partial(self._apply_cancelled, exchange, i, row, response))

    def _apply_cancelled(self, exchange: int, i: int, row: int, response: OrderResponseCancel) -> None:
        if isinstance(response.state, Cancelled):
            self._close(exchange, row, CANCELLED, reason=REQUESTED)
            return
        was_live = is_live(self.s, row)
        self.report(exchange, ORDER_SNAPSHOT, CANCEL_REJECTED, row)
        if was_live and not is_live(self.s, row):  # never acknowledged; if it is open, its snapshot will say so
            self.book.forget(i, response.key.cid)

    def amended(self, changes: Changes, exchange: int, response: OrderResponseAmend) -> None:
        """The answer to an amend."""
        i, state, ticks, lots, trigger, activation = self._instrument(response.key), response.state, 0, 0, 0, 0
        row = self.book.find(i, response.key.cid)
        if isinstance(state, Amended):
            check_time(state.time_exchange)
            ticks, lots = self.units.ticks(i, state.price), self.units.lots(i, state.quantity)
            trigger = 0 if state.trigger is None else self.units.ticks(i, state.trigger)
            activation = 0 if state.activation is None else self.units.ticks(i, state.activation)
            changes.work(i, 0 if row is None else abs(lots - self.s.orders.quantity[row]))
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
        amend, state = first_in_flight(self.s, row), response.state
        if isinstance(state, Amended):
            amend = NONE_IN_FLIGHT if state.unasked else amend
            values = amended_values(self.s, row, ticks, lots, trigger, state)
            if is_live(self.s, row):
                self.book.set_price(row, state.price)
            kind = AMENDED if amend != NONE_IN_FLIGHT else CLOSED if values["status"] == CANCELLED else CHANGED
            news = activation if kind == CHANGED else max(amend, 0)
            self.report(exchange, ORDER_SNAPSHOT, kind, row, **values, quantity=news)
        elif amend != NONE_IN_FLIGHT:
            reason = reason_of(response)
            self.report(exchange, ORDER_SNAPSHOT, AMEND_REJECTED, row, quantity=amend, reason=reason)
