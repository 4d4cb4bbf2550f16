"""How long positions were open, from closed positions and from the fills since."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.statistic.holdings import holdings
from barter_bt.statistic.tables import Integers, Tables, codes, floats, nanoseconds

_DUST = 1e-10
"""A net quantity below this part of the quantity traded is none: public tables hold rounded floats."""


def time_in_market_ns(run: Tables, start_ns: int, end_ns: int) -> int:
    """Measure the time between ``start_ns`` and ``end_ns`` in which at least one position was open, in nanoseconds.

    Closed positions are intervals of their own; what is still open at the end comes from the fills since
    the last close of its instrument.
    """
    if not run.trades.height:
        return 0
    enter, leave = nanoseconds(run.positions["time_enter"]), nanoseconds(run.positions["time_exit"])
    enter = np.concatenate((enter, _open_since(run)))
    leave = np.concatenate((leave, np.full(len(enter) - len(leave), end_ns)))
    return covered(np.clip(enter, start_ns, end_ns), np.clip(leave, start_ns, end_ns))


def covered(enter: Integers, leave: Integers) -> int:
    """Measure the union of intervals.

    Examples
    --------
    >>> covered(np.array([0, 5, 20]), np.array([10, 12, 21]))
    13
    """
    if not len(enter):
        return 0
    order = np.argsort(enter, kind="stable")
    enter, reach = enter[order], np.maximum.accumulate(leave[order])
    gaps = np.maximum(enter[1:] - reach[:-1], 0)
    return int(reach[-1] - enter[0] - gaps.sum())


def _open_since(run: Tables) -> Integers:
    """Find when each position that is still open at the end was opened."""
    trades, positions = holdings(run), run.positions
    venue, venues = codes(trades["exchange"])
    name, names = codes(trades["instrument"])
    key, size = venue * len(names) + name, len(venues) * len(names)
    signed = floats(trades["change"])
    dust = np.bincount(key, np.abs(signed), size) * _DUST
    still = np.abs(np.bincount(key, signed, size)) > dust
    if not still.any():
        return np.empty(0, np.int64)
    time = nanoseconds(trades["time_exchange"])
    closed = np.full(size, np.iinfo(np.int64).min)
    last = positions.group_by("exchange", "instrument").agg(pl.col("time_exit").max())
    for exchange, instrument, moment in zip(
        last["exchange"].cast(pl.String),
        last["instrument"].cast(pl.String),
        nanoseconds(last["time_exit"]),
        strict=True,
    ):
        closed[venues.index(exchange) * len(names) + names.index(instrument)] = moment
    later = time > closed[key]
    since = closed.copy()
    since[key[later][::-1]] = time[later][::-1]  # the earliest is written last
    flipped = np.abs(np.bincount(key[~later], signed[~later], size)) > dust
    since = np.where(flipped & (closed > np.iinfo(np.int64).min), closed, since)
    return since[still]
