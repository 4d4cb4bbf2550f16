"""Where bars end: by the clock, or when a number of rows, a volume, a value or a range is reached.

A bar that a measure ends takes all rows of the time at which it is reached, so it may be larger than asked for, and two
bars never end at one time. Each begins afresh behind the last: where it ends depends on its own rows alone, however the
rows come in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data.duration import duration_ns, whole_days

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Chosen: TypeAlias = slice | npt.NDArray[np.intp] | pl.Series
"""Rows: from one to another, by their numbers, or by a mask."""


@dataclass(frozen=True)
class Rows:
    """Rows of one instrument, as arrays of one length, in order of time.

    Parameters
    ----------
    at
        By which a row belongs to a window: its time; of a candle that of its open.
    time, received
        When it was, or was over, and when it arrived, ns.
    open, high, low, close, volume
        Of a trade its price and amount, of a quote its mid and 0.
    """

    at: Times
    time: Times
    received: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.time)

    def part(self, rows: Chosen) -> Rows:
        """Some of the rows."""
        return Rows.joined([self], rows)

    @staticmethod
    def joined(parts: Sequence[Rows], rows: Chosen | None = None) -> Rows:
        """Rows behind rows, or some of them; columns that are one array (the prices of a trade) stay one."""
        keys = [tuple(id(getattr(part, one.name)) for part in parts) for one in fields(Rows)]
        arrays = {key: [getattr(part, one.name) for part in parts] for key, one in zip(keys, fields(Rows), strict=True)}
        joined = {key: each[0] if len(each) == 1 else np.concatenate(each) for key, each in arrays.items()}
        if rows is not None:
            joined = dict(zip(joined, _chosen(list(joined.values()), rows), strict=True))
        return Rows(*(joined[key] for key in keys))


def _chosen(columns: list[npt.NDArray[Any]], rows: Chosen) -> list[npt.NDArray[Any]]:
    """Some rows of columns; where a mask says which, Polars needs a tenth of NumPy's time."""
    if isinstance(rows, pl.Series):
        return [pl.Series(column).filter(rows).to_numpy() for column in columns]
    return [column[rows] for column in columns]


Measure = Callable[[Rows, slice], Floats]
NOISE = 1e-9
"""Of a size: what misses it by less has reached it. In floats ten times 0.1 is below 1, and 100.3 - 100.0 below 0.3."""


def count(rows: Rows, of: slice) -> Floats:
    """How many rows."""
    return np.arange(1, len(rows.time[of]) + 1, dtype=np.float64)


def volume(rows: Rows, of: slice) -> Floats:
    """Amounts traded."""
    return np.cumsum(rows.volume[of])


def value(rows: Rows, of: slice) -> Floats:
    """Price times amount."""
    return np.cumsum(rows.volume[of] * rows.close[of])


def span(rows: Rows, of: slice) -> Floats:
    """From the lowest to the highest price."""
    return np.asarray(np.maximum.accumulate(rows.high[of]) - np.minimum.accumulate(rows.low[of]))


def ends_by_measure(rows: Rows, measure: Measure, size: float) -> list[int]:
    """Ends (exclusive) of the bars that are over: a later row has come, and the measure has reached the size.

    Examples
    --------
    >>> price, at = np.array([1.0, 2.0, 2.0, 2.0, 9.0]), np.array([1, 2, 2, 3, 4])
    >>> ends_by_measure(Rows(at, at, at, price, price, price, price, np.ones(5)), count, 2)
    [3]
    """
    ends: list[int] = []
    start = 0
    while start < len(rows):
        guess = max(64, 2 * (ends[-1] - (ends[-2] if len(ends) > 1 else 0))) if ends else 64
        end = next_end(rows, start, lambda of: measure(rows, of) >= size * (1.0 - NOISE), guess)
        if end is None:
            break
        ends.append(end)
        start = end
    return ends


def next_end(rows: Rows, start: int, reaches: Callable[[slice], npt.NDArray[np.bool_]], guess: int = 64) -> int | None:
    """Where the bar from ``start`` ends (exclusive), if it is over; it takes all rows of the time that reaches it.

    Parameters
    ----------
    rows
        Rows of one instrument.
    start
        The first row of the bar.
    reaches
        Of a slice that begins at ``start``: behind which of its rows the bar is reached.
    guess
        How many rows to try first.
    """
    while True:
        reached = reaches(slice(start, start + guess))
        if reached.any():
            break
        if start + guess >= len(rows):
            return None
        guess *= 2
    time = rows.time[start + int(reached.argmax())]
    end = start + int(np.searchsorted(rows.time[start:], time, side="right"))
    return end if end < len(rows) else None  # else more of that time may come


def edges(first: int, last: int, every: str, zone: str | None) -> Times:
    """Starts of the windows of time from that of a first to that behind a last time, ns.

    Examples
    --------
    >>> edges(125, 205, "100ns", None).tolist()
    [100, 200, 300]
    """
    days = whole_days(every)
    if not days:
        length = duration_ns(every, "every")
        return np.arange(first - first % length, last - last % length + length + 1, length)
    unit = f"{days // 7}w" if every.strip().endswith("w") else f"{days}d"
    ends = pl.Series([first, last]).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone or "UTC").dt.truncate(unit)
    starts = pl.datetime_range(ends[0], ends.dt.offset_by(unit)[1], unit, eager=True)
    return starts.dt.cast_time_unit("ns").to_physical().to_numpy()


def bars_to(rows: Rows, ends: Sequence[int]) -> tuple[int, dict[str, npt.NDArray[np.generic]]]:
    """How many rows bars with these ends take, and the bars: from their first row to the time of their last."""
    if not ends:
        return 0, {}
    starts = np.array([0, *ends[:-1]])
    closed = rows.time[np.array(ends) - 1]
    return ends[-1], bars(rows.part(slice(0, ends[-1])), starts, np.minimum(rows.time[starts], closed - 1), closed)


def bars(rows: Rows, starts: npt.NDArray[np.intp], opened: Times, closed: Times) -> dict[str, npt.NDArray[np.generic]]:
    """Candles of rows from each start to the next; the last ends with the rows."""
    last = np.append(starts[1:], len(rows)) - 1
    return {
        "time_exchange": closed,
        # Without arrivals the last row of a bar, which is in order of time, was the last to come.
        "time_received": np.maximum(
            closed, rows.time[last] if rows.received is rows.time else np.maximum.reduceat(rows.received, starts)
        ),
        "time_open": opened,
        "open": rows.open[starts],
        "high": np.maximum.reduceat(rows.high, starts),
        "low": np.minimum.reduceat(rows.low, starts),
        "close": rows.close[last],
        "volume": np.add.reduceat(rows.volume, starts),
    }
