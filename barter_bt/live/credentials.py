"""A key of an account and its secret: from the environment or the system's keyring, never in a text that is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar, Self

from barter_bt.errors import ConfigError
from barter_bt.live.keyring import from_keyring


class Credentials:
    """What an exchange gives to whom it lets trade.

    Parameters
    ----------
    key
        Goes with each request.
    secret
        Never leaves this object.
    password
        Where the exchange wants one.

    Examples
    --------
    >>> Credentials.from_environment("X", {"X_KEY": "abcdefgh", "X_SECRET": "hidden"})
    Credentials(abcd…)
    """

    OPTIONAL: ClassVar[tuple[str, ...]] = ()
    """What may be there beside key and secret."""

    def __init__(self, key: str, secret: str, password: str | None = None) -> None:
        self.key, self._secret, self._password = key, secret, password

    @classmethod
    def from_environment(cls, prefix: str, environment: Mapping[str, str] | None = None) -> Self:
        """Take ``PREFIX_KEY`` and ``PREFIX_SECRET``, and of exchanges that want one ``PREFIX_PASSWORD`` if it is there.

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
        names = f"{prefix}_KEY", f"{prefix}_SECRET"
        if missing := [name for name in names if not given.get(name)]:
            raise ConfigError(
                f"{' and '.join(missing)} not set in the environment",
                "make a key on the exchange's page, without the right to withdraw; never write it into a file",
            )
        return cls(given[names[0]], given[names[1]], *(given.get(f"{prefix}_{name.upper()}") for name in cls.OPTIONAL))

    @classmethod
    def from_keyring(cls, service: str) -> Self:
        """Take ``key`` and ``secret`` of a service of the system's keyring, and ``password`` as from the environment.

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
        key, secret, *others = from_keyring(service, ["key", "secret"], cls.OPTIONAL)
        return cls(key or "", secret or "", *others)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key[:4]}…)"
