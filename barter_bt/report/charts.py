"""Pictures of returns and positions: months, distribution, PnL, excursions, the market around one position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, dates, legend, line, panel, percent_axis, time_axis
from barter_bt.report.series import excursions, market_between, pnl_by
from barter_bt.report.style import title
from barter_bt.statistic.curve import curve_of_run
from barter_bt.statistic.figure import show
from barter_bt.statistic.part import By
from barter_bt.statistic.season import returns_by
from barter_bt.statistic.summary import summarise
from barter_bt.statistic.tables import Tables, floats, nanoseconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY_NS, _HOUR_NS, _MINUTE_NS = 86_400e9, 3_600e9, 60e9


def month_grid(
    run: Tables, time_zone: str | None = None
) -> tuple[list[int], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Years, and the return of each of their months: shape (years, 12), NaN without a mark."""
    months = returns_by(run, "month", time_zone)
    if not months.height:
        return [], np.empty((0, 12))
    year, month = months["start"].dt.year().to_numpy(), months["start"].dt.month().to_numpy()
    years = list(range(int(year[0]), int(year[-1]) + 1))
    grid = np.full((len(years), 12), np.nan)
    grid[year - years[0], month - 1] = months["return"].to_numpy()
    return years, grid


def plot_months(run: Tables, ax: Axes | None = None, *, time_zone: str | None = None, style: Look = "light") -> Axes:
    """Draw the return of each month as a coloured field, a row for each year.

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; by default a new figure.
    time_zone
        Whose months, as for :func:`~barter_bt.statistic.season.returns_by`.
    style
        "light" or "dark".
    """
    from matplotlib.colors import LinearSegmentedColormap

    axes, look = panel(ax, style)
    years, grid = month_grid(run, time_zone)
    title(axes, look, "Returns by month", "" if years else "no equity")
    axes.grid(visible=False)
    axes.set_xticks(range(12), MONTHS)
    axes.set_yticks(range(len(years)), [str(year) for year in years])
    if not years:
        return axes
    most = max(float(np.nanmax(np.abs(grid), initial=0.0)), 0.01)  # small months stay pale
    colours = LinearSegmentedColormap.from_list("returns", [look.sell, look.background, look.buy])
    axes.imshow(grid, cmap=colours, vmin=-most, vmax=most, aspect="auto")
    if len(years) > 30:  # the fields are too low for numbers
        return axes
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            axes.text(column, row, f"{value * 100:.1f}", ha="center", va="center", color=look.text, fontsize=8)
    return axes


def plot_distribution(
    run: Tables,
    ax: Axes | None = None,
    *,
    sampling: str | None = None,
    time_zone: str | None = None,
    style: Look = "light",
) -> Axes:
    """Draw how often which return occurs, with the value at risk and the mean; arguments as for the summary."""
    axes, look = panel(ax, style)
    curve = curve_of_run(run, sampling=sampling, time_zone=time_zone)
    summary = summarise(run, sampling=sampling, time_zone=time_zone)
    percent_axis(axes, "x")
    returns = np.empty(0) if curve is None else curve.returns
    title(axes, look, "Distribution of returns", f"{len(returns):,} of {summary.sampling}" if len(returns) else "none")
    if len(returns) < 2:
        return axes
    bins = min(80, max(10, int(np.sqrt(len(returns)) * 2)))
    axes.hist(returns, bins=bins, color=look.equity, alpha=0.75, edgecolor=look.background, linewidth=0.3)
    for name, value, colour in (
        ("mean", float(returns.mean()), look.text),
        ("value at risk (95 %)", -float(summary.value_at_risk), look.drawdown),
    ):
        axes.axvline(value, color=colour, linewidth=1.2, linestyle="--", label=f"{name} {show(value, 'fraction')}")
    legend(axes, look, inside=True)
    return axes


def plot_pnl(
    run: Tables, ax: Axes | None = None, *, by: By = "instrument", most: int = 20, style: Look = "light"
) -> Axes:
    """Draw realised PnL by instrument, or by strategy or exchange; the ``most`` with the largest, up or down."""
    axes, look = panel(ax, style)
    table = pnl_by(run, by)
    if not table.height and run.positions.height:
        title(axes, look, f"Realised PnL by {by}", "money of several assets is not added")
        return axes
    shown = table.sort(pl.col("pnl").abs(), descending=True)[:most].sort("pnl", by, descending=[False, True])
    rest = f", {shown.height} of {table.height}" if table.height > shown.height else ""
    title(axes, look, f"Realised PnL by {by}", f"net of fees, in the quote asset{rest}")
    values = floats(shown["pnl"])
    colours = [look.buy if value >= 0 else look.sell for value in values]
    axes.barh(np.arange(len(values)), values, color=colours, height=0.7)
    axes.set_yticks(range(shown.height), shown[by].to_list())
    axes.axvline(0.0, color=look.muted, linewidth=0.8)
    axes.xaxis.set_major_formatter("{x:,.10g}")
    return axes


