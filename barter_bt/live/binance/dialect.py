"""What Binance's spot exchange and its USD-M futures exchange call things: paths of requests, streams, their weights.

Sources: for spot https://github.com/binance/binance-spot-api-docs as of 21 July 2026 (commit a5e0bc3); for futures
https://developers.binance.com/docs/derivatives/usds-margined-futures as of September 2026, and the layouts and weights
of https://github.com/binance/binance-connector-python as of 21 August 2026 (commit 29da329,
`clients/derivatives_trading_usds_futures`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")


@dataclass(frozen=True)
class Dialect:
    """One exchange of Binance.

    Parameters
    ----------
    exchange
        Its name here.
    kinds
        Kinds of instruments that it trades.
    root
        Of its paths.
    old_trades, own_trades
        Where trades of others, and own ones, are asked for.
    streams
        Names of streams, by what they are called here.
    groups
        Behind which path each stream is; ``""`` for all that are not named.
    depths
        Weight of a snapshot of a book, by the most levels that it has.
    weights
        Of the other requests that wait.

    Examples
    --------
    >>> FUTURES.path("time"), FUTURES.groups["book"]
    ('/fapi/v1/time', '/public')
    """

    exchange: str
    kinds: tuple[str, ...]
    root: str
    old_trades: str
    own_trades: str
    streams: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)
    depths: tuple[tuple[int, int], ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """Where a request goes."""
        return f"{self.root}/{name}"


SPOT = Dialect(
    "binance_spot", ("spot",), "/api/v3", "historicalTrades", "myTrades",
    {"trades": "trade", "quotes": "bookTicker", "book": "depth@100ms", **{one: f"kline_{one}" for one in INTERVALS}},
    depths=((100, 5), (500, 25), (1000, 50), (5000, 250)),
    weights={"time": 1, "exchangeInfo": 20, "historicalTrades": 25, "klines": 2, "order": 4, "openOrders": 6,
             "myTrades": 20, "account": 20},
)  # fmt: skip
_SLOW = ("trades", "marks", "liquidations", *INTERVALS[1:])
FUTURES = Dialect(
    "binance_futures_usd", ("perpetual", "future"), "/fapi/v1", "aggTrades", "userTrades",
    {"trades": "aggTrade", "quotes": "bookTicker", "book": "depth@100ms", "marks": "markPrice@1s",
     "liquidations": "forceOrder", **{one: f"kline_{one}" for one in INTERVALS[1:]}},
    groups={"quotes": "/public", "book": "/public", **dict.fromkeys(_SLOW, "/market")},
    depths=((50, 2), (100, 5), (500, 10), (1000, 20)),
    weights={"time": 1, "exchangeInfo": 1, "aggTrades": 20, "klines": 5, "order": 1, "openOrders": 1,
             "userTrades": 5, "account": 5, "positions": 5, "mode": 30, "terms": 5, "income": 30, "listenKey": 1},
)  # fmt: skip
DIALECTS = {one.exchange: one for one in (SPOT, FUTURES)}
