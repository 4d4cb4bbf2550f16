"""What a figure is: a function with a label, a unit and a source, whose docstring is its definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

Value = str | int | float | datetime | timedelta | None
Unit = Literal["text", "time", "duration", "money", "fraction", "ratio", "count"]
Needs = Literal["curve", "activity", "market", "against"]
Sample = Literal["", "marks", "returns", "days", "drawdowns", "orders", "trades", "positions", "instruments"]
_Compute = TypeVar("_Compute", bound=Callable[[Any], Any])


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    name
        Its name in a :class:`~barter_bt.statistic.summary.Summary`.
    label
        What people read; ``{per}`` is the interval, such as "annual".
    unit
        What its value is: a ``fraction`` of 0.05 is 5 %.
    section
        Where it is listed.
    definition
        Its formula; r is a return, n their number.
    source
        Who defined it, empty for plain arithmetic.
    sample
        What is counted as its sample.
    needs
        What it is computed from: the equity curve, what was done, the market, or the curve against a benchmark's.
    key
        Whether it is among the few that are printed first.
    compute
        The function; undefined is None.
    """

    name: str
    label: str
    unit: Unit
    section: str
    definition: str
    source: str
    sample: Sample
    needs: Needs
    key: bool
    compute: Callable[[Any], Value]


_FIGURES: Final[dict[str, Figure]] = {}
FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(_FIGURES)
"""Every figure by its name, in the order of print-outs."""


ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        alias: name
        for name, aliases in {
            "total_return": "return cumulative_return cum_return roi",
            "annual_return": "annualised_return annualized_return apr",
            "volatility": "vol annual_volatility std standard_deviation",
            "downside_deviation": "downside_risk",
            "sharpe": "sharpe_ratio",
            "sortino": "sortino_ratio",
            "omega": "omega_ratio",
            "value_at_risk": "var",
            "expected_shortfall": "cvar es conditional_value_at_risk",
            "skew": "skewness",
            "kurtosis": "kurt excess_kurtosis",
            "probabilistic_sharpe": "psr",
            "max_drawdown": "max_dd maxdd mdd maximum_drawdown",
            "max_drawdown_duration": "max_dd_duration",
            "mean_drawdown": "avg_drawdown average_drawdown",
            "current_drawdown": "drawdown dd",
            "calmar": "calmar_ratio mar",
            "trades": "fills trade_count num_trades n_trades",
            "positions": "round_trips closed_positions closed_trades",
            "win_rate": "winrate hit_rate hit_ratio",
            "profit_factor": "pf",
            "payoff": "payoff_ratio",
            "expectancy": "avg_trade average_trade mean_pnl",
            "sqn": "system_quality_number",
            "kelly": "kelly_criterion",
            "equity_peak": "peak_equity equity_final_peak",
            "best_return": "best_trade_return",
            "worst_return": "worst_trade_return",
            "mean_return": "avg_trade_return average_trade_return",
            "longest_holding_time": "max_trade_duration",
            "buy_and_hold": "buy_hold_return bnh",
            "max_adverse_excursion": "mae",
            "max_favourable_excursion": "mfe max_favorable_excursion",
            "best_position": "best_trade",
            "worst_position": "worst_trade",
            "holding_time": "avg_trade_duration",
            "fees": "commission commissions",
            "exposure": "exposure_time time_in_market",
            "correlation": "corr",
            "tracking_error": "te",
            "information_ratio": "ir",
            "upside_capture": "up_capture",
            "downside_capture": "down_capture",
            "samples": "returns n",
            "duration": "period",
        }.items()
        for alias in aliases.split()
    }
)
"""What figures are called elsewhere, and their names here."""


def find(name: str) -> Figure | None:
    """The figure of a name, an alias or a label, however it is spelled; None if there is none.

    Examples
    --------
    >>> find("ROI").name, find("Max DD").name, find("Sharpe ratio").name, find("beauty")
    ('total_return', 'max_drawdown', 'sharpe', None)
    """
    if name in FIGURES:
        return FIGURES[name]
    plain = _plain(name.partition("(")[0])
    plain = ALIASES.get(plain, plain)
    labels = {_plain(each.label.partition("(")[0]): each for each in reversed(list(FIGURES.values()))}
    return FIGURES.get(plain) or labels.get(plain)


def _plain(name: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", name.lower()))


def figure(
    label: str,
    unit: Unit,
    section: str,
    *,
    needs: Needs = "curve",
    sample: Sample = "returns",
    source: str = "",
    key: bool = False,
) -> Callable[[_Compute], _Compute]:
    """Make a function a figure: its name is the figure's, its docstring the definition."""

    def register(compute: _Compute) -> _Compute:
        definition = " ".join((compute.__doc__ or "").split()).rstrip(".")
        name = compute.__name__
        _FIGURES[name] = Figure(name, label, unit, section, definition, source, sample, needs, key, compute)
        return compute

    return register


def show(value: Value, unit: Unit) -> str:
    """Write a figure as text for people.

    Examples
    --------
    >>> show(0.1234, "fraction"), show(1234.5, "money"), show(2, "count")
    ('12.34 %', '1,234.50', '2')
    """
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, timedelta):
        if value >= timedelta(days=2):
            return f"{value / timedelta(days=1):,.1f} days"
        return str(value - timedelta(microseconds=value.microseconds)) if value >= timedelta(seconds=1) else str(value)
    if isinstance(value, float):
        match unit:
            case "fraction" if value and not 5e-4 <= abs(value) < 1e4:
                return f"{value * 100:.2g} %"
            case "fraction":
                return f"{value * 100:,.2f} %"
            case "money" if value and abs(value) < 1:
                return f"{value:.6g}"
            case "money":
                return f"{value:,.2f}"
            case _:
                return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
