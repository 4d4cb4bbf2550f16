"""A picture of folds: where each is trained, and where it is tested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, dates, legend, panel, time_axis
from barter_bt.report.style import title
from barter_bt.research.folds import Fold, fold_table
from barter_bt.statistic.tables import nanoseconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_folds(folds: Iterable[Fold], ax: Axes | None = None, *, style: Look = "light") -> Axes:
    """Draw a line for each fold, the first at the top, with its training and its tests along time.

    Parameters
    ----------
    folds
        At least one.
    ax
        Where to draw; by default a new figure.
    style
        "light" or "dark".

    Raises
    ------
    ConfigError
        There are no folds, or the style is unknown.
    """
    from matplotlib.ticker import MaxNLocator

    axes, look = panel(ax, style)
    table = fold_table(folds)
    if not table.height:
        raise ConfigError("there are no folds to draw")
    time_axis(axes)
    for part, colour in (("train", look.equity), ("test", look.benchmark)):
        some = table.filter(part=part)
        starts, ends = dates(nanoseconds(some["start"])), dates(nanoseconds(some["end"]))
        axes.barh(some["fold"].to_numpy(), ends - starts, 0.7, starts, color=colour, label=part)
    axes.invert_yaxis()
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("fold", color=look.muted)
    title(axes, look, "Folds")
    legend(axes, look)
    return axes
