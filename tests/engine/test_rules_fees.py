"""Rules 62 and 63: rates by volume, and fees in another asset than the quote, on hand-made markets."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError
from tests.engine.test_rules_flows import cash, flows
from tests.engine.tiny import FUTURE, A, Watch, run, schedule, table, trades

COIN = bt.Instrument("x", "c_usd", price_increment=1, quantity_increment=1)
FINE = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment="0.1")


def tiered(*levels, **options):
    """Ten per cent without volume; an interval is ten seconds, two of them count."""
    options = {"asset": "usd", "window": 2, "every": "10s"} | options
    return bt.Venue(bt.Fees(0.1, 0.1, tiers=bt.FeeTiers(levels, **options)))


def fees(result):
    return table(result.trades, "time_exchange", "fees")


def every(*seconds, price=100, instrument="a_usd"):
    return trades(*((at, price, 9) for at in seconds), instrument=instrument)


def buys(*seconds, **more):
    return schedule(*({"at": at, "buy": 1, **more} for at in seconds))


# Tiers


def test_rule_62_the_rate_of_an_interval_goes_by_those_before_it():
    """Rule 62: 200 by the end of the first interval are 5 % in the second and third, and nothing in the fourth."""
    market = every(0, 2, 4, 12, 22, 24, 32, 42, 52)
    result = run(market, buys(1, 3, 11, 21, 31, 51), venues=tiered((200, 0, 0.05), (300, 0, 0.01)))
    # Before 10: 200. Before 20: 300 of both. Before 30: 100 + 100. Before 50: 100 + 0.
    assert fees(result) == [(2, 10), (4, 10), (12, 5), (22, 1), (32, 5), (52, 10)]


def test_rule_62_market_events_of_the_end_belong_to_the_interval_that_ends():
    """Rule 62: the fill at 10 pays the old rate and counts in the first interval; what arrives at 10 does not."""
    market = every(0, 10, 11)
    result = run(market, buys(1, 10), venues=tiered((100, 0, 0.05)))
    assert fees(result) == [(10, 10), (11, 5)]


def test_rule_62_volume_before_the_run_counts():
    """Rule 62: 150 in each of two intervals are 300 at the start, 250 after an interval with 100."""
    market = every(0, 2, 12, 22)
    result = run(market, buys(1, 11, 21), venues=tiered((250, 0, 0.05), (300, 0, 0.01), volume_before=150))
    assert fees(result) == [(2, 1), (12, 5), (22, 10)]


def test_rule_62_sizes_know_the_rate_in_force():
    """Rules 18 and 62: a target of 1,000 at 100 with its fee is 9 lots at 10 %, and 10 without one."""
    for rate, lots in ((0.0, 10), (0.05, 9)):
        plan = bt.Schedule(
            schedule({"at": 1, "buy": 1}, {"at": 11, "target": 1_000}).frame, size="notional", with_fee=True
        )
        result = run(every(0, 2, 12, 13), plan, venues=tiered((100, 0, rate)))
        assert result.orders["quantity"][-1] == lots - 1


def test_rule_62_all_instruments_of_an_exchange_count_in_one_asset():
    """Rule 62: a future's 1,000 in usd; 5 of b in a at the price of a in usd, 100, are 500."""
    other = bt.Instrument("x", "b_a", price_increment=1, quantity_increment=1)
    market = [every(0, 1, 12), every(2, price=100, instrument="f_usd"), every(3, price=5, instrument="b_a")]
    plan = schedule({"at": 0, "buy": 1, "on": "f_usd"}, {"at": 0, "buy": 1, "on": "b_a"}, {"at": 11, "buy": 1})
    for least, fee in ((1_500, 5), (1_501, 10)):
        venue = tiered((least, 0, 0.05))
        result = run(market, plan, [A, FUTURE, other], venues=venue, balances={"usd": 10_000, "a": 100})
        assert fees(result)[-1] == (12, fee)


def test_rule_62_without_a_price_nothing_counts():
    """Rule 62: b in a is worth nothing in usd while a has no price there."""
    other = bt.Instrument("x", "b_a", price_increment=1, quantity_increment=1)
    market = [every(3, price=5, instrument="b_a"), every(11, 12)]
    plan = schedule({"at": 0, "buy": 1, "on": "b_a"}, {"at": 11, "buy": 1})
    result = run(market, plan, [A, other], venues=tiered((1, 0, 0.05)), balances={"usd": 10_000, "a": 100}, start=None)
    assert fees(result)[-1] == (12, 10)


