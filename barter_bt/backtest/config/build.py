"""From checked sections to the arguments of ``backtest``."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from msgspec import UNSET

from barter_bt.backtest.config.check import check, refuse
from barter_bt.backtest.config.objects import Loader, builtin
from barter_bt.backtest.config.sections import (
    CashFlowsSection,
    DataSection,
    File,
    LatencySection,
    ObjectSection,
    Section,
    VenueSection,
    given,
)
from barter_bt.errors import BarterBtError, ConfigError

if TYPE_CHECKING:
    from polars import DataFrame

    from barter_bt.backtest.commands import Commands
    from barter_bt.data.flows import CashFlows
    from barter_bt.data.stream import Stream
    from barter_bt.venue.terms import Latency, Venue


@dataclass(frozen=True)
class Config:
    """A checked configuration file."""

    path: Path
    file: File

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
            self._make(f"instruments[{number}]", Instrument, given(each))
            for number, each in enumerate(self.file.instruments)
        ]
        arguments: dict[str, Any] = {
            "data": [self._stream(number, each) for number, each in enumerate(self.file.data)],
            "instruments": instruments,
            "balances": dict(self.file.balances),
            "venues": self._venues({each.exchange for each in instruments}),
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
            arguments["cash_flows"] = [self._flows(number, each) for number, each in enumerate(self.file.cash_flows)]
        if self.file.sessions:
            arguments["sessions"] = self._sessions()
        options = given(self.file.run)
        options.pop("candle_ranges", None)  # it is of more runs than this one
        for key in ("start", "end"):
            if key in options:
                options[key] = self._instant(f"run.{key}", options[key])
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
                    row[key] = self._instant(f"commands[{number}].{key}", row[key])
        types = {"quantity": pl.Float64, "price": pl.Float64}
        frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=types)
        commands: Commands = self._make("commands", Commands, {"frame": frame})
        return commands

    def _flows(self, number: int, section: CashFlowsSection) -> CashFlows:
        from barter_bt import data

        key, options = f"cash_flows[{number}]", given(section)
        kind, file = options.pop("kind"), options.pop("path", None)
        if kind == "interest":
            if file is not None:
                self._fail(f"{key}.path", "interest has no file", "it has an asset or an instrument, and rates")
            for name in {"start", "end"} & options.keys():
                options[name] = self._instant(f"{key}.{name}", options[name])
            interest: CashFlows = self._make(key, data.interest, options)
            return interest
        if file is not None and ("://" in file or (self.path.parent / file).is_dir()):
            return self._flows_of_catalog(key, kind, file if "://" in file else self.path.parent / file, options)
        if options:
            self._fail(f"{key}.{min(options)}", f"{kind} has a file that says all", "this key is one of interest")
        if file is None:
            self._fail(f"{key}.path", f"{kind} needs a file", "write path = ...")
        path = self._existing(f"{key}.path", file)
        dated = {"funding": data.funding, "dividend": data.dividends, "split": data.splits} | {
            "deposit": data.deposits,
            "margin": data.margin_transfers,
            "settlement": data.settlement_prices,
            "assignment": data.assignments,
            "cash": data.cash_flows,
        }
        flows: CashFlows = self._make(key, dated[kind], {"source": path})
        return flows

    def _flows_of_catalog(self, key: str, kind: str, path: Path | str, options: dict[str, Any]) -> CashFlows:
        """What happens to an instrument, or to all, in a catalog."""
        from barter_bt import data

        kinds = {"funding": "funding", "dividend": "dividends", "split": "splits", "settlement": "settlement_prices"}
        if kind not in kinds:
            self._fail(f"{key}.path", f"a catalog holds no {kind}", f"it holds {', '.join(kinds)}; {kind} needs a file")
        for name in options.keys() - {"instrument", "exchange"}:
            self._fail(f"{key}.{name}", f"it has no effect on {kind} of a catalog", "this key is one of interest")
        flows: CashFlows = self._make(key, getattr(data.Catalog(path), kinds[kind]), options)
        return flows

    def _rate(self, pair: str, rate: Any) -> Any:
        """A rate as it is, or the file that has rates by time."""
        if not isinstance(rate, str) or not rate.endswith((".csv", ".parquet")):
            return rate
        return self._existing(f"rates.{pair}", rate)

    def _sessions(self) -> Any:
        """Names of calendars as they are, and sessions of files."""
        from barter_bt import data

        def read(key: str, told: str) -> Any:
            if not told.endswith((".csv", ".parquet")):
                return told
            return self._make(key, data.sessions, {"source": self._existing(key, told)})

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

    def _stream(self, number: int, section: DataSection) -> Stream:
        from barter_bt import data

        key, options = f"data[{number}]", given(section)
        kind, files = options.pop("kind"), options.pop("path")
        names = [each.name for each in self.file.instruments]
        if section.instrument is not UNSET and section.instrument not in names:
            Loader(self.path).unknown(f"{key}.instrument", section.instrument, names)
        if kind != "candles" and "interval" in options:
            self._fail(f"{key}.interval", f"{kind} have no interval", "leave it out, or set kind to candles")
        if isinstance(files, str) and "://" in files:
            return self._of_catalog(key, kind, files, options)
        paths = [self.path.parent / each for each in ([files] if isinstance(files, str) else files)]
        if len(paths) == 1 and paths[0].is_dir():
            return self._of_catalog(key, kind, paths[0], options)
        if "exchange" in options:
            self._fail(f"{key}.exchange", "it chooses in a catalog, and the path is none", "leave it out")
        for path in paths:
            if not path.is_file():
                self._fail(f"{key}.path", f"{path} does not exist", "paths are relative to the configuration file")
        if "repair" in options:
            known = list(inspect.signature(data.Repair).parameters)
            for name in options["repair"]:
                if name not in known:
                    Loader(self.path).unknown(f"{key}.repair.{name}", name, known)
            options["repair"] = self._make(f"{key}.repair", data.Repair, options["repair"])
        changes, source = options.pop("symbol_changes", None), paths[0] if len(paths) == 1 else paths
        rows = source if changes is None else self._renamed(key, source, changes, options)
        stream: Stream = self._make(key, getattr(data, kind), options, rows)
        return stream

    def _renamed(self, key: str, source: Path | list[Path], changes: str, options: Mapping[str, Any]) -> DataFrame:
        """The rows of files by the last symbol of each, in memory."""
        from barter_bt import data
        from barter_bt.data.source import open_source

        ours = {mine: theirs for theirs, mine in options.get("columns", {}).items()}
        named = {"time": ours.get("time_exchange", "time_exchange"), "instrument": ours.get("instrument", "instrument")}
        rows = open_source(source).lazy().collect()
        changed = self._existing(f"{key}.symbol_changes", changes)
        renamed: DataFrame = self._make(key, data.rename_symbols, named, rows, changed)
        return renamed.drop("symbol")

    def _of_catalog(self, key: str, kind: str, path: Path | str, options: dict[str, Any]) -> Stream:
        """Rows of an instrument in a catalog, which were read and mended when they were imported."""
        from barter_bt import data
        from barter_bt.data.schema import BOOKS

        if "instrument" not in options:
            self._fail(f"{key}.instrument", "it is needed: a catalog has many", 'instrument = "btc_usdt"')
        taken = {"instrument", "exchange"} | ({"seen_by", "adjusted"} if kind not in BOOKS else set())
        for name in options.keys() - taken:
            self._fail(f"{key}.{name}", "it has no effect on rows of a catalog", "it is said when files are imported")
        stream: Stream = self._make(key, getattr(data.Catalog(path), kind), options)
        return stream

    def _venues(self, exchanges: set[str]) -> dict[str, Venue]:
        from barter_bt.venue.terms import Venue

        for name in self.file.venues:
            if name not in exchanges:
                Loader(self.path).unknown(f"venues.{name}", name, sorted(exchanges))
        return {
            name: self._venue(f"venues.{name}", self.file.venues[name]) if name in self.file.venues else Venue()
            for name in sorted(exchanges)
        }

    def _venue(self, key: str, section: VenueSection) -> Venue:
        from barter_bt.venue import costs, margins, terms
        from barter_bt.venue.faults import Faults

        values = given(section)
        if section.latency is not UNSET:
            values["latency"] = self._latency(f"{key}.latency", section.latency)
        if section.faults is not UNSET:
            values["faults"] = self._make(f"{key}.faults", Faults, given(section.faults))
        if section.max_age is not UNSET:
            values["max_age_ns"] = self._duration(f"{key}.max_age", values.pop("max_age"))
        kinds: dict[str, Callable[..., Any]] = {
            "fees": costs.Fees,
            "margin": margins.Margin,
            "slippage": costs.Slippage,
        }
        for part, kind in kinds.items():
            if part in values:
                values[part] = self._terms(f"{key}.{part}", kind, values[part])
            every = f"{part}_by_instrument"
            if every in values:
                values[every] = {
                    name: self._terms(f"{key}.{every}.{name}", kind, each) for name, each in values[every].items()
                }
        venue: Venue = self._make(key, terms.Venue, values)
        return venue

    def _latency(self, key: str, section: LatencySection) -> Latency:
        """Delays as they are told, or as files have them."""
        from barter_bt.venue.terms import Latency

        told = given(section)
        files, refused = told.pop("hftbacktest", None), told.pop("leave_out_refused", None)
        seed = {"seed": told.pop("seed")} if "seed" in told else {}
        delays = {
            f"{part}_ns": given(delay) if isinstance(delay, Section) else self._duration(f"{key}.{part}", delay)
            for part, delay in told.items()
        }
        latency: Latency
        if files is None:
            if refused is not None:
                self._fail(f"{key}.leave_out_refused", "it has no effect", "it is said of the files of hftbacktest")
            latency = self._make(key, Latency, delays | seed)
            return latency
        for name in (*seed, *(part for part in told if part != "feed")):
            self._fail(f"{key}.{name}", "the files of hftbacktest say it", "leave one of the two out")
        paths = [self._existing(f"{key}.hftbacktest", each) for each in ([files] if isinstance(files, str) else files)]
        options = delays if refused is None else delays | {"leave_out_refused": refused}
        latency = self._make(key, Latency.from_hftbacktest, options, *paths)
        return latency

    def _terms(self, key: str, kind: Callable[..., Any], section: Section | str) -> Any:
        """Fees and the like; what stands in a section of its own in them is made first."""
        from barter_bt.venue.tiers import FeeTiers

        if isinstance(section, str):
            return section  # a rate, or the name of a preset
        values = _all_given(section)
        if isinstance(tiers := values.get("tiers"), Section):
            values["tiers"] = self._make(f"{key}.tiers", FeeTiers, given(tiers))
        return self._make(key, kind, values)

    def _object(self, key: str, section: ObjectSection) -> Any:
        known = builtin("risk" if key == "risk" else "strategy") if section.name is not UNSET else {}
        return Loader(self.path).make(key, section, known)

    def _existing(self, key: str, file: str) -> Path:
        """A file beside the configuration's own."""
        path = self.path.parent / file
        if not path.is_file():
            self._fail(key, f"{path} does not exist", "paths are relative to the configuration file")
        return path

    def _make(self, key: str, kind: Callable[..., Any], values: Mapping[str, Any], *first: object) -> Any:
        """Call ``kind``, and put the file and key in front of what it complains about."""
        try:
            return kind(*first, **values)
        except BarterBtError as error:
            raise type(error)(f"{self.path}: {key}: {error.message}", error.hint) from error

    def _duration(self, key: str, value: str | int) -> int:
        from barter_bt.data.duration import duration_ns

        return duration_ns(value, f"{self.path}: {key}")

    def _instant(self, key: str, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._fail(key, f"{text!r} is not a time", "write 2024-01-01T00:00:00Z")
        if moment.tzinfo is None:
            self._fail(key, f"{text!r} has no time zone", "write 2024-01-01T00:00:00Z, or +01:00 instead of Z")
        return moment

    def _fail(self, key: str, message: str, hint: str) -> NoReturn:
        raise ConfigError(f"{self.path}: {key}: {message}", hint)


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


def _all_given(section: Section) -> dict[str, Any]:
    """The keys of a section, and of the sections that it lists."""
    return {
        name: [given(each) for each in value] if isinstance(value, list) else value
        for name, value in given(section).items()
    }


def _texts(value: Any) -> Any:
    """Replace TOML's dates and times by their text, which is what the schema says."""
    if isinstance(value, dict):
        return {key: _texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
