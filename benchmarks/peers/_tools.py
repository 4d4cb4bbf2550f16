"""The peers: what each needs and which cases it runs."""

from collections.abc import Mapping
from dataclasses import dataclass

NEEDS = {
    "sma_cross": ("candles",),
    "replay_compiled": ("trades",),
    "replay_quotes": ("trades", "quotes"),
    "replay_python": ("trades",),
    "rebalance": ("panel",),
    "brackets": ("candles",),
    "overfitting": ("returns",),
    "sweep": ("candles",),
    "sweep_protected": ("candles",),
    "sweep_compiled": ("trades",),
    "aggregate": ("trades",),
    "aggregate_one": ("trades",),
}
"""The data sets each case reads."""


@dataclass(frozen=True)
class Tool:
    """What a peer needs, and the cases it runs: ``case`` or ``case:variant``."""

    requirements: tuple[str, ...]
    cases: tuple[str, ...]
    script: str
    tolerance: Mapping[str, tuple[float, str]] | None = None
    """A wider tolerance of the final equity for a case, and why."""


# Pinned to what the scripts were written against: a later version may read them otherwise.
TOOLS: Mapping[str, Tool] = {
    "raptorbt": Tool(
        ("raptorbt==0.13.4", "numpy"),
        (
            "sma_cross",
            "sma_cross:tables",
            "sma_cross:signals",
            "sma_cross:signals+tables",
            "replay_python",
            "rebalance",
            "sweep",
        ),
        "raptorbt.py",
        {"rebalance": (0.005, "its own schedule of costs in place of the fee")},
    ),
    "vectorbt": Tool(
        ("vectorbt[rust]==1.2.0",),
        (
            "sma_cross",
            "sma_cross:tables",
            "sma_cross:signals",
            "sma_cross:signals+tables",
            "sma_cross:numba",
            "replay_compiled",
            "replay_compiled:one",
            "rebalance",
            "rebalance:tables",
            "brackets",
            "brackets:tables",
            "sweep",
            "sweep_protected",
        ),
        "vectorbt.py",
    ),
    "polars-backtest": Tool(
        ("polars-backtest==0.1.7", "numpy"),
        ("sma_cross", "sma_cross:equity", "sma_cross:signals", "rebalance", "rebalance:equity"),
        "polars_backtest.py",
        {"sma_cross": (5e-6, "a fraction of the equity in place of one unit")},
    ),
    "hftbacktest": Tool(
        ("hftbacktest==2.4.4",),
        (
            "replay_compiled",
            "replay_compiled:one",
            "replay_quotes",
            "replay_quotes:one",
            "replay_python",
            "sweep_compiled",
        ),
        "hftbacktest.py",
    ),
    "backtesting": Tool(("backtesting==0.6.6",), ("sma_cross", "sma_cross:signals", "brackets"), "backtesting.py"),
    "bt": Tool(("bt==1.4.1",), ("rebalance",), "bt.py"),
    "nautilus_trader": Tool(
        ("nautilus_trader==1.221.0",),
        ("sma_cross", "sma_cross:signals", "replay_compiled", "replay_python"),
        "nautilus_trader.py",
    ),
    "pandas": Tool(("pandas==3.0.5",), ("aggregate", "aggregate_one"), "pandas.py"),
    "polars": Tool(("polars==2.1.0", "numpy"), ("aggregate", "aggregate_one"), "polars.py"),
    "purgedcv": Tool(("purgedcv==0.1.11",), ("overfitting",), "purgedcv.py"),
    "backtrader": Tool(
        ("backtrader==1.9.78.123", "numpy", "pandas"), ("sma_cross", "sma_cross:signals"), "backtrader.py"
    ),
}
