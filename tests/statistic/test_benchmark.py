"""A benchmark just works in every form that it may have, or says what is wrong with it."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt import report
from barter_bt.errors import ConfigError
from barter_bt.report.page import facts
from barter_bt.statistic import rolling, summarise
from barter_bt.statistic.benchmark import marks_of
from tests.statistic.fakes import FakeRun, equity_of

N = 60
VALUES = 100 * np.cumprod(1 + np.random.default_rng(7).normal(0, 0.01, N))
RUN = FakeRun(equity=equity_of(VALUES))
DAYS = [datetime(2024, 1, 1) + timedelta(days=k) for k in range(N)]
DATES = [day.date() - timedelta(days=1) for day in DAYS]  # the day that ends at each mark


def forms():
    """The run's own marks, in each form."""
    yield "run", RUN
    yield "frame", RUN.equity
    yield "lazy frame", RUN.equity.lazy()
    yield "whole numbers in microseconds", pl.DataFrame({"time": DAYS, "equity": (VALUES * 1e9).astype(int)})
    yield "dates", pl.DataFrame({"time": DATES, "equity": VALUES})
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    index = pandas.DatetimeIndex(DATES)
    yield "pandas by date", pandas.Series(VALUES, index)
    yield "pandas with a zone", pandas.Series(VALUES, pandas.DatetimeIndex(DAYS, tz="UTC").tz_convert("Asia/Tokyo"))
    noon = [datetime(2023, 12, 31, 12), *DAYS]
    yield "pandas without a zone", pandas.Series([1.0, *VALUES], pandas.DatetimeIndex(noon))
    yield "pandas with missing values", pandas.Series([*VALUES[:-1], None], index, dtype="Float64")
    yield "pandas frame of one column", pandas.DataFrame({"spy": VALUES}, index)
    yield "pandas bars", pandas.DataFrame({"Open": VALUES + 1, "Close": VALUES}, index)
    yield "pandas table", pandas.DataFrame({"time": DAYS, "equity": VALUES})


@pytest.mark.parametrize("form", [name for name, _ in forms()])
def test_the_run_itself_in_any_form_has_beta_one(form):
    benchmark = dict(forms())[form]
    figures = summarise(RUN, benchmark=benchmark)
    assert (figures.beta, figures.correlation) == (pytest.approx(1.0), pytest.approx(1.0))
    assert rolling(RUN, 20, benchmark=benchmark)["beta"].drop_nulls().to_numpy() == pytest.approx(1.0)


def test_pictures_and_the_page_take_it_too():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    series = pandas.Series(VALUES * 3, pandas.DatetimeIndex(DATES))
    (line,) = [each for each in report.plot_equity(RUN, benchmark=series).get_lines() if each.get_linestyle() == "--"]
    assert line.get_ydata() == pytest.approx(VALUES)
    assert facts(RUN, benchmark=series)["summary"]["beta"] == pytest.approx(1.0)


def test_dates_are_days_of_the_time_zone_of_the_run():
    """A run of closes by date in New York, against the same closes by date."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    days = pandas.bdate_range("2024-01-02", periods=60)
    close = 100 * np.cumprod(1 + np.random.default_rng(8).normal(0, 0.01, 60))
    opened = np.concatenate(([100.0], close[:-1]))
    frame = pl.DataFrame({"time_open": [day.date() for day in days], "open": opened})
    frame = frame.with_columns(
        high=np.maximum(opened, close), low=np.minimum(opened, close), close=pl.Series("close", close)
    )
    data = bt.data.candles(frame, instrument="a_usd", time_zone="America/New_York", interval="1d")
    run = bt.backtest(
        data, bt.Instrument("x", "a_usd"), bt.Signals(pl.lit(0.5)), balances={"usd": 1_000}, interpret=True
    )
    assert summarise(run, benchmark=pandas.Series(close, days)).correlation > 0.99
    assert marks_of(pl.DataFrame({"time": [date(2024, 1, 31)], "equity": [1]}), "America/New_York").rows() == [
        (datetime(2024, 2, 1, 5, tzinfo=UTC), 1.0)
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0, 2.0], "is a list"),
        (5, "is a int"),
        (pl.DataFrame({"when": DAYS, "equity": VALUES}), "no column 'time'; it has when, equity"),
        (pl.DataFrame({"time": DAYS, "equity": ["a"] * N}), "equity is of type String; it must be numbers"),
        (pl.DataFrame({"time": list(range(N)), "equity": VALUES}), "time is of type Int64"),
        (pl.DataFrame({"time": DAYS[::-1], "equity": VALUES}), r"(?s)row 1 .* goes back in time.*sort"),
        (pl.DataFrame({"time": [DAYS[0], None], "equity": [1.0, 2.0]}), "row 1 of the benchmark has no time"),
    ],
)
def test_what_is_no_benchmark(wrong, message):
    with pytest.raises(ConfigError, match=message):
        summarise(RUN, benchmark=wrong)


def test_what_is_no_benchmark_in_pandas():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    index = pandas.DatetimeIndex(DATES)
    for wrong, message in (
        (pandas.Series(VALUES), "without a DatetimeIndex"),
        (index, "without a DatetimeIndex"),
        (pandas.DataFrame({"a": VALUES, "b": VALUES}, index), r"columns \['a', 'b'\]"),
        (pandas.Series(["a"] * N, index), "it must be numbers"),
        (pandas.Series(VALUES, index[::-1]), "goes back in time"),
        (pandas.DataFrame(), "without a DatetimeIndex"),
    ):
        with pytest.raises(ConfigError, match=message):
            summarise(RUN, benchmark=wrong)
