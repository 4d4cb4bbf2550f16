"""One page about a sweep: a field of parameters in which a click shows the equity of a set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.errors import BarterBtError, ConfigError
from barter_bt.report.canvas import Look, look_of
from barter_bt.report.page.html import writable, write_html
from barter_bt.report.page.tables import Table, frame_table
from barter_bt.research.outcome import Outcome
from barter_bt.research.ranking import ranked
from barter_bt.statistic import FIGURES
from barter_bt.statistic.curve import Curve, curve_of
from barter_bt.statistic.figure import show
from barter_bt.statistic.interval import per

CURVES = 40
_ROWS = 100


def write_sweep_page(
    found: Outcome,
    path: str | Path,
    *,
    title: str = "Sweep",
    objective: str | None = None,
    curves: int = CURVES,
    style: Look = "light",
) -> Path:
    """Write one page that needs nothing else: no network, no other file.

    Parameters
    ----------
    found
        The sweep.
    path
        The file to write, replaced if it is there.
    title
        Its heading.
    objective
        The figure that the field shows; by default the sweep's.
    curves
        Of how many sets, the best ones, the equity is computed: each is a run. With folds it is that of the tests put
        together, as :meth:`~barter_bt.research.Sweep.stitched` has it, and this has no effect.
    style
        "light" or "dark".

    Raises
    ------
    MissingPackageError
        Bokeh is not installed (the extra ``report``).
    ConfigError
        The file cannot be written, the number of curves is negative, or no set has a value of the objective.
    """
    target = writable(path)
    from barter_bt.research.linked import linked_charts

    if curves < 0:
        raise ConfigError(f"curves is {curves}; it must be 0 or more")
    name, look = objective or found.objective, look_of(style)
    rows = found.ranked(name)
    lines, notes = _curves(found, rows, curves)
    charts = linked_charts(found.by_set, found.parameters, name, _label(found, name), lines, look)
    return write_html(
        target,
        "sweep.html",
        charts,
        title=title,
        look=look,
        head=repr(found).split("\n", 1)[0],
        digest=found.digest,
        partial=found.partial,
        warnings=[*found.notes, *notes],
        cards=_cards(found, rows.row(0, named=True), name),
        tables=_tables(found, rows, name),
        linked=len(lines) > 1,
    )


def _curves(found: Outcome, rows: pl.DataFrame, most: int) -> tuple[dict[int, Curve], list[str]]:
    """Equity by set, the best first; with folds that of the stitched tests, as set -1; and why there is none."""
    if found.plan is None:
        return {}, ["The sweep was read from a file, which has no equity curves."]
    if found.pieces is not None:
        try:
            stitched = curve_of(found.stitched().equity)
        except BarterBtError as error:
            return {}, [f"Tests are not put together: {error.message}."]
        return ({} if stitched is None else {-1: stitched}), []
    made = {}
    for row in rows.head(most).rows(named=True):
        curve = curve_of(found.run({name: row[name] for name in found.parameters}).equity)
        if curve is not None:
            made[int(row["set"])] = curve
    left = rows.height - len(made)
    return made, [f"Equity is there of the best {len(made):,} of {rows.height:,} sets."] if left else []


def _label(found: Outcome, name: str) -> str:
    return FIGURES[name].label.format(per=per(found.interval)) if name in FIGURES else name


def _cards(found: Outcome, best: Mapping[str, Any], objective: str) -> list[tuple[str, str, str]]:
    """Label, value and meaning of what is told of the best set."""
    own = [(name, str(best[name]), "parameter of the best set") for name in found.parameters]
    figures = [objective, *(name for name in ("total_return", "max_drawdown", "trades") if name != objective)]
    there = [name for name in figures if name in found.figures and name in FIGURES]
    own += [(_label(found, n), show(best[n], FIGURES[n].unit), FIGURES[n].definition) for n in there]
    return [*own, ("Trials", f"{found.trials:,}", "how many different runs were tried: how many chances luck had")]


def _tables(found: Outcome, rows: pl.DataFrame, objective: str) -> list[Table]:
    shown = [*found.parameters, *(name for name in found.figures if rows[name].null_count() < rows.height)]
    left = f"{_ROWS:,} of {rows.height:,}" if rows.height > _ROWS else ""
    made = [frame_table("Best sets", rows.select(shown).head(_ROWS), left, figures=True)]
    if found.pieces is not None:
        tests = found.chosen(objective)
        columns = ["fold", "start", "end", *found.parameters, f"{objective}_train", objective]
        made.insert(0, frame_table("Chosen in training, and what became of it in the test", tests.select(columns)))
    if any(found.sets[name].n_unique() > 1 for name in found.parameters):
        near = ranked(found.stability(objective), objective).drop("set").head(_ROWS)
        made.append(frame_table("Plateau or spike: what neighbours have", near, left))
    return made
