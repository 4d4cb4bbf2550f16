"""Keys of an account at Binance, which sign what is asked for."""

from __future__ import annotations

import hashlib
import hmac

from barter_bt.live.credentials import Credentials


class Keys(Credentials):
    """A key and its secret, which signs with HMAC-SHA256.

    Parameters
    ----------
    key
        Goes with each request.
    secret
        Never leaves this object.

    Examples
    --------
    >>> keys = Keys.from_environment("BINANCE_TEST", {"BINANCE_TEST_KEY": "k", "BINANCE_TEST_SECRET": "s"})
    >>> keys
    Keys(k…)
    >>> keys.sign("symbol=LTCBTC")[:8]
    'b3b01167'
    """

    def __init__(self, key: str, secret: str) -> None:
        super().__init__(key, secret)

    def sign(self, payload: str) -> str:
        """The signature of a payload, in hexadecimal digits."""
        return hmac.new(self._secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
