"""Who may ask, and how often: keys, signatures, times, limits."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from barter_bt.testing.exchange.matching import Refused

Params = Mapping[str, str]

WEIGHTS = {
    "GET /api/v3/time": 1, "GET /api/v3/exchangeInfo": 20, "GET /api/v3/depth": 50, "GET /api/v3/klines": 2,
    "GET /api/v3/historicalTrades": 25, "GET /api/v3/account": 20, "GET /api/v3/openOrders": 6,
    "GET /api/v3/order": 4, "GET /api/v3/myTrades": 20, "POST /api/v3/order": 1, "POST /api/v3/order/test": 1,
    "DELETE /api/v3/order": 1, "PUT /api/v3/order/amend/keepPriority": 4,
}  # fmt: skip
PUBLIC = frozenset({"time", "exchangeInfo", "depth", "klines", "historicalTrades"})


class Guard:
    """Checks requests.

    Parameters
    ----------
    key, secret
        Of the account.
    weight_limit, order_limit
        Weight of requests in a minute, orders in ten seconds.
    now
        The exchange's time in ms.
    weights
        Of each route.
    """

    def __init__(
        self, key: str, secret: str, weight_limit: int, order_limit: int, now: Callable[[], int],
        weights: Mapping[str, int],
    ) -> None:  # fmt: skip
        self._key, self._secret, self.limits, self._now = key, secret, (weight_limit, order_limit), now
        self._weights = weights
        self._minute = self._ten_seconds = self._weight = self._orders = 0

    @property
    def headers(self) -> dict[str, str]:
        """What has been counted, as answers bear it."""
        return {"X-MBX-USED-WEIGHT-1M": str(self._weight), "X-MBX-ORDER-COUNT-10S": str(self._orders)}

    def count(self, route: str) -> int | None:
        """Count a request; the seconds to wait if there are too many."""
        second = self._now() // 1000
        if second // 60 != self._minute:
            self._minute, self._weight = second // 60, 0
        if second // 10 != self._ten_seconds:
            self._ten_seconds, self._orders = second // 10, 0
        self._weight += self._weights[route]
        self._orders += route.startswith("POST") and route.endswith("/order")
        if self._weight > self.limits[0]:
            return 60 - second % 60
        return 10 - second % 10 if self._orders > self.limits[1] else None

    def check_key(self, key: str | None) -> None:
        """The key alone.

        Raises
        ------
        Refused
            It is wrong.
        """
        if key != self._key:
            raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)

    def check(self, key: str | None, payload: str, params: Params) -> None:
        """Key, time and signature.

        Raises
        ------
        Refused
            One of them is wrong.
        """
        self.check_key(key)
        expected = hmac.new(self._secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, params.get("signature", "").lower()):
            raise Refused(-1022, "Signature for this request is not valid.")
        sent, window = int(params.get("timestamp", 0)), float(params.get("recvWindow", 5000))
        if sent >= self._now() + 1000:
            raise Refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if self._now() - sent > window:
            raise Refused(-1021, "Timestamp for this request is outside of the recvWindow.")
