"""A figure without a value says why; and figures are found by the names that they have elsewhere."""

import json

import numpy as np
import pytest

from barter_bt.cli import main
from barter_bt.errors import ConfigError
from barter_bt.statistic import FIGURES, Summary, bootstrap, rolling, summarise
from barter_bt.statistic.figures import ALIASES, find
from barter_bt.statistic.interval import SamplingWarning
from tests.statistic.fakes import EQUITY, FakeRun, crossing_run, equity_of, table

HOUR = 3_600_000_000_000
RUINED = FakeRun(equity=equity_of([100.0, 90.0, -10.0, 5.0, 6.0]))


@pytest.mark.parametrize(
    ("values", "figure", "reason"),
    [
        ([100, -10, 5], "sharpe", "equity was -10.00 at 2024-01-02 00:00:00 UTC: a return from it is not defined"),
        ([100, 0, 0], "skew", "equity was 0.00 at 2024-01-02 00:00:00 UTC: a return from it is not defined"),
        ([100, 50, -10], "annual_return", "equity at end is -10.00: a negative growth has no such power"),
        ([0, 1, 2], "total_return", "equity at start is 0.00, which is not above 0"),
        ([0, 1, 2], "max_drawdown", "equity at start is 0.00, which is not above 0"),
        ([0, 1], "worst_day", "equity was 0.00 at 2024-01-01 00:00:00 UTC"),
        ([100, 101], "volatility", "returns: 1, at least 2 are needed"),
        ([100, 101, 102], "sortino", "its denominator is 0: no return is below the rate without risk"),
        ([100, 101, 102], "calmar", "equity was never below a peak"),
        ([100, 100, 100], "sharpe", "its denominator is 0: all returns are equal"),
        ([100, 90], "max_drawdown_recovery", "equity was not back at the peak"),
        ([100], "annual_return", "start and end are one moment"),
        ([100], "periods", "start and end are one moment"),
        ([1e-9, 1e9, 1e9], "annual_return", "it is beyond all numbers"),
        ([None, None], "total_return", "equity is null at every mark: there was no price to convert it to usd"),
        ([], "total_return", "there is no mark of equity"),
        ([100, 101, 99], "beta", "there is no benchmark"),
        ([100, 101, 99], "win_rate", "no position was closed"),
        ([100, 101, 99], "turnover", "nothing was traded"),
    ],
)
def test_why_a_figure_is_not_defined(values, figure, reason):
    summary = summarise(FakeRun(equity=table(EQUITY, time=list(range(len(values))), equity=values)))
    if values:
        time = equity_of(np.zeros(len(values)))["time"]
        summary = summarise(FakeRun(equity=table(EQUITY, time=time.to_physical(), equity=values)))
    assert summary[figure] is None
    assert summary.why(figure) == reason
    assert summary.explain(figure)["undefined"].item() == reason


def test_a_figure_that_is_defined_has_no_reason():
    run = crossing_run(3000, 40)
    summary = summarise(run, benchmark=run)
    for row in summary.explain().to_dicts():
        assert (row["undefined"] is None) == (summary[row["figure"]] is not None), row["figure"]


@pytest.mark.parametrize("benchmark", [RUINED.equity, equity_of([100.0, 101.0, 99.0, 98.0, 97.0])])
def test_against_a_benchmark_no_return_is_left_out(benchmark):
    summary = summarise(RUINED, benchmark=benchmark)
    assert {summary[name] for name, figure in FIGURES.items() if figure.needs == "against"} == {None}
    assert "not above 0" in summary.why("beta")
    late = benchmark.with_columns(benchmark["time"].dt.offset_by("10y"))
    assert summarise(crossing_run(3000, 4), benchmark=late).why("beta").endswith("have no time in common")


def test_a_ruined_account_is_told_below_the_figures():
    assert "equity was -10.00 at 2024-01-03 00:00:00 UTC: figures that need every return" in repr(summarise(RUINED))
    assert "figures that need" not in repr(summarise(FakeRun(equity=equity_of([100.0, 50.0, 0.0]))))


def test_a_window_with_a_return_that_is_not_defined_has_no_figures():
    found = rolling(FakeRun(equity=equity_of([100.0, 110.0, 0.0, 5.0, 10.0, 30.0])), 2, sampling="1d")
    assert found["return"].to_list() == [-1.0, pytest.approx(5 / 110 - 1), None, 5.0]
    assert found["sharpe"].is_null().to_list() == [False, True, True, False]


