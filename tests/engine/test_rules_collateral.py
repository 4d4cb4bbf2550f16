"""Rule 75: other assets as collateral, with a haircut, on hand-made markets."""

from __future__ import annotations

from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.test_rules_flows import cash, flows
from tests.engine.tiny import A, Watch, run, schedule, table, trades

SWAP = bt.Instrument("x", "p_usd", kind="perpetual", price_increment=1, quantity_increment=1)
MARGIN = bt.Margin("50%", maintenance="25%")
COINS = ((0, 100, 99), (1, 100, 99))


def market(*swap: tuple, coin: tuple = COINS) -> list[Any]:
    """Trades of the swap at 100 at 0 and 1, and then as given; of the coin, too."""
    rows = ((0, 100, 99), (1, 100, 99), *swap)
    return [trades(*rows, instrument="p_usd"), trades(*coin, instrument="a_usd")]


def held(*swap: tuple, lots: int = 10, coin: tuple = COINS, plan: tuple = (), **options: Any) -> bt.Result:
    """Some bought at 100, with ten coins of 100 as collateral at nine tenths: 900."""
    venue = bt.Venue(margin=options.pop("margin", MARGIN), collateral={"a": "10%"}, **options.pop("venue", {}))
    steps = schedule(*plan, {"at": 0.5, "buy": lots, "on": "p_usd"})
    given = {"balances": {"a": 10}, "reporting": "usd", "venues": venue} | options
    return run(market(*swap, coin=coin), steps, [A, SWAP], **given)


def closed(result: bt.Result) -> list[tuple]:
    mine = result.orders.filter(result.orders["reason"].cast(str) == "liquidation")
    return table(mine, "quantity", "price_average")


@pytest.mark.parametrize("mode", ["cross", "isolated"])
@pytest.mark.parametrize(("lots", "status"), [(18, "filled"), (19, "rejected")])
def test_rule_75_it_bears_positions(lots, status, mode):
    """Eighteen need 900."""
    margin = bt.Margin("50%", mode=mode)
    assert held((2, 100, 9), lots=lots, margin=margin).orders["status"][0] == status


def test_rule_75_what_is_reserved_bears_no_more_positions():
    """A sale of five coins rests: the other five count 450. It is no less worth for that."""
    rests = {"at": 0.2, "buy": -5, "limit": 500, "on": "a_usd"}
    for lots, status in ((9, "filled"), (10, "rejected")):
        result = held((2, 100, 9), lots=lots, plan=(rests,))
        assert dict(table(result.orders, "instrument", "status"))["p_usd"] == status
    assert closed(held((2, 75, 9), lots=9, plan=(rests,))) == []  # 900 - 225 of 168.75


@pytest.mark.parametrize(("price", "gone"), [(28, False), (27, True)])
def test_rule_75_its_price_may_liquidate(price, gone):
    """250 must be kept; 9 coins count 252 at 28, and 243 at 27. Nothing of them is sold."""
    result = held((4, 100, 9), coin=(*COINS, (3, price, 9)))
    assert closed(result) == ([(10, 100)] if gone else [])
    assert result.balances.filter(asset="a")["total"][-1] == 10


def test_rule_75_what_is_taken_of_it_may_liquidate():
    """Two coins count 180."""
    assert closed(held((4, 100, 9), cash_flows=cash((3, "a", -8, "gone")))) == [(10, 100)]


@pytest.mark.parametrize(("price", "out", "paid"), [(14, [], []), (13, [(10, 13)], []), (5, [(10, 5)], [50])])
def test_rule_75_what_it_covers_stays_owed(price, out, paid):
    """At 14 worth 40, to keep 35; at 13 30 of 32.5: 870 are owed, which 900 cover; at 5 950."""
    result = held((3, price, 9))
    assert (closed(result), [row[-1] for row in flows(result)]) == (out, paid)
    owed = 100 - price if out else 0
    assert result.balances.filter(asset="usd")["total"][-1] == -10 * owed + sum(paid)
    assert result.equity["equity"][-1] == 1_000 - 10 * (100 - price) + sum(paid)


def test_rule_75_what_is_bought_with_it_counts_anew():
    """With 100 usd and ten coins twenty can be held, which need 1,000; with eleven coins for them nineteen."""
    buys = {"at": 0.2, "buy": 1, "on": "a_usd"}
    for lots, status in ((20, "filled"), (21, "rejected")):
        result = held((2, 100, 9), lots=lots, balances={"a": 10, "usd": 100})
        assert dict(table(result.orders, "instrument", "status"))["p_usd"] == status
    first = trades((0, 100, 99), (0.3, 100, 99), (1, 100, 99), instrument="a_usd")
    for lots, status in ((19, "filled"), (20, "rejected")):
        result = run(
            [trades((0, 100, 99), (1, 100, 99), (2, 100, 9), instrument="p_usd"), first],
            schedule(buys, {"at": 0.5, "buy": lots, "on": "p_usd"}),
            [A, SWAP],
            balances={"a": 10, "usd": 100},
            venues=bt.Venue(margin=MARGIN, collateral={"a": 0.1}),
        )
        assert dict(table(result.orders, "instrument", "status"))["p_usd"] == status


def test_rule_75_what_margined_spot_positions_hold_counts_once():
    """In a margin account: a coin bought for 100 is worth 100, and needs 50; the ten of before count 900."""
    watch = Watch(
        lambda s: (s.margin_used("usd"), s.free_margin("usd")),
        lambda s, n: ([], [bt.OrderRequest("a_usd", 1)]) if n == 1 else None,
        wake="trade",
    )
    venue = bt.Venue(account="margin", margin=MARGIN, collateral={"a": 0.1})
    run(market((2, 100, 9), (3, 100, 9)), watch, [A, SWAP], balances={"a": 10}, venues=venue)
    assert watch.seen[1] == (0, 900)
    assert watch.seen[-1] == (50, -100 + 100 + 900 - 50)


def test_rule_75_over_the_other_direction():
    """1,000 usd are ten coins of 100, of which nine count for a contract that is settled in coins."""
    inverse = bt.Instrument(
        "x", "p_usd", "a", "usd", "perpetual", 100, price_increment=1, quantity_increment=1, settlement="a"
    )
    for lots, status in ((18, "filled"), (19, "rejected")):
        result = run(
            market((2, 100, 9)),
            schedule({"at": 0.5, "buy": lots, "on": "p_usd"}),
            [A, inverse],
            balances={"usd": 1_000},
            venues=bt.Venue(margin=MARGIN, collateral={"usd": 0.1}),
        )
        assert result.orders["status"][0] == status


def test_rule_75_without_a_price_nothing_counts():
    result = held((2, 100, 9), coin=((1.5, 100, 9),))
    assert result.orders["status"][0] == "rejected"


def test_what_cannot_be():
    other = bt.Instrument("x", "q_eur", kind="perpetual", price_increment=1, quantity_increment=1)
    venue = bt.Venue(collateral={"a": 0.1})
    with pytest.raises(ConfigError, match="is margined in eur, usd; it must be one asset"):
        run(market(), schedule(), [A, SWAP, other], venues=venue)
    with pytest.raises(ConfigError, match="no spot instrument there is between it and 'usd'"):
        run(market(), schedule(), [A, SWAP], venues=bt.Venue(collateral={"p": 0.1}))
    with pytest.raises(ConfigError, match="haircut of 'a' is 1.0; allowed: 0 to below 1"):
        bt.Venue(collateral={"a": 1})
    with pytest.raises(ConfigError, match="it must say the haircut of each asset"):
        bt.Venue(collateral=0.1)
