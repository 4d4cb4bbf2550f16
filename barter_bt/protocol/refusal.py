"""Why an order failed: the way to the exchange, or the exchange."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from barter_bt.protocol.keys import AssetKey, ExchangeId, InstrumentKey
from barter_bt.protocol.shape import Tag, Variant


class ExchangeOffline(Variant, frozen=True):
    """The exchange cannot be reached.

    Parameters
    ----------
    exchange
        Its name.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(ExchangeOffline("huobi"))
    '{"ExchangeOffline":"htx"}'
    """

    exchange: ExchangeId


class Timeout(Variant, frozen=True):
    """No answer came in time.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Timeout(), OrderError)
    '{"Connectivity":"Timeout"}'
    """


class Socket(Variant, frozen=True):
    """The connection failed.

    Parameters
    ----------
    message
        What it said.

    Examples
    --------
    >>> Socket("closed").message
    'closed'
    """

    message: str


class AssetInvalid(Variant, frozen=True):
    """The exchange does not know the asset.

    Parameters
    ----------
    asset, message
        Which, and what the exchange said.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(AssetInvalid(0, "gone"), OrderError)
    '{"Rejected":{"AssetInvalid":[0,"gone"]}}'
    """

    asset: AssetKey
    message: str


class InstrumentInvalid(Variant, frozen=True):
    """The exchange does not know the instrument.

    Parameters
    ----------
    instrument, message
        Which, and what the exchange said.

    Examples
    --------
    >>> InstrumentInvalid("btc_usdt", "halted").instrument
    'btc_usdt'
    """

    instrument: InstrumentKey
    message: str


class RateLimit(Variant, frozen=True):
    """Too many requests.

    Examples
    --------
    >>> RateLimit()
    RateLimit()
    """


class BalanceInsufficient(Variant, frozen=True):
    """The account cannot pay.

    Parameters
    ----------
    asset, message
        In which asset, and what the exchange said.

    Examples
    --------
    >>> BalanceInsufficient("usdt", "10 missing").asset
    'usdt'
    """

    asset: AssetKey
    message: str


class OrderRejected(Variant, frozen=True):
    """The exchange refused, for another reason.

    Parameters
    ----------
    message
        What it said.

    Examples
    --------
    >>> OrderRejected("post only").message
    'post only'
    """

    message: str


class OrderAlreadyCancelled(Variant, frozen=True):
    """There is nothing left to cancel: it was cancelled before.

    Examples
    --------
    >>> OrderAlreadyCancelled()
    OrderAlreadyCancelled()
    """


class OrderAlreadyFullyFilled(Variant, frozen=True):
    """There is nothing left to cancel: it is filled.

    Examples
    --------
    >>> OrderAlreadyFullyFilled()
    OrderAlreadyFullyFilled()
    """


ConnectivityError: TypeAlias = ExchangeOffline | Timeout | Socket
"""Failures on the way to the exchange."""
ApiError: TypeAlias = (
    AssetInvalid
    | InstrumentInvalid
    | RateLimit
    | BalanceInsufficient
    | OrderRejected
    | OrderAlreadyCancelled
    | OrderAlreadyFullyFilled
)
"""Answers of the exchange."""
OrderError: TypeAlias = Annotated[ConnectivityError, Tag("Connectivity")] | Annotated[ApiError, Tag("Rejected")]
"""Why an order was not opened or not cancelled."""
