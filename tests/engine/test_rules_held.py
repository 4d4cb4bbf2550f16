"""Rules 28 to 30, 32 and 34: stops, orders if touched, trailing stops and reduce-only, on hand-made markets."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.engine.tiny import A, bars, quotes, run, schedule, table, trades

FILL = ("order_id", "time_exchange", "side", "price", "quantity", "liquidity")
ORDER = ("status", "reason", "time_triggered", "filled")
MARGIN = {"venues": bt.Venue(account="margin")}


def fills(result: bt.Result) -> list[tuple]:
    return table(result.trades, *FILL)


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


# Triggers on trades


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"buy": 2, "stop": 102}, (3, "buy", 103)),
        ({"sell": 2, "stop": 99}, (5, "sell", 98)),
        ({"buy": 2, "if_touched": 99}, (5, "buy", 98)),
        ({"sell": 2, "if_touched": 102}, (3, "sell", 103)),
    ],
)
def test_rule_28_each_way_to_a_trigger(order, expected):
    """Rule 28: stops against the trader, orders if touched in his favour; rule 30: at the trade that triggers it."""
    market = trades((0, 100, 5), (2, 101, 5), (3, 103, 5), (4, 101, 5), (5, 98, 5))
    result = run(market, schedule({"at": 1} | order), **MARGIN)
    time, side, price = expected
    assert fills(result) == [(0, time, side, price, 2, "taker")]
    assert orders(result) == [("filled", None, time, 2)]


def test_rule_28_what_arrives_behind_the_trade_waits_for_the_next():
    """Rule 28: trades count from the next on, though the last is beyond the trigger."""
    result = run(trades((0, 105, 5), (3, 104, 5)), schedule({"at": 1, "buy": 1, "stop": 102}))
    assert fills(result) == [(0, 3, "buy", 104, 1, "taker")]


def test_rule_28_the_lowest_trigger_is_reached_first_then_by_arrival():
    """Rule 28: on a quote with three lots the stop at 101 takes two, then of those at 102 the earlier the third."""
    plan = schedule(
        {"at": 1, "buy": 2, "stop": 102}, {"at": 1, "buy": 2, "stop": 101}, {"at": 1, "buy": 2, "stop": 102}
    )
    result = run(quotes((0, 99, 9, 100, 9), (2, 101, 9, 102, 3)), plan)
    assert table(result.trades, "order_id", "quantity") == [(0, 1), (1, 2)]
    assert table(result.orders, "time_triggered") == [(2,), (2,), (2,)]


def test_rule_28_an_order_that_is_held_can_be_cancelled_and_reserves_nothing():
    """Rule 28: the balance stays free until the trigger; a cancel ends it."""
    market = trades((0, 100, 5), (9, 101, 5))
    result = run(market, schedule({"at": 1, "buy": 2, "stop": 105, "limit": 106}, {"at": 3, "cancel": 0}))
    assert orders(result) == [("cancelled", "requested", None, 0)]
    assert set(table(result.balances, "free")) == {(0,), (10_000,)}


def test_rule_28_checks_come_at_arrival():
    """Rule 17 and 28: a limit of too little is rejected before it is held."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1, notional_min=500)
    market = trades((0, 100, 5), (9, 101, 5))
    result = run(market, schedule({"at": 1, "buy": 2, "stop": 105, "limit": 106}), one)
    assert orders(result) == [("rejected", "below_minimum", None, 0)]


def test_rule_28_the_standing_quote_triggers_at_arrival():
    """Rule 28: a buy stop below the ask is triggered as it arrives, and takes it."""
    result = run(quotes((0, 99, 5, 101, 5), (9, 98, 5, 99, 5)), schedule({"at": 2, "buy": 3, "stop": 100}))
    assert fills(result) == [(0, 2, "buy", 101, 3, "taker")]
    assert orders(result) == [("filled", None, 2, 3)]


def test_rule_28_a_locked_quote_shows_no_price():
    """Rule 28: bid and ask at 103 trigger nothing; the next quote does."""
    market = quotes((0, 99, 5, 100, 5), (2, 103, 5, 103, 5), (3, 101, 5, 104, 5))
    assert fills(run(market, schedule({"at": 1, "buy": 1, "stop": 102}))) == [(0, 3, "buy", 104, 1, "taker")]


def test_rule_28_the_venue_says_which_events_trigger():
    """Rule 28: with trades and quotes, ``triggers_on`` decides; takers fill on quotes either way."""
    data = [trades((0, 100, 5), (4, 103, 5)), quotes((0, 99, 9, 100, 9), (2, 102, 9, 103, 9), (5, 103, 9, 104, 9))]
    for on, time, price in (("trades", 4, 103), ("quotes", 2, 103), ("auto", 4, 103)):
        result = run(data, schedule({"at": 1, "buy": 1, "stop": 102}), venues=bt.Venue(triggers_on=on))
        assert (on, fills(result)) == (on, [(0, time, "buy", price, 1, "taker")])


