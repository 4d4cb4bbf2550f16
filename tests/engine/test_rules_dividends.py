"""Rule 45: dividends that are paid on a day of their own, and what is withheld of them."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.replica import differences
from barter_bt.errors import DataError
from barter_bt.testing import assert_all
from barter_bt.testing.scenario import Case, random_scenario
from barter_bt.testing.scenario import flows as drawing
from barter_bt.testing.strategies import accepted
from tests.engine.test_rules_flows import flows
from tests.engine.test_rules_splits import split
from tests.engine.tiny import TIME, A, S, Watch, run, schedule, table, trades

MARKET = trades((0, 100, 9), (2, 100, 9), (5, 97, 9), (8, 97, 9), (9, 97, 9))
LONG, SHORT = schedule({"at": 1, "buy": 4}, {"at": 6, "sell": 4}), schedule({"at": 1, "sell": 4})
MARGIN = bt.Venue(account="margin", margin=bt.Margin(0.5))


def due(*rows: tuple) -> object:
    """Ex-date and pay date in seconds, amount and what is withheld."""
    cells = [
        (round(ex * S), None if pay is None else round(pay * S), "a_usd", each, part) for ex, pay, each, part in rows
    ]
    schema = {"time": TIME, "pay_date": TIME, "instrument": pl.String, "amount": pl.Float64, "withholding": pl.Float64}
    return bt.data.dividends(pl.DataFrame(cells, schema=schema, orient="row"))


def test_rule_45_who_held_at_the_ex_date_is_paid_later():
    """4 shares at 4 are 2.0, of which 15 % are withheld: 1.7 are in the equity at once, in the balance at 7."""
    result = run(MARKET, LONG, cash_flows=due((4, 7, 0.5, 0.15)), mark_every="1s", audit="full")
    assert flows(result) == [(7, "usd", "a_usd", "dividend", 2.0), (7, "usd", "a_usd", "withholding", -0.3)]
    equity = dict(table(result.equity, "time", "equity"))
    assert [equity[time] for time in (4, 5, 8)] == [10_001.7, 9_989.7, 9_989.7]
    paid = table(result.balances.filter(pl.col("asset").cast(pl.String) == "usd"), "time_exchange", "total")
    assert paid[-3:] == [(7, 9_602), (7, 9_601.7), (8, 9_989.7)]
    assert result.state.assets.array("due").tolist() == [0, 0]
    assert differences(result.replica().state, result.state) == []


def test_rule_45_what_is_due_is_not_there_to_be_spent():
    """The account has 0 when it buys 1 at 5, and is owed 400."""
    plan = schedule({"at": 1, "buy": 4}, {"at": 4.5, "buy": 1})
    result = run(MARKET, plan, balances={"usd": 400}, cash_flows=due((4, 7, 100.0, None)))
    assert table(result.orders, "status", "reason") == [("filled", None), ("rejected", "insufficient_balance")]
    assert flows(result) == [(7, "usd", "a_usd", "dividend", 400)]


def test_rule_45_who_is_short_pays_all_of_it():
    result = run(MARKET, SHORT, venues=MARGIN, cash_flows=due((4, 7, 0.5, 0.15)), mark_every="1s")
    assert flows(result) == [(7, "usd", "a_usd", "dividend", -2.0)]
    assert dict(table(result.equity, "time", "equity"))[4] == 9_998


def test_rule_45_without_a_pay_date_at_once_and_without_a_holding_nothing():
    """What is withheld is; who sold before the ex-date gets nothing, and is told nothing."""
    result = run(MARKET, LONG, cash_flows=due((4, None, 0.5, 0.25), (8.5, 8.7, 0.5, 0.25)))
    assert flows(result) == [(4, "usd", "a_usd", "dividend", 2.0), (4, "usd", "a_usd", "withholding", -0.5)]
    assert len(result.state.entitlements) == 1


def test_rule_45_a_split_between_does_not_change_what_is_due():
    result = run(MARKET, LONG, cash_flows=[due((4, 7, 0.5, None)), split((4.5, "2:1"))])
    assert flows(result) == [(7, "usd", "a_usd", "dividend", 2.0)]


def test_rule_45_what_is_due_at_the_end_is_in_the_equity():
    """And that it was not paid is told; of an ex-date before the start nobody knows who held."""
    late = run(MARKET, LONG, cash_flows=due((4, 99, 0.5, 0.15)))
    assert late.equity["equity"][-1] == 10_000 - 12 + 1.7
    assert "2 row(s) of the cash flows lie after the last market event and were not reached" in late.warnings
    early = run(trades((3, 100, 9), (9, 100, 9)), schedule(), balances={"a": 4}, cash_flows=due((2, 5, 0.5, 0.15)))
    assert flows(early) == []
    assert "1 cash flow(s) lie before the start of the run and were left out" in early.warnings


def test_rule_45_a_strategy_is_told_at_both_dates():
    watch = Watch(lambda s: (s.event, s.time // S, s.equity))
    run(trades((0, 100, 9), (9, 100, 9)), watch, balances={"usd": 100, "a": 4}, cash_flows=due((4, 7, 0.5, None)))
    assert [seen for seen in watch.seen if seen[0] == "balance"] == [("balance", 4, 502), ("balance", 7, 502)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((4, 3, 0.5, 0.1), r"row 0 of the dividend .* is paid before its ex-date"),
        ((4, 7, 0.5, 1.5), r"row 0 of the dividend .* withholds what cannot be"),
        ((4, 7, -0.5, 0.1), r"has amount -0.5"),
    ],
)
def test_bad_dates_and_parts_are_told(row, said):
    with pytest.raises(DataError, match=said):
        due(row)


def test_pay_dates_need_a_zone():
    data = pl.DataFrame({"time": [4], "instrument": ["a_usd"], "amount": [0.5], "pay_date": [5]})
    with pytest.raises(DataError, match="column 'pay_date' is Int64"):
        bt.data.dividends(data.with_columns(pl.col("time").cast(TIME)))


def test_what_holds_of_every_run_holds_with_later_payments(monkeypatch):
    monkeypatch.setattr(drawing, "DRAWN", ("funding", "dividend", "cash", "split", "payout"))
    found = set()
    for seed in range(80):
        scenario = random_scenario(seed)
        if any(row[0] == "payout" for row in scenario.cash_flows):
            with accepted():
                result = Case(scenario).backtest(audit="full")
                assert_all(result)
                assert differences(result.replica().state, result.state) == []
                found |= set(result.cash_flows["reason"])
    assert found >= {"dividend", "withholding"}
    found = bt.check_causality(
        MARKET, A, LONG, balances={"usd": 10_000}, cash_flows=due((4, 7, 0.5, 0.15)), interpret=True
    )
    assert found.ok
