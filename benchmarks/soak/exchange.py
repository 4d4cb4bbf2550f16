"""A loopback exchange that is cheap enough to say thousands of trades a second for hours."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from barter_bt.live import WallClock
from barter_bt.testing.exchange import LoopbackExchange, Status
from barter_bt.testing.exchange.listing import Listing
from barter_bt.testing.exchange.server import MS_NS
from benchmarks.soak.terms import WEIGHT_A_MINUTE

SYMBOL, STREAM = "BTCUSDT", "btcusdt@trade"
BID, ASK, SIZE = "99.90", "100.10", "1000000000"
BUYS_AT, SELLS_AT = 9980, 10020
_INSIDE, _LOWEST, _SIZE_TEXT = 19, 9991, "0.00100000"
ON_ITS_WAY_NS = 1_000_000_000  # what was sent before the client heard of a ban
ORDER = "POST /api/v3/order"


def cents_of(number: int) -> int:
    """The price of a trade that reaches no order, by its number: so who hears it can tell that it is whole."""
    return _LOWEST + number % _INSIDE


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}000000"


class SoakExchange(LoopbackExchange):
    """Says trades from a template, and keeps so many of the last in two arrays.

    Parameters
    ----------
    keep
        How many old trades can be asked for.

    Attributes
    ----------
    count
        How many trades there were.
    received
        When the first request for each order arrived, ns, by client id.
    while_banned
        How many signed requests came although the account was told to wait.
    """

    def __init__(self, keep: int) -> None:
        balances = {"USDT": 10**9, "BTC": 10**6}
        super().__init__(
            WallClock(), [Listing(SYMBOL, "BTC", "USDT")], balances, order_limit=1000, weight_limit=WEIGHT_A_MINUTE
        )
        self.keep, self.count, self.asked_for = keep, 0, 0
        self._times, self._cents = array("q", [0]) * keep, array("i", [0]) * keep
        self.received: dict[str, int] = {}
        self._banned, self.while_banned = (0, 0), 0

    def tick(self, count: int) -> None:
        """Say trades between the best prices, which reach nobody's orders."""
        for number in range(self.count + 1, self.count + count + 1):
            self._trade(number, cents_of(number))

    def reach(self, cents: int) -> None:
        """Let a trade come that fills what rests at its price."""
        self._trade(self.count + 1, cents)
        side = "SELL" if cents == BUYS_AT else "BUY"
        self.account.trade_through(self.listings[SYMBOL], Decimal(cents) / 100, Decimal(10**6), side)

    def _trade(self, number: int, cents: int) -> None:
        now = self.account.now()
        self._times[number % self.keep], self._cents[number % self.keep], self.count = now, cents, number
        text = (
            f'{{"e":"trade","E":{now},"s":"{SYMBOL}","t":{number},"p":"{_text(cents)}","q":"{_SIZE_TEXT}",'
            f'"T":{now},"m":true,"M":true}}'
        )
        self.sockets.say_text(STREAM, text)

    def old(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Trades from a number on, or the last, of those that are kept."""
        limit = int(params.get("limit", 500))
        first = max(int(params.get("fromId", self.count - limit + 1)), self.count - self.keep + 1, 1)
        numbers = range(first, min(first + limit, self.count + 1))
        self.asked_for += len(numbers)
        return [
            {"id": n, "price": _text(self._cents[n % self.keep]), "qty": _SIZE_TEXT,
             "time": self._times[n % self.keep], "isBuyerMaker": True}
            for n in numbers
        ]  # fmt: skip

    def _answer(self, route: str, params: Mapping[str, str]) -> Any:
        return self.old(params) if route == "GET /api/v3/historicalTrades" else super()._answer(route, params)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        now = time.time_ns()
        params = dict(parse_qsl(request.rel_url.raw_query_string + await request.text()))
        route, is_signed = f"{request.method} {request.path}", "signature" in params
        if route == ORDER:
            self.received.setdefault(params["newClientOrderId"], now)
        self.while_banned += is_signed and self._banned[0] < now < self._banned[1]
        fault = self._faults[route][0] if self._faults[route] else None
        if is_signed and isinstance(fault, Status) and fault.retry_after:
            self._banned = now + ON_ITS_WAY_NS, now + fault.retry_after * 1000 * MS_NS
        return await super()._rest(request)
