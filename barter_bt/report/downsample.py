"""Fewer points for a line of millions, without losing a single extreme."""

from __future__ import annotations

import numpy as np

from barter_bt.statistic.tables import Floats, Integers


def extremes(times: Integers, values: Floats, columns: int) -> Integers:
    """Choose the rows that a line drawn ``columns`` pixels wide needs: first, lowest, highest, last of each column.

    The picture is the same as that of all rows: every peak and trough keeps its value and its place, to the
    width of a pixel.

    Parameters
    ----------
    times
        int64, ascending.
    values
        float64, no NaN, as many.
    columns
        Number of equal parts of the time span, at least 1.

    Returns
    -------
    Integers
        Row numbers, ascending, without duplicates, at most ``4 * columns``.

    Examples
    --------
    >>> extremes(np.arange(6), np.array([0.0, 5.0, 1.0, 1.0, -5.0, 0.0]), 1).tolist()
    [0, 1, 4, 5]
    """
    if len(times) <= 4 * columns:
        return np.arange(len(times))
    return extremes_of_parts(times, values, np.linspace(float(times[0]), float(times[-1]), columns + 1)[:-1])


def extremes_of_parts(times: Integers, values: Floats, edges: Integers | Floats) -> Integers:
    """Choose the rows of the first, lowest, highest and last value of each part of the time; of equals the first.

    What is chosen of pieces, put together and chosen from again, is what is chosen of the whole.

    Parameters
    ----------
    times, values
        As for :func:`extremes`.
    edges
        Where each part begins, ascending.

    Examples
    --------
    >>> extremes_of_parts(np.arange(6), np.array([0.0, 5.0, 1.0, 1.0, -5.0, 0.0]), np.array([0, 3])).tolist()
    [0, 1, 2, 3, 4, 5]
    """
    starts = np.unique(np.searchsorted(times, edges.astype(np.int64), side="left"))
    starts = starts[starts < len(times)]
    if not len(starts) or starts[0] != 0:
        starts = np.concatenate(([0], starts))
    lengths = np.diff(np.append(starts, len(times)))
    rows = [starts, starts + lengths - 1]
    for reduction in (np.minimum, np.maximum):
        hits = np.flatnonzero(values == np.repeat(reduction.reduceat(values, starts), lengths))
        rows.append(hits[np.searchsorted(hits, starts)])
    return np.unique(np.concatenate(rows))


def thin(times: Integers, columns: int) -> Integers:
    """Choose at most one row for each of ``columns`` equal parts of the time span: marks that would overlap.

    Examples
    --------
    >>> thin(np.array([0, 1, 2, 50, 99]), 2).tolist()
    [0, 3]
    """
    if len(times) <= columns:
        return np.arange(len(times))
    edges = np.linspace(float(times[0]), float(times[-1]), columns + 1)[:-1].astype(np.int64)
    rows = np.unique(np.searchsorted(times, edges, side="left"))
    return rows[rows < len(times)]
