"""Keys of an account: from the environment or the system's keyring, and never in a text that is shown."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Self

from barter_bt.errors import ConfigError
from barter_bt.live.keyring import from_keyring


class Keys:
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
        self.key, self._secret = key, secret.encode()

    @classmethod
    def from_environment(cls, prefix: str, environment: Mapping[str, str] | None = None) -> Self:
        """Take ``PREFIX_KEY`` and ``PREFIX_SECRET``.

        Parameters
        ----------
        prefix
            Of the names of both variables.
        environment
            Where they are; by default that of the process.

        Raises
        ------
        ConfigError
            One of them is missing.
        """
        given = os.environ if environment is None else environment
        names = f"{prefix}_KEY", f"{prefix}_SECRET"
        if missing := [name for name in names if not given.get(name)]:
            raise ConfigError(
                f"{' and '.join(missing)} not set in the environment",
                "make a key on the exchange's page, without the right to withdraw; never write it into a file",
            )
        return cls(given[names[0]], given[names[1]])

    @classmethod
    def from_keyring(cls, service: str) -> Self:
        """Take ``key`` and ``secret`` of a service of the system's keyring.

        Parameters
        ----------
        service
            Its name there.

        Raises
        ------
        ConfigError
            One of them is missing, or there is no keyring that can be read.
        MissingPackageError
            keyring is not installed.
        """
        key, secret = from_keyring(service, ["key", "secret"])
        return cls(key or "", secret or "")

    def sign(self, payload: str) -> str:
        """The signature of a payload, in hexadecimal digits."""
        return hmac.new(self._secret, payload.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"Keys({self.key[:4]}…)"
