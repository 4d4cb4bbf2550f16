"""What the page's charts share: figures in the page's colours, zoom and hover, an axis of time for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from barter_bt.report.canvas import Look, look_of
from barter_bt.report.downsample import extremes
from barter_bt.report.series import Line
from barter_bt.report.style import Style
from barter_bt.statistic.benchmark import Benchmark
from barter_bt.statistic.curve import curve_of_run
from barter_bt.statistic.tables import Floats, Integers, Tables
from barter_bt.statistic.windows import usual_window

if TYPE_CHECKING:
    from bokeh.models import DataRange1d
    from bokeh.plotting import figure as Figure

COLUMNS: Final = 1200


class Canvas:
    """Figures of one run.

    Parameters
    ----------
    run
        The run.
    benchmark, name
        Another run, or columns ``time`` and ``equity``, and what it is called.
    window
        Returns in the window of the rolling Sharpe ratio.
    style
        "light" or "dark".
    options
        As for :func:`~barter_bt.statistic.summary.summarise`.
    """

    def __init__(
        self,
        run: Tables,
        benchmark: Benchmark | None,
        name: str,
        window: int | None,
        style: Look,
        options: Mapping[str, Any],
    ) -> None:
        from bokeh.models import DataRange1d

        self._run, self._benchmark, self._name, self._options = run, benchmark, name, dict(options)
        self._sampled: dict[str, Any] = {name: options.get(name) for name in ("sampling", "time_zone")}
        self._window = usual_window(curve_of_run(run, **self._sampled)) if window is None else window
        self._look: Style = look_of(style)
        self._time = DataRange1d()

    def _figure(self, *, height: int, time: bool = False, hover: Mapping[str, Any], **options: Any) -> Figure:
        return styled_figure(self._look, height=height, hover=hover, time=self._time if time else None, **options)

    def _note(self, chart: Figure, drawn: int, there: int, what: str) -> None:
        """Say above a chart that not all of something is drawn."""
        from bokeh.models.annotations import Title

        if drawn < there:
            told = Title(text=f"{drawn:,} of {there:,} {what} drawn", text_font_style="normal")
            told.text_color = self._look.muted
            chart.add_layout(told, "above")

    @staticmethod
    def _hover(*rows: tuple[str, str], only: str | None = None) -> dict[str, Any]:
        named = {"mode": "vline"} if only else {"mode": "mouse"}
        return {
            "tooltips": [*rows],
            "formatters": {"@time": "datetime"},
            **named,
            **({"name": only} if only else {}),
        }

    def _line(self, chart: Figure, line: Line, column: str, colour: str, label: str, **options: Any) -> Any:
        from bokeh.models import ColumnDataSource

        rows = extremes(line.times, line.values, COLUMNS)
        source = ColumnDataSource({"time": milliseconds(line.times[rows]), column: line.values[rows]})
        return chart.line("time", column, source=source, color=colour, legend_label=label, name=label, **options)

    def _watch(self, chart: Figure, renderer: Any) -> None:
        """Only one line answers the hover, so that tooltips do not pile up."""
        from bokeh.models import HoverTool

        for tool in chart.toolbar.tools:
            if isinstance(tool, HoverTool):
                tool.renderers = [renderer]


def styled_figure(
    look: Style, *, height: int, hover: Mapping[str, Any], time: DataRange1d | None = None, **options: Any
) -> Figure:
    """A figure in a page's colours, with zoom and hover; ``time`` is the axis of time that it shares with others."""
    from bokeh.models import BoxZoomTool, HoverTool, PanTool, ResetTool, SaveTool, WheelZoomTool
    from bokeh.plotting import figure

    along: Any = "both" if time is None else "width"
    tools = [PanTool(), BoxZoomTool(dimensions=along), WheelZoomTool(dimensions=along), ResetTool(), SaveTool()]
    if time is not None:
        options |= {"x_axis_type": "datetime", "x_range": time, "min_border_left": 80}  # so that axes align
    tools.append(HoverTool(**hover))
    made = figure(height=height, sizing_mode="stretch_width", tools=tools, toolbar_location="above", **options)
    made.toolbar.logo = None
    made.toolbar.autohide = True
    made.background_fill_color = made.border_fill_color = look.background
    made.outline_line_color = None
    for axis in made.axis:
        axis.axis_line_color = axis.major_tick_line_color = look.grid
        axis.minor_tick_line_color = None
        axis.major_label_text_color = axis.axis_label_text_color = look.muted
    made.grid.grid_line_color = look.grid
    if time is not None:
        _add_legend(made, look)
    return made


def _add_legend(chart: Figure, look: Style) -> None:
    from bokeh.models.annotations import Legend

    legend = Legend(click_policy="hide", orientation="horizontal", margin=0)
    legend.border_line_color = legend.background_fill_color = None
    legend.label_text_color, legend.label_text_font_size = look.text, "12px"
    chart.add_layout(legend, "above")


def milliseconds(times: Integers) -> Floats:
    """Nanoseconds in the unit that browsers count time in."""
    found: Floats = times / 1e6
    return found


def number(form: str) -> Any:
    """A formatter of an axis."""
    from bokeh.models import NumeralTickFormatter

    return NumeralTickFormatter(format=form)
