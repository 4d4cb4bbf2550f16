"""How far a sweep is: sets done, rate, time left, and the best so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl

from barter_bt.research.ranking import ranked

Show = Callable[[pl.DataFrame], None]


@contextmanager
def showing(wanted: bool | Callable[[int, int], None] | None, sets: int, objective: str) -> Iterator[Show]:
    """Give a function of rows that were done."""
    done = [0]

    def count(rows: pl.DataFrame) -> None:
        done[0] += rows.height
        if callable(wanted):
            wanted(done[0], sets)

    if callable(wanted) or not wanted:
        yield count
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        *(TextColumn("sweep"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")),
        *(TimeRemainingColumn(), TextColumn("{task.fields[best]}")),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sweep", total=sets, rate="", best="")
        best: list[pl.DataFrame] = []

        def show(rows: pl.DataFrame) -> None:
            count(rows)
            best[:] = [ranked(pl.concat([*best, rows.select(objective)]), objective).head(1)]
            speed, found = bar.tasks[0].speed, best[0][objective].to_list()
            text = f"best {objective} {found[0]:.4g}" if found else ""
            bar.update(task, completed=done[0], rate=f"{speed:,.0f}/s" if speed else "", best=text)

        yield show
