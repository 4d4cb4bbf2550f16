"""Requests over HTTP: signed, counted, with the exchange's clock; each is sent once.

A request that may have been processed is never sent again here. One that the exchange has refused for its time alone
is: that refusal says that it was not processed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from barter_bt.errors import MissingPackageError
from barter_bt.live.binance.budget import ORDERS, WEIGHT, Budget
from barter_bt.live.binance.dialect import SPOT
from barter_bt.live.binance.endpoints import Endpoints
from barter_bt.live.binance.keys import Keys
from barter_bt.live.binance.messages import ApiError, ExchangeInfo, ServerTime
from barter_bt.live.binance.refusals import (
    BAD_SYMBOL,
    BAD_TIME,
    TOO_MANY,
    UNKNOWN_OUTCOME,
    Refusal,
    Unanswered,
    failure_text,
)
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.live.raw import NO_TAP, Tap

T = TypeVar("T")
MS_NS = 1_000_000
WINDOW_MS = 5_000
"""How long a signed request is valid: what arrives later, the exchange refuses."""
ANSWER_NS = 10 * SECOND_NS
"""How long an answer is waited for; the exchange itself gives its engine as long."""
_LEAST_BAN_NS, _BAN_NS = SECOND_NS, 120 * SECOND_NS


class Rest:
    """Sends requests.

    Parameters
    ----------
    endpoints, keys
        Where to, and whose account; without keys nothing can be signed.
    clock
        What time it is.
    tap
        Is told what queries are answered.

    Attributes
    ----------
    budget
        What may still be sent.
    dialect
        What the exchange calls things.
    offset_ms
        By how much the exchange's clock is ahead.
    """

    def __init__(self, endpoints: Endpoints, keys: Keys | None, clock: Clock, tap: Tap = NO_TAP) -> None:
        self._tap = tap
        if keys is not None:
            tap.hide(keys.key)
        self._endpoints, self._keys, self._clock, self.dialect = endpoints, keys, clock, endpoints.dialect
        self.budget, self.offset_ms = Budget(), 0
        self._session: Any = None
        self._is_closed = False

    async def close(self) -> None:
        """Give connections back, for good."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    def session(self) -> Any:
        """The client, of which there is one.

        Raises
        ------
        Unanswered
            It has been closed.
        """
        if self._is_closed:
            raise Unanswered("the adapter has been closed", was_sent=False)
        if self._session is None:
            self._session = client()
        return self._session

    def server_ms(self) -> int:
        """The exchange's time, as far as is known."""
        return self._clock.now() // MS_NS + self.offset_ms

    async def set_clock(self) -> None:
        """Ask the exchange what time it is there; half the way there and back counts."""
        asked = self._clock.now()
        told = await self.ask("time", ServerTime)
        self.offset_ms = told.serverTime - (asked + self._clock.now()) // 2 // MS_NS

    async def exchange_info(self, symbols: list[str]) -> ExchangeInfo:
        """What can be traded, and how much may be asked."""
        params = {"symbols": msgspec.json.encode(symbols).decode()} if self.dialect is SPOT else {}
        info = await self.ask("exchangeInfo", ExchangeInfo, params)
        self.budget.set(info.rateLimits)
        found = tuple(one for one in info.symbols if one.symbol in symbols)
        if missing := set(symbols) - {one.symbol for one in found}:
            raise Refusal(BAD_SYMBOL, f"Invalid symbol. {sorted(missing)}", 400)
        return msgspec.structs.replace(info, symbols=found)

    async def ask(
        self, name: str, kind: type[T], params: Mapping[str, Any] | None = None, *, signed: bool = False
    ) -> T:
        """Query what the dialect has a weight of; as :meth:`get`."""
        return await self.get(self.dialect.path(name), kind, params, weight=self.dialect.weights[name], signed=signed)

    async def get(
        self, path: str, kind: type[T], params: Mapping[str, Any] | None = None, *, weight: int, signed: bool = False,
        share: float = 1,
    ) -> T:  # fmt: skip
        """Query; it waits until the budget allows it, or so much of it: what can wait leaves the rest to orders.

        Raises
        ------
        ConnectionFailed
            There is no answer, or an error.
        """
        while True:
            costs = {WEIGHT: weight}
            while (free := self.budget.free_at(costs, self._clock.now(), share)) > self._clock.now():
                await self._clock.sleep_until(free)
            try:
                return msgspec.json.decode(await self._ask("GET", path, params, costs, signed), type=kind)
            except Refusal as refusal:
                if not refusal.is_limit:
                    raise
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise Unanswered(f"the answer to {path} is no {kind}: {error}") from error

    async def listen_key(self, method: str) -> bytes:
        """Ask for the key of the account's stream (``POST``), or for it to live on (``PUT``): the API key is enough."""
        costs = {WEIGHT: self.dialect.weights["listenKey"]}
        return await self._once(method, self.dialect.path("listenKey"), None, costs, False, is_keyed=True)

    def reserve(self, *, weight: int, orders: int = 0) -> bool:
        """Count a request that does not wait; False where the budget has no room for it."""
        now, costs = self._clock.now(), {WEIGHT: weight, ORDERS: orders}
        if self.budget.free_at(costs, now) > now:
            return False
        self.budget.add(costs, now)
        return True

    async def send(self, method: str, path: str, params: Mapping[str, Any]) -> bytes:
        """Send a request that changes something, once, and at once; it has been counted by :meth:`reserve`.

        Raises
        ------
        Unanswered
            What became of it is not known.
        Refusal
            Nothing became of it.
        """
        return await self._ask(method, path, params, {}, True)

    async def _ask(
        self, method: str, path: str, params: Mapping[str, Any] | None, costs: Mapping[str, int], signed: bool
    ) -> bytes:
        try:
            return await self._once(method, path, params, costs, signed)
        except Refusal as refusal:
            if refusal.code != BAD_TIME or not signed:
                raise
        await self.set_clock()
        return await self._once(method, path, params, costs, signed)

    async def _once(
        self, method: str, path: str, params: Mapping[str, Any] | None, costs: Mapping[str, int], signed: bool,
        *, is_keyed: bool = False,
    ) -> bytes:  # fmt: skip
        import aiohttp
        from yarl import URL

        query = query_of(params)
        source = source_of(method, path, query)
        headers = {"X-MBX-APIKEY": self._need_keys().key} if signed or is_keyed else {}
        if signed:
            keys = self._need_keys()
            query += f"{'&' if query else ''}recvWindow={WINDOW_MS}&timestamp={self.server_ms()}"
            query = f"{query}&signature={keys.sign(query)}"
        url = URL(f"{self._endpoints.rest}{path}{'?' if query else ''}{query}", encoded=True)
        sent_at = self._clock.now()
        self.budget.add(costs, sent_at)
        try:
            body = await within(self._clock, ANSWER_NS, self._answer(method, url, headers))
        except (Refusal, Unanswered) as error:
            raise self._failed(source, error, sent_at) from error.__cause__
        except aiohttp.ClientConnectorError as error:
            told = f"{method} {path} could not be sent: {error}"
            raise self._failed(source, Unanswered(told, was_sent=False), sent_at) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            told = f"{method} {path} was not answered: {error!r}"
            unanswered = Unanswered(told, was_cut=not isinstance(error, TimeoutError))
            raise self._failed(source, unanswered, sent_at) from error
        if not is_keyed:
            self._tap.saw(self._clock.now(), source, "answer", body.decode(errors="replace"))
        return body

    def _failed(self, source: str, error: Refusal | Unanswered, sent_at: int) -> Refusal | Unanswered:
        if isinstance(error, Unanswered):
            error.sent_at = sent_at
        self._tap.saw(self._clock.now(), source, "failed", failure_text(error))
        return error

    async def _answer(self, method: str, url: Any, headers: dict[str, str]) -> bytes:
        async with self.session().request(method, url, headers=headers) as response:
            body: bytes = await response.read()
            self.budget.told(response.headers, self._clock.now())
            if response.status < 400:
                return body
            raise self._failure(response.status, body, response.headers.get("Retry-After"))

    def _failure(self, status: int, body: bytes, retry_after: str | None) -> Unanswered | Refusal:
        try:
            told = msgspec.json.decode(body, type=ApiError)
        except (msgspec.DecodeError, msgspec.ValidationError):
            told = ApiError(0, body[:200].decode(errors="replace"))
        if status >= 500 or told.code in UNKNOWN_OUTCOME:
            return Unanswered(f"Binance answers {status}: {told.msg} ({told.code})")
        if status in (418, 429) or told.code in TOO_MANY:
            wait = int(retry_after) * SECOND_NS if retry_after and retry_after.isdigit() else _BAN_NS
            self.budget.ban(self._clock.now() + max(wait, _LEAST_BAN_NS))
        return Refusal(told.code, told.msg, status)

    def _need_keys(self) -> Keys:
        if self._keys is None:
            raise Unanswered("there are no keys to sign with", was_sent=False)
        return self._keys

    def signed(self) -> dict[str, Any]:
        """The parameters with which the WebSocket API is asked to tell of the account, in alphabetical order."""
        keys = self._need_keys()
        params: dict[str, Any] = {"apiKey": keys.key, "recvWindow": WINDOW_MS, "timestamp": self.server_ms()}
        payload = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        return params | {"signature": keys.sign(payload)}


