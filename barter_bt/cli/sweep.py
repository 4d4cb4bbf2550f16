"""Commands that run a strategy with many sets of parameters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import Parameter

from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.assignments import Assignments, values_of
from barter_bt.cli.printing import print_json, tell_saved
from barter_bt.cli.unread import tell_unread
from barter_bt.errors import BarterBtError, MissingPackageError

if TYPE_CHECKING:
    from barter_bt.research import Fold, Sweep

Executor = Literal["threads", "processes", "ray"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every command of many runs is told.

    Parameters
    ----------
    set
        A parameter of the strategy and its values: fast=5:60 for 5 to 59, fast=5:60:5 with a step, share=0.1,0.2.
        May be repeated.
    out
        Directory of the results: sweep.parquet, page.html, heatmap.png, of a walk-forward also chosen.parquet and
        stitched/, the run over all tests; and what is needed to go on.
    where
        Which combinations to run, such as "fast < slow".
    objective
        The figure that sets are ranked by and chosen by.
    workers
        How many run at the same time; by default one for each processor.
    executor
        Threads, processes for strategies in Python, or ray: the cluster of RAY_ADDRESS, else one of this machine.
    no_plot
        Draw no pictures, and write no page.
    interpret
        Run without compiling; the result is the same.
    quiet
        No progress bar.
    """

    set: Assignments
    out: Path
    where: str | None = None
    objective: str = "sharpe"
    workers: int | None = None
    executor: Executor = "threads"
    json: AsJson = False
    no_plot: bool = False
    interpret: bool = False
    quiet: bool = False

    def swept(self, config: Path, folds: Sequence[Fold] | None = None) -> tuple[Sweep, Path]:
        """The sweep of a file's strategy, and where its table was written."""
        from barter_bt.research import grid
        from barter_bt.research import sweep as run
        from barter_bt.research.configured import ConfiguredStrategy, configured_simulation

        found = run(
            configured_simulation(config, interpret=self.interpret),
            ConfiguredStrategy(config),
            over=grid(where=self.where, **values_of(self.set)),
            folds=folds,
            objective=self.objective,
            workers=self.workers,
            executor=self.executor,
            out=self.out,
            progress=None if self.quiet else True,
        )
        return found, _save(found, self.out, config.stem, plot=not self.no_plot)


@app.command
def sweep(config: Path, /, *, asked: Asked) -> int:
    """Run the strategy of a file with every combination of parameters, and save a table of figures.

    Ctrl-C ends it early; what is done by then is saved, and the same command goes on from there.

    Parameters
    ----------
    config
        Configuration in TOML; see `barter-bt schema`.
    """
    _tell_unread(config, "sweep")
    found, table = asked.swept(config)
    if asked.json:
        best = found.ranked().select(*found.parameters, *found.figures).row(0, named=True)
        print_json({"table": str(table), "best": best, "sets": found.frame.height, "trials": found.trials})
    else:
        print(found)
        print(f"Wrote {table}")
    return _ended(found)


@app.command
def walk_forward(
    config: Path,
    /,
    *,
    asked: Asked,
    train: str,
    test: str,
    anchored: bool = False,
    embargo: str = "0s",
    warm_up: str = "0s",
) -> int:
    """Choose parameters in one span of time, try them in the next, and move on; save what became of the choices.

    Ctrl-C ends it early; what is done by then is saved, and the same command goes on from there.

    Parameters
    ----------
    config
        Configuration in TOML; see `barter-bt schema`.
    train
        How long parameters are chosen on, such as 90d, 6mo or 2y.
    test
        How long what was chosen is tried then.
    anchored
        Training always begins at the start of the data.
    embargo
        Left out between training and test.
    warm_up
        How long before each span signals see data.
    """
    from barter_bt.research import walk_forward as split
    from barter_bt.research.configured import configured_simulation

    _tell_unread(config, "walk-forward")
    folds = split(
        *configured_simulation(config, interpret=asked.interpret).span,
        train=train, test=test, anchored=anchored, embargo=embargo, warm_up=warm_up,
    )  # fmt: skip
    found, table = asked.swept(config, folds)
    if found.partial:
        return _ended(found)
    tests = found.chosen()
    tests.write_parquet(asked.out / "chosen.parquet")
    if not asked.json:
        print(tests.select("fold", "start", "end", *found.parameters, f"{asked.objective}_train", asked.objective))
    try:
        stitched = found.stitched()
    except BarterBtError as error:
        print(f"note: tests are not put together: {error.message}", file=sys.stderr)
        return OK
    from barter_bt.backtest import run_directory

    directory = run_directory.write(stitched, asked.out / "stitched", plot=not asked.no_plot)
    if asked.json:
        print_json({"table": str(table), "folds": len(folds), "stitched": str(directory), "trials": found.trials})
    else:
        tell_saved(directory, as_json=False, paths=True)
    return OK


def _tell_unread(config: Path, command: str) -> None:
    from barter_bt.backtest.config import load

    tell_unread(load(config), command)


def _save(found: Sweep, out: Path, title: str, *, plot: bool) -> Path:
    """Write the table, the page and, of two parameters and more, a picture; tell what a user should know."""
    table = found.save(out / "sweep.parquet")
    if plot and len([column for column in found.sets if column.n_unique() > 1]) > 1 and found.frame.height:
        picture = found.heatmap().get_figure(root=True)
        assert picture is not None, "it was drawn on one"
        picture.savefig(out / "heatmap.png")
    if plot and not found.partial:
        try:
            found.report(out / "page.html", title=f"{title}: {found.objective}")
        except MissingPackageError as error:
            print(f"note: no page.html: {error.message}; {error.hint}", file=sys.stderr)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    return table


def _ended(found: Sweep) -> int:
    if found.partial:
        print("interrupted: the same command goes on from here", file=sys.stderr)
    return INTERRUPTED if found.partial else OK
