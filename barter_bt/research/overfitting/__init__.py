"""How much of what was found is luck: of the choice among many, of one Sharpe ratio, of the order of trades."""

from barter_bt.research.overfitting.cscv import Overfitting, probability_of_overfitting
from barter_bt.research.overfitting.sharpe import (
    SharpeEstimate,
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_years,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_estimate,
)

__all__ = [
    "Overfitting",
    "SharpeEstimate",
    "deflated_sharpe",
    "effective_trials",
    "expected_maximum_sharpe",
    "minimum_backtest_years",
    "minimum_track_record",
    "probabilistic_sharpe",
    "probability_of_overfitting",
    "sharpe_estimate",
]
