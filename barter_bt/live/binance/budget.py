"""How many requests may still be sent: counted here first, and corrected by what the exchange says it has counted.

Limits are those of ``GET /api/v3/exchangeInfo`` (`rest-api.md`, "LIMITS", as of 21 July 2026): weight by minute and by
address, new orders by account. Windows are taken to begin at multiples of their length, as the exchange's headers do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from barter_bt.live.binance.messages import RateLimit
from barter_bt.live.clock import SECOND_NS

_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
WEIGHT, ORDERS = "REQUEST_WEIGHT", "ORDERS"
_HEADERS = {WEIGHT: "X-MBX-USED-WEIGHT-", ORDERS: "X-MBX-ORDER-COUNT-"}


class Window:
    """One limit.

    Parameters
    ----------
    limit
        As the exchange says it.
    """

    def __init__(self, limit: RateLimit) -> None:
        self.kind, self.most = limit.rateLimitType, limit.limit
        self.length = limit.intervalNum * _SECONDS[limit.interval] * SECOND_NS
        self.header = f"{_HEADERS.get(limit.rateLimitType, '')}{limit.intervalNum}{limit.interval[0]}"
        self._number, self._used = -1, 0

    def free_at(self, cost: int, now: int, share: float) -> int:
        """From when on there is room for so much in that part of it; what is larger has an empty one for itself."""
        self._turn(now)
        room = max(self.most * share, min(cost, self.most))
        return now if self._used + cost <= room else (self._number + 1) * self.length

    def add(self, cost: int, now: int) -> None:
        """Count what is sent."""
        self._turn(now)
        self._used += cost

    def told(self, used: int, now: int) -> None:
        """The exchange has counted more: others share the address."""
        self._turn(now)
        self._used = max(self._used, used)

    def _turn(self, now: int) -> None:
        if now // self.length != self._number:
            self._number, self._used = now // self.length, 0


class Budget:
    """All limits of a network, and bans.

    Parameters
    ----------
    limits
        As the exchange says them.

    Examples
    --------
    >>> budget = Budget([RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 10)])
    >>> budget.add({"REQUEST_WEIGHT": 8}, now=0)
    >>> budget.free_at({"REQUEST_WEIGHT": 2}, now=1), budget.free_at({"REQUEST_WEIGHT": 3}, now=1)
    (1, 60000000000)
    """

    def __init__(self, limits: Sequence[RateLimit] = ()) -> None:
        self.banned_until = 0
        self.set(limits)

    def set(self, limits: Sequence[RateLimit]) -> None:
        """Take the limits that the exchange tells."""
        self._windows = [Window(one) for one in limits if one.rateLimitType in _HEADERS and one.interval in _SECONDS]

    def free_at(self, costs: Mapping[str, int], now: int, share: float = 1) -> int:
        """From when on a request may be sent that may use such a part of each limit; ``now`` if it may be at once."""
        frees = [window.free_at(costs.get(window.kind, 0), now, share) for window in self._windows]
        return max([now, self.banned_until, *frees])

    def add(self, costs: Mapping[str, int], now: int) -> None:
        """Count a request."""
        for window in self._windows:
            window.add(costs.get(window.kind, 0), now)

    def told(self, headers: Mapping[str, str], now: int) -> None:
        """Take what the headers of an answer say."""
        for window in self._windows:
            if (used := headers.get(window.header, "")).isdigit():
                window.told(int(used), now)

    def ban(self, until: int) -> None:
        """Send nothing until then."""
        self.banned_until = max(self.banned_until, until)
