"""When to rebalance: expressions over candles that are true in some sessions, for signals.

Whether a session is the last of its month is known from the calendar, long before it comes, and so not from the data:
these expressions look up the time of a candle in a list that was there from the start, and use no other row. A calendar
that was corrected later, for a day on which an exchange closed unforeseen, is known better than it was then.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from barter_bt.data.sessions import Sessions
from barter_bt.errors import ConfigError, nearest

Unit = Literal["sessions", "weeks", "months", "quarters", "years"]
_YEAR, _MONTH = pl.col("date").dt.year(), pl.col("date").dt.month()
_NUMBERS = {
    "weeks": (pl.col("date").cast(pl.Int32) + 3) // 7,  # from Monday on
    "months": _YEAR * 12 + _MONTH,
    "quarters": _YEAR * 4 + (_MONTH - 1) // 3 + 1,
    "years": _YEAR,
}
_UNITS = ("sessions", *_NUMBERS)


def session_end(sessions: Sessions) -> pl.Expr:
    """True for candles that close when a session does: of short candles, for the last of each session.

    Examples
    --------
    >>> import barter_bt as bt
    >>> nyse = bt.data.exchange_sessions("XNYS", "2024-07-01", "2024-07-05")
    >>> times = nyse.frame.select(time_exchange=pl.col("open").append(pl.col("close"))).sort("time_exchange")
    >>> times.select(session_end(nyse))["session_end"].sum()
    4
    """
    closes, time = pl.lit(pl.Series(sessions.closes_ns)), _time()
    found = closes.search_sorted(time, side="right") != closes.search_sorted(time, side="left")
    return found.alias("session_end")


def week_end(sessions: Sessions) -> pl.Expr:
    """True in the last session of each week, which begins on Monday; otherwise as :func:`month_end`.

    Examples
    --------
    >>> import barter_bt as bt
    >>> nyse = bt.data.exchange_sessions("XNYS", "2024-03-25", "2024-04-08")  # March 29th was Good Friday
    >>> nyse.frame.rename({"close": "time_exchange"}).filter(week_end(nyse))["date"].dt.day().to_list()
    [28, 5]
    """
    return every(1, "weeks", sessions).alias("week_end")


def month_end(sessions: Sessions) -> pl.Expr:
    """True in the last session of each month: for candles that close in it, also at its close.

    Parameters
    ----------
    sessions
        They must go on to one behind the data: whether the last of them ends a month is not known.

    Examples
    --------
    >>> import barter_bt as bt
    >>> nyse = bt.data.exchange_sessions("XNYS", "2000-01-01", "2013-12-31")
    >>> candles = pl.read_parquet(bt.data.sample("stocks_daily")).filter(pl.col("instrument") == "ibm_usd")
    >>> found = candles.filter(month_end(nyse))["time_exchange"].dt.date()
    >>> found.len(), str(found[0]), str(found[1])
    (153, '2000-03-31', '2000-04-28')

    Half of the equity in each month's strongest: ``pl.when(bt.month_end(nyse)).then(...)``, null otherwise, which
    changes nothing.
    """
    return every(1, "months", sessions).alias("month_end")


def every(n: int, unit: Unit = "sessions", sessions: Sessions | None = None) -> pl.Expr:
    """True in every n-th session, or in the last session of every n-th week, month, quarter or year.

    Parameters
    ----------
    n
        Of sessions the first counts, and every n-th behind it. Months are counted so that every third ends a quarter,
        every sixth half a year; years by their number, weeks from one to the next without end.
    unit
        ``"sessions"``, ``"weeks"``, ``"months"``, ``"quarters"`` or ``"years"``.
    sessions
        Which there are. Needed but for ``"sessions"``: without them those count in which there are candles, by the day
        of their close, in the zone of the data, from the first on; a close at midnight belongs to the day before.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.DataFrame({"time_exchange": pl.date_range(date(2024, 1, 1), date(2024, 1, 7), eager=True)})
    >>> days.with_columns(pl.col("time_exchange").cast(pl.Datetime)).select(every(3, "sessions"))["every"].to_list()
    [True, False, False, True, False, False, True]
    """
    given: object = n
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ConfigError(f"n is {n!r}; it must be a whole number, at least 1", 'such as every(5, "sessions")')
    if unit not in _UNITS:
        like = nearest(str(unit), _UNITS)
        hint = f"did you mean {like!r}?" if like else None
        raise ConfigError(f"unit is {unit!r}; allowed: {', '.join(_UNITS)}", hint)
    if sessions is None:
        if unit != "sessions":
            raise ConfigError(
                f"which session is the last of its {unit.removesuffix('s')} is known from a calendar alone, not from "
                "the candles before it",
                'give sessions=data.exchange_sessions("XNYS", "2000-01-01", "2014-01-31"), or your own',
            )
        just_before = pl.col("time_exchange").dt.cast_time_unit("ns") - pl.lit(1).cast(pl.Duration("ns"))
        date = just_before.dt.date()
        number = date.ne_missing(date.shift(1)).cast(pl.Int64).cum_sum() - 1
        return (number % n == 0).alias("every")
    if not isinstance(sessions, Sessions):
        raise ConfigError(
            f"sessions is {sessions!r:.60}; it must be what data.sessions or data.exchange_sessions give",
            'data.exchange_sessions("XNYS", "2000-01-01", "2014-01-31")',
        )
    return _within(sessions, _chosen(n, unit, sessions)).alias("every")


def _chosen(n: int, unit: Unit, sessions: Sessions) -> np.ndarray:
    """Which of the sessions count."""
    if unit == "sessions":
        counted: np.ndarray = np.arange(sessions.frame.height) % n == 0
        return counted
    number = sessions.frame.select(_NUMBERS[unit].alias("number"))["number"]
    return ((number != number.shift(-1)).fill_null(False) & (number % n == 0)).to_numpy()


def _within(sessions: Sessions, chosen: np.ndarray) -> pl.Expr:
    """Whether a candle closes in one of some sessions: behind an odd number of their opens and closes."""
    ends = np.column_stack([sessions.opens_ns[chosen], sessions.closes_ns[chosen]]).ravel()
    return pl.lit(pl.Series(ends)).search_sorted(_time(), side="left") % 2 == 1


def _time() -> pl.Expr:
    return pl.col("time_exchange").dt.timestamp("ns")
