"""Rules 70 to 72: isolated margin, tiers by notional, and liquidation tier by tier, on hand-made markets."""

from __future__ import annotations

from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.strategy import api
from barter_bt.testing.scenario import Seeded, make_margined, margins, random_scenario, to_backtest
from tests.engine.test_rules_flows import cash, flows, rates
from tests.engine.tiny import A, S, Watch, bars, quotes, run, schedule, table, trades
from tests.reference.compare import assert_agree

SWAP = bt.Instrument("x", "p_usd", kind="perpetual", price_increment=1, quantity_increment=1)
OTHER = bt.Instrument("x", "q_usd", kind="perpetual", price_increment=1, quantity_increment=1)
ALONE = bt.Margin("10%", maintenance="5%", mode="isolated")
TOGETHER = bt.Margin("10%", maintenance="5%")
BUY = {"at": 0.5, "buy": 10, "on": "p_usd"}
TIERS = [
    bt.MarginTier(1_000, "10%", "5%"),
    bt.MarginTier(3_000, "20%", "10%"),
    bt.MarginTier(None, "40%", "20%"),
]


def moves(*prices: float, name: str = "p_usd") -> Any:
    """A trade each second; the first price twice, for what is bought before the second."""
    return trades(*((k, price, 999) for k, price in enumerate((prices[0], *prices))), instrument=name)


def held(*prices: float, margin: Any = ALONE, usd: float = 1_000, plan: Any = (BUY,), **options: Any) -> bt.Result:
    """Ten bought at the first price, 100 unless another is said."""
    return run(moves(*prices), schedule(*plan), SWAP, venues=bt.Venue(margin=margin), balances={"usd": usd}, **options)


def closings(result: bt.Result) -> list[tuple]:
    """Lots and price of what the venue has closed."""
    mine = result.orders.filter(result.orders["reason"].cast(str) == "liquidation")
    mine = mine.filter(mine["status"].cast(str) == "filled")
    return table(mine, "quantity", "price_average")


def totals(result: bt.Result) -> tuple[float, float]:
    """Total and free balance of usd at the end."""
    return table(result.balances.filter(asset="usd"), "total", "free")[-1]


def test_rule_70_a_fill_sets_its_margin_aside():
    """Ten at 100 set 100 aside; five more at 110 are 165 - 110 = 55 more."""
    more = {"at": 1.5, "buy": 5, "on": "p_usd"}
    assert totals(held(100, 100)) == (1_000, 900)
    assert totals(held(100, 110, plan=(BUY, more))) == (1_000, 845)


@pytest.mark.parametrize(("price", "closed", "left"), [(95, [], 1_000), (94, [(10, 94)], 940), (85, [(10, 85)], 900)])
def test_rule_70_it_is_liquidated_alone_at_its_own_limit(price, closed, left):
    """At 95 worth 50, must keep 47.5; at 94 40 of 47. At 85 it has lost 150, of which an insurance pays 50."""
    result = held(100, price)
    assert (closings(result), totals(result)[0]) == (closed, left)
    assert flows(result) == ([(2, "usd", None, "insurance", 50)] if price == 85 else [])
    assert totals(result)[1] == (left - 100 if not closed else left)


@pytest.mark.parametrize(("price", "closed"), [(104, []), (105, [(10, 105)])])
def test_rule_70_short_positions(price, closed):
    """At 104 worth 60, must keep 52; at 105 50 of 52.5."""
    assert closings(held(100, price, plan=({"at": 0.5, "buy": -10, "on": "p_usd"},))) == closed


