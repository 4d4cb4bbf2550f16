"""Barter's ``SystemConfig`` in JSON as it is, turned into what a run of this package is made of.

Where Barter's reading is kept, corrected or refused:

- ``fees_percent`` is a fraction in Barter, whatever its name says: 0.05 costs 5 % of a trade. It is read so, with a
  warning above 0.01; ``fee_rate`` stands in its place without one.
- ``latency_ms`` passes between a request and its answer; half of it, rounded down, on the way to the exchange.
- Balances are there from the run's start on: their own times, which may lie after the data's, mean nothing.
- A name is made of exchange and assets as in Barter, ``binance_spot-btc_usdt``, but with the exchange spelled as
  everywhere else (Barter's has ``binancespot``). Where two instruments of one exchange would share it (Barter takes the
  first for both), those are named by the exchange's own spelling instead: ``okx-btc-usdt-swap``.
- A minimum or an increment of 0 says nothing.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from barter_bt.errors import BarterBtError, ConfigError, DataError, InstrumentError, nearest
from barter_bt.execution.terms import Fees, Latency, Venue
from barter_bt.instrument import Instrument
from barter_bt.protocol import from_dict
from barter_bt.protocol.text import parse
from barter_bt.system.document import (
    BacktestDocument,
    ExecutionConfig,
    Future,
    InAsset,
    InContracts,
    InstrumentConfig,
    InstrumentSpec,
    Option,
    QuoteAsset,
    Spot,
    SystemDocument,
)

_MS = 1_000_000
_LIKE_PERCENT = Decimal("0.01")  # no exchange takes more than this fraction of a trade


class ConfigWarning(UserWarning):
    """A configuration says something that is probably not meant."""


@dataclass(frozen=True)
class SystemConfig:
    """A checked configuration of Barter's.

    Parameters
    ----------
    document
        What was written.
    risk_free_return
        A year's, as a fraction; kept for the user, the figures of a summary assume 0.
    root
        What errors call the document.

    Raises
    ------
    ConfigError, InstrumentError
        An instrument or an exchange contradicts itself, another, or what can be simulated.

    Examples
    --------
    >>> config = SystemConfig.from_json('''{"instruments": [{
    ...     "exchange": "binance_spot", "name_exchange": "BTCUSDT", "underlying": {"base": "btc", "quote": "usdt"},
    ...     "quote": "underlying_quote", "kind": "spot"}], "executions": [{
    ...     "mocked_exchange": "binance_spot", "latency_ms": 101, "fee_rate": 0.0005, "initial_state": {
    ...     "exchange": "binance_spot", "instruments": [], "balances": [{
    ...     "asset": "usdt", "balance": {"total": 9, "free": 9}, "time_exchange": "2025-03-24T21:30:00Z"}]}}]}''')
    >>> [one.name for one in config.instruments()], config.balances()
    (['binance_spot-btc_usdt'], {'binance_spot.usdt': Decimal('9')})
    >>> config.venues()["binance_spot"].latency
    Latency(request_ns=50000000, response_ns=51000000, feed_ns=0)
    """

    document: SystemDocument
    risk_free_return: Decimal = Decimal(0)
    root: str = "$"

    def __post_init__(self) -> None:
        known = _known(self.instruments())
        exchanges: set[str] = set()
        for place, execution in self._executions():
            if execution.mocked_exchange in exchanges:
                raise ConfigError(f"{place}: {execution.mocked_exchange!r} is given twice", "one execution each")
            exchanges.add(execution.mocked_exchange)
            if execution.mocked_exchange not in known:
                raise ConfigError(f"{place}: no instrument is traded at {execution.mocked_exchange!r}")
            _check_account(execution, f"{place}.initial_state", *known[execution.mocked_exchange])
            _rate(execution, place)

    @classmethod
    def from_json(cls, text: str, root: str = "$") -> SystemConfig:
        """The configuration of a JSON text, of a system or, with ``"system"`` in it, of a backtest.

        Parameters
        ----------
        text
            The document.
        root
            What errors call it.

        Raises
        ------
        ProtocolError
            The text is no JSON, or not of that shape: with the path, the value, and what is allowed.
        ConfigError, InstrumentError
            It contradicts itself, or what can be simulated.
        """
        document = parse(text, root)
        if isinstance(document, dict) and "system" in document:
            backtest: BacktestDocument = from_dict(BacktestDocument, document, root)
            return cls(backtest.system, backtest.risk_free_return, f"{root}.system")
        system: SystemDocument = from_dict(SystemDocument, document, root)
        return cls(system, system.risk_free_return or Decimal(0), root)

    def instruments(self) -> list[Instrument]:
        """What can be traded, in the order of the document."""
        names = _names(self.document.instruments)
        return [
            _instrument(one, name, f"{self.root}.instruments[{k}]")
            for k, (one, name) in enumerate(zip(self.document.instruments, names, strict=True))
        ]

    def venues(self) -> dict[str, Venue]:
        """Terms of each simulated exchange."""
        return {one.mocked_exchange: _venue(one, place) for place, one in self._executions()}

    def balances(self) -> dict[str, Decimal]:
        """Starting balance of each asset, by ``exchange.asset``."""
        return {
            f"{one.mocked_exchange}.{str(balance.asset).lower()}": balance.balance.total
            for _, one in self._executions()
            for balance in one.initial_state.balances
        }

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``barter_bt.backtest``: ``instruments``, ``venues``, ``balances``."""
        return {"instruments": self.instruments(), "venues": self.venues(), "balances": self.balances()}

    @property
    def warnings(self) -> list[str]:
        """What is accepted, though probably not meant."""
        found = [
            f"{place}.fees_percent is {one.fees_percent}, a fraction in spite of its name: "
            f"{(one.fees_percent * 100).normalize():f} % of each trade; if {one.fees_percent} % is meant, "
            f"write fee_rate: {(one.fees_percent / 100).normalize():f}"
            for place, one in self._executions()
            if one.fees_percent is not None and one.fees_percent > _LIKE_PERCENT
        ]
        without = {one.exchange for one in self.document.instruments} - set(self.venues())
        for name in sorted(without):
            found.append(f"{self.root}.executions has none for {name!r}: it deals without fees, latency and balances")
        return found

    def _executions(self) -> Iterator[tuple[str, ExecutionConfig]]:
        for k, one in enumerate(self.document.executions):
            yield f"{self.root}.executions[{k}]", one


