"""Where in time a look over data found something, and its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.report.canvas import Look, dates, panel, time_axis
from barter_bt.report.style import title
from barter_bt.statistic.tables import Integers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from barter_bt.data import Quality

PARTS = 240


def findings_in_time(found: Quality, parts: int = PARTS) -> tuple[Integers, dict[tuple[str, str], Integers]]:
    """Edges of equal parts of the data's time, ns, and for each kind and check how many rows were found in each.

    Examples
    --------
    >>> from barter_bt.data import candles, generate, quality
    >>> rows = generate.candles(100).filter(pl.int_range(100).is_between(40, 60).not_())
    >>> edges, counts = findings_in_time(quality(candles(rows)), 4)
    >>> len(edges), {name: each.tolist() for name, each in counts.items()}
    (5, {('candles', 'gap'): [0, 0, 1, 0]})
    """
    ends = found.instruments.select(pl.col("time_first").min(), pl.col("time_last").max()).row(0)
    if None in ends:
        return np.zeros(0, np.int64), {}
    first, last = (pl.Series([end]).cast(pl.Datetime("ns", "UTC")).to_physical()[0] for end in ends)
    edges = np.linspace(first, max(last, first + parts), parts + 1).astype(np.int64)
    counts = {}
    for kind, check in found.frame.select("kind", "check").unique(maintain_order=True).iter_rows():
        mine = found.rows.filter((pl.col("kind") == kind) & (pl.col("check") == check))
        times = mine["time"].drop_nulls().to_physical().to_numpy()
        place = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, parts - 1)
        counts[kind, check] = np.bincount(place, minlength=parts).astype(np.int64)
    return edges, counts


def plot_quality(found: Quality, ax: Axes | None = None, *, style: Look = "light") -> Axes:
    """Draw when each check of :func:`barter_bt.data.quality` found something; the more rows, the darker.

    Parameters
    ----------
    found
        What the look over the data found.
    ax
        Where to draw; by default a new figure.
    style
        "light" or "dark".

    Examples
    --------
    >>> from barter_bt.data import candles, generate, quality
    >>> rows = generate.candles(100).filter(pl.int_range(100).is_between(40, 60).not_())
    >>> [label.get_text() for label in plot_quality(quality(candles(rows))).get_yticklabels()]
    ['candles: gap (1)']
    """
    from matplotlib.colors import LinearSegmentedColormap

    axes, look = panel(ax, style)
    edges, counts = findings_in_time(found)
    rows = found.instruments["rows"].sum()
    title(axes, look, "Quality of the data", f"{len(found.rows):,} findings in {rows:,} rows")
    axes.grid(visible=False)
    axes.set_yticks([])
    time_axis(axes, empty=not counts)
    if not counts:
        return axes
    shown: npt.NDArray[np.float64] = np.log1p(np.array(list(counts.values())))
    colours = LinearSegmentedColormap.from_list("findings", [look.grid, look.sell])
    lines = np.arange(len(counts) + 1) - 0.5
    masked = np.ma.masked_equal(shown, 0.0)
    axes.pcolormesh(dates(edges), lines, masked, cmap=colours, vmin=-shown.max(), rasterized=True)
    axes.hlines(lines[1:-1], *dates(edges[[0, -1]]), color=look.grid, linewidth=0.8)
    axes.set_yticks(range(len(counts)), [f"{kind}: {check} ({each.sum():,})" for (kind, check), each in counts.items()])
    axes.invert_yaxis()
    return axes
