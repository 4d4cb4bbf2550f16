"""What every figure of a summary means: one table, from which print-outs and the documentation are made."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Unit = Literal["text", "time", "duration", "money", "fraction", "ratio", "count"]


class Figure(NamedTuple):
    """One figure: the label shown, its unit, and its definition."""

    label: str
    unit: Unit
    definition: str


FIGURES: Final[dict[str, Figure]] = {
    "reporting": Figure("Reporting asset", "text", "asset in which equity is measured"),
    "start": Figure("Start", "time", "time of the first mark of equity that is not null"),
    "end": Figure("End", "time", "time of the last mark of equity that is not null"),
    "duration": Figure("Duration", "duration", "end - start"),
    "sampling": Figure(
        "Sampling",
        "text",
        "interval at whose ends equity is sampled for returns: the longest of 1d, 1h, 1m, 1s of which the run "
        "holds at least two (1s if none); edges are multiples of it in UTC; a sample is the last mark at or "
        "before an edge, edges without a new mark give none, and the first and last marks are samples too",
    ),
    "samples": Figure("Returns", "count", "number n of returns r = (sample / previous sample) - 1"),
    "periods_per_year": Figure(
        "Periods per year", "ratio", "n / ((last sample - first sample) / 365 days): the spacing that was really there"
    ),
    "equity_start": Figure("Equity at start", "money", "first mark of equity that is not null"),
    "equity_end": Figure("Equity at end", "money", "last mark of equity that is not null"),
    "total_return": Figure("Total return", "fraction", "equity at end / equity at start - 1"),
    "annual_return": Figure(
        "Annual return", "fraction", "(equity at end / equity at start) ^ (365 days / duration) - 1"
    ),
    "volatility": Figure(
        "Volatility (annual)",
        "fraction",
        "standard deviation of r, with n - 1 in the divisor, times sqrt(periods per year); 0 where all r are equal "
        "but for rounding (1e-14)",
    ),
    "sharpe": Figure(
        "Sharpe ratio (annual)",
        "ratio",
        "mean of r / standard deviation of r, times sqrt(periods per year); risk-free rate 0",
    ),
    "sortino": Figure(
        "Sortino ratio (annual)",
        "ratio",
        "mean of r / sqrt(mean of min(r, 0)^2 over all n), times sqrt(periods per year); target 0",
    ),
    "max_drawdown": Figure(
        "Maximum drawdown", "fraction", "largest of 1 - equity / highest equity so far, over all marks, not samples"
    ),
    "max_drawdown_duration": Figure(
        "Maximum drawdown lasted",
        "duration",
        "from the last mark at the peak before the maximum drawdown to the first mark back at it or above, "
        "or to the end of the run",
    ),
    "calmar": Figure("Calmar ratio", "ratio", "annual return / maximum drawdown"),
    "orders": Figure("Orders", "count", "orders that the strategy sent"),
    "orders_filled": Figure("Orders filled", "count", "orders whose last status is filled (in full)"),
    "orders_rejected": Figure("Orders rejected", "count", "orders whose last status is rejected"),
    "trades": Figure("Trades", "count", "own fills"),
    "positions": Figure("Closed positions", "count", "positions opened and closed, flips count as closed"),
    "win_rate": Figure("Win rate", "fraction", "closed positions with realised PnL above 0 / closed positions"),
    "profit_factor": Figure(
        "Profit factor",
        "ratio",
        "sum of positive realised PnL / -(sum of negative realised PnL), net of fees; one quote asset only",
    ),
    "expectancy": Figure(
        "Expectancy", "money", "mean realised PnL of a closed position, net of fees, in the one quote asset traded"
    ),
    "fees": Figure("Fees", "money", "sum of the fees of all trades, in the one quote asset traded"),
    "turnover": Figure(
        "Turnover", "ratio", "sum of notional of all trades / mean of equity's samples; quote = reporting asset only"
    ),
    "exposure": Figure("Exposure", "fraction", "part of the duration in which at least one position was open"),
}

DEFINITIONS: Final[dict[str, str]] = {name: f"{figure.definition} [{figure.unit}]" for name, figure in FIGURES.items()}
"""Formula and unit of each figure by its name in :class:`~barter_bt.statistic.summary.Summary`.

A figure that is not defined (a division by zero, too few samples, several quote assets) is ``None``.
"""
