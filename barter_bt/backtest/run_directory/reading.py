"""A run read back from its directory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from barter_bt.backtest.analysis import Analysis
from barter_bt.backtest.prices import PARTS, SCHEMA
from barter_bt.errors import ConfigError, nearest
from barter_bt.statistic.summary import Summary

FORMAT: Final = "barter_bt run 1"
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
            The run has no such table.
        """
        path = self.directory / f"{table}.parquet"
        if not path.is_file():
            there = sorted(each.stem for each in self.directory.glob("*.parquet"))
            guess = nearest(table, there)
            raise ConfigError(
                f"run {self.directory} has no table {table!r}; it has {', '.join(there)}",
                f"did you mean {guess!r}?" if guess else None,
            )
        return pl.scan_parquet(path)

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
    def balances(self) -> pl.DataFrame:
        """Every change of a balance."""
        return self.scan("balances").collect()

    @cached_property
    def equity(self) -> pl.DataFrame:
        """Marks of the account."""
        return self.scan("equity").collect()

    def prices(self) -> pl.DataFrame:
        """Some market prices of what was traded, as many as pictures need: ``time``, ``instrument``, ``price``."""
        if not (self.directory / "prices.parquet").is_file():
            return pl.DataFrame(schema=SCHEMA)
        return self.scan("prices").select(*SCHEMA).collect()

    @cached_property
    def prices_spacing_ns(self) -> int:
        """Nanoseconds of the parts of which :meth:`prices` has four prices each; 0 where it has all."""
        if not (self.directory / "prices.parquet").is_file():
            return 0
        some = self.scan("prices").filter("thinned").select("time").collect()["time"].to_physical()
        return (int(some.max()) - int(some.min())) // PARTS if len(some) else 0  # type: ignore[arg-type] # ints

    @cached_property
    def benchmark_equity(self) -> pl.DataFrame | None:
        """Equity of the benchmark, if the run was saved with one."""
        return self.scan("benchmark").collect() if self.benchmark else None

    def report(self, path: str | Path, **options: Any) -> Path:
        """One self-contained HTML page, with what the manifest says: see :func:`barter_bt.report.page.write_page`."""
        own: dict[str, Any] = {"title": self.directory.resolve().name, "manifest": self.manifest}
        own |= {"benchmark": self.benchmark_equity, "benchmark_name": self.manifest.get("benchmark") or "benchmark"}
        return super().report(path, **(own | options))

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
    """Open a run directory.

    Raises
    ------
    ConfigError
        There is no such directory, or it is not a run.
    """
    path = Path(directory)
    if not path.is_dir():
        raise ConfigError(f"run directory {path} does not exist")
    if not is_run(path):
        raise ConfigError(
            f"{path} is not a run directory: it has no manifest.json of format {FORMAT!r}",
            "run directories are written by `barter-bt backtest` and `result.save`",
        )

    def load(name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((path / name).read_text("utf-8"))
        return content

    other = Summary.from_dict(load("benchmark.json")) if (path / "benchmark.json").is_file() else None
    return SavedRun(path, load("manifest.json"), Summary.from_dict(load("summary.json")), other)


def is_run(path: Path) -> bool:
    """Tell whether a directory holds a run."""
    try:
        manifest = json.loads((path / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT
