"""What Binance's errors are in Barter's taxonomy, and which of them leave open what became of a request.

Source: `errors.md` and `rest-api.md` ("HTTP Return Codes") of https://github.com/binance/binance-spot-api-docs, as of
21 July 2026: a status of 5xx is no failure, what became of the request is unknown.
"""

from __future__ import annotations

import msgspec

from barter_bt.errors import ConnectionFailed
from barter_bt.protocol import (
    BalanceInsufficient,
    InstrumentInvalid,
    OrderError,
    OrderRejected,
    RateLimit,
)

TOO_MANY = frozenset({-1003, -1015})
UNKNOWN_OUTCOME = frozenset({-1000, -1001, -1006, -1007, -1008})
BAD_TIME, BAD_SYMBOL, NO_SUCH_ORDER, CANCEL_REJECTED = -1021, -1121, -2013, -2011
_NO_MONEY = ("insufficient balance", "Balance is insufficient", "Margin is insufficient")


class Unanswered(ConnectionFailed):
    """Nobody knows what became of a request: no answer came, or one that leaves it open.

    Parameters
    ----------
    message
        What came instead.
    was_sent
        False where it is certain that the request did not reach the exchange.
    """

    def __init__(self, message: str, *, was_sent: bool = True) -> None:
        self.was_sent = was_sent
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


def order_error(refusal: Refusal, instrument: str, asset: str) -> OrderError:
    """Barter's error.

    Parameters
    ----------
    refusal
        What Binance said.
    instrument, asset
        Which was to be traded, and in what it would have been paid.

    Examples
    --------
    >>> order_error(Refusal(-2010, "Account has insufficient balance for requested action.", 400), "btc_usdt", "usdt")
    BalanceInsufficient(asset='usdt', message='Account has insufficient balance for requested action.')
    """
    if refusal.is_limit:
        return RateLimit()
    if refusal.code == BAD_SYMBOL:
        return InstrumentInvalid(instrument, refusal.text)
    if any(words in refusal.text for words in _NO_MONEY):
        return BalanceInsufficient(asset, refusal.text)
    return OrderRejected(f"{refusal.text} ({refusal.code})")
