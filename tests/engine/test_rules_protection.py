"""Rule 31: what protects an entry, on hand-made markets; positions of 10,000 usd, prices around 100."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.engine.tiny import A, bars, quotes, run, schedule, table, trades

FILL = ("order_id", "time_exchange", "side", "price", "quantity")
ORDER = ("kind", "status", "reason", "price", "trigger", "quantity", "filled")
BOTH = {"stop_loss": 96, "take_profit": 110}
UP, DOWN = (3, 111, 5), (3, 95, 5)


def fills(result: bt.Result) -> list[tuple]:
    return table(result.trades, *FILL)


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


@pytest.mark.parametrize("account", ["cash", "margin"])
def test_rule_31_the_first_that_fills_ends_the_other(account):
    """Rule 31: entry at 101; the stop sells at the trade that triggers it, the take profit makes at its price."""
    venue = {"venues": bt.Venue(account=account)}
    lost = run(trades((0, 100, 5), (2, 101, 5), DOWN, (4, 120, 5)), schedule({"at": 1, "buy": 2} | BOTH), **venue)
    assert fills(lost)[1:] == [(1, 3, "sell", 95, 2)]
    assert orders(lost)[1:] == [
        ("stop", "filled", None, None, 96, 2, 2),
        ("limit", "cancelled", "sibling_filled", 110, None, 2, 0),
    ]
    won = run(trades((0, 100, 5), (2, 101, 5), UP, (4, 50, 5)), schedule({"at": 1, "buy": 2} | BOTH), **venue)
    assert fills(won)[1:] == [(2, 3, "sell", 110, 2)]
    assert table(won.orders, "parent_id", "reduce_only") == [(None, False), (0, True), (0, True)]


def test_rule_31_a_short_is_protected_the_other_way():
    """Rule 31: stop above, take profit below, by a fraction of the price of the entry: 100 and 10 %."""
    plan = schedule({"at": 1, "sell": 2, "stop_loss": 0.1, "take_profit": 0.1}, protect_by="fraction")
    result = run(trades((0, 99, 5), (2, 100, 5), (3, 89, 5)), plan, venues=bt.Venue(account="margin"))
    assert orders(result)[1:] == [
        ("stop", "cancelled", "sibling_filled", None, 110, 2, 0),
        ("limit", "filled", None, 90, None, 2, 2),
    ]


def test_rule_31_distances_are_from_the_first_fill():
    """Rule 31: the entry fills at 101 and 103; both prices lie 5 from 101, the quantity follows the fills."""
    market = quotes((0, 100, 5, 101, 1), (3, 102, 5, 103, 9), (5, 95, 9, 96, 9))
    plan = schedule({"at": 1, "buy": 3, "stop_loss": 5, "take_profit": 5}, protect_by="distance")
    result = run(market, plan)
    assert fills(result) == [(0, 1, "buy", 101, 1), (0, 3, "buy", 103, 2), (1, 5, "sell", 95, 3)]
    assert orders(result)[1:] == [
        ("stop", "filled", None, None, 96, 3, 3),
        ("limit", "cancelled", "sibling_filled", 106, None, 3, 0),
    ]


def test_rule_31_what_waits_ends_with_an_entry_that_ends_unfilled():
    """Rule 31: the limit is cancelled before anything fills it."""
    plan = schedule({"at": 1, "buy": 2, "limit": 99} | BOTH, {"at": 3, "cancel": 0})
    result = run(trades((0, 100, 5), (5, 101, 5)), plan)
    assert table(result.orders, "status", "reason") == [
        ("cancelled", "requested"),
        ("cancelled", "parent_ended"),
        ("cancelled", "parent_ended"),
    ]


def test_rule_31_of_a_rejected_entry_nothing_is_left():
    """Rule 31: the entry is rejected as it arrives, what protects it right behind it."""
    result = run(trades((0, 100, 5), (5, 101, 5)), schedule({"at": 1, "buy": 999, "limit": 100} | BOTH))
    assert table(result.orders, "status", "reason") == [
        ("rejected", "insufficient_balance"),
        ("cancelled", "parent_ended"),
        ("cancelled", "parent_ended"),
    ]


def test_rule_31_refused_with_the_entry_and_never_by_itself():
    """Rules 27 and 31: limits are asked of the entry alone; one open order is allowed, and three are at work."""
    market = trades((0, 100, 5), (2, 101, 5), (9, 101, 5))
    limits = bt.risk.Limits(open_orders=1)
    allowed = run(market, schedule({"at": 1, "buy": 1} | BOTH), risk=limits)
    assert table(allowed.orders, "status") == [("filled",), ("open",), ("open",)]
    refused = run(market, schedule({"at": 1, "buy": 9} | BOTH), risk=bt.risk.Limits(order_quantity=5))
    assert table(refused.orders, "status", "reason") == [
        ("refused", "order_quantity_limit"),
        ("refused", "parent_ended"),
        ("refused", "parent_ended"),
    ]


def test_rule_31_a_stop_that_fills_ends_the_rest_of_the_entry():
    """Rule 31: one of three lots is bought when the stop comes; the entry buys no more."""
    market = quotes((0, 100, 5, 101, 1), (3, 95, 5, 96, 0), (4, 95, 5, 96, 9))
    result = run(market, schedule({"at": 1, "buy": 3} | BOTH))
    assert fills(result) == [(0, 1, "buy", 101, 1), (1, 3, "sell", 95, 1)]
    assert table(result.orders, "status", "reason")[0] == ("cancelled", "child_filled")


def test_rule_31_both_in_one_candle_it_is_the_stop_and_said():
    """Rules 29 and 31: the candle reaches 112 and 90; the worse is taken, and the run says so."""
    result = run(bars(100, (100, 112, 90, 100), 100), schedule({"at": 10, "buy": 2} | BOTH))
    assert fills(result)[1:] == [(1, 20, "sell", 96, 2)]
    assert any("1 candle" in text and "stop" in text for text in result.warnings)


@pytest.mark.parametrize("entry", [{"limit": 99}, {"stop": 105}])
def test_rule_31_an_entry_inside_a_candle_can_be_stopped_in_it_but_not_win(entry):
    """Rule 31: bought inside the candle, whose low is 90 and whose high is 112."""
    lost = run(bars(100, (100, 112, 90, 100), 100), schedule({"at": 10, "buy": 2} | entry | BOTH))
    assert fills(lost)[1:] == [(1, 20, "sell", 96, 2)]
    open_ = run(bars(100, (100, 112, 98, 104), (104, 111, 103, 104)), schedule({"at": 10, "buy": 2} | entry | BOTH))
    assert fills(open_)[1:] == [(2, 30, "sell", 110, 2)]


def test_rule_31_a_stop_on_the_wrong_side_sells_no_better_than_the_entry():
    """Rule 31: a target bought at 99 inside the candle; the stop at 105 is reached at once, at 99 and not at 105."""
    plan = schedule({"at": 10, "target": 2, "limit": 99, "stop_loss": 105})
    result = run(bars(100, (100, 101, 90, 95), 95), plan)
    assert fills(result) == [(0, 20, "buy", 99, 2), (1, 20, "sell", 99, 2)]


def test_rule_31_an_entry_at_the_close_is_not_stopped_by_the_range_before_it():
    """Rule 31: an order that arrives inside the candle buys at its close; its low came before."""
    result = run(bars(100, (100, 112, 90, 100), 100), schedule({"at": 15, "buy": 2} | BOTH))
    assert fills(result) == [(0, 20, "buy", 100, 2)]


def test_rule_31_a_signal_that_closes_ends_what_protects():
    """Rules 31 and 32: a target of 0 sells the position, after which nothing is left to protect."""
    plan = schedule({"at": 1, "target": 2} | BOTH, {"at": 3, "target": 0})
    result = run(trades((0, 100, 5), (2, 101, 5), (4, 102, 5), (5, 50, 5)), plan)
    assert fills(result) == [(0, 2, "buy", 101, 2), (3, 4, "sell", 102, 2)]
    assert table(result.orders, "status", "reason")[1:3] == [("cancelled", "reduce_only")] * 2


def test_rule_31_targets_are_protected_where_they_enlarge():
    """Rule 31: two more are protected by orders of their own, two less by none, and a turn again."""
    plan = schedule(*({"at": 2 * k + 1, "target": lots} | BOTH for k, lots in enumerate((2, 4, 1, -1))))
    market = trades((0, 100, 9), *((2 * k + 2, 101, 9) for k in range(4)))
    result = run(market, plan, venues=bt.Venue(account="margin"))
    assert table(result.orders, "parent_id") == [(p,) for p in (None, 0, 0, None, 3, 3, None, None, 7, 7)]


def test_rule_31_a_trailing_stop_starts_its_distance_from_the_entry():
    """Rules 31 and 34: bought at 101, the trigger starts at 96 and follows to 101."""
    plan = schedule({"at": 1, "buy": 1, "trailing_stop": 5}, protect_by="distance")
    result = run(trades((0, 100, 5), (2, 101, 5), (3, 106, 5), (4, 102, 5), (5, 101, 5)), plan)
    assert fills(result)[1:] == [(1, 5, "sell", 101, 1)]
    assert table(result.orders, "kind")[1] == ("trailing_stop",)


def test_signals_with_a_stop_stay_out_until_the_target_changes():
    """A constant target is bought once; with ``rebalance="always"`` it is bought again after the stop."""
    market = bars(100, 101, (101, 102, 90, 91), 91, 92)
    once = run(market, bt.Signals(pl.lit(1.0), stop_loss=0.05))
    assert fills(once) == [(0, 10, "buy", 101, 1), (1, 30, "sell", 96, 1)]
    again = run(market, bt.Signals(pl.lit(1.0), stop_loss=0.05, rebalance="always"))
    assert fills(again)[2] == (2, 30, "buy", 91, 1)


def test_signals_take_their_protection_from_a_frame():
    """A column of the frame says it for each target."""
    frame = pl.DataFrame({"time": [10], "instrument": ["a_usd"], "target": [1.0], "take_profit": [0.02]})
    frame = frame.with_columns(pl.from_epoch("time").dt.replace_time_zone("UTC"))
    result = run(bars(100, 100, 103), bt.Signals(frame))
    assert fills(result)[1:] == [(1, 20, "sell", 103, 1)]  # bought at 100, the next candle opens beyond 102


@pytest.mark.parametrize("name", ["if_touched", "trailing", "trailing_rate", "reduce_only"])
def test_a_target_cannot_wait_for_a_trigger(name):
    """What has no effect is an error, not silence."""
    with pytest.raises(StrategyError, match=f"{name} where it has no effect"):
        run(trades((0, 100, 5)), schedule({"at": 1, "target": 1, name: True}))


class Once:
    """Asks once, in Python."""

    wake = ("trade",)

    def __init__(self, *requests: OrderRequest) -> None:
        self.requests = requests

    def generate_algo_orders(self, state):
        asked, self.requests = self.requests, ()
        return [], asked


@pytest.mark.parametrize("interpret", [True, False])
def test_every_driver_asks_for_the_same(interpret):
    """A schedule, Python and a compiled function give equal orders and trades."""

    def decide(s, my):
        if my.variables.asked[0] == 0:
            my.variables.asked[0] = 1
            api.protect(s, api.buy(s, 0, 2.0), 0.05, 0.1, 0.0, api.FRACTION)

    market = trades((1, 100, 5), (2, 101, 5), (3, 96, 5), (4, 95, 5))
    fraction = {"stop_loss": 0.05, "take_profit": 0.1}
    plan = schedule({"at": 1, "buy": 2} | fraction, protect_by="fraction")
    strategies = (
        plan,
        Once(OrderRequest("a_usd", 2, protect_by="fraction", **fraction)),
        bt.Compiled(decide, wake="trade", variables={"asked": 0}),
    )
    results = [run(market, each, interpret=interpret) for each in strategies]
    assert orders(results[0])[1] == ("stop", "filled", None, None, 96, 2, 2)  # rhe(101 * 0.05) = 5
    assert orders(results[0]) == orders(results[1]) == orders(results[2])
    assert fills(results[0]) == fills(results[1]) == fills(results[2])


LATE, TWICE = range(2)


@pytest.mark.parametrize("interpret", [True, False])
@pytest.mark.parametrize("what", [LATE, TWICE])
def test_what_protects_an_entry_is_asked_for_right_behind_it(what, interpret):
    """Behind another order it had numbers of its own, and waited for ever: the position stood unprotected."""

    def decide(s, my):
        if my.variables.asked[0] == 0:
            my.variables.asked[0] = 1
            entry = api.buy(s, 0, 2.0)
            if my.parameters.what[0] == LATE:
                api.limit_buy(s, 0, 1.0, 50.0)
            else:
                api.protect(s, entry, 90.0)
            api.protect(s, entry, 95.0)

    strategy = bt.Compiled(decide, {"what": what}, {"asked": 0}, wake="trade")
    with pytest.raises(StrategyError, match="protects an order of 'a_usd' .* behind which it has asked for another"):
        run(trades((1, 100, 5), (2, 101, 5), (3, 96, 5)), strategy, interpret=interpret)


def test_cancels_may_lie_between_an_entry_and_what_is_said_of_it():
    """They are no orders: what looks for what protects an entry passes over them."""

    def decide(s, my):
        my.variables.calls[0] += 1
        if my.variables.calls[0] == 1:
            api.limit_buy(s, 0, 1.0, 50.0)
        if my.variables.calls[0] == 2:
            entry = api.buy(s, 0, 2.0)
            api.cancel_all(s, 0)
            api.protect(s, entry, 95.0, 120.0)
            api.cancel_all(s, 0)
            api.trigger_by(s, entry, api.LAST)
        if my.variables.calls[0] == 5:
            entry = api.buy(s, 0, 1.0)
            api.cancel_all(s, 0)
            api.protect(s, entry, 90.0)
            api.reduce_only(s, entry)

    market = trades((1, 100, 5), (2, 100, 5), (3, 101, 5), (4, 95, 5), (5, 96, 5))
    with pytest.raises(StrategyError, match="trigger that cannot be") as caught:
        run(market, bt.Compiled(decide, {}, {"calls": 0}, wake="trade"))
    assert [row[1] for row in orders(caught.value.result)] == ["cancelled", "filled", "filled", "cancelled"]
    assert caught.value.result.state.orders.array("trigger_by").tolist() == [0, api.LAST, api.LAST, api.LAST]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"stop_loss": 0, "protect_by": "distance"}, "not positive"),
        ({"stop_loss": 1.5, "protect_by": "fraction"}, "fraction of the price"),
        ({"stop_loss": 90, "protect_by": "pips"}, "allowed: price, distance, fraction"),
        ({"take_profit": 120, "reduce_only": True}, "protect what opens"),
    ],
)
def test_what_cannot_be_is_an_error(request_, message):
    """Bad combinations say what is allowed."""
    with pytest.raises(StrategyError, match=message):
        run(trades((0, 100, 5), (3, 103, 5)), Once(OrderRequest("a_usd", 1, **request_)), A)


def test_rule_31_only_a_candle_that_closes_then_has_filled_an_entry_by_its_range():
    """What follows takes a quote at 2, between two candles: the low of 80 before it is nothing to its stop."""
    venue = bt.Venue(taker_fills_on="quotes", maker_fills_on="candles", triggers_on="candles")
    market = [
        bt.testing.candles((0, 1, 100, 110, 80, 100), (3, 4, 100, 101, 99, 100)),
        quotes((2, 99, 9, 100, 9), (5, 99, 9, 100, 9)),
    ]
    first, then = {"at": 1.5, "buy": 1}, {"at": 1.5, "buy": 1, "limit": 105, "stop_loss": 95, "follows": 0}
    result = run(market, schedule(first, then), venues=venue)
    assert table(result.trades, "time_exchange", "side", "price") == [(2, "buy", 100), (2, "buy", 100)]
    assert table(result.orders, "kind", "status")[2] == ("stop", "open")
