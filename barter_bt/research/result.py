"""What a sweep has found: a row for each set of parameters, and what can be asked of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from barter_bt.backtest import Result
    from barter_bt.research.plan import Plan

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
        Number of each set that was run, its figures, its ``digest`` (of sets that were run as a whole), ``way``
        (``"one_pass"`` or ``"run"``), ``warnings`` and ``error``.
    objective
        The figure that sets are ranked by.
    trials
        How many different runs were tried, in all sweeps of its directory: how many chances luck had.
    notes
        What a user should know.
    seconds
        How long it took.
    partial
        Whether sets are missing.
    """

    sets: pl.DataFrame
    done: pl.DataFrame
    objective: str
    trials: int
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    partial: bool = False
    plan: Plan | None = field(default=None, repr=False)

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return self.sets.columns

    @property
    def figures(self) -> list[str]:
        """Names of the figures."""
        return [name for name in self.done.columns if name not in ("set", "digest", "way", "warnings", "error")]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row for each set that was run: ``set``, its parameters, its figures, and the rest of ``done``."""
        numbered = self.sets.with_row_index("set").with_columns(pl.col("set").cast(pl.Int64))
        return numbered.join(self.done, on="set", how="inner", maintain_order="left")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of parameters and figures: the same whoever has run the sets, and however many at a time."""
        return hashlib.sha256(self.frame.select(*self.parameters, *self.figures).write_csv().encode()).hexdigest()

    def best(self, objective: str | None = None) -> dict[str, Any]:
        """Parameters of the best set; of equal ones the first.

        Raises
        ------
        ConfigError
            No set has a value of the objective.
        """
        return self.ranked(objective).select(self.parameters).row(0, named=True)

    def ranked(self, objective: str | None = None) -> pl.DataFrame:
        """The frame with the best set first, without those that have no value."""
        chosen = self._figure(objective)
        rows = ranked(self.frame, chosen)
        if not rows.height:
            raise ConfigError(f"no set has a value of {chosen!r}: it is not defined in any run")
        return rows

    def run(self, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run one set as a whole, by default the best: its tables, digest and warnings."""
        if self.plan is None:
            raise ConfigError("a sweep that was read from a file has no strategy", "simulation.run(strategy(**best))")
        number = self._number(self.best() if parameters is None else parameters)
        return self.plan.simulation_of(number).run(self.plan.strategy_of(number))

    def neighbours(self, parameters: Mapping[str, Any] | None = None, *, reach: int = 1) -> pl.DataFrame:
        """Rows at most ``reach`` steps of the grid away along each parameter, nearest first; by default of the best.

        ``distance`` says how many steps in all; the set itself has 0.
        """
        wanted = self.best() if parameters is None else dict(parameters)
        row = self.frame["set"].index_of(self._number(wanted))
        if row is None:
            raise ConfigError(f"set {wanted} was not run")
        near = around(self.frame.select(self.parameters), row, reach)
        rows = self.frame.select(pl.all().gather(near[:, 0])).with_columns(distance=pl.Series(near[:, 1]))
        return rows.sort("distance", maintain_order=True)

    def stability(self, objective: str | None = None, *, reach: int = 1) -> pl.DataFrame:
        """Parameters, objective, and what the objective is among the neighbours: a plateau or a spike.

        See :func:`barter_bt.research.neighbours.stability`.
        """
        chosen = self._figure(objective)
        own = self.frame.select("set", *self.parameters, chosen)
        return pl.concat([own, stability(own.select(self.parameters), own[chosen], reach)], how="horizontal")

    def compare(self, other: Sweep) -> pl.DataFrame:
        """Sets that both have: the figures of both, those of the other with ``_other``."""
        shared = [name for name in self.parameters if name in other.parameters]
        if set(self.parameters) != set(other.parameters):
            raise ConfigError(f"parameters are {self.parameters} and {other.parameters}; sets cannot be told alike")
        figures = [name for name in self.figures if name in other.figures]
        theirs = other.frame.select(*shared, *figures)
        return self.frame.select(*shared, *figures).join(theirs, on=shared, suffix="_other", maintain_order="left")

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
        vary = [name for name in self.parameters if self.frame[name].n_unique() > 1]
        free = [name for name in vary if name not in (x, y)] + self.parameters
        x = x or free.pop(0)
        y = y or next((name for name in free if name != x), x)
        return plot_heatmap(self.frame, x, y, self._figure(objective), ax=ax, style=style)

    def parallel_coordinates(
        self, objective: str | None = None, *, ax: Axes | None = None, style: Look = "light"
    ) -> Axes:
        """Draw each set as a line from parameter to parameter, coloured by the objective."""
        return plot_parallel(self.frame, self.parameters, self._figure(objective), ax=ax, style=style)

    def save(self, path: str | Path) -> Path:
        """Write the frame as Parquet, with what else is known of the sweep in the file's metadata."""
        about = {"parameters": self.parameters, "objective": self.objective, "trials": self.trials}
        about |= {"notes": self.notes, "seconds": self.seconds, "partial": self.partial}
        with replacing(path) as file:
            self.frame.write_parquet(file, metadata={_ABOUT: json.dumps(about)})
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
            raise ConfigError(f"{path} is no file of a sweep: {error}", "a file that Sweep.save has written") from error
        names: Sequence[str] = about.pop("parameters")
        # Sets that were not run are not known any more: numbers are those of the rows.
        numbered = frame.with_columns(set=pl.int_range(pl.len(), dtype=pl.Int64))
        return cls(numbered.select(names), numbered.drop(names), **about)

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
        of = "" if self.done.height == self.sets.height else f" of {self.sets.height:,}"
        head = f"Sweep of {self.done.height:,}{of} sets, {self.trials:,} trials, in {self.seconds:.2f} s"
        figures = [self.objective, *(name for name in _SHOWN if name in self.figures and name != self.objective)]
        shown = ranked(self.frame, self.objective).head(5).select(*self.parameters, *figures)
        with pl.Config(tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            return "\n".join([head, *(f"  {note}" for note in self.notes), str(shown)])
