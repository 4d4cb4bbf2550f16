"""Keys of an account: from the environment or the system's keyring, and never in a text that is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self

from barter_bt.errors import ConfigError
from barter_bt.live.keyring import from_keyring

_NAMES = ("KEY", "SECRET", "PASSWORD")


class Secrets:
    """A key, its secret, and a password where the exchange wants one.

    Parameters
    ----------
    key, secret, password
        As the exchange gave them.

    Examples
    --------
    >>> secrets = Secrets.from_environment("OKX", {"OKX_KEY": "abcdefgh", "OKX_SECRET": "hidden"})
    >>> secrets, secrets.hide("GET /x?sign=hidden failed")
    (Secrets(abcd…), 'GET /x?sign=… failed')
    """

    def __init__(self, key: str, secret: str, password: str | None = None) -> None:
        self.key, self._secret, self._password = key, secret, password

    @classmethod
    def from_environment(cls, prefix: str, environment: Mapping[str, str] | None = None) -> Self:
        """Take ``PREFIX_KEY``, ``PREFIX_SECRET``, and ``PREFIX_PASSWORD`` if it is there.

        Parameters
        ----------
        prefix
            Of the names of the variables.
        environment
            Where they are; by default that of the process.

        Raises
        ------
        ConfigError
            Key or secret is missing.
        """
        given = os.environ if environment is None else environment
        names = [f"{prefix}_{name}" for name in _NAMES]
        if missing := [name for name in names[:2] if not given.get(name)]:
            raise ConfigError(
                f"{' and '.join(missing)} not set in the environment",
                "make a key on the exchange's page, without the right to withdraw; never write it into a file",
            )
        return cls(given[names[0]], given[names[1]], given.get(names[2]))

    @classmethod
    def from_keyring(cls, service: str) -> Self:
        """Take ``key``, ``secret`` and, if it is there, ``password`` of a service of the system's keyring.

        Parameters
        ----------
        service
            Its name there.

        Raises
        ------
        ConfigError
            Key or secret is missing, or there is no keyring that can be read.
        MissingPackageError
            keyring is not installed.
        """
        names = [name.lower() for name in _NAMES]
        key, secret, password = from_keyring(service, names[:2], names[2:])
        return cls(key or "", secret or "", password)

    def config(self) -> dict[str, str]:
        """What ccxt wants to be given."""
        given = {"apiKey": self.key, "secret": self._secret}
        return given | {"password": self._password} if self._password else given

    def hide(self, text: str) -> str:
        """A text without them: what ccxt says of an error may name an address that bears them."""
        for one in (self._secret, self._password, self.key):
            text = text.replace(one, "…") if one else text
        return text

    def __repr__(self) -> str:
        return f"Secrets({self.key[:4]}…)"