def plot_positions(
    run: Tables, ax: Axes | None = None, *, prices: pl.DataFrame | None = None, style: Look = "light"
) -> Axes:
    """Draw each closed position: how long it was held, what it made; its size is how far the price went against it.

    Parameters
    ----------
    run, ax, style
        As for :func:`plot_months`.
    prices
        Columns ``time``, ``instrument``, ``price``; by default the run's own. Without them all are of one size.
    """
    axes, look = panel(ax, style)
    held, pnl, adverse, _ = excursions(run, prices)
    rows = np.linspace(0, len(pnl) - 1, min(len(pnl), 5000)).astype(int) if len(pnl) else np.empty(0, int)
    known = bool(np.isfinite(adverse).any())
    length, unit = next(
        ((each, name) for each, name in ((_DAY_NS, "days"), (_HOUR_NS, "hours"), (_MINUTE_NS, "minutes"))
         if len(held) and np.median(held) >= each), (1e9, "seconds"),
    )  # fmt: skip
    note = f"{len(pnl):,} closed" + (f", {len(rows):,} drawn" if len(rows) < len(pnl) else "")
    title(axes, look, "Positions: held and made", note + (", size: excursion against it" if known else ""))
    size = np.full(len(rows), 14.0)
    if known:
        most = float(np.nanmax(adverse))
        size += 90.0 * np.nan_to_num(adverse[rows]) / (most or 1.0)
    for sign, colour, name in ((pnl[rows] > 0, look.buy, "gain"), (pnl[rows] <= 0, look.sell, "loss")):
        axes.scatter(
            held[rows][sign] / length, pnl[rows][sign], s=size[sign], color=colour, alpha=0.55, linewidth=0, label=name
        )
    axes.axhline(0.0, color=look.muted, linewidth=0.8)
    axes.set_xlabel(f"held, {unit}", color=look.muted, fontsize=9)
    axes.yaxis.set_major_formatter("{x:,.10g}")
    if len(rows):
        legend(axes, look, inside=True)
    return axes


def plot_trade(
    run: Tables,
    position: int,
    ax: Axes | None = None,
    *,
    around: float = 1.0,
    prices: pl.DataFrame | None = None,
    style: Look = "light",
) -> Axes:
    """Draw the market around one closed position, with its fills.

    Parameters
    ----------
    run, ax, style, prices
        As for :func:`plot_positions`.
    position
        Row of ``run.positions``.
    around
        So many times its length before and after.

    Raises
    ------
    ConfigError
        There is no such position.
    """
    axes, look = panel(ax, style)
    if not 0 <= position < run.positions.height:
        raise ConfigError(f"position is {position}, but the run closed {run.positions.height}", "count from 0")
    one = run.positions[position]
    name, exchange = str(one["instrument"][0]), str(one["exchange"][0])
    enter, leave = int(nanoseconds(one["time_enter"])[0]), int(nanoseconds(one["time_exit"])[0])
    margin = int(max(leave - enter, 1_000_000_000) * around)
    fills = run.trades.filter(
        (pl.col("instrument").cast(pl.String) == name) & (pl.col("exchange").cast(pl.String) == exchange)
    )
    market = market_between(run, name, (enter - margin, leave + margin), prices)
    if market is not None:
        line(axes, *market, look.price, "price", width=1.0)
    axes.axvspan(*dates(np.array([enter, leave])), color=look.equity, alpha=0.08, linewidth=0)
    for side, marker, colour in (("buy", "^", look.buy), ("sell", "v", look.sell)):
        some = fills.filter(pl.col("side").cast(pl.String) == side)
        time, value = nanoseconds(some["time_exchange"]), floats(some["price"])
        near = (time >= enter - margin) & (time <= leave + margin)
        axes.plot(
            dates(time[near]), value[near], linestyle="none", marker=marker, markersize=9, color=colour,
            markeredgecolor=look.background, label=side, zorder=3,
        )  # fmt: skip
    made = show(float(one["pnl_realised"][0]), "money")
    title(axes, look, f"Position {position}: {one['side'][0]} {name}", f"made {made}")
    axes.yaxis.set_major_formatter("{x:,.10g}")
    legend(axes, look)
    time_axis(axes)
    return axes