# What is triggered


def test_rule_30_a_stop_limit_takes_within_its_limit_or_rests():
    """Rule 30: the trade at 103 triggers both; the limit of 104 allows it, that of 102 rests and makes at 102."""
    market = trades((0, 100, 5), (3, 103, 5), (4, 102, 5), (5, 101, 5))
    plan = schedule({"at": 1, "buy": 1, "stop": 101, "limit": 104}, {"at": 1, "buy": 1, "stop": 101, "limit": 102})
    result = run(market, plan)
    assert fills(result) == [(0, 3, "buy", 103, 1, "taker"), (1, 5, "buy", 102, 1, "maker")]


def test_rule_30_an_ioc_that_its_limit_does_not_allow_expires():
    """Rule 30: triggered at 103 with a limit of 102."""
    plan = schedule({"at": 1, "buy": 1, "stop": 101, "limit": 102, "tif": "ioc"})
    result = run(trades((0, 100, 5), (3, 103, 5), (4, 100, 5)), plan)
    assert orders(result) == [("expired", "not_filled", 3, 0)]


def test_rule_30_a_triggered_limit_reserves_or_is_rejected():
    """Rules 17 and 30: 10,000 usd do not cover 99 lots at 106 when the trigger comes."""
    result = run(trades((0, 100, 5), (3, 105, 5)), schedule({"at": 1, "buy": 99, "stop": 104, "limit": 106}))
    assert orders(result) == [("rejected", "insufficient_balance", 3, 0)]


def test_rule_30_takers_on_other_events_wait_for_them():
    """Rule 30: a trade triggers, but takers fill on candles: at the next open."""
    data = [trades((0, 100, 5), (12, 103, 5)), bars(100, (100, 104, 100, 104), (105, 105, 105, 105))]
    result = run(data, schedule({"at": 11, "buy": 1, "stop": 102}), venues=bt.Venue(taker_fills_on="candles"))
    assert fills(result) == [(0, 20, "buy", 104, 1, "taker")]  # the close of the candle comes before the next open


# Candles


def test_rule_29_a_gap_fills_at_the_open_and_the_range_at_the_trigger():
    """Rules 28 to 30: the first stop lies inside the second candle, the other is jumped over by the third open."""
    market = bars(100, (100, 106, 99, 105), (110, 111, 109, 110))
    result = run(market, schedule({"at": 10, "buy": 1, "stop": 104}, {"at": 10, "buy": 1, "stop": 108}))
    assert fills(result) == [(0, 20, "buy", 104, 1, "taker"), (1, 20, "buy", 110, 1, "taker")]


def test_rule_29_the_range_of_a_candle_that_had_opened_does_not_count():
    """Rule 29: the order arrives at 15, inside the candle whose high is 106."""
    market = bars(100, (100, 106, 99, 100), (100, 105, 99, 100))
    assert fills(run(market, schedule({"at": 15, "buy": 1, "stop": 104}))) == [(0, 30, "buy", 104, 1, "taker")]


def test_rule_29_a_limit_that_a_range_triggers_rests_for_the_next_candle():
    """Rule 29: triggered at 104 with a limit of 103, which the rest of that candle's range does not fill."""
    market = bars(100, (100, 106, 99, 105), (105, 105, 101, 102))
    result = run(market, schedule({"at": 10, "buy": 1, "stop": 104, "limit": 103}))
    assert fills(result) == [(0, 30, "buy", 103, 1, "maker")]
    assert table(result.orders, "kind", "time_triggered") == [("stop_limit", 20)]


# Reduce-only


def test_rule_32_without_a_position_it_is_rejected():
    """Rule 32: there is nothing to reduce when it arrives."""
    result = run(trades((0, 100, 5), (3, 101, 5)), schedule({"at": 1, "sell": 1, "reduce_only": True}), **MARGIN)
    assert orders(result) == [("rejected", "reduce_only", None, 0)]


def test_rule_32_a_fill_is_cut_to_the_position_and_ends_the_others():
    """Rule 32: of two stops for three lots each, on a position of four, the first closes three, the second the last."""
    plan = schedule(
        {"at": 1, "buy": 4},
        {"at": 3, "sell": 3, "stop": 98, "reduce_only": True},
        {"at": 3, "sell": 3, "stop": 97, "reduce_only": True},
        {"at": 3, "sell": 3, "limit": 120, "reduce_only": True},
    )
    result = run(trades((0, 100, 5), (2, 100, 5), (4, 98, 5), (5, 97, 5), (6, 130, 9)), plan, **MARGIN)
    assert table(result.trades, "order_id", "quantity") == [(0, 4), (1, 3), (2, 1)]
    assert orders(result)[1:] == [
        ("filled", None, 4, 3),
        ("cancelled", "reduce_only", 5, 1),
        ("cancelled", "reduce_only", None, 0),
    ]
    assert result.positions.height == 1


