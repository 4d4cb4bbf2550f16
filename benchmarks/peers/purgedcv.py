"""purgedcv: the probability of backtest overfitting, of fewer blocks than ours: 16 would take it many minutes."""

import math

import numpy as np
from _answers import FEW_BLOCKS
from _harness import Data, Job, main


def _overfitting(data: Data) -> Job:
    """Every split of 8 blocks; a split takes as long as one of 16, for both have half of the rows."""
    import purgedcv

    values = np.ascontiguousarray(data("returns")["values"].T)  # configurations x observations

    def run():
        return None, purgedcv.probability_of_backtest_overfitting(values, FEW_BLOCKS).pbo

    n = math.comb(FEW_BLOCKS, FEW_BLOCKS // 2) * len(values)
    return Job(run, n, f"{FEW_BLOCKS} blocks; the probability stands in place of the equity")


main("purgedcv", "purgedcv", {"overfitting": _overfitting})
