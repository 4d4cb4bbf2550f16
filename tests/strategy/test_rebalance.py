"""When to rebalance: which sessions, and that no check takes a calendar for a look ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.data import exchange_sessions, sessions
from barter_bt.errors import ConfigError
from barter_bt.strategy.lookback import only_looks_back
from barter_bt.strategy.rebalance import every, month_end, session_end, week_end

NYSE = exchange_sessions("XNYS", "2024-01-01", "2024-12-31")
DAYS = NYSE.frame.select("date", time_exchange="close", time_open="open")


def dates(found: pl.Expr, frame: pl.DataFrame = DAYS) -> list[date]:
    return frame.filter(found)["date"].to_list()


def test_the_last_session_of_each_month_and_week():
    """March 29th 2024 was Good Friday; the last session given ends neither, for nobody knows what follows."""
    ends = dates(month_end(NYSE))
    assert (len(ends), ends[:3], ends[-1]) == (
        11,
        [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 28)],
        date(2024, 11, 29),
    )
    weeks = dates(week_end(NYSE))
    assert date(2024, 3, 28) in weeks
    assert all(day.weekday() == 4 for day in weeks if day != date(2024, 3, 28))


def test_every_so_often():
    assert dates(every(100, "sessions", NYSE)) == [DAYS["date"][row] for row in (0, 100, 200)]
    assert dates(every(3, "months", NYSE)) == dates(every(1, "quarters", NYSE))
    assert [day.month for day in dates(every(6, "months", NYSE))] == [6]
    assert [day.month for day in dates(every(2, "quarters", NYSE))] == [6]
    fortnights = dates(every(2, "weeks", NYSE))
    assert {round((later - day).days / 7) for day, later in pairwise(fortnights)} == {2}
    assert not dates(every(1, "years", NYSE))


def test_without_a_calendar_the_sessions_are_the_days_with_candles():
    """Counted from the first, for each instrument; the zone of the data says which day it is."""
    assert dates(every(100)) == dates(every(100, "sessions", NYSE))
    late = DAYS.with_columns(pl.col("time_exchange").dt.convert_time_zone("Asia/Tokyo"))
    assert dates(every(2), late) == dates(every(2))


def test_candles_of_a_session_are_those_that_close_in_it():
    """Not one that closes as it opens; of those that touch, each moment is in one."""
    day = [datetime(2024, 1, 31, tzinfo=UTC) + timedelta(days=k) for k in range(4)]
    touching = sessions(pl.DataFrame({"open": day[:3], "close": day[1:]}))
    times = pl.DataFrame({"time_exchange": [day[0] + timedelta(hours=12 * k) for k in range(7)]})
    assert times.select(month_end(touching))["month_end"].to_list() == [False, True, True, *[False] * 4]
    assert times.select(every(2, "sessions", touching))["every"].to_list() == [
        False,
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert times.select(session_end(touching))["session_end"].to_list() == [
        False,
        False,
        True,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_a_close_at_midnight_belongs_to_the_day_before(unit):
    """As a mark at midnight does: of hours from 00:00 on, the twenty-four that close from 01:00 to 24:00 are a day."""
    hours = pl.datetime_range(pl.datetime(2024, 3, 8, 1), pl.datetime(2024, 3, 13), "1h", time_zone="UTC", eager=True)
    frame = hours.dt.cast_time_unit(unit).to_frame("time_exchange")
    assert frame.select(every(2))["every"].to_list() == [hour // 24 % 2 == 0 for hour in range(24 * 5)]


def test_a_calendar_is_no_look_ahead():
    """Known beforehand: neither the check of a run nor that of cut data has anything to say."""
    signal = pl.when(bt.month_end(NYSE) | bt.every(7)).then(pl.col("close").rank() > 3).cast(pl.Float64)
    for alone in (month_end(NYSE), session_end(NYSE), every(5), every(5, "sessions", NYSE)):
        assert only_looks_back(alone)
    prices = DAYS.select(
        *("time_open", "time_exchange"),
        instrument=pl.lit("a_usd"),
        **{name: 100.0 + pl.int_range(pl.len()) % 7 for name in ("open", "high", "low", "close")},
        volume=1.0,
    )
    candles, one = bt.data.candles(prices), bt.Instrument("x", "a_usd")
    honest = bt.Signals(pl.when(bt.month_end(NYSE) | bt.every(7)).then(pl.col("close") - 102))
    options = {"balances": {"usd": 10_000}, "interpret": True}
    assert bt.check_causality(candles, one, honest, **options).ok
    assert not [text for text in bt.backtest(candles, one, honest, **options).warnings if "looks ahead" in text]
    looks = bt.backtest(candles, one, bt.Signals(signal), **options)
    assert [text for text in looks.warnings if "looks ahead" in text]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0,), "n is 0; it must be a whole number, at least 1"),
        ((5, "session", NYSE), "did you mean 'sessions'"),
        ((1, "months"), "the last of its month is known from a calendar alone"),
        ((1, "months", "XNYS"), "it must be what data.sessions or data.exchange_sessions give"),
    ],
)
def test_what_cannot_be_is_told(arguments, said):
    with pytest.raises(ConfigError, match=said):
        every(*arguments)
