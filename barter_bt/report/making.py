"""Pictures of who makes a market: what was held, where the money came from, what fills were worth later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, dates, legend, panel, time_axis
from barter_bt.report.downsample import extremes
from barter_bt.report.series import fills_of
from barter_bt.report.style import SERIES, title
from barter_bt.statistic.figure import show
from barter_bt.statistic.holdings import holdings
from barter_bt.statistic.tables import Tables, floats, nanoseconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PARTS = ("spread", "inventory", "fees", "rebates", "flows")
_COLUMNS = 2000


def plot_inventory(
    run: Tables, ax: Axes | None = None, *, instrument: str | None = None, style: Look = "light"
) -> Axes:
    """Draw the quantity held over time; by default of the most traded instrument.

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; by default a new figure.
    instrument
        Its name.
    style
        "light" or "dark".
    """
    axes, look = panel(ax, style)
    chosen = fills_of(run, instrument)
    if chosen is None:
        title(axes, look, "Inventory", "no fills")
        return axes
    exchange, name, _ = chosen
    mine = holdings(run).filter(pl.col("instrument").cast(pl.String) == name)
    times, held = nanoseconds(mine["time_exchange"]), np.cumsum(floats(mine["change"]))
    held[np.abs(held) < 1e-9 * np.abs(held).max(initial=0.0)] = 0.0  # the rounding of public floats
    rows = extremes(times, held, _COLUMNS)
    axes.step(dates(times[rows]), held[rows], where="post", color=look.equity, linewidth=1.0)
    axes.axhline(0.0, color=look.muted, linewidth=0.8)
    longest, shortest = float(held.max(initial=0.0)), float(held.min(initial=0.0))
    title(axes, look, f"Inventory of {name} on {exchange}", f"from {shortest:,.6g} to {longest:,.6g}")
    axes.yaxis.set_major_formatter("{x:,.10g}")
    time_axis(axes)
    return axes


def plot_attribution(
    run: Any, ax: Axes | None = None, *, instrument: str | None = None, horizon: str | int = "1m", style: Look = "light"
) -> Axes:
    """Draw PnL as the sum of its parts, each a step from what those before it make; the adverse selection in its own.

    Parameters
    ----------
    run
        A run that has its market data: see :meth:`~barter_bt.backtest.result.Result.attribution`.
    ax, style
        As for :func:`plot_inventory`.
    instrument
        Its name; by default all of them together, which must be of one asset.
    horizon
        Of the adverse selection.

    Raises
    ------
    ConfigError
        Amounts of several assets cannot be added, or the instrument was not traded.
    """
    axes, look = panel(ax, style)
    table = run.attribution(horizon=horizon)
    if not table.height:
        title(axes, look, "Where the money came from", "no fills")
        return axes
    table = table if instrument is None else table.filter(pl.col("instrument") == instrument)
    if not table.height:
        raise ConfigError(f"{instrument!r} was not traded")
    assets = table["asset"].unique().sort().to_list()
    if len(assets) > 1:
        raise ConfigError(f"amounts in {', '.join(assets)} cannot be added", "name an instrument")
    sums = {name: float(table[name].sum()) for name in (*_PARTS, "pnl", "adverse_selection")}
    shown = [name for name in _PARTS if sums[name] or name in ("spread", "inventory")]
    below = 0.0
    for place, name in enumerate([*shown, "pnl"]):
        begin, value = (0.0 if name == "pnl" else below), sums[name]
        axes.bar(place, value, bottom=begin, width=0.7, color=look.buy if value >= 0 else look.sell)
        axes.annotate(
            show(value, "money"), (place, max(begin, begin + value)), (0, 4), textcoords="offset points", ha="center",
            color=look.text, fontsize=9,
        )  # fmt: skip
        if name == "inventory":
            axes.plot([place - 0.35, place + 0.35], [begin + sums["adverse_selection"]] * 2, color=look.text, lw=1.5)
        below = begin + value
    axes.axhline(0.0, color=look.muted, linewidth=0.8)
    axes.set_xticks(range(len(shown) + 1), [*shown, "PnL"])
    low, high = axes.dataLim.intervaly
    axes.set_ylim(low - 0.05 * (high - low), high + 0.15 * (high - low) or 1.0)  # room for the numbers
    axes.yaxis.set_major_formatter("{x:,.10g}")
    adverse = show(sums["adverse_selection"], "money")
    title(axes, look, f"Where the money came from, in {assets[0]}", f"line: adverse selection, {adverse}")
    return axes


def plot_markouts(run: Any, ax: Axes | None = None, *, horizons: Any = None, style: Look = "light") -> Axes:
    """Draw what a unit that was dealt is worth after some times, less its price: by instrument, makers and takers.

    Parameters
    ----------
    run
        A run that has its market data: see :meth:`~barter_bt.backtest.result.Result.markouts`.
    ax, style
        As for :func:`plot_inventory`.
    horizons
        Times after a fill; by default as there.
    """
    axes, look = panel(ax, style)
    table = run.markouts() if horizons is None else run.markouts(horizons)
    title(axes, look, "Markouts: worth of a unit later, less its price", "" if table.height else "no fills")
    spans = table["horizon"].unique().sort().to_list()
    places = {span: place for place, span in enumerate(spans, 1)}
    lines = table.partition_by("instrument", "liquidity", maintain_order=True)
    for colour, one in zip(SERIES * len(lines), lines, strict=False):
        at = [0, *(places[span] for span in one["horizon"])]
        values = [one["spread"][-1], *one["markout"]]
        label = f"{one['instrument'][0]}, {one['liquidity'][0]} ({one['fills'].max():,} fills)"
        axes.plot(at, values, marker="o", markersize=4, linewidth=1.4, color=colour, label=label)
    axes.axhline(0.0, color=look.muted, linewidth=0.8)
    axes.set_xticks(range(len(spans) + 1), ["before", *(_length(span.total_seconds()) for span in spans)])
    axes.set_xlabel("after the fill", color=look.muted, fontsize=9)
    axes.yaxis.set_major_formatter("{x:,.6g}")
    if lines:
        legend(axes, look, inside=True)
    return axes


def _length(seconds: float) -> str:
    """A time in the unit in which it is short."""
    for unit, size in (("h", 3600.0), ("m", 60.0), ("s", 1.0)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds * 1000:g} ms" if seconds else "0"