def test_rule_62_refusals():
    for options, match in (
        ({"levels": []}, "levels"),
        ({"levels": [(2, 0, 0), (1, 0, 0)]}, "ascend"),
        ({"levels": [(1, 0)]}, "a level"),
        ({"levels": [(1, 0, 3)]}, "taker fee of a level is 3"),
        ({"levels": [(-1, 0, 0)]}, "negative"),
        ({"levels": [(1, 0, 0)], "window": 0}, "window"),
        ({"levels": [(1, 0, 0)], "every": "1ms"}, "whole seconds"),
        ({"levels": [(1, 0, 0)], "volume_before": -1}, "volume_before"),
        ({"levels": [(1, 0, 0)], "asset": ""}, "asset"),
    ):
        with pytest.raises(ConfigError, match=match):
            bt.FeeTiers(**{"asset": "usd"} | options)
    with pytest.raises(ConfigError, match="no asset of 'x'; it has: a, usd"):
        run(every(0), buys(1), venues=tiered((1, 0, 0), asset="eur"))
    with pytest.raises(ConfigError, match="no spot instrument"):
        run(
            [every(0), every(0, instrument="b_eur")],
            buys(1),
            [A, bt.Instrument("x", "b_eur")],
            venues=tiered((1, 0, 0)),
        )


# What is received


def received(rate=0.1, **more):
    return bt.Venue(bt.Fees(rate, rate, paid_in="received", **more))


def test_rule_63_a_buy_pays_of_what_it_receives_and_a_sale_in_quote():
    """Rule 63: 10 bought are 9 held; to sell those at 100 costs 90."""
    plan = schedule({"at": 1, "buy": 10}, {"at": 3, "sell": 9})
    result = run(trades((0, 100, 99), (2, 100, 99), (4, 100, 99)), plan, venues=received(), balances={"usd": 1_000})
    assert table(result.trades, "quantity", "notional", "fees") == [(10, 1_000, 100), (9, 900, 90)]
    assert table(result.positions, "quantity_abs_max", "price_entry_average", "pnl_realised", "fees_enter") == [
        (9, 100, -190, 100)
    ]
    assert table(result.balances, "asset", "total")[-2:] == [("usd", 810), ("a", 0)]


def test_rule_63_what_is_less_than_a_lot_stays_beside_the_position():
    """Rule 63: fees of 0.3 take a lot of the first of two buys, none of the next two, and a lot of the fourth."""
    plan = schedule(*({"at": at, "buy": 3} for at in (1, 3, 5, 7)), {"at": 9, "sell": 10})
    market = trades(*((at, 100, 99) for at in range(0, 12, 2)))
    seen = Watch(lambda state: state.position("a_usd"))
    result = run(market, [plan, seen], venues=received())
    assert list(dict.fromkeys(seen.seen)) == [0, 2, 5, 8, 10]
    assert seen.seen[-1] == 0
    assert result.venue.markets.quantity[0] == 0
    assert table(result.balances, "asset", "total")[-1] == ("a", pytest.approx(0.8))
    assert result.equity["equity"][-1] == pytest.approx(10_000 - 12 * 10 - 100)
    assert result.round_trips["pnl"].sum() == -220
    assert result.trades["quantity_kept"].to_list() == [2, 3, 3, 2, 10]
    assert result.summary()["exposure"] == pytest.approx(0.8)


def test_rule_63_one_lot_is_never_taken_whole():
    """Rule 63: of a buy of one lot nothing is left of the position but itself, and not all of it can be sold."""
    plan = schedule({"at": 1, "buy": 1}, {"at": 3, "sell": 1})
    result = run(every(0, 2, 4), plan, venues=received())
    assert table(result.orders, "status", "reason")[-1] == ("rejected", "insufficient_balance")


def test_rule_63_a_buy_needs_and_reserves_its_notional_alone():
    """Rules 17, 18 and 63: 1,000 buy ten at 100, as a limit and as a target with its fee."""
    for plan in (
        schedule({"at": 1, "buy": 10, "limit": 100}),
        bt.Schedule(schedule({"at": 1, "target": 1_000}).frame, size="notional", with_fee=True),
    ):
        result = run(trades((0, 100, 99), (2, 99, 99), (3, 99, 99)), plan, venues=received(), balances={"usd": 1_000})
        assert table(result.orders, "quantity", "status") == [(10, "filled")]


def test_rule_63_a_target_sells_what_is_held():
    """Rule 63: a target of 0 ends the position, whatever fees have taken."""
    plan = bt.Schedule(schedule({"at": 1, "target": 10}, {"at": 3, "target": 0}).frame)
    result = run(trades((0, 100, 99), (2, 100, 99), (4, 100, 99)), plan, venues=received(0.001), instruments=FINE)
    assert result.positions.height == 1
    assert result.orders["status"].to_list() == ["filled", "filled"]


# A third asset


def with_coin(*market, plan, rate=0.1, discount=0.25, coins=100, instruments=(A, COIN), **more):
    """Fees in c, which is worth 10 usd."""
    venue = bt.Venue(bt.Fees(rate, rate, paid_in="c", discount=discount), **more)
    data = [trades(*market), every(0, price=10, instrument="c_usd")]
    return run(data, plan, list(instruments), venues=venue, balances={"usd": 10_000, "c": coins})


