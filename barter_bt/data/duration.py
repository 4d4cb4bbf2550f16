"""Lengths of time, as text or nanoseconds."""

from __future__ import annotations

import re
from decimal import Decimal

from barter_bt.errors import ConfigError

NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)")


def duration_ns(value: str | int, what: str) -> int:
    """``value`` in nanoseconds; text is a sum of numbers with units, days are 24 hours.

    Parameters
    ----------
    value
        Nanoseconds as an integer, or text such as ``"1m"``, ``"-250ms"``, ``"1h30m"``, ``"1.5s"``
        (units: ns, us, ms, s, m = minutes, h, d, w).
    what
        The argument's name, for the message.

    Examples
    --------
    >>> duration_ns("1h30m", "interval"), duration_ns("-1.5s", "clock_offset")
    (5400000000000, -1500000000)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = _PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise ConfigError(
            f"{what} is {value!r}, which is not a length of time", 'write for example "1m", "250ms", "1d"'
        )
    total = sum((Decimal(number) * NANOSECONDS[unit] for number, unit in parts), Decimal(0))
    if total != int(total):
        raise ConfigError(f"{what} is {value!r}, which is not a whole number of nanoseconds")
    return sign * int(total)


def span_ns(value: str | int, what: str) -> int:
    """A length of time that must be above 0.

    Raises
    ------
    ConfigError
        It is 0 or below, or none.

    Examples
    --------
    >>> span_ns("60s", "silence")
    60000000000
    """
    length = duration_ns(value, what)
    if length <= 0:
        raise ConfigError(f"{what} is {value!r}; it must be above 0", 'write for example "60s"')
    return length


def whole_days(value: str | int | None) -> int:
    """How many days a length of time is, if it is said in days or weeks alone; else 0.

    Examples
    --------
    >>> whole_days("1d"), whole_days("2w"), whole_days("24h"), whole_days("1d12h")
    (1, 14, 0, 0)
    """
    text = value.strip() if isinstance(value, str) else ""
    found = re.fullmatch(r"(\d+)([dw])", text)
    return int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
