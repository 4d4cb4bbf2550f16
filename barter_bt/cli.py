"""The command line: thin commands over the library. Heavy packages are imported by the command that needs them.

Exit codes: 0 success, 1 an error of this package, 2 bad input, 130 interrupted with Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from barter_bt.errors import BarterBtError, ConfigError

if TYPE_CHECKING:
    import polars as pl

    from barter_bt.statistic.summary import Summary

OK, INTERNAL_ERROR, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

AsJson = Annotated[bool, Parameter(name="--json", help="Print one JSON object.")]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"barter-bt {version('barter-bt')}"
    except PackageNotFoundError:
        return "barter-bt (not installed)"


app = App(
    name="barter-bt",
    help="Backtest trading strategies: one deterministic engine, market data columns in, trade tables out.",
    version=_version,
    default_parameter=Parameter(negative=()),
)
data = App(name="data", help="Look at market data.")
app.command(data)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv
        Words after the program's name; ``sys.argv[1:]`` by default.

    Examples
    --------
    >>> main(["--version"])  # doctest: +SKIP
    barter-bt 0.1.0
    0
    """
    try:
        command, bound, _ = app.parse_args(argv, exit_on_error=False, print_error=False)
        code = command(*bound.args, **bound.kwargs)
        sys.stdout.flush()
        return OK if code is None else int(code)
    except CycloptsError as error:
        print(f"error: {error}\nHint: barter-bt --help", file=sys.stderr)
        return BAD_INPUT
    except BarterBtError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception:
        import traceback

        traceback.print_exc()
        print("error: this is a fault of barter-bt, please report it with the lines above", file=sys.stderr)
        return INTERNAL_ERROR


@app.command
def backtest(
    config: Path,
    /,
    *,
    out: Path | None = None,
    json: AsJson = False,
    dry_run: bool = False,
    no_plot: bool = False,
    interpret: bool = False,
    quiet: bool = False,
) -> int:
    """Run the backtest that a file describes and save it as a run directory.

    Ctrl-C ends the run early; what there is by then is saved and marked as partial.

    Parameters
    ----------
    config
        Configuration in TOML; see `barter-bt schema`.
    out
        Run directory to write; an earlier run of that name is replaced.
    dry_run
        Check the configuration, open the data, load the strategy, and stop.
    no_plot
        Do not draw tearsheet.png.
    interpret
        Run without compiling, for a debugger; the result is the same.
    quiet
        No progress bar.
    """
    from barter_bt.backtest.config import load

    loaded = load(config)
    arguments, benchmark = loaded.build(), loaded.build_benchmark()
    if dry_run:
        _tell_plan(config, arguments, as_json=json)
        return OK
    if out is None:
        raise ConfigError("--out is missing", "name the run directory to write, such as --out runs/mine")
    if interpret:
        arguments["interpret"] = True
    from barter_bt.backtest import backtest as run
    from barter_bt.backtest import run_directory

    result = run(**arguments, progress=None if quiet else True)
    other = None
    if benchmark is not None and not result.partial:
        arguments.pop("record", None)
        other = run(**{**arguments, "strategy": benchmark})
    directory = run_directory.write(
        result, out, plot=not no_plot, benchmark=other, benchmark_name=loaded.benchmark_name
    )
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    _tell_saved(directory, as_json=json, paths=True)
    if result.partial:
        print("interrupted: the results are partial", file=sys.stderr)
    return INTERRUPTED if result.partial else OK


@app.command
def show(run: Path, /, *, json: AsJson = False) -> None:
    """Print the figures of a saved run.

    Parameters
    ----------
    run
        Run directory.
    """
    _tell_saved(run, as_json=json, paths=False)


@app.command
def compare(*runs: Path, json: AsJson = False) -> None:
    """Print the figures of saved runs side by side, and of a few how their returns and orders differ.

    Of two runs the first difference is told. Correlations and tests of the Sharpe ratios are given for two to six.

    Parameters
    ----------
    runs
        Run directories.
    """
    if not runs:
        raise ConfigError("there are no runs to compare", "barter-bt compare RUN_DIR RUN_DIR")
    from barter_bt.backtest.compare import SIDE_BY_SIDE
    from barter_bt.backtest.compare import compare as made

    comparison = made(runs)
    if json:
        _print_json(comparison.to_dict())
        return
    print(comparison)
    if 1 < len(runs) <= SIDE_BY_SIDE:
        _print_table("Correlation of returns", comparison.correlation, decimals=3)
        tests = comparison.sharpe_tests.rename({"p_value": "p", "sharpe_other": "sharpe of other"})
        _print_table("Sharpe ratios (Jobson-Korkie test, Memmel's correction)", tests, decimals=3)
    if len(runs) == 2:
        print(comparison.difference())


