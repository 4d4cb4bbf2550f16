"""The command that runs a strategy with many sets of parameters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.printing import print_json


@app.command
def sweep(
    config: Path,
    /,
    *,
    set: Annotated[list[str], Parameter(name="--set", negative=(), consume_multiple=False)],
    out: Path,
    where: str | None = None,
    objective: str = "sharpe",
    workers: int | None = None,
    executor: Literal["threads", "processes", "ray"] = "threads",
    json: AsJson = False,
    no_plot: bool = False,
    interpret: bool = False,
    quiet: bool = False,
) -> int:
    """Run the strategy of a file with every combination of parameters, and save a table of figures.

    Ctrl-C ends it early; what is done by then is saved, and the same command goes on from there.

    Parameters
    ----------
    config
        Configuration in TOML; see `barter-bt schema`.
    set
        A parameter of the strategy and its values: fast=5:60 for 5 to 59, fast=5:60:5 with a step, share=0.1,0.2.
        May be repeated.
    out
        Directory of the results: sweep.parquet, heatmap.png, and what is needed to go on.
    where
        Which combinations to run, such as "fast < slow".
    objective
        The figure that sets are ranked by.
    workers
        How many run at the same time; by default one for each processor.
    executor
        Threads, processes for strategies in Python, or ray: the cluster of RAY_ADDRESS, else one of this machine.
    no_plot
        Do not draw heatmap.png.
    interpret
        Run without compiling; the result is the same.
    quiet
        No progress bar.
    """
    from barter_bt.research import grid
    from barter_bt.research import sweep as run
    from barter_bt.research.configured import ConfiguredStrategy, configured_simulation, values_of

    sets = grid(where=where, **values_of(set))
    found = run(
        configured_simulation(config, interpret=interpret),
        ConfiguredStrategy(config),
        over=sets,
        objective=objective,
        workers=workers,
        executor=executor,
        out=out,
        progress=None if quiet else True,
    )
    table = found.save(out / "sweep.parquet")
    if not no_plot and len([column for column in sets if column.n_unique() > 1]) > 1 and found.frame.height:
        picture = found.heatmap().get_figure(root=True)
        assert picture is not None, "it was drawn on one"
        picture.savefig(out / "heatmap.png")
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    if json:
        best = found.ranked().select(*found.parameters, *found.figures).row(0, named=True)
        print_json({"table": str(table), "best": best, "sets": found.frame.height, "trials": found.trials})
    else:
        print(found)
        print(f"Wrote {table}")
    if found.partial:
        print("interrupted: the same command goes on from here", file=sys.stderr)
    return INTERRUPTED if found.partial else OK
