"""Where Binance's exchanges are: the test networks, and those with money.

Sources: https://github.com/binance/binance-spot-api-docs, `rest-api.md`, `web-socket-streams.md`, `web-socket-api.md`
and `testnet/general-info.md`, as of 21 July 2026; for futures the pages "General Info" and "Important WebSocket Change
Notice" of https://developers.binance.com/docs/derivatives/usds-margined-futures as of September 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.live.binance.dialect import DIALECTS, Dialect


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
        What tells of the account: the WebSocket API; of futures the stream of a listen key, without the key.
    exchange
        Which exchange it is: ``"binance_spot"`` or ``"binance_futures_usd"``.

    Examples
    --------
    >>> TEST_NETWORK.rest
    'https://testnet.binance.vision'
    """

    rest: str
    streams: str
    api: str
    exchange: str = "binance_spot"

    @property
    def dialect(self) -> Dialect:
        """What things are called there."""
        return DIALECTS[self.exchange]


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
FUTURES_TEST_NETWORK = Endpoints(
    "https://demo-fapi.binance.com",
    "wss://demo-fstream.binance.com",
    "wss://demo-fstream.binance.com/private/ws",
    "binance_futures_usd",
)
"""USD-M futures with money that is not real; keys from https://demo.binance.com."""
FUTURES_MAIN_NETWORK = Endpoints(
    "https://fapi.binance.com",
    "wss://fstream.binance.com",
    "wss://fstream.binance.com/private/ws",
    "binance_futures_usd",
)
"""USD-M futures with real money."""
