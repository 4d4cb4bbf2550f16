"""Rule 14, on hand-made quotes: locked ones that fill, and what fills beyond the size on offer."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.tiny import A, quotes, run, schedule, table

LOCKED = bt.Venue(locked_quotes="fill")
BEYOND = bt.Venue(beyond_size="one_tick_worse")
FILLS = ("time_exchange", "price", "quantity")


def fills(result):
    return table(result.trades, *FILLS)


def test_rule_14_a_locked_quote_may_fill():
    """Rule 14: takers, orders that rest, stops and the check of post-only take it for usable; no warning counts it."""
    market = quotes((0, 99, 5, 101, 5), (2, 100, 5, 100, 5), (8, 99, 5, 101, 5), (9, 100, 5, 100, 5))
    plan = schedule(
        {"at": 1, "buy": 1, "limit": 100},
        {"at": 3, "buy": 1},
        {"at": 4, "sell": 1, "stop": 100},
        {"at": 5, "buy": 1, "limit": 100, "post_only": True},
        {"at": 8, "sell": 1, "stop": 99},
    )
    result = run(market, plan, venues=LOCKED)
    assert fills(result) == [(2, 100, 1), (3, 100, 1), (4, 100, 1), (8, 99, 1)]
    assert table(result.orders, "status", "reason")[3] == ("rejected", "post_only")
    assert not any("locked" in each for each in result.warnings)
    waits = run(market, plan)
    assert fills(waits) != fills(result)
    assert any("locked" in each for each in waits.warnings)


def test_rule_14_marks_know_no_locked_price():
    """Rules 6 and 14: a locked book is no mid, also where it fills: a position stays at its cost."""
    market = quotes((0, 99, 5, 101, 5), (2, 90, 5, 90, 5), (3, 90, 5, 90, 5))
    result = run(market, schedule({"at": 1, "buy": 1}), venues=LOCKED)
    assert result.equity["equity"][-1] == 10_000


def test_rule_14_beyond_the_size_all_else_fills_one_tick_worse():
    """Rule 14: 5 at 101 and the rest at 102, at once; what comes later finds nothing at 101."""
    market = quotes((0, 99, 5, 101, 5), (9, 99, 5, 101, 5))
    result = run(market, schedule({"at": 1, "buy": 8}, {"at": 2, "buy": 2}, {"at": 3, "sell": 6}), venues=BEYOND)
    assert fills(result) == [(1, 101, 5), (1, 102, 3), (2, 102, 2), (3, 99, 5), (3, 98, 1)]
    assert result.orders["status"].to_list() == ["filled"] * 3


@pytest.mark.parametrize(
    ("limit", "force", "expected", "status"),
    [
        (101, "gtc", [(1, 101, 5)], "open"),
        (101, "ioc", [(1, 101, 5)], "expired"),
        (101, "fok", [], "expired"),
        (102, "fok", [(1, 101, 5), (1, 102, 3)], "filled"),
        (102, "ioc", [(1, 101, 5), (1, 102, 3)], "filled"),
        (100, "ioc", [], "expired"),
    ],
)
def test_rule_14_limits_beyond_the_size(limit, force, expected, status):
    """Rule 14: a limit decides of each of the two prices; what rests gets no more than the size."""
    market = quotes((0, 99, 5, 101, 5), (4, 99, 5, 102, 5))
    plan = schedule({"at": 1, "buy": 8, "limit": limit, "tif": force})
    result = run(market, plan, venues=BEYOND)
    assert fills(result) == expected
    assert result.orders["status"][0] == status


def test_rule_14_both_parts_slip_and_are_paid_each_for_itself():
    """Rules 14, 17 and 39: a tick each; of a target the second is cut to the 3 that 10 usd more than the first pay."""
    market = quotes((0, 9, 5, 10, 5), (9, 9, 5, 10, 5))
    venue = bt.Venue(beyond_size="one_tick_worse", slippage=bt.Slippage(ticks=1))
    plan = bt.Schedule(schedule({"at": 1, "target": 9}).frame)
    result = run(market, plan, venues=venue, balances={"usd": 95})
    assert fills(result) == [(1, 11, 5), (1, 12, 3)]


def test_rule_14_an_empty_side_has_nothing_beyond_it():
    market = quotes((0, 99, 5, 101, 0), (4, 99, 5, 103, 1))
    assert fills(run(market, schedule({"at": 1, "buy": 2}), venues=BEYOND)) == [(4, 103, 1), (4, 104, 1)]


def test_rule_14_refusals():
    for options, match in (
        ({"locked_quotes": "yes"}, "wait, fill"),
        ({"beyond_size": "all"}, "one_tick_worse"),
        ({"beyond_size": "one_tick_worse", "participation": 0.1}, "exclude each other"),
    ):
        with pytest.raises(ConfigError, match=match):
            bt.Venue(**options)
    with pytest.raises(ConfigError, match="whose tick is not declared"):
        run(quotes((0, 99, 5, 101, 5)), schedule({"at": 1, "buy": 1}), bt.Instrument("x", "a_usd"), venues=BEYOND)
    assert A.price_increment == 1
