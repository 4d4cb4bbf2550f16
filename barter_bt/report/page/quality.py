"""One page about the quality of data, that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barter_bt.report.canvas import Look, look_of
from barter_bt.report.findings import PARTS, findings_in_time
from barter_bt.report.page.html import writable, write_html
from barter_bt.report.page.tables import ROWS, frame_table

if TYPE_CHECKING:
    from barter_bt.data import Quality


def write_quality(
    found: Quality, path: str | Path, *, title: str = "Quality of the data", style: Look = "light"
) -> Path:
    """Write one page about what :func:`barter_bt.data.quality` found: no network, no other file.

    Parameters
    ----------
    found
        What the look over the data found.
    path
        The file to write, replaced if it is there.
    title
        Its heading.
    style
        "light" or "dark".

    Raises
    ------
    MissingPackageError
        Bokeh, which brings Jinja, is not installed (the extra ``report``).
    ConfigError
        The file's directory does not exist, or its name does not end in .html.

    Examples
    --------
    >>> from barter_bt.data import generate, quality, trades
    >>> write_quality(quality(trades(generate.trades(10))), "/nowhere/page.html")
    Traceback (most recent call last):
        ...
    barter_bt.errors.ConfigError: /nowhere/page.html cannot be written: directory /nowhere does not exist
    """
    target = writable(path)
    looks = found.looks
    return write_html(
        target,
        "quality.html",
        {},
        title=title,
        look=look_of(style),
        told=_told(found),
        limits=found.limits,
        repairs=found.repairs,
        skipped=looks.filter(pl.col("count").is_null())["check"].to_list(),
        cards=_cards(found),
        parts=PARTS,
        **_strips(found),
        tables=_tables(found),
        looks=looks.group_by("check", "what", "unit", maintain_order=True).agg("kind", "count").to_dicts(),
    )


def _told(found: Quality) -> str:
    names = found.instruments["instrument"].drop_nulls().unique().sort().to_list()
    few = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"{', '.join(found.looks['kind'].unique().sort())} of {few}" if names else "no rows"


def _cards(found: Quality) -> list[tuple[str, str]]:
    frame, rows = found.frame, found.instruments["rows"].sum()
    return [
        ("Rows", f"{rows:,}"),
        ("Instruments", f"{found.instruments['instrument'].n_unique():,}"),
        ("Findings", f"{found.rows.height:,}"),
        ("Checks that found something", f"{frame.select('kind', 'check').n_unique()} of {found.looks.height}"),
    ]


def _strips(found: Quality) -> dict[str, Any]:
    """For each check where along the time it found something: part, count, and how dark it is."""
    edges, counts = findings_in_time(found)
    strips = []
    for (kind, check), each in counts.items():
        places = np.flatnonzero(each)
        shades = 0.35 + 0.65 * np.log1p(each[places]) / max(np.log1p(each.max()), 1.0)
        marks = [
            (at, count, f"{shade:.2f}") for at, count, shade in zip(places, each[places].tolist(), shades, strict=True)
        ]
        strips.append((f"{kind}: {check} ({each.sum():,})", marks))
    ends = pl.Series(edges[[0, -1]]).cast(pl.Datetime("ns")).dt.strftime("%Y-%m-%d %H:%M") if len(edges) else ["", ""]
    return {"strips": strips, "first": ends[0], "last": ends[1]}


def _tables(found: Quality) -> list[Any]:
    per_cent = (pl.col("share") * 100).alias("share %")
    first = ("kind", "check", "instrument", "count", per_cent, "worst", "unit")  # what is read without scrolling
    table = found.frame.select(*first, "time", "row", "column", "source")
    note = f"{ROWS:,} of {table.height:,}" if table.height > ROWS else ""
    few = found.instruments.head(ROWS)
    more = f"{ROWS:,} of {found.instruments.height:,}" if found.instruments.height > ROWS else ""
    made = [frame_table("Findings", table.head(ROWS), note), frame_table("Instruments", few, more)]
    return [one for one in made if one.rows]
