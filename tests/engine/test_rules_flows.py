"""Rules 41, 45 and 48: funding, dividends and cash flows of one's own, on hand-made markets."""

from __future__ import annotations

import pickle

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, DataError
from tests.engine.tiny import TIME, A, S, Watch, candles, quotes, run, schedule, table, trades

SWAP = bt.Instrument("x", "p_usd", kind="perpetual", price_increment=1, quantity_increment=1)
PAID = ("time_exchange", "asset", "instrument", "reason", "amount")


def frame(*rows: tuple, columns: tuple[str, ...]) -> pl.DataFrame:
    """Rows whose first cell is a time in seconds."""
    cells = [(round(time * S), *rest) for time, *rest in rows]
    return pl.DataFrame(cells, schema=["time", *columns], orient="row").with_columns(pl.col("time").cast(TIME))


def rates(*rows: tuple, name: str = "p_usd") -> object:
    return bt.data.funding(frame(*((time, name, rate) for time, rate in rows), columns=("instrument", "rate")))


def paid(*rows: tuple, name: str = "a_usd") -> object:
    return bt.data.dividends(frame(*((time, name, each) for time, each in rows), columns=("instrument", "amount")))


def cash(*rows: tuple) -> object:
    return bt.data.cash_flows(frame(*rows, columns=("asset", "amount", "reason")))


def flows(result: bt.Result) -> list[tuple]:
    return table(result.cash_flows, *PAID)


def swap_trades(*rows: tuple) -> object:
    return trades(*rows, instrument="p_usd")


@pytest.mark.parametrize(("side", "rate", "amount"), [("buy", 0.01, -3), ("sell", 0.01, 3), ("buy", -0.01, 3)])
def test_rule_41_longs_pay_and_shorts_get(side, rate, amount):
    """Rule 41: 3 at the mark of 100 are 300, of which 1 % is 3."""
    market = swap_trades((0, 100, 9), (2, 100, 9), (5, 100, 9))
    result = run(market, schedule({"at": 1, side: 3, "on": "p_usd"}), SWAP, cash_flows=rates((4, rate)))
    assert flows(result) == [(4, "usd", "p_usd", "funding", amount)]
    assert result.equity["equity"][-1] == 10_000 + amount
    assert result.positions.height == 0
    assert table(result.balances, "time_exchange", "total")[-1] == (4, 10_000 + amount)


def test_rule_41_market_events_of_its_time_come_first():
    """Rule 41: the trade at 4 fills the buy and is the mark: 2 of 120 at 1 % are 2.4."""
    market = swap_trades((0, 100, 9), (4, 120, 9), (6, 90, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "on": "p_usd"}), SWAP, cash_flows=rates((4, 0.01), (5, 0.01)))
    assert flows(result) == [(4, "usd", "p_usd", "funding", -2.4), (5, "usd", "p_usd", "funding", -2.4)]


def test_rule_41_the_mark_of_an_idle_venue_is_the_last_price_before_it():
    """Rule 41: nothing is at work when the rate is due, and the venue has not looked since the fill: 2 of 130."""
    market = swap_trades((0, 100, 9), (2, 100, 9), (3, 110, 9), (4, 130, 9), (6, 90, 9), (7, 90, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "on": "p_usd"}), SWAP, cash_flows=rates((5, 0.01)))
    assert flows(result) == [(5, "usd", "p_usd", "funding", -2.6)]


def test_rule_41_without_a_position_nothing_is_paid():
    """Rules 41 and 48: 0 is no event."""
    result = run(swap_trades((0, 100, 9), (5, 100, 9)), schedule(), SWAP, cash_flows=rates((4, 0.01)))
    assert flows(result) == []
    assert result.balances.height == 2  # both assets, at the start


def test_rule_41_a_rate_counts_to_a_millionth_of_a_millionth():
    """Rule 41: 1,000,000 at a rate of 0.000000000001 is a millionth."""
    market = swap_trades((0, 1000, 9), (2, 1000, 1000), (5, 1000, 9))
    plan = schedule({"at": 1, "buy": 1000, "on": "p_usd"})
    result = run(market, plan, SWAP, balances={"usd": 2_000_000}, cash_flows=rates((4, 1e-12)))
    assert flows(result) == [(4, "usd", "p_usd", "funding", -1e-6)]


