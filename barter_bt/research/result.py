"""What a sweep has found: a row for each set of parameters, and what can be asked of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.errors import ConfigError, nearest
from barter_bt.files import replacing
from barter_bt.report.canvas import Look
from barter_bt.research.neighbours import around, stability
from barter_bt.research.pictures import plot_heatmap, plot_parallel
from barter_bt.research.ranking import ranked
from barter_bt.research.returns import block_sums_of, returns_of
from barter_bt.research.sampled import SUMS
from barter_bt.research.sets import is_whole
from barter_bt.research.stitched import chosen, run_stitched
from barter_bt.statistic.interval import ACTUAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from barter_bt.backtest import Result
    from barter_bt.research.overfitting import BlockSums
    from barter_bt.research.runs import Runs

RESERVED = (
    *("run", "set", "piece", "fold", "part", "start", "end"),
    *("digest", "way", "warnings", "error", "key", "trial", SUMS),
)
"""Columns of a sweep that are neither parameters nor figures."""
_ABOUT = "barter_bt"
_SHOWN = ("total_return", "max_drawdown", "trades")


@dataclass
class Sweep:
    """A finished sweep, or one that Ctrl-C has ended; made by :func:`~barter_bt.research.sweep`.

    Attributes
    ----------
    sets
        The sets of parameters that were asked for.
    done
        ``run``, the number of each run: by the rows of sets, those of the first piece of the time, then those of the
        next; its figures, its ``digest`` (of whole runs), ``way`` (``"one_pass"`` or ``"run"``), ``warnings`` and
        ``error``.
    objective
        The figure that sets are ranked by.
    pieces
        With folds: ``fold``, ``part``, ``start`` and ``end`` of each piece of the time.
    trials
        How many different runs were tried, in all sweeps of its directory: how many chances luck had.
    notes
        What a user should know.
    seconds
        How long it took.
    partial
        Whether sets are missing.
    interval
        What figures such as the Sharpe ratio are stated for: ``"actual"`` and ``"annual_365"`` for a year.
    """

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

    def returns(
        self, sampling: str | None = None, *, sets: pl.DataFrame | None = None, at_once: int = 64
    ) -> Iterator[pl.DataFrame]:
        """Returns of sets over all the time, computed as they are asked for: never of more than some sets at a time.

        ``pl.concat(found.returns("1d"), how="align")`` has all of them in memory; those of a few are
        ``found.returns("1d", sets=found.ranked().head(5))``.

        Parameters
        ----------
        sampling
            Returns are those between the ends of these intervals, for example "1d"; by default as for the figures.
        sets
            A frame with a column for each parameter and a row for each set; by default all whose runs have not failed.
        at_once
            So many sets are in one frame, the last but fewer.

        Yields
        ------
        polars.DataFrame
            ``time``, at which a return ends, and a column for each set, named by its number in the frame: returns as
            float64; null where the equity before was not above 0.

        Raises
        ------
        ConfigError
            The sweep was read from a file, or has not such a set.
        """
        if not is_whole(at_once, 1):
            raise ConfigError(f"at_once is {at_once!r}; it must be a whole number from 1")
        if sets is None:
            failed = self.done.filter(pl.col("error").is_not_null())["run"] % self.sets.height
            numbers = sorted(set(range(self.sets.height)) - set(failed))
        else:
            numbers = [self._number(row) for row in self._listed(sets).iter_rows(named=True)]
        return returns_of(self._plan(), numbers, sampling, at_once)

    @cached_property
    def block_sums(self) -> BlockSums:
        """Sums of the returns of each set by block, which ``blocks=`` of the sweep has kept; names are sets' numbers.

        Sets without returns are left out; ``notes`` says how many there are.

        Raises
        ------
        ConfigError
            None were kept.
        DataError
            Fewer than two sets have any, or they are of different times.
        """
        return block_sums_of(self.done)

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

    def compare(self, other: Sweep) -> pl.DataFrame:
        """Sets that both have: the figures of both, those of the other with ``_other``."""
        shared = [name for name in self.parameters if name in other.parameters]
        if set(self.parameters) != set(other.parameters) or (self.pieces is None) != (other.pieces is None):
            raise ConfigError(f"parameters are {self.parameters} and {other.parameters}; sets cannot be told alike")
        figures = [name for name in self.figures if name in other.figures]
        keys = shared if self.pieces is None else [*shared, "fold", "part", "start"]
        theirs = other.frame.select(*keys, *figures)
        return self.frame.select(*keys, *figures).join(theirs, on=keys, suffix="_other", maintain_order="left")

    def heatmap(
        self,
        x: str | None = None,
        y: str | None = None,
        objective: str | None = None,
        *,
        ax: Axes | None = None,
        style: Look = "light",
    ) -> Axes:
        """Draw the objective over two parameters, by default the first two that vary."""
        vary = [name for name in self.parameters if self.sets[name].n_unique() > 1]
        free = [name for name in vary if name not in (x, y)] + self.parameters
        x = x or free.pop(0)
        y = y or next((name for name in free if name != x), x)
        return plot_heatmap(self.by_set, x, y, self._figure(objective), interval=self.interval, ax=ax, style=style)

    def parallel_coordinates(
        self, objective: str | None = None, *, ax: Axes | None = None, style: Look = "light"
    ) -> Axes:
        """Draw each set as a line from parameter to parameter, coloured by the objective."""
        figure = self._figure(objective)
        return plot_parallel(self.by_set, self.parameters, figure, interval=self.interval, ax=ax, style=style)

    def report(self, path: str | Path, **options: Any) -> Path:
        """One page about the sweep, with equity curves: see :func:`barter_bt.research.page.write_sweep_page`."""
        from barter_bt.research.page import write_sweep_page

        return write_sweep_page(self, path, **options)

    def save(self, path: str | Path) -> Path:
        """Write the frame as Parquet, with what else is known of the sweep in the file's metadata."""
        about = {"parameters": self.parameters, "objective": self.objective, "trials": self.trials}
        about |= {"notes": self.notes, "seconds": self.seconds, "partial": self.partial, "interval": self.interval}
        sums = self.done.select(name for name in (SUMS,) if name in self.done.columns)
        with replacing(path) as file:
            self.frame.hstack(sums).write_parquet(file, metadata={_ABOUT: json.dumps(about)})
        return Path(path)

    @classmethod
    def read(cls, path: str | Path) -> Sweep:
        """Read what :meth:`save` has written.

        Raises
        ------
        ConfigError
            The file is none of a sweep.
        """
        try:
            frame, about = pl.read_parquet(path), json.loads(pl.read_parquet_metadata(path)[_ABOUT])
        except (pl.exceptions.PolarsError, OSError, KeyError, ValueError) as error:
            why = "it says nothing of one" if isinstance(error, KeyError) else error
            raise ConfigError(f"{path} is no file of a sweep: {why}", "a file that Sweep.save has written") from error
        names: Sequence[str] = about.pop("parameters")
        own = [name for name in ("fold", "part", "start", "end") if name in frame.columns]
        # What was not run is not known any more: numbers are those of the sets and pieces that are there.
        sets = frame.select("set", *names).unique(maintain_order=True).with_row_index("new")
        pieces = frame.select(own).unique(maintain_order=True).with_row_index("piece") if own else None
        number = frame.select("set").join(sets, on="set", maintain_order="left")["new"].cast(pl.Int64)
        if pieces is not None:
            number += (
                frame.select(own).join(pieces, on=own, maintain_order="left")["piece"].cast(pl.Int64) * sets.height
            )
        done = frame.select(number.alias("run"), pl.exclude("set", *own, *names))
        return cls(sets.select(names), done, pieces=pieces, **about)

    def _listed(self, sets: pl.DataFrame) -> pl.DataFrame:
        missing = [name for name in self.parameters if name not in sets.columns]
        if missing:
            raise ConfigError(f"sets have no column {missing[0]!r}; they have {', '.join(sets.columns)}")
        return sets.select(self.parameters)

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
