"""The summary of a run."""

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from barter_bt.errors import ConfigError
from barter_bt.statistic import FIGURES, Summary, summarise
from tests.statistic.fakes import TRADES, FakeRun, crossing_run, equity_of, table

FLOWS = [name for name, figure in FIGURES.items() if figure.section == "Cash flows"]


def test_every_figure_has_a_definition_and_a_place():
    assert len(FIGURES) == len(Summary("usd")) > 50
    for name, figure in FIGURES.items():
        assert figure.name == name
        assert len(figure.definition) > 5
        assert figure.sample or figure.unit == "text"
    sections = [figure.section for figure in FIGURES.values()]
    assert list(dict.fromkeys(sections)) == [one for k, one in enumerate(sections) if one != sections[k - 1] or not k]


def test_a_run_in_which_nothing_happened():
    summary = summarise(FakeRun())
    counts = dict.fromkeys(("orders", "orders_filled", "orders_rejected", "trades", "positions"), 0)
    assert summary == Summary("usd", counts | dict.fromkeys(("fees", "deposits", *FLOWS), 0.0))
    assert "Orders" in repr(summary)


def test_a_plain_curve():
    summary = summarise(FakeRun(equity=equity_of([100, 110, 99, 120])))
    assert summary.start == datetime(2024, 1, 1, tzinfo=UTC)
    assert summary.duration == timedelta(days=3)
    assert (summary.sampling, summary.samples, summary.periods) == ("1d", 3, 365.0)
    assert summary.total_return == pytest.approx(0.2)
    assert summary.max_drawdown == pytest.approx(0.1)
    assert summary.max_drawdown_duration == timedelta(days=2)
    assert summary.calmar == pytest.approx(summary.annual_return / 0.1)
    assert summary.exposure == 0.0


def test_nulls_of_equity_are_left_out():
    curve = equity_of([100, 50, 110])
    curve = curve.with_columns(equity=pl.when(pl.col("equity") == 50).then(None).otherwise(pl.col("equity")))
    summary = summarise(FakeRun(equity=curve))
    assert (summary.max_drawdown, summary.equity_end) == (0.0, 110.0)
    assert summarise(FakeRun(equity=curve.with_columns(equity=pl.lit(None, pl.Float64)))).start is None


def test_a_whole_run():
    summary = summarise(run := crossing_run(20_000, 100))
    assert (summary.orders, summary.orders_filled, summary.trades, summary.positions) == (100, 100, 100, 50)
    assert summary.fees == pytest.approx(run.trades["fees"].sum())
    assert summary.turnover == pytest.approx(run.trades["notional"].sum() / 1000, rel=0.01)
    assert 0.3 < summary.exposure < 0.7
    gains = run.positions["pnl_realised"]
    assert summary.win_rate == (gains > 0).sum() / 50
    assert summary.profit_factor == pytest.approx(gains.clip(lower_bound=0).sum() / -gains.clip(upper_bound=0).sum())


def test_money_of_several_quote_assets_is_not_added():
    trades = table(
        TRADES,
        time_exchange=[1, 2],
        exchange="xsim",
        instrument=["btc_usd", "eth_btc"],
        side="buy",
        quantity=1.0,
        notional=5.0,
        fees=1.0,
        price=5.0,
    )
    summary = summarise(FakeRun(trades=trades, equity=equity_of([100, 101])))
    assert (summary.fees, summary.turnover, summary.trades) == (None, None, 2)


def test_turnover_needs_equity_in_the_quote_asset():
    assert summarise(replace(crossing_run(1000, 10), reporting="eur")).turnover is None


def test_chunks_and_time_units_change_nothing():
    run = crossing_run(3000, 40)
    pieces = pl.concat([run.equity[:1000], run.equity[1000:]], rechunk=False)
    assert summarise(replace(run, equity=pieces)) == summarise(run)
    coarse = run.equity.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    assert summarise(replace(run, equity=coarse)) == summarise(run)


def test_there_and_back_through_json():
    summary = summarise(crossing_run(3000, 40))
    assert Summary.from_dict(json.loads(json.dumps(summary.to_dict()))) == summary


def test_html_has_definitions_as_hints():
    page = summarise(crossing_run(3000, 40))._repr_html_()
    assert "<table>" in page
    assert "times sqrt(returns in the interval)" in page
    assert "1 - equity / highest equity so far" in page


def test_small_money_keeps_its_digits():
    assert "0.000123457" in repr(Summary("btc", {"fees": 0.000123456789}))


def test_a_figure_says_what_it_is():
    summary = summarise(crossing_run(3000, 40), sampling="1h", interval="daily")
    (row,) = summary.explain("sharpe").to_dicts()
    assert (row["label"], row["source"], row["counted"]) == ("Sharpe ratio (daily)", "Sharpe (1994)", "returns")
    assert row["sample"] == summary.samples == 50
    assert row["period"].startswith("2024-01-01 00:00:00 UTC to 2024-01-03")
    assert summary.explain().height == len(FIGURES)
    assert summary.sample("max_drawdown") == 3000


def test_an_unknown_figure_is_an_error_with_a_hint():
    with pytest.raises(ConfigError, match=r"(?s)no figure 'sharp'.*did you mean 'sharpe'"):
        Summary("usd").explain("sharp")
    with pytest.raises(AttributeError, match="sharp"):
        _ = Summary("usd").sharp


@pytest.mark.parametrize(
    "options", [{"interval": "yearly"}, {"sampling": "often"}, {"sampling": 5}, {"risk_free": -1}, {"risk_free": "3%"}]
)
def test_options_are_checked_at_once(options):
    with pytest.raises(ConfigError):
        summarise(FakeRun(), **options)


def test_a_summary_can_be_pickled_and_needs_no_run_then():
    summary = summarise(crossing_run(3000, 40))
    assert pickle.loads(pickle.dumps(summary)) == summary


def test_the_clock_of_a_summary_is_read_lazily():
    class NoTrades(FakeRun):
        @property
        def trades(self):
            raise AssertionError("trades were read for a figure of the curve")

        @trades.setter
        def trades(self, _):
            pass

    assert summarise(NoTrades(equity=equity_of([100, 110]))).total_return == pytest.approx(0.1)
