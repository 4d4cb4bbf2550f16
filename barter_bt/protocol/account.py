"""What an exchange says about the account: balances, orders, trades."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, TypeAlias

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
    reason
        Why the exchange has closed a position by itself, in a word of the tables (``liquidation``); None of a trade of
        an order, and left out of documents.

    Examples
    --------
    >>> fees = AssetFees(None, Decimal(0))
    >>> Trade("1", "77", "btc_usdt", "trend", 0, Side.BUY, Decimal(100), Decimal(2), fees).price
    Decimal('100')
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("reason",)

    id: str
    order_id: str
    instrument: InstrumentKey
    strategy: str
    time_exchange: Time
    side: Side
    price: Decimal
    quantity: Decimal
    fees: AssetFees
    reason: str | None = None


class CashFlowKind(StrEnum):
    """What money that no order moves is (rules 41 to 48, 62, 63, 79, 81 and 102). Barter has none.

    Examples
    --------
    >>> CashFlowKind("Funding") is CashFlowKind.FUNDING
    True
    """

    FUNDING = "Funding"
    DIVIDEND = "Dividend"
    AMOUNT = "Amount"
    INTEREST = "Interest"
    DEBT_INTEREST = "DebtInterest"
    BORROW_FEE = "BorrowFee"
    DEPOSIT = "Deposit"
    ENTITLEMENT = "Entitlement"
    PAYOUT = "Payout"
    INSURANCE = "Insurance"
    FEE = "Fee"
    DELISTED = "Delisted"
    TRANSFER = "Transfer"
    VARIATION = "VariationMargin"


class CashFlow(Struct, frozen=True):
    """Money that no order has moved.

    Parameters
    ----------
    kind, asset, amount
        What it is, of what, and how much: below 0 it is paid. An entitlement is still to be paid, a transfer moves so
        much margin to a position that stands alone.
    time_exchange
        Nanoseconds since 1970 at the exchange's clock.
    balance
        Of the asset, behind it.
    instrument
        Because of which it is paid, if it is.

    Examples
    --------
    >>> left = Balance(Decimal("99.5"), Decimal("99.5"))
    >>> CashFlow(CashFlowKind.FUNDING, "usdt", Decimal("-0.5"), 0, left, "btc_usdt_perp").amount
    Decimal('-0.5')
    """

    kind: CashFlowKind
    asset: AssetKey
    amount: Decimal
    time_exchange: Time
    balance: Balance
    instrument: InstrumentKey | None = None


AccountEventKind: TypeAlias = (
    Annotated[AccountSnapshot, Tag("Snapshot")]
    | Annotated[AssetBalance, Tag("BalanceSnapshot")]
    | Annotated[Order, Tag("OrderSnapshot")]
    | Annotated[OrderResponseCancel, Tag("OrderCancelled")]
    | Annotated[OrderResponseAmend, Tag("OrderAmended")]
    | Annotated[Trade, Tag("Trade")]
    | Annotated[CashFlow, Tag("CashFlow")]
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
