"""Figures of a finished run: what they are, how each is defined, and the tables they come from."""

# the order in which figures are listed
from barter_bt.statistic import performance as performance

from barter_bt.statistic import drawdown as drawdown  # isort: skip
from barter_bt.statistic import activity as activity  # isort: skip
from barter_bt.statistic import trips as trips  # isort: skip
from barter_bt.statistic import cost as cost  # isort: skip
from barter_bt.statistic import flows as flows  # isort: skip
from barter_bt.statistic import deposits as deposits  # isort: skip
from barter_bt.statistic import market as market  # isort: skip
from barter_bt.statistic import against as against  # isort: skip
from barter_bt.statistic.bootstrap import bootstrap
from barter_bt.statistic.figure import FIGURES
from barter_bt.statistic.flows import flows_by
from barter_bt.statistic.part import figures_by, parts
from barter_bt.statistic.rolling import rolling
from barter_bt.statistic.season import returns_by
from barter_bt.statistic.sessions import by_session
from barter_bt.statistic.summary import Summary, summarise
from barter_bt.statistic.trading_summary import trading_summary

__all__ = [
    "FIGURES",
    "Summary",
    "bootstrap",
    "by_session",
    "figures_by",
    "flows_by",
    "parts",
    "returns_by",
    "rolling",
    "summarise",
    "trading_summary",
]
