"""One picture of a run: price with fills, equity beside a benchmark, drawdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.downsample import extremes, thin
from barter_bt.report.style import STYLES, Style, dress, title
from barter_bt.statistic.figure import show
from barter_bt.statistic.summary import Summary, summarise
from barter_bt.statistic.tables import Floats, Integers, Tables, floats, nanoseconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 1000
"""Points are kept for this many columns of pixels: about the width of a panel at 110 dots per inch."""
_MARKERS = 150
"""So many marks of one side fit beside each other before they hide the price."""


def plot(
    run: Tables,
    path: str | Path | None = None,
    benchmark: pl.DataFrame | None = None,
    prices: pl.DataFrame | None = None,
    style: Literal["light", "dark"] = "light",
    *,
    benchmark_name: str = "buy and hold",
) -> Figure:
    """Draw price with fills, equity with a benchmark, and drawdown below its peak, on one time axis.

    Lines are thinned to what a screen can show without losing an extreme, so a million rows draw in well
    under a second. No global state of matplotlib is used or changed, and no display is needed.

    Parameters
    ----------
    run
        A finished run, or one read back from its directory.
    path
        Where to save the picture; the ending chooses the format (``.png``, ``.svg``, ``.pdf``).
    benchmark
        Another equity curve, for example of buy-and-hold: columns ``time`` and ``equity``, in the reporting
        asset. It is scaled to start at the run's equity.
    prices
        Columns ``time``, ``instrument``, ``price``. By default ``run.prices()`` where the run has it, else
        the prices of the run's own fills.
    style
        ``"light"`` or ``"dark"``.
    benchmark_name
        What the legend calls the benchmark.

    Returns
    -------
    matplotlib.figure.Figure
        Shown by a notebook as it is.

    Raises
    ------
    ConfigError
        The style is unknown.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if style not in STYLES:
        raise ConfigError(f"style is {style!r}; allowed: {', '.join(STYLES)}")
    look = STYLES[style]
    layout = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.1, hspace=0.02)
    figure = Figure(figsize=(11, 8), dpi=110, facecolor=look.background, layout=layout)
    panels = cast("list[Axes]", list(figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1.5])))
    for panel in panels:
        dress(panel, look)
    summary = summarise(run)
    equity = run.equity.drop_nulls("equity")
    _price_panel(panels[0], run, prices, look)
    other = {} if benchmark is None else {benchmark_name: benchmark.drop_nulls("equity")}
    _equity_panel(panels[1], equity, other, summary, look)
    _drawdown_panel(panels[2], equity, summary, look)
    _time_axis(panels[-1], empty=not (equity.height or run.trades.height))
    figure.supxlabel(f"digest {run.digest}", fontsize=8, color=look.muted)
    if path is not None:
        figure.savefig(path, facecolor=look.background, metadata={})
    return figure


def most_traded(trades: pl.DataFrame) -> tuple[str, str] | None:
    """Find exchange and name of the instrument with most fills; of equals the first by name.

    Examples
    --------
    >>> most_traded(pl.DataFrame({"exchange": ["x"] * 3, "instrument": ["a_usd", "b_usd", "b_usd"]}))
    ('x', 'b_usd')
    """
    counts = trades.select(pl.col("exchange", "instrument").cast(pl.String)).group_by("exchange", "instrument").len()
    rows = counts.sort(["len", "exchange", "instrument"], descending=[True, False, False]).rows()
    return (rows[0][0], rows[0][1]) if rows else None


