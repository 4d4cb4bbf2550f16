"""Rule 60: targets that enter by limits and stops, on hand-made markets; 10,000 usd, prices around 100."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from tests.engine.tiny import B, run, schedule, table, trades

MARGIN = {"venues": bt.Venue(account="margin")}
ORDER = ("side", "kind", "price", "trigger", "quantity", "status", "reason")


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


def test_rule_60_a_limit_enters_and_a_market_order_leaves():
    """Bought at 98 by a trade through it; the exit of the row with a price is a market order all the same."""
    market = trades((0, 100, 50), (2, 97, 50), (4, 101, 50))
    result = run(market, schedule({"at": 1, "target": 5, "limit": 98}, {"at": 3, "target": 2, "limit": 98}))
    assert orders(result) == [
        ("buy", "limit", 98, None, 5, "filled", None),
        ("sell", "market", None, None, 3, "filled", None),
    ]


def test_rule_60_a_turn_is_a_market_order_and_an_entry():
    """Long 5 becomes short 3: all is sold at once, and the rest at 102; both protect nothing of the other."""
    market = trades((0, 100, 50), (2, 97, 50), (4, 101, 50), (6, 103, 50), (8, 103, 50))
    plan = schedule(
        {"at": 1, "target": 5, "limit": 98}, {"at": 3, "target": -3, "limit": 102, "stop_loss": 110, "take_profit": 90}
    )
    assert orders(run(market, plan, **MARGIN))[1:] == [
        ("sell", "market", None, None, 5, "filled", None),
        ("sell", "limit", 102, None, 3, "filled", None),
        ("buy", "stop", None, 110, 3, "open", None),
        ("buy", "limit", 90, None, 3, "open", None),
    ]


def test_rule_60_the_next_target_replaces_an_entry_unless_it_would_send_it_again():
    """The second row stays, the third is another price, the fourth says nothing of an entry, the last is 0."""
    market = trades((0, 100, 50), (9, 100, 50))
    plan = schedule(
        {"at": 1, "target": 5, "limit": 97},
        {"at": 2, "target": 5, "limit": 97},
        {"at": 3, "target": 5, "limit": 96},
        {"at": 4, "target": 5, "stop": 104},
        {"at": 5, "target": 5, "stop": 104, "limit": 105},
        {"at": 6, "target": 0},
    )
    result = run(market, plan)
    cancelled = ("cancelled", "requested")
    assert orders(result) == [
        ("buy", "limit", 97, None, 5, *cancelled),
        ("buy", "limit", 96, None, 5, *cancelled),
        ("buy", "stop", None, 104, 5, *cancelled),
        ("buy", "stop_limit", 105, 104, 5, *cancelled),
    ]
    assert table(result.orders, "time_sent", "time_closed") == [(1, 3), (3, 4), (4, 5), (5, 6)]


def test_rule_60_what_has_filled_of_an_entry_counts():
    """Two of five have filled: a row that wants five would send the same three, which stay; one of six sends four."""
    market = trades((0, 100, 50), (2, 96, 2), (9, 100, 50))
    plan = schedule(*({"at": at, "target": lots, "limit": 97} for at, lots in ((1, 5), (3, 5), (4, 6))))
    result = run(market, plan)
    assert table(result.orders, "quantity", "filled", "status") == [(5, 2, "cancelled"), (4, 0, "open")]


@pytest.mark.parametrize(
    ("by", "limit", "stop"),
    [("price", 98, None), ("distance", 2, None), ("fraction", 0.02, None)]
    + [("price", None, 102), ("distance", None, 2), ("fraction", None, 0.02)],
)
@pytest.mark.parametrize("side", [1, -1])
def test_rule_60_limits_lie_on_the_near_side_and_stops_on_the_far_side(by, limit, stop, side):
    """Two below the market of 100 to buy by a limit, two above by a stop; turned round to sell."""
    given = {"limit": limit, "stop": stop}
    if by == "price":
        given = {name: 100 + side * (value - 100) for name, value in given.items() if value}
    row = {"at": 1, "target": 5 * side} | {name: value for name, value in given.items() if value}
    result = run(trades((0, 100, 50), (2, 100, 50)), schedule(row, price_by=by), **MARGIN)
    expected = (100 - 2 * side, None) if limit else (None, 100 + 2 * side)
    assert table(result.orders, "price", "trigger") == [expected]


def test_rule_60_the_limit_of_a_stop_limit_lies_beyond_its_trigger():
    """The trigger 3 % above 200, the limit 1 % above that: 2.06, half to even."""
    plan = schedule({"at": 1, "target": 5, "stop": 0.03, "limit": 0.01}, price_by="fraction")
    assert table(run(trades((0, 200, 50), (2, 200, 50)), plan).orders, "price", "trigger") == [(208, 206)]


@pytest.mark.parametrize(
    ("terms", "lots"), [({"limit": 80}, 62), ({"stop": 125}, 40), ({"stop": 120, "limit": 125}, 40)]
)
def test_rule_60_the_size_goes_by_the_price_of_the_entry(terms, lots):
    """Half of 10,000 at 80 and at 125; the market is at 100."""
    plan = schedule({"at": 1, "target": 0.5, **terms}, size="equity", with_fee=False)
    assert table(run(trades((0, 100, 500), (2, 100, 500)), plan).orders, "quantity") == [(lots,)]


def test_rule_60_without_a_price_to_measure_from_it_is_refused():
    """A distance needs the market's price, a price does not."""
    market = trades((5, 100, 50))
    far = run(
        market,
        schedule({"at": 1, "target": 5, "limit": 2}, price_by="distance"),
        start=datetime(1970, 1, 1, tzinfo=UTC),
    )
    assert orders(far) == [("buy", "limit", None, None, 0, "refused", "no_price")]
    near = run(market, schedule({"at": 1, "target": 5, "limit": 98}), start=datetime(1970, 1, 1, tzinfo=UTC))
    assert orders(near) == [("buy", "limit", 98, None, 5, "open", None)]


