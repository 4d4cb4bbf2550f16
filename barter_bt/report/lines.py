"""Pictures along time: price with fills, equity, drawdown, rolling figures, exposure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from barter_bt.report.canvas import COLUMNS, Look, dates, legend, line, panel, percent_axis, time_axis
from barter_bt.report.downsample import extremes, thin
from barter_bt.report.series import exposures, fills_of, market_line, until_end
from barter_bt.report.style import SERIES, title
from barter_bt.statistic.benchmark import Benchmark, marks_of
from barter_bt.statistic.calendar import zone_of
from barter_bt.statistic.curve import curve_of, curve_of_run
from barter_bt.statistic.figure import show
from barter_bt.statistic.summary import summarise
from barter_bt.statistic.tables import Tables, floats, nanoseconds
from barter_bt.statistic.windows import rolling, usual_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = 150
"""So many marks of one side fit beside each other before they hide the price."""


def plot_price(
    run: Tables,
    ax: Axes | None = None,
    *,
    instrument: str | None = None,
    prices: pl.DataFrame | None = None,
    style: Look = "light",
) -> Axes:
    """Draw an instrument's price with own fills; by default the most traded instrument.

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; by default a new figure.
    instrument
        Its name.
    prices
        Columns ``time``, ``instrument``, ``price``. By default the run's own, else the prices of its fills.
    style
        "light" or "dark".
    """
    axes, look = panel(ax, style)
    chosen = fills_of(run, instrument)
    if chosen is None:
        title(axes, look, "Price", "no fills")
        axes.set_yticks([])
        return axes
    exchange, name, fills = chosen
    market = market_line(run, name, prices)
    if market is not None:
        line(axes, *market, look.price, "price", width=0.9)
    else:
        line(axes, nanoseconds(fills["time_exchange"]), floats(fills["price"]), look.price, "own fills", width=0.9)
    drawn = 0
    for side, marker, colour in (("buy", "^", look.buy), ("sell", "v", look.sell)):
        some = fills.filter(pl.col("side").cast(pl.String) == side)
        time, value = nanoseconds(some["time_exchange"]), floats(some["price"])
        rows = thin(time, _MARKERS)
        drawn += len(rows)
        axes.plot(
            dates(time[rows]),
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
    legend(axes, look)
    time_axis(axes)
    return axes


def plot_equity(
    run: Tables,
    ax: Axes | None = None,
    *,
    benchmark: Benchmark | None = None,
    benchmark_name: str = "buy and hold",
    style: Look = "light",
) -> Axes:
    """Draw equity, and a benchmark's scaled to start where it does.

    Parameters
    ----------
    run, ax, style
        As for :func:`plot_price`.
    benchmark
        Another run, or marks in the reporting asset, as for :func:`~barter_bt.statistic.summary.summarise`.
    benchmark_name
        What the legend calls it.
    """
    axes, look = panel(ax, style)
    summary, curve = summarise(run), curve_of(run.equity)
    note = [] if summary.total_return is None else [f"return {show(summary.total_return, 'fraction')}"]
    note += [] if summary.sharpe is None else [f"{summary.label('sharpe')} {show(summary.sharpe, 'ratio')}"]
    title(axes, look, f"Equity in {summary.reporting}", "   ".join(note))
    axes.yaxis.set_major_formatter("{x:,.10g}")
    time_axis(axes, empty=curve is None)
    if curve is None:
        return axes
    other = None if benchmark is None else curve_of(marks_of(benchmark, zone_of(run)))
    if other is not None and other.values[0] > 0:
        scaled = other.values * (curve.values[0] / other.values[0])
        line(axes, other.times, scaled, look.benchmark, benchmark_name, width=1.1, dashes="--")
    line(axes, curve.times, curve.money, look.equity, "strategy", width=1.4)
    if other is not None:
        legend(axes, look)
    return axes


def plot_curves(
    curves: Mapping[str, pl.DataFrame], ax: Axes | None = None, *, most: int = 12, style: Look = "light"
) -> Axes:
    """Draw several equity curves, each as a multiple of its start.

    Parameters
    ----------
    curves
        Tables of ``time`` and ``equity``, by name; those that start at or below zero cannot be drawn.
    ax, style
        As for :func:`plot_price`.
    most
        So many, those that end highest.
    """
    axes, look = panel(ax, style)
    known = {name: curve for name, table in curves.items() if (curve := curve_of(table)) and curve.values[0] > 0}
    best = sorted(known, key=lambda name: -float(known[name].values[-1] / known[name].values[0]))[:most]
    rest = f"the best {len(best)} of {len(curves)}" if len(best) < len(curves) else ""
    title(axes, look, "Equity as a multiple of its start", rest)
    time_axis(axes, empty=not best)
    for k, name in enumerate(best):
        colour, dashes = SERIES[k % len(SERIES)], ("-", "--", ":")[k // len(SERIES) % 3]
        line(axes, known[name].times, known[name].values / known[name].values[0], colour, name, dashes=dashes)
    if best:
        legend(axes, look, inside=True)
    return axes


def plot_underwater(run: Tables, ax: Axes | None = None, *, style: Look = "light") -> Axes:
    """Draw how far equity is below its highest value so far; ``run``, ``ax``, ``style`` as for :func:`plot_price`."""
    axes, look = panel(ax, style)
    curve, deepest = curve_of(run.equity), summarise(run).max_drawdown
    title(axes, look, "Drawdown", "" if deepest is None else f"deepest {show(-deepest, 'fraction')}")
    percent_axis(axes)
    time_axis(axes, empty=curve is None)
    if curve is None:
        return axes
    fall = np.where(curve.peaks > 0, curve.values / np.where(curve.peaks > 0, curve.peaks, 1.0) - 1.0, 0.0)
    rows = extremes(curve.times, fall, COLUMNS)
    axes.fill_between(dates(curve.times[rows]), fall[rows], 0.0, color=look.drawdown, alpha=0.3, linewidth=0)
    axes.plot(dates(curve.times[rows]), fall[rows], color=look.drawdown, linewidth=0.9)
    axes.set_ylim(top=0.0)
    return axes


def plot_rolling(
    run: Tables,
    ax: Axes | None = None,
    *,
    figure: Literal["sharpe", "beta", "volatility", "return"] = "sharpe",
    window: int | None = None,
    benchmark: Benchmark | None = None,
    style: Look = "light",
    **options: Any,
) -> Axes:
    """Draw a figure over a window of returns that moves along the curve.

    Parameters
    ----------
    run, ax, style
        As for :func:`plot_price`.
    figure
        Which one; "beta" needs a benchmark.
    window, benchmark, options
        As for :func:`~barter_bt.statistic.rolling`.
    """
    axes, look = panel(ax, style)
    if window is None:
        sampled: dict[str, Any] = {name: options.get(name) for name in ("sampling", "time_zone")}
        window = usual_window(curve_of_run(run, **sampled))
    found = rolling(run, window, benchmark=benchmark, **options)
    name = "Sharpe ratio" if figure == "sharpe" else figure
    title(axes, look, f"Rolling {name}", f"over {window} returns")
    known = found.drop_nulls(figure) if figure in found.columns else found.clear()
    time_axis(axes, empty=not known.height)
    if figure in ("return", "volatility"):
        percent_axis(axes)
    axes.axhline(0.0, color=look.muted, linewidth=0.8)
    if known.height:
        line(axes, nanoseconds(known["time"]), floats(known[figure]), look.equity, figure)
    else:
        title(axes, look, f"Rolling {name}", f"fewer than {window} returns, or undefined")
    return axes


def plot_exposure(run: Tables, ax: Axes | None = None, *, most: int = 5, style: Look = "light") -> Axes:
    """Draw the notional held of each instrument, at the prices of own fills; short is below zero.

    Parameters
    ----------
    run, ax, style
        As for :func:`plot_price`.
    most
        So many instruments, those with most held at any time.
    """
    axes, look = panel(ax, style)
    held = exposures(run)
    largest = sorted(held, key=lambda name: (-float(np.abs(held[name].values).max()), name))[:most]
    rest = f", {len(largest)} of {len(held)} instruments" if len(held) > len(largest) else ""
    title(axes, look, "Exposure", f"notional at the last fill's price{rest}")
    axes.axhline(0.0, color=look.muted, linewidth=0.8)
    axes.yaxis.set_major_formatter("{x:,.10g}")
    time_axis(axes, empty=not largest)
    for name, colour in zip(largest, SERIES * most, strict=False):
        times, values = until_end(held[name], run)
        rows = extremes(times, values, COLUMNS)
        axes.step(dates(times[rows]), values[rows], where="post", color=colour, linewidth=1.1, label=name)
    if largest:
        legend(axes, look)
    return axes
