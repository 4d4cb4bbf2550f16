"""The summary of a run."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from barter_bt.statistic import DEFINITIONS, Summary, summarise
from tests.statistic.fakes import TRADES, FakeRun, crossing_run, equity_of, table


def test_every_figure_is_defined_and_every_definition_is_a_figure():
    assert list(DEFINITIONS) == [each.name for each in fields(Summary)]


def test_a_run_in_which_nothing_happened():
    summary = summarise(FakeRun())
    assert summary == Summary("usd", fees=0.0)
    assert "Orders" in repr(summary)


def test_a_plain_curve():
    summary = summarise(FakeRun(equity=equity_of([100, 110, 99, 120])))
    assert summary.start == datetime(2024, 1, 1, tzinfo=UTC)
    assert summary.duration == timedelta(days=3)
    assert (summary.sampling, summary.samples, summary.periods_per_year) == ("1d", 3, 365.0)
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
    assert "risk-free rate 0" in page
    assert "1 - equity / highest equity so far" in page


def test_small_money_keeps_its_digits():
    assert "0.000123457" in repr(Summary("btc", fees=0.000123456789))
