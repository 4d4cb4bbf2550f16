"""Keys of an account at any exchange, as ccxt wants them."""

from __future__ import annotations

from barter_bt.live.credentials import Credentials


class Secrets(Credentials):
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

    OPTIONAL = ("password",)

    def config(self) -> dict[str, str]:
        """What ccxt wants to be given."""
        given = {"apiKey": self.key, "secret": self._secret}
        return given | {"password": self._password} if self._password else given

    def hide(self, text: str) -> str:
        """A text without them: what ccxt says of an error may name an address that bears them."""
        for one in (self._secret, self._password, self.key):
            text = text.replace(one, "…") if one else text
        return text
