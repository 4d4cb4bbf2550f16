"""Figures of what was paid in and out: how much, and what the account made of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import polars as pl

from barter_bt.statistic.activity import Activity
from barter_bt.statistic.curve import Curve, stated
from barter_bt.statistic.figure import figure
from barter_bt.statistic.interval import YEAR_NS
from barter_bt.statistic.performance import total_return
from barter_bt.statistic.tables import Floats, Integers, floats, nanoseconds, total

REASONS = ("deposit", "withdrawal")
_DOUBLINGS = 200  # of what is tried for the growth over the run, and its halvings
_HALVINGS = 200  # of the interval in which it lies


@figure("Deposits", "money", "Deposits", needs="activity")
def deposits(activity: Activity) -> float | None:
    """Sum of what was paid in, less what was paid out, in the reporting asset at the prices of its time."""
    _, worth = _paid(activity)
    return None if np.isnan(worth).any() else total(worth)


@figure("Time-weighted return", "fraction", "Deposits", sample="marks")
def time_weighted_return(curve: Curve) -> float | None:
    """Product of the growth of the equity from each deposit or withdrawal to the next - 1, from just after the one to
    just before the other: what it made of each unit of money, whenever it came. It is `total_return`.
    """
    return total_return(curve)


@figure("Money-weighted return", "fraction", "Deposits", needs="activity")
def money_weighted_return(activity: Activity) -> float | None:
    """Internal rate of return i of a year of 365 days: equity at start (1 + i)^T + sum of deposits (1 + i)^t = equity
    at end, T and t in years from the start, and from when the engine learnt of each, to the end; by bisection, nearest
    to 0 where several would do. Undefined where none does, a deposit had no price, or the run is shorter than a day.
    """
    curve, (times, worth) = activity.curve, _paid(activity)
    if curve is None or not curve.span_ns or np.isnan(worth).any():
        return None
    inside = (times > curve.times[0]) & (times <= curve.times[-1])
    left = (curve.times[-1] - times[inside]) / curve.span_ns
    paid = np.concatenate(([float(curve.money[0])], worth[inside]))
    growth = internal_growth(paid, np.concatenate(([1.0], left)), float(curve.money[-1]))
    return None if growth is None else stated(growth, YEAR_NS / curve.span_ns)


def internal_growth(paid: Floats, left: Floats, end: float) -> float | None:
    """Growth g over a whole time at which payments, each for a part ``left`` of it, come to ``end``: the root of the
    sum of paid · g^left - end that is nearest to 1 on a scale of halvings and doublings; None without one.

    Examples
    --------
    >>> growth = internal_growth(np.array([100.0, 100.0]), np.array([1.0, 0.5]), 231.0)
    >>> round(growth, 9)
    1.21
    """

    def excess(power: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.add.accumulate(paid * np.exp2(power * left))[-1]) - end

    if excess(0.0) == 0.0:
        return 1.0
    for k in range(1, _DOUBLINGS + 1):
        for low, high in ((k - 1, k), (-k, 1 - k)):
            below, above = excess(low), excess(high)
            if math.isfinite(below) and math.isfinite(above) and (below > 0) != (above > 0):
                return _bisected(excess, float(low), float(high))
    return None


def _bisected(excess: Callable[[float], float], low: float, high: float) -> float:
    rises = excess(high) > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if (excess(middle) > 0) == rises else (middle, high)
    return float(np.exp2(high))


def _paid(activity: Activity) -> tuple[Integers, Floats]:
    """When the engine learnt of each deposit, and its worth; NaN where there was no price."""
    flows: pl.DataFrame | None = getattr(activity.run, "cash_flows", None)
    if flows is None or not flows.height:
        return np.empty(0, np.int64), np.empty(0)
    mine = flows.filter(pl.col("reason").is_in(REASONS))
    return nanoseconds(mine["time_engine"]), floats(mine["worth"].fill_null(float("nan")))
