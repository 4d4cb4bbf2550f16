"""What came of the sets of a sweep: a row for each, their ranking, and the run of any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.errors import ConfigError, nearest
from barter_bt.research.neighbours import around, stability
from barter_bt.research.ranking import ranked
from barter_bt.research.sampled import SUMS
from barter_bt.research.stitched import chosen, run_stitched
from barter_bt.statistic.interval import ACTUAL

if TYPE_CHECKING:
    from barter_bt.backtest import Result
    from barter_bt.research.runs import Runs

RESERVED = (
    *("run", "set", "piece", "fold", "part", "start", "end"),
    *("digest", "way", "warnings", "error", "key", "trial", SUMS),
)
"""Columns of a sweep that are neither parameters nor figures."""
_SHOWN = ("total_return", "max_drawdown", "trades")


@dataclass
class Outcome:
    """The fields of :class:`~barter_bt.research.Sweep`, and what can be asked of its sets."""

    sets: pl.DataFrame
    done: pl.DataFrame
    objective: str
    trials: int
    pieces: pl.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    partial: bool = False
    interval: str = ACTUAL
    plan: Runs | None = field(default=None, repr=False)

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return self.sets.columns

    @property
    def figures(self) -> list[str]:
        """Names of the figures."""
        return [name for name in self.done.columns if name not in RESERVED]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row for each run: ``set``, those of its piece of the time, parameters, figures, and the rest."""
        number, count = pl.col("run"), self.sets.height
        rows = self.done.with_columns(set=number % count, piece=(number // count).cast(pl.UInt32))
        sets = self.sets.with_row_index("set").with_columns(pl.col("set").cast(pl.Int64))
        rows = sets.join(rows, on="set", how="right", maintain_order="right")
        pieces = [] if self.pieces is None else [name for name in self.pieces.columns if name != "piece"]
        if self.pieces is not None:
            rows = rows.join(self.pieces, on="piece", maintain_order="left")
        return rows.select("set", *pieces, *self.parameters, *self.figures, "digest", "way", "warnings", "error")

    @cached_property
    def by_set(self) -> pl.DataFrame:
        """A row for each set: without folds the frame; with them the means of figures over the spans of training."""
        if self.pieces is None:
            return self.frame
        trained = self.frame.filter(pl.col("part") == "train")
        means = trained.group_by("set", *self.parameters, maintain_order=True).agg(pl.col(self.figures).mean())
        return means.sort("set")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of parameters and figures: the same whoever has run the sets, and however many at a time."""
        return hashlib.sha256(self.frame.drop("digest", "way", "warnings", "error").write_csv().encode()).hexdigest()

    def best(self, objective: str | None = None) -> dict[str, Any]:
        """Parameters of the best set; of equal ones the first.

        Raises
        ------
        ConfigError
            No set has a value of the objective.
        """
        return self.ranked(objective).select(self.parameters).row(0, named=True)

    def ranked(self, objective: str | None = None) -> pl.DataFrame:
        """Sets with the best first, without those that have no value; with folds by the means over training."""
        chosen = self._figure(objective)
        rows = ranked(self.by_set, chosen)
        if not rows.height:
            raise ConfigError(
                f"no set has a value of {chosen!r}: it is not defined in any run",
                f"summary().why({chosen!r}) of one run says why; growth of less than a day is not stated for a year, "
                "and 'total_return' needs none",
            )
        return rows

    def run(self, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run one set as a whole and over all the time, by default the best: its tables, digest and warnings."""
        number = self._number(self.best() if parameters is None else parameters)
        return self._plan().whole_of(number).run(self._plan().signals_of(number))

    def chosen(self, objective: str | None = None) -> pl.DataFrame:
        """Of each fold the set that was best in training, and what became of it in the tests.

        A row for each test: ``fold``, ``set``, the objective's mean in training (with ``_train``), and the test's row.
        """
        if self.pieces is None:
            raise ConfigError("the sweep has no folds", "folds=research.walk_forward(start, end, train=..., test=...)")
        return chosen(self.frame, self.parameters, self._figure(objective))

    def stitched(self, objective: str | None = None) -> Result:
        """One run over all tests: in each the signals of the set that was best in its fold's training (rule 86).

        Cash and positions are carried over from one test to the next.

        Raises
        ------
        BarterBtError
            Tests overlap, or strategies are none of Signals.
        """
        tests = self.chosen(objective)
        made = [(row["start"], row["end"], self._plan().signals_of(row["set"])) for row in tests.rows(named=True)]
        return run_stitched(self._plan().whole_of(int(tests["set"][0])), made)

    def neighbours(self, parameters: Mapping[str, Any] | None = None, *, reach: int = 1) -> pl.DataFrame:
        """Rows at most ``reach`` steps of the grid away along each parameter, nearest first; by default of the best.

        ``distance`` says how many steps in all; the set itself has 0.
        """
        wanted = self.best() if parameters is None else dict(parameters)
        row = self.by_set["set"].index_of(self._number(wanted))
        if row is None:
            raise ConfigError(f"set {wanted} was not run")
        near = around(self.by_set.select(self.parameters), row, reach)
        rows = self.by_set.select(pl.all().gather(near[:, 0])).with_columns(distance=pl.Series(near[:, 1]))
        return rows.sort("distance", maintain_order=True)

    def stability(self, objective: str | None = None, *, reach: int = 1) -> pl.DataFrame:
        """Parameters, objective, and what the objective is among the neighbours: a plateau or a spike.

        See :func:`barter_bt.research.neighbours.stability`.
        """
        name = self._figure(objective)
        own = self.by_set.select("set", *self.parameters, name)
        return pl.concat([own, stability(own.select(self.parameters), own[name], reach)], how="horizontal")

    def _plan(self) -> Runs:
        if self.plan is None:
            raise ConfigError("a sweep that was read from a file has no strategy", "simulation.run(strategy(**best))")
        return self.plan

    def _figure(self, name: str | None) -> str:
        chosen = name or self.objective
        if chosen not in self.figures:
            like = nearest(chosen, self.figures)
            raise ConfigError(
                f"the sweep has no figure {chosen!r}; it has {', '.join(self.figures)}",
                f"did you mean {like!r}?" if like else "name it in figures=",
            )
        return chosen

    def _number(self, parameters: Mapping[str, Any]) -> int:
        found = [k for k, row in enumerate(self.sets.rows(named=True)) if row == dict(parameters)]
        if not found:
            raise ConfigError(f"the sweep has no set {dict(parameters)!r}", f"each has {', '.join(self.parameters)}")
        return found[0]

    def __repr__(self) -> str:
        runs = self.sets.height * (1 if self.pieces is None else self.pieces.height)
        of = "" if self.done.height == runs else f" of {runs:,}"
        head = f"Sweep of {self.sets.height:,} sets in {self.done.height:,}{of} runs, {self.trials:,} trials"
        figures = [self.objective, *(name for name in _SHOWN if name in self.figures and name != self.objective)]
        shown = ranked(self.by_set, self.objective).head(5).select(*self.parameters, *figures)
        with pl.Config(tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            return "\n".join([head, *(f"  {note}" for note in self.notes), str(shown)])
