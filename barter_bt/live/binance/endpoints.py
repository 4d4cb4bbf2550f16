"""Where Binance's spot exchange is: the test network, and the one with money.

Source: https://github.com/binance/binance-spot-api-docs, `rest-api.md`, `web-socket-streams.md`, `web-socket-api.md`
and `testnet/general-info.md`, as of 21 July 2026.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoints:
    """Addresses of one network.

    Parameters
    ----------
    rest
        Of requests, without the path.
    streams
        Of market data, without the path.
    api
        Of the WebSocket API, which tells of the account.

    Examples
    --------
    >>> TEST_NETWORK.rest
    'https://testnet.binance.vision'
    """

    rest: str
    streams: str
    api: str


TEST_NETWORK = Endpoints(
    "https://testnet.binance.vision",
    "wss://stream.testnet.binance.vision",
    "wss://ws-api.testnet.binance.vision/ws-api/v3",
)
"""Money that is not real; keys from https://testnet.binance.vision."""
MAIN_NETWORK = Endpoints(
    "https://api.binance.com",
    "wss://stream.binance.com:9443",
    "wss://ws-api.binance.com:443/ws-api/v3",
)
"""Real money."""
