"""Which of several values of a figure is the best."""

from __future__ import annotations

from typing import Final

import polars as pl

LOWER_IS_BETTER: Final = frozenset(
    {
        *("volatility", "downside_deviation", "value_at_risk", "expected_shortfall", "max_drawdown", "mean_drawdown"),
        *("current_drawdown", "drawdowns", "fees", "slippage", "turnover", "exposure", "exposure_notional"),
        *("orders_rejected", "tracking_error", "kurtosis"),
    }
)
"""Figures of which less is better; of all others more is."""


def ranked(frame: pl.DataFrame, objective: str) -> pl.DataFrame:
    """Rows with the best first; equal ones as they were, those without a value left out.

    Examples
    --------
    >>> ranked(pl.DataFrame({"sharpe": [None, 1.0, 2.0]}), "sharpe")["sharpe"].to_list()
    [2.0, 1.0]
    """
    there = frame.filter(pl.col(objective).is_not_null())
    return there.sort(objective, descending=objective not in LOWER_IS_BETTER, maintain_order=True)
