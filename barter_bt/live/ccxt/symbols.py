"""Instruments and ccxt's symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live.ccxt.connection import Connection

_KINDS: Mapping[str, Any] = {"spot": "spot", "swap": "perpetual", "future": "future"}
_TICK_SIZE = 4  # ccxt.TICK_SIZE: a precision is a step, not a number of digits


async def instruments(symbols: Sequence[str], connection: Connection) -> list[Instrument]:
    """Ask an exchange for instruments, with their ticks, lots and smallest orders.

    Parameters
    ----------
    symbols
        As ccxt writes them: ``"BTC/USDT"``, of a perpetual ``"BTC/USDT:USDT"``.
    connection
        To the exchange; it can be used further.

    Returns
    -------
    list of Instrument
        In the order of the symbols; their exchange is ccxt's id.

    Raises
    ------
    ConfigError
        The exchange does not trade one of them, or it is of a kind that is not traded here.
    ConnectionFailed
        There is no answer.
    """
    markets = await connection.ask("load_markets")
    if missing := [one for one in symbols if one not in markets]:
        raise ConfigError(f"{connection.exchange!r} does not trade {', '.join(missing)}", "ccxt writes BTC/USDT")
    return [instrument_of(markets[one], connection) for one in symbols]


def instrument_of(market: Mapping[str, Any], connection: Connection) -> Instrument:
    """The instrument that a market is.

    Parameters
    ----------
    market
        As ccxt's ``load_markets`` has it.
    connection
        To its exchange.

    Raises
    ------
    ConfigError
        It is of a kind that is not traded here.
    """
    if market["type"] not in _KINDS:
        raise ConfigError(f"{market['symbol']} is of type {market['type']!r}", f"allowed: {', '.join(_KINDS)}")
    base, quote = market["base"].lower(), market["quote"].lower()
    name, terms = f"{base}_{quote}", dict[str, Any]()
    if market["type"] != "spot":
        terms = {"settlement": market["settle"].lower(), "contract_size": str(market["contractSize"] or 1)}
    if market["type"] == "future":
        name, terms["expiry"] = f"{name}_{market['symbol'].rpartition('-')[2]}".lower(), market["expiry"] * 1_000_000
    limits = market["limits"]
    return Instrument(
        connection.exchange,
        name,
        base,
        quote,
        _KINDS[market["type"]],
        price_increment=_step(market["precision"]["price"], connection),
        quantity_increment=_step(market["precision"]["amount"], connection),
        quantity_min=_some(limits["amount"]["min"]),
        notional_min=_some((limits.get("cost") or {}).get("min")),
        name_exchange=market["symbol"],
        **terms,
    )


def _step(precision: Any, connection: Connection) -> str | None:
    """A step; a number of decimal places is one, a number of significant digits none."""
    if precision is None:
        return None
    mode = connection.api.precisionMode
    if mode == _TICK_SIZE:
        return _some(precision)
    return _some(Decimal(1).scaleb(-int(precision))) if mode == 2 else None


def _some(value: Any) -> str | None:
    return None if value is None or not Decimal(str(value)) else f"{Decimal(str(value)).normalize():f}"


class Symbols:
    """Which instrument a symbol is, and the names of assets.

    Parameters
    ----------
    instruments
        Those that are traded, all of one exchange. An instrument's ``name_exchange`` is ccxt's symbol; without it, it
        is made of the names of its assets, but of a future.

    Attributes
    ----------
    exchange
        The one, by its name here.

    Raises
    ------
    ConfigError
        There is none, they are of several exchanges, or one has no symbol of ccxt's.

    Examples
    --------
    >>> symbols = Symbols([Instrument("okx", "btc_usdt"), Instrument("okx", "btc_perp", "btc", "usdt", "perpetual")])
    >>> symbols.of, symbols.assets
    ({'btc_usdt': 'BTC/USDT', 'btc_perp': 'BTC/USDT:USDT'}, {'BTC': 'btc', 'USDT': 'usdt'})
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        hint = "await instruments(['BTC/USDT'], connection) makes them of what the exchange says"
        exchanges = {one.exchange for one in instruments}
        if len(exchanges) != 1:
            raise ConfigError(f"instruments are those of one exchange, given: {sorted(exchanges) or 'none'}", hint)
        self.of = {one.name: one.name_exchange or _unified(one) for one in instruments}
        if wrong := [name for name, symbol in self.of.items() if "/" not in symbol]:
            raise ConfigError(f"{wrong} have no symbol of ccxt's, such as 'BTC/USDT', as name_exchange", hint)
        (self.exchange,) = exchanges
        self.instruments = {one.name: one for one in instruments}
        self.names = {symbol: name for name, symbol in self.of.items()}
        self.assets: dict[str, str] = {}
        for one in instruments:
            for asset in (one.base, one.quote, one.settlement or one.quote):
                self.assets[asset.upper()] = asset

    async def check(self, connection: Connection) -> None:
        """Hold instruments against what the exchange says.

        Raises
        ------
        ConfigError
            One is not traded, or is declared with another tick or lot.
        """
        told = await instruments(list(self.names), connection)
        for declared, right in zip(self.instruments.values(), told, strict=True):
            for what in ("kind", "price_increment", "quantity_increment", "contract_size"):
                given, said = getattr(declared, what), getattr(right, what)
                if None not in (given, said) and (given != said if what == "kind" else _differ(given, said)):
                    raise ConfigError(
                        f"{declared.name!r} is declared with {what} {given}, and the exchange says {said}",
                        f"await instruments([{declared.name_exchange!r}], connection)",
                    )


def _unified(one: Instrument) -> str:
    if one.kind not in ("spot", "perpetual"):
        return one.name
    return f"{one.base}/{one.quote}".upper() + ("" if one.kind == "spot" else f":{one.settlement}".upper())


def _differ(one: Any, other: Any) -> bool:
    return Decimal(str(one)) != Decimal(str(other))