def test_rule_70_others_and_what_is_free_are_left_alone():
    """The other one stands with the rest of the account, which has lost what was set aside and no more.

    Ten of each at 100, of 210: 100 aside, 110 for the other. At 85 the first is gone for 100; the other, with 110 to
    keep 50, stays until 94: 110 - 60 = 50 of 47; at 93 it is 40 of 46.5.
    """
    venue = bt.Venue(margin=TOGETHER, margin_by_instrument={"p_usd": ALONE})
    prices = trades((1.2, 95, 9), (4, 94, 9), (5, 93, 9), (6, 93, 9), instrument="q_usd")
    market = [moves(100, 100, 85), trades((0, 100, 999), (1, 100, 999), instrument="q_usd"), prices]
    plan = schedule(BUY, {"at": 0.5, "buy": 10, "on": "q_usd"})
    result = run(market, plan, [SWAP, OTHER], venues=venue, balances={"usd": 210})
    orders = result.orders
    assert table(orders, "instrument", "price_average")[2:] == [("p_usd", 85), ("q_usd", 93)]
    assert [row[3:] for row in flows(result)] == [("insurance", 50)]
    assert totals(result) == (40, 40)


@pytest.mark.parametrize("turned", [False, True])
def test_rule_70_assets_come_first_also_where_a_fill_has_left_too_little(turned):
    """Of 720 two set 300 aside. At 5 r is closed for a loss of 500: 20 are left for p, which must keep 50.

    At that time q, of which 80 of 88 are left, is liquidated, too; its 80 come too late for p.
    """
    third = bt.Instrument("x", "r_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    margins = {"p_usd": TOGETHER, "q_usd": bt.Margin("20%", maintenance="10%", mode="isolated"), "r_usd": ALONE}
    later = {"p_usd": (6, 100, 99), "q_usd": (5, 88, 99), "r_usd": (5, 50, 99)}
    market = [trades((0, 100, 99), (1, 100, 99), last, instrument=name) for name, last in later.items()]
    plan = schedule(*({"at": 0.5, "buy": 10, "on": name} for name in later), {"at": 4, "sell": 10, "on": "r_usd"})
    options = {"venues": bt.Venue(margin_by_instrument=margins), "balances": {"usd": 720}}
    result = run(market[::-1] if turned else market, plan, [SWAP, OTHER, third], **options)
    assert table(result.orders, "instrument", "price_average")[4:] == [("p_usd", 100), ("q_usd", 88)]
    assert table(result.balances.filter(asset="usd"), "time_exchange", "total", "free")[4:] == [
        (5, 220, 20),
        (5, 220, 20),
        (5, 100, 100),
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_rule_72_what_a_tier_leaves_of_an_asset_comes_before_isolated_positions(turned):
    """Twenty p and ten q of 620, 200 set aside. At 84 p is worth 100 of 118 and goes down to 11 lots for 144.

    Of these 34 of 42.9 are left at 78, and the range goes to 75. The 80 that are left of q at 88 come too late for p.
    """
    margins = {
        "p_usd": bt.Margin("20%", tiers=TIERS, liquidation="by_tier"),
        "q_usd": bt.Margin("20%", maintenance="10%", mode="isolated"),
    }
    market = [bars(100, 100, (100, 100, 75, 100), instrument="p_usd")]
    market.append(bars(100, 100, (100, 100, 85, 100), instrument="q_usd"))
    plan = schedule({"at": 5, "buy": 20, "on": "p_usd"}, {"at": 5, "buy": 10, "on": "q_usd"})
    options = {"venues": bt.Venue(margin_by_instrument=margins), "balances": {"usd": 620}}
    result = run(market[::-1] if turned else market, plan, [SWAP, OTHER], **options)
    assert closings(result) == [(9, 84), (11, 78), (10, 88)]
    assert totals(result) == (114, 114)


@pytest.mark.parametrize("turned", [False, True])
def test_rule_43_each_candle_is_looked_at_once_by_index(turned):
    """Ten p are short, at 120 in the end, and q, which ends at 150, bears its high of 131 when that is looked at.

    Then q is held against its low of 80: at 83 160 of 176 are left, and 8 of 20 lots go. Of 160 110 must be kept then.
    What is left of r, which stands alone and is liquidated at that time, asks for none of it again.
    """
    third = bt.Instrument("x", "r_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    margins = {
        "p_usd": TOGETHER,
        "q_usd": bt.Margin("20%", tiers=TIERS, liquidation="by_tier"),
        "r_usd": bt.Margin("20%", maintenance="10%", mode="isolated"),
    }
    last = {"p_usd": (100, 131, 91, 120), "q_usd": (100, 160, 80, 150), "r_usd": (100, 100, 85, 100)}
    market = [bars(100, 100, candle, instrument=name) for name, candle in last.items()]
    bought = zip(last, (-10, 20, 1), strict=True)
    plan = schedule(*({"at": 5, "buy": lots, "on": name} for name, lots in bought))
    options = {"venues": bt.Venue(margin_by_instrument=margins), "balances": {"usd": 720}}
    result = run(market[::-1] if turned else market, plan, [SWAP, OTHER, third], **options)
    assert closings(result) == [(8, 83), (1, 88)]
    assert totals(result) == (572, 572)


def test_rules_42_to_43_and_70_to_72_agree_with_the_reference():
    """Positions together and alone in one money; in the first five the order in which these are looked at decided."""
    for seed in (297, 465, 548, 1141, 5706, *range(20)):
        assert_agree(make_margined(Seeded(seed)), interpret=True)


def test_rule_70_only_the_orders_of_its_instrument_are_cancelled():
    venue = bt.Venue(margin=TOGETHER, margin_by_instrument={"p_usd": ALONE})
    rests = [{"at": 1, "buy": 1, "limit": 10, "on": name} for name in ("p_usd", "q_usd")]
    market = [moves(100, 100, 94, 94), trades((0, 100, 9), (3, 100, 9), instrument="q_usd")]
    result = run(market, schedule(BUY, *rests), [SWAP, OTHER], venues=venue, balances={"usd": 500})
    assert table(result.orders, "instrument", "status")[1:3] == [("p_usd", "cancelled"), ("q_usd", "open")]


@pytest.mark.parametrize(("usd", "status"), [(100, "filled"), (99, "rejected")])
def test_rule_70_what_is_set_aside_must_be_free(usd, status):
    assert held(100, 100, usd=usd).orders["status"][0] == status


def test_rule_70_what_is_set_aside_is_not_free_for_another():
    """Of 150 one sets 100 aside: the second, which needs 60, is rejected, though the first is worth 100 more."""
    second = {"at": 2.5, "buy": 6, "on": "q_usd"}
    market = [moves(100, 100, 110, 110), trades((0, 100, 9), (2, 100, 9), (3, 100, 9), instrument="q_usd")]
    result = run(market, schedule(BUY, second), [SWAP, OTHER], venues=bt.Venue(margin=ALONE), balances={"usd": 150})
    assert result.orders["status"].to_list() == ["filled", "rejected"]


def test_rule_70_a_reduction_gives_its_part_back():
    """Four of ten at 98 give 40 of 100 back and lose 8: 992, of which 60 are aside. At 91 60 - 54 is below 27.3."""
    sell = {"at": 1.5, "buy": -4, "on": "p_usd"}
    assert totals(held(100, 98, plan=(BUY, sell))) == (992, 932)
    result = held(100, 98, 94, 91, plan=(BUY, sell))
    assert closings(result) == [(6, 94)]  # 60 - 36 = 24 of 28.2 there already
    assert totals(result) == (956, 956)


def test_rule_70_a_flip_sets_aside_anew():
    """Fourteen sold at 103 gain 30, and four short ones set 41.2 aside."""
    turn = {"at": 1.5, "buy": -14, "on": "p_usd"}
    assert totals(held(100, 103, plan=(BUY, turn))) == (1_030, pytest.approx(988.8))


def test_rule_70_a_closing_of_ones_own_is_paid_from_the_total():
    """The stop fills at 80 before anybody looks: it loses 200, and no insurance pays."""
    stop = {"at": 1, "buy": -10, "on": "p_usd", "stop": 90}
    result = held(100, 100, 80, plan=(BUY, stop))
    assert (totals(result), flows(result)) == ((800, 800), [])


def test_rule_70_funding_is_of_what_is_set_aside():
    """2 % of 1,000 leave 80 aside: at 97 50 are there and 48.5 needed, at 96 40 of 48; it is told, and free stays."""
    result = held(100, 100, 97, 96, cash_flows=rates((1.5, 0.02)))
    assert table(result.balances.filter(asset="usd"), "total", "free")[1:3] == [(1_000, 900), (980, 900)]
    assert closings(result) == [(10, 96)]
    assert totals(held(100, 100, 101, cash_flows=rates((1.5, 0.2)))) == (800, 800)  # not below 0: and liquidated


def test_rule_70_withdrawals_do_not_touch_it():
    result = held(100, 100, 95, cash_flows=cash((1.5, "usd", -950, "rent")))
    assert (totals(result), closings(result)) == ((50, -50), [])


def test_rule_70_the_range_of_a_candle():
    """Bought at the open of 100; down to 90 at the next: closed at 94, the first price at which it is short."""
    market = bars((100, 101, 99, 100), (100, 100, 90, 99), instrument="p_usd")
    result = run(market, schedule({"at": 0, "buy": 10, "on": "p_usd"}), SWAP, venues=bt.Venue(margin=ALONE))
    assert closings(result) == [(10, 94)]


def test_rule_70_inverse_contracts():
    """100 of 100 usd at 50,000 are 0.2 btc, of which a tenth is aside; at p worth 0.02 + 0.2 - 10,000 / p.

    To keep 500 / p: 0.22 p = 10,500 is at 47,727.3.
    """
    one = bt.Instrument(
        "x", "p_usd", "p", kind="perpetual", settlement="p", contract_size=100, price_increment=1, quantity_increment=1
    )
    for price, closed in ((47_728, []), (47_727, [(100, 47_727)])):
        result = run(
            moves(50_000, price),
            schedule({"at": 0.5, "buy": 100, "on": "p_usd"}),
            one,
            venues=bt.Venue(margin=ALONE),
            balances={"p": 1},
        )
        assert closings(result) == closed


def test_rule_46_and_70_an_expiry_is_paid_from_what_is_set_aside():
    future = bt.Instrument(
        "x", "p_usd", kind="future", price_increment=1, quantity_increment=1, expiry=3 * S, settlement_price=80
    )
    market = trades((0, 100, 99), (1, 100, 99), (5, 100, 9), instrument="p_usd")
    result = run(market, schedule(BUY), future, venues=bt.Venue(margin=ALONE), balances={"usd": 1_000})
    assert flows(result) == [(3, "usd", None, "insurance", 100)]
    assert totals(result) == (900, 900)


def test_rule_21_and_70_what_strategies_read():
    """100 aside, of 1,000 and a gain of 50 that is not free."""
    watch = Watch(
        lambda s: (s.margin_used("usd"), s.free_margin("usd"), s.buying_power("p_usd")),
        lambda s, n: ([], [bt.OrderRequest("p_usd", 10)]) if n == 1 else None,
        wake="trade",
    )
    run(moves(100, 100, 105, 106), watch, SWAP, venues=bt.Venue(margin=ALONE), balances={"usd": 1_000})
    assert watch.seen[-1] == (100, 900, 9_000)


def test_published_isolated_liquidation():
    """0.1 at 30,000 with a tenth of margin and a maintenance of 1 %: kept at 28,000 with 100 left, not at 26,000.

    https://support.flipster.io/hc/en-us/articles/7352962731663-Margin-Trading-Explained, read on 2026-11-26: there the
    300 are lost and 100 more are owed, which the insurance pays here.
    """
    one = bt.Instrument("x", "p_usd", kind="perpetual", price_increment=1, quantity_increment="0.1")
    for price, paid in ((28_000, []), (26_000, [100])):
        result = run(
            moves(30_000, price),
            schedule({"at": 0.5, "buy": 0.1, "on": "p_usd"}),
            one,
            venues=bt.Venue(margin=bt.Margin("10%", maintenance="1%", mode="isolated")),
        )
        assert [row[-1] for row in flows(result)] == paid
        assert len(closings(result)) == len(paid)


# Rule 71: tiers

PUBLISHED = [  # https://www.pionex.com/blog/maintenance-margin/, read on 2026-11-26: largest notional, leverage, rate
    (150_000, 100, "0.5%"),
    (500_000, 25, "1%"),
    (2_000_000, 15, "2.5%"),
    (5_000_000, 10, "5%"),
    (10_000_000, 5, "10%"),
    (20_000_000, 2, "25%"),
    (None, 1, "50%"),
]
AMOUNTS = [0, 750, 8_250, 58_250, 308_250, 1_808_250, 6_808_250]


def published(**terms: Any) -> bt.Margin:
    return bt.Margin(tiers=[bt.MarginTier(up_to, 1 / times, kept) for up_to, times, kept in PUBLISHED], **terms)


def test_rule_71_published_maintenance_amounts():
    """They follow from bounds and rates."""
    result = held(100, 100, margin=published())
    unit = result.scales.units[result.index.asset("usd")]
    assert [amount * unit for amount in result.venue.tiers.array("deduction").tolist()] == AMOUNTS


@pytest.mark.parametrize(("price", "closed"), [(19_117, []), (19_116, [(10, 19_116)])])
def test_rule_71_a_published_example(price, closed):
    """Ten at 20,000 with a leverage of 20 need 10,000, and keep 200,000 * 1 % - 750 = 1,250 there.

    With 10,000 in all: 10,000 - 10 (20,000 - p) is less than 0.1 p - 750 from 19,116.2 on.
    """
    assert held(20_000, 20_000, margin=published(rate="5%"), usd=9_999).orders["status"][0] == "rejected"
    result = held(20_000, price, margin=published(rate="5%"), usd=10_000)
    assert (result.orders["status"][0], closings(result)) == ("filled", closed)


@pytest.mark.parametrize(("lots", "needed"), [(10, 100), (11, 220), (30, 600), (31, 1_240)])
def test_rule_71_the_margin_of_a_tier_is_of_the_whole_notional(lots, needed):
    """At 100: up to 1,000 a tenth, to 3,000 a fifth, then two fifths."""
    plan = ({"at": 0.5, "buy": lots, "on": "p_usd"},)
    for usd, status in ((needed, "filled"), (needed - 1, "rejected")):
        assert held(100, 100, margin=bt.Margin(tiers=TIERS), usd=usd, plan=plan).orders["status"][0] == status


def test_rule_71_a_chosen_rate_above_that_of_a_tier():
    assert held(100, 100, margin=bt.Margin("50%", tiers=TIERS), usd=499).orders["status"][0] == "rejected"


def test_rules_70_and_71_a_larger_position_sets_aside_what_all_of_it_needs():
    """Ten at 100 set 100 aside; with one more it is a fifth of 1,100."""
    more = {"at": 1.5, "buy": 1, "on": "p_usd"}
    margin = bt.Margin(mode="isolated", tiers=TIERS)
    assert totals(held(100, 100, plan=(BUY, more), margin=margin)) == (1_000, 780)


def test_rules_21_and_71_buying_power():
    """Of 1,000: a fifth of 3,000 is less, two fifths of 2,500 would be the tier below. Held 500: 2,500 more."""
    watch = Watch(
        lambda s: s.buying_power("p_usd"),
        lambda s, n: ([], [bt.OrderRequest("p_usd", 5)]) if n == 1 else None,
        wake="trade",
    )
    run(moves(100, 100, 100), watch, SWAP, venues=bt.Venue(margin=bt.Margin(tiers=TIERS)), balances={"usd": 1_000})
    assert (watch.seen[0], watch.seen[-1]) == (3_000, 2_500)


# Rule 72: liquidation by tier

BY_TIER = bt.Margin(tiers=TIERS, liquidation="by_tier")


def test_rule_72_it_goes_down_as_far_as_it_must():
    """Forty at 100, of 1,600, at 81: worth 840 of 3,240 * 20 % - 350 = 298.

    At 66: worth 240 of 2,640 * 10 % - 50 = 214; at 65 200 of 210, in the second tier: down to 15 lots of 65, 975, in
    the first, which must keep 48.75 of the 200.
    """
    plan = ({"at": 0.5, "buy": 40, "on": "p_usd"},)
    result = held(100, 81, 66, 65, 65, margin=BY_TIER, usd=1_600, plan=plan)
    assert closings(result) == [(25, 65)]
    assert result.state.instruments.quantity[0] == 15
    assert totals(result)[0] == 1_600 - 25 * 35
    assert flows(result) == []


def test_rule_72_in_the_first_tier_all_of_it_goes():
    """From 100 to 60: nothing is left, so it goes down, and then whole."""
    plan = ({"at": 0.5, "buy": 40, "on": "p_usd"},)
    result = held(100, 60, 60, margin=BY_TIER, usd=1_600, plan=plan)
    assert closings(result) == [(24, 60), (16, 60)]
    assert totals(result) == (0, 0)


def test_rule_72_each_tier_is_a_step():
    """Fifty at 100, of 2,000; at 65 worth 250 of 3,250 * 20 % - 350 = 300: 46 are 2,990, which must keep 249."""
    plan = ({"at": 0.5, "buy": 50, "on": "p_usd"},)
    assert closings(held(100, 65, 65, margin=BY_TIER, usd=2_000, plan=plan)) == [(4, 65)]
    assert closings(held(100, 61, 61, margin=BY_TIER, usd=2_000, plan=plan)) == [(1, 61), (33, 61)]


def test_rule_72_isolated():
    """Forty at 100 set 1,600 aside, of 5,000: as above, and 25 / 40 of it are given back."""
    plan = ({"at": 0.5, "buy": 40, "on": "p_usd"},)
    margin = bt.Margin(mode="isolated", tiers=TIERS, liquidation="by_tier")
    result = held(100, 81, 66, 65, 65, margin=margin, usd=5_000, plan=plan)
    assert closings(result) == [(25, 65)]
    assert totals(result) == (5_000 - 25 * 35, 5_000 - 25 * 35 - 600)


def test_rule_72_what_is_left_meets_the_rest_of_a_candle():
    """Of forty at 100: 25 go at 65, the first price found; the rest is 725 beside 15 (p - 100) of 0.75 p.

    That is worth less from 54.3 on: at 54 it goes.
    """
    market = bars((100, 101, 99, 100), (100, 100, 50, 99), instrument="p_usd")
    plan = schedule({"at": 0, "buy": 40, "on": "p_usd"})
    for low, closed in ((50, [(25, 65), (15, 54)]), (55, [(25, 65)])):
        market = bars((100, 101, 99, 100), (100, 100, low, 99), instrument="p_usd")
        result = run(market, plan, SWAP, venues=bt.Venue(margin=BY_TIER), balances={"usd": 1_600})
        assert closings(result) == closed


def test_rule_72_the_standing_quote_takes_each_step():
    """Between 64 and 66 the mid is short; the bid takes, at which 15 are 960."""
    market = quotes((0, 100, 99, 101, 99), (1, 100, 99, 101, 99), (2, 64, 99, 66, 99), instrument="p_usd")
    plan = schedule({"at": 0.5, "buy": 40, "on": "p_usd"})
    result = run(market, plan, SWAP, venues=bt.Venue(margin=BY_TIER), balances={"usd": 1_640})
    assert closings(result) == [(25, 64)]


def test_rule_72_positions_that_stand_together_go_down_together():
    """Both are above their first tier; the third has no tiers, and stays."""
    venue = bt.Venue(margin=BY_TIER, margin_by_instrument={"q_usd": TOGETHER})
    market = [moves(100, 65, 65), trades((0, 100, 99), (1, 100, 99), (4, 100, 9), instrument="q_usd")]
    plan = schedule({"at": 0.5, "buy": 40, "on": "p_usd"}, {"at": 0.5, "buy": 1, "on": "q_usd"})
    result = run(market, plan, [SWAP, OTHER], venues=venue, balances={"usd": 1_613})
    assert closings(result) == [(25, 65)]


# What is refused


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"mode": "alone"}, "mode of a margin is 'alone'; allowed: cross, isolated"),
        ({"liquidation": "by_tier"}, "and it has no tiers"),
        ({"liquidation": "half"}, "allowed: whole, by_tier"),
        ({"tiers": TIERS, "maintenance": 0.1}, "a margin has tiers, and maintenance is 0.1"),
        ({"tiers": TIERS[:2]}, "the last tier of a margin goes up to 3000.0; it must have no bound"),
        ({"tiers": TIERS[1:] + TIERS[:1]}, "bounds go up, and only the last has none"),
        ({"tiers": [TIERS[0], bt.MarginTier(None, 0.05)]}, "neither goes down"),
        ({"tiers": TIERS[0]}, "they must be a list of MarginTier"),
        ({"tiers": [3]}, "tiers of a margin have 3"),
        ({"tiers": [{"upto": 3}]}, "a tier of a margin has 'upto'"),
        ({"tiers": [{"maintenance": 0.1}]}, "it has no rate"),
        ({"tiers": [{"rate": 0.1, "maintenance": 0.2}]}, "allowed: 0 to its margin rate, 0.1"),
        ({"tiers": [{"rate": 0}]}, "margin rate of a tier is 0.0"),
        ({"tiers": [{"up_to": 0, "rate": 0.1}]}, "a tier goes up to 0.0"),
    ],
)
def test_terms_that_cannot_be(terms, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        bt.Margin(**terms)


def test_spot_is_not_isolated():
    with pytest.raises(ConfigError, match="only derivatives are margined alone"):
        run(trades((0, 100, 9)), schedule(), A, venues=bt.Venue(account="margin", margin=ALONE))


def test_bounds_below_a_unit():
    tiers = [bt.MarginTier(1e-10, 0.1), bt.MarginTier(None, 0.1)]
    with pytest.raises(ConfigError, match="goes up to 1e-10, which is 0 units"):
        held(100, 100, margin=bt.Margin(tiers=tiers))


# Every way of running


def reads(s, my):
    """Holds five, and keeps what it reads."""
    v = my.variables
    if v.bars[0] == 0:
        api.buy(s, 0, 5.0)
    v.bars[0] += 1
    v.used[0], v.free[0] = api.margin_used(s, s.terms.quote[0]), api.free_margin(s, s.terms.quote[0])
    v.power[0], v.mark[0] = api.buying_power(s, 0), api.mark(s, 0)


@pytest.mark.parametrize("interpret", [True, False])
def test_compiled_strategies_read_it(interpret):
    """50 aside of 1,000; two fifths of 2,375 are what is free of the second tier, which ends at 3,000."""
    one = bt.Compiled(
        reads, variables=dict.fromkeys(("used", "free", "power", "mark"), 0.0) | {"bars": 0}, wake="trade", name="reads"
    )
    venue = bt.Venue(margin=bt.Margin(mode="isolated", tiers=TIERS), mark="closing")
    result = bt.backtest(moves(100, 100, 100), SWAP, one, balances={"usd": 1_000}, venues=venue, interpret=interpret)
    own = result.own["reads"]["variables"].row(0, named=True)
    assert (own["used"], own["free"], own["power"], own["mark"]) == (50, 950, 2_500, 100)


def test_buying_power_by_tier_is_no_whole_number():
    """Compiled code gives the fraction that the interpreted gives."""

    def power(usd, interpret):
        one = bt.Compiled(
            reads,
            variables=dict.fromkeys(("used", "free", "power", "mark"), 0.0) | {"bars": 0},
            wake="trade",
            name="reads",
        )
        venue = bt.Venue(margin=bt.Margin(mode="isolated", tiers=TIERS), mark="closing")
        found = bt.backtest(moves(100, 100), SWAP, one, balances={"usd": usd}, venues=venue, interpret=interpret)
        return found.own["reads"]["variables"]["power"][0]

    amounts = ("300.17", "411.23", "777.77")
    wanted = [power(usd, True) for usd in amounts]
    assert any(one != int(one) for one in wanted)
    assert [power(usd, False) for usd in amounts] == wanted


def test_compiled_runs_are_the_interpreted_ones(monkeypatch):
    """Of random scenarios that use all of it."""
    monkeypatch.setattr(margins, "DRAWN", ("isolated", "tiers", "mark", "rates", "collateral"))
    for seed in range(20_000, 20_016):
        arguments = to_backtest(random_scenario(seed))
        one, other = (bt.backtest(**arguments, interpret=interpret) for interpret in (True, False))
        assert one.digests == other.digests, seed
