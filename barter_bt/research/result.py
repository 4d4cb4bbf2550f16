"""A sweep: what came of its sets, with their returns, pictures, a page and a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.files import replacing
from barter_bt.report.canvas import Look
from barter_bt.research.outcome import Outcome
from barter_bt.research.overfitting.block_sums import BlockSums
from barter_bt.research.pictures import plot_heatmap, plot_parallel
from barter_bt.research.returns import block_sums_of, returns_of
from barter_bt.research.sampled import SUMS
from barter_bt.research.sets import is_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ABOUT = "barter_bt"


class Sweep(Outcome):
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
