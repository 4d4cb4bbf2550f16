"""The course of a sweep: sets are asked for, run where no row of them is kept, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.research.executors import Crew
from barter_bt.research.kept import KeptRows
from barter_bt.research.progress import Show
from barter_bt.research.runs import Runs


class Source(Protocol):
    """Where sets come from."""

    def ask(self) -> pl.DataFrame | None:
        """Some sets, at least one; None when there are no more."""

    def tell(self, values: Sequence[float | None]) -> None:
        """What they gave of the objective."""


@dataclass
class Course:
    """What has been run.

    Attributes
    ----------
    sets
        Those that were asked for.
    done
        A row for each run.
    partial
        Whether Ctrl-C has ended it.
    tried
        What the sets are known by, where rows are kept.
    trials
        How many different sets were tried, in the directory in which rows are kept, else here.
    """

    sets: pl.DataFrame
    done: pl.DataFrame
    partial: bool = False
    tried: list[str] = field(default_factory=list)
    trials: int = 0


def run_all(plan: Runs, source: Source, objective: str, crew: Crew, store: KeptRows | None, show: Show) -> Course:
    """Run every set that a source gives.

    Raises
    ------
    ConfigError
        All runs of its first sets have failed.
    """
    course = Course(plan.sets.clear(), pl.DataFrame(schema=plan.schema))
    parts: list[tuple[Runs, pl.DataFrame]] = []
    while not course.partial and (sets := source.ask()) is not None:
        part = plan if sets is plan.sets else plan.of(sets, course.sets.height)
        kept = None if store is None else _Kept(part, store)
        rows: list[pl.DataFrame] = []
        course.partial = _run(part, rows, kept, crew, show)
        done = (pl.concat(rows) if rows else course.done.clear()).sort("run")
        course.sets = pl.concat([course.sets, sets]) if parts else sets
        course.tried += [] if kept is None else kept.trials
        parts.append((part, done))
        _refuse_nothing(pl.concat(each for _, each in parts))
        if not course.partial:
            source.tell(_values(part, done, objective))
    course.done = pl.concat([_numbered(part, done, course.sets.height) for part, done in parts]).sort("run")
    course.trials = course.sets.height if store is None else store.trials(course.tried)
    return course


class _Kept:
    """Rows of a part of the plan in a directory."""

    def __init__(self, part: Runs, store: KeptRows) -> None:
        self._part, self._store = part, store
        self._keys = [part.key(number) for number in range(part.runs)]
        self.trials = [part.trial(number % part.sets.height) for number in range(part.runs)]

    def known(self) -> list[pl.DataFrame]:
        """Those that are there."""
        found = self._store.known(self._keys, self._part.asked)
        return [] if found is None else [found.select(list(self._part.schema))]

    def add(self, rows: pl.DataFrame) -> None:
        """Keep some."""
        self._store.add(rows, self._keys, self.trials, self._part.asked)

    def write(self) -> None:
        """Write what is not written yet."""
        self._store.write()


def _run(part: Runs, rows: list[pl.DataFrame], kept: _Kept | None, crew: Crew, show: Show) -> bool:
    """Add rows: those that are kept, and of what is run; True if Ctrl-C has ended that."""
    rows += [] if kept is None else kept.known()
    there = {number for each in rows for number in each["run"]}
    left = part.ordered([number for number in range(part.runs) if number not in there])
    for each in rows:
        show(each)
    if not left:
        return False
    try:
        size = min(part.at_once, -(-len(left) // crew.count))
        for each in crew.rows(part, [left[k : k + size] for k in range(0, len(left), size)]):
            rows.append(each)
            if kept:
                kept.add(each)
            show(each)
    except KeyboardInterrupt:
        return True
    finally:
        if kept:
            kept.write()
    return False


def _refuse_nothing(done: pl.DataFrame) -> None:
    """Where every run has failed, what the first has raised is the sweep's error."""
    if done.height and not done["error"].null_count():
        failed = "the only run failed" if done.height == 1 else f"all {done.height:,} runs failed, the first"
        raise ConfigError(f"{failed} with: {done['error'][0]}")


def _values(part: Runs, done: pl.DataFrame, objective: str) -> list[float | None]:
    """The objective of each set; with pieces of the time its mean over those of training."""
    height = part.sets.height
    trained = [number for number, piece in enumerate(part.pieces or [None]) if piece is None or piece.part == "train"]
    rows = done.filter((pl.col("run") // height).is_in(trained)).select(set=pl.col("run") % height, value=objective)
    found = rows.group_by("set", maintain_order=True).agg(pl.col("value").cast(pl.Float64).mean())
    values = dict(found.iter_rows())
    return [values.get(number) for number in range(height)]


def _numbered(part: Runs, done: pl.DataFrame, sets: int) -> pl.DataFrame:
    """Rows with the numbers that their runs have among those of all sets."""
    number, own = pl.col("run"), part.sets.height
    return done.with_columns(run=number // own * sets + number % own + part.first)
