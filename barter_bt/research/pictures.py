"""Pictures of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, panel
from barter_bt.report.style import title
from barter_bt.research.neighbours import steps
from barter_bt.research.ranking import LOWER_IS_BETTER, ranked
from barter_bt.statistic import FIGURES
from barter_bt.statistic.interval import ACTUAL, per

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABELS = 12  # ticks of an axis that can be read


def plot_heatmap(
    frame: pl.DataFrame,
    x: str,
    y: str,
    figure: str,
    *,
    interval: str = ACTUAL,
    ax: Axes | None = None,
    style: Look = "light",
) -> Axes:
    """Draw a figure over two parameters as a coloured field; over all others its mean.

    Parameters
    ----------
    frame
        A row for each set.
    x, y
        The parameters.
    figure
        The figure.
    interval
        What it is stated for.
    ax
        Where to draw; by default a new picture.
    style
        "light" or "dark".

    Examples
    --------
    >>> import barter_bt as bt
    >>> sets = bt.research.grid(fast=(5, 10), slow=(20, 50)).with_columns(sharpe=pl.Series([1.0, 2.0, 0.5, 0.7]))
    >>> plot_heatmap(sets, "fast", "slow", "sharpe").get_xlabel()
    'fast'
    """
    axes, look = panel(ax, style)
    for name in (x, y):
        if name not in frame.columns or x == y:
            raise ConfigError(
                f"a heat map is over two parameters, not {x!r} and {y!r}",
                f"there are {', '.join(name for name in frame.columns if name not in FIGURES)}",
            )
    field = frame.group_by(x, y).agg(pl.col(figure).mean())
    across, down = (_values(frame[name]) for name in (x, y))
    values = np.full((len(down), len(across)), np.nan)
    for one, other, value in field.rows():
        values[down.index(other), across.index(one)] = np.nan if value is None else value
    axes.grid(visible=False)
    colours = "viridis_r" if figure in LOWER_IS_BETTER else "viridis"
    image = axes.imshow(values, aspect="auto", origin="lower", cmap=colours, interpolation="nearest")
    for axis, name, there in ((axes.xaxis, x, across), (axes.yaxis, y, down)):
        every = -(-len(there) // _LABELS)
        axis.set_ticks(range(0, len(there), every), [_text(value) for value in there[::every]])
        axis.set_label_text(name, color=look.muted)
    picture = axes.get_figure()
    assert picture is not None
    bar = picture.colorbar(image, ax=axes)
    bar.ax.tick_params(colors=look.muted, labelsize=9, length=0)
    others = frame.group_by(x, y).len()["len"].max()
    note = f"mean of up to {others} sets each" if isinstance(others, int) and others > 1 else ""
    title(axes, look, _label(figure, interval), note)
    return axes


def plot_parallel(
    frame: pl.DataFrame,
    parameters: Sequence[str],
    figure: str,
    *,
    interval: str = ACTUAL,
    ax: Axes | None = None,
    style: Look = "light",
) -> Axes:
    """Draw each set as a line from parameter to parameter, coloured by a figure; the best are drawn last.

    Parameters
    ----------
    frame, figure, interval, ax, style
        As for :func:`plot_heatmap`.
    parameters
        In this order.

    Examples
    --------
    >>> import barter_bt as bt
    >>> sets = bt.research.grid(fast=(5, 10), slow=(20, 50)).with_columns(sharpe=pl.Series([1.0, 2.0, 0.5, 0.7]))
    >>> len(plot_parallel(sets, ["fast", "slow"], "sharpe").collections[0].get_segments())
    4
    """
    from matplotlib.collections import LineCollection

    axes, look = panel(ax, style)
    places = steps(frame.select(parameters))
    scale = np.maximum(places.max(axis=0), 1)
    rows = ranked(frame.with_row_index("__row"), figure).reverse()
    lines = [np.column_stack((np.arange(len(parameters)), each / scale)) for each in places[rows["__row"].to_numpy()]]
    colours = "viridis_r" if figure in LOWER_IS_BETTER else "viridis"
    drawn = LineCollection(
        lines, cmap=colours, array=rows[figure].cast(pl.Float64).to_numpy(), linewidths=1.0, alpha=0.6
    )
    axes.add_collection(drawn)
    axes.set_xlim(-0.2, len(parameters) - 0.8)
    axes.set_ylim(-0.09, 1.09)
    axes.set_xticks(range(len(parameters)), list(parameters))
    axes.set_yticks([])
    for number, name in enumerate(parameters):
        there = _values(frame[name])
        for place in sorted({0, len(there) - 1}):
            height = place / scale[number]
            below = place == 0  # beside the lines, not on them
            axes.annotate(
                _text(there[place]),
                (number, height),
                xytext=(0, -4 if below else 4),
                textcoords="offset points",
                color=look.muted,
                fontsize=9,
                ha="center",
                va="top" if below else "bottom",
            )
    picture = axes.get_figure()
    assert picture is not None
    picture.colorbar(drawn, ax=axes).ax.tick_params(colors=look.muted, labelsize=9, length=0)
    title(axes, look, _label(figure, interval), f"{rows.height:,} sets")
    return axes


def _values(column: pl.Series) -> list[Any]:
    """Distinct values in the order of their places."""
    found = column.unique(maintain_order=True)
    return (found.sort() if column.dtype.is_numeric() else found).to_list()


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _label(figure: str, interval: str) -> str:
    return FIGURES[figure].label.format(per=per(interval)) if figure in FIGURES else figure
