"""Between which times rows of a catalog are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from barter_bt.data.catalog.coverage import iso
from barter_bt.data.catalog.manifest import Entry
from barter_bt.data.report import Finding
from barter_bt.errors import ConfigError

Moment: TypeAlias = datetime | str | None
_DAY_NS = 86_400_000_000_000


def span(start: Moment, end: Moment) -> tuple[int | None, int | None]:
    """The first time and the first time after it, in nanoseconds.

    Raises
    ------
    ConfigError
        One is no time, has no zone, or nothing lies between them.

    Examples
    --------
    >>> span("1970-01-01T00:00:01Z", None)
    (1000000000, None)
    """
    first, after = _ns(start, "start"), _ns(end, "end")
    if first is not None and after is not None and first >= after:
        raise ConfigError(
            f"start is {start} and end is {end}: nothing lies between them", "end is the first time after"
        )
    return first, after


def within(entries: Sequence[Entry], first: int | None, after: int | None) -> list[Entry]:
    """The files that have rows between two times.

    Raises
    ------
    ConfigError
        There are none.
    """
    found = [
        one
        for one in entries
        if (first is None or one.time_last >= first) and (after is None or one.time_first < after)
    ]
    if not found:
        one = entries[0]
        told = " ".join(f"{word} {iso(time)}" for word, time in (("from", first), ("until", after)) if time is not None)
        raise ConfigError(
            f"there are no {one.kind} of {one.instrument!r} at {one.exchange} {told}; there are those from "
            f"{iso(min(each.time_first for each in entries))} to {iso(max(each.time_last for each in entries))}",
            "barter-bt data list tells what a catalog has",
        )
    return found


def less_than_asked(label: str, entries: Sequence[Entry], first: int | None, after: int | None) -> tuple[Finding, ...]:
    """Tell where rows begin more than a day later, or end more than a day earlier, than was asked for."""
    begins, ends = min(one.time_first for one in entries), max(one.time_last for one in entries)
    told = []
    if first is not None and begins - first > _DAY_NS:
        told.append(f"asked for from {iso(first)}, and begin at {iso(begins)}")
    if after is not None and after - ends > _DAY_NS:
        told.append(f"asked for until {iso(after)}, and end at {iso(ends)}")
    hint = "import what is missing, or ask for what is there"
    return tuple(Finding("range", "time_exchange", 0, (), f"{label} are {what}", hint, label) for what in told)


def _ns(moment: Moment, what: str) -> int | None:
    """A time in nanoseconds; text without a zone is UTC."""
    if moment is None:
        return None
    try:
        time: Any = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if isinstance(moment, str) and time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"{what} is {moment!r}, which is not a time", '"2024-01-02" or "2024-01-02T09:30Z"') from None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ConfigError(f"{what} is {moment!r}; it must be a datetime with a zone", '"2024-01-02" is a day of UTC')
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
