"""How commands print: figures, tables, JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from barter_bt.statistic.summary import Summary


def tell_saved(directory: Path, *, as_json: bool, paths: bool, every: bool = False) -> None:
    """Print a saved run's figures, beside its benchmark's; ``paths`` lists its files."""
    from barter_bt.backtest import run_directory
    from barter_bt.statistic.summary import side_by_side

    saved = run_directory.read(directory)
    manifest, other = saved.manifest, saved.benchmark
    if as_json:
        figures = {"summary": saved.figures.to_dict(), "summary_benchmark": other.to_dict() if other else None}
        print_json({"directory": str(directory), **figures, **manifest})
        return
    columns: dict[str, Summary] = (
        {"strategy": saved.figures, manifest["benchmark"]: other} if other else {"": saved.figures}
    )
    print(f"Run {directory}{' (partial)' if manifest['partial'] else ''}, in {saved.reporting}")
    print(side_by_side(columns, every=every))
    print(f"  digest {saved.digest}")
    if paths:
        print("Wrote")
        for file in sorted(directory.iterdir()):
            print(f"  {_short(file)}")


def _short(path: Path) -> Path:
    """Make a path relative to where we are, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def print_table(title: str, frame: pl.DataFrame, *, decimals: int) -> None:
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


def print_json(value: object) -> None:
    """Print one JSON document."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
