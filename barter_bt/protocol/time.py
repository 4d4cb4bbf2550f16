"""Times: nanoseconds since 1970 inside, RFC 3339 text in documents, spelled as Barter's chrono spells it.

Read is what chrono reads: any offset, a space in place of the ``T``, lower case. Refused is what nanoseconds in an
int64 cannot hold, so that nothing is lost in silence: times before 1677 or after 2262, a tenth decimal, leap seconds.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias

from barter_bt.protocol.fault import Fault

_FORM = re.compile(
    r"\s*([+-]?\d{4,})-(\d{1,2})-(\d{1,2})(?:[Tt]|\s+)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?"
    r"\s*(?:([Zz]|UTC)|([+\-\u2212])(\d\d):?(\d\d))",
    re.ASCII,
)
_EPOCH_DAY, _NS_MIN, _NS_MAX = date(1970, 1, 1).toordinal(), -(1 << 63), (1 << 63) - 1
_RANGE = "a time from 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z"

_KEPT = 1_000
_starts: dict[str, int] = {}  # of times in UTC up to the point, which many in a row share


def format_time(time_ns: int) -> str:
    """RFC 3339 text of a time, with 0, 3, 6 or 9 decimals: as many as it needs.

    Parameters
    ----------
    time_ns
        Nanoseconds since 1970, UTC.

    Examples
    --------
    >>> format_time(1_734_721_518_175_000_000)
    '2024-12-20T19:05:18.175Z'
    """
    seconds, ns = divmod(time_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if ns == 0:
        return text + "Z"
    if ns % 1_000_000 == 0:
        return f"{text}.{ns // 1_000_000:03}Z"
    return f"{text}.{ns // 1000:06}Z" if ns % 1000 == 0 else f"{text}.{ns:09}Z"


def parse_time(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 text.

    Examples
    --------
    >>> parse_time("2024-12-20T20:05:18.175+01:00")
    1734721518175000000
    """
    start = _starts.get(text[:20])
    if start is not None and text[-1] == "Z" and (decimals := text[20:-1]).isdigit() and text.isascii():
        missing = 30 - len(text)
        if missing >= 0:
            return start + (int(decimals) * 10**missing if missing else int(decimals))
    form = _FORM.fullmatch(text)
    if form is None:
        raise Fault("expected a time as RFC 3339 text, like '2024-12-20T19:05:18.175Z'", text)
    if int(form[6]) == 60:
        raise Fault("a leap second has no place among nanoseconds since 1970", text)
    decimals = form[7] or ""
    if decimals[9:].strip("0"):
        raise Fault("expected a time of at most nine decimals", text)
    second = _seconds(form, text) * 1_000_000_000
    time_ns = second + int(decimals[:9].ljust(9, "0"))
    if not _NS_MIN <= time_ns <= _NS_MAX:
        raise Fault(f"expected {_RANGE}", text)
    if form[8] and text[19:20] == "." and _NS_MIN <= second <= _NS_MAX - 999_999_999:
        if len(_starts) == _KEPT:
            _starts.clear()
        _starts[text[:20]] = second
    return time_ns


def _seconds(form: re.Match[str], text: str) -> int:
    """Seconds since 1970; the calendar's own limits are held against the local time, as they are written."""
    year, month, day, hour, minute, second = (int(form[k]) for k in range(1, 7))
    if not 1 <= year <= 9999:
        raise Fault(f"expected {_RANGE}", text)
    offset_hour, offset_minute = int(form[10] or 0), int(form[11] or 0)
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError as error:
        raise Fault(f"expected a time of the calendar ({error})", text) from None
    if hour > 23 or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        raise Fault("expected hours to 23, minutes and seconds to 59", text)
    east = (offset_hour * 60 + offset_minute) * (1 if form[9] == "+" else -1)
    return ((days * 24 + hour) * 60 + minute - east) * 60 + second


class TimeCodec:
    """Nanoseconds as text and back.

    Examples
    --------
    >>> TimeCodec().write(0)
    '1970-01-01T00:00:00Z'
    """

    def read(self, value: Any) -> int:
        """Nanoseconds of an RFC 3339 text."""
        if not isinstance(value, str):
            raise Fault("expected a time as RFC 3339 text, like '2024-12-20T19:05:18.175Z'", value)
        return parse_time(value)

    def write(self, value: Any) -> str:
        """RFC 3339 text of nanoseconds."""
        if type(value) is not int or not _NS_MIN <= value <= _NS_MAX:
            raise Fault("expected a time in int nanoseconds since 1970, within int64", value)
        return format_time(value)


Time: TypeAlias = Annotated[int, TimeCodec()]
"""A time in nanoseconds since 1970, UTC."""
