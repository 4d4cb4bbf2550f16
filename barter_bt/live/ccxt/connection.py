"""A connection to an exchange through ccxt: numbers as text, errors as this package's, secrets in no text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from barter_bt.errors import ConfigError, MissingPackageError
from barter_bt.live.ccxt.refusals import failure_of
from barter_bt.live.ccxt.secrets import Secrets

_TRADES_KEPT = 100_000


def connect(
    exchange: str, secrets: Secrets | None = None, *, sandbox: bool = True, config: Mapping[str, Any] | None = None
) -> Connection:
    """A connection to an exchange; nothing is sent yet.

    Parameters
    ----------
    exchange
        ccxt's id of it, such as ``"okx"``.
    secrets
        Of the account; without them there is public data alone.
    sandbox
        Whether its test network is meant, where money is not real; so it is unless said otherwise.
    config
        More of what ccxt's class takes, such as ``{"options": {"defaultType": "swap"}}``.

    Raises
    ------
    ConfigError
        ccxt does not know the exchange, or it has no test network.
    MissingPackageError
        ccxt is not installed.

    Examples
    --------
    >>> connect("okx").api.id
    'okx'
    """
    try:
        import ccxt.pro as known
    except ImportError as error:
        raise MissingPackageError("connecting through ccxt needs ccxt", 'pip install "barter-bt[ccxt]"') from error
    if exchange not in known.exchanges:
        raise ConfigError(f"ccxt streams from no exchange {exchange!r}", f"known: {', '.join(known.exchanges)}")
    api = getattr(known, exchange)({**(secrets.config() if secrets else {}), **(config or {})})
    if sandbox:
        hint = "sandbox=False, or --network main; nothing is sent in a dry run, which is the default"
        if not api.urls.get("test"):
            raise ConfigError(f"ccxt knows no test network of {exchange!r}", hint)
        api.set_sandbox_mode(True)
    return Connection(api, secrets)


class Connection:
    """ccxt's object of an exchange, with which a market or an account is made.

    Parameters
    ----------
    api
        Of a class of ``ccxt.pro``.
    secrets
        What it has been given, to be hidden.
    """

    def __init__(self, api: Any, secrets: Secrets | None = None) -> None:
        self.api, self._secrets = api, secrets
        api.number = str  # numbers as the exchange writes them, not in binary
        api.options["tradesLimit"] = _TRADES_KEPT  # else what comes between two looks is lost beyond 1000
        self._is_closed = False

    @property
    def exchange(self) -> str:
        """Ccxt's id of the exchange."""
        return str(self.api.id)

    def can(self, method: str) -> bool:
        """Whether the exchange has something itself; what ccxt emulates is none.

        Parameters
        ----------
        method
            As ccxt's ``has`` calls it, such as ``"watchOrders"``.
        """
        return self.api.has.get(method) is True

    async def ask(self, method: str, *given: Any, **named: Any) -> Any:
        """Call a method of ccxt's.

        Raises
        ------
        Refused
            The exchange has said no: nothing has changed there.
        ConnectionFailed
            There is no answer: what became of it is not known.
        """
        import ccxt

        try:
            return await getattr(self.api, method)(*given, **named)
        except ccxt.BaseError as error:
            text = str(error)
            raise failure_of(error, self._secrets.hide(text) if self._secrets else text) from None

    async def drop(self, reason: str) -> None:
        """Give every socket up; whoever waits for a message gets a ConnectionFailed, and another socket if it goes on.

        Parameters
        ----------
        reason
            What that says.
        """
        import ccxt

        given_up = [self.api.clients.pop(url) for url in list(self.api.clients or ())]
        for client in given_up:
            client.reject(ccxt.NetworkError(reason))  # before it is closed, which would cancel whoever waits
        await asyncio.gather(*(client.close() for client in given_up), return_exceptions=True)

    async def close(self) -> None:
        """Give connections back. It may be called twice."""
        if not self._is_closed:
            self._is_closed = True
            await self.api.close()

    def __repr__(self) -> str:
        return f"Connection({self.exchange!r})"
