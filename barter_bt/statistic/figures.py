"""All figures, in the order of print-outs, and how to find one by any of its names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from barter_bt.statistic import activity, against, cost, deposits, drawdown, flows, market, performance, trips
from barter_bt.statistic.figure import DEFINED, Figure

_ORDER = (performance, drawdown, activity, trips, cost, flows, deposits, market, against)

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {
        name: figure
        for module in _ORDER
        for name, figure in DEFINED.items()
        if figure.compute.__module__ == module.__name__
    }
)
"""Every figure by its name."""

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
