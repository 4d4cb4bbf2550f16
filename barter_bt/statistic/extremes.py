"""The lowest and the highest value in each of many spans of time."""

from __future__ import annotations

import numpy as np

from barter_bt.statistic.tables import Floats, Integers


def extremes(
    first: Integers, last: Integers, low: Floats, high: Floats, start: Integers, end: Integers
) -> tuple[Floats, Floats]:
    """Find the lowest and the highest value of what lies wholly in each span; NaN where nothing does.

    Parameters
    ----------
    first, last
        When each value begins and ends, int64 nanoseconds, both ascending; the same for what is of one moment.
    low, high
        The range of each value.
    start, end
        The spans, both ends included.

    Examples
    --------
    >>> moments, prices = np.array([1, 2, 3, 4]), np.array([5.0, 9.0, 7.0, 1.0])
    >>> extremes(moments, moments, prices, prices, np.array([2, 8]), np.array([3, 9]))
    (array([ 7., nan]), array([ 9., nan]))
    """
    begin, stop = np.searchsorted(first, start, side="left"), np.searchsorted(last, end, side="right")
    inside = stop > begin
    lowest, highest = np.full(len(start), np.nan), np.full(len(start), np.nan)
    pairs = np.column_stack((begin, stop))[inside].ravel()
    if len(pairs):
        lowest[inside] = np.fmin.reduceat(np.append(low, np.nan), pairs)[::2]
        highest[inside] = np.fmax.reduceat(np.append(high, np.nan), pairs)[::2]
    return lowest, highest
