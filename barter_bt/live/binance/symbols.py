"""Instruments and the exchange's symbols."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live.binance.dialect import SPOT, Dialect
from barter_bt.live.binance.messages import ExchangeInfo, SymbolInfo


class Symbols:
    """Which instrument a symbol is, and the names of assets.

    Parameters
    ----------
    instruments
        Those of the exchange that are traded; an instrument's ``name_exchange`` is its symbol.
    dialect
        Which exchange.

    Raises
    ------
    ConfigError
        There is none, or one that the exchange does not trade.

    Examples
    --------
    >>> symbols = Symbols([Instrument("binance_spot", "btc_usdt")])
    >>> symbols.of["btc_usdt"], symbols.assets["BTC"]
    ('BTCUSDT', 'btc')
    """

    def __init__(self, instruments: Sequence[Instrument], dialect: Dialect = SPOT) -> None:
        self.dialect = dialect
        wrong = [one.name for one in instruments if one.kind not in dialect.kinds or one.exchange != dialect.exchange]
        if wrong or not instruments:
            kinds = " and ".join(dialect.kinds)
            raise ConfigError(
                f"{dialect.exchange!r} trades instruments of kind {kinds}; given: {wrong or 'none'}",
                "await binance.instruments(['BTCUSDT'], endpoints) makes them of what the exchange says",
            )
        self.instruments = {one.name: one for one in instruments}
        self.of = {one.name: (one.name_exchange or one.name.replace("_", "")).upper() for one in instruments}
        self.names = {symbol: name for name, symbol in self.of.items()}
        self.assets: dict[str, str] = {}
        self.settled: dict[str, str] = {}
        for one in instruments:
            self.assets[(one.base_name_exchange or one.base).upper()] = one.base
            self.assets[(one.quote_name_exchange or one.quote).upper()] = one.quote
            if one.settlement is not None:
                self.settled[one.name] = (one.settlement_name_exchange or one.settlement).upper()
                self.assets[self.settled[one.name]] = one.settlement

    def check(self, info: ExchangeInfo) -> None:
        """Hold instruments against what the exchange says.

        Raises
        ------
        ConfigError
            One is not traded, or is declared with another tick or lot.
        """
        for symbol in info.symbols:
            declared = self.instruments[self.names[symbol.symbol]]
            told = instrument_of(symbol, self.dialect)
            if symbol.status != "TRADING":
                raise ConfigError(f"{declared.name!r} is not traded at the moment: its status is {symbol.status}")
            for what in ("price_increment", "quantity_increment"):
                given, right = getattr(declared, what), getattr(told, what)
                if given is not None and Decimal(str(given)) != Decimal(str(right)):
                    raise ConfigError(
                        f"{declared.name!r} is declared with {what} {given}, and the exchange says {right}",
                        f"await binance.instruments([{symbol.symbol!r}])",
                    )


def instrument_of(info: SymbolInfo, dialect: Dialect = SPOT) -> Instrument:
    """The instrument that a symbol is, with its tick, lot and smallest order.

    Parameters
    ----------
    info
        As ``exchangeInfo`` has it, with the filters of `filters.md`.
    dialect
        Which exchange.
    """
    filters: dict[str, dict[str, Any]] = {one["filterType"]: one for one in info.filters}
    base, quote = info.baseAsset.lower(), info.quoteAsset.lower()
    least = {**filters.get("MIN_NOTIONAL", {}), **filters.get("NOTIONAL", {})}
    lots = filters.get("LOT_SIZE", {})
    return Instrument(
        dialect.exchange,
        "_".join((base, quote, *info.symbol.lower().split("_")[1:])),
        base,
        quote,
        **_contract(info, dialect),
        price_increment=_some(filters.get("PRICE_FILTER", {}).get("tickSize")),
        quantity_increment=_some(lots.get("stepSize")),
        quantity_min=_some(lots.get("minQty")),
        notional_min=_some(least.get("minNotional", least.get("notional"))),
        name_exchange=info.symbol,
        base_name_exchange=info.baseAsset,
        quote_name_exchange=info.quoteAsset,
    )


def _contract(info: SymbolInfo, dialect: Dialect) -> dict[str, Any]:
    """What a derivative has besides: its kind, in what it is settled, when it ends."""
    if dialect is SPOT:
        return {}
    terms = {"settlement": info.marginAsset.lower(), "settlement_name_exchange": info.marginAsset}
    if "PERPETUAL" in info.contractType:
        return terms | {"kind": "perpetual"}
    return terms | {"kind": "future", "expiry": info.deliveryDate * 1_000_000}


def _some(value: str | None) -> str | None:
    """A limit, without zeros behind; 0 is none."""
    return None if value is None or not Decimal(value) else f"{Decimal(value).normalize():f}"
