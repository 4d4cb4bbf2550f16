"""Commands that run backtests."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barter_bt.cli.app import BAD_INPUT, INTERRUPTED, OK, AsJson, app
from barter_bt.cli.assignments import Assignments, parameters_of
from barter_bt.cli.printing import print_json, tell_saved
from barter_bt.cli.unread import tell_unread
from barter_bt.errors import BarterBtError, ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest import Result


@app.command
def backtest(
    config: Path,
    /,
    *,
    out: Path | None = None,
    set: Assignments | None = None,
    json: AsJson = False,
    dry_run: bool = False,
    no_plot: bool = False,
    candle_ranges: bool = False,
    interpret: bool = False,
    quiet: bool = False,
) -> int:
    """Run the backtest that a file describes and save it as a run directory.

    Ctrl-C, or a strategy that raises, ends the run early; what there is by then is saved and marked as partial.

    Parameters
    ----------
    config
        Configuration in TOML; see `barter-bt schema`.
    out
        Run directory to write; an earlier run of that name is replaced.
    set
        A parameter of the strategy in place of the file's, such as fast=5. May be repeated.
    dry_run
        Check the configuration, open the data, hold one against the other, load the strategy, and stop.
    no_plot
        Do not draw tearsheet.png.
    candle_ranges
        Run each candle_path as well, and tell between what every figure lies, as the key run.candle_ranges does.
    interpret
        Run without compiling, for a debugger; the result is the same.
    quiet
        No progress bar.
    """
    from barter_bt.backtest import Simulation
    from barter_bt.backtest.config import load

    loaded = load(config)
    arguments, benchmark = loaded.build(parameters_of(set or [])), loaded.build_benchmark()
    if dry_run:
        Simulation(
            **{name: value for name, value in arguments.items() if name != "strategy"}
        )  # refuses what does not fit
        _tell_plan(config, arguments, as_json=json)
        return OK
    if out is None:
        raise ConfigError("--out is missing", "name the run directory to write, such as --out runs/mine")
    if interpret:
        arguments["interpret"] = True
    from barter_bt.backtest import Spill, run_directory

    run_directory.refuse_foreign(out)  # before the run, not behind it
    from barter_bt.backtest import backtest as run

    # Journals that have no room in memory go to the disk on which the run directory will be.
    arguments["spill"] = Spill(next(folder for folder in out.absolute().parents if folder.is_dir()))
    try:
        result = run(**arguments, progress=None if quiet else True)
    except BarterBtError as error:
        if error.result is not None:
            _save_what_was_done(error, error.result, out)
        raise
    other = None
    if benchmark is not None and not result.partial:
        arguments.pop("record", None)
        other = run(**{**arguments, "strategy": benchmark})
    ranges = None
    if (candle_ranges or loaded.candle_ranges) and not result.partial:
        from barter_bt.backtest import compare_candle_paths

        fresh = {"strategy": loaded.strategies()(parameters_of(set or [])), "audit": "off", "record": None}
        ranges = compare_candle_paths(**{**arguments, **fresh}).ranges
    directory = run_directory.write(
        result, out, plot=not no_plot, benchmark=other, benchmark_name=loaded.benchmark_name, ranges=ranges
    )
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    tell_saved(directory, as_json=json, paths=True)
    if result.partial:
        print("interrupted: the results are partial, without a benchmark and ranges", file=sys.stderr)
    return INTERRUPTED if result.partial else OK


def _save_what_was_done(error: BarterBtError, result: Result, out: Path) -> None:
    """Save a run that an error ended, and show where a strategy raised."""
    from barter_bt.backtest import run_directory

    directory = run_directory.write(result, out, plot=False)
    if error.__cause__ is not None:
        print("".join(traceback.format_exception(error.__cause__)), end="", file=sys.stderr)
    print(f"the results until then are in {directory}, marked as partial", file=sys.stderr)


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

    loaded = load(config)
    tell_unread(loaded, "causality")
    arguments = loaded.build()
    if interpret:
        arguments["interpret"] = True
    report = check_causality(**arguments, n=cuts)
    if json:
        print_json(report.to_dict())
    else:
        print(report)
    return OK if report.ok else BAD_INPUT


@app.command
def schema() -> None:
    """Print the JSON schema of the configuration file."""
    from barter_bt.backtest.config import schema as make

    print_json(make())


def _tell_plan(config: Path, arguments: dict[str, Any], *, as_json: bool) -> None:
    plan = {
        "config": str(config),
        "instruments": [each.key for each in arguments["instruments"]],
        "streams": len(arguments["data"]),
        "strategy": type(arguments["strategy"]).__name__,
        "balances": arguments["balances"],
    }
    if as_json:
        print_json(plan)
        return
    print(f"{config} is good:")
    for name, value in plan.items():
        print(f"  {name:<12}{', '.join(value) if isinstance(value, list) else value}")


@app.command
def warm() -> None:
    """Compile the engine now, after an installation, so that no run has to wait for it."""
    from barter_bt.backtest.warm import linked
    from barter_bt.columns.cache import cache_directory
    from barter_bt.system.rows import compiled_rows

    linked()
    compiled_rows()
    print(f"the engine is compiled; kept in {cache_directory()}")
