"""What an exchange says about the account: balances, orders, trades."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from barter_bt.protocol.amend import OrderResponseAmend
from barter_bt.protocol.keys import AssetKey, ExchangeKey, FeeAsset, InstrumentKey, Side
from barter_bt.protocol.order import Order, OrderKey
from barter_bt.protocol.refusal import OrderError
from barter_bt.protocol.shape import Struct, Tag
from barter_bt.protocol.state import Cancelled
from barter_bt.protocol.time import Time


class Balance(Struct, frozen=True):
    """An amount of an asset.

    Parameters
    ----------
    total, free
        All of it, and what no order holds.

    Examples
    --------
    >>> Balance(total=Decimal(10), free=Decimal(7)).free
    Decimal('7')
    """

    total: Decimal
    free: Decimal


class AssetBalance(Struct, frozen=True):
    """The balance of an asset at a time.

    Parameters
    ----------
    asset, balance
        Of what, how much.
    time_exchange
        Nanoseconds since 1970 at the exchange's clock.

    Examples
    --------
    >>> AssetBalance("usdt", Balance(Decimal(1), Decimal(1)), 0).asset
    'usdt'
    """

    asset: AssetKey
    balance: Balance
    time_exchange: Time


class InstrumentAccountSnapshot(Struct, frozen=True):
    """The orders of an instrument.

    Parameters
    ----------
    instrument, orders
        Of what, which.

    Examples
    --------
    >>> InstrumentAccountSnapshot("btc_usdt")
    InstrumentAccountSnapshot(instrument='btc_usdt', orders=())
    """

    instrument: InstrumentKey
    orders: tuple[Order, ...] = ()


class AccountSnapshot(Struct, frozen=True):
    """The whole account.

    Parameters
    ----------
    exchange
        Where.
    balances, instruments
        What is there.

    Examples
    --------
    >>> AccountSnapshot("mock", (), ()).exchange
    'mock'
    """

    exchange: ExchangeKey
    balances: tuple[AssetBalance, ...]
    instruments: tuple[InstrumentAccountSnapshot, ...]


class OrderResponseCancel(Struct, frozen=True):
    """The answer to a request to cancel.

    Parameters
    ----------
    key
        The order.
    state
        Its last state, or why it was not cancelled.

    Examples
    --------
    >>> from barter_bt.protocol import OrderKey, RateLimit, to_dict
    >>> to_dict(OrderResponseCancel(OrderKey(0, 0, "s", "1"), RateLimit()))["state"]
    {'Err': {'Rejected': 'RateLimit'}}
    """

    key: OrderKey
    state: Annotated[Cancelled, Tag("Ok")] | Annotated[OrderError, Tag("Err")]


class AssetFees(Struct, frozen=True):
    """Fees of a trade.

    Parameters
    ----------
    asset
        In which asset; None, as in all of Barter's account events, is the instrument's quote asset.
    fees
        How much.

    Examples
    --------
    >>> AssetFees(asset=None, fees=Decimal("0.1")).fees
    Decimal('0.1')
    """

    asset: FeeAsset
    fees: Decimal


class Trade(Struct, frozen=True):
    """A trade of the account.

    Parameters
    ----------
    id, order_id
        The exchange's ids.
    instrument, strategy
        What was traded, for whom.
    time_exchange
        Nanoseconds since 1970 at the exchange's clock.
    side, price, quantity, fees
        The trade.

    Examples
    --------
    >>> fees = AssetFees(None, Decimal(0))
    >>> Trade("1", "77", "btc_usdt", "trend", 0, Side.BUY, Decimal(100), Decimal(2), fees).price
    Decimal('100')
    """

    id: str
    order_id: str
    instrument: InstrumentKey
    strategy: str
    time_exchange: Time
    side: Side
    price: Decimal
    quantity: Decimal
    fees: AssetFees


AccountEventKind: TypeAlias = (
    Annotated[AccountSnapshot, Tag("Snapshot")]
    | Annotated[AssetBalance, Tag("BalanceSnapshot")]
    | Annotated[Order, Tag("OrderSnapshot")]
    | Annotated[OrderResponseCancel, Tag("OrderCancelled")]
    | Annotated[OrderResponseAmend, Tag("OrderAmended")]
    | Annotated[Trade, Tag("Trade")]
)
"""What an account event says."""


class AccountEvent(Struct, frozen=True):
    """An event of the account at an exchange.

    Parameters
    ----------
    exchange, kind
        Where, and what it says.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(AccountEvent(0, AccountSnapshot(0, (), ())))
    '{"exchange":0,"kind":{"Snapshot":{"exchange":0,"balances":[],"instruments":[]}}}'
    """

    exchange: ExchangeKey
    kind: AccountEventKind
