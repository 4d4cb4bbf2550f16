"""The calendar of a time zone: which zone a run's days are in, when they begin, and which of them a mark ends.

A mark belongs to the period that ends with it: one exactly at midnight, as the close of a day's candle, to the day
before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.tables import Integers, Tables

UTC: Final = "UTC"
DAY_NS: Final = 86_400_000_000_000
_HALF_A_DAY: Final = pl.duration(hours=12, time_unit="ns")


def zone_of(run: Tables, time_zone: str | None = None) -> str:
    """The zone that was asked for, else that of the run's data if all of it declares the same, else UTC.

    Raises
    ------
    ConfigError
        There is no such zone.
    """
    if time_zone is None:
        return str(run.config.get("time_zone") or UTC)
    if not is_zone(time_zone):
        raise ConfigError(
            f"time_zone is {time_zone!r}, which is not known", 'write for example "UTC" or "America/New_York"'
        )
    return time_zone


def is_zone(name: object) -> bool:
    """Whether a name is that of a time zone.

    Examples
    --------
    >>> is_zone("Asia/Tokyo"), is_zone("Tokyo")
    (True, False)
    """
    if not isinstance(name, str) or not name:
        return False
    try:
        pl.Series([0], dtype=pl.Datetime("ns", UTC)).dt.convert_time_zone(name).dt.hour()
    except pl.exceptions.PolarsError:
        return False
    return True


def wall_clock(time: pl.Expr, time_zone: str) -> pl.Expr:
    """What a clock in the zone shows an instant before ``time``: that of the period that a mark ends."""
    before = time - pl.duration(nanoseconds=1, time_unit="ns")
    return before.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)


def moment(wall: pl.Expr, time_zone: str) -> pl.Expr:
    """When a clock in the zone shows ``wall`` first; where it is put forward over it, when it is put forward."""
    shown = wall.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    earlier = (wall - _HALF_A_DAY).dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(shown, earlier + _HALF_A_DAY)


def edges(first_ns: int, last_ns: int, length_ns: int, time_zone: str = UTC) -> Integers:
    """Where intervals of ``length_ns`` end, after ``first_ns`` and until ``last_ns``: its multiples since 1970.

    Those of whole days are midnights of the zone, and a day is as long as its clocks make it; shorter ones are in UTC.

    Examples
    --------
    >>> hours = edges(0, 49 * DAY_NS // 24, DAY_NS, "Europe/Paris") // (DAY_NS // 24)
    >>> hours.tolist()  # it was an hour ahead
    [23, 47]
    """
    if time_zone == UTC or length_ns % DAY_NS:
        return np.arange(first_ns - first_ns % length_ns + length_ns, last_ns + 1, length_ns, dtype=np.int64)
    step, start, stop = length_ns // DAY_NS, first_ns // DAY_NS - 1, last_ns // DAY_NS + 1
    days = np.arange(start - start % step, stop + 1, step, dtype=np.int64) * DAY_NS
    frame = pl.DataFrame({"wall": pl.Series(days).cast(pl.Datetime("ns"))})
    found = frame.select(moment(pl.col("wall"), time_zone)).to_series().to_physical().to_numpy()
    return np.unique(found[(found > first_ns) & (found <= last_ns)])


def numbers(times: Integers, length_ns: int, time_zone: str = UTC) -> Integers:
    """Count the edges before each time: times with the same number are of the same interval.

    Examples
    --------
    >>> numbers(np.array([1, 10, 11, 35]), 10).tolist()
    [0, 0, 1, 3]
    """
    if time_zone == UTC or length_ns % DAY_NS:
        found: Integers = (times - 1) // length_ns
        return found
    first, last = int(times[0]), int(times[-1])
    return np.searchsorted(edges(first - 1, last, length_ns, time_zone), times, side="left")
