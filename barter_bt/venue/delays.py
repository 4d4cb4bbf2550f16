"""Delays that are not always the same: by time, measured, or drawn from a distribution (rule 52)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from barter_bt.data.duration import duration_ns
from barter_bt.engine.latency import BITS, BY_TIME, FEED, INTERPOLATED, MEASURED
from barter_bt.errors import ConfigError

LONGEST_NS = 366 * 86_400_000_000_000  # so that no time leaves the range of nanoseconds
_QUANTILES = 4_096
_MOST = 10_000_000  # measurements, or times
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXAMPLE = 'Delays.uniform("1ms", "5ms")'
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Delays:
    """Delays of messages, for :class:`Latency`; made by one of its methods.

    Each message draws its own by seed, kind and number of its order alone, so that orders which two runs have in common
    are equally fast in both, and the same however a run is executed.

    Parameters
    ----------
    form
        How a delay is found: 1 by time, 2 measured, 3 between quantiles.
    delays
        In nanoseconds.
    times
        From when on each holds, ns since 1970 UTC; only by time.

    Examples
    --------
    >>> Delays.uniform("1ms", "5ms").delays
    (1000000, 5000000)
    """

    form: int
    delays: tuple[int, ...]
    times: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.form not in (BY_TIME, MEASURED, INTERPOLATED):
            raise ConfigError(f"form of delays is {self.form!r}", _EXAMPLE)
        if not 1 <= len(self.delays) <= _MOST:
            raise ConfigError(f"delays are {len(self.delays):,}; allowed: 1 to {_MOST:,} of them", _EXAMPLE)
        for each in self.delays:
            _refuse(each)

    def __repr__(self) -> str:
        form = {BY_TIME: "by_time", MEASURED: "measured", INTERPOLATED: "interpolated"}[self.form]
        return f"Delays({form}, {len(self.delays):,} from {min(self.delays):,} to {max(self.delays):,} ns)"

    @classmethod
    def by_time(cls, rows: Iterable[Sequence[Any]]) -> Self:
        """Delays that change at certain times: a table that somebody has recorded.

        Parameters
        ----------
        rows
            Pairs of a time (a datetime with a zone, text of one, or ns since 1970 UTC) and the delay from then on, in
            order of time. Before the first the first holds.

        Examples
        --------
        >>> Delays.by_time([("2024-01-01T00:00Z", "5ms"), ("2024-01-01T14:30Z", "40ms")]).delays
        (5000000, 40000000)
        """
        pairs = [tuple(row) for row in rows]
        for row in pairs:
            if len(row) != 2:
                raise ConfigError(f"a row of delays by time is {row!r:.60}; it must be a time and a delay")
        times = tuple(_time(at) for at, _ in pairs)
        for before, after in pairwise(times):
            if after <= before:
                raise ConfigError(f"delays by time: {after} ns stands after {before} ns; times must ascend")
        return cls(BY_TIME, tuple(_duration(each) for _, each in pairs), times)

    @classmethod
    def measured(cls, delays: Iterable[str | int]) -> Self:
        """One of these, each as often as any other: measurements of one's own.

        Examples
        --------
        >>> Delays.measured(["3ms", "4ms", "90ms"])
        Delays(measured, 3 from 3,000,000 to 90,000,000 ns)
        """
        return cls(MEASURED, tuple(_duration(each) for each in delays))

    @classmethod
    def uniform(cls, low: str | int, high: str | int) -> Self:
        """Any delay between two, each as often as any other.

        Examples
        --------
        >>> Delays.uniform("1ms", "2ms")
        Delays(interpolated, 2 from 1,000,000 to 2,000,000 ns)
        """
        ends = _duration(low), _duration(high)
        if ends[0] > ends[1]:
            raise ConfigError(f"a uniform delay is from {low!r} to {high!r}; the second must not be shorter")
        return cls(INTERPOLATED, ends)

    @classmethod
    def lognormal(cls, median: str | int, sigma: float) -> Self:
        """Delays whose logarithms are normal, with a standard deviation of ``sigma``: mostly short, now and then long.

        They are drawn between 4,096 quantiles; the longest is that which one of 8,192 exceeds.

        Examples
        --------
        >>> Delays.lognormal("5ms", 0.5)
        Delays(interpolated, 4,096 from 798,734 to 31,299,514 ns)
        """
        from statistics import NormalDist

        middle, given = _duration(median), cast(Any, sigma)
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 5:
            raise ConfigError(f"sigma of lognormal delays is {sigma!r}; allowed: 0 to 5")
        normal = NormalDist()
        steps = (normal.inv_cdf((k + 0.5) / _QUANTILES) for k in range(_QUANTILES))
        return cls(INTERPOLATED, tuple(round(middle * math.exp(sigma * z)) for z in steps))


def delays_of(given: Mapping[str, Any], where: str) -> Delays:
    """Delays as a mapping with the one key of a method: of lognormal delays ``median`` and ``sigma``."""
    keys = set(given)
    if keys == {"median", "sigma"}:
        return Delays.lognormal(given["median"], given["sigma"])
    name = keys.pop() if len(keys) == 1 else ""
    value = given.get(name)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if name == "uniform" and len(value) == 2:
            return Delays.uniform(*value)
        if name == "measured":
            return Delays.measured(value)
        if name == "by_time":
            return Delays.by_time(value)
    raise ConfigError(
        f"{where} is {dict(given)!r:.80}; allowed: uniform, measured, by_time with a list, or median and sigma",
        'write {"uniform": ["1ms", "5ms"]} or {"median": "5ms", "sigma": 0.5}',
    )


def feed_arrivals(delays: Delays, seed: int, times: Integers, last: int) -> Integers:
    """When market events of these venue times arrive, none before ``last``, the arrival before them (rule 52)."""
    table = np.array(delays.delays, np.int64)
    if delays.form == BY_TIME:
        taken = table[np.maximum(np.searchsorted(np.array(delays.times, np.int64), times, side="right") - 1, 0)]
    elif delays.form == MEASURED:
        taken = table[(_draws(seed, times) * np.uint64(len(table)) >> np.uint64(BITS)).astype(np.int64)]
    else:
        place = _draws(seed, times) * np.uint64(len(table) - 1)
        row, rest = (place >> np.uint64(BITS)).astype(np.int64), place & np.uint64(0xFFFFFFFF)
        step = (table[np.minimum(row + 1, len(table) - 1)] - table[row]).astype(np.uint64)
        more = (step >> np.uint64(BITS)) * rest + ((step & np.uint64(0xFFFFFFFF)) * rest >> np.uint64(BITS))
        taken = table[row] + more.astype(np.int64)
    return np.maximum(np.maximum.accumulate(times + taken), last)


def _draws(seed: int, numbers: Integers) -> npt.NDArray[np.uint64]:
    """``draw`` of the engine's latency, of many numbers."""
    first = _mix(np.array([_mix(np.array([seed], np.uint64))[0] + np.uint64(FEED)]))[0]
    return _mix(numbers.astype(np.uint64) + first) >> np.uint64(BITS)


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def _duration(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise ConfigError(f"a delay is {given!r}; it must be text, or a whole number of nanoseconds", 'write "5ms"')
    return duration_ns(given, "a delay")


def _refuse(delay: int) -> None:
    if not 0 <= delay <= LONGEST_NS:
        raise ConfigError(f"a delay is {delay} ns; allowed: 0 to {LONGEST_NS} ns", 'write for example "10ms"')


def _time(given: Any) -> int:
    try:
        return moment_ns(given)
    except ValueError:
        raise ConfigError(
            f"a time of delays is {given!r}; it must be a datetime with a zone, its text, or ns since 1970 UTC",
            "write 2024-01-01T00:00:00Z",
        ) from None


def moment_ns(given: Any) -> int:
    """A moment in nanoseconds since 1970 UTC; a ValueError for what is none."""
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        since = moment - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    if isinstance(moment, bool) or not isinstance(moment, int):
        raise ValueError
    return moment
