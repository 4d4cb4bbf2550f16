"""Gaps against the calendar, rows outside it, rows that arrived late, prices that stand still."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from barter_bt.data.inspection.limits import Limits
from barter_bt.data.inspection.open_time import OpenTime
from barter_bt.data.inspection.rows import found

_SECOND = 1e9
_STANDS = {
    "trades": ("price",),
    "quotes": ("ask_price", "ask_amount", "bid_amount", "bid_price"),
    "candles": ("open", "high", "low", "close"),
}


def by_time(kind: str, rows: pl.DataFrame, clock: OpenTime, limits: Limits) -> Iterator[pl.DataFrame]:
    """What is odd about the times of the rows of one instrument, which have no nulls among their times."""
    ends = rows["time_exchange"].to_physical().to_numpy()
    begins = rows["time_open"].to_physical().to_numpy() if kind == "candles" else ends
    yield _gaps(kind, rows, clock, begins, ends, 0 if kind == "candles" else limits.max_gap_ns)
    shut = clock.until(begins) == clock.until(ends) if kind == "candles" else ~clock.is_open(ends)
    shut &= clock.opens is not None
    yield found(rows, kind, "closed", "time_exchange", pl.Series(shut, dtype=pl.Boolean), None)
    if "time_received" in rows.columns:
        wait = (pl.col("time_received") - pl.col("time_exchange")).to_physical()
        late = wait > limits.max_latency_ns
        yield found(rows, kind, "late", "time_received", late, wait / _SECOND)
    if kind in _STANDS:
        yield _stale(kind, rows, clock, ends, limits)
    if kind == "candles" and "volume" in rows.columns:
        yield found(rows, kind, "zero_volume", "volume", pl.col("volume") == 0, None)
    if kind == "quotes":
        empty = (pl.col("bid_amount") == 0) | (pl.col("ask_amount") == 0)
        yield found(rows, kind, "empty_side", "bid_amount", empty, None)


def _gaps(
    kind: str, rows: pl.DataFrame, clock: OpenTime, begins: np.ndarray, ends: np.ndarray, allowed: int
) -> pl.DataFrame:
    """The rows behind which the market was open too long without one; a time that goes back does not end a gap."""
    since = np.maximum.accumulate(ends)[:-1]
    missing = np.zeros(len(ends), np.int64)
    missing[1:] = clock.until(np.maximum(begins[1:], since)) - clock.until(since)
    name = "time_open" if kind == "candles" else "time_exchange"
    return found(rows, kind, "gap", name, pl.Series(missing > allowed), pl.Series(missing / _SECOND))


def _stale(kind: str, rows: pl.DataFrame, clock: OpenTime, ends: np.ndarray, limits: Limits) -> pl.DataFrame:
    """Rows that repeat the one before, where enough of them do for long enough."""
    names = _STANDS[kind]
    same = rows.select(pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in names).fill_null(False))
    repeats = same.to_series().to_numpy()
    run = np.cumsum(~repeats)  # the number of the run of equal rows that a row is of
    first = np.flatnonzero(~repeats)
    last = np.append(first[1:], len(repeats)) - 1
    open_ns = clock.until(ends)
    lasts = open_ns[last] - open_ns[first]
    is_stale = (last - first + 1 >= limits.stale_rows) & (lasts >= limits.stale_ns)
    bad = pl.Series(repeats & is_stale[run - 1], dtype=pl.Boolean)
    return found(rows, kind, "stale", names[-1], bad, pl.Series(lasts[run - 1] / _SECOND))
