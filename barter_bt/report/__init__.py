"""Pictures and pages of a finished run. Each picture is a function of a run and, if wished, axes to draw on."""

from barter_bt.report.charts import plot_distribution, plot_months, plot_pnl, plot_positions, plot_trade
from barter_bt.report.findings import plot_quality
from barter_bt.report.lines import plot_curves, plot_equity, plot_exposure, plot_price, plot_rolling, plot_underwater
from barter_bt.report.making import plot_attribution, plot_inventory, plot_markouts
from barter_bt.report.page.quality import write_quality
from barter_bt.report.tearsheet import plot, plot_tear_sheet

__all__ = [
    "plot",
    "plot_attribution",
    "plot_curves",
    "plot_distribution",
    "plot_equity",
    "plot_exposure",
    "plot_inventory",
    "plot_markouts",
    "plot_months",
    "plot_pnl",
    "plot_positions",
    "plot_price",
    "plot_quality",
    "plot_rolling",
    "plot_tear_sheet",
    "plot_trade",
    "plot_underwater",
    "write_quality",
]
