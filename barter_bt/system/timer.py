"""The one event of the engine that Barter does not have: time goes on, and the strategy is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timer:
    """A bar has closed, a timer is due, or a row of a schedule: whatever the host wakes a strategy by.

    Parameters
    ----------
    time
        When, ns since 1970.
    closes_bar
        Whether it is the close of bars, which wakes what asked for ``"bar_close"``.

    Examples
    --------
    >>> Timer(60_000_000_000).time
    60000000000
    """

    time: int
    closes_bar: bool = False
