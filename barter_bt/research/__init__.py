"""Research: many sets of parameters, which times they are fitted and tested on, and how much of it all is luck."""

from barter_bt.research.backtests import BacktestArguments, Backtests, run_backtests
from barter_bt.research.factors import FactorReport, factor_report
from barter_bt.research.fold_picture import plot_folds
from barter_bt.research.folds import Fold, Span, fold_table, walk_forward
from barter_bt.research.overfitting import (
    BlockSums,
    Overfitting,
    RealityCheck,
    SharpeEstimate,
    SuperiorPredictiveAbility,
    TradeOrders,
    add_noise,
    block_length,
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_years,
    minimum_track_record,
    perturb,
    probabilistic_sharpe,
    probability_of_overfitting,
    reality_check,
    sharpe_estimate,
    shuffle_trades,
    stationary_rows,
    superior_predictive_ability,
)
from barter_bt.research.purged import CombinatorialFolds, combinatorial_purged, purged_k_fold
from barter_bt.research.result import Sweep
from barter_bt.research.searching import Adaptive, adaptive
from barter_bt.research.sets import draw, grid
from barter_bt.research.study import Study
from barter_bt.research.sweeping import sweep
from barter_bt.research.weights import Optimiser, optimised_weights

__all__ = [
    "Adaptive",
    "BacktestArguments",
    "Backtests",
    "BlockSums",
    "CombinatorialFolds",
    "FactorReport",
    "Fold",
    "Optimiser",
    "Overfitting",
    "RealityCheck",
    "SharpeEstimate",
    "Span",
    "Study",
    "SuperiorPredictiveAbility",
    "Sweep",
    "TradeOrders",
    "adaptive",
    "add_noise",
    "block_length",
    "combinatorial_purged",
    "deflated_sharpe",
    "draw",
    "effective_trials",
    "expected_maximum_sharpe",
    "factor_report",
    "fold_table",
    "grid",
    "minimum_backtest_years",
    "minimum_track_record",
    "optimised_weights",
    "perturb",
    "plot_folds",
    "probabilistic_sharpe",
    "probability_of_overfitting",
    "purged_k_fold",
    "reality_check",
    "run_backtests",
    "sharpe_estimate",
    "shuffle_trades",
    "stationary_rows",
    "superior_predictive_ability",
    "sweep",
    "walk_forward",
]
