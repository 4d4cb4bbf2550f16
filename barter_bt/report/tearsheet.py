"""Pictures of a run as a whole: three panels, or the full tear sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from barter_bt.files import replacing
from barter_bt.report.canvas import Look, look_of, sheet
from barter_bt.report.charts import plot_distribution, plot_months, plot_pnl, plot_positions
from barter_bt.report.lines import plot_equity, plot_price, plot_rolling, plot_underwater
from barter_bt.report.style import Style
from barter_bt.statistic.benchmark import Benchmark
from barter_bt.statistic.figure import show
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.summary import Summary, summarise
from barter_bt.statistic.tables import Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = (
    ("total_return", "annual_return", "volatility", "sharpe", "sortino", "calmar"),
    ("max_drawdown", "max_drawdown_duration", "value_at_risk", "skew", "kurtosis", "probabilistic_sharpe"),
    ("trades", "positions", "win_rate", "profit_factor", "fees", "turnover"),
)


def plot(
    run: Tables,
    path: str | Path | None = None,
    benchmark: Benchmark | None = None,
    prices: pl.DataFrame | None = None,
    style: Look = "light",
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
        Another equity curve, for example of buy-and-hold: a run, or marks (see ``marks_of``) in the reporting
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
    look = look_of(style)
    figure = sheet(look, 11, 8)
    panels = cast("list[Axes]", list(figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1.5])))
    plot_price(run, panels[0], prices=prices, style=style)
    plot_equity(run, panels[1], benchmark=benchmark, benchmark_name=benchmark_name, style=style)
    plot_underwater(run, panels[2], style=style)
    for axes in panels[:2]:
        axes.tick_params(labelbottom=False)
    return _finish(figure, run, path, look)


def plot_tear_sheet(
    run: Tables,
    path: str | Path | None = None,
    benchmark: Benchmark | None = None,
    prices: pl.DataFrame | None = None,
    style: Look = "light",
    *,
    window: int | None = None,
    benchmark_name: str = "buy and hold",
    name: str | None = None,
    **options: Any,
) -> Figure:
    """Draw the full tear sheet on one page: figures, curves, months, distribution, exposure, PnL, positions.

    Parameters
    ----------
    run, path, benchmark, prices, style, benchmark_name
        As for :func:`plot`.
    window
        Returns in the window of the rolling Sharpe ratio.
    name
        What stands above it; by default the strategies.
    options
        As for :func:`~barter_bt.statistic.summary.summarise`.
    """
    look = look_of(style)
    figure = sheet(look, 13, 18)
    figure.suptitle(name or " + ".join(getattr(run, "strategies", None) or []), color=look.text, fontweight="bold")
    grid = figure.add_gridspec(6, 2, height_ratios=[1.3, 3, 3, 1.7, 2.4, 2.4])
    _figures(figure.add_subplot(grid[0, :]), summarise(run, benchmark=benchmark, **options), look)
    plot_price(run, figure.add_subplot(grid[1, :]), prices=prices, style=style)
    equity = figure.add_subplot(grid[2, :])
    plot_equity(run, equity, benchmark=benchmark, benchmark_name=benchmark_name, style=style)
    plot_underwater(run, figure.add_subplot(grid[3, 0], sharex=equity), style=style)
    plot_rolling(run, figure.add_subplot(grid[3, 1], sharex=equity), window=window, style=style, **options)
    plot_months(run, figure.add_subplot(grid[4, 0]), time_zone=options.get("time_zone"), style=style)
    sampled: dict[str, Any] = {name: options.get(name) for name in ("sampling", "time_zone")}
    plot_distribution(run, figure.add_subplot(grid[4, 1]), **sampled, style=style)
    plot_pnl(run, figure.add_subplot(grid[5, 0]), most=10, style=style)
    plot_positions(run, figure.add_subplot(grid[5, 1]), prices=prices, style=style)
    return _finish(figure, run, path, look)


def _figures(axes: Axes, summary: Summary, look: Style) -> None:
    """Write the figures that are read first, in columns."""
    axes.set_axis_off()
    for column, names in enumerate(_SHOWN):
        for row, name in enumerate(names):
            x, y = column / 3, 1.0 - (row + 0.5) / len(names)
            axes.text(x, y, summary.label(name), color=look.muted, fontsize=10, va="center")
            value = show(summary[name], FIGURES[name].unit)
            axes.text(x + 0.28, y, value, color=look.text, fontsize=10, va="center", ha="right", fontweight="bold")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)


def _finish(figure: Figure, run: Tables, path: str | Path | None, look: Style) -> Figure:
    figure.supxlabel(f"digest {run.digest}", fontsize=8, color=look.muted)
    if path is not None:
        target = Path(path) if Path(path).suffix else Path(f"{path}.png")
        without_date: Any = {"metadata": {}} if target.suffix in (".png", ".svg", ".pdf") else {}
        with replacing(target) as file:
            figure.savefig(file, format=target.suffix[1:], facecolor=look.background, **without_date)
    return figure