def load_config(path: str | Path) -> SystemConfig:
    """Read a configuration of Barter's from a JSON file.

    Parameters
    ----------
    path
        A file like Barter's ``system_config.json`` or ``backtest_config.json``.

    Returns
    -------
    SystemConfig
        For ``backtest(**config.arguments(), data=..., strategy=...)`` and ``Engine(config.instruments(), ...)``.

    Warns
    -----
    ConfigWarning
        For each of :attr:`SystemConfig.warnings`.

    Raises
    ------
    DataError
        The file cannot be read, or (ProtocolError) is not of that shape.
    ConfigError, InstrumentError
        It contradicts itself, or what can be simulated.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", f"the current directory is {str(Path.cwd())!r}") from None
    config = SystemConfig.from_json(text, f"{path.name} $")
    for warning in config.warnings:
        warnings.warn(warning, ConfigWarning, stacklevel=2)
    return config


# Instruments


def _names(configs: tuple[InstrumentConfig, ...]) -> list[str]:
    names = [f"{one.exchange}-{one.underlying.base}_{one.underlying.quote}".lower() for one in configs]
    meant = Counter(names)
    return [
        name if meant[name] == 1 else f"{one.exchange}-{one.name_exchange}".lower()
        for one, name in zip(configs, names, strict=True)
    ]


def _instrument(one: InstrumentConfig, name: str, place: str) -> Instrument:
    if one.quote == QuoteAsset.UNDERLYING_BASE:
        raise ConfigError(f"{place}.quote: prices of {name!r} are in its base asset, which is not simulated yet")
    base, quote, kind = one.underlying.base.lower(), one.underlying.quote.lower(), one.kind
    terms: dict[str, Any] = {"kind": kind.TAG}
    if not isinstance(kind, Spot):
        terms |= {
            "contract_size": kind.contract_size,
            "settlement": kind.settlement_asset.lower(),
            "settlement_name_exchange": kind.settlement_asset,
        }
    if isinstance(kind, Future | Option):
        terms["expiry"] = kind.expiry
    if isinstance(kind, Option):
        terms |= {"strike": kind.strike, "option_kind": kind.kind.value, "exercise": kind.exercise.value}
    if one.spec is not None:
        terms |= _spec(one.spec, base, quote, f"{place}.spec")
    try:
        return Instrument(
            one.exchange,
            name,
            base,
            quote,
            name_exchange=one.name_exchange,
            base_name_exchange=one.underlying.base,
            quote_name_exchange=one.underlying.quote,
            **terms,
        )
    except InstrumentError as error:
        raise InstrumentError(f"{place}: {error.message}", error.hint) from None


def _spec(spec: InstrumentSpec, base: str, quote: str, place: str) -> dict[str, Any]:
    limits = {
        "price_min": spec.price.min,
        "price_increment": spec.price.tick_size,
        "quantity_min": spec.quantity.min,
        "quantity_increment": spec.quantity.increment,
        "notional_min": spec.notional.min,
    }
    return {"quantity_unit": _unit(spec, base, quote, place)} | {name: value or None for name, value in limits.items()}


def _unit(spec: InstrumentSpec, base: str, quote: str, place: str) -> str:
    unit = spec.quantity.unit
    if not isinstance(unit, InAsset):
        return "contract" if isinstance(unit, InContracts) else "quote"
    units = {base: "asset", quote: "quote"}
    if unit.asset.lower() not in units:
        raise ConfigError(
            f"{place}.quantity.unit.Asset is {unit.asset!r}; allowed: the assets of the instrument, {base} and {quote}"
        )
    return units[unit.asset.lower()]


# Exchanges


def _known(instruments: list[Instrument]) -> dict[str, tuple[set[str], set[str]]]:
    """By exchange: its assets, and its own names of its instruments."""
    known: dict[str, tuple[set[str], set[str]]] = {}
    for one in instruments:
        assets, names = known.setdefault(one.exchange, (set(), set()))
        assets.update(one.assets)
        names.add(str(one.name_exchange))
    return known


def _venue(one: ExecutionConfig, place: str) -> Venue:
    request_ms = one.latency_ms // 2
    rate = float(_rate(one, place))
    return Venue(Fees(maker=rate, taker=rate), Latency(request_ms * _MS, (one.latency_ms - request_ms) * _MS))


def _rate(one: ExecutionConfig, place: str) -> Decimal:
    rates = {"fees_percent": one.fees_percent, "fee_rate": one.fee_rate}
    given = {name: rate for name, rate in rates.items() if rate is not None}
    if len(given) != 1:
        count = "neither" if not given else "both"
        raise ConfigError(f"{place} has {count} of fees_percent and fee_rate", "fee_rate: 0.001 is 0.1 % of a trade")
    ((name, rate),) = given.items()
    try:
        Fees(float(rate), float(rate))
    except ConfigError as error:
        raise ConfigError(f"{place}.{name}: {error.message}", error.hint) from None
    return rate


def _check_account(one: ExecutionConfig, place: str, assets: set[str], names: set[str]) -> None:
    """Refuse an account that the run could not start with."""
    account, seen = one.initial_state, set()
    if account.exchange != one.mocked_exchange:
        raise ConfigError(f"{place}.exchange is {account.exchange!r}, the account is that of {one.mocked_exchange!r}")
    for k, balance in enumerate(account.balances):
        where, asset, amounts = f"{place}.balances[{k}]", str(balance.asset).lower(), balance.balance
        if asset not in assets:
            raise _unknown(f"{where}.asset", balance.asset, one.mocked_exchange, assets)
        if asset in seen:
            raise ConfigError(f"{where}.asset: {asset!r} is given twice")
        if amounts.total < 0 or amounts.free != amounts.total:
            found = f"total {amounts.total}, free {amounts.free}"
            raise ConfigError(f"{where}.balance: {found}; a run starts without orders that could hold any, and no debt")
        seen.add(asset)
    for k, instrument in enumerate(account.instruments):
        where = f"{place}.instruments[{k}]"
        if instrument.instrument not in names:
            raise _unknown(f"{where}.instrument", instrument.instrument, one.mocked_exchange, names)
        if instrument.orders:
            raise ConfigError(f"{where}.orders has {len(instrument.orders)}; a run starts without orders")


def _unknown(place: str, name: object, exchange: str, known: set[str]) -> BarterBtError:
    like = nearest(str(name), known)
    return ConfigError(
        f"{place}: {name!r} is unknown at {exchange!r}; known: {', '.join(sorted(known)[:10])}",
        f"did you mean {like!r}?" if like else None,
    )
