"""From checked sections to the arguments of ``backtest``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from barter_bt.backtest.config.check import check, refuse
from barter_bt.backtest.config.flows import flows_of
from barter_bt.backtest.config.objects import Loader, builtin
from barter_bt.backtest.config.place import Place
from barter_bt.backtest.config.sections import File, ObjectSection, given
from barter_bt.backtest.config.streams import stream_of
from barter_bt.backtest.config.venues import venues_of
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest.commands import Commands


@dataclass(frozen=True)
class Config:
    """A checked configuration file."""

    path: Path
    file: File

    @property
    def _place(self) -> Place:
        return Place(self.path)

    def build(self, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make the keyword arguments of ``barter_bt.backtest.backtest``: streams, instruments, strategy, ...

        Parameters
        ----------
        parameters
            Of the strategy, in place of the file's.

        Raises
        ------
        BarterBtError
            As :meth:`build_market`; or the strategy cannot be loaded.
        """
        return self.build_market() | {"strategy": self.strategies()(parameters or {})}

    def build_market(self) -> dict[str, Any]:
        """Make those of ``Simulation``: all but the strategy.

        Raises
        ------
        BarterBtError
            A file is missing, or a value is out of its range.
        """
        from barter_bt.instrument.instrument import Instrument

        instruments = [
            self._place.make(f"instruments[{number}]", Instrument, given(each))
            for number, each in enumerate(self.file.instruments)
        ]
        names = [each.name for each in self.file.instruments]
        arguments: dict[str, Any] = {
            "data": [stream_of(self._place, number, each, names) for number, each in enumerate(self.file.data)],
            "instruments": instruments,
            "balances": dict(self.file.balances),
            "venues": venues_of(self._place, self.file.venues, {each.exchange for each in instruments}),
        }
        if self.file.risk is not UNSET:
            arguments["risk"] = self._object("risk", self.file.risk)
        if self.file.units:
            arguments["units"] = dict(self.file.units)
        if self.file.rates:
            arguments["rates"] = {pair: self._rate(pair, rate) for pair, rate in self.file.rates.items()}
        if self.file.record is not UNSET:
            arguments["record"] = self.file.record
        if self.file.commands:
            arguments["commands"] = self._commands()
        if self.file.cash_flows:
            arguments["cash_flows"] = [
                flows_of(self._place, number, each) for number, each in enumerate(self.file.cash_flows)
            ]
        if self.file.sessions:
            arguments["sessions"] = self._sessions()
        options = given(self.file.run)
        options.pop("candle_ranges", None)  # it is of more runs than this one
        for key in ("start", "end"):
            if key in options:
                options[key] = self._place.instant(f"run.{key}", options[key])
        return arguments | options

    def strategies(self) -> Callable[[Mapping[str, Any]], Any]:
        """Find the strategy's class or function; give a function that makes it, with parameters in place of the file's.

        Raises
        ------
        BarterBtError
            The strategy cannot be loaded.
        """
        section = self.file.strategy
        known = builtin("strategy") if section.name is not UNSET else {}
        return Loader(self.path).factory("strategy", section, known)

    def _commands(self) -> Commands:
        import polars as pl

        from barter_bt.backtest.commands import Commands

        rows = [given(each) for each in self.file.commands]
        for number, row in enumerate(rows):
            for key in ("time", "good_till", "good_after"):
                if key in row:
                    row[key] = self._place.instant(f"commands[{number}].{key}", row[key])
        types = {"quantity": pl.Float64, "price": pl.Float64}
        frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=types)
        commands: Commands = self._place.make("commands", Commands, {"frame": frame})
        return commands

    def _rate(self, pair: str, rate: Any) -> Any:
        """A rate as it is, or the file that has rates by time."""
        if not isinstance(rate, str) or not rate.endswith((".csv", ".parquet")):
            return rate
        return self._place.existing(f"rates.{pair}", rate)

    def _sessions(self) -> Any:
        """Names of calendars as they are, and sessions of files."""
        from barter_bt import data

        def read(key: str, told: str) -> Any:
            if not told.endswith((".csv", ".parquet")):
                return told
            return self._place.make(key, data.sessions, {"source": self._place.existing(key, told)})

        told = self.file.sessions
        if isinstance(told, str):
            return read("sessions", told)
        return {name: read(f"sessions.{name}", one) for name, one in told.items()}

    def build_benchmark(self) -> Any:
        """Make the strategy of section ``[benchmark]``; None without one."""
        return None if self.file.benchmark is UNSET else self._object("benchmark", self.file.benchmark)

    @property
    def candle_ranges(self) -> bool:
        """Whether the range of every figure over all paths of candles is asked for."""
        return self.file.run.candle_ranges is True

    @property
    def benchmark_name(self) -> str:
        """What to call the strategy of section ``[benchmark]``: its name, or that of its object."""
        section = self.file.benchmark
        if section is UNSET:
            return "benchmark"
        name = section.name if section.name is not UNSET else str(section.object).rpartition(":")[2]
        return name.replace("_", " ")

    def _object(self, key: str, section: ObjectSection) -> Any:
        known = builtin("risk" if key == "risk" else "strategy") if section.name is not UNSET else {}
        return Loader(self.path).load(key, section, known)


def load(path: str | Path) -> Config:
    """Read and check a configuration file; no data is opened and no strategy imported yet.

    Raises
    ------
    ConfigError
        The file is missing or not TOML, a key is unknown or missing, or a value has the wrong type.
    """
    place = Path(path)
    try:
        raw = _texts(tomllib.loads(place.read_text("utf-8")))
    except OSError as error:
        raise ConfigError(f"configuration {place} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {place} is not TOML: {error}") from error
    check(raw, File, "", place)
    try:
        return Config(place, msgspec.convert(raw, File))
    except msgspec.ValidationError as error:
        refuse(error, str(error).partition(" - at `$.")[2].rstrip("`"), place)


def _texts(value: Any) -> Any:
    """Replace TOML's dates and times by their text, which is what the schema says."""
    if isinstance(value, dict):
        return {key: _texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
