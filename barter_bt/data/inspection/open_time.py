"""How long a market was open until a time: the clock by which gaps are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from barter_bt.data.sessions import Sessions, sessions_around

Times = npt.NDArray[np.int64]
Calendar = str | Sessions
ALWAYS = "24/7"


@dataclass(frozen=True)
class OpenTime:
    """Counts the time of sessions alone; without sessions the market never closes.

    Parameters
    ----------
    opens, closes
        When sessions open and close, ns, in order.

    Examples
    --------
    >>> clock = OpenTime(np.array([10, 30]), np.array([20, 40]))
    >>> clock.until(np.array([5, 15, 25, 35, 99])).tolist(), clock.is_open(np.array([9, 20, 21])).tolist()
    ([0, 5, 10, 15, 20], [False, True, False])
    """

    opens: Times | None = None
    closes: Times | None = None

    def until(self, times: Times) -> Times:
        """How long it was open until each time, ns."""
        if self.opens is None or self.closes is None:
            return times
        place = np.searchsorted(self.opens, times, side="right")
        whole = np.concatenate(([0], np.cumsum(self.closes - self.opens)))
        rest = np.maximum(self.closes[np.maximum(place - 1, 0)] - times, 0)  # of the session that is on
        found: Times = whole[place] - np.where(place > 0, rest, 0)
        return found

    def is_open(self, times: Times) -> npt.NDArray[np.bool_]:
        """Whether it is open at each time; a session's open and its close belong to it."""
        if self.opens is None or self.closes is None:
            return np.ones(len(times), np.bool_)
        place = np.searchsorted(self.opens, times, side="right")
        found: npt.NDArray[np.bool_] = (place > 0) & (times <= self.closes[np.maximum(place - 1, 0)])
        return found


def open_time(calendar: Calendar | Mapping[str, Calendar], instrument: str, first_ns: int, last_ns: int) -> OpenTime:
    """The clock of an instrument; one that a mapping does not name never closes."""
    one = calendar.get(instrument, ALWAYS) if isinstance(calendar, Mapping) else calendar
    if one == ALWAYS:
        return OpenTime()
    found = one if isinstance(one, Sessions) else _made(one, first_ns, last_ns)
    return OpenTime(found.opens_ns, found.closes_ns)


def name_of(calendar: Calendar | Mapping[str, Calendar]) -> str:
    """A calendar, or one for each instrument, in words.

    Examples
    --------
    >>> name_of({"aapl_usd": "XNYS"})
    'aapl_usd: XNYS; others: 24/7'
    """
    if isinstance(calendar, Mapping):
        return "; ".join([f"{name}: {name_of(one)}" for name, one in calendar.items()] + [f"others: {ALWAYS}"])
    return calendar.name if isinstance(calendar, Sessions) else calendar


_made = lru_cache(maxsize=8)(sessions_around)  # a calendar takes a while to make, and many instruments share one
