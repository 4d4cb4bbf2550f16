"""The probability of backtest overfitting: every split of the returns of a thousand configurations."""

from __future__ import annotations

import math
import statistics
import time

import numpy as np
import numpy.typing as npt

from barter_bt.research import probability_of_overfitting
from benchmarks.measure import RUNS, Entry, peak_mb, settle
from benchmarks.peers import _answers as answers

OBSERVATIONS, CONFIGURATIONS, BLOCKS = 2_520, 1_000, 16


def returns(scale: float) -> npt.NDArray[np.float64]:
    """Ten years of days without skill, shape (observations, configurations)."""
    columns = max(20, int(CONFIGURATIONS * scale))
    return np.random.default_rng(1).normal(0.0002, 0.01, (OBSERVATIONS, columns))


def overfitting(scale: float) -> list[Entry]:
    """All splits of 16 blocks; the answer is that of fewer blocks, counted split by split."""
    values = returns(scale)
    answer = answers.overfitting(values)
    probability = probability_of_overfitting(values, answers.FEW_BLOCKS).probability
    before = settle()
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        probability_of_overfitting(values, BLOCKS)
        times.append(time.perf_counter() - began)
    n, seconds = math.comb(BLOCKS, BLOCKS // 2) * values.shape[1], statistics.median(times[1:])
    gap = abs(probability - answer.equity)
    return [
        {
            "case": "overfitting",
            "n": n,
            "seconds": seconds,
            "rate": n / seconds,
            "runs": RUNS,
            "peak_mb": peak_mb() - before,
            "orders": None,
            "final_equity": probability,
            "same_work": gap <= answer.tolerance,
            "same_work_reason": f"probability {gap:.4g} from {answer.equity:.4f} in {answers.FEW_BLOCKS} blocks",
            "note": f"n is splits of {BLOCKS} blocks x configurations; the probability stands in place of the equity",
        }
    ]
