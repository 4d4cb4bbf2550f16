"""How a curve is sampled, and the interval that its figures are stated for: Barter's, or any length of time."""

from __future__ import annotations

import sys
import warnings
from typing import Final

import numpy as np

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError
from barter_bt.statistic.calendar import DAY_NS, UTC, edges, numbers
from barter_bt.statistic.tables import Integers

SECOND_NS: Final = 1_000_000_000
YEAR_NS: Final = 365 * DAY_NS
CALENDAR_YEAR_NS: Final = 31_557_600 * SECOND_NS
"""365.25 days."""
SAMPLINGS_NS: Final = {"1d": DAY_NS, "1h": 3_600 * SECOND_NS, "1m": 60 * SECOND_NS, "1s": SECOND_NS}
INTERVALS: Final = {"daily": DAY_NS, "annual_252": 252 * DAY_NS, "annual_365": YEAR_NS}
"""Barter's intervals: ``Daily``, ``Annual252``, ``Annual365``."""
SESSION: Final = "session"
"""Returns are of trading sessions, each of which counts as a day; ``session:XNYS`` names one of several calendars."""
ACTUAL: Final = "actual"
"""A year of 365 days that holds as many returns as were really there, whatever the market's hours."""


_OURS: Final = ("barter_bt", "functools")


class SamplingWarning(UserWarning):
    """Figures are not of the sampling that was asked for."""


def warn(message: str) -> None:
    """Warn, with the line of the user's own code: figures are computed on demand, somewhere below it."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, SamplingWarning, stacklevel=level)


def interval_ns(interval: str) -> int:
    """Find the length of an interval; that of ``"actual"`` is a year.

    Raises
    ------
    ConfigError
        It is neither a known interval nor a length of time.

    Examples
    --------
    >>> interval_ns("annual_252") // DAY_NS, interval_ns("30d") // DAY_NS
    (252, 30)
    """
    if interval == ACTUAL:
        return YEAR_NS
    length = INTERVALS.get(interval) or _length(interval, f"{ACTUAL}, {', '.join(INTERVALS)}, 30d")
    return length


def per(interval: str) -> str:
    """Say what figures are stated for.

    Examples
    --------
    >>> per("actual"), per("daily"), per("30d")
    ('annual', 'daily', 'per 30d')
    """
    if interval in (ACTUAL, *INTERVALS):
        return "daily" if interval == "daily" else "annual"
    return f"per {interval}"


def sampling_ns(sampling: str) -> int:
    """Find the length of a sampling interval.

    Examples
    --------
    >>> sampling_ns("1h") // SECOND_NS
    3600
    """
    if not isinstance(sampling, str):
        raise ConfigError(f"sampling is {sampling!r}; it must be text", f"write one of 1d, 4h, 1m, {SESSION}")
    if sampling.partition(":")[0] == SESSION:
        return DAY_NS
    return SAMPLINGS_NS.get(sampling) or _length(sampling, f"1d, 4h, 1m, {SESSION}")


def sampling_interval(span_ns: int) -> str:
    """Choose the longest of 1d, 1h, 1m and 1s of which ``span_ns`` holds at least two, else 1s.

    Examples
    --------
    >>> sampling_interval(3 * DAY_NS), sampling_interval(DAY_NS)
    ('1d', '1h')
    """
    return next((name for name, length in SAMPLINGS_NS.items() if span_ns >= 2 * length), "1s")


def sample_rows(times: Integers, interval_ns: int, time_zone: str = UTC) -> Integers:
    """Pick the rows that stand for the ends of the intervals: the last at or before each edge, the first, the last.

    An edge without a new mark since the one before gives no row, so closed markets add no empty returns.

    Parameters
    ----------
    times
        int64 nanoseconds, ascending, at least one.
    interval_ns, time_zone
        Where the edges are: see :func:`~barter_bt.statistic.calendar.edges`.

    Examples
    --------
    >>> sample_rows(np.array([0, 5, 10, 14, 31]), 10).tolist()
    [0, 2, 3, 4]
    """
    first, last = int(times[0]), int(times[-1])
    if (last - first) // interval_ns > len(times) // 16 and (time_zone == UTC or interval_ns % DAY_NS):
        number = numbers(times, interval_ns)  # many edges: ask each mark for the last before it
        rows = np.flatnonzero((number[1:] > number[:-1]) & (number[1:] * interval_ns > first))
    else:
        return rows_at(times, edges(first, last, interval_ns, time_zone))
    return _with_ends(rows, times)


def rows_at(times: Integers, ends: Integers) -> Integers:
    """Pick the rows that stand for some times, ascending: the last at or before each, the first row and the last.

    Examples
    --------
    >>> rows_at(np.array([0, 5, 10, 14, 31]), np.array([-4, 9, 12, 40])).tolist()
    [0, 1, 2, 4]
    """
    inside = ends[(ends >= times[0]) & (ends <= times[-1])]
    return _with_ends(np.searchsorted(times, inside, side="right") - 1, times)


def _with_ends(rows: Integers, times: Integers) -> Integers:
    """With the first row and the last, each once."""
    rows = np.concatenate(([0], rows, [len(times) - 1]))
    return rows[np.concatenate(([True], rows[1:] != rows[:-1]))]


def spacing_ns(times: Integers, interval_ns: int, time_zone: str = UTC) -> int:
    """Time between one sample and the next: the interval, or, where most are further apart, their lower median.

    Examples
    --------
    >>> spacing_ns(np.array([0, 9, 21, 30]), 10), spacing_ns(np.array([0, 24, 48, 120]), 1)
    (10, 24)
    """
    if len(times) < 2:
        return interval_ns
    middle = (len(times) - 2) // 2
    if np.partition(np.diff(numbers(times, interval_ns, time_zone)), middle)[middle] <= 1:
        return interval_ns
    return int(np.partition(np.diff(times), middle)[middle])


def _length(text: str, examples: str) -> int:
    try:
        length = duration_ns(text, "interval")
    except ConfigError as error:
        raise ConfigError(f"{text!r} is not an interval", f"write one of {examples}") from error
    if length <= 0:
        raise ConfigError(f"{text!r} is not an interval: it must be longer than nothing", f"write one of {examples}")
    return length
