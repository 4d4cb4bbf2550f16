"""Each kind of cash flow has its figure, together they are their sum; growth of minutes is not stated for a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.statistic.fakes import NO_FLOWS, FakeRun, equity_of

START = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ("funding", "dividends", "interest", "debt_interest", "borrow_fees", "venue_flows", "own_flows")


def flows(*rows: tuple[str, float, float | None], asset: str = "usd") -> pl.DataFrame:
    """Reason, amount and worth, a minute apart."""
    times = [START + timedelta(minutes=k) for k in range(len(rows))]
    names = ("reason", "amount", "worth")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    made = pl.DataFrame(
        {"time_exchange": times, "time_engine": times, "exchange": "x", "asset": asset, "instrument": None, **columns},
        schema_overrides={"worth": pl.Float64},
    )
    return made.select(NO_FLOWS.keys())


EACH = flows(
    ("funding", -1.0, -1.0), ("dividend", 8.0, 8.0), ("withholding", -2.0, -2.0), ("interest", 0.5, 0.5),
    ("debt_interest", -0.25, -0.25), ("borrow_fee", -4.0, -4.0), ("insurance", 16.0, 16.0), ("rollover", -32.0, -32.0),
    ("rollover", 64.0, 64.0), ("deposit", 1e3, 1e3), ("trading_fee", -1e4, -1e4), ("variation_margin", 1e5, 1e5),
)  # fmt: skip


def test_each_kind_has_a_figure() -> None:
    summary = bt.statistic.summarise(FakeRun(cash_flows=EACH))
    assert [summary[name] for name in KINDS] == [-1, 6, 0.5, -0.25, -4, 16, 32]
    assert summary.cash_flows == sum(summary[name] for name in KINDS) == 49.25
    assert summary.deposits == 1000


def test_amounts_in_other_assets_are_worth_what_they_were_then() -> None:
    """Null where one had no price; what has its price is defined all the same."""
    other = flows(("funding", 2.0, 200.0), ("interest", 1.0, None), asset="btc")
    summary = bt.statistic.summarise(FakeRun(cash_flows=other))
    assert (summary.funding, summary.interest, summary.cash_flows, summary.own_flows) == (200, None, None, 0)
    assert summary.why("interest") == "a cash flow had no price in usd when it came"


def test_by_reason_by_asset_and_by_instrument() -> None:
    found = bt.statistic.flows_by(FakeRun(cash_flows=EACH))
    assert found.filter(reason="rollover").rows() == [("rollover", 2, 64.0, -32.0, 32.0)]
    assert found.height == 11
    assert bt.statistic.flows_by(FakeRun(cash_flows=EACH), "asset")["flows"].to_list() == [12]
    assert bt.statistic.flows_by(FakeRun(cash_flows=EACH), "instrument")["instrument"].to_list() == [None]
    unknown = flows(("a", 2.0, 200.0), ("a", 1.0, None), ("b", 1.0, 1.0))
    assert bt.statistic.flows_by(FakeRun(cash_flows=unknown)).rows() == [("a", 2, None, None, None), ("b", 1, 1, 0, 1)]
    empty = bt.statistic.flows_by(FakeRun())
    assert (empty.columns, empty.height) == (["reason", "flows", "received", "paid", "worth"], 0)
    with pytest.raises(ConfigError, match="by 'strategy'; allowed: reason, instrument, asset"):
        bt.statistic.flows_by(FakeRun(), "strategy")  # type: ignore[arg-type]


@pytest.mark.parametrize(("minutes", "stated"), [(10, False), (1430, False), (1440, True), (2000, True)])
def test_growth_of_less_than_a_day_is_not_stated_for_a_year(minutes: int, stated: bool) -> None:
    times = [START, START + timedelta(minutes=minutes)]
    curve = pl.DataFrame({"time": pl.Series(times).cast(pl.Datetime("ns", "UTC")), "equity": [100.0, 101.0]})
    summary = bt.statistic.summarise(FakeRun(equity=curve))
    names = ("annual_return", "cagr", "money_weighted_return")
    assert [summary[name] is not None for name in names] == [stated] * 3
    assert summary.total_return == pytest.approx(0.01)
    if not stated:
        lasted = f"the run lasted {minutes // 60}:{minutes % 60:02}:00"
        assert {summary.why(name) for name in names} == {
            f"{lasted}: its growth is not stated for more than 366 times as long"
        }


def test_each_figure_says_of_itself_why_it_is_not_stated() -> None:
    """Two figures are for a year whatever is asked for: that another one is stated is no reason for them."""
    times = pl.Series([START, START + timedelta(minutes=10)]).cast(pl.Datetime("ns", "UTC"))
    minutes = FakeRun(equity=pl.DataFrame({"time": times, "equity": [100.0, 101.0]}))
    summary = bt.statistic.summarise(minutes, interval="20m")
    assert summary.annual_return is not None
    for name in ("cagr", "money_weighted_return"):
        assert summary[name] is None
        assert "the run lasted 0:10:00: its growth is not stated" in summary.why(name)


def test_it_is_stated_for_what_is_asked_and_a_total_loss_is_one() -> None:
    times = pl.Series([START, START + timedelta(minutes=10)]).cast(pl.Datetime("ns", "UTC"))
    minutes = FakeRun(equity=pl.DataFrame({"time": times, "equity": [100.0, 101.0]}))
    assert bt.statistic.summarise(minutes, interval="20m").annual_return == pytest.approx(0.0201)
    lost = FakeRun(equity=pl.DataFrame({"time": times, "equity": [100.0, 0.0]}))
    assert bt.statistic.summarise(lost).annual_return == -1
    assert bt.statistic.summarise(FakeRun(equity=equity_of([100, 110, 99, 120]))).annual_return is not None
