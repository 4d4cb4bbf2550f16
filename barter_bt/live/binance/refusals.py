"""What Binance's errors are in Barter's taxonomy, and which of them leave open what became of a request.

Source: `errors.md` and `rest-api.md` ("HTTP Return Codes") of https://github.com/binance/binance-spot-api-docs, as of
21 July 2026: a status of 5xx is no failure, what became of the request is unknown. Of futures: the page of
error codes of the USD-M API. Codes mean the same at both, but for -1108, which is an asset of futures and an overflow
of spot, and the matching engine's -2010, of which the text says what it is.

==========================  ========================================================================================
Barter's                    Binance's
==========================  ========================================================================================
``RateLimit``               status 418 or 429; -1003, -1015
``InstrumentInvalid``       -1121, -4140, -4141; "Market is closed.", "This symbol is not permitted", "... restricted"
``AssetInvalid``            -1126, -1108 where it says so
``BalanceInsufficient``     -2018, -2019; "insufficient balance"
``ExchangeOffline``         -1016; a request that did not leave
``Socket``, ``Timeout``     no answer, and the exchange says later that it never had the order
``OrderAlready...``         -2011, by how the order stands
``OrderRejected``           all else
==========================  ========================================================================================
"""

from __future__ import annotations

import msgspec

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

TOO_MANY = frozenset({-1003, -1015})
UNKNOWN_OUTCOME = frozenset({-1000, -1001, -1006, -1007, -1008})
BAD_TIME, BAD_SYMBOL, NO_SUCH_ORDER, CANCEL_REJECTED = -1021, -1121, -2013, -2011
_NO_INSTRUMENT, _NO_ASSET = frozenset({BAD_SYMBOL, -4140, -4141}), frozenset({-1126})
_ASSET_OR_OVERFLOW, _GONE, _NO_MARGIN = -1108, -1016, frozenset({-2018, -2019})
_NOT_TRADED = ("Market is closed", "This symbol is not permitted", "This symbol is restricted")
_NO_MONEY = ("insufficient balance", "Balance is insufficient", "Margin is insufficient")


class Unanswered(ConnectionFailed):
    """Nobody knows what became of a request: no answer came, or one that leaves it open.

    Parameters
    ----------
    message
        What came instead.
    was_sent
        False where it is certain that the request did not reach the exchange.
    was_cut
        Whether the connection has failed.

    Attributes
    ----------
    sent_at
        When the request was sent, ns, by the client's clock; it may have been the second attempt.
    """

    sent_at = 0

    def __init__(self, message: str, *, was_sent: bool = True, was_cut: bool = False) -> None:
        self.was_sent, self.was_cut = was_sent, was_cut
        super().__init__(message)


class Refusal(ConnectionFailed):
    """The exchange has answered with an error: nothing has changed there.

    Parameters
    ----------
    code, text
        As Binance numbers and words it.
    status
        Of HTTP.
    """

    def __init__(self, code: int, text: str, status: int) -> None:
        self.code, self.text, self.status = code, text, status
        super().__init__(f"Binance answers {status}: {text} ({code})")

    @property
    def is_limit(self) -> bool:
        """Whether there were too many requests."""
        return self.status in (418, 429) or self.code in TOO_MANY


def failure_text(error: Refusal | Unanswered) -> str:
    """A failure as it is recorded.

    Examples
    --------
    >>> failure_text(Refusal(-1003, "Too many requests.", 429))
    '{"code":-1003,"text":"Too many requests.","status":429}'
    >>> failure_of(failure_text(Refusal(-1003, "Too many requests.", 429))).is_limit
    True
    """
    told = {"code": error.code, "text": error.text, "status": error.status} if isinstance(error, Refusal) else {}
    return msgspec.json.encode(told or {"text": error.message}).decode()


def failure_of(text: str) -> Refusal | Unanswered:
    """What was recorded as :func:`failure_text`."""
    told = msgspec.json.decode(text)
    return Refusal(**told) if "code" in told else Unanswered(told["text"])


def order_error(refusal: Refusal, exchange: str, instrument: str, asset: str) -> OrderError:
    """Barter's error.

    Parameters
    ----------
    refusal
        What Binance said.
    exchange, instrument, asset
        Where, which was to be traded, and in what it would have been paid.

    Examples
    --------
    >>> money = Refusal(-2010, "Account has insufficient balance for requested action.", 400)
    >>> order_error(money, "binance_spot", "btc_usdt", "usdt")
    BalanceInsufficient(asset='usdt', message='Account has insufficient balance for requested action.')
    """
    code, text = refusal.code, refusal.text
    if refusal.is_limit:
        return RateLimit()
    if code == _GONE:
        return ExchangeOffline(exchange)
    if code in _NO_INSTRUMENT or text.startswith(_NOT_TRADED):
        return InstrumentInvalid(instrument, text)
    if code in _NO_ASSET or (code == _ASSET_OR_OVERFLOW and "asset" in text.lower()):
        return AssetInvalid(asset, text)
    if code in _NO_MARGIN or any(words in text for words in _NO_MONEY):
        return BalanceInsufficient(asset, text)
    return OrderRejected(f"{text} ({code})")
