"""Exchange ids: one spelling each, in snake case.

An id stands for one server, as in Barter: spot and futures of one company are different exchanges.
"""

from __future__ import annotations

import re

from barter_bt.errors import InstrumentError, nearest

EXCHANGES = (
    "other",
    "simulated",
    "mock",
    "binance_futures_coin",
    "binance_futures_usd",
    "binance_options",
    "binance_portfolio_margin",
    "binance_spot",
    "binance_us",
    "bitazza",
    "bitfinex",
    "bitflyer",
    "bitget",
    "bitmart",
    "bitmart_futures_usd",
    "bitmex",
    "bitso",
    "bitstamp",
    "bitvavo",
    "bithumb",
    "bybit_perpetuals_usd",
    "bybit_spot",
    "cexio",
    "coinbase",
    "coinbase_international",
    "cryptocom",
    "deribit",
    "gateio_futures_btc",
    "gateio_futures_usd",
    "gateio_options",
    "gateio_perpetuals_btc",
    "gateio_perpetuals_usd",
    "gateio_spot",
    "gemini",
    "hitbtc",
    "htx",
    "kraken",
    "kucoin",
    "liquid",
    "mexc",
    "okx",
    "poloniex",
)
"""Barter's exchange ids, in Barter's order."""

_PLACES = {name: place for place, name in enumerate(EXCHANGES)}

ALIASES = {"huobi": "htx"}
"""Other names of known exchanges, as Barter reads them."""

_SNAKE_CASE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def exchange_id(text: object) -> str:
    """The one spelling of an exchange.

    Any text in snake case is an exchange id; :data:`EXCHANGES` are those that Barter knows.

    Raises
    ------
    InstrumentError
        The text is not in snake case.

    Examples
    --------
    >>> exchange_id("binance_spot"), exchange_id("my_broker"), exchange_id("huobi")
    ('binance_spot', 'my_broker', 'htx')
    >>> exchange_id("BinanceSpot")
    Traceback (most recent call last):
    barter_bt.errors.InstrumentError: exchange 'BinanceSpot' is not in snake case: a-z, 0-9 and single underscores
    Hint: did you mean 'binance_spot'?
    """
    if not isinstance(text, str) or not _SNAKE_CASE.fullmatch(text):
        raise InstrumentError(
            f"exchange {text!r} is not in snake case: a-z, 0-9 and single underscores", _hint(str(text))
        )
    return ALIASES.get(text, text)


def exchange_order(exchange: str) -> tuple[int, str]:
    """What exchanges are sorted by: those that Barter knows in Barter's order, then all others by name.

    Examples
    --------
    >>> sorted(["alpha", "binance_spot", "bithumb", "bitvavo", "mock"], key=exchange_order)
    ['mock', 'binance_spot', 'bitvavo', 'bithumb', 'alpha']
    """
    return _PLACES.get(exchange, len(_PLACES)), exchange


def _hint(text: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    if not plain:
        return "for example 'binance_spot'; a simulated exchange can be called 'simulated'"
    joined = {known.replace("_", ""): known for known in (*EXCHANGES, *ALIASES)}
    like = joined.get(plain.replace("_", "")) or nearest(plain, EXCHANGES)
    return f"did you mean {ALIASES.get(like, like)!r}?" if like else f"write {plain!r}"
