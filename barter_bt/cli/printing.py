"""How commands print: figures, tables, JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from barter_bt.statistic.summary import Summary


def tell_saved(directory: Path, *, as_json: bool, paths: bool, every: bool = False) -> None:
    """Print a saved run's figures, beside its benchmark's; ``paths`` lists its files."""
    from barter_bt.backtest import run_directory
    from barter_bt.statistic.in_force import told

    saved = run_directory.read(directory)
    manifest, other = saved.manifest, saved.benchmark
    if as_json:
        ranges = None if saved.ranges is None else saved.ranges.to_dicts()
        figures = {"summary": saved.figures.to_dict(), "summary_benchmark": other.to_dict() if other else None}
        print_json({"directory": str(directory), **figures, "ranges": ranges, **manifest})
        return
    columns: dict[str, Summary] = (
        {"strategy": saved.figures, manifest["benchmark"]: other} if other else {"": saved.figures}
    )
    print(f"Run {directory}{' (partial)' if manifest['partial'] else ''}, in {saved.reporting}")
    print_figures(columns, every=every)
    if saved.ranges is not None:
        print_ranges(saved.ranges, every=every)
    for line in told(saved.terms):
        print(f"  {line}")
    print(f"  digest {saved.digest}")
    if not paths:  # whoever has just run it was told
        for warning in saved.warnings:
            print(f"  warning: {warning}")
        return
    print("Wrote")
    for file in sorted(directory.iterdir()):
        print(f"  {_short(file)}")


def _short(path: Path) -> Path:
    """Make a path relative to where we are, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def print_figures(summaries: Mapping[str, Summary], *, every: bool) -> None:
    """Print summaries side by side; losses are coloured where the terminal has colours."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from barter_bt.statistic.figure import show
    from barter_bt.statistic.figures import FIGURES

    first = next(iter(summaries.values()))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(summaries))
    table.add_column("")
    for name in summaries:
        table.add_column(Text(name), justify="right")
    section = ""
    for name, figure in FIGURES.items():
        values = [one[name] for one in summaries.values()]
        if not (figure.key or every) or all(value is None for value in values):
            continue
        if figure.section != section:
            section = figure.section
            table.add_row(Text(section, style="bold"))
        styles = ["red" if isinstance(value, float) and value < 0 else "" for value in values]
        cells = [Text(show(value, figure.unit), style=style) for value, style in zip(values, styles, strict=True)]
        table.add_row(Text(f"  {first.label(name)}"), *cells)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)


def print_ranges(ranges: pl.DataFrame, *, every: bool) -> None:
    """Print between what figures lie on all paths of candles, of those that depend on it."""
    import polars as pl

    from barter_bt.statistic.ranges import shown_ranges

    if rows := shown_ranges(ranges, every=every):
        names = ("figure", "low", "path", "high", "path of high")
        print_table("On all paths of candles", pl.DataFrame(rows, schema=names, orient="row"), decimals=0)
    else:
        print(
            "  no figure depends on the path of candles" if every else "  none of these depends on the path of candles"
        )


def print_table(title: str, frame: pl.DataFrame, *, decimals: int) -> None:
    """Print a frame as a table; null is a dash, times are in UTC; ``decimals`` are the most that a column has."""
    from polars import selectors
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="", box=SIMPLE_HEAD)
    for name, kind in frame.schema.items():
        table.add_column(Text(name), justify="right" if kind.is_numeric() else "left", overflow="fold")
    frame = frame.with_columns(selectors.datetime().dt.strftime("%Y-%m-%d %H:%M:%S%.f"))
    shown = [_decimals(column, decimals) if column.dtype.is_float() else decimals for column in frame]
    for row in frame.iter_rows():
        cells = (
            "-" if one is None else f"{one:,.{places}f}" if isinstance(one, float) else f"{one}"
            for one, places in zip(row, shown, strict=True)
        )
        table.add_row(*map(Text, cells))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _decimals(column: pl.Series, most: int) -> int:
    """How many decimals show all that a column's numbers have, up to the most."""
    return max((len(f"{one:.{most}f}".partition(".")[2].rstrip("0")) for one in column.drop_nulls()), default=0)


def print_json(value: object) -> None:
    """Print one JSON document."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
