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
_READ = ("time_exchange", "time_open", "open", "high", "low", "close", "volume")


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
    alone
        Whether rows are of one instrument: then several are looked at at a time.

    Attributes
    ----------
    gapless
        Whether each candle so far certainly opens as the one before it of its instrument closes.

    Examples
    --------
    >>> from barter_bt.data import candles, generate
    >>> (chunk,) = candles(generate.candles(9)).chunks({"walk_usd": 0})
    >>> look = OneLook({"walk_usd": 0}, alone=True)
    >>> look.finds_sound(chunk.columns), look.finds_sound(chunk.columns)  # the second time they go back
    (True, False)
    """

    def __init__(self, codes: Mapping[str, int], *, alone: bool) -> None:
        self._closed = np.full(max(codes.values(), default=-1) + 1, NEVER, np.int64)
        self._last: dict[str, int] = {}
        self._alone, self.gapless = alone, True

    def finds_sound(self, columns: Columns) -> bool:
        """Whether the next rows are certainly good."""
        read, before = [columns[name] for name in _READ], self._last.get("time_exchange", NEVER)
        if self._alone:
            gaps = compiled_function(cast(FunctionType, gaps_of_one))(*read, before)
        else:
            gaps = compiled_function(cast(FunctionType, gaps_of_many))(
                *read, columns["instrument"], self._closed, before
            )
        self.gapless &= gaps == 0
        sound = bool(gaps >= 0) and not leaps(columns, self._last)
        self._last = {"time_exchange": int(columns["time_exchange"][-1])}
        return sound


def gaps_of_many(
    times: Any, times_open: Any, opens: Any, highs: Any, lows: Any, closes: Any, volumes: Any,
    codes: Any, closed: Any, last: int,
) -> int:  # fmt: skip
    """Kernel: how many candles open behind the close before them of their instrument; -1 if not all are certainly good.

    ``closed`` is the last close of each instrument, ``NEVER`` before its first, and takes theirs.
    """
    faults, gaps, before = 0, 0, last
    for row in range(len(times)):
        i, at, since = codes[row], times[row], times_open[row]
        good = is_sound(closed[i], at, since, opens[row], highs[row], lows[row], closes[row], volumes[row])
        faults += not ((before <= at) & good)
        gaps += (closed[i] < since) & (closed[i] != NEVER)
        closed[i] = before = at
    return gaps if faults == 0 else -1


def gaps_of_one(
    times: Any, times_open: Any, opens: Any, highs: Any, lows: Any, closes: Any, volumes: Any, last: int
) -> int:
    """Kernel: the same of one instrument, where rows need not be looked at one after the other.

    ``last`` is the close before them.
    """
    bad = not is_sound(last, times[0], times_open[0], opens[0], highs[0], lows[0], closes[0], volumes[0])
    faults, gaps = int(bad), int(NEVER != last < times_open[0])
    for row in range(1, len(times)):
        before, since = times[row - 1], times_open[row]
        faults += not is_sound(before, times[row], since, opens[row], highs[row], lows[row], closes[row], volumes[row])
        gaps += before < since
    return gaps if faults == 0 else -1


def is_sound(
    closed: int, at: int, since: int, price: float, high: float, low: float, close: float, volume: float
) -> bool:
    """Whether a candle certainly is good; comparisons with NaN are not true."""
    in_time = (closed <= since) & (since < at)
    inside = (low <= price) & (price <= high) & (low <= close) & (close <= high)
    return in_time & inside & (low > 0.0) & (high < np.inf) & (volume >= 0.0) & (volume < np.inf)