def test_rule_32_it_does_not_count_for_targets_and_limits():
    """Rules 18, 27 and 32: a target of six lots buys two more, though a stop for four is at work."""
    plan = schedule({"at": 1, "buy": 4}, {"at": 3, "sell": 4, "stop": 90, "reduce_only": True}, {"at": 4, "target": 6})
    market = trades((0, 100, 9), (2, 100, 9), (5, 100, 9), (6, 100, 9))
    result = run(market, plan, risk=bt.risk.Limits(position_quantity=6), **MARGIN)
    assert table(result.orders, "side", "quantity", "status") == [
        ("buy", 4, "filled"),
        ("sell", 4, "open"),
        ("buy", 2, "filled"),
    ]


# Trailing stops


def test_rule_34_the_trigger_follows_and_does_not_go_back():
    """Rule 34: five below the best trade: 95, 97, 97, and the trade at 96 triggers."""
    market = trades((0, 100, 5), (2, 100, 5), (3, 102, 5), (4, 99, 5), (5, 96, 5))
    result = run(market, schedule({"at": 1, "sell": 1, "trailing": 5}), **MARGIN)
    assert fills(result) == [(0, 5, "sell", 96, 1, "taker")]
    assert table(result.orders, "kind") == [("trailing_stop",)]


def test_rule_34_a_rate_and_a_first_trigger():
    """Rule 34: 10 % above the lowest: 99, later 88; the start at 104 would have been reached by no trade before."""
    market = trades((0, 100, 5), (2, 103, 5), (3, 90, 5), (4, 80, 5), (5, 88, 5))
    result = run(market, schedule({"at": 1, "buy": 1, "trailing_rate": 0.1, "stop": 104}))
    assert fills(result) == [(0, 5, "buy", 88, 1, "taker")]


def test_rule_34_of_a_candle_the_extreme_against_it_comes_first():
    """Rule 34: the low of 97 does not reach 95, then the high raises the trigger to 105, which the close has passed."""
    market = bars(100, (100, 110, 97, 104), 104)
    result = run(market, schedule({"at": 10, "sell": 1, "trailing": 5}), **MARGIN)
    assert fills(result) == [(0, 20, "sell", 105, 1, "taker")]


def test_rule_34_the_low_of_a_candle_is_not_held_against_its_high():
    """Rule 34: the low of 96 came before the high of 108 for all that is known; the next open is below 103."""
    market = bars(100, (100, 108, 96, 107), (102, 103, 101, 102))
    result = run(market, schedule({"at": 10, "sell": 1, "trailing": 5}), **MARGIN)
    assert fills(result) == [(0, 20, "sell", 102, 1, "taker")]


# From every driver


class Stops:
    """Asks once, in Python."""

    wake = ("trade",)

    def __init__(self, *requests: OrderRequest) -> None:
        self.requests = requests

    def generate_algo_orders(self, state):
        asked, self.requests = self.requests, ()
        return [], asked


def test_python_asks_for_all_of_it():
    """The fields of a request in Python become the same orders."""
    market = trades((0, 100, 5), (2, 100, 5), (3, 104, 5), (4, 98, 5))
    asked = (
        OrderRequest("a_usd", 1, stop=103),
        OrderRequest("a_usd", 1, price=99, if_touched=99),
        OrderRequest("a_usd", -1, trailing_rate=0.05, reduce_only=False),
    )
    result = run(market, Stops(*asked), **MARGIN)
    assert table(result.orders, "kind", "status") == [
        ("stop", "filled"),
        ("limit_if_touched", "filled"),
        ("trailing_stop", "filled"),
    ]


@pytest.mark.parametrize("interpret", [True, False])
def test_compiled_asks_for_all_of_it(interpret):
    """The functions of the api become the same orders, interpreted and compiled."""

    def decide(s, my):
        if my.variables.asked[0] == 0:
            my.variables.asked[0] = 1
            api.stop_buy(s, 0, 1.0, 103.0)
            api.buy_if_touched(s, 0, 1.0, 99.0, 99.0)
            api.trailing_stop_sell(s, 0, 1.0, 0.0, 0.05)
            api.reduce_only(s, api.stop_sell(s, 0, 1.0, 50.0))

    market = trades((0, 100, 5), (2, 100, 5), (3, 104, 5), (4, 98, 5))
    result = run(market, bt.Compiled(decide, wake="trade", variables={"asked": 0}), interpret=interpret, **MARGIN)
    assert table(result.orders, "kind", "status", "reason") == [
        ("stop", "filled", None),
        ("limit_if_touched", "filled", None),
        ("trailing_stop", "filled", None),
        ("stop", "rejected", "reduce_only"),
    ]


