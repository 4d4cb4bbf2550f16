"""Parts of a run, returns by the calendar, resampling."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.errors import ConfigError
from barter_bt.statistic import bootstrap, figures_by, parts, returns_by, rolling, summarise
from barter_bt.statistic.blocks import block_length
from barter_bt.statistic.curve import curve_of_run
from tests.statistic.fakes import BALANCES, POSITIONS, START_NS, TRADES, FakeRun, crossing_run, equity_of, table

DAY = 86_400_000_000_000


def two_instruments(quote="usd"):
    names = ["btc_usd", f"eth_{quote}"]
    fills = table(
        TRADES, time_exchange=[START_NS, START_NS], exchange="xsim", instrument=names, side="buy", quantity=1.0,
        notional=1.0, fees=0.5, strategy="main",
    )  # fmt: skip
    closed = table(
        POSITIONS, instrument=[names[0], names[1], names[0]], exchange="xsim", pnl_realised=[5.0, -20.0, 10.0],
        time_enter=START_NS, time_exit=START_NS + DAY * np.array([1, 2, 3]), strategy="main",
    )  # fmt: skip
    return FakeRun(trades=fills, positions=closed, equity=equity_of([100, 105, 85, 95, 95]))


def test_an_instrument_is_an_account_of_its_own():
    both = parts(two_instruments(), "instrument")
    assert both["btc_usd"].equity["equity"].unique(maintain_order=True).to_list() == [100, 105, 115]
    assert both["eth_usd"].equity["equity"].unique(maintain_order=True).to_list() == [100, 80]
    table = figures_by(two_instruments(), "instrument")
    assert table["total_return"].to_list() == [pytest.approx(0.15), pytest.approx(-0.2)]
    assert table["win_rate"].to_list() == [1.0, 0.0]


def test_the_parts_add_up_to_the_whole():
    run = two_instruments()
    for by in ("instrument", "strategy", "exchange"):
        table = figures_by(run, by)
        assert table["trades"].sum() == 2
        assert (table["positions"] * table["expectancy"]).sum() == pytest.approx(-5.0)


def test_pnl_in_another_asset_has_no_equity():
    run = two_instruments("btc")
    both = parts(run, "instrument")
    assert (both["btc_usd"].equity.height > 0, both["eth_btc"].equity.height) == (True, 0)
    assert figures_by(run, "instrument")["total_return"].to_list() == [pytest.approx(0.15), None]
    assert figures_by(run, "strategy")["total_return"].to_list() == [None]


def test_an_asset_is_its_balance():
    total = [10.0, 8.0, 12.0]
    balances = table(BALANCES, time_exchange=START_NS + DAY * np.arange(3), exchange="xsim", asset="usd", total=total)
    row = figures_by(FakeRun(balances=balances), "asset").to_dicts()[0]
    assert (row["asset"], row["equity_end"], row["max_drawdown"]) == ("usd", 12.0, pytest.approx(0.2))


def test_what_cannot_be_asked():
    with pytest.raises(ConfigError, match="allowed: instrument"):
        parts(FakeRun(), "colour")
    with pytest.raises(ConfigError, match="allowed: year"):
        returns_by(FakeRun(), "moon")
    with pytest.raises(ConfigError, match="at least 2"):
        rolling(FakeRun(), 1)
    with pytest.raises(ConfigError, match="cannot be resampled"):
        bootstrap(FakeRun(), ["trades"])
    with pytest.raises(ConfigError, match="confidence"):
        bootstrap(FakeRun(), confidence=95)
    with pytest.raises(ConfigError, match="block long"):
        bootstrap(FakeRun(), block="long")


@settings(deadline=None)
@given(st.lists(st.floats(1, 1e4), min_size=1, max_size=100), st.sampled_from(["year", "month", "week", "day"]))
def test_returns_of_the_calendar_compound_to_the_total(values, season):
    run = FakeRun(equity=equity_of(values, DAY * 3 // 2))
    assert math.prod(1 + returns_by(run, season)["return"]) == pytest.approx(values[-1] / values[0])


def test_weekdays_and_hours_have_all_returns():
    run = FakeRun(equity=equity_of(100 + np.arange(24 * 14), DAY // 24))
    week = returns_by(run, "weekday")
    assert (week["weekday"].to_list(), week["samples"].to_list()) == (list(range(1, 8)), [2] * 7)
    assert week["total"][0] == pytest.approx((124 / 100) * (292 / 268) - 1)  # to the midnight that ends the day
    assert returns_by(run, "hour")["samples"].sum() == 24 * 14 - 1  # the first mark ends nothing
    assert math.prod(1 + week["total"]) == pytest.approx((100 + 24 * 14 - 1) / 100)


@pytest.mark.parametrize("season", ["month", "hour"])
def test_no_marks_no_returns(season):
    assert returns_by(FakeRun(), season).height == 0


def test_a_return_from_nothing_is_null():
    assert returns_by(FakeRun(equity=equity_of([1.0, 0.0, 5.0])), "day")["return"].to_list() == [-1.0, None]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9))
def test_the_last_window_is_a_run_of_its_own(seed, window):
    values = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, 30)))
    run, tail = FakeRun(equity=equity_of(values)), FakeRun(equity=equity_of(values)[-window - 1 :])
    options = {"interval": "daily", "sampling": "1d", "risk_free": 0.1}
    last, alone = rolling(run, window, **options)[-1].to_dicts()[0], summarise(tail, **options)
    assert last["return"] == pytest.approx(alone.total_return)
    assert last["sharpe"] == pytest.approx(alone.sharpe)


def test_resampling_agrees_with_theory():
    """Lo (2002): the standard error of a Sharpe ratio of independent normal returns is sqrt((1 + s^2 / 2) / n)."""
    returns = np.random.default_rng(4).normal(0.0005, 0.01, 2000)
    run = FakeRun(equity=equity_of(100 * np.cumprod(np.append(1, 1 + returns))))
    row = bootstrap(run, ["sharpe", "max_drawdown"], interval="daily", block=1).to_dicts()[0]
    assert row["value"] == pytest.approx(summarise(run, interval="daily").sharpe)
    width = 2 * 1.96 * math.sqrt((1 + row["value"] ** 2 / 2) / 2000)
    assert row["high"] - row["low"] == pytest.approx(width, rel=0.1)
    assert row["low"] < row["value"] < row["high"]


def test_resampling_is_seeded_and_says_nothing_of_few_returns():
    run = crossing_run(30_000, 40)
    assert bootstrap(run, samples=50).equals(bootstrap(run, samples=50))
    assert not bootstrap(run, samples=50).equals(bootstrap(run, samples=50, seed=1))
    length = block_length(curve_of_run(run, sampling="1h").returns)
    by_length = bootstrap(run, samples=50, block=length, sampling="1h")
    assert length != pytest.approx(500 ** (1 / 3))
    assert bootstrap(run, samples=50, block="automatic", sampling="1h").equals(by_length)
    few = bootstrap(FakeRun(equity=equity_of([1, 2, 3])))
    assert (few["low"].null_count(), few["samples"].sum()) == (5, 0)
    assert bootstrap(FakeRun())["value"].null_count() == 5


def test_a_chunked_curve_is_the_same():
    run = crossing_run(3000, 40)
    pieces = pl.concat([run.equity[:1000], run.equity[1000:]], rechunk=False)
    assert returns_by(FakeRun(equity=pieces), "hour").equals(returns_by(run, "hour"))


def test_a_part_has_the_returns_of_the_run_s_times():
    """Ten closes in a year are a year of daily returns, not ten days."""
    at = np.linspace(1, 365, 10).astype(int)
    fills = table(TRADES, time_exchange=[START_NS], exchange="xsim", instrument="btc_usd", side="buy", strategy="main")
    closed = table(
        POSITIONS, instrument="btc_usd", exchange="xsim", pnl_realised=[1.0] * 10, time_enter=START_NS,
        time_exit=START_NS + DAY * at, strategy="main",
    )  # fmt: skip
    run = FakeRun(trades=fills, positions=closed, equity=equity_of(np.full(366, 100.0)))
    for interval in ("actual", "annual_365"):
        row = figures_by(run, "instrument", interval=interval).to_dicts()[0]
        assert (row["samples"], row["annual_return"]) == (365, pytest.approx(0.1))


def test_what_two_strategies_made_in_one_instrument_cannot_be_told_apart():
    run = two_instruments()
    both = run.trades.with_columns(pl.Series("strategy", ["a", "b"]))
    assert figures_by(FakeRun(trades=both, equity=run.equity), "strategy")["total_return"].to_list() == [0.0, 0.0]
    one = both.with_columns(instrument=pl.lit("btc_usd"))
    assert figures_by(FakeRun(trades=one, equity=run.equity), "strategy")["total_return"].to_list() == [None, None]


def test_rolling_beta_of_marks_that_are_not_at_midnight():
    """As closes of a stock market are; against the whole window's own figure."""
    random = np.random.default_rng(5)
    other = np.cumprod(1 + random.normal(0, 0.01, 40))
    mine = np.cumprod(1 + 0.5 * np.diff(np.log(other), prepend=0) + random.normal(0, 0.001, 40))
    at = pl.col("time").dt.offset_by("21h")
    run, benchmark = FakeRun(equity=equity_of(mine).with_columns(at)), equity_of(other).with_columns(at)
    found = rolling(run, 20, benchmark=benchmark, sampling="1d")
    assert (found.height, found["beta"].null_count()) == (20, 0)
    tail = FakeRun(equity=run.equity[-21:])
    assert found["beta"][-1] == pytest.approx(summarise(tail, benchmark=benchmark[-21:], sampling="1d").beta)
