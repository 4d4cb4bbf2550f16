"""How much of what was found is luck: of the choice among many, of one Sharpe ratio, of the order of trades."""

from barter_bt.research.overfitting.block_sums import BlockSums
from barter_bt.research.overfitting.cscv import Overfitting, probability_of_overfitting
from barter_bt.research.overfitting.perturb import add_noise, perturb
from barter_bt.research.overfitting.predictive import (
    RealityCheck,
    SuperiorPredictiveAbility,
    reality_check,
    superior_predictive_ability,
)
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
from barter_bt.research.overfitting.trade_order import TradeOrders, shuffle_trades
from barter_bt.statistic.blocks import block_length, stationary_rows

__all__ = [
    "BlockSums",
    "Overfitting",
    "RealityCheck",
    "SharpeEstimate",
    "SuperiorPredictiveAbility",
    "TradeOrders",
    "add_noise",
    "block_length",
    "deflated_sharpe",
    "effective_trials",
    "expected_maximum_sharpe",
    "minimum_backtest_years",
    "minimum_track_record",
    "perturb",
    "probabilistic_sharpe",
    "probability_of_overfitting",
    "reality_check",
    "sharpe_estimate",
    "shuffle_trades",
    "stationary_rows",
    "superior_predictive_ability",
]