def test_a_command_can_be_a_stop():
    """Commands have the same columns."""
    import polars as pl

    from barter_bt.testing.market import stamps

    frame = pl.DataFrame({"time": stamps([1]), "command": ["open"], "instrument": ["a_usd"], "quantity": [1.0]})
    frame = frame.with_columns(stop=pl.lit(102.0))
    market = trades((0, 100, 5), (3, 103, 5))
    result = run(market, schedule(), commands=frame)
    assert fills(result) == [(0, 3, "buy", 103, 1, "taker")]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"stop": 102, "if_touched": 99}, "stop and if_touched"),
        ({"trailing": 2, "trailing_rate": 0.1}, "trailing and trailing_rate"),
        ({"stop": 102.5}, "off the grid"),
        ({"trailing": 0}, "not positive"),
        ({"trailing_rate": 1.5}, "fraction"),
        ({"stop": 102, "limit": 103, "post_only": True}, "post_only"),
    ],
)
def test_what_cannot_be_is_an_error(order, message):
    """Bad combinations say what is allowed, from a schedule and from Python."""
    market = trades((0, 100, 5), (3, 103, 5))
    with pytest.raises(StrategyError) as told:
        run(market, schedule({"at": 1, "buy": 1} | order))
    assert message.split(" and ")[0] in str(told.value)
    given = {"price" if name == "limit" else name: value for name, value in order.items()}
    with pytest.raises(StrategyError, match=message):
        run(market, Stops(OrderRequest("a_usd", 1, **given)))


def test_compiled_a_trigger_that_cannot_be_ends_the_run():
    """A distance of zero is told with the instrument and the time."""

    def decide(s, my):
        api.trailing_stop_sell(s, 0, 1.0)

    with pytest.raises(StrategyError, match="trigger that cannot be"):
        run(trades((0, 100, 5)), bt.Compiled(decide, wake="trade"), A)


def test_rule_32_what_a_fill_ends_does_not_expire_as_well():
    """Rules 17 and 32: the sale closes the position, and with it the stop that would expire at the same trade."""
    plan = schedule(
        {"at": 1, "buy": 2},
        {"at": 3, "sell": 2},
        {"at": 3, "sell": 1, "stop": 99, "limit": 98, "tif": "ioc", "reduce_only": True},
        {"at": 5, "buy": 1},
    )
    result = run(trades((0, 100, 5), (2, 100, 5), (4, 97, 5), (6, 100, 5)), plan, **MARGIN)
    assert table(result.orders, "status", "reason")[2:] == [("cancelled", "reduce_only"), ("filled", None)]


def test_rule_30_a_limit_that_a_trade_triggers_waits_for_the_next_candle():
    """Rules 16 and 30: like an order that arrives at the trade, inside the candle of 0 to 10."""
    data = [trades((4, 96, 5), (6, 96, 5)), bars((96, 99, 95, 98), (96, 99, 95, 98))]
    plan = schedule({"at": 1, "buy": 1}, {"at": 5, "sell": 1, "stop": 96, "limit": 97})
    venue = bt.Venue(account="margin", triggers_on="trades", taker_fills_on="trades", maker_fills_on="candles")
    assert table(run(data, plan, venues=venue).trades, "order_id", "time_exchange") == [(0, 4), (1, 20)]


@pytest.mark.parametrize(
    ("order", "standing"),
    [
        ({"sell": 2, "if_touched": 100}, (2, 100, 5, 101, 0)),
        ({"sell": 2, "stop": 97}, (2, 97, 5, 98, 0)),
        ({"buy": 2, "if_touched": 97}, (2, 96, 0, 97, 5)),
        ({"buy": 2, "stop": 100}, (2, 99, 0, 100, 5)),
    ],
)
def test_rule_28_one_side_of_a_quote_is_enough(order, standing):
    """Rule 28: the side that the order looks at has an amount; the other is empty."""
    result = run(quotes((0, 98, 9, 99, 9), standing), schedule({"at": 1} | order), **MARGIN)
    assert table(result.orders, "status", "time_triggered") == [("filled", 2)]


def test_rule_29_a_range_beyond_the_trigger_is_met_at_its_nearest_end():
    """Rule 29: sold at the open of 100, slipped by 20 to 80, so a stop a distance of 1 away is at 81: met at 98."""
    venue = bt.Venue(account="margin", slippage=bt.Slippage(ticks=20))
    market = bars((100, 100, 100, 100), (100, 103, 98, 101), (101, 101, 101, 101))
    plan = schedule({"at": 10, "sell": 1, "stop_loss": 1}, protect_by="distance")
    result = run(market, plan, venues=venue)
    assert table(result.trades, "side", "price") == [("sell", 80), ("buy", 118)]
