"""What all pictures share: a panel in a style, thinned lines, an axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from barter_bt.errors import ConfigError
from barter_bt.report.downsample import extremes
from barter_bt.report.style import STYLES, Style, dress
from barter_bt.statistic.tables import Floats, Integers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Look = Literal["light", "dark"]
COLUMNS: Final = 1000
"""Points are kept for this many columns of pixels: about the width of a panel at 110 dots per inch."""


def look_of(style: str) -> Style:
    """The colours of a style.

    Raises
    ------
    ConfigError
        The style is unknown.
    """
    if style not in STYLES:
        raise ConfigError(f"style is {style!r}; allowed: {', '.join(STYLES)}")
    return STYLES[style]


def sheet(look: Style, width: float, height: float) -> Figure:
    """An empty figure; no global state of matplotlib is used or changed, and no display is needed."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from barter_bt.report.display import Sheet

    layout = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.1, hspace=0.02)
    return Sheet(figsize=(width, height), dpi=110, facecolor=look.background, layout=layout)


def panel(ax: Axes | None, style: str) -> tuple[Axes, Style]:
    """The axes to draw on, dressed: those given, or those of a new figure."""
    look, axes = look_of(style), ax
    if axes is None:
        from barter_bt.report.display import Panel

        axes = sheet(look, 9, 4).add_subplot(axes_class=Panel)
    dress(axes, look)
    return axes, look


def line(
    axes: Axes, times: Integers, values: Floats, colour: str, label: str, *, width: float = 1.2, dashes: str = "-"
) -> None:
    """Draw a line of any number of points; what is left out changes no pixel."""
    rows = extremes(times, values, COLUMNS)
    axes.plot(dates(times[rows]), values[rows], color=colour, linewidth=width, linestyle=dashes, label=label)


def dates(times: Integers) -> np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]:
    """Nanoseconds as dates."""
    return times.view("datetime64[ns]") if times.dtype == np.int64 else times.astype("datetime64[ns]")


def time_axis(axes: Axes, *, empty: bool = False) -> None:
    """Label the horizontal axis with times in UTC."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if empty:
        axes.tick_params(labelbottom=False)  # the axis may be shared with a panel that has times
        return
    locator = AutoDateLocator(tz="UTC", minticks=4, maxticks=10)  # type: ignore[no-untyped-call] # matplotlib's
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))  # type: ignore[no-untyped-call]


def percent_axis(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Label an axis of fractions in per cent."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(lambda value, _: f"{value * 100:.3g} %")


def legend(axes: Axes, look: Style, *, inside: bool = False) -> None:
    """Name the lines above the panel, where they hide nothing; in a narrow panel inside it."""
    if inside:
        axes.legend(loc="best", frameon=False, labelcolor=look.text, fontsize=9)
        return
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 0.985),
        frameon=False,
        labelcolor=look.text,
        fontsize=9,
        ncols=3,
        borderaxespad=0.2,
    )
