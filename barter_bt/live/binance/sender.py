"""Requests on their way, and what became of those that nobody has answered.

A request is sent once. Where no answer comes, or one of 5xx, the exchange is asked for the order by its client id until
it knows it, or until it is certain that it never will: a signed request is refused when its window of 5 s is over, and
the engine behind it has 10 s to answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from random import Random
from typing import Any

from barter_bt.errors import ConnectionFailed
from barter_bt.live.binance.dialect import SPOT
from barter_bt.live.binance.history import History
from barter_bt.live.binance.link import backoff_ns
from barter_bt.live.binance.messages import QueriedOrder
from barter_bt.live.binance.refusals import CANCEL_REJECTED, NO_SUCH_ORDER, Refusal, Unanswered, order_error
from barter_bt.live.binance.requests import amend_objection, modify_params, open_objection
from barter_bt.live.binance.rest import ANSWER_NS, MS_NS, WINDOW_MS, Rest
from barter_bt.live.binance.symbols import Symbols
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.protocol import (
    Cancelled,
    ExchangeOffline,
    Expired,
    FullyFilled,
    OpenFailed,
    Order,
    OrderAlreadyCancelled,
    OrderAlreadyFullyFilled,
    OrderError,
    OrderKey,
    OrderRejected,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    OrderResponseAmend,
    OrderResponseCancel,
    RateLimit,
    Side,
    Socket,
    Timeout,
)

CERTAIN_NS = WINDOW_MS * MS_NS + ANSWER_NS
"""After which the exchange knows of a request, or never will."""
_WEIGHTS: dict[type, int] = {OrderRequestOpen: 1, OrderRequestCancel: 1, OrderRequestAmend: 4}
Request = OrderRequestOpen | OrderRequestCancel | OrderRequestAmend


class Sender:
    """Sends requests and finds out what became of them.

    Parameters
    ----------
    rest, history, symbols
        Over what, for what is known already, about what.
    clock, random
        What time it is, and the jitter.
    is_dry
        Whether orders are only checked.
    tell
        Gets what is to be told: an event of the account, or an order that was asked for.
    params
        The parameters of an order, which it makes of a request and a symbol.
    start
        Runs something at the same time.
    hear_of
        Sees to it that the stream mentions an order that the exchange has acknowledged.
    conditions
        Of an order, those that ``params`` tells.
    """

    def __init__(
        self,
        rest: Rest,
        history: History,
        symbols: Symbols,
        clock: Clock,
        random: Random,
        *,
        is_dry: bool,
        tell: Callable[[Any], object],
        params: Callable[[OrderRequestOpen, str], Mapping[str, Any]],
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        hear_of: Callable[[str], object],
        conditions: Collection[str] = (),
    ) -> None:
        self._rest, self._history, self._symbols, self._clock, self._random = rest, history, symbols, clock, random
        self._is_dry, self._tell, self._start, self._hear_of = is_dry, tell, start, hear_of
        self._params, self._dialect, self._conditions = params, rest.dialect, conditions
        self._on_its_way: dict[str, asyncio.Task[None]] = {}

    def send(self, request: Request) -> None:
        """Send a request behind what is on its way for the same order; whatever becomes of it is told."""
        is_open, cid = isinstance(request, OrderRequestOpen), request.key.cid
        if (why := self._objection(request)) is not None:
            self._tell(failed(request, OrderRejected(why)))
        elif not self._rest.reserve(weight=_WEIGHTS[type(request)], orders=int(is_open)):
            self._tell(failed(request, RateLimit()))
        else:
            if is_open:
                self._history.known.belongs(cid, request.key.strategy)
            self._on_its_way[cid] = self._start(self._run(request, self._on_its_way.get(cid)))

    def is_on_its_way(self, cid: str) -> bool:
        """Whether something was sent for an order of which nobody knows yet what became."""
        return cid in self._on_its_way

    def _objection(self, request: Request) -> str | None:
        if isinstance(request, OrderRequestOpen):
            if self._history.known.has_owner(request.key.cid):
                return f"client id {request.key.cid!r} was used before; once that order is filled it would be doubled"
            return open_objection(request, self._conditions)
        if self._is_dry:
            return "a dry run changes nothing at the exchange"
        return amend_objection(request, self._dialect) if isinstance(request, OrderRequestAmend) else None

    async def _run(self, request: Request, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait((before,))
        sent_at = self._clock.now()
        try:
            await self._rest.send(*await self._document(request))
        except Refusal as refusal:
            self._tell(failed(request, await self._why(request, refusal)))
        except Unanswered as error:
            if not error.was_sent:
                self._tell(failed(request, ExchangeOffline(self._dialect.exchange)))
            elif not await self._was_done(request, max(sent_at, error.sent_at)):
                self._tell(failed(request, Socket(error.message) if error.was_cut else Timeout()))
        else:
            if self._is_dry:
                self._tell(failed(request, OrderRejected("a dry run: the exchange would have taken it")))
            else:
                self._hear_of(request.key.cid)
        finally:
            if self._on_its_way.get(request.key.cid) is asyncio.current_task():
                del self._on_its_way[request.key.cid]

    def _symbol(self, key: OrderKey) -> str:
        return self._symbols.of[str(key.instrument)]

    async def _document(self, request: Request) -> tuple[str, str, Mapping[str, Any]]:
        symbol, cid, path = self._symbol(request.key), request.key.cid, self._dialect.path("order")
        if isinstance(request, OrderRequestOpen):
            return "POST", f"{path}/test" if self._is_dry else path, self._params(request, symbol)
        which = {"symbol": symbol, "origClientOrderId": cid}
        if isinstance(request, OrderRequestCancel):
            return "DELETE", path, which
        if self._dialect is SPOT:
            changed = {"newClientOrderId": cid, "newQty": request.state.quantity}
            return "PUT", f"{path}/amend/keepPriority", which | changed
        standing = await self._history.query(symbol, origClientOrderId=cid)
        if standing is None:
            raise Refusal(NO_SUCH_ORDER, "Order does not exist.", 400)
        return "PUT", path, modify_params(request, standing)

    async def _why(self, request: Request, refusal: Refusal) -> OrderError:
        """The exchange's refusal; where there is nothing to cancel, why there is nothing."""
        one = self._symbols.instruments[str(request.key.instrument)]
        sells = isinstance(request, OrderRequestOpen) and request.state.side == Side.SELL
        error = order_error(refusal, one.exchange, one.name, one.base if sells else one.quote)
        if refusal.code != CANCEL_REJECTED:
            return error
        found = await self._find(request.key, since=0)
        state = None if found is None else self._history.tells.queried(found).state
        if isinstance(state, FullyFilled):
            return OrderAlreadyFullyFilled()
        return OrderAlreadyCancelled() if isinstance(state, Cancelled | Expired) else error

    async def _was_done(self, request: Request, sent_at: int) -> bool:
        """Whether a request without an answer has done what it should, found out for certain."""
        if isinstance(request, OrderRequestOpen):
            return await self._find(request.key, since=sent_at) is not None
        await self._clock.sleep_until(sent_at + CERTAIN_NS)
        found = await self._find(request.key, since=sent_at)
        if isinstance(request, OrderRequestCancel):
            return found is not None and found.status not in ("NEW", "PARTIALLY_FILLED")
        if found is None:
            return False
        asked = request.state.price or found.price, request.state.quantity or found.origQty
        return (found.price, found.origQty) == asked

    async def _find(self, key: OrderKey, since: int) -> QueriedOrder | None:
        """Ask for an order until the exchange knows it, or never will; all that was not told of it is told."""
        failures = 0
        while True:
            is_certain = self._clock.now() >= since + CERTAIN_NS
            try:
                found = await self._history.query(self._symbol(key), origClientOrderId=key.cid)
                if found is not None:
                    self._tell(found)
                if found is not None or is_certain:
                    return found
                failures = 0
            except ConnectionFailed:
                failures += 1
            wait = backoff_ns(failures, self._random) if failures else SECOND_NS
            await self._clock.sleep_until(self._clock.now() + wait)


def failed(request: Request, error: OrderError) -> Order | OrderResponseCancel | OrderResponseAmend:
    """The event that tells that a request has failed.

    Parameters
    ----------
    request, error
        Which, and why.
    """
    if isinstance(request, OrderRequestCancel):
        return OrderResponseCancel(request.key, error)
    if isinstance(request, OrderRequestAmend):
        return OrderResponseAmend(request.key, error)
    terms = request.state
    state = OpenFailed(error)
    return Order(request.key, terms.side, terms.price, terms.quantity, terms.kind, terms.time_in_force, state)