def test_rule_45_what_is_held_pays_a_dividend():
    """Rule 45: 3 bought and 2 from the start are 5 times 0.5; the price that follows is 3 lower."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 97, 9))
    result = run(
        market, schedule({"at": 1, "buy": 3}), A, balances={"usd": 10_000, "a": 2}, cash_flows=paid((4, 0.5), (4.5, 0))
    )
    assert flows(result) == [(4, "usd", "a_usd", "dividend", 2.5)]
    assert result.equity["equity"][-1] == 10_000 - 300 + 2.5 + 5 * 97


def test_rule_45_who_is_short_pays():
    """Rule 45: in a margin account 4 sold short cost 4 times 0.25."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 97, 9))
    plan = schedule({"at": 1, "sell": 4})
    result = run(market, plan, venues=bt.Venue(account="margin"), cash_flows=paid((4, 0.25)))
    assert flows(result) == [(4, "usd", "a_usd", "dividend", -1)]


def test_rule_48_amounts_move_what_is_free():
    """Rule 48: -9,950 of 10,000 leave 50, with which 1 at 100 cannot be paid."""
    market = trades((0, 100, 9), (3, 100, 9), (5, 100, 9))
    result = run(market, schedule({"at": 2, "buy": 1}), cash_flows=cash((1, "usd", -9_950.0, "rent")))
    assert flows(result) == [(1, "usd", None, "rent", -9_950)]
    assert table(result.orders, "status", "reason") == [("rejected", "insufficient_balance")]


def test_rule_48_several_of_one_time_are_paid_as_given():
    """Rule 48: by time, then in the order given; each has a balance of its own."""
    given = [cash((2, "usd", 5.0, "second"), (3, "usd", 1.0, "third")), cash((2, "usd", 7.0, "again"))]
    result = run(trades((0, 100, 9), (5, 100, 9)), schedule(), cash_flows=given)
    assert [(time, reason) for time, _, _, reason, _ in flows(result)] == [(2, "second"), (2, "again"), (3, "third")]
    assert table(result.balances, "total")[-3:] == [(10_005,), (10_012,), (10_013,)]


def test_rule_48_a_strategy_is_told_by_one_balance_event():
    """Rule 48: after the latency of the link; the balance stands as it is then."""
    watch = Watch(lambda s: (s.event, s.time // S))
    venue = bt.Venue(latency=bt.Latency(response_ns=S))
    result = run(trades((0, 100, 9), (5, 100, 9)), watch, venues=venue, cash_flows=cash((2, "usd", 5.0, "gift")))
    assert watch.seen == [("trade", 0), ("balance", 3), ("trade", 5)]
    assert table(result.cash_flows, "time_exchange", "time_engine") == [(2, 3)]


def test_rule_48_nothing_is_paid_before_the_start_and_behind_the_end():
    """Rule 48: both are told."""
    given = cash((0, "usd", 1.0, "early"), (2, "usd", 2.0, "due"), (9, "usd", 4.0, "late"))
    result = run(trades((1, 100, 9), (5, 100, 9)), schedule(), cash_flows=given)
    assert [reason for *_, reason, _ in flows(result)] == ["due"]
    assert "1 cash flow(s) lie before the start of the run and were left out" in result.warnings
    assert "1 row(s) of the cash flows lie after the last market event and were not reached" in result.warnings


def test_rule_45_derivatives_pay_no_dividend():
    """Rule 45: it is refused."""
    one = bt.Instrument("x", "f_usd", kind="future", price_increment=1, quantity_increment=1, expiry=3 * S)
    with pytest.raises(ConfigError, match="only what is held pays one"):
        run(trades((0, 100, 9), instrument="f_usd"), schedule(), one, cash_flows=paid((4, 1.0), name="f_usd"))


def test_opens_of_a_candle_come_behind_the_flows_of_their_time():
    """Rule 10: class 0 before class 8, so what is bought at the open of that time gets no dividend."""
    market = candles((0, 5, 100, 100, 100, 100), (5, 10, 97, 97, 97, 97))
    result = run(market, schedule({"at": 4, "buy": 2}), cash_flows=paid((5, 0.5)))
    assert table(result.trades, "time_exchange", "price") == [(5, 100)]  # the close, before the flow
    assert flows(result) == [(5, "usd", "a_usd", "dividend", 1)]
    late = run(market, schedule({"at": 5, "buy": 2}), cash_flows=paid((5, 0.5)))
    assert table(late.trades, "time_exchange", "price") == [(5, 97)]
    assert flows(late) == []


def test_quotes_mark_an_idle_perpetual():
    """Rule 41: at the weighted mid of a quote that the venue has not had to look at: 2 of 102 at 1 %."""
    market = quotes((0, 99, 9, 101, 9), (2, 99, 9, 101, 9), (3, 101, 9, 103, 9), (9, 99, 9, 101, 9), instrument="p_usd")
    result = run(market, schedule({"at": 1, "buy": 2, "on": "p_usd"}), SWAP, cash_flows=rates((5, 0.01)))
    assert flows(result) == [(5, "usd", "p_usd", "funding", -2.04)]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (lambda: rates((1, 0.1), (1, 0.1)), DataError, r"row 1 of the funding .* comes a second time"),
        (lambda: rates((2, 0.1), (1, 0.1)), DataError, r"row 1 of the funding .* goes back in time"),
        (lambda: rates((1, 2.0)), DataError, r"row 0 of the funding .* has rate 2.0"),
        (lambda: rates((1, float("nan"))), DataError, r"has rate nan"),
        (lambda: paid((1, -1.0)), DataError, r"row 0 of the dividend .* has amount -1.0"),
        (lambda: cash((1, None, 1.0, "x")), DataError, r"has a null"),
        (lambda: bt.data.funding(pl.DataFrame({"time": [1], "rate": [0.1]})), DataError, r"no column 'instrument'"),
    ],
)
def test_bad_flows_are_told(given, error, said):
    with pytest.raises(error, match=said):
        given()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda: rates((1, 0.1), name="a_usd"), "only perpetuals pay it"),
        (lambda: rates((1, 0.1), name="nobody"), "nobody"),
        (lambda: cash((1, "eur", 1.0, "x")), "eur"),
        (lambda: [1], "it must be what data.funding"),
    ],
)
def test_flows_of_nothing_that_is_there_are_refused(given, said):
    with pytest.raises(BarterBtError, match=said):
        run(trades((0, 100, 9), (5, 100, 9)), schedule(), cash_flows=given())