def query_of(params: Mapping[str, Any] | None) -> str:
    """Parameters as they are sent, without a signature."""
    return urlencode({name: _plain(value) for name, value in (params or {}).items() if value is not None})


def source_of(method: str, path: str, query: str) -> str:
    """A request as it is recorded."""
    return f"{method} {path}{'?' if query else ''}{query}"


async def within(clock: Clock, wait_ns: int, what: Coroutine[Any, Any, T]) -> T:
    """Wait for something, but no longer than so long by a clock.

    Raises
    ------
    TimeoutError
        It takes longer.
    """
    task = asyncio.ensure_future(what)
    late: asyncio.Task[None] = asyncio.ensure_future(clock.sleep_until(clock.now() + wait_ns))
    try:
        await asyncio.wait((task, late), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError(f"no answer within {wait_ns / SECOND_NS:g} s")
    finally:
        for one in (task, late):
            one.cancel()
        await asyncio.gather(task, late, return_exceptions=True)


def client() -> Any:
    """A client of HTTP and WebSockets, whose waits are this room's own.

    Raises
    ------
    MissingPackageError
        aiohttp is not installed.
    """
    try:
        import aiohttp
    except ImportError as error:
        raise MissingPackageError("connecting to an exchange needs aiohttp", 'pip install "barter-bt[live]"') from error
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=30))


def _plain(value: Any) -> Any:
    """A value as text; the exchange counts zeros behind as precision."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
