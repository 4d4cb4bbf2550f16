"""A run read back from its directory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from barter_bt.backtest.analysis import Analysis
from barter_bt.backtest.journal import NO_AMENDS, NO_FLOWS, NO_SPLITS
from barter_bt.backtest.prices import SCHEMA, DrawnPrices
from barter_bt.backtest.run_directory.manifest import check, load
from barter_bt.errors import ConfigError, nearest
from barter_bt.files import set_aside
from barter_bt.statistic.sessions import NO_SESSIONS
from barter_bt.statistic.summary import Summary

TABLES: Final = ("orders", "trades", "positions", "balances", "equity")


@dataclass(frozen=True)
class SavedRun(Analysis):
    """A run read back from its directory; tables are read when first used.

    It has the same tables as the run that was saved, and can be asked the same: see
    :class:`~barter_bt.backtest.analysis.Analysis`.

    Attributes
    ----------
    directory, manifest
        Where it is, and what stands in ``manifest.json``.
    figures
        The figures in ``summary.json``.
    benchmark
        Those of the benchmark, if there is one.
    """

    directory: Path
    manifest: dict[str, Any]
    figures: Summary
    benchmark: Summary | None = None

    def summary(self, **options: Any) -> Summary:
        """The saved figures; computed again from the tables if there are options."""
        return super().summary(**options) if options else self.figures

    def scan(self, table: str) -> pl.LazyFrame:
        """Open one table without reading it: ``orders``, ``trades``, ``positions``, ``balances``, ``equity``, ...

        Raises
        ------
        ConfigError
            The run has no such table, or it is not the one that was written with the manifest.
        """
        name, files = f"{table}.parquet", self.manifest["files"]
        if name not in files:
            there = sorted(each.removesuffix(".parquet") for each in files if each.endswith(".parquet"))
            guess = nearest(str(table), there)
            raise ConfigError(
                f"run {self.directory} has no table {table!r}; it has {', '.join(there)}",
                f"did you mean {guess!r}?" if guess else None,
            )
        if name not in self._checked:
            self._checked.append(check(self.directory, name, self.manifest).name)
        return pl.scan_parquet(self.directory / name, glob=False)

    @property
    def warnings(self) -> list[str]:
        """What the run warned of: see :attr:`barter_bt.Result.warnings`."""
        return list(self.manifest["warnings"])

    @cached_property
    def _checked(self) -> list[str]:
        """Files that were held against the manifest."""
        return []

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Every order."""
        return self.scan("orders").collect()

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Own fills."""
        return self.scan("trades").collect()

    @cached_property
    def positions(self) -> pl.DataFrame:
        """Closed positions."""
        return self.scan("positions").collect()

    @cached_property
    def round_trips(self) -> pl.DataFrame:
        """Positions from entry to exit, as they were saved: see :attr:`barter_bt.Result.round_trips`."""
        return self.scan("round_trips").collect()

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Every change of a balance."""
        return self.scan("balances").collect()

    @cached_property
    def cash_flows(self) -> pl.DataFrame:
        """Money that no order moved."""
        if "cash_flows.parquet" not in self.manifest["files"]:
            return pl.DataFrame(schema=NO_FLOWS)
        return self.scan("cash_flows").collect()

    @cached_property
    def splits(self) -> pl.DataFrame:
        """Splits, and what positions became by them."""
        if "splits.parquet" not in self.manifest["files"]:
            return pl.DataFrame(schema=NO_SPLITS)
        return self.scan("splits").collect()

    @cached_property
    def sessions(self) -> pl.DataFrame:
        """Trading sessions that were given: see :attr:`barter_bt.Result.sessions`."""
        if "sessions.parquet" not in self.manifest["files"]:
            return pl.DataFrame(schema=NO_SESSIONS)
        return self.scan("sessions").collect()

    @cached_property
    def amends(self) -> pl.DataFrame:
        """Requests to change orders."""
        if "amends.parquet" not in self.manifest["files"]:
            return pl.DataFrame(schema=NO_AMENDS)
        return self.scan("amends").collect()

    @cached_property
    def equity(self) -> pl.DataFrame:
        """Marks of the account."""
        return self.scan("equity").collect()

    def prices(self) -> pl.DataFrame:
        """Some market prices of what was traded, as many as pictures need: ``time``, ``instrument``, ``price``."""
        if "prices.parquet" not in self.manifest["files"]:
            return pl.DataFrame(schema=SCHEMA)
        return self.scan("prices").select(*SCHEMA).collect()

    @cached_property
    def prices_spacing_ns(self) -> int:
        """Nanoseconds of the parts of which :meth:`prices` has four prices each; 0 where it has all."""
        if "prices.parquet" not in self.manifest["files"]:
            return 0
        return DrawnPrices(self.scan("prices").collect()).spacing_ns

    @cached_property
    def benchmark_equity(self) -> pl.DataFrame | None:
        """Equity of the benchmark, if the run was saved with one."""
        return self.scan("benchmark").collect() if self.benchmark else None

    @cached_property
    def ranges(self) -> pl.DataFrame | None:
        """Between what each figure lies on other paths of candles, if the run was saved with that."""
        return self.scan("ranges").collect() if "ranges.parquet" in self.manifest["files"] else None

    def report(self, path: str | Path, **options: Any) -> Path:
        """One self-contained HTML page, with what the manifest says: see :func:`barter_bt.report.page.write_page`."""
        own: dict[str, Any] = {"title": self.directory.resolve().name, "manifest": self.manifest}
        own |= {"benchmark": self.benchmark_equity, "benchmark_name": self.manifest.get("benchmark") or "benchmark"}
        return super().report(path, **(own | {"ranges": self.ranges} | options))

    @property
    def strategies(self) -> list[str]:
        """Ids of the strategies."""
        return [str(name) for name in self.orders["strategy"].unique().sort()] or [self.directory.resolve().name]

    @property
    def config(self) -> dict[str, Any]:
        """What was run."""
        named = {name: self.manifest[name] for name in ("data", "instruments") if self.manifest.get(name) is not None}
        return {**self.manifest["config"], **named}

    @property
    def reporting(self) -> str:
        """The asset that equity is measured in."""
        return str(self.manifest["reporting"])

    @property
    def digest(self) -> str:
        """SHA-256 over orders, trades, positions and balances."""
        return str(self.manifest["digest"])


def read(directory: str | Path) -> SavedRun:
    """Open a run directory. Tables are held against the manifest's checksums when they are first read.

    Where a killed process left the run aside in the middle of replacing it, the run is read there.

    Raises
    ------
    ConfigError
        There is no such directory, it is not a run, or one of its files is missing, cut or changed.
    """
    given = Path(directory)
    path = given if given.is_dir() else set_aside(given.absolute())
    if path is None:
        raise ConfigError(f"run directory {given} does not exist")
    manifest = load(path)

    def figures(name: str) -> Summary:
        return Summary.from_dict(json.loads(check(path, name, manifest).read_text("utf-8")))

    other = figures("benchmark.json") if "benchmark.json" in manifest["files"] else None
    return SavedRun(path, manifest, figures("summary.json"), other)
