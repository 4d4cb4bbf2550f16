"""Days, weeks and months of a time zone: which zone, where a day ends, and what counts to it."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.cli import main
from barter_bt.data import Stream, candles, trades
from barter_bt.errors import ConfigError
from barter_bt.statistic import returns_by, rolling, summarise
from barter_bt.statistic.against import against
from barter_bt.statistic.calendar import DAY_NS, edges, numbers
from barter_bt.statistic.curve import curve_of_run
from barter_bt.statistic.interval import sample_rows
from tests.statistic.fakes import EQUITY, FakeRun, table

ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"]
NEW_YORK = ZoneInfo("America/New_York")


def ns(moment):
    return round(moment.timestamp()) * 10**9


def run_of(*marks):
    """A run of marks (moment, equity)."""
    return FakeRun(equity=table(EQUITY, time=[ns(at) for at, _ in marks], equity=[float(value) for _, value in marks]))


def new_york(*moment):
    return datetime(*moment, tzinfo=NEW_YORK)


def days_of(run, **options):
    return [(start.date().isoformat(), made) for start, made in returns_by(run, "day", **options).iter_rows()]


MIDNIGHT = run_of(
    (datetime(2024, 1, 1, 12, tzinfo=UTC), 100),
    (datetime(2024, 1, 2, tzinfo=UTC), 110),
    (datetime(2024, 1, 2, 12, tzinfo=UTC), 99),
    (datetime(2024, 1, 3, tzinfo=UTC), 198),
)


def test_a_mark_exactly_at_midnight_counts_to_the_day_before():
    assert days_of(MIDNIGHT) == [("2024-01-01", pytest.approx(0.1)), ("2024-01-02", pytest.approx(0.8))]
    figures = summarise(MIDNIGHT, sampling="1h")
    assert (figures.best_day, figures.worst_day) == (pytest.approx(0.8), pytest.approx(0.1))
    assert summarise(MIDNIGHT, sampling="1d").samples == 2


def test_a_midnight_of_a_zone_has_the_number_of_the_day_before():
    """In winter it is 23 h in UTC in Paris; the instant after is the first of the next day."""
    midnight = 23 * DAY_NS // 24
    times = np.array([midnight - 1, midnight, midnight + 1, midnight + DAY_NS])
    assert (np.diff(numbers(times, DAY_NS, "Europe/Paris")) == [0, 1, 0]).all()


def test_a_mark_an_instant_after_midnight_counts_to_the_day_that_begins():
    later = MIDNIGHT.equity.with_columns(pl.col("time") + pl.duration(nanoseconds=1, time_unit="ns"))
    run = FakeRun(equity=later)
    assert [day for day, _ in days_of(run)] == ["2024-01-02", "2024-01-03"]
    assert summarise(run, sampling="1h").sample("best_day") == 2
    assert summarise(run, sampling="1d").samples == 2


@pytest.mark.parametrize("season", ["year", "month", "week", "weekday", "hour"])
def test_a_mark_exactly_at_an_edge_ends_the_period_before(season):
    """The first moment of a year, a month, a Monday and an hour: 2024-01-01T00:00:00Z."""
    start, edge = datetime(2023, 12, 31, 23, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    last = {"year": 2023, "month": 12, "week": 25, "weekday": 7, "hour": 23}[season]
    (row,) = returns_by(run_of((start, 100), (edge, 150)), season).to_dicts()
    found = row[season] if season in row else getattr(row["start"], {"week": "day"}.get(season, season))
    assert found == last
    assert row.get("return", row.get("total")) == 0.5


def test_the_mark_at_midnight_is_the_sample_of_the_day_before():
    times = np.array([0, 1, DAY_NS - 1, DAY_NS, DAY_NS + 1, 2 * DAY_NS])
    assert sample_rows(times, DAY_NS).tolist() == [0, 3, 5]
    assert numbers(times, DAY_NS).tolist() == [-1, 0, 0, 0, 1, 1]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a machine that is busy
@given(
    st.lists(st.tuples(st.integers(-(40 * 365), 55 * 365 * 24), st.integers(-2, 2)), min_size=1, max_size=20),
    st.sampled_from(ZONES),
    st.integers(1, 7),
)
def test_days_are_those_of_a_clock_in_the_zone(marks, zone, length):
    """Also where midnight is skipped, shown twice, or a whole day is left out."""
    times = np.unique([hour * DAY_NS // 24 + instant for hour, instant in marks])
    shown = [(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(int(t) - 1) // 1000)) for t in times]
    days = [(at.astimezone(ZoneInfo(zone)).date() - date(1970, 1, 1)).days // length for at in shown]
    last = [row for row in range(len(times) - 1) if days[row] != days[row + 1]]
    assert sample_rows(times, length * DAY_NS, zone).tolist() == sorted({0, *last, len(times) - 1})
    number = numbers(times, length * DAY_NS, zone)
    assert [a == b for a, b in pairwise(number)] == [a == b for a, b in pairwise(days)]


def test_a_day_that_the_clocks_shorten_is_a_day():
    first, last = ns(new_york(2024, 3, 9)), ns(new_york(2024, 3, 12))
    hours = np.diff(edges(first - 1, last, DAY_NS, "America/New_York")) // (DAY_NS // 24)
    assert hours.tolist() == [24, 23, 24]


def test_an_hour_that_is_shown_twice_is_two():
    at = datetime(2024, 11, 3, 4, tzinfo=UTC)  # midnight; at 06:00 UTC clocks go back from 2 to 1
    run = run_of(*((at + timedelta(hours=k), 100 + k) for k in range(6)))
    assert returns_by(run, "hour", "America/New_York").select("hour", "samples").rows() == [
        (0, 1),
        (1, 2),
        (2, 1),
        (3, 1),
    ]
    assert returns_by(run, "hour").height == 5


def test_a_period_whose_midnight_was_skipped_starts_when_the_clocks_went_forward():
    at = datetime(2018, 11, 3, 12, tzinfo=UTC)
    run = run_of(*((at + timedelta(hours=12 * k), 100 + k) for k in range(4)))
    start = returns_by(run, "day", "America/Sao_Paulo")["start"].to_list()
    assert [each.isoformat() for each in start] == ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"]


def test_weeks_begin_on_monday_over_the_turn_of_the_year():
    at = datetime(2020, 12, 27, tzinfo=UTC)
    run = run_of(*((at + timedelta(days=k), 100 + k) for k in range(16)))
    weeks = [start.date().isoformat() for start in returns_by(run, "week")["start"]]
    assert weeks == ["2020-12-21", "2020-12-28", "2021-01-04"]


def test_months_before_1970_and_leap_days():
    at = datetime(1928, 2, 28, tzinfo=UTC)
    months = returns_by(run_of(*((at + timedelta(days=k), 100 + k) for k in range(4))), "month").rows()
    assert [(start.month, round(made, 9)) for start, made in months] == [(2, 0.02), (3, round(103 / 102 - 1, 9))]


def of_daily_closes(time_zone):
    """A stock that gains half on Wednesday 31 January 2024, with dates as times."""
    days = [day for k in range(60) if (day := date(2024, 1, 2) + timedelta(days=k)).weekday() < 5]
    close = [100.0 if day < date(2024, 1, 31) else 150.0 for day in days]
    opened = [100.0, *close[:-1]]
    frame = pl.DataFrame({"time_open": days, "open": opened, "high": close, "low": opened, "close": close})
    data = candles(frame, instrument="a_usd", time_zone=time_zone, interval="1d")
    return bt.backtest(
        data, bt.Instrument("x", "a_usd"), bt.Signals(pl.lit(1.0)), balances={"usd": 100}, interpret=True
    )


@pytest.fixture(scope="module")
def stock():
    return of_daily_closes("America/New_York")


def gains(run, *zone):
    month = returns_by(run, "month", *zone).filter(pl.col("return") > 0)["start"].dt.month().to_list()
    return month, returns_by(run, "weekday", *zone).filter(pl.col("total") > 0)["weekday"].to_list()


def test_the_calendar_is_that_in_which_the_data_was_given(stock):
    assert gains(stock) == ([1], [3])
    assert gains(stock, "UTC") == ([2], [4])
    assert gains(stock, "Asia/Tokyo") == ([2], [4])
    assert summarise(stock).time_zone == "America/New_York"
    assert summarise(stock, time_zone="UTC").time_zone == "UTC"


def test_a_saved_run_and_its_page_have_the_same_calendar(stock, tmp_path, capsys):
    saved = bt.read(stock.save(tmp_path / "run"))
    assert gains(saved) == ([1], [3])
    assert saved.summary().time_zone == "America/New_York"
    for zone, month in (([], "2024-01"), (["--time-zone", "UTC"], "2024-02")):
        assert main(["report", str(tmp_path / "run"), "--json", *zone]) == 0
        made = json.loads(capsys.readouterr().out)["months"]
        assert [each["start"][:7] for each in made if each["return"]] == [month]


def test_a_zone_that_is_not_known():
    for ask in (lambda zone: returns_by(MIDNIGHT, "day", zone), lambda zone: summarise(MIDNIGHT, time_zone=zone)):
        for zone in ("New York", "", 5):
            with pytest.raises(ConfigError, match=r"(?s)time_zone is .*not known.*America/New_York"):
                ask(zone)
    with pytest.raises(ConfigError, match="not known"):
        rolling(MIDNIGHT, time_zone="Mars")


FRAME = pl.DataFrame({"time_exchange": [datetime(2024, 1, 1)], "price": [1.0], "amount": [1.0]})


@pytest.mark.parametrize(
    ("streams", "zone"),
    [
        ([{"time_zone": "Asia/Tokyo"}], "Asia/Tokyo"),
        ([{"time_zone": "Asia/Tokyo"}, {"time_zone": "Asia/Tokyo"}], "Asia/Tokyo"),
        ([{"time_zone": "Asia/Tokyo"}, {"time_zone": "UTC"}], "UTC"),
        ([{"column": "Europe/Paris"}], "Europe/Paris"),
        ([{"column": "Europe/Paris"}, {"time_zone": "Asia/Tokyo"}], "UTC"),
        ([{"integers": True}], "UTC"),
        ([{"integers": True}, {"column": "Europe/Paris"}], "UTC"),
    ],
)
def test_the_zone_is_what_all_streams_declare(streams, zone):
    from barter_bt.backtest.describe import time_zone_of

    def stream(time_zone=None, column=None, integers=False) -> Stream:
        frame = FRAME.with_columns(pl.col("time_exchange").dt.replace_time_zone(column)) if column else FRAME
        frame = frame.with_columns(pl.col("time_exchange").cast(pl.Int64)) if integers else frame
        return trades(frame, instrument="a_usd", time_zone=time_zone, time_unit="us" if integers else None)

    assert time_zone_of([stream(**each) for each in streams]) == zone


def test_a_benchmark_is_sampled_on_the_same_days():
    """Closes at 20:00 New York time, which is the next day in UTC in winter: 60 days, each in one sample."""
    at = [new_york(2024, 1, 2, 20) + timedelta(days=k) for k in range(120)]
    random = np.random.default_rng(3)
    values = 100 * np.cumprod(1 + random.normal(0, 0.01, 120))
    run = run_of(*zip(at, values, strict=True))
    figures = summarise(run, benchmark=run.equity, time_zone="America/New_York")
    assert (figures.beta, figures.samples) == (pytest.approx(1.0), 119)
    assert rolling(run, 20, benchmark=run.equity, time_zone="America/New_York")["beta"].null_count() == 0
    pair = against(curve_of_run(run, time_zone="America/New_York"), run.equity)
    assert pair.times.dt.convert_time_zone("America/New_York").dt.hour()[:-1].unique().to_list() == [0]
