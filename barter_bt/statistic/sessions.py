"""Figures by trading sessions: the account at their closes, and between which marks a session's return lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from barter_bt.data.sessions import Sessions
from barter_bt.errors import ConfigError, nearest
from barter_bt.statistic.interval import SESSION
from barter_bt.statistic.tables import Integers, Tables, floats, nanoseconds, net_of

_TIME = pl.Datetime("ns", "UTC")
NO_SESSIONS: Final[dict[str, Any]] = {"calendar": pl.String, "date": pl.Date, "open": _TIME, "close": _TIME}
_TABLE: Final = {"equity": pl.Float64, "return": pl.Float64, "trades": pl.Int64}


def sessions_frame(found: Mapping[int, Sessions]) -> pl.DataFrame:
    """Every calendar once, by its name; one of another's name is numbered."""
    frames: list[pl.DataFrame] = []
    seen = Counter[str]()
    for one in {id(each): each for each in found.values()}.values():
        seen[one.name] += 1
        name = one.name if seen[one.name] == 1 else f"{one.name} {seen[one.name]}"
        frames.append(one.frame.select(pl.lit(name).alias("calendar"), "date", "open", "close"))
    return pl.concat(frames) if frames else pl.DataFrame(schema=NO_SESSIONS)


def by_session(run: Tables, calendar: str | None = None) -> pl.DataFrame:
    """The account at the close of each trading session, and what the session made.

    Parameters
    ----------
    run
        A run that was given sessions.
    calendar
        Name of the calendar, such as ``"XNYS"``, where the run's instruments have several.

    Returns
    -------
    polars.DataFrame
        A row for each session that closes later than the first mark and not later than the last: ``date``, the day by
        which it is called, ``open``, ``close``, ``equity``, the last mark at or before the close, ``return`` over that
        of the close before (of the first over the run's start), net of deposits and null from an equity that is not
        above 0, and ``trades``, own fills later than the close before and not later than this one. Without candles,
        marks are as far apart as ``mark_every`` says, a minute unless given.

    Raises
    ------
    ConfigError
        The run was given no sessions, or those of several calendars and none of them is named.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import barter_bt as bt
    >>> prices = bt.data.candles(bt.data.generate.candles(3 * 1440, instrument="btc_usd"))
    >>> opens, closes = ([datetime(2020, 1, day, hour, tzinfo=UTC) for day in (1, 2, 3)] for hour in (9, 16))
    >>> sessions = bt.data.sessions(pl.DataFrame({"open": opens, "close": closes}))
    >>> cross, btc = bt.strategy.builtin.SmaCross(5, 20), bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> run = bt.backtest(prices, btc, cross, balances={"usd": 1_000}, sessions=sessions, interpret=True)
    >>> run.by_session()["close"].dt.hour().to_list(), run.summary(sampling="session").samples
    ([16, 16, 16], 4)
    """
    sessions = sessions_of(run, calendar)
    marks = run.equity.drop_nulls("equity")
    if not marks.height:
        return pl.DataFrame(schema=NO_SESSIONS | _TABLE).drop("calendar")
    times, closes = nanoseconds(marks["time"]), nanoseconds(sessions["close"])
    inside = (closes > times[0]) & (closes <= times[-1])
    found, closes = sessions.filter(pl.Series(inside)), closes[inside]
    rows = np.searchsorted(times, closes, side="right") - 1
    net = floats(net_of(marks)["equity"])
    ends, before = net[rows], net[np.append(0, rows)[:-1]]
    fills = np.sort(nanoseconds(run.trades["time_exchange"]))
    made = np.diff(np.append(0, np.searchsorted(fills, closes, side="right")))
    change = pl.Series(ends / np.where(before > 0, before, np.nan) - 1).fill_nan(None)
    columns = {"equity": marks["equity"].gather(rows), "return": change, "trades": pl.Series(made, dtype=pl.Int64)}
    return found.drop("calendar").with_columns(**columns)


def sessions_of(run: Tables, calendar: str | None = None) -> pl.DataFrame:
    """The sessions of one of a run's calendars: ``calendar``, ``date``, ``open``, ``close``."""
    found: pl.DataFrame = getattr(run, "sessions", pl.DataFrame(schema=NO_SESSIONS))
    names = found["calendar"].unique(maintain_order=True).to_list()
    if not names:
        raise ConfigError(
            "the run was given no sessions", 'give the backtest its calendar, as in sessions="XNYS", or data.sessions'
        )
    if calendar is None and len(names) > 1:
        raise ConfigError(
            f"the run has sessions of {len(names)} calendars: {', '.join(names)}",
            f'name one, as in by_session("{names[0]}"), or sampling="{SESSION}:{names[0]}"',
        )
    if calendar is not None and calendar not in names:
        guess = nearest(calendar, names)
        raise ConfigError(
            f"the run has no sessions of the calendar {calendar!r}; it has: {', '.join(names)}",
            f"did you mean {guess!r}?" if guess else None,
        )
    return found.filter(calendar=names[0] if calendar is None else calendar)


def closes_of(run: Tables, sampling: str | None) -> Integers | None:
    """Closes of sessions, where returns are to be of them: ``"session"``, or ``"session:"`` and a calendar."""
    if sampling is None or sampling.partition(":")[0] != SESSION:
        return None
    _, named, calendar = sampling.partition(":")
    return nanoseconds(sessions_of(run, calendar if named else None)["close"])
