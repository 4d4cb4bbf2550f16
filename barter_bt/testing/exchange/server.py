"""A server on this machine that speaks Binance's spot dialects, for tests: no network, no money, no surprises."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from barter_bt.errors import ConfigError
from barter_bt.live.binance.endpoints import Endpoints
from barter_bt.live.clock import Clock
from barter_bt.testing.exchange import wire
from barter_bt.testing.exchange.faults import Fault, Late, Lost, Spoiling, Status
from barter_bt.testing.exchange.guard import PUBLIC, WEIGHTS, Guard, Params
from barter_bt.testing.exchange.listing import Listing
from barter_bt.testing.exchange.matching import Matching, Refused
from barter_bt.testing.exchange.routes import ROUTES
from barter_bt.testing.exchange.script import Script
from barter_bt.testing.exchange.sockets import Sockets

MS_NS = 1_000_000


class LoopbackExchange(Script):
    """A spot exchange on a port of 127.0.0.1 that the system chooses.

    Parameters
    ----------
    clock
        What time it is there.
    listings
        What can be traded; by default BTCUSDT.
    balances
        Of the account, by asset.
    fee, fee_in
        Of each trade, a fraction, and in which asset: ``"received"`` (a buy pays in what it buys), ``"quote"``, or the
        name of another.
    key, secret
        Of the account.
    weight_limit, order_limit
        Weight of requests in a minute, and orders in ten seconds.

    Attributes
    ----------
    listings, account
        What there is, and what the account has and did.
    is_down
        Whether connections of sockets are refused.
    skew_ms
        By how much its clock is ahead.
    requests
        Every request that arrived, as ``"POST /api/v3/order"``, with its parameters.
    sockets
        Who listens.
    captured
        What requests were answered in a capture, in order: see :func:`replay_capture`.
    """

    MATCHING: type[Matching] = Matching
    ROUTES: Mapping[str, Callable[[Any, Params], Any]] = ROUTES
    WEIGHTS: Mapping[str, int] = WEIGHTS
    PUBLIC: frozenset[str] = PUBLIC
    INFO = "GET /api/v3/exchangeInfo"
    SOCKETS: type[Sockets] = Sockets

    def __init__(
        self, clock: Clock, listings: Sequence[Listing] = (), balances: Mapping[str, Decimal | int] | None = None, *,
        fee: str = "0.001", fee_in: str = "received", key: str = "key", secret: str = "secret",
        weight_limit: int = 6000, order_limit: int = 100,
    ) -> None:  # fmt: skip
        self._clock, self.skew_ms, self.is_down = clock, 0, False
        listed = {one.symbol: one for one in listings or [Listing("BTCUSDT", "BTC", "USDT")]}
        sockets, self._faults = self.SOCKETS(), defaultdict[str, list[Fault]](list)
        given = {"USDT": 10_000, "BTC": 1} if balances is None else balances
        amounts = {asset: Decimal(amount) for asset, amount in given.items()}
        told = lambda event: sockets.say(Sockets.ACCOUNT, event)  # noqa: E731
        super().__init__(listed, self.MATCHING(listed, amounts, Decimal(fee), fee_in, self.now, told), sockets)
        self._guard = Guard(key, secret, weight_limit, order_limit, self.now, self.WEIGHTS)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._late: list[Late] = []
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.captured: Mapping[str, deque[tuple[str, str]]] = {}

    # Life

    async def __aenter__(self) -> Self:
        app = web.Application()
        self._add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    def _add_routes(self, app: web.Application) -> None:
        app.router.add_get("/stream", self._streams)
        app.router.add_get("/ws{rest:(/.*)?}", self._raw_streams)
        app.router.add_get("/ws-api/v3", self._api)
        app.router.add_route("*", "/api/v3/{rest:.*}", self._rest)

    async def __aexit__(self, *_: object) -> None:
        for late in self._late:
            late.release()
        await self.sockets.close(1001)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        where = f"127.0.0.1:{self._port}"
        return Endpoints(f"http://{where}", f"ws://{where}", f"ws://{where}/ws-api/v3")

    def now(self) -> int:
        """Its time, in ms."""
        return self._clock.now() // MS_NS + self.skew_ms

    # What goes wrong

    def answer_next(self, route: str, *faults: Fault) -> None:
        """Answer the next requests of a route with faults, one each."""
        if route not in self.WEIGHTS:
            raise ConfigError(f"there is no route {route!r}", f"routes: {', '.join(self.WEIGHTS)}")
        self._faults[route] += faults

    def spoil_next(self, *how: Spoiling, stream: str = "") -> None:
        """Spoil the next messages over sockets, one each: of all streams, or of one."""
        self.sockets.spoilers[stream].next += how

    def mute(self, *, is_mute: bool = True) -> None:
        """Let sockets stay open and say nothing, not even pings."""
        self.sockets.is_mute = is_mute

    async def close_sockets(self, code: int = 1011, stream: str | None = None) -> None:
        """Close sockets with a code: all, or those that listen to a stream (``Sockets.ACCOUNT``)."""
        await self.sockets.close(code, stream)

    # Sockets

    async def _streams(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503)
        names = set(request.query.get("streams", "").split("/")) - {""}
        return await self.sockets.accept(request, names, lambda socket, asked: {"result": None, "id": asked.get("id")})

    async def _raw_streams(self, request: web.Request) -> web.StreamResponse:
        """Streams that are asked for over the socket, whose messages come as they are."""
        if self.is_down:
            return web.Response(status=503)
        return await self.sockets.accept(request, set(), self._subscribe, is_raw=True)

    def _subscribe(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> dict[str, Any]:
        names = set(asked.get("params", []))
        if asked.get("method") == "SUBSCRIBE":
            self.sockets.open[socket] |= names
        elif asked.get("method") == "UNSUBSCRIBE":
            self.sockets.open[socket] -= names
        return {"result": None, "id": asked.get("id")}

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503)
        return await self.sockets.accept(request, set(), self._answer_socket)

    def _answer_socket(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> dict[str, Any]:
        params = {name: str(value) for name, value in asked.get("params", {}).items()}
        answer: dict[str, Any] = {"id": asked.get("id"), "status": 200, "rateLimits": []}
        try:
            if asked.get("method") != "userDataStream.subscribe.signature":
                raise Refused(-1020, "This operation is not supported.")
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
            self._guard.check(params.get("apiKey"), payload, params)
        except Refused as refused:
            return answer | {"status": refused.status, "error": {"code": refused.code, "msg": refused.message}}
        self.sockets.open[socket].add(Sockets.ACCOUNT)
        return answer | {"result": {"subscriptionId": 0}}

    # Requests

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        payload = request.rel_url.raw_query_string + await request.text()
        params = dict(parse_qsl(payload, keep_blank_values=True))
        route = f"{request.method} {request.path}"
        self.requests.append((route, params))
        fault = self._faults[route].pop(0) if self._faults[route] else None
        headers: dict[str, str] = {}
        response = web.Response(status=200)
        if fault is None or isinstance(fault, Late) or fault.processed:
            response = self._process(route, request.headers.get("X-MBX-APIKEY"), payload, params)
        if isinstance(fault, Late):
            self._late.append(fault)
            await self.sockets.flush()
            await fault.wait()
        if isinstance(fault, Lost) and request.transport is not None:
            request.transport.abort()
        if isinstance(fault, Status):
            if fault.retry_after is not None:
                headers["Retry-After"] = str(fault.retry_after)
            code = fault.code or (-1003 if fault.status in (418, 429) else -1000)
            body = {"code": code, "msg": fault.message}
            response = web.json_response(body, status=fault.status, headers=headers)
        await self.sockets.flush()
        return response

    def _process(self, route: str, key: str | None, payload: str, params: Params) -> web.Response:
        if (source := f"{route}{'?' if payload else ''}{payload}") in self.captured:
            return _again(self.captured[source])
        if route not in self.WEIGHTS:
            return web.json_response({"code": -1020, "msg": "This operation is not supported."}, status=404)
        limited = self._guard.count(route)
        headers = self._guard.headers
        if limited is not None:
            body = {"code": -1003, "msg": "Too many requests."}
            return web.json_response(body, status=429, headers={**headers, "Retry-After": str(limited)})
        try:
            self._admit(route, key, payload, params)
            answer = self._answer(route, params)
        except Refused as refused:
            body = {"code": refused.code, "msg": refused.message}
            return web.json_response(body, status=refused.status, headers=headers)
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json", headers=headers)

    def _admit(self, route: str, key: str | None, payload: str, params: Params) -> None:
        if route.split("/")[3] not in self.PUBLIC:
            self._guard.check(key, payload.rpartition("&signature=")[0], params)

    def _answer(self, route: str, params: Params) -> Any:
        return self._info(params) if route == self.INFO else self.ROUTES[route](self.account, params)

    def _info(self, params: Params) -> dict[str, Any]:
        wanted = msgspec.json.decode(params["symbols"]) if "symbols" in params else list(self.listings)
        if unknown := [name for name in wanted if name not in self.listings]:
            raise Refused(-1121, f"Invalid symbol. {unknown}")
        return wire.exchange_info([self.listings[name] for name in wanted], self.now(), *self._guard.limits)


def _again(answers: deque[tuple[str, str]]) -> web.Response:
    """The next answer of a capture."""
    kind, raw = answers.popleft() if answers else ("failed", "{}")
    if kind == "answer":
        return web.Response(body=raw.encode(), content_type="application/json")
    told = msgspec.json.decode(raw)
    body = {"code": told.get("code", -1000), "msg": told.get("text", "the capture has no more answers")}
    status = told.get("status", 503)
    waits = {"Retry-After": "1"} if status in (418, 429) else {}  # how long it was, a capture does not say
    return web.json_response(body, status=status, headers=waits)
