"""Figures of round trips, from the opening of a position to its closing: returns, the longest, Kelly's fraction."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from barter_bt.statistic.activity import Activity, payoff, win_rate
from barter_bt.statistic.curve import ratio
from barter_bt.statistic.figure import figure
from barter_bt.statistic.performance import length
from barter_bt.statistic.tables import Floats, floats, nanoseconds, total


def returns_of(activity: Activity, positions: pl.DataFrame) -> Floats:
    """Realised PnL, net of fees, over the cost of the largest quantity at the average entry; NaN where there is none.

    Parameters
    ----------
    activity
        Knows the instruments' contract sizes, and which are inverse.
    positions
        ``pnl_realised``, ``price_entry_average``, ``quantity_abs_max``, ``exchange`` and ``instrument``.

    Examples
    --------
    >>> import barter_bt as bt
    >>> result = bt.testing.run_prices([10, 10, 12], bt.testing.schedule({"at": 60, "buy": 5}, {"at": 120, "sell": 5}))
    >>> returns_of(Activity(result), result.positions).round(9).tolist()  # bought at 10, sold at 12
    [0.2]
    """
    if "price_entry_average" not in positions.columns or not positions.height:
        return np.full(positions.height, np.nan)
    price = floats(positions["price_entry_average"])
    price = np.where(price > 0, price, np.nan)  # 0 where it cost less than half a unit of money
    amount = floats(positions["quantity_abs_max"]) * activity.sizes(positions)
    cost = np.where(activity.inverse(positions), amount / price, amount * price)
    found: Floats = floats(positions["pnl_realised"]) / cost
    return found


@figure("Best round trip", "fraction", "Activity", needs="activity", sample="positions")
def best_return(activity: Activity) -> float | None:
    """Highest return of a closed position: realised PnL, net of fees, / (average entry price times largest quantity
    and contract size), which is Barter's return of a position; of inverse contracts / (largest quantity times contract
    size / average entry price).
    """
    returns = _returns(activity)
    return None if returns is None else float(returns.max())


@figure("Worst round trip", "fraction", "Activity", needs="activity", sample="positions")
def worst_return(activity: Activity) -> float | None:
    """Lowest return of a closed position, as in `best_return`."""
    returns = _returns(activity)
    return None if returns is None else float(returns.min())


@figure("Mean round trip", "fraction", "Activity", needs="activity", sample="positions")
def mean_return(activity: Activity) -> float | None:
    """Arithmetic mean of the returns of closed positions, as in `best_return`; each counts once, however large."""
    returns = _returns(activity)
    return None if returns is None else total(returns) / len(returns)


@figure("Longest round trip", "duration", "Activity", needs="activity", sample="positions")
def longest_holding_time(activity: Activity) -> timedelta | None:
    """Longest time from the opening of a closed position to its closing."""
    closed = activity.run.positions
    if not closed.height:
        return None
    return length(int((nanoseconds(closed["time_exit"]) - nanoseconds(closed["time_enter"])).max()))


@figure("Kelly fraction", "fraction", "Activity", needs="activity", sample="positions", source="Kelly (1956)")
def kelly(activity: Activity) -> float | None:
    """Win rate - (1 - win rate) / payoff ratio: what to stake of the account on the next position if gains and losses
    were always their means, below 0 nothing. It knows nothing of how far losses vary, or of positions open together.
    """
    win, paid = win_rate(activity), payoff(activity)
    missed = None if win is None or paid is None else ratio(1.0 - win, paid)
    return None if win is None or missed is None else win - missed


def _returns(activity: Activity) -> Floats | None:
    returns = returns_of(activity, activity.run.positions)
    return returns if len(returns) and np.isfinite(returns).all() else None
