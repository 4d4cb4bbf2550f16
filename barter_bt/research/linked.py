"""Charts of a sweep's page: a field over two parameters, and the equity of the set that is clicked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from barter_bt.report.downsample import extremes
from barter_bt.report.page.canvas import milliseconds, number, styled_figure
from barter_bt.report.style import Style
from barter_bt.research.ranking import LOWER_IS_BETTER, ranked
from barter_bt.statistic.curve import Curve

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.models.annotations import Title
    from bokeh.plotting import figure as Figure

_COLUMNS: Final = 150  # of the screen, for each curve
_LABELS: Final = 14
_SHOW: Final = """
const cell = field.selected.indices[0];
if (cell === undefined) { return; }
const set = String(field.data.set[cell]);
const told = field.data.told[cell];
const kept = curves[set];
shown.data = kept === undefined ? {time: [], equity: []} : {time: kept[0], equity: kept[1]};
heading.text = told + (kept === undefined ? " (no equity kept)" : "");
"""


def linked_charts(
    rows: pl.DataFrame,
    parameters: Sequence[str],
    objective: str,
    label: str,
    curves: Mapping[int, Curve],
    look: Style,
) -> dict[str, Figure]:
    """The field, if two parameters vary, and the equity; a click on a cell shows that of its best set.

    Parameters
    ----------
    rows
        A row for each set.
    parameters
        Its columns of parameters; the first two that vary are the field's axes, of others a cell shows the mean.
    objective, label
        The figure, and what it is called.
    curves
        Equity by set, the best first.
    look
        Colours.
    """
    from bokeh.models import ColumnDataSource
    from bokeh.models.annotations import Title

    made: dict[str, Figure] = {}
    vary = [name for name in parameters if rows[name].n_unique() > 1]
    lines = {str(key): _line(curve) for key, curve in curves.items()}
    time, equity = next(iter(lines.values()), ([], []))
    shown = ColumnDataSource({"time": time, "equity": equity})
    heading = Title(text=" ", text_color=look.muted, text_font_style="normal")
    if len(vary) > 1:
        cells = _cells(rows, parameters, vary[:2], objective)
        made[label], field = _field(cells, vary[:2], objective, look)
        if len(lines) > 1:
            best = cells.filter(pl.col("set") == next(iter(curves)))
            heading.text = f"{best['told'].item()} (best)"
            _link(made[label], field, lines, shown, heading)
    if lines:
        made["Equity"] = _equity(shown, lines, look)
        made["Equity"].add_layout(heading, "above")
    return made


def _cells(rows: pl.DataFrame, parameters: Sequence[str], axes: Sequence[str], objective: str) -> pl.DataFrame:
    """A row for each cell: places on both axes, the mean, and the best set with its parameters in words."""
    words = [pl.format(f"{name} {{}}", pl.col(name)) for name in parameters]
    told = rows.with_columns(told=pl.concat_str(words, separator=", "))
    best = ranked(told, objective).group_by(axes, maintain_order=True).first().select(*axes, "set", "told")
    means = rows.group_by(axes, maintain_order=True).agg(value=pl.col(objective).mean(), sets=pl.len())
    cells = means.join(best, on=axes, how="inner", maintain_order="left")
    return cells.with_columns(
        x=pl.col(axes[0]).rank("dense").cast(pl.Int64) - 1, y=pl.col(axes[1]).rank("dense").cast(pl.Int64) - 1
    )


def _field(cells: pl.DataFrame, axes: Sequence[str], objective: str, look: Style) -> tuple[Figure, ColumnDataSource]:
    from bokeh.models import ColumnDataSource
    from bokeh.models.annotations import ColorBar
    from bokeh.models.mappers import LinearColorMapper
    from bokeh.palettes import Viridis256

    palette = Viridis256[::-1] if objective in LOWER_IS_BETTER else Viridis256
    values = cells["value"].to_numpy()
    colours = LinearColorMapper(palette=palette, low=float(values.min()), high=float(values.max()))
    source = ColumnDataSource({name: cells[name].to_list() for name in ("x", "y", "value", "sets", "set", "told")})
    tips = [("best", "@told"), (objective, "@value{0.000}"), ("sets", "@sets")]
    chart = styled_figure(look, height=360, hover={"tooltips": tips}, x_axis_label=axes[0], y_axis_label=axes[1])
    chart.grid.grid_line_color = None
    chart.rect(
        "x", "y", width=1, height=1, source=source, line_color=None,
        fill_color={"field": "value", "transform": colours}, nonselection_fill_alpha=1.0,
        selection_line_color=look.text, line_width=2,
    )  # fmt: skip
    for axis, name, place in ((chart.xaxis, axes[0], "x"), (chart.yaxis, axes[1], "y")):
        there = cells.select(place, name).unique(maintain_order=True).sort(place).rows()
        every = -(-len(there) // _LABELS)
        axis.ticker = [at for at, _ in there[::every]]
        axis.major_label_overrides = {
            at: f"{value:.6g}" if isinstance(value, float) else str(value) for at, value in there
        }
    bar = ColorBar(color_mapper=colours, width=10, background_fill_color=look.background)
    bar.major_label_text_color = look.muted
    chart.add_layout(bar, "right")
    return chart, source


def _link(
    chart: Figure, field: ColumnDataSource, lines: Mapping[str, Any], shown: ColumnDataSource, heading: Title
) -> None:
    """Let a click on a cell show the equity of its best set."""
    from bokeh.models import CustomJS, TapTool

    chart.add_tools(TapTool())
    given = {"field": field, "curves": dict(lines), "shown": shown, "heading": heading}
    field.selected.js_on_change("indices", CustomJS(args=given, code=_SHOW))


def _equity(shown: ColumnDataSource, lines: Mapping[str, Any], look: Style) -> Figure:
    from bokeh.models import DataRange1d

    tips = [("time", "@time{%F %T}"), ("equity", "@equity{0,0.00}")]
    hover = {"tooltips": tips, "formatters": {"@time": "datetime"}, "mode": "vline"}
    chart = styled_figure(look, height=320, hover=hover, time=DataRange1d())
    if len(lines) > 1:
        time, equity = next(iter(lines.values()))
        chart.line(time, equity, color=look.benchmark, legend_label="best", line_width=1.2)
    label = "clicked on" if len(lines) > 1 else "tests put together" if "-1" in lines else "equity"
    chart.line("time", "equity", source=shown, color=look.equity, legend_label=label, line_width=1.6)
    chart.yaxis.formatter = number("0,0.[00]")
    return chart


def _line(curve: Curve) -> tuple[list[int], list[float]]:
    rows = extremes(curve.times, curve.values, _COLUMNS)
    return milliseconds(curve.times[rows]).astype(int).tolist(), curve.money[rows].round(6).tolist()
