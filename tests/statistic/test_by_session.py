"""Marks and figures by trading sessions: of a run that was given calendars, and of a table that says when."""

from __future__ import annotations

import json
import math
import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.run_directory import read
from barter_bt.cli import main
from barter_bt.errors import ConfigError
from barter_bt.report.page import facts
from barter_bt.statistic import by_session, summarise
from tests.statistic.fakes import FakeRun

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = (0, 1, 3)  # that have sessions, from 22:00 the day before to 20:00
EQUITY = {
    -3: 100.0,
    10: 104.0,
    20: 110.0,
    22: 120.0,
    43: 99.0,
    60: 130.0,
    92: 132.0,
    95: 140.0,
}  # by hours from midnight


def sessions(days: tuple[int, ...] = DAYS, closes: int = 20) -> pl.DataFrame:
    found = [(FIRST + timedelta(days=day, hours=-2), FIRST + timedelta(days=day, hours=closes)) for day in days]
    frame = pl.DataFrame(
        found, schema={"open": pl.Datetime("ns", "UTC"), "close": pl.Datetime("ns", "UTC")}, orient="row"
    )
    return frame.with_columns(date=pl.col("close").dt.date())


def fake(*, net: bool = False, fills: tuple[int, ...] = ()) -> FakeRun:
    times = pl.Series([FIRST + timedelta(hours=hours) for hours in EQUITY]).cast(pl.Datetime("ns", "UTC"))
    equity = pl.DataFrame({"time": times, "equity": list(EQUITY.values())})
    made = FakeRun(equity=equity.with_columns(net=pl.col("equity") / 2) if net else equity)
    made.sessions = sessions().select(pl.lit("own").alias("calendar"), "date", "open", "close")
    at = pl.Series([FIRST + timedelta(hours=hours) for hours in fills], dtype=pl.Datetime("ns", "UTC"))
    made.trades = pl.DataFrame({"time_exchange": at})
    return made


@pytest.mark.parametrize("net", [False, True])
def test_the_account_at_the_close_of_each_session(net: bool) -> None:
    """The last mark at or before it; a session's return is over the close before, whatever lies between."""
    found = by_session(fake(net=net, fills=(-3, 20, 21, 44, 60, 93)))
    assert found["date"].to_list() == [date(2020, 1, day) for day in (1, 2, 4)]
    assert found["close"].dt.hour().to_list() == [20] * 3
    assert found["equity"].to_list() == [110.0, 99.0, 132.0]
    assert found["return"].to_list() == pytest.approx([0.1, -0.1, 1 / 3])
    assert found["trades"].to_list() == [2, 2, 1]


def test_figures_are_of_returns_of_sessions() -> None:
    """A session counts as a day of trading; first and last mark are samples, too."""
    r = np.array([0.1, -0.1, 1 / 3, 140 / 132 - 1])
    summary = summarise(fake(), sampling="session", interval="annual_252")
    assert (summary.sampling, summary.samples, summary.periods) == ("session", 4, 252)
    assert summary.sharpe == pytest.approx(r.mean() / r.std(ddof=1) * math.sqrt(252))
    assert summary.volatility == pytest.approx(r.std(ddof=1) * math.sqrt(252))
    actual = summarise(fake(), sampling="session")
    assert actual.periods == pytest.approx(4 * 365 / (98 / 24))
    days = summarise(fake(), sampling="1d")
    assert days.samples == 4  # midnights, at which other marks are the last
    assert days.sharpe != actual.sharpe


def test_a_benchmark_is_held_against_it_at_the_closes() -> None:
    run = fake()
    twice = summarise(run, sampling="session", benchmark=run.equity)
    assert twice.beta == pytest.approx(1)
    assert twice.tracking_error == 0
    assert run.equity.height > 4


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match="the run was given no sessions\nHint: give the backtest its calendar"):
        summarise(FakeRun(), sampling="session")
    run = fake()
    other = run.sessions.with_columns(calendar=pl.lit("XNYS"))
    run.sessions = pl.concat([run.sessions, other])
    with pytest.raises(ConfigError, match=r"sessions of 2 calendars: own, XNYS\nHint: .*session:own"):
        by_session(run)
    with pytest.raises(ConfigError, match=r"no sessions of the calendar 'XNYZ'; it has: own, XNYS\nHint: did you mean"):
        summarise(run, sampling="session:XNYZ")
    assert by_session(run, "XNYS").equals(by_session(fake()))
    assert summarise(run, sampling="session:own").samples == 4


def trade() -> bt.Result:
    """Candles of five days."""
    walk = bt.data.candles(bt.data.generate.candles(5 * 1440, instrument="a_usd"))
    cross, own = bt.strategy.builtin.SmaCross(10, 60), bt.data.sessions(sessions())
    given: dict[str, Any] = {"balances": {"usd": 1000}, "sessions": {"x": own}, "interpret": True}
    return bt.backtest(walk, bt.Instrument("x", "a_usd", price_increment="0.0001"), cross, **given)


def test_a_run_has_them_saved_pickled_and_on_its_page(tmp_path: Any, capsys: Any) -> None:
    run = trade()
    run.save(tmp_path / "run")
    assert run.sessions.columns == ["calendar", "date", "open", "close"]
    found = run.by_session()
    assert found.height == 3
    marks = run.equity.filter(pl.col("time").is_in(found["close"].to_list()))
    assert found["equity"].to_list() == marks["equity"].to_list()
    assert found["trades"].sum() == run.trades.filter(pl.col("time_exchange") <= found["close"][-1]).height
    saved = read(tmp_path / "run")
    for other in (saved, pickle.loads(pickle.dumps(run))):
        assert other.by_session().equals(found)
        assert other.summary(sampling="session").sharpe == run.summary(sampling="session").sharpe
    assert run.figures_by("instrument", sampling="session")["samples"].to_list() == [4]
    page = run.report(tmp_path / "page.html", sampling="session").read_text("utf-8")
    assert "Last sessions" in page
    told = facts(run, sampling="session")["sessions"]
    assert [row["equity"] for row in told] == found["equity"].to_list()
    assert main(["show", str(tmp_path / "run"), "--sessions", "--json"]) == 0
    assert [row["date"] for row in json.loads(capsys.readouterr().out)] == ["2020-01-01", "2020-01-02", "2020-01-04"]
    assert main(["show", str(tmp_path / "run"), "--sessions"]) == 0
    assert "2020-01-04 20:00:00" in capsys.readouterr().out