def _price_panel(axes: Axes, run: Tables, prices: pl.DataFrame | None, look: Style) -> None:
    chosen = most_traded(run.trades)
    if chosen is None:
        title(axes, look, "Price", "no fills")
        axes.set_yticks([])
        return
    exchange, name = chosen
    mine = (pl.col("instrument").cast(pl.String) == name) & (pl.col("exchange").cast(pl.String) == exchange)
    fills = run.trades.filter(mine)
    if prices is None and hasattr(run, "prices"):
        prices = cast("pl.DataFrame", run.prices())
    line = None if prices is None else prices.filter(pl.col("instrument").cast(pl.String) == name)
    if line is not None and line.height:
        _line(axes, nanoseconds(line["time"]), floats(line["price"]), look.price, "price", width=0.9)
    else:
        _line(axes, nanoseconds(fills["time_exchange"]), floats(fills["price"]), look.price, "own fills", width=0.9)
    drawn = 0
    for side, marker, colour in (("buy", "^", look.buy), ("sell", "v", look.sell)):
        some = fills.filter(pl.col("side").cast(pl.String) == side)
        time, value = nanoseconds(some["time_exchange"]), floats(some["price"])
        rows = thin(time, _MARKERS)
        drawn += len(rows)
        axes.plot(
            _dates(time[rows]),
            value[rows],
            linestyle="none",
            marker=marker,
            markersize=8 if len(rows) < 60 else 5.5,
            color=colour,
            markeredgecolor=look.background,
            markeredgewidth=0.6,
            label=f"{side} ({len(time):,})",
            zorder=3,
        )
    shown = "" if drawn == fills.height else f", {drawn:,} drawn"
    title(axes, look, f"{name} on {exchange}", f"{fills.height:,} fills{shown}")
    axes.yaxis.set_major_formatter("{x:,.10g}")
    _legend(axes, look)


def _equity_panel(
    axes: Axes, equity: pl.DataFrame, others: dict[str, pl.DataFrame], summary: Summary, look: Style
) -> None:
    note = []
    if summary.total_return is not None:
        note.append(f"return {show(summary.total_return, 'fraction')}")
    if summary.sharpe is not None:
        note.append(f"Sharpe {show(summary.sharpe, 'ratio')}")
    title(axes, look, f"Equity in {summary.reporting}", "   ".join(note))
    axes.yaxis.set_major_formatter("{x:,.10g}")
    if not equity.height:
        return
    values = floats(equity["equity"])
    for name, other in others.items():
        if other.height and other["equity"][0] > 0:
            scaled = floats(other["equity"]) * (values[0] / other["equity"][0])
            _line(axes, nanoseconds(other["time"]), scaled, look.benchmark, name, width=1.1, dashes="--")
    _line(axes, nanoseconds(equity["time"]), values, look.equity, "strategy", width=1.4)
    if others:
        _legend(axes, look)


def _drawdown_panel(axes: Axes, equity: pl.DataFrame, summary: Summary, look: Style) -> None:
    deepest = "" if summary.max_drawdown is None else f"deepest {show(-summary.max_drawdown, 'fraction')}"
    title(axes, look, "Drawdown", deepest)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g} %")
    if not equity.height:
        return
    values = floats(equity["equity"])
    peaks = np.maximum.accumulate(values)
    fall = np.where(peaks > 0, values / np.where(peaks > 0, peaks, 1.0) - 1.0, 0.0)
    times = nanoseconds(equity["time"])
    rows = extremes(times, fall, _COLUMNS)
    axes.fill_between(_dates(times[rows]), fall[rows], 0.0, color=look.drawdown, alpha=0.3, linewidth=0)
    axes.plot(_dates(times[rows]), fall[rows], color=look.drawdown, linewidth=0.9)
    axes.set_ylim(top=0.0)


def _line(
    axes: Axes, times: Integers, values: Floats, colour: str, label: str, *, width: float, dashes: str = "-"
) -> None:
    rows = extremes(times, values, _COLUMNS)
    axes.plot(_dates(times[rows]), values[rows], color=colour, linewidth=width, linestyle=dashes, label=label)


def _dates(times: Integers) -> np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]:
    return times.view("datetime64[ns]") if times.dtype == np.int64 else times.astype("datetime64[ns]")


def _time_axis(axes: Axes, *, empty: bool) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if empty:
        axes.set_xticks([])
        return
    locator = AutoDateLocator(tz="UTC", minticks=4, maxticks=10)  # type: ignore[no-untyped-call] # matplotlib's
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))  # type: ignore[no-untyped-call]


def _legend(axes: Axes, look: Style) -> None:
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 0.985),
        frameon=False,
        labelcolor=look.text,
        fontsize=9,
        ncols=3,
        borderaxespad=0.2,
    )
