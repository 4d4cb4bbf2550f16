"""Writing a run as a directory, whole or not at all."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from barter_bt.backtest.run_directory.manifest import FORMAT, is_run, seal
from barter_bt.backtest.run_directory.reading import TABLES
from barter_bt.errors import ConfigError, EngineError
from barter_bt.files import clean, flush, put_directory, temporary, write_parquet
from barter_bt.statistic.summary import summarise
from barter_bt.statistic.tables import Tables

_SELDOM = ("cash_flows", "splits", "amends", "sessions")  # tables that are written where they have rows


class Run(Tables, Protocol):
    """What is saved of a run: its tables and everything that describes it."""

    @property
    def record(self) -> pl.DataFrame | None:
        """Recorded state columns, if any were asked for."""

    @property
    def audit(self) -> pl.DataFrame | None:
        """What the engine did, if an audit was kept."""

    @property
    def cash_flows(self) -> pl.DataFrame:
        """Money that no order moved."""

    @property
    def splits(self) -> pl.DataFrame:
        """Splits, and what positions became by them."""

    @property
    def sessions(self) -> pl.DataFrame:
        """Trading sessions that were given."""

    @property
    def amends(self) -> pl.DataFrame:
        """Requests to change orders."""

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of tables outside the digest."""

    @property
    def timings(self) -> Mapping[str, float]:
        """Seconds spent in each part."""

    @property
    def warnings(self) -> list[str]:
        """What the user should know about this run."""

    @property
    def partial(self) -> bool:
        """Whether the run was interrupted before its data ended."""

    @property
    def seed(self) -> int:
        """Seed of every random choice."""

    @property
    def version(self) -> str:
        """Version of this package that made the run."""


def write(
    result: Run,
    directory: str | Path,
    *,
    partial: bool = False,
    plot: bool = False,
    benchmark: Tables | None = None,
    benchmark_name: str = "benchmark",
    ranges: pl.DataFrame | None = None,
) -> Path:
    """Save a run as a directory, whole or not at all.

    Parameters
    ----------
    result
        The run.
    directory
        Where to: missing, empty, or an earlier run, which is replaced as a whole.
    partial
        Mark the run as interrupted, also where ``result.partial`` is false.
    plot
        Draw ``tearsheet.png`` as well.
    benchmark
        Another run to compare with: its equity is saved as ``benchmark.parquet`` and drawn in the picture,
        its figures are saved as ``benchmark.json``.
    benchmark_name
        What the picture and the manifest call it.
    ranges
        Between what each figure lies on other paths of candles, as
        :attr:`barter_bt.backtest.compare.Comparison.ranges` says: saved as ``ranges.parquet``.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    ConfigError
        The directory exists and is not a run, or is a file.
    EngineError
        A file could not be written (disk full, no permission); nothing is left behind.
    """
    target = Path(directory).resolve()
    refuse_foreign(target)
    others = {} if benchmark is None else {benchmark_name: benchmark}
    files = _files(result, plot=plot, others=others) | _of_paths(ranges)
    manifest = _manifest(result, partial=partial, benchmark=next(iter(others), None))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary(target, directory=True) as written:
            for name, save in files.items():
                save(written / name)
                flush(written / name)
            _json(seal(manifest, [written / name for name in files]))(written / "manifest.json")
            flush(written / "manifest.json")
            flush(written)
            put_directory(written, target)
        clean(target)
    except (OSError, EngineError) as error:
        raise EngineError(f"run directory {target} could not be written and is left as it was: {error}") from error
    return target


def _files(result: Run, *, plot: bool, others: Mapping[str, Tables]) -> dict[str, Callable[[Path], object]]:
    """List the files of a run and how each is written, but for the manifest, which makes it a run."""
    title, other = next(iter(others.items()), ("", None))
    curve = None if other is None else other.equity
    tables = {name: getattr(result, name) for name in TABLES} | {"record": result.record, "audit": result.audit}
    tables["benchmark"] = curve
    tables |= {name: frame for name in _SELDOM if (frame := getattr(result, name)).height}
    if hasattr(result, "prices_to_draw"):
        tables["prices"] = result.prices_to_draw()
    tables["round_trips"] = getattr(result, "round_trips", None)
    files: dict[str, Callable[[Path], object]] = {
        f"{name}.parquet": _parquet(frame) for name, frame in tables.items() if frame is not None
    }
    files["summary.json"] = _json(summarise(result, benchmark=curve).to_dict())
    if other is not None:
        files["benchmark.json"] = _json(summarise(other).to_dict())
    files["warnings.txt"] = _text("".join(f"{line}\n" for line in result.warnings))
    if plot:
        from barter_bt.report import tearsheet

        files["tearsheet.png"] = lambda path: tearsheet.plot(result, path, curve, benchmark_name=title)
    return files


def _of_paths(ranges: pl.DataFrame | None) -> dict[str, Callable[[Path], object]]:
    return {} if ranges is None else {"ranges.parquet": _parquet(ranges)}


def _manifest(result: Run, *, partial: bool, benchmark: str | None) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        "digest": result.digest,
        "digests": dict(result.digests),
        "version": result.version,
        "seed": result.seed,
        "partial": partial or result.partial,
        "reporting": result.reporting,
        "benchmark": benchmark,
        "data": getattr(result, "data", None) or result.config.get("data"),
        "instruments": result.config.get("instruments"),
        "config": {name: value for name, value in result.config.items() if name not in ("data", "instruments")},
        "rows": {name: getattr(result, name).height for name in TABLES},
        "timings": dict(result.timings),
        "warnings": list(result.warnings),
        "software": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("numpy", "polars", "numba")},
        },
    }
    plain: dict[str, Any] = _plain(manifest)
    return plain


def refuse_foreign(target: Path) -> None:
    """Refuse to write a run where something else is.

    Raises
    ------
    ConfigError
        It is a file, or a directory with other things in it.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise ConfigError(f"{target} is a file; a run is a directory", "choose another name")
    if any(target.iterdir()) and not is_run(target):
        raise ConfigError(
            f"{target} exists and is not a run directory, so it is not replaced", "choose another name, or empty it"
        )


def _parquet(frame: pl.DataFrame) -> Callable[[Path], object]:
    return lambda path: write_parquet(frame, path)


def _json(value: object) -> Callable[[Path], object]:
    return _text(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Turn what a configuration may hold into what JSON has; anything else becomes its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, "utf-8", newline="\n")
