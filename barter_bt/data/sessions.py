"""Trading sessions: when an instrument's exchange is open, from a calendar or from a table of one's own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from barter_bt.data.bare import typed
from barter_bt.data.schema import TIME
from barter_bt.data.source import open_source
from barter_bt.errors import ConfigError, DataError, MissingPackageError, nearest, refuse_unknown

_EPOCH, _DAY_NS = date(1970, 1, 1), 86_400_000_000_000
_MARGIN = timedelta(days=40)  # before and after the data: for orders at its end


@dataclass(frozen=True)
class Sessions:
    """Trading sessions, checked: what :func:`sessions` and :func:`exchange_sessions` give.

    Attributes
    ----------
    frame
        ``open`` and ``close`` (Datetime in ns, UTC) and ``date``, the day by which a session is called; by time.
    name
        Of the calendar, or of the file that they were read from.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> day = [datetime(2024, 7, 3, hour, tzinfo=timezone.utc) for hour in (14, 17)]
    >>> sessions(pl.DataFrame({"open": day[:1], "close": day[1:]}))
    Sessions(<frame>: 1, 2024-07-03 to 2024-07-03)
    """

    frame: pl.DataFrame
    name: str

    @property
    def opens_ns(self) -> np.ndarray:
        """Their opens, nanoseconds since 1970 UTC."""
        return self.frame["open"].to_physical().to_numpy()

    @property
    def closes_ns(self) -> np.ndarray:
        """Their closes, nanoseconds since 1970 UTC."""
        return self.frame["close"].to_physical().to_numpy()

    def __repr__(self) -> str:
        dates = self.frame["date"]
        return f"Sessions({self.name}: {len(dates):,}, {dates[0]} to {dates[-1]})"


def sessions(source: object) -> Sessions:
    """Sessions from a table of one's own.

    Parameters
    ----------
    source
        A frame or file with ``open`` and ``close`` (Datetime with a zone), a row for each session, by time; a session
        may open when the one before closes. Also ``date``, the day by which a session is called; without it that of
        the moment before its close, in UTC.

    Raises
    ------
    DataError
        There are none, a column is missing, a cell null, a session does not last, or two overlap.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> night = [datetime(2024, 1, day, tzinfo=timezone.utc) for day in (1, 2)]
    >>> sessions(pl.DataFrame({"open": night[:1], "close": night[1:]})).frame["date"].item()
    datetime.date(2024, 1, 1)
    """
    opened = typed(open_source(source), {"open": TIME, "close": TIME, "date": pl.Date()})
    for name in ("open", "close"):
        if name not in opened.schema:
            raise DataError(
                f"{opened.label}: sessions have no column {name!r}; there are {', '.join(opened.schema) or 'none'}",
                "they need open and close, and may have date",
            )
        kind = opened.schema[name]
        if not isinstance(kind, pl.Datetime) or not kind.time_zone:
            raise DataError(f"{opened.label}: column {name!r} is {kind}; it must be a Datetime with a time zone")
    refuse_unknown(opened.schema, ("open", "close", "date"), f"{opened.label}: sessions", DataError, "leave it out")
    called = pl.col("date") if "date" in opened.schema else (pl.col("close") - pl.duration(nanoseconds=1)).dt.date()
    times = (pl.col(name).dt.cast_time_unit("ns").dt.convert_time_zone("UTC") for name in ("open", "close"))
    frame = opened.lazy().with_columns(times).select("open", "close", called.cast(pl.Date).alias("date")).collect()
    return _checked(Sessions(frame, opened.label))


def exchange_sessions(calendar: str, start: date | str, end: date | str) -> Sessions:
    """Sessions of an exchange, from the calendars that come with the package ``exchange_calendars``.

    Pauses within a session, such as lunch in Tokyo, are not told: a session lasts from its open to its close.

    Parameters
    ----------
    calendar
        Name of a calendar, mostly the exchange's code (ISO 10383): ``"XNYS"``, ``"XLON"``, ``"XTKS"``; ``"24/7"``.
    start, end
        First and last day, as dates or text such as ``"2024-01-31"``.

    Raises
    ------
    MissingPackageError
        ``exchange_calendars`` is not installed.
    ConfigError
        There is no such calendar, or it has no sessions between these days.

    Examples
    --------
    >>> exchange_sessions("XNYS", "2024-07-01", "2024-07-05").frame["close"].dt.hour().to_list()
    [20, 20, 17, 20]
    """
    try:
        import exchange_calendars as calendars
    except ImportError as error:
        raise MissingPackageError(
            f"sessions of the calendar {calendar!r} need the package exchange_calendars, which is not installed",
            "pip install 'barter-bt[calendars]'; or give a frame with open and close to data.sessions",
        ) from error
    known = calendars.get_calendar_names()
    if calendar not in known:
        guess = nearest(str(calendar), known)
        raise ConfigError(
            f"there is no calendar {calendar!r}; known: {', '.join(known[:10])} and {len(known) - 10} more",
            f"did you mean {guess!r}?" if guess else "exchange_calendars.get_calendar_names() has them all",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own use of pandas
        try:
            found = calendars.get_calendar(calendar, start=str(start), end=str(end))
        except (calendars.errors.CalendarError, ValueError) as error:
            raise ConfigError(
                f"the calendar {calendar!r} has no sessions from {start} to {end}: {error}",
                'give two days, such as "2024-01-01" and "2024-12-31"',
            ) from error
    frame = pl.DataFrame(
        {
            "open": pl.Series(found.opens_nanos.tolist(), dtype=pl.Int64).cast(TIME),
            "close": pl.Series(found.closes_nanos.tolist(), dtype=pl.Int64).cast(TIME),
            "date": pl.Series([day.date() for day in found.sessions], dtype=pl.Date),
        }
    )
    return _checked(Sessions(frame, calendar))


def sessions_around(calendar: str, first_ns: int, last_ns: int) -> Sessions:
    """Those of a calendar in the days of the data and, if it knows them, some weeks before and after."""
    first, last = (_EPOCH + timedelta(days=time // _DAY_NS) for time in (first_ns, last_ns))
    try:
        return exchange_sessions(calendar, first - _MARGIN, last + _MARGIN)
    except ConfigError:
        return exchange_sessions(calendar, first, last)


def _checked(given: Sessions) -> Sessions:
    frame = given.frame
    if frame.is_empty():
        raise DataError(f"{given.name}: there are no sessions", "a row for each, with open and close")
    wrong: Sequence[tuple[str, Any, str]] = (
        ("has a null", pl.any_horizontal(pl.all().is_null()), "drop or fill it"),
        ("does not close after its open", pl.col("close") <= pl.col("open"), "close must be later than open"),
        ("opens before the one before has closed", pl.col("open") < pl.col("close").shift(), "sort them by time"),
        ("is called by an earlier day than the one before", pl.col("date") < pl.col("date").shift(), "mend its date"),
    )
    for what, expression, hint in wrong:
        rows = frame.with_row_index("row").filter(expression)
        if rows.height:
            row, opens, closes, *_ = rows.row(0)
            raise DataError(f"{given.name}: session {row} ({opens} to {closes}) {what}", hint)
    return given
