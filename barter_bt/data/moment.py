"""Times as text, for messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ns: int) -> str:
    """Write a time with as many digits as it needs.

    Parameters
    ----------
    time_ns
        Nanoseconds since 1970; what is no int64 is none, and written as it is.

    Examples
    --------
    >>> moment(1_500_000_000)
    '1970-01-01 00:00:01.5 UTC'
    """
    if not -(1 << 63) <= time_ns < 1 << 63:
        return f"{time_ns} ns"
    seconds, ns = divmod(int(time_ns), 1_000_000_000)
    text = f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{ns:09}"
    return f"{text.rstrip('0').rstrip('.')} UTC"
