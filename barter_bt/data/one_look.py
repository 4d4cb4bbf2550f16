"""A quick look at many candles: all that :mod:`barter_bt.data.sound` looks at, in one pass of compiled code.

It only vouches for rows, like the other; a test holds that both vouch for the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any, cast

import numpy as np

from barter_bt.columns.kernel import compiled_function, interprets
from barter_bt.data.history import NEVER
from barter_bt.data.rows import Rows
from barter_bt.data.sound import Columns, leaps

MANY = 1 << 16  # rows that are worth a kernel, which must be loaded or compiled once
_READ = ("time_exchange", "time_open", "instrument", "open", "high", "low", "close", "volume")


def has_many_candles(stream: Rows) -> bool:
    """Whether the rows of a stream are for :class:`OneLook`."""
    is_plain = stream.kind == "candles" and not stream.negative and not stream.has_received
    return is_plain and can_compile() and stream.rows >= MANY


def can_compile() -> bool:
    """Whether the compiler is there: it is not loaded for a look at rows."""
    return "numba" in sys.modules and not interprets()


class OneLook:
    """Looks at the candles of a stream, piece by piece.

    Parameters
    ----------
    codes
        The declared instruments.

    Examples
    --------
    >>> from barter_bt.data import candles, generate
    >>> (chunk,) = candles(generate.candles(9)).chunks({"walk_usd": 0})
    >>> look = OneLook({"walk_usd": 0})
    >>> look.finds_sound(chunk.columns), look.finds_sound(chunk.columns)  # the second time they go back
    (True, False)
    """

    def __init__(self, codes: Mapping[str, int]) -> None:
        self._closed = np.full(max(codes.values(), default=-1) + 1, NEVER, np.int64)
        self._last: dict[str, int] = {}

    def finds_sound(self, columns: Columns) -> bool:
        """Whether the next rows are certainly good."""
        kernel, before = compiled_function(cast(FunctionType, are_sound)), self._last.get("time_exchange", NEVER)
        sound = kernel(*(columns[name] for name in _READ), self._closed, before) and not leaps(columns, self._last)
        self._last = {"time_exchange": int(columns["time_exchange"][-1])}
        return bool(sound)


def are_sound(
    times: Any, times_open: Any, codes: Any, opens: Any, highs: Any, lows: Any, closes: Any, volumes: Any,
    closed: Any, last: int,
) -> int:  # fmt: skip
    """Kernel: whether candles are certainly good; ``closed`` is the last close of each instrument, and takes theirs."""
    sound, before, infinite = 1, last, np.inf
    for row in range(len(times)):
        i, at, since, low, high = codes[row], times[row], times_open[row], lows[row], highs[row]
        in_time = (before <= at) & (closed[i] <= since) & (since < at)
        inside = (low <= opens[row]) & (opens[row] <= high) & (low <= closes[row]) & (closes[row] <= high)  # NaN is not
        known = (low > 0.0) & (high < infinite) & (volumes[row] >= 0.0) & (volumes[row] < infinite)
        sound &= in_time & inside & known
        closed[i] = before = at
    return sound
