"""Rule 46: from its expiry on nothing of an instrument trades."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.replica import differences
from tests.engine.tiny import FUTURE, A, B, S, Watch, candles, flat, quotes, run, schedule, table, trades

ON = {"on": "f_usd"}
MARGIN = bt.Venue(margin=bt.Margin(0.1))


def until(seconds: float) -> bt.Instrument:
    return replace(FUTURE, expiry=round(seconds * S))


def f_trades(*rows: tuple[Any, ...]) -> bt.data.Stream:
    return trades(*rows, instrument="f_usd")


def ends(result: bt.Result) -> list[tuple[Any, ...]]:
    """Of the orders that were sent."""
    return table(result.orders.drop_nulls("time_sent"), "status", "reason", "filled", "time_closed")


def fills(result: bt.Result) -> list[tuple[Any, ...]]:
    sent = result.orders.drop_nulls("time_sent")["order_id"]
    mine = result.trades.filter(pl.col("order_id").is_in(sent.to_list()))
    return table(mine, "order_id", "time_exchange", "price", "quantity")


def test_rule_46_open_orders_are_cancelled_at_the_expiry():
    """Limits that rest and market orders that wait, known when the report arrives; others are not concerned."""
    data = [f_trades((1, 100, 5), (9, 90, 5)), trades((1, 50, 5), (9, 40, 5))]
    rows = [{"at": 2, "buy": 2, "limit": 95, **ON}, {"at": 3, "sell": 1, **ON}, {"at": 3, "buy": 1, "limit": 45}]
    venue = replace(MARGIN, latency=bt.Latency(response_ns=S))
    result = run(data, schedule(*rows), [A, until(5)], venues=venue)
    assert ends(result) == [("cancelled", "expired", 0, 6)] * 2 + [("filled", None, 1, 10)]
    assert fills(result) == [(2, 9, 45, 1)]
    assert any("2 of 3 orders were cancelled because the instrument expired" in told for told in result.warnings)


def test_rule_46_each_instrument_expires_at_its_own_time():
    """Also where orders of several wait for it."""
    listed = [replace(until(at), name=name) for at, name in ((7, "e_usd"), (5, "f_usd"), (6, "g_usd"))]
    data = [trades((1, 100, 5), (9, 100, 5), instrument=one.name) for one in listed]
    result = run(data, schedule(*({"at": 2, "buy": 1, "limit": 95, "on": one.name} for one in listed)), listed)
    assert ends(result) == [("cancelled", "expired", 0, at) for at in (7, 5, 6)]


def test_rule_46_a_part_that_was_filled_stays_filled():
    """The rest is cancelled."""
    result = run(
        f_trades((1, 100, 5), (3, 90, 2), (9, 90, 5)), schedule({"at": 2, "buy": 5, "limit": 95, **ON}), until(5)
    )
    assert ends(result) == [("cancelled", "expired", 2, 5)]


@pytest.mark.parametrize(("arrives", "end"), [(4, "filled"), (5, "rejected"), (6, "rejected")])
def test_rule_46_orders_that_arrive_at_the_expiry_or_later_are_rejected(arrives, end):
    """It is the arrival at the venue that counts, not the sending."""
    data = f_trades((1, 100, 5), (5, 100, 5), (9, 90, 5))
    venue = replace(MARGIN, latency=bt.Latency(request_ns=2 * S))
    result = run(data, schedule({"at": arrives - 2, "buy": 1, **ON}), until(5), venues=venue)
    assert ends(result)[0][:2] == (end, None if end == "filled" else "expired")


def test_rule_46_market_events_of_the_very_time_still_fill():
    """The candle that closes at the expiry has its range; a trade at it is met."""
    result = run(f_trades((1, 100, 5), (5, 99, 5), (9, 90, 5)), schedule({"at": 2, "buy": 1, **ON}), until(5))
    assert fills(result) == [(0, 5, 99, 1)]
    bars = candles((0, 10, 100, 100, 100, 100, "f_usd"), (10, 20, 100, 101, 95, 100, "f_usd"))
    result = run(bars, schedule({"at": 5, "buy": 1, "limit": 97, **ON}), until(20))
    assert fills(result) == [(0, 20, 97, 1)]


def test_rule_46_a_candle_that_opens_before_and_closes_after_the_expiry_fills_at_its_open():
    """Its open was a price of the contract, its close is none."""
    bars = candles((0, 10, 100, 100, 100, 100, "f_usd"), (10, 30, 101, 120, 80, 110, "f_usd"))
    rows = [{"at": 10, "buy": 1, **ON}, {"at": 10, "buy": 1, "limit": 90, **ON}]
    result = run(bars, schedule(*rows), until(20))
    assert fills(result) == [(0, 10, 101, 1)]
    assert ends(result)[1] == ("cancelled", "expired", 0, 20)
    assert table(result.equity, "time", "equity") == [(0, 10_000), (10, 10_000), (30, 10_000)]


def test_rule_46_later_events_are_passed_over_and_counted():
    """No price, no wake-up, no mark of theirs; time goes on."""
    data = [f_trades((1, 100, 5), (5, 110, 5), (6, 10, 5), (8, 12, 5)), trades((7, 50, 5))]
    watch = Watch(lambda s: (s.time / S, s.event, s.price("f_usd")), wake=("trade", "timer:8s"))
    result = run(data, watch, [A, until(5)])
    assert watch.seen == [(1, "trade", 100), (5, "trade", 110), (7, "trade", 110), (8, "timer", 110)]
    late = "2 row(s) of 'f_usd' lie after its expiry, 1970-01-01 00:00:05 UTC, and were passed over"
    assert late in result.warnings


@pytest.mark.parametrize(("price", "worth"), [(None, 10_200), (104, 10_080)])
def test_rule_46_an_open_position_is_settled_at_its_last_price_or_that_which_is_given(price, worth):
    """By an order that nobody has sent, without a fee; nothing of it trades afterwards."""
    bars = flat(100, 100, 110, 500, 900, instrument="f_usd")
    contract = replace(until(30), settlement_price=price)
    rows = [{"at": 10, "buy": 2, **ON}, {"at": 40, "sell": 2, **ON}]
    result = run(bars, schedule(*rows), contract, venues=replace(MARGIN, fees=bt.Fees(taker=0)))
    assert ends(result)[1] == ("rejected", "expired", 0, 40)
    assert table(result.orders, "status", "reason", "filled", "time_sent")[1] == ("filled", "settlement", 2, None)
    assert table(result.trades, "order_id", "time_exchange", "price", "quantity", "fees")[1] == (
        1,
        30,
        price or 110,
        2,
        0,
    )
    # 2 contracts of 10: 200 at 110, 80 at 104, and nothing of 500 and 900
    assert table(result.equity, "time", "equity")[-2:] == [(30, worth), (50, worth)]
    assert result.round_trips["reason_exit"].to_list() == ["settlement"]


def test_rule_46_an_expiry_after_the_data_is_not_reached():
    """The run ends with the data (rule 12): the order is open."""
    result = run(f_trades((1, 100, 5), (4, 100, 5)), schedule({"at": 2, "buy": 1, "limit": 90, **ON}), until(5))
    assert ends(result) == [("open", None, 0, None)]


def test_rule_46_an_instrument_that_expired_before_the_data():
    """Everything is passed over, from the first row on, and the run is as long as the data."""
    result = run(f_trades((2, 100, 5), (4, 100, 5)), schedule({"at": 3, "buy": 1, **ON}), until(1))
    assert ends(result) == [("rejected", "expired", 0, 3)]
    assert table(result.equity, "time")[0] == (2,)
    assert table(result.equity, "time")[-1] == (4,)


def test_rule_46_the_settlement_is_at_the_last_price_before_it():
    """Of the quote of that very time, not of one that came later, though no order is there to look at quotes."""
    data = [
        quotes((1, 99, 9, 101, 9), (5, 103, 9, 105, 9), (6, 1, 9, 2, 9), instrument="f_usd"),
        trades((1, 100, 5), (8, 100, 5)),
    ]
    result = run(data, schedule({"at": 2, "sell": 9, **ON}), [A, until(5)])
    assert table(result.trades, "time_exchange", "price") == [(2, 99), (5, 104)]
    assert result.equity["equity"][-1] == 10_000 - 9 * 10 * 5


def test_rule_46_a_replica_follows():
    """What is passed over is an event of the audit."""
    data = [f_trades((1, 100, 5), (4, 101, 5), (6, 10, 5)), trades((2, 50, 5), (7, 50, 5))]
    result = run(data, schedule({"at": 3, "buy": 1, **ON}, {"at": 4, "buy": 1, **ON}), [A, until(5)], audit="full")
    assert differences(result.state, result.replica().state) == []
    assert "market_other" in result.audit["event"].to_list()


def holding(**balances: float) -> dict[str, Any]:
    return {"balances": {"usd": 10_000} | balances}


@pytest.mark.parametrize(("given", "price"), [(None, 90), (0, 0), (80, 80)])
@pytest.mark.parametrize("account", ["cash", "margin"])
def test_rule_46_a_spot_instrument_is_delisted(given, price, account):
    """Its position is paid at the last price or that which is given, also nothing; its orders end, later ones too."""
    data = [trades((1, 100, 5), (2, 100, 5), (4, 90, 5), (9, 5, 5)), f_trades((1, 1, 1), (9, 1, 1))]
    rows = [{"at": 1, "buy": 2}, {"at": 3, "buy": 1, "limit": 50}, {"at": 7, "buy": 1}]
    one = replace(A, expiry=5 * S, settlement_price=given)
    venue = bt.Venue(account=account, fees=bt.Fees(taker=0.01))
    result = run(data, schedule(*rows), [one, FUTURE], venues=venue)
    assert table(result.orders, "status", "reason", "filled")[1:] == [
        ("cancelled", "expired", 0),
        ("filled", "delisting", 2),
        ("rejected", "expired", 0),
    ]
    assert table(result.trades, "time_exchange", "price", "quantity", "fees")[1] == (5, price, 2, 0)
    assert result.round_trips["reason_exit"].to_list() == ["delisting"]
    assert result.equity["equity"][-1] == 10_000 - 2 + 2 * (price - 100)
    assert "1 position(s) were closed because their instrument was delisted ('a_usd')" in result.warnings
    assert result.cash_flows.is_empty()


@pytest.mark.parametrize(("given", "worth"), [(None, 270), (0, 0), (80, 240)])
def test_rule_46_what_no_position_holds_is_paid_for_when_it_is_delisted(given, worth):
    """By two cash flows, though no order is there; where it is worth nothing by one."""
    data = [trades((1, 100, 5), (4, 90, 5), (9, 5, 5)), f_trades((1, 1, 1), (9, 1, 1))]
    one = replace(A, expiry=5 * S, settlement_price=given)
    result = run(data, schedule({"at": 1, "buy": 2}), [one, FUTURE], **holding(a=3))
    paid = [("a", "delisting", -3), ("usd", "delisting", worth)]
    assert table(result.cash_flows, "asset", "reason", "amount") == (paid if worth else paid[:1])
    assert result.equity["equity"][-1] == 10_000 + worth + 2 * (worth / 3 - 90)


def test_rule_46_what_is_traded_elsewhere_stays():
    """Its position is closed; what else there is of the asset has a price without it. So has what has none at all."""
    other = bt.Instrument("x", "a_eur", price_increment=1, quantity_increment=1)
    data = [trades((1, 100, 5), (2, 100, 5), (4, 90, 5)), trades((9, 80, 5), instrument="a_eur")]
    result = run(data, schedule({"at": 1, "buy": 2}), [replace(A, expiry=5 * S), other], **holding(a=3))
    assert result.cash_flows.is_empty()
    assert result.balances.filter(pl.col("asset").cast(pl.String) == "a")["total"][-1] == 3
    assert any("before it was delisted something is still held" in told for told in result.warnings)
    result = run(f_trades((1, 1, 1), (9, 1, 1)), schedule(), [replace(A, expiry=5 * S), FUTURE], **holding(a=3))
    assert result.cash_flows.is_empty()


def test_rule_46_a_short_position_of_what_is_delisted_is_bought_back():
    """At nothing, if that is what it is worth."""
    data = [trades((1, 100, 5), (2, 100, 5), (4, 1, 5)), f_trades((1, 1, 1), (9, 1, 1))]
    one = replace(A, expiry=5 * S, settlement_price=0)
    result = run(data, schedule({"at": 1, "sell": 2}), [one, FUTURE], venues=bt.Venue(account="margin"), audit="full")
    assert table(result.trades, "side", "price")[1] == ("buy", 0)
    assert result.equity["equity"][-1] == 10_200
    assert differences(result.state, result.replica().state) == []


@pytest.mark.parametrize(("bought", "insured"), [(1, []), (0, [100])])
def test_rule_46_no_insurance_pays_while_something_is_held_for_what_is_owed(bought, insured):
    """Two of what is worth nothing at last cost 200 of 100; what else is bought on margin stands for it."""
    data = [trades((1, 100, 5), (2, 100, 5), (9, 100, 5), instrument=name) for name in ("a_usd", "b_usd")]
    rows = [{"at": 1, "buy": 2}, {"at": 1, "buy": bought, "on": "b_usd"}][: 1 + bought]
    venue = bt.Venue(account="margin", margin=bt.Margin(0.1))
    gone = replace(A, expiry=5 * S, settlement_price=0)
    result = run(data, schedule(*rows), [gone, B], venues=venue, balances={"usd": 100})
    assert result.cash_flows["amount"].to_list() == insured


@pytest.mark.parametrize(("sold", "closed"), [(2, [3]), (5, []), (7, [5])])
def test_rule_46_a_cash_account_is_paid_for_what_it_has(sold, closed):
    """Of five bought some are sold elsewhere, seven cannot be; what was sold of a starting balance is not owed."""
    other = bt.Instrument("x", "a_eur", price_increment=1, quantity_increment=1)
    data = [
        trades((1, 100, 9), (2, 100, 9), (4, 90, 9)),
        trades((1, 80, 9), (3, 80, 9), (9, 80, 9), instrument="a_eur"),
    ]
    rows = [{"at": 1, "buy": 5}, {"at": 2, "sell": sold, "on": "a_eur"}]
    result = run(data, schedule(*rows), [replace(A, expiry=5 * S), other])
    mine = result.orders.filter(pl.col("reason").cast(pl.String) == "delisting")
    assert mine["filled"].to_list() == closed
    data = [trades((1, 100, 9), (2, 100, 9), (4, 90, 9)), f_trades((1, 1, 1), (9, 1, 1))]
    result = run(data, schedule({"at": 1, "sell": 2}), [replace(A, expiry=5 * S), FUTURE], **holding(a=3))
    assert table(result.cash_flows, "asset", "amount") == [("a", -1), ("usd", 90)]
    assert result.equity["equity"][-1] == 10_290
