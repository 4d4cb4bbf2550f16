"""The page's tables: headings, cells as text, and what they sort by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from barter_bt.statistic.curve import curve_of
from barter_bt.statistic.drawdown import drawdown_table
from barter_bt.statistic.figure import Unit, show
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.flows import flows_by
from barter_bt.statistic.interval import ACTUAL, per
from barter_bt.statistic.part import By, figures_by
from barter_bt.statistic.sessions import NO_SESSIONS, by_session
from barter_bt.statistic.summary import Summary
from barter_bt.statistic.tables import Tables

ROWS = 200
_OF_CLOSED = "Of closed positions alone, and of the whole equity at the start."
_BY = (
    "trades",
    "positions",
    "total_return",
    "sharpe",
    "max_drawdown",
    "win_rate",
    "profit_factor",
    "expectancy",
    "fees",
)


class Cell(NamedTuple):
    """What is read, what it sorts by, and whether it is a number."""

    text: str
    key: str
    number: bool


class Table(NamedTuple):
    """A table of the page; ``note`` says what is left out."""

    heading: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    note: str = ""


def figures_table(summary: Summary, section: str) -> list[dict[str, Any]]:
    """Label, value, definition and source of each figure of a section that is defined."""
    return [
        {
            "label": summary.label(name),
            "value": show(summary[name], figure.unit),
            "definition": figure.definition,
            "source": figure.source,
            "sample": f"{summary.sample(name):,} {figure.sample}" if summary.sample(name) is not None else "",
        }
        for name, figure in FIGURES.items()
        if figure.section == section and summary[name] is not None
    ]


def tables_of(run: Tables, options: Mapping[str, Any]) -> list[Table]:
    """Every table of a run that has rows; ``options`` are those of the summary."""
    made = [
        _by(run, "instrument", options),
        _by(run, "strategy", options),
        _drawdowns(run),
        _sessions(run),
        frame_table(f"Cash flows by reason, in {run.reporting}", flows_by(run)),
        frame_table(
            "Best and worst positions", _extremes(run.positions), _left_out(run.positions.height, 2 * ROWS // 4)
        ),
        frame_table("Last trades (fills)", run.trades[-ROWS:].reverse(), _left_out(run.trades.height, ROWS)),
    ]
    return [table for table in made if table is not None and table.rows]


def _by(run: Tables, by: By, options: Mapping[str, Any]) -> Table | None:
    frame = figures_by(run, by, **options)
    if not frame.height or (by == "strategy" and frame.height < 2):
        return None
    rows = [
        [Cell(str(row[by]), str(row[by]), number=False)] + [_cell(row[name], FIGURES[name].unit) for name in _BY]
        for row in frame.iter_rows(named=True)
    ]
    columns = (by.capitalize(), *(FIGURES[name].label.format(per=per(options.get("interval", ACTUAL))) for name in _BY))
    note = " ".join(part for part in (_OF_CLOSED, _left_out(len(rows), 500)) if part)
    return Table(f"By {by}", columns, rows[:500], note)


def _drawdowns(run: Tables) -> Table:
    rows = [
        [
            _cell(row["depth"], "fraction"),
            _cell(row["time_peak"], "time"),
            _cell(row["time_trough"], "time"),
            _cell(row["time_end"], "time"),
            _cell(row["duration"], "duration"),
        ]
        for row in drawdown_table(curve_of(run.equity), 10).iter_rows(named=True)
    ]
    return Table("Deepest drawdowns", ("Depth", "Peak", "Lowest", "Back at the peak", "Lasted"), rows)


def _sessions(run: Tables) -> Table | None:
    """The last sessions, of runs that were given those of one calendar."""
    given: pl.DataFrame = getattr(run, "sessions", pl.DataFrame(schema=NO_SESSIONS))
    if given["calendar"].n_unique() != 1:
        return None
    found = by_session(run)
    units: list[Unit] = ["text", "time", "time", "money", "fraction", "count"]
    rows = [
        [_cell(cell, unit) for cell, unit in zip(row, units, strict=True)]
        for row in found[-ROWS:].reverse().iter_rows()
    ]
    columns = ("Session", "Open", "Close", "Equity at its close", "Return", "Trades")
    return Table("Last sessions", columns, rows, _left_out(found.height, ROWS))


def _extremes(positions: pl.DataFrame) -> pl.DataFrame:
    """The positions that made most and least."""
    ranked = positions.sort("pnl_realised", descending=True, maintain_order=True)
    some = ROWS // 4
    return ranked if ranked.height <= 2 * some else pl.concat([ranked[:some], ranked[-some:]])


def frame_table(heading: str, frame: pl.DataFrame, note: str = "", *, figures: bool = False) -> Table:
    """A table as it is; with ``figures`` what is named as a figure is shown as one."""
    units: list[Unit] = [FIGURES[name].unit if figures and name in FIGURES else "text" for name in frame.columns]
    numbers = [dtype.is_numeric() for dtype in frame.dtypes]  # a null stands where its column's numbers do
    rows = [
        [
            cell._replace(number=cell.number or number)
            for cell, number in zip(map(_cell, row, units), numbers, strict=True)
        ]
        for row in frame.iter_rows()
    ]
    return Table(heading, tuple(name.replace("_", " ") for name in frame.columns), rows, note)


def _left_out(height: int, shown: int) -> str:
    return f"{shown:,} of {height:,}; all stand in the run's Parquet file" if height > shown else ""


def _cell(value: Any, unit: Unit) -> Cell:
    if value is None:
        return Cell("-", "", number=False)
    if isinstance(value, datetime):
        return Cell(value.strftime("%Y-%m-%d %H:%M:%S"), value.isoformat(), number=False)
    if isinstance(value, timedelta):
        return Cell(show(value, "duration"), str(value.total_seconds()), number=True)
    if isinstance(value, float) and unit == "text":
        return Cell(f"{value:,.6g}" if abs(value) < 1e5 else f"{value:,.2f}", str(value), number=True)
    if isinstance(value, int | float):
        return Cell(show(value, unit), str(value), number=True)
    return Cell(str(value), str(value), number=False)
