"""Requests through ccxt: each is sent once, and one that nobody answered is asked for by its client id."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from barter_bt.errors import ConnectionFailed
from barter_bt.live.answers import AsyncClient
from barter_bt.live.ccxt import tells
from barter_bt.live.ccxt.connection import Connection
from barter_bt.live.ccxt.ledger import Progress
from barter_bt.live.ccxt.refusals import Refused, order_error
from barter_bt.live.ccxt.requests import by_client_id, objection, open_objection, order_arguments, order_params, plain
from barter_bt.live.ccxt.symbols import Symbols
from barter_bt.live.clock import SECOND_NS
from barter_bt.live.protocols import untold_objection
from barter_bt.protocol import (
    Amended,
    Cancelled,
    EngineError,
    ExecutionChannelUnhealthy,
    FullyFilled,
    Open,
    Order,
    OrderAlreadyCancelled,
    OrderAlreadyFullyFilled,
    OrderError,
    OrderKey,
    OrderRejected,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    Side,
)

Request = OrderRequestOpen | OrderRequestCancel | OrderRequestAmend
CERTAIN_NS = 30 * SECOND_NS
"""After which an order that the exchange does not know was never there."""


class Sends(AsyncClient):
    """What of an account sends requests; it needs what :class:`~barter_bt.live.ccxt.CcxtAccount` has."""

    _connection: Connection
    _symbols: Symbols
    _progress: Progress
    _is_dry: bool
    _is_listening: bool

    def _order(self, row: tells.Row) -> Order:
        """An order of the exchange's, with the key of who sent it."""
        cid = self._progress.cid_of(row)
        return tells.order(row, tells.key_of(self._symbols, row, cid, self._progress.strategy(cid)))

    async def order_status(self, key: OrderKey) -> Order | None:
        """Ask for one order; None where the exchange has never had it, and never will.

        Raises
        ------
        ConnectionFailed
            There is no answer, or the order may still be on its way.
        """
        self._progress.belongs(key.cid, key.strategy)
        found = await self._find(key)
        if found is None and self.clock.now() < self._progress.sent_at.get(key.cid, self._progress.began) + CERTAIN_NS:
            raise ConnectionFailed(f"the exchange does not know order {key.cid!r}, which may still arrive")
        return found

    async def _find(self, key: OrderKey) -> Order | None:
        symbol, number = self._symbols.of[str(key.instrument)], self._progress.number(key.cid)
        params = {} if number else by_client_id(self._connection, key.cid)
        try:
            row = await self._connection.ask("fetch_order", number, symbol, params)
        except Refused as refused:
            if refused.kinds & {"OrderNotFound"}:
                return None
            raise
        return self._order({**row, "clientOrderId": key.cid})

    def open(self, request: OrderRequestOpen) -> EngineError | None:
        """Send an order; what becomes of it comes over :meth:`arrivals`."""
        if not self._is_listening:
            return ExecutionChannelUnhealthy("the account is not heard: nobody would know what became of the order")
        return super().open(request)

    async def request_open(self, request: OrderRequestOpen) -> Open | OrderError:
        """As of :class:`~barter_bt.live.AsyncClient`."""
        terms, cid, symbol = request.state, request.key.cid, self._symbols.of[str(request.key.instrument)]
        if self._progress.has_owner(cid):
            return OrderRejected(f"client id {cid!r} was used before")
        price = None if terms.price == 0 else terms.price
        why = open_objection(request) or objection(self._connection.api, symbol, price, terms.quantity)
        if why is not None:
            return OrderRejected(why)
        if self._is_dry:
            return OrderRejected("a dry run: the order was checked here, and not sent")
        self._progress.belongs(cid, request.key.strategy)
        self._progress.asked[cid], self._progress.sent_at[cid] = terms, self.clock.now()
        given = order_arguments(terms, symbol)
        try:
            row = await self._connection.ask("create_order", *given, order_params(terms, cid))
        except Refused as refused:
            return self._error_of(refused, request)
        self._progress.name(cid, str(row["id"]))
        return Open(str(row["id"]), tells.time_of(row, self.clock.now()), Decimal(0))

    def _error_of(self, refused: Refused, request: Request) -> OrderError:
        one = self._symbols.instruments[str(request.key.instrument)]
        sells = isinstance(request, OrderRequestOpen) and request.state.side == Side.SELL
        asset = one.settlement or (one.base if sells else one.quote)
        return order_error(refused, self._symbols.exchange, one.name, asset)

    async def request_cancel(self, request: OrderRequestCancel) -> Cancelled | OrderError:
        """As of :class:`~barter_bt.live.AsyncClient`."""
        if self._is_dry:
            return OrderRejected("a dry run changes nothing at the exchange")
        symbol, number = self._symbols.of[str(request.key.instrument)], self._progress.number(request.key.cid)
        params = {} if number else by_client_id(self._connection, request.key.cid)
        try:
            row = await self._connection.ask("cancel_order", number, symbol, params)
        except Refused as refused:
            return await self._why_not(request, refused)
        return Cancelled(str(row.get("id") or number or ""), tells.time_of(row, self.clock.now()))

    async def _why_not(self, request: OrderRequestCancel, refused: Refused) -> OrderError:
        """Why there is nothing to cancel."""
        if refused.kinds & {"OrderNotFound", "InvalidOrder"}:
            with suppress(ConnectionFailed):
                found = await self._find(request.key)
                if found is not None and isinstance(found.state, FullyFilled):
                    return OrderAlreadyFullyFilled()
                if found is not None and not isinstance(found.state, Open):
                    return OrderAlreadyCancelled()
        return self._error_of(refused, request)

    async def request_amend(self, request: OrderRequestAmend) -> Amended | OrderError:
        """As of :class:`~barter_bt.live.AsyncClient`."""
        cid, symbol = request.key.cid, self._symbols.of[str(request.key.instrument)]
        terms, number = self._progress.asked.get(cid), self._progress.number(cid)
        if self._is_dry:
            return OrderRejected("a dry run changes nothing at the exchange")
        if (why := untold_objection(request)) is not None:
            return OrderRejected(why)
        if not self._connection.can("editOrder"):
            return OrderRejected("the exchange cannot amend an order; cancel it, and open another")
        if terms is None or number is None:
            return OrderRejected(
                "an order that has ended, or that this session did not open, cannot be amended through ccxt"
            )
        price = terms.price if request.state.price is None else request.state.price
        quantity = terms.quantity if request.state.quantity is None else request.state.quantity
        if (why := objection(self._connection.api, symbol, price, quantity)) is not None:
            return OrderRejected(why)
        given = (symbol, *order_arguments(terms, symbol)[1:3], plain(quantity), plain(price))
        try:
            row = await self._connection.ask("edit_order", number, *given, {"clientOrderId": cid})
        except Refused as refused:
            return self._error_of(refused, request)
        self._progress.name(cid, str(row["id"]))
        return Amended(str(row["id"]), tells.time_of(row, self.clock.now()), price, quantity)
