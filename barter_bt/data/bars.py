"""Where bars end: by the clock, or when a number of rows, a volume, a value or a range is reached.

A bar that a measure ends takes all rows of the time at which it is reached, so it may be larger than asked for, and two
bars never end at one time. Each begins afresh behind the last: where it ends depends on its own rows alone, however the
rows come in pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows of one instrument, as arrays: prices, highs and lows (of trades the same), amounts and times."""

    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    received: Times | None = None

    def __len__(self) -> int:
        return len(self.time)

    def part(self, start: int, end: int) -> Rows:
        """Rows from one to before another."""
        arrays = (self.open, self.high, self.low, self.close, self.volume)
        opened, high, low, close, volume = (values[start:end] for values in arrays)
        received = None if self.received is None else self.received[start:end]
        return Rows(self.time[start:end], opened, high, low, close, volume, received)


Measure = Callable[[Rows], Floats]


def count(rows: Rows) -> Floats:
    """How many rows."""
    return np.arange(1, len(rows) + 1, dtype=np.float64)


def volume(rows: Rows) -> Floats:
    """Amounts traded."""
    return np.cumsum(rows.volume)


def value(rows: Rows) -> Floats:
    """Price times amount."""
    return np.cumsum(rows.volume * rows.close)


def span(rows: Rows) -> Floats:
    """From the lowest to the highest price."""
    return np.asarray(np.maximum.accumulate(rows.high) - np.minimum.accumulate(rows.low))


def ends_by_measure(rows: Rows, measure: Measure, size: float) -> list[int]:
    """Ends (exclusive) of the bars that are over: a later row has come, and the measure has reached the size.

    Examples
    --------
    >>> price = np.array([1.0, 2.0, 2.0, 2.0, 9.0])
    >>> rows = Rows(np.array([1, 2, 2, 3, 4]), price, price, price, price, np.ones(5))
    >>> ends_by_measure(rows, count, 2)
    [3]
    """
    ends: list[int] = []
    start, guess = 0, 64
    while start < len(rows):
        reached = -1
        while reached < 0:
            found = np.flatnonzero(measure(rows.part(start, start + guess)) >= size)
            if len(found):
                reached = start + int(found[0])
            elif start + guess >= len(rows):
                return ends
            else:
                guess *= 2
        end = int(np.searchsorted(rows.time, rows.time[reached], "right"))
        if end == len(rows):  # more of that time may come
            return ends
        guess = max(64, 2 * (end - start))
        ends.append(end)
        start = end
    return ends


def bars(rows: Rows, starts: npt.NDArray[np.intp], opened: Times, closed: Times) -> dict[str, npt.NDArray[np.generic]]:
    """Candles of rows from each start to the next; the last ends with the rows."""
    last = np.append(starts[1:], len(rows)) - 1
    found: dict[str, npt.NDArray[np.generic]] = {
        "time_exchange": closed,
        "time_open": opened,
        "open": rows.open[starts],
        "high": np.maximum.reduceat(rows.high, starts),
        "low": np.minimum.reduceat(rows.low, starts),
        "close": rows.close[last],
        "volume": np.add.reduceat(rows.volume, starts),
    }
    if rows.received is not None:
        found["time_received"] = np.maximum(closed, np.maximum.reduceat(rows.received, starts))
    return found
