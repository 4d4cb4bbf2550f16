"""The page's charts: Bokeh figures with zoom and hover, along one axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barter_bt.report.charts import MONTHS, month_grid
from barter_bt.report.downsample import extremes, thin
from barter_bt.report.page.canvas import COLUMNS, Canvas, milliseconds, number
from barter_bt.report.series import Line, excursions, exposures, fills_of, market_line, pnl_by, until_end
from barter_bt.report.style import SERIES, Style
from barter_bt.statistic.benchmark import marks_of
from barter_bt.statistic.calendar import zone_of
from barter_bt.statistic.curve import curve_of, curve_of_run
from barter_bt.statistic.tables import floats, nanoseconds
from barter_bt.statistic.windows import rolling

if TYPE_CHECKING:
    from bokeh.model import Model
    from bokeh.plotting import figure as Figure

_FILLS: Final = 300
_UNITS: Final = (("days", 86_400e9), ("hours", 3_600e9), ("minutes", 60e9), ("seconds", 1e9))


class Charts(Canvas):
    """Makes the charts of one run; arguments as for :class:`~barter_bt.report.page.canvas.Canvas`."""

    def all(self) -> dict[str, Model]:
        """Every chart that the run has something for, by its heading, in the page's order."""
        made = {
            "Price": self._price(),
            "Equity": self._equity(),
            "Drawdown": self._drawdown(),
            "Rolling Sharpe ratio": self._rolling(),
            "Exposure": self._exposure(),
            "Returns by month": self._months(),
            "Distribution of returns": self._distribution(),
            "Realised PnL by instrument": self._pnl(),
            "Positions: held and made": self._positions(),
        }
        return {name: chart for name, chart in made.items() if chart is not None}

    def _price(self) -> Figure | None:
        chosen = fills_of(self._run, None)
        if chosen is None:
            return None
        exchange, name, fills = chosen
        look = self._look
        hover = self._hover(("time", "@time{%F %T}"), ("price", "@price{0,0.[00000000]}"), only="price")
        chart = self._figure(height=320, time=True, hover=hover)
        market = market_line(self._run, name)
        if market is None:
            market = Line(nanoseconds(fills["time_exchange"]), floats(fills["price"]))
        label = f"{name} on {exchange}"
        self._watch(chart, self._line(chart, market, "price", look.price, label, line_width=1))
        drawn = 0
        for side, marker, colour in (("buy", "triangle", look.buy), ("sell", "inverted_triangle", look.sell)):
            some = fills.filter(pl.col("side").cast(pl.String) == side)
            rows = thin(nanoseconds(some["time_exchange"]), _FILLS)
            drawn += len(rows)
            self._fills(chart, some[rows], marker, colour, f"{side} ({some.height:,})")
        self._note(chart, drawn, fills.height, "fills")
        return chart

    @staticmethod
    def _fills(chart: Figure, fills: pl.DataFrame, marker: str, colour: str, label: str) -> None:
        from bokeh.models import ColumnDataSource

        time = milliseconds(nanoseconds(fills["time_exchange"]))
        source = ColumnDataSource({"time": time, "price": floats(fills["price"])})
        chart.scatter("time", "price", source=source, marker=marker, size=7, color=colour, legend_label=label)

    def _equity(self) -> Figure | None:
        curve = curve_of(self._run.equity)
        if curve is None:
            return None
        hover = self._hover(("time", "@time{%F %T}"), ("equity", "@equity{0,0.00}"), only="strategy")
        chart = self._figure(height=320, time=True, hover=hover)
        zone = zone_of(self._run, self._options.get("time_zone"))
        other = None if self._benchmark is None else curve_of(marks_of(self._benchmark, zone))
        if other is not None and other.values[0] > 0:
            scaled = Line(other.times, other.values * (curve.values[0] / other.values[0]))
            self._line(chart, scaled, "equity", self._look.benchmark, self._name, line_width=1.2, line_dash="dashed")
        mine = Line(curve.times, curve.money)
        self._watch(chart, self._line(chart, mine, "equity", self._look.equity, "strategy", line_width=1.6))
        chart.yaxis.formatter = number("0,0.[00]")
        return chart

    def _drawdown(self) -> Figure | None:
        curve = curve_of(self._run.equity)
        if curve is None or curve.values[0] <= 0:
            return None
        fall = np.where(curve.peaks > 0, curve.values / curve.peaks - 1.0, 0.0)
        hover = self._hover(("time", "@time{%F %T}"), ("below the peak", "@fall{0.00 %}"), only="drawdown")
        chart = self._figure(height=180, time=True, hover=hover)
        rows = extremes(curve.times, fall, COLUMNS)
        chart.varea(milliseconds(curve.times[rows]), fall[rows], 0.0, color=self._look.drawdown, alpha=0.3)
        colour = self._look.drawdown
        self._watch(chart, self._line(chart, Line(curve.times, fall), "fall", colour, "drawdown"))
        chart.yaxis.formatter = number("0.[00] %")
        return chart

    def _rolling(self) -> Figure | None:
        found = rolling(self._run, self._window, **self._options).drop_nulls("sharpe")
        if not found.height:
            return None
        hover = self._hover(("time", "@time{%F %T}"), ("Sharpe ratio", "@sharpe{0.000}"), only="sharpe")
        chart = self._figure(height=180, time=True, hover=hover)
        line = Line(nanoseconds(found["time"]), floats(found["sharpe"]))
        label = f"over {self._window} returns"
        self._watch(chart, self._line(chart, line, "sharpe", self._look.equity, label))
        return chart

    def _exposure(self) -> Figure | None:
        held = exposures(self._run)
        if not held:
            return None
        hover = self._hover(("time", "@time{%F %T}"), ("notional", "@held{0,0.00}"))
        chart = self._figure(height=200, time=True, hover=hover)
        most = sorted(held, key=lambda name: (-float(np.abs(held[name].values).max()), name))[: len(SERIES)]
        for name, colour in zip(most, SERIES, strict=False):
            times, values = until_end(held[name], self._run)
            rows = extremes(times, values, COLUMNS)
            chart.step(milliseconds(times[rows]), values[rows], mode="after", color=colour, legend_label=name)
        chart.yaxis.formatter = number("0,0.[00]")
        self._note(chart, len(most), len(held), "instruments, those with most held,")
        return chart

    def _months(self) -> Figure | None:
        from bokeh.models import ColumnDataSource
        from bokeh.transform import linear_cmap

        years, grid = month_grid(self._run, self._options.get("time_zone"))
        if not np.isfinite(grid).any():
            return None
        row, column = np.nonzero(np.isfinite(grid))
        value = grid[row, column]
        most = max(float(np.abs(value).max()), 0.01)
        names = [str(year) for year in years]
        data = {
            "month": [MONTHS[k] for k in column],
            "year": [names[k] for k in row],
            "value": value,
            "text": [f"{each * 100:.1f}" for each in value],
        }
        hover = self._hover(("month", "@month @year"), ("return", "@value{0.00 %}"))
        chart = self._figure(
            height=60 + 22 * len(years), hover=hover, x_range=list(MONTHS), y_range=names[::-1], x_axis_location="above"
        )
        chart.grid.grid_line_color = None
        source = ColumnDataSource(data)
        colours = linear_cmap("value", _between(self._look), -most, most)
        chart.rect("month", "year", width=1, height=1, source=source, color=colours, line_color=self._look.background)
        chart.text(
            "month", "year", "text", source=source, text_align="center", text_baseline="middle",
            text_font_size="11px", text_color=self._look.text,
        )  # fmt: skip
        return chart

    def _distribution(self) -> Figure | None:
        curve = curve_of_run(self._run, **self._sampled)
        if curve is None or len(curve.returns) < 2:
            return None
        bins = min(80, max(10, int(np.sqrt(len(curve.returns)) * 2)))
        count, edges = np.histogram(curve.returns, bins=bins)
        hover = self._hover(("return", "@left{0.00 %} to @right{0.00 %}"), ("how often", "@top"))
        chart = self._figure(height=240, hover=hover)
        chart.quad(
            left=edges[:-1], right=edges[1:], top=count, bottom=0, color=self._look.equity, alpha=0.8,
            line_color=self._look.background,
        )  # fmt: skip
        chart.xaxis.formatter = number("0.[0] %")
        return chart

    def _pnl(self) -> Figure | None:
        from bokeh.models import ColumnDataSource

        table = pnl_by(self._run)
        if not table.height:
            return None
        shown = table.sort(pl.col("pnl").abs(), descending=True)[:30].sort("pnl", "instrument")
        values, names = floats(shown["pnl"]), shown["instrument"].to_list()
        colours = [self._look.buy if value >= 0 else self._look.sell for value in values]
        hover = self._hover(("instrument", "@name"), ("PnL", "@pnl{0,0.00}"), ("positions", "@positions"))
        chart = self._figure(height=70 + 22 * len(names), hover=hover, y_range=names)
        data = {"name": names, "pnl": values, "positions": shown["positions"].to_numpy(), "colour": colours}
        chart.hbar("name", right="pnl", height=0.7, color="colour", source=ColumnDataSource(data))
        chart.xaxis.formatter = number("0,0.[00]")
        self._note(chart, shown.height, table.height, "instruments, those with most PnL,")
        return chart

    def _positions(self) -> Figure | None:
        from bokeh.models import ColumnDataSource

        closed = self._run.positions
        if not closed.height:
            return None
        held, pnl, adverse, favourable = excursions(self._run)
        rows = np.linspace(0, len(pnl) - 1, min(len(pnl), 3000)).astype(int)
        unit, length = next((one for one in _UNITS if held.max() >= 2 * one[1]), _UNITS[-1])
        data = {
            "held": held[rows] / length,
            "pnl": pnl[rows],
            "adverse": adverse[rows],
            "favourable": favourable[rows],
            "row": rows,
            "name": closed["instrument"].cast(pl.String)[rows].to_list(),
            "colour": np.where(pnl[rows] > 0, self._look.buy, self._look.sell),
        }
        tips = [("position", "@row: @name"), ("held", f"@held{{0.000}} {unit}"), ("made", "@pnl{0,0.00}")]
        if np.isfinite(adverse).any():
            tips += [("against it", "@adverse{0.00 %}"), ("for it", "@favourable{0.00 %}")]
        chart = self._figure(height=280, hover=self._hover(*tips), x_axis_label=f"held, {unit}")
        chart.scatter("held", "pnl", size=7, color="colour", alpha=0.6, source=ColumnDataSource(data))
        chart.yaxis.formatter = number("0,0.[00]")
        self._note(chart, len(rows), closed.height, "positions")
        return chart


def _between(look: Style) -> list[str]:
    """Colours from the one for losses over the background to the one for gains."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    scale = LinearSegmentedColormap.from_list("returns", [look.sell, look.background, look.buy])
    return [to_hex(scale(k / 100)) for k in range(101)]
