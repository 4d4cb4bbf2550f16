"""Figures of a finished run: what they are, how each is defined, and the tables they come from."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barter_bt.statistic.barter_summary import trading_summary
    from barter_bt.statistic.figures import FIGURES
    from barter_bt.statistic.flows import flows_by
    from barter_bt.statistic.part import figures_by, parts
    from barter_bt.statistic.resampled import bootstrap
    from barter_bt.statistic.season import returns_by
    from barter_bt.statistic.sessions import by_session
    from barter_bt.statistic.summary import Summary, summarise
    from barter_bt.statistic.windows import rolling

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

_LATER = {
    "FIGURES": "figures",
    "Summary": "summary",
    "bootstrap": "resampled",
    "by_session": "sessions",
    "figures_by": "part",
    "flows_by": "flows",
    "parts": "part",
    "returns_by": "season",
    "rolling": "windows",
    "summarise": "summary",
    "trading_summary": "barter_summary",
}
"""A run needs no figures before it is over: they are imported when they are asked for. Their modules, by name."""


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
