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
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from barter_bt.errors import ConfigError, DataError
from barter_bt.instrument import IndexedInstruments, Instrument
from barter_bt.protocol import from_dict
from barter_bt.protocol.document import parse
from barter_bt.system.convert import (
    check_account,
    fee_rate,
    internal_names,
    known_at_exchanges,
    to_instrument,
    to_venue,
)
from barter_bt.system.document import BacktestDocument, ExecutionConfig, SystemDocument
from barter_bt.venue.terms import Venue

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
    Latency(request_ns=50000000, response_ns=51000000, feed_ns=0, seed=0)
    """

    document: SystemDocument
    risk_free_return: Decimal = Decimal(0)
    root: str = "$"

    def __post_init__(self) -> None:
        known = known_at_exchanges(IndexedInstruments(self.instruments()).instruments)
        exchanges: set[str] = set()
        for place, execution in self._executions():
            if execution.mocked_exchange in exchanges:
                raise ConfigError(f"{place}: {execution.mocked_exchange!r} is given twice", "one execution each")
            exchanges.add(execution.mocked_exchange)
            if execution.mocked_exchange not in known:
                raise ConfigError(f"{place}: no instrument is traded at {execution.mocked_exchange!r}")
            check_account(execution, f"{place}.initial_state", *known[execution.mocked_exchange])
            fee_rate(execution, place)

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
        names = internal_names(self.document.instruments)
        return [
            to_instrument(one, name, f"{self.root}.instruments[{k}]")
            for k, (one, name) in enumerate(zip(self.document.instruments, names, strict=True))
        ]

    def venues(self) -> dict[str, Venue]:
        """Terms of each simulated exchange."""
        return {one.mocked_exchange: to_venue(one, place) for place, one in self._executions()}

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
        return found + [
            f"{self.root}.executions has none for {name!r}: it deals without fees, latency and balances"
            for name in sorted(without)
        ]

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
