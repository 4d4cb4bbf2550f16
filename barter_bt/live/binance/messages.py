"""What Binance's exchanges say, as far as it is read; what is not named here is passed over.

Each layout is that of https://github.com/binance/binance-spot-api-docs as of 21 July 2026 (commit a5e0bc3):
`web-socket-streams.md` (:class:`Trade` to :class:`Kline`), `user-data-stream.md` (:class:`ExecutionReport`,
:class:`AccountPosition`), `web-socket-api.md` (:class:`ApiAnswer`), `rest-api.md` and `filters.md` (the others).
Numbers that Binance writes as text are :class:`~decimal.Decimal`; times are in ms.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


class Message(msgspec.Struct, frozen=True):
    """Something that the exchange says."""


class Trade(Message, frozen=True):
    """``trade``: t id, p price, q quantity, T time, m whether the buyer was the maker."""

    E: int
    s: str
    t: int
    p: Decimal
    q: Decimal
    T: int
    m: bool


class AggTrade(Message, frozen=True):
    """``aggTrade`` of futures, and a row of ``GET /fapi/v1/aggTrades``: trades of one taker at one price."""

    id: int = msgspec.field(name="a")
    price: Decimal = msgspec.field(name="p")
    qty: Decimal = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    isBuyerMaker: bool = msgspec.field(name="m")


class MarkPriceUpdate(Message, frozen=True):
    """``markPriceUpdate``: p mark price, i index price, r rate of funding, T when it is next paid."""

    E: int
    s: str
    p: Decimal
    i: Decimal
    r: Decimal
    T: int


class ForcedOrder(Message, frozen=True):
    """``o`` of ``forceOrder``: S side, q quantity, p price, T time."""

    s: str
    S: str
    q: Decimal
    p: Decimal
    T: int


class ForceOrder(Message, frozen=True):
    """``forceOrder``: a position that the exchange closes; the last of each second, so some are never told."""

    E: int
    o: ForcedOrder


class BookTicker(Message, frozen=True):
    """``bookTicker``: u number of the book, b and a best prices, B and A what is there. T is when, of futures alone."""

    u: int
    s: str
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal
    T: int | None = None


Levels = tuple[tuple[Decimal, Decimal], ...]


class DepthUpdate(Message, frozen=True):
    """``depthUpdate``: U and u first and last number, b and a levels that changed, 0 where one is gone.

    Futures alone say pu, the last number of the update before.
    """

    E: int
    s: str
    U: int
    u: int
    b: Levels
    a: Levels
    pu: int | None = None


class Depth(Message, frozen=True):
    """``GET /api/v3/depth``."""

    lastUpdateId: int
    bids: Levels
    asks: Levels


class Candle(Message, frozen=True):
    """``k`` of ``kline``: t start, T last ms, x whether it is closed."""

    t: int
    T: int
    i: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - the exchange's name of the low
    c: Decimal
    v: Decimal
    n: int
    x: bool


class Kline(Message, frozen=True):
    """``kline``."""

    E: int
    s: str
    k: Candle


class StreamMessage(Message, frozen=True):
    """What comes over ``/stream?streams=...``: the name of the stream, and what it says."""

    stream: str
    data: msgspec.Raw


class ExecutionReport(Message, frozen=True):
    """``executionReport``: what became of an order, or one of its trades; letters as in the documentation."""

    E: int
    s: str
    c: str
    S: str
    o: str
    f: str
    q: Decimal
    p: Decimal
    C: str
    x: str
    X: str
    r: str
    i: int
    l: Decimal  # noqa: E741 - the exchange's name of the last quantity
    z: Decimal
    L: Decimal
    n: Decimal
    N: str | None
    T: int
    t: int
    O: int  # noqa: E741 - the exchange's name of the time of creation

    @property
    def client_id(self) -> str:
        """The order's own; ``c`` is the cancel's where there is one."""
        return self.C or self.c


class HeldAsset(Message, frozen=True):
    """A row of ``outboundAccountPosition``."""

    a: str
    f: Decimal
    l: Decimal  # noqa: E741 - the exchange's name of what is locked


class AccountPosition(Message, frozen=True):
    """``outboundAccountPosition``."""

    u: int
    B: tuple[HeldAsset, ...]


class Kind(Message, frozen=True):
    """What an event of the account is."""

    e: str


class ApiError(Message, frozen=True):
    """An error: its number, and what it says."""

    code: int
    msg: str


class ApiAnswer(Message, frozen=True):
    """What comes over the WebSocket API: an answer to a request, or an event of the account."""

    id: str | int | None = None
    status: int = 0
    error: ApiError | None = None
    event: msgspec.Raw = msgspec.Raw()


class QueriedOrder(Message, frozen=True):
    """``GET /api/v3/order`` and ``GET /api/v3/openOrders``."""

    symbol: str
    orderId: int
    clientOrderId: str
    price: Decimal
    origQty: Decimal
    executedQty: Decimal
    status: str
    timeInForce: str
    type: str
    side: str
    time: int
    updateTime: int


class OwnTrade(Message, frozen=True):
    """A row of ``GET /api/v3/myTrades``."""

    symbol: str
    id: int
    orderId: int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commissionAsset: str
    time: int
    isBuyer: bool


class OldTrade(Message, frozen=True):
    """A row of ``GET /api/v3/historicalTrades``."""

    id: int
    price: Decimal
    qty: Decimal
    time: int
    isBuyerMaker: bool


class AccountBalance(Message, frozen=True):
    """A row of ``GET /api/v3/account``."""

    asset: str
    free: Decimal
    locked: Decimal


class AccountState(Message, frozen=True):
    """``GET /api/v3/account``."""

    updateTime: int
    balances: tuple[AccountBalance, ...]


class ServerTime(Message, frozen=True):
    """``GET /api/v3/time``."""

    serverTime: int


class RateLimit(Message, frozen=True):
    """A limit of ``GET /api/v3/exchangeInfo``."""

    rateLimitType: str
    interval: str
    intervalNum: int
    limit: int


class SymbolInfo(Message, frozen=True):
    """A symbol of ``GET /api/v3/exchangeInfo``."""

    symbol: str
    status: str
    baseAsset: str
    quoteAsset: str
    filters: tuple[dict[str, Any], ...]
    marginAsset: str = ""
    contractType: str = ""
    deliveryDate: int = 0


class ExchangeInfo(Message, frozen=True):
    """``GET /api/v3/exchangeInfo``."""

    rateLimits: tuple[RateLimit, ...]
    symbols: tuple[SymbolInfo, ...]
