"""Orders, and requests to open and to cancel them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from barter_bt.protocol.conditions import Conditions
from barter_bt.protocol.keys import ExchangeKey, InstrumentKey, Side
from barter_bt.protocol.shape import Struct
from barter_bt.protocol.state import OrderState
from barter_bt.protocol.terms import OrderKind, TimeInForce


class OrderKey(Struct, frozen=True):
    """What tells an order from all others.

    Parameters
    ----------
    exchange, instrument
        Where and what.
    strategy
        Name of the strategy that asked for it.
    cid
        The client's own id.

    Examples
    --------
    >>> OrderKey(exchange=0, instrument="btc_usdt", strategy="trend", cid="1").cid
    '1'
    """

    exchange: ExchangeKey
    instrument: InstrumentKey
    strategy: str
    cid: str


class RequestOpen(Struct, frozen=True):
    """What an order shall be.

    Parameters
    ----------
    side, price, quantity, kind, time_in_force
        Its terms.
    conditions
        Those that Barter's requests do not have; None is left out of documents.

    Examples
    --------
    >>> from barter_bt.protocol import ImmediateOrCancel
    >>> RequestOpen(Side.BUY, Decimal(100), Decimal("0.5"), OrderKind.MARKET, ImmediateOrCancel()).quantity
    Decimal('0.5')
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("conditions",)

    side: Side
    price: Decimal
    quantity: Decimal
    kind: OrderKind
    time_in_force: TimeInForce
    conditions: Conditions | None = None


class RequestCancel(Struct, frozen=True):
    """Which order shall go.

    Parameters
    ----------
    id
        The exchange's id, if it is known yet.

    Examples
    --------
    >>> RequestCancel().id is None
    True
    """

    id: str | None = None


class OrderRequestOpen(Struct, frozen=True):
    """A request to open an order.

    Parameters
    ----------
    key, state
        The order, and what it shall be.

    Examples
    --------
    >>> from barter_bt.protocol import FillOrKill
    >>> terms = RequestOpen(Side.SELL, Decimal(1), Decimal(2), OrderKind.LIMIT, FillOrKill())
    >>> OrderRequestOpen(OrderKey(0, 0, "s", "1"), terms).state.side
    <Side.SELL: 'Sell'>
    """

    key: OrderKey
    state: RequestOpen


class OrderRequestCancel(Struct, frozen=True):
    """A request to cancel an order.

    Parameters
    ----------
    key, state
        The order, by the client's id and by the exchange's.

    Examples
    --------
    >>> OrderRequestCancel(OrderKey(0, 0, "s", "1"), RequestCancel("77")).state.id
    '77'
    """

    key: OrderKey
    state: RequestCancel


class Order(Struct, frozen=True):
    """An order and the state it is in.

    Parameters
    ----------
    key, side, price, quantity, kind, time_in_force
        The order as it was asked for.
    state
        What became of it.
    conditions
        Those that it was asked for with; None is left out of documents.
    reason
        Why it has ended, in a word of the tables (``sibling_filled``), where its exchange says so; likewise.

    Examples
    --------
    >>> from barter_bt.protocol import Expired, FillOrKill
    >>> key = OrderKey(0, 0, "s", "1")
    >>> Order(key, Side.BUY, Decimal(9), Decimal(1), OrderKind.LIMIT, FillOrKill(), Expired()).state
    Expired()
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("conditions", "reason")

    key: OrderKey
    side: Side
    price: Decimal
    quantity: Decimal
    kind: OrderKind
    time_in_force: TimeInForce
    state: OrderState
    conditions: Conditions | None = None
    reason: str | None = None
