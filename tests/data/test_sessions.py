"""Trading sessions: what is checked of them, whose they are, and that the ends of periods are known beforehand."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.data import exchange_sessions, sessions
from barter_bt.data.sessions import Sessions, sessions_around
from barter_bt.errors import BarterBtError, ConfigError, DataError, InstrumentError, MissingPackageError
from tests.engine.tiny import A, B, S, bars, stamps

HOUR = 3_600


def frame(*spans: tuple[float, float], **columns: object) -> pl.DataFrame:
    """Sessions from and to so many seconds after 1970."""
    return pl.DataFrame({"open": stamps(o for o, _ in spans), "close": stamps(c for _, c in spans), **columns})


def seen(given: object, *instruments: bt.Instrument) -> list[list[tuple[int, int]]]:
    """The sessions of each instrument, in seconds, as the engine has them."""
    simulation = bt.Simulation(bars(100, 100), list(instruments) or [A], balances={"usd": 9}, sessions=given)
    s = simulation._setup.state
    rows = list(zip(s.sessions.array("open") // S, s.sessions.array("close") // S, strict=True))
    ranges = zip(s.calendars.array("first"), s.calendars.array("end"), strict=True)
    return [rows[first:end] for first, end in ranges]


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ((), "there are no sessions"),
        (((0, 0),), r"session 0 \(.*\) does not close after its open"),
        (((0, 9), (8, 12)), r"session 1 .* opens before the one before has closed"),
        (((9, 12), (0, 8)), r"session 1 .* opens before the one before has closed"),
    ],
)
def test_what_cannot_be_is_told(spans, said):
    with pytest.raises(DataError, match=said):
        sessions(frame(*spans))


def test_columns_are_checked():
    with pytest.raises(DataError, match="no column 'close'"):
        sessions(frame((0, 1)).drop("close"))
    with pytest.raises(DataError, match="must be a Datetime with a time zone"):
        sessions(frame((0, 1)).with_columns(pl.col("open").dt.replace_time_zone(None)))
    with pytest.raises(DataError, match="has a null"):
        sessions(frame((0, 1)).with_columns(open=pl.lit(None, pl.Datetime("ns", "UTC"))))
    with pytest.raises(DataError, match="earlier day"):
        sessions(frame((0, 1), (2, 3), date=[date(1970, 1, 2), date(1970, 1, 1)]))


def test_sessions_may_touch_and_are_called_by_the_day_before_their_close():
    day = 24 * HOUR
    assert sessions(frame((0, day), (day, 2 * day))).frame["date"].to_list() == [date(1970, 1, 1), date(1970, 1, 2)]


def test_whose_they_are():
    """An instrument's own come before its exchange's; instruments with the same sessions share their rows."""
    early, late = sessions(frame((0, 9))), sessions(frame((5, 9), (12, 20)))
    assert seen(None, A) == [[]]
    assert seen(early, A, B) == [[(0, 9)], [(0, 9)]]
    assert seen({"x": early, "b_usd": late}, A, B) == [[(0, 9)], [(5, 9), (12, 20)]]
    assert seen({"b_usd": late}, A, B) == [[], [(5, 9), (12, 20)]]
    for wrong, error in (({"c_usd": late}, InstrumentError), ({1: late}, ConfigError), (7, ConfigError)):
        with pytest.raises(error):
            seen(wrong, A)


def test_a_calendar():
    """The New York Stock Exchange closed at 13:00 on July 3rd 2024, and on the 4th for the whole day."""
    found = exchange_sessions("XNYS", date(2024, 7, 2), "2024-07-05")
    assert found.frame["date"].to_list() == [date(2024, 7, day) for day in (2, 3, 5)]
    assert found.frame["close"].to_list()[1] == datetime(2024, 7, 3, 17, tzinfo=UTC)
    with pytest.raises(ConfigError, match="did you mean 'XNZE'"):
        exchange_sessions("XNYZ", "2024-07-02", "2024-07-05")
    with pytest.raises(ConfigError, match="no sessions from 2024-07-06"):
        exchange_sessions("XNYS", "2024-07-06", "2024-07-07")


def test_a_calendar_by_its_name_is_that_around_the_data():
    first, last = (int(datetime(2024, 7, day, tzinfo=UTC).timestamp()) * S for day in (1, 5))
    found = sessions_around("XNYS", first, last).frame["date"]
    assert (found[0], found[-1]) == (date(2024, 5, 22), date(2024, 8, 14))


def test_without_the_package_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'barter-bt\[calendars\]'"):
        exchange_sessions("XNYS", "2024-07-02", "2024-07-05")


def test_a_configuration_file_names_them(tmp_path: Path):
    frame((0, 9)).write_parquet(tmp_path / "mine.parquet")
    bt.data.generate.candles(9, instrument="btc_usd").write_parquet(tmp_path / "c.parquet")
    text = """sessions = {told}
        [[data]]
        kind = "candles"
        path = "c.parquet"
        [[instruments]]
        exchange = "x"
        name = "btc_usd"
        [balances]
        usd = 9
        [strategy]
        name = "sma_cross"
        """
    path = tmp_path / "run.toml"

    def read(told: str) -> object:
        path.write_text(text.replace("{told}", told))
        return load(path).build()["sessions"]

    assert read('"XNYS"') == "XNYS"
    assert isinstance(read('"mine.parquet"'), Sessions)
    assert read('{ x = "24/7" }') == {"x": "24/7"}
    with pytest.raises(BarterBtError, match="sessions.x: .* does not exist"):
        read('{ x = "yours.csv" }')
