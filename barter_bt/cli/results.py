"""Commands about finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from barter_bt.cli.app import AsJson, app
from barter_bt.cli.printing import print_json, print_table, tell_saved
from barter_bt.errors import ConfigError


@app.command
def show(
    run: Path,
    /,
    *,
    all_figures: Annotated[bool, Parameter("--all")] = False,
    sessions: bool = False,
    json: AsJson = False,
) -> None:
    """Print the figures of a saved run, or what it made in each trading session.

    Parameters
    ----------
    run
        Run directory.
    all_figures
        Every figure, not only those that are read first.
    sessions
        The account at the close of each session in place of figures.
    """
    if sessions:
        _print_sessions(run, as_json=json)
        return
    tell_saved(run, as_json=json, paths=False, every=all_figures)


def _print_sessions(run: Path, *, as_json: bool) -> None:
    import polars as pl

    from barter_bt.backtest.run_directory import read

    table = read(run).by_session()
    if as_json:
        print_json(table.with_columns(pl.col("date", "open", "close").cast(pl.String)).to_dicts())
    else:
        print_table("Sessions", table, decimals=6)


@app.command
def explain(figure: str | None = None, /, *, json: AsJson = False) -> None:
    """Say what a figure means: its formula, unit and source; without a name, of all.

    Parameters
    ----------
    figure
        Name of a figure, such as sharpe.
    """
    from barter_bt.statistic import Summary

    table = Summary("money").explain(figure).select("figure", "unit", "formula", "source")
    if json:
        print_json(table.to_dicts())
    else:
        print_table("Figures", table, decimals=3)


@app.command
def report(
    run: Path,
    /,
    *,
    out: Path | None = None,
    png: Path | None = None,
    style: Literal["light", "dark"] = "light",
    window: int | None = None,
    sampling: str | None = None,
    interval: str = "actual",
    risk_free: float = 0.0,
    time_zone: str | None = None,
    json: AsJson = False,
) -> None:
    """Make a page about a saved run: one HTML file that needs no network and no other file.

    Parameters
    ----------
    run
        Run directory.
    out
        The page to write, such as report.html.
    png
        A picture to write as well or instead: the full tear sheet.
    style
        Colours.
    window
        Returns in the window of the rolling Sharpe ratio; 63 if the run is long enough.
    sampling
        Length between samples of equity, such as 1d or 4h, or session; chosen by the run's length if missing.
    interval
        What figures are stated for: actual, annual_252, annual_365, daily, or a length such as 30d.
    risk_free
        Rate of return without risk, per year, a fraction.
    time_zone
        Whose days, weeks and months, such as America/New_York; that of the data if missing.
    """
    from barter_bt.backtest.run_directory import read

    if out is None and png is None and not json:
        raise ConfigError("there is nothing to write", "name a page, --out report.html, a picture, --png, or --json")
    if png is not None and png.suffix not in (".png", ".svg", ".pdf", ".jpg"):
        raise ConfigError(f"--png is {png}; it must end in .png, .svg, .pdf or .jpg")
    saved = read(run)
    options: dict[str, Any] = {"sampling": sampling, "interval": interval, "risk_free": risk_free}
    options["time_zone"] = time_zone
    if out is not None:
        saved.report(out, style=style, window=window, **options)
    if png is not None:
        from barter_bt.report.tearsheet import plot_tear_sheet

        called: dict[str, Any] = {
            "name": run.resolve().name,
            "benchmark_name": saved.manifest.get("benchmark") or "benchmark",
        }
        plot_tear_sheet(saved, png, saved.benchmark_equity, style=style, window=window, **called, **options)
    if json:
        from barter_bt.report.page import facts

        print_json(facts(saved, benchmark=saved.benchmark_equity, ranges=saved.ranges, **options))
        return
    for path in (out, png):
        if path is not None:
            print(path)


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
        print_json(comparison.to_dict())
        return
    print(comparison)
    if 1 < len(runs) <= SIDE_BY_SIDE:
        print_table("Correlation of returns", comparison.correlation, decimals=3)
        tests = comparison.sharpe_tests.rename({"p_value": "p", "sharpe_other": "sharpe of other"})
        print_table("Sharpe ratios (Jobson-Korkie test, Memmel's correction)", tests, decimals=3)
    if len(runs) == 2:
        print(comparison.difference())
