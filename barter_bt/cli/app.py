"""The application that commands are registered with, and what they share."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

OK, INTERNAL_ERROR, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

AsJson = Annotated[bool, Parameter(name="--json", help="Print one JSON object.")]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"barter-bt {version('barter-bt')}"
    except PackageNotFoundError:
        return "barter-bt (not installed)"


app = App(
    name="barter-bt",
    help="Backtest trading strategies: one deterministic engine, market data columns in, trade tables out.",
    version=_version,
    default_parameter=Parameter(negative=()),
)
data = App(name="data", help="Look at market data.")
app.command(data)
app.register_install_completion_command()
