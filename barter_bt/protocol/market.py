"""What an exchange says about the market.

Barter keeps public trades, candles and liquidations in binary floating point (JSON numbers) and order books in decimals
(JSON text); so does this.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from barter_bt.protocol.book import OrderBookEvent
from barter_bt.protocol.keys import ExchangeId, InstrumentKey, Side
from barter_bt.protocol.levels import Level
from barter_bt.protocol.shape import Struct, Tag
from barter_bt.protocol.time import Time


class PublicTrade(Struct, frozen=True):
    """A trade between others.

    Parameters
    ----------
    id, price, amount
        The trade.
    side
        Which way the taker went.

    Examples
    --------
    >>> PublicTrade("1", 96962.51, 0.00006, Side.BUY).price
    96962.51
    """

    id: str
    price: float
    amount: float
    side: Side


class OrderBookL1(Struct, frozen=True):
    """The best prices.

    Parameters
    ----------
    last_update_time
        Nanoseconds since 1970.
    best_bid, best_ask
        The levels, where there are any.

    Examples
    --------
    >>> from decimal import Decimal
    >>> OrderBookL1(0, best_bid=Level(Decimal(1), Decimal(2))).best_ask is None
    True
    """

    last_update_time: Time
    best_bid: Level | None = None
    best_ask: Level | None = None


class Candle(Struct, frozen=True):
    """Prices of an interval.

    Parameters
    ----------
    close_time
        Its end, nanoseconds since 1970.
    open, high, low, close, volume, trade_count
        What happened in it.
    open_time
        Its begin, which Barter's candle does not say; None is left out of documents.

    Examples
    --------
    >>> Candle(0, 1.0, 2.5, 0.5, 2.0, 100.0, 3).high
    2.5
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("open_time",)

    close_time: Time
    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int
    open_time: Time | None = None


class Liquidation(Struct, frozen=True):
    """A forced trade.

    Parameters
    ----------
    side, price, quantity
        The trade.
    time
        Nanoseconds since 1970.

    Examples
    --------
    >>> Liquidation(Side.SELL, 1.0, 2.0, 0).quantity
    2.0
    """

    side: Side
    price: float
    quantity: float
    time: Time


DataKind: TypeAlias = (
    Annotated[PublicTrade, Tag("Trade")]
    | OrderBookL1
    | Annotated[OrderBookEvent, Tag("OrderBook")]
    | Candle
    | Liquidation
)
"""What a market event says."""


class OwnValue(Struct, frozen=True):
    """A value of a column of the user's own, which arrives with a market event.

    Parameters
    ----------
    name, value
        The column's name, and what it says now.

    Examples
    --------
    >>> OwnValue("mood", 0.5).value
    0.5
    """

    name: str
    value: float


class MarketEvent(Struct, frozen=True):
    """An event of a market.

    Parameters
    ----------
    time_exchange, time_received
        Nanoseconds since 1970, at the exchange's clock and at one's own.
    exchange, instrument, kind
        Where, of what, and what it says.
    own
        Values of columns of the user's own that it brings; none are left out of documents.

    Examples
    --------
    >>> trade = PublicTrade("1", 96962.51, 0.00006, Side.BUY)
    >>> MarketEvent(0, 0, "binance_spot", 0, trade).kind.price
    96962.51
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("own",)

    time_exchange: Time
    time_received: Time
    exchange: ExchangeId
    instrument: InstrumentKey
    kind: DataKind
    own: tuple[OwnValue, ...] = ()