@app.command
def causality(config: Path, /, *, cuts: int = 5, interpret: bool = False, json: AsJson = False) -> int:
    """Look for decisions that used later data: run the backtest of a file again on data that ends earlier.

    The exit code is 2 if something changed before the end of the data. What this proves and what it does not stands
    in the documentation of `barter_bt.check_causality`.

    Parameters
    ----------
    config
        Configuration in TOML; see `barter-bt schema`.
    cuts
        At how many times to end the data.
    interpret
        Run without compiling.
    """
    from barter_bt.backtest import check_causality
    from barter_bt.backtest.config import load

    arguments = load(config).build()
    if interpret:
        arguments["interpret"] = True
    report = check_causality(**arguments, n=cuts)
    if json:
        _print_json(report.to_dict())
    else:
        print(report)
    return OK if report.ok else BAD_INPUT


@app.command
def schema() -> None:
    """Print the JSON schema of the configuration file."""
    from barter_bt.backtest.config import schema as make

    _print_json(make())


@app.command
def generate(
    kind: Literal["candles", "trades", "quotes"],
    /,
    *,
    rows: int,
    out: Path,
    seed: int | None = None,
) -> None:
    """Write market data of a seeded random walk.

    Parameters
    ----------
    kind
        What to make.
    rows
        How many.
    out
        File to write, ending in .parquet or .csv.
    seed
        Another walk than the usual one.
    """
    from barter_bt.data import generate as generators

    if rows < 1:
        raise ConfigError(f"--rows is {rows}; it must be at least 1")
    if out.suffix not in (".parquet", ".csv"):
        raise ConfigError(f"--out is {out}; it must end in .parquet or .csv")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"--out is {out}, but directory {out.parent} does not exist")
    frame = getattr(generators, kind)(rows, **({} if seed is None else {"seed": seed}))
    if out.suffix == ".csv":
        frame.write_csv(out)
    else:
        frame.write_parquet(out)
    print(f"{out}: {rows:,} {kind}")


@data.command
def check(
    path: Path,
    /,
    *,
    kind: Literal["candles", "trades", "quotes"],
    instrument: str | None = None,
    interval: str | None = None,
    time_zone: str | None = None,
    time_unit: Literal["ns", "us", "ms", "s"] | None = None,
    json: AsJson = False,
) -> int:
    """Check every row of a file of market data; the exit code is 2 if a run would refuse it.

    Parameters
    ----------
    path
        A .parquet, .csv or .csv.gz file.
    kind
        What its rows are.
    instrument
        Name of the only instrument, if there is no such column.
    interval
        Length of the candles, such as 1m.
    time_zone
        Zone of times that have none, such as UTC.
    time_unit
        What integer times count.
    """
    from dataclasses import asdict

    import barter_bt.data as room

    if not path.is_file():
        raise ConfigError(f"{path} does not exist")
    if interval is not None and kind != "candles":
        raise ConfigError(f"--interval is {interval}, but {kind} have no interval")
    options = {"instrument": instrument, "interval": interval, "time_zone": time_zone, "time_unit": time_unit}
    stream = getattr(room, kind)(path, **{name: value for name, value in options.items() if value is not None})
    report = room.check(stream)
    if json:
        _print_json({"path": str(path), **asdict(report)})
    else:
        print(report)
    return BAD_INPUT if report.errors else OK


def _tell_plan(config: Path, arguments: dict[str, Any], *, as_json: bool) -> None:
    plan = {
        "config": str(config),
        "instruments": [each.key for each in arguments["instruments"]],
        "streams": len(arguments["data"]),
        "strategy": type(arguments["strategy"]).__name__,
        "balances": arguments["balances"],
    }
    if as_json:
        _print_json(plan)
        return
    print(f"{config} is good:")
    for name, value in plan.items():
        print(f"  {name:<12}{', '.join(value) if isinstance(value, list) else value}")


def _tell_saved(directory: Path, *, as_json: bool, paths: bool) -> None:
    from barter_bt.backtest import run_directory
    from barter_bt.statistic.summary import side_by_side

    saved = run_directory.read(directory)
    manifest, other = saved.manifest, saved.benchmark
    if as_json:
        figures = {"summary": saved.figures.to_dict(), "summary_benchmark": other.to_dict() if other else None}
        _print_json({"directory": str(directory), **figures, **manifest})
        return
    columns: dict[str, Summary] = (
        {"strategy": saved.figures, manifest["benchmark"]: other} if other else {"": saved.figures}
    )
    print(f"Run {directory}{' (partial)' if manifest['partial'] else ''}, in {saved.reporting}")
    print(side_by_side(columns))
    print(f"  digest {saved.digest}")
    if paths:
        print("Wrote")
        for file in sorted(directory.iterdir()):
            print(f"  {_short(file)}")


def _short(path: Path) -> Path:
    """Make a path relative to where we are, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _print_table(title: str, frame: pl.DataFrame, *, decimals: int) -> None:
    """Print a frame as a table; null is a dash."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="", box=SIMPLE_HEAD)
    for name, kind in frame.schema.items():
        table.add_column(Text(name), justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        cells = ("-" if one is None else f"{one:,.{decimals}f}" if isinstance(one, float) else f"{one}" for one in row)
        table.add_row(*map(Text, cells))
    Console().print(table)


def _print_json(value: object) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


if __name__ == "__main__":
    sys.exit(main())