def test_rule_63_a_third_asset_pays_with_a_discount():
    """Rule 63: 10 % of 200 are 20, less a quarter 15, or 1.5 of c at 10."""
    result = with_coin((0, 100, 9), (2, 100, 9), plan=schedule({"at": 1, "buy": 2}))
    assert fees(result) == [(2, 15)]
    assert flows(result) == [(2, "c", None, "trading_fee", -1.5)]
    assert result.cash_flows["worth"].to_list() == [-15]
    assert table(result.balances, "asset", "total")[-3:] == [("usd", 9_800), ("a", 2), ("c", 98.5)]
    assert result.equity["equity"][-1] == 10_000 + 1_000 - 15
    assert result.summary()["fees"] == 15
    assert result.summary()["cash_flows"] == 0


def test_rule_63_without_enough_of_it_the_fee_is_paid_in_quote():
    """Rule 63: 1.5 of c are needed for the first, of 2 that are there, and then not for the second."""
    result = with_coin(
        (0, 100, 9), (2, 100, 9), (4, 100, 9), plan=schedule({"at": 1, "buy": 2}, {"at": 3, "buy": 2}), coins=2
    )
    assert fees(result) == [(2, 15), (4, 20)]
    assert result.cash_flows.height == 1


def test_rule_63_without_a_price_the_fee_is_paid_in_quote():
    venue = bt.Venue(bt.Fees(0.1, 0.1, paid_in="c", discount=0.25))
    data = [every(0, 2, 4), every(3, price=10, instrument="c_usd")]
    result = run(data, buys(1, 3), [A, COIN], venues=venue, balances={"usd": 10_000, "c": 9})
    assert fees(result) == [(2, 10), (4, 7.5)]


def test_rule_63_what_is_sold_does_not_pay_for_itself():
    """Rule 63: the sale of c pays in usd, a buy of c in c."""
    venue = bt.Venue(bt.Fees(0.1, 0.1, paid_in="c"))
    plan = schedule({"at": 1, "buy": 2, "on": "c_usd"}, {"at": 3, "sell": 12, "on": "c_usd"})
    data = trades((0, 10, 99), (2, 10, 99), (4, 10, 99), instrument="c_usd")
    result = run(data, plan, COIN, venues=venue, balances={"usd": 10_000, "c": 10.2})
    assert table(result.cash_flows, "amount") == [(-0.2,)]
    assert table(result.balances, "asset", "total")[-2:] == [("usd", 10_000 - 20 + 120 - 12), ("c", 0)]


def test_rule_63_derivatives_and_margin_pay_in_a_third_asset():
    """Rule 63: a future of 10 at 100 is 1,000, of which 10 % less a quarter are 75, or 7.5 of c."""
    data = [every(0, 2, 4, instrument="f_usd"), every(0, price=10, instrument="c_usd")]
    plan = schedule({"at": 1, "buy": 1, "on": "f_usd"}, {"at": 3, "sell": 1, "on": "f_usd"})
    venue = bt.Venue(bt.Fees(0.1, 0.1, paid_in="c", discount=0.25), account="margin")
    result = run(data, plan, [FUTURE, COIN], venues=venue, balances={"usd": 1_000, "c": 100})
    assert fees(result) == [(2, 75), (4, 75)]
    assert table(result.balances, "asset", "total")[-1] == ("c", 85)
    assert result.positions["pnl_realised"].to_list() == [-150]


def test_rule_63_refusals():
    for options, match in (
        ({"paid_in": ""}, "paid_in"),
        ({"discount": 0.1}, "discount"),
        ({"paid_in": "c", "discount": 2}, "0 to 1"),
        ({"tiers": 3}, "tiers"),
    ):
        with pytest.raises(ConfigError, match=match):
            bt.Fees(**options)
    with pytest.raises(ConfigError, match="'c', which is no asset"):
        run(every(0), buys(1), venues=bt.Venue(bt.Fees(paid_in="c")))
    with pytest.raises(ConfigError, match="it is a future"):
        run(every(0, instrument="f_usd"), buys(1, on="f_usd"), FUTURE, venues=received())
    with pytest.raises(ConfigError, match="account is one with margin"):
        run(every(0), buys(1), venues=bt.Venue(bt.Fees(paid_in="received"), account="margin"))
    with pytest.raises(DataError, match="fee of trades"):
        cash((1, "usd", 1.0, "trading_fee"))


def test_rules_62_and_63_runs_do_not_change_each_other():
    """Rates and credits of one run are not those of the next."""
    market, plan = every(0, 2, 12, 22), buys(1, 11, 21)
    simulation = bt.Simulation(market, A, balances={"usd": 10_000}, venues=tiered((100, 0, 0.05)), interpret=True)
    assert simulation.run(plan).digest == simulation.run(plan).digest
