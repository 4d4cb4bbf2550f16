"""What ccxt's errors are in Barter's taxonomy, and which of them leave open what became of a request.

Source: ccxt's own tree (`ccxt/base/errors.py`, version 4.5): an ``ExchangeError`` is an answer, an ``OperationFailed``,
of which ``NetworkError`` is one, is none.

==========================  ========================================================================================
Barter's                    ccxt's
==========================  ========================================================================================
``RateLimit``               ``RateLimitExceeded``, ``DDoSProtection``
``ExchangeOffline``         ``OnMaintenance``
``AssetInvalid``            ``BadSymbol``, ``BadRequest`` or ``ExchangeError`` with a text that says so, for ccxt has no
                            class of it
``InstrumentInvalid``       ``BadSymbol``, ``MarketClosed``, ``ContractUnavailable``
``BalanceInsufficient``     ``InsufficientFunds``
``Socket``, ``Timeout``     no answer, and the exchange says later that it never had the order
``OrderAlready...``         ``OrderNotFound``, ``InvalidOrder`` of a cancel, by how the order stands
``OrderRejected``           all else
==========================  ========================================================================================
"""

from __future__ import annotations

import re

from barter_bt.errors import ConnectionFailed
from barter_bt.protocol import (
    AssetInvalid,
    BalanceInsufficient,
    ExchangeOffline,
    InstrumentInvalid,
    OrderError,
    OrderRejected,
    RateLimit,
)


class Refused(ConnectionFailed):
    """The exchange has answered with an error: nothing has changed there.

    Parameters
    ----------
    kind, text
        ccxt's class, and what it says.
    kinds
        That class and those that it derives from, by name.
    """

    def __init__(self, kind: str, text: str, kinds: frozenset[str]) -> None:
        self.kind, self.text, self.kinds = kind, text, kinds
        super().__init__(f"{kind}: {text}")

    @property
    def is_passing(self) -> bool:
        """Whether the same may be taken later."""
        return bool(self.kinds & _PASSING)


_PASSING = frozenset({"RateLimitExceeded", "DDoSProtection", "OnMaintenance", "InvalidNonce"})
_NO_INSTRUMENT = frozenset({"BadSymbol", "MarketClosed", "ContractUnavailable"})
_OF_THE_ORDER = frozenset({"InvalidOrder", "AuthenticationError", "OperationRejected"})
_ASSET = re.compile(
    r"(unknown|invalid|unsupported) (asset|currency|coin)\b(?! ?pair)"
    r"|\b(asset|currency|coin) (is |does |was )?(not|unknown|invalid|unsupported)",
    re.IGNORECASE,
)
_ANSWERED = _PASSING | {"ExchangeError"}


def failure_of(error: BaseException, text: str) -> ConnectionFailed:
    """What an error of ccxt's says: a refusal, or nothing of what became of the request.

    Parameters
    ----------
    error
        Of a class of ccxt's.
    text
        What it says, without secrets.

    Examples
    --------
    >>> import ccxt
    >>> failure_of(ccxt.RequestTimeout("late"), "late"), failure_of(ccxt.InsufficientFunds("no"), "no").kind
    (ConnectionFailed('RequestTimeout: late'), 'InsufficientFunds')
    """
    kinds = frozenset(one.__name__ for one in type(error).__mro__)
    kind = type(error).__name__
    return Refused(kind, text, kinds) if kinds & _ANSWERED else ConnectionFailed(f"{kind}: {text}")


def order_error(refused: Refused, exchange: str, instrument: str, asset: str) -> OrderError:
    """Barter's error.

    Parameters
    ----------
    refused
        What the exchange said.
    exchange, instrument, asset
        Where, what was to be traded, and in what it would have been paid.

    Examples
    --------
    >>> import ccxt
    >>> [type(order_error(failure_of(kind("x"), "x"), "okx", "btc_usdt", "usdt")).__name__
    ...  for kind in (ccxt.RateLimitExceeded, ccxt.InsufficientFunds, ccxt.BadSymbol, ccxt.OrderImmediatelyFillable)]
    ['RateLimit', 'BalanceInsufficient', 'InstrumentInvalid', 'OrderRejected']
    """
    if refused.kinds & {"RateLimitExceeded", "DDoSProtection"}:
        return RateLimit()
    if "OnMaintenance" in refused.kinds:
        return ExchangeOffline(exchange)
    if "InsufficientFunds" in refused.kinds:
        return BalanceInsufficient(asset, refused.text)
    if not refused.kinds & _OF_THE_ORDER and _ASSET.search(refused.text):
        return AssetInvalid(asset, refused.text)
    if refused.kinds & _NO_INSTRUMENT:
        return InstrumentInvalid(instrument, refused.text)
    return OrderRejected(refused.message)
