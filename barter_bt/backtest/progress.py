"""A progress bar for long runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(wanted: bool | Callable[[int, int], None] | None) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function of rows done and rows in all; None where no progress is wanted."""
    if callable(wanted):
        yield wanted
        return
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("backtest"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("backtest", total=None)
        yield lambda done, rows: bar.update(task, completed=done, total=rows)