def test_rule_48_what_rounding_cuts_is_told():
    """Rule 48: shares count in lots of 1, so 0.4 is nothing and 0.7 is one; the whole one is not counted."""
    given = cash((1, "a", 0.4, "scrip"), (2, "a", 0.7, "scrip"), (3, "a", 2.0, "scrip"))
    result = run(trades((0, 100, 9), (5, 100, 9)), schedule(), cash_flows=given)
    assert [amount for *_, amount in flows(result)] == [1, 2]
    assert [text for text in result.warnings if "rounded" in text] == [
        "2 cash flow(s) of 'a' are not whole in its unit, 1, and were rounded: units={'a': ...} makes it finer"
    ]


def test_they_are_saved_with_a_run_and_travel_with_it(tmp_path):
    """And a run without any has an empty table."""
    market = trades((0, 100, 9), (5, 100, 9))
    result = run(market, schedule(), cash_flows=cash((2, "usd", 5.0, "gift")))
    result.save(tmp_path / "paid")
    saved = bt.read(tmp_path / "paid")
    assert flows(saved) == flows(pickle.loads(pickle.dumps(result))) == [(2, "usd", None, "gift", 5)]
    assert saved.summary()["cash_flows"] == 5
    run(market, schedule()).save(tmp_path / "nothing")
    assert bt.read(tmp_path / "nothing").cash_flows.height == 0


@pytest.mark.parametrize("kind", ["funding", "dividend"])
def test_a_causal_strategy_stays_causal_with_flows(kind):
    """Cutting the data takes away no flow before the cut, and none behind it counts."""
    given = rates((2, 0.01), (4, -0.01)) if kind == "funding" else paid((2, 1.0), (4, 1.0), name="p_usd")
    one = SWAP if kind == "funding" else bt.Instrument("x", "p_usd", price_increment=1, quantity_increment=1)
    market = swap_trades((0, 100, 9), (1, 101, 9), (3, 99, 9), (5, 100, 9))
    plan = schedule({"at": 1, "buy": 2, "on": "p_usd"}, {"at": 3, "sell": 1, "on": "p_usd"})
    found = bt.check_causality(market, one, plan, balances={"usd": 10_000}, cash_flows=given, interpret=True)
    assert found.ok
