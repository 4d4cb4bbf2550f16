"""Research: which times a strategy is fitted and tested on, and how much of what was found is luck."""

from barter_bt.research.folds import Fold, Span, fold_table, walk_forward
from barter_bt.research.purged import CombinatorialFolds, combinatorial_purged, purged_k_fold

__all__ = [
    "CombinatorialFolds",
    "Fold",
    "Span",
    "combinatorial_purged",
    "fold_table",
    "purged_k_fold",
    "walk_forward",
]
