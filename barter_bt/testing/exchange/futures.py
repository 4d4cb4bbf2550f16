"""A loopback exchange that speaks the dialects of Binance's USD-M futures, with the faults of the spot one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from barter_bt.live.binance.endpoints import Endpoints
from barter_bt.testing.exchange import futures_wire, routes
from barter_bt.testing.exchange.futures_matching import FuturesMatching
from barter_bt.testing.exchange.guard import Params
from barter_bt.testing.exchange.listing import text
from barter_bt.testing.exchange.matching import Matching, Refused
from barter_bt.testing.exchange.server import LoopbackExchange
from barter_bt.testing.exchange.sockets import Sockets

_KEY_LIVES_MS = 60 * 60 * 1000


def _agg_trades(x: Matching, params: Params) -> Any:
    return [agg_trade(row) for row in routes.old_trades(x, params)]


def agg_trade(row: Mapping[str, Any]) -> dict[str, Any]:
    """A trade as one of a taker at a price: here each is one."""
    return {"a": row["id"], "p": row["price"], "q": row["qty"], "nq": row["qty"], "f": row["id"], "l": row["id"],
            "T": row["time"], "m": row["isBuyerMaker"]}  # fmt: skip


def _place(x: FuturesMatching, params: Params, *, only_test: bool = False) -> Any:
    place = x.place_reducing if params.get("reduceOnly") == "true" else x.place
    order = routes.place(place, x, params, only_test=only_test)
    return {} if order is None else futures_wire.order_answer(order)


def _modify(x: FuturesMatching, params: Params) -> Any:
    order = x.modify(routes.order_of(x, params), Decimal(params["price"]), Decimal(params["quantity"]))
    return futures_wire.order_answer(order)


def _move_margin(x: FuturesMatching, params: Params) -> Any:
    amount, adds = Decimal(params["amount"]), params["type"] == "1"
    x.move_margin(params["symbol"], amount if adds else -amount)
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": 2 - adds}


def _query(x: FuturesMatching, params: Params) -> Any:
    order = routes.order_of(x, params)
    if order is None:
        raise Refused(-2013, "Order does not exist.")
    return futures_wire.order_answer(order)


def _standing(x: FuturesMatching, params: Params) -> Any:
    return [futures_wire.order_answer(order) for order in routes.standing(x, params)]


def _user_trades(x: FuturesMatching, params: Params) -> Any:
    return routes.own_trades(x, params, futures_wire.user_trade)


def _depth(x: FuturesMatching, params: Params) -> Any:
    return routes.depth(x, params) | {"E": x.now(), "T": x.now()}


FUTURES_ROUTES: dict[str, Callable[[Any, Params], Any]] = {
    "GET /fapi/v1/time": lambda x, _: {"serverTime": x.now()},
    "GET /fapi/v1/depth": _depth,
    "GET /fapi/v1/klines": routes.klines,
    "GET /fapi/v1/aggTrades": _agg_trades,
    "GET /fapi/v3/account": lambda x, _: futures_wire.account_answer(x.MARGIN, x.wallet, x.available, x.updated),
    "GET /fapi/v3/positionRisk": lambda x, _: futures_wire.position_risk(
        [x.position(symbol) for symbol, amount in x.held.items() if amount], x.MARGIN
    ),
    "GET /fapi/v1/positionSide/dual": lambda x, _: {"dualSidePosition": x.is_hedged},
    "GET /fapi/v1/symbolConfig": lambda x, _: [
        {"symbol": symbol, "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": x.leverage,
         "maxNotionalValue": "1000000"} for symbol in x.listings
    ],
    "GET /fapi/v1/leverageBracket": lambda x, _: [futures_wire.brackets(symbol, x.leverage) for symbol in x.listings],
    "GET /fapi/v1/income": lambda x, params: [
        row for row in x.income if row["time"] >= int(params.get("startTime", 0))
    ][: int(params.get("limit", 100))],
    "GET /fapi/v1/openOrders": _standing,
    "GET /fapi/v1/order": _query,
    "GET /fapi/v1/userTrades": _user_trades,
    "POST /fapi/v1/order": _place,
    "POST /fapi/v1/order/test": lambda x, params: _place(x, params, only_test=True),
    "DELETE /fapi/v1/order": lambda x, params: futures_wire.order_answer(x.cancel(routes.order_of(x, params))),
    "PUT /fapi/v1/order": _modify,
    "POST /fapi/v1/positionMargin": _move_margin,
}  # fmt: skip
_KEYED = {"POST /fapi/v1/listenKey", "PUT /fapi/v1/listenKey"}


class LoopbackFutures(LoopbackExchange):
    """A futures exchange on a port of 127.0.0.1; what it takes and has is that of :class:`LoopbackExchange`.

    ``account`` has ``held``, ``entry``, ``wallet``, ``leverage``, ``is_hedged`` and ``income`` besides.

    Examples
    --------
    >>> import asyncio
    >>> from barter_bt.live import Manual, binance
    >>> async def ask() -> str:
    ...     clock = Manual(1_700_000_000_000_000_000)
    ...     async with LoopbackFutures(clock) as exchange:
    ...         (btc,) = await binance.instruments(["BTCUSDT"], exchange.endpoints, clock)
    ...         return f"{btc.name} {btc.kind} {btc.settlement} {btc.notional_min}"
    >>> asyncio.run(ask())
    'btc_usdt perpetual usdt 5'
    """

    MATCHING = FuturesMatching
    ROUTES = FUTURES_ROUTES
    WEIGHTS = dict.fromkeys((*FUTURES_ROUTES, *_KEYED, "GET /fapi/v1/exchangeInfo"), 1)
    PUBLIC = frozenset({"time", "exchangeInfo", "depth", "klines", "aggTrades"})
    INFO = "GET /fapi/v1/exchangeInfo"
    account: FuturesMatching

    _number, _extended_ms = 0, 0

    def _add_routes(self, app: web.Application) -> None:
        for group in ("public", "market"):
            app.router.add_get(f"/{group}/stream", self._streams)
            app.router.add_get(f"/{group}/ws{{rest:(/.*)?}}", self._raw_streams)
        for path in ("/private/ws/{key}", "/private/ws"):
            app.router.add_get(path, self._private)
        app.router.add_route("*", "/fapi/{rest:.*}", self._rest)

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        where = f"127.0.0.1:{self._port}"
        return Endpoints(f"http://{where}", f"ws://{where}", f"ws://{where}/private/ws", "binance_futures_usd")

    # The account's stream

    @property
    def _key(self) -> str | None:
        is_alive = self._number and self.now() < self._extended_ms + _KEY_LIVES_MS
        return f"listen-key-{self._number}" if is_alive else None

    async def _private(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info.get("key", request.query.get("listenKey"))
        if self.is_down or key is None or key != self._key:
            return web.Response(status=503 if self.is_down else 400)
        return await self.sockets.accept(request, {Sockets.ACCOUNT}, self._subscribe, is_raw=True)

    def _admit(self, route: str, key: str | None, payload: str, params: Params) -> None:
        if route in _KEYED:
            self._guard.check_key(key)
        else:
            super()._admit(route, key, payload, params)

    def _answer(self, route: str, params: Params) -> Any:
        if route not in _KEYED:
            return super()._answer(route, params)
        if route.startswith("PUT") and self._key is None:
            raise Refused(-1125, "This listenKey does not exist.")
        self._number += self._key is None
        self._extended_ms = self.now()
        return {"listenKey": self._key}

    def _info(self, params: Params) -> dict[str, Any]:
        return futures_wire.exchange_info(list(self.listings.values()), self.now(), *self._guard.limits)

    # What the script lets happen

    def expire_listen_key(self) -> None:
        """Let the listen key expire, and say so."""
        key, self._extended_ms = self._key, -_KEY_LIVES_MS
        self.sockets.say(Sockets.ACCOUNT, {"e": "listenKeyExpired", "E": self.now(), "listenKey": key})

    def fund(self, amount: str, symbol: str = "BTCUSDT") -> None:
        """Let funding come, or go if it is below 0."""
        paid, x = Decimal(amount), self.account
        x.balances[x.MARGIN].free += paid
        x.updated = self.now()
        x.income.append({"symbol": symbol, "incomeType": "FUNDING_FEE", "income": text(paid), "asset": x.MARGIN,
                         "info": "FUNDING_FEE", "time": self.now(), "tranId": len(x.income) + 1,
                         "tradeId": ""})  # fmt: skip
        x.tell_changes("FUNDING_FEE", [], paid)

    def trade_by_hand(self, quantity: str, price: str, symbol: str = "BTCUSDT") -> None:
        """Let the position change by an order of which nothing is told here."""
        x = self.account
        x.balances[x.MARGIN].free += x.move(symbol, Decimal(quantity), Decimal(price))
        x.updated = self.now()
        x.tell_changes("ORDER", [symbol])

    def liquidate(self, price: str, symbol: str = "BTCUSDT") -> None:
        """Let the exchange close the position, and say so in the market."""
        x, held = self.account, self.account.held[symbol]
        side, amount = "SELL" if held > 0 else "BUY", abs(held)
        x.force(symbol, side, amount, Decimal(price))
        self.force_order(side, str(amount), price, symbol)

    def force_order(self, side: str, quantity: str, price: str, symbol: str = "BTCUSDT") -> None:
        """Say that somebody was liquidated."""
        o = {"s": symbol, "S": side, "o": "LIMIT", "f": "IOC", "q": quantity, "p": price, "ap": price, "X": "FILLED",
             "l": quantity, "z": quantity, "T": self.now()}  # fmt: skip
        self.sockets.say(f"{symbol.lower()}@forceOrder", {"e": "forceOrder", "E": self.now(), "o": o})

    def mark(self, price: str, rate: str = "0.0001", symbol: str = "BTCUSDT") -> None:
        """Say a mark price, and the rate of funding."""
        due = -(-self.now() // 28_800_000) * 28_800_000
        told = {"e": "markPriceUpdate", "E": self.now(), "s": symbol, "p": price, "i": price, "P": price, "r": rate,
                "T": due}  # fmt: skip
        self.sockets.say(f"{symbol.lower()}@markPrice@1s", told)

    def set_leverage(self, leverage: int, symbol: str = "BTCUSDT") -> None:
        """Let somebody change the leverage."""
        self.account.leverage = leverage
        told = {"e": "ACCOUNT_CONFIG_UPDATE", "E": self.now(), "T": self.now(), "ac": {"s": symbol, "l": leverage}}
        self.account.tell(told)

    def _say_trade(self, symbol: str, row: dict[str, Any]) -> None:
        told = {"e": "aggTrade", "E": self.now(), "s": symbol, **agg_trade(row)}
        self.sockets.say(f"{symbol.lower()}@aggTrade", told)
        super()._say_trade(symbol, row)

    def _more_of_ticker(self) -> dict[str, Any]:
        return {"e": "bookTicker", "E": self.now(), "T": self.now()}

    def _more_of_update(self, last: int) -> dict[str, Any]:
        return {"T": self.now(), "pu": last}
