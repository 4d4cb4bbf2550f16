"""Times as executions are given them."""

from __future__ import annotations

from typing import Any

from barter_bt.data.duration import duration_ns
from barter_bt.errors import StrategyError
from barter_bt.strategy.timing import moment_of


def length_ns(given: str | int, name: str) -> int:
    """A length of time above 0, in nanoseconds.

    Examples
    --------
    >>> length_ns("30m", "duration")
    1800000000000
    """
    found = duration_ns(given, name)
    if found <= 0:
        raise StrategyError(f"{name} is {given!r}; it must be above 0")
    return found


def start_ns(given: Any) -> int:
    """A moment in nanoseconds since 1970; 0 for none.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> start_ns(None), start_ns(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    (0, 1000000000)
    """
    return 0 if given is None else moment_of(given, 0, "start", "an execution")
