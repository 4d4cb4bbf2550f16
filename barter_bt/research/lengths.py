"""Moments and lengths of time of folds: calendar months and years beside lengths in nanoseconds."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError

Length = str | int | timedelta
"""Text such as "90d", "6mo" or "2y" (months and years by the calendar), nanoseconds, or a timedelta."""
_CALENDAR = re.compile(r"(\d+)(mo|y)")
_NONE = timedelta(0)


def moment(given: datetime, what: str) -> datetime:
    """A time with a zone, in UTC."""
    when: object = given
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise ConfigError(f"{what} is {given!r}; it must be a datetime with a zone", "datetime(2024, 1, 2, tzinfo=UTC)")
    return given.astimezone(UTC)


def time_range(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Both in UTC, the first before the second."""
    first, last = moment(start, "start"), moment(end, "end")
    if first >= last:
        raise ConfigError(f"start is {start}, which is not before end, {end}")
    return first, last


def fixed(given: Length, what: str, least: timedelta = _NONE) -> timedelta:
    """A length that is the same everywhere, at least ``least``.

    Examples
    --------
    >>> fixed("1d12h", "embargo")
    datetime.timedelta(days=1, seconds=43200)
    """
    if isinstance(given, str) and _CALENDAR.fullmatch(given.strip()):
        raise ConfigError(f"{what} is {given!r}; months and years differ in length", 'give days: "30d"')
    if isinstance(given, timedelta):
        length = given
    else:
        length_ns = duration_ns(given, what)
        if length_ns % 1000:
            raise ConfigError(f"{what} is {length_ns} ns; allowed: whole microseconds, as datetimes have")
        length = timedelta(microseconds=length_ns // 1000)
    if length < least:
        raise ConfigError(f"{what} is {given!r}; it must be at least {least}")
    return length


def later(time: datetime, given: Length, times: int, what: str) -> datetime:
    """A time moved by so many of a length; a day that its month does not have is the month's last.

    Examples
    --------
    >>> later(datetime(2024, 1, 31, tzinfo=UTC), "1mo", 1, "test").date()
    datetime.date(2024, 2, 29)
    """
    found = _CALENDAR.fullmatch(given.strip()) if isinstance(given, str) else None
    try:
        if found is None:
            return time + times * fixed(given, what, timedelta(microseconds=1))
        months = int(found[1]) * (12 if found[2] == "y" else 1)
        if not months:
            raise ConfigError(f"{what} is {given!r}; it must be longer than nothing")
        year, month = divmod(time.year * 12 + time.month - 1 + months * times, 12)
        return time.replace(year=year, month=month + 1, day=min(time.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{what} is {given!r}, which leads out of the calendar from {time}") from error
