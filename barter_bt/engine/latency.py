"""How long a message takes: always as long, by a table of times, or drawn (rule 52).

A draw is a function of seed, kind and number alone: it needs no state, and what else a run does cannot change it.
"""

from __future__ import annotations

import numpy as np

from barter_bt.columns.column import I64
from barter_bt.columns.exact import muldiv_floor
from barter_bt.columns.marks import native, unit
from barter_bt.columns.table import Table

CONSTANT, BY_TIME, MEASURED, INTERPOLATED = 0, 1, 2, 3
FEED, RESPONSE = 15, 16  # kinds: of market events, and what is added to that of a report; requests have their own
BITS = 32  # of a draw
_WHOLE = 1 << BITS
_MASK = (1 << 64) - 1


class Delays(Table):
    """Rows of all tables of delays, ascending by ``time`` where they go by it."""

    time: I64
    ns: I64


@unit
def delay_ns(d: Delays, form: int, first: int, count: int, seed: int, kind: int, number: int, time: int) -> int:
    """How long a message takes that is sent at a time, by ``count`` rows from ``first`` on."""
    if form == BY_TIME:
        return d.ns[_row_at(d, first, count, time)]
    u = draw(seed, kind, number)
    if form == MEASURED:
        return d.ns[first + (u * count >> BITS)]
    place = u * (count - 1)
    row, rest = first + (place >> BITS), place & (_WHOLE - 1)
    low = d.ns[row]
    return low + muldiv_floor(d.ns[row + 1] - low, rest, _WHOLE) if rest > 0 else low


def _row_at(d: Delays, first: int, count: int, time: int) -> int:
    """The last row that is not later; the first where all are."""
    low, high = first, first + count
    while high - low > 1:
        middle = (low + high) // 2
        if d.time[middle] <= time:
            low = middle
        else:
            high = middle
    return low


@native(lambda: _draw_int64)
def draw(seed: int, kind: int, number: int) -> int:
    """A whole number from 0 to 2^32 - 1, as good as random.

    Examples
    --------
    >>> [draw(1, 0, order) for order in range(3)]
    [2978611956, 1817679329, 356950258]
    """
    return _mix(_mix(_mix(seed) + kind) + number) >> BITS


def _mix(z: int) -> int:
    """A step of SplitMix64."""
    z = (z + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _MASK
    return z ^ z >> 31


def _draw_int64(seed: int, kind: int, number: int) -> int:
    z = _mix_uint64(_mix_uint64(_mix_uint64(np.uint64(seed)) + np.uint64(kind)) + np.uint64(number))
    return np.int64(z >> np.uint64(BITS))  # type: ignore[return-value]


def _mix_uint64(z: np.uint64) -> np.uint64:
    """The same in numbers without a sign: of those with one, Numba says that they never wrap around."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
