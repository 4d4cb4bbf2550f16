"""Research: many sets of parameters, which times they are fitted and tested on, and how much of it all is luck."""

from barter_bt.research.folds import Fold, Span, fold_table, walk_forward
from barter_bt.research.grid import draw, grid
from barter_bt.research.purged import CombinatorialFolds, combinatorial_purged, purged_k_fold
from barter_bt.research.result import Sweep
from barter_bt.research.sweep import sweep

__all__ = [
    "CombinatorialFolds",
    "Fold",
    "Span",
    "Sweep",
    "combinatorial_purged",
    "draw",
    "fold_table",
    "grid",
    "purged_k_fold",
    "sweep",
    "walk_forward",
]