def test_rule_60_an_order_that_is_being_cancelled_is_not_in_flight():
    """With a latency the cancel is on its way when the next target comes; what fills before it is too much then."""
    venue = bt.Venue(latency=bt.Latency(request_ns="3s"))
    market = trades((0, 100, 50), (5, 97, 50), (8, 97, 50), (20, 97, 50))
    plan = schedule({"at": 1, "target": 5, "limit": 98}, {"at": 3, "target": 5, "limit": 99}, {"at": 10, "target": 5})
    result = run(market, plan, venues=venue)
    assert table(result.orders, "side", "kind", "quantity", "filled") == [
        ("buy", "limit", 5, 5),
        ("buy", "limit", 5, 5),
        ("sell", "market", 5, 5),
    ]


def test_rule_60_times_are_those_of_the_entry():
    """Good till 3 s, so that nothing is left for the trade at 4 s; a target without an entry may be IOC."""
    market = trades((0, 100, 50), (4, 97, 50), (6, 97, 50), (9, 97, 50))
    plan = schedule({"at": 1, "target": 5, "limit": 98, "till": 3}, {"at": 5, "target": 5, "tif": "ioc"})
    result = run(market, plan)
    assert table(result.orders, "kind", "time_in_force", "status", "reason") == [
        ("limit", "gtc", "expired", "time_over"),
        ("market", "ioc", "filled", None),
    ]


def test_rule_60_a_row_that_gives_a_time_replaces_the_same_entry():
    """Otherwise the entry at work would end at the time of the row before."""
    plan = schedule({"at": 1, "target": 5, "limit": 98, "till": 4}, {"at": 3, "target": 5, "limit": 98, "till": 7})
    result = run(trades((0, 100, 50), (6, 97, 50)), plan)
    assert table(result.orders, "status", "time_closed") == [("cancelled", 3), ("filled", 6)]


def test_rule_60_reductions_come_before_entries_of_other_instruments():
    """What a leaves pays for what b enters, sent behind it, in whichever order the rows stand."""
    market = [trades((0, 100, 500), (3, 100, 500)), trades((0, 100, 500), (3, 100, 500), instrument="b_usd")]
    plan = schedule(
        {"at": 1, "on": "b_usd", "target": 90},
        {"at": 2, "on": "a_usd", "target": 90, "limit": 99},
        {"at": 2, "on": "b_usd", "target": 0},
    )
    result = run(market, plan, [bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1), B], **MARGIN)
    assert table(result.orders, "instrument", "side", "kind")[1:] == [
        ("b_usd", "sell", "market"),
        ("a_usd", "buy", "limit"),
    ]


@pytest.mark.parametrize(
    ("row", "options", "said"),
    [
        ({"limit": 1.5}, {"price_by": "fraction"}, "a price that is no fraction of a price"),
        ({"limit": 98.5}, {}, "a price that is not positive or off the grid"),
        ({"stop": 98, "tif": "at_close"}, {}, "a trigger beside a time_in_force of sessions"),
        ({"stop": 98, "post_only": True}, {}, "post_only where it has no effect"),
        ({"limit": 98, "fill": "next_open"}, {}, "candle_fill where it has no effect"),
        ({}, {"price_by": "percent"}, "price_by is 'percent'; allowed: price, distance, fraction"),
    ],
)
def test_rule_60_what_cannot_be_is_told(row, options, said):
    with pytest.raises(StrategyError, match=said):
        run(trades((0, 100, 50)), schedule({"at": 1, "target": 5, **row}, **options))


@pytest.mark.parametrize("terms", [{"long": 150, "short": 50}, {"long": None, "short": None}])
def test_rule_60_what_every_trade_fills_leads_to_each_target(terms):
    """Limits that the next trade goes through, and rows without, in any order: the position is the target each time."""
    random = Random(60)
    lots = [random.randint(-3, 3) for _ in range(80)]
    rows = [
        {"at": 2 * k + 1, "target": wished}
        | ({"limit": limit} if (limit := terms["long" if wished > 0 else "short"]) and random.random() < 0.7 else {})
        for k, wished in enumerate(lots)
    ]
    market = trades(*((2 * k, 100, 90) for k in range(82)))
    balances = {"balances": {"usd": 10_000_000}}
    result = run(market, schedule(*rows, {"at": 161, "target": 0, "limit": 50}), **MARGIN | balances)
    held = result.trades.with_columns(
        second=pl.col("time_exchange").dt.epoch("s"),
        signed=pl.when(pl.col("side") == "buy").then("quantity").otherwise(-pl.col("quantity")),
    )
    for k, wished in enumerate(lots):
        assert held.filter(pl.col("second") <= 2 * k + 2)["signed"].sum() == wished, k
    assert set(result.orders["status"]) == {"filled"}