def test_resampled_returns_of_a_total_loss_are_those_that_were():
    values = [*(100.0 + np.arange(20) % 3), 0.0]
    row = bootstrap(FakeRun(equity=equity_of(values)), ["total_return", "sharpe", "max_drawdown"], samples=50)
    assert row["value"].to_list() == [-1.0, pytest.approx(summarise(FakeRun(equity=equity_of(values))).sharpe), 1.0]
    assert row["samples"].to_list()[1:] == [50, 50]
    assert bootstrap(RUINED)["value"].null_count() == 5


@pytest.mark.parametrize(
    ("alias", "name"),
    [("APR", "annual_return"), ("CAGR", "cagr"), ("max_dd", "max_drawdown"), ("mdd", "max_drawdown")]
    + [("peak equity", "equity_peak"), ("Max trade duration", "longest_holding_time")]
    + [("vol", "volatility"), ("win rate", "win_rate"), ("Sharpe ratio", "sharpe"), ("fills", "trades")]
    + [("Value at risk (95 %)", "value_at_risk"), ("hit-rate", "win_rate"), ("round_trips", "positions")],
)
def test_a_figure_is_found_by_other_names(alias, name, capsys):
    summary = summarise(crossing_run(3000, 40))
    assert summary[alias] == summary[name] != None  # noqa: E711 # of a value, not of an object
    assert summary.label(alias) == summary.label(name)
    assert main(["explain", alias, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["figure"] == name


def test_aliases_are_of_figures_and_never_hide_one():
    assert set(ALIASES.values()) <= set(FIGURES)
    assert not set(ALIASES) & set(FIGURES)
    assert all(find(figure.label.partition("(")[0]) is not None for figure in FIGURES.values())
    assert summarise(RUINED).apr == summarise(RUINED).annual_return
    assert list(summarise(RUINED)) == list(FIGURES)
    with pytest.raises(ConfigError, match="did you mean 'cagr'"):
        Summary("usd").explain("cagrr")
    with pytest.raises(AttributeError):
        _ = Summary("usd").beauty


def test_trades_are_said_to_be_fills():
    assert FIGURES["trades"].label == "Trades (fills)"
    for name in ("trades", "fees", "slippage", "turnover"):
        assert "fills" in FIGURES[name].definition
        assert "all trades" not in FIGURES[name].definition


DAILY = 100 * np.cumprod(1 + np.random.default_rng(2).normal(0.001, 0.01, 200))


@pytest.mark.parametrize("interval", ["annual_252", "annual_365", "daily", "30d"])
def test_a_sampling_finer_than_the_marks_is_stated_for_their_own_spacing(interval):
    """A daily run at "1h" had 604,799 % a year."""
    run = FakeRun(equity=equity_of(DAILY))
    daily = summarise(run, sampling="1d", interval=interval, risk_free=0.03)
    for sampling in ("1h", "1m", "7h"):
        finer = summarise(run, sampling=sampling, interval=interval, risk_free=0.03)
        with pytest.warns(SamplingWarning, match=f"sampling='{sampling}' is finer than the marks") as told:
            assert finer.periods == daily.periods
        assert told[0].filename == __file__
        for name in ("annual_return", "volatility", "sharpe", "sortino", "calmar", "downside_deviation"):
            assert finer[name] == pytest.approx(daily[name]), name


def test_marks_that_come_weekly_are_not_taken_for_daily_ones():
    """Also where the sampling was chosen, and then without a warning."""
    run = FakeRun(equity=equity_of(DAILY, 7 * 24 * HOUR))
    figures = summarise(run, interval="annual_365")
    assert (figures.sampling, figures.periods) == ("1d", pytest.approx(365 / 7))
    assert figures.annual_return == pytest.approx((DAILY[-1] / DAILY[0]) ** (365 / 7 / 199) - 1)


def test_closed_markets_do_not_count_as_a_coarser_sampling():
    days = np.array([day for day in range(200) if day % 7 < 5])
    run = FakeRun(equity=table(EQUITY, time=days * 24 * HOUR, equity=DAILY[: len(days)]))
    assert summarise(run, sampling="1d", interval="annual_252").periods == 252
