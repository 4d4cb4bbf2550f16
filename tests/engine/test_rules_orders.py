"""Rules 17 to 19: what the venue checks, what targets become, and margin."""

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import FUTURE, A, B, Watch, bars, flat, quotes, run, schedule, stamps, table, trades

ORDER = ("status", "reason", "filled")
Q = (quotes((1, 99, 900, 101, 900), (9, 99, 900, 101, 900)),)


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


def fee(taker: float = 0.0, maker: float = 0.0, each: float = 0.0, **terms: Any) -> bt.Venue:
    return bt.Venue(fees=bt.Fees(taker=taker, maker=maker, per_contract=each), **terms)


# Rule 17: checks and reservations


def test_rule_17_below_the_minimum():
    """Rule 17: a quantity below quantity_min, or a limit's notional below notional_min, is rejected."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1, quantity_min=3, notional_min=400)
    rows = [{"buy": 2}, {"buy": 3}, {"buy": 3, "limit": 133}, {"buy": 4, "limit": 100}, {"buy": 2, "limit": 500}]
    result = run(Q, schedule(*({"at": 2} | row for row in rows)), one)
    assert orders(result) == [
        ("rejected", "below_minimum", 0),
        ("filled", None, 3),
        ("rejected", "below_minimum", 0),
        ("open", None, 0),
        ("rejected", "below_minimum", 0),
    ]


def test_rule_17_post_only_that_would_match_is_rejected():
    """Rule 17: against the standing usable quote; one tick away it rests."""
    rows = [
        {"buy": 1, "limit": 101},
        {"buy": 1, "limit": 100},
        {"sell": 1, "limit": 99},
        {"sell": 1, "limit": 100},
    ]
    result = run(Q, schedule(*({"at": 2, "post_only": True} | row for row in rows)), balances={"usd": 1000, "a": 9})
    assert orders(result) == [("rejected", "post_only", 0), ("open", None, 0)] * 2


def test_rule_17_post_only_counts_a_quote_whatever_the_evidence_and_even_if_used_up():
    """Rule 17: the price is what matters, not what is left of the amount."""
    data = [quotes((1, 99, 2, 101, 2), (9, 99, 2, 101, 2)), trades((1, 100, 1), (9, 100, 1))]
    rows = [{"at": 2, "buy": 2}, {"at": 3, "buy": 1, "limit": 101, "post_only": True}]
    assert orders(run(data, schedule(*rows)))[1] == ("rejected", "post_only", 0)
    venue = bt.Venue(taker_fills_on="trades")
    assert orders(run(data, schedule(rows[1]), venues=venue)) == [("rejected", "post_only", 0)]
    # A stale quote is not usable and does not object: the order rests, and the trade at 9 goes through its price.
    result = run(data, schedule(rows[1]), venues=bt.Venue(max_age_ns=1))
    assert table(result.trades, "time_exchange", "price", "liquidity") == [(9, 101, "maker")]


def test_rule_17_a_limit_buy_reserves_notional_and_the_larger_fee():
    """Rule 17: 5 at 90 with 1 % taker and 2 % maker: 459; cancelled, all of it is free again."""
    result = run(Q, schedule({"at": 2, "buy": 5, "limit": 90}, {"at": 3, "cancel": 0}), venues=fee(0.01, 0.02))
    assert table(result.balances, "time_exchange", "asset", "total", "free")[2:] == [
        (2, "usd", 10_000, 10_000 - 459),
        (3, "usd", 10_000, 10_000),
    ]


def test_rule_17_a_rebate_counts_as_nothing_in_a_reservation():
    """Rule 17: with two rebates exactly the notional is reserved."""
    result = run(Q, schedule({"at": 2, "buy": 5, "limit": 90}), venues=fee(-0.001, -0.002))
    assert table(result.balances, "free")[-1] == (10_000 - 450,)


def test_rule_17_a_limit_sell_reserves_its_base():
    """Rule 17: the lots themselves; more than is free is rejected."""
    rows = [{"at": 2, "sell": 5, "limit": 120}, {"at": 2, "sell": 3, "limit": 120}, {"at": 2, "sell": 2, "limit": 130}]
    result = run(Q, schedule(*rows), balances={"a": 7})
    assert orders(result) == [("open", None, 0), ("rejected", "insufficient_balance", 0), ("open", None, 0)]
    assert table(result.balances, "asset", "total", "free")[2:] == [("a", 7, 2), ("a", 7, 0)]


def test_rule_17_what_is_reserved_cannot_be_spent():
    """Rule 17: 1,000 in all, 900 reserved: a market buy of 101 is rejected, of another's order too."""
    rows = [{"at": 2, "buy": 9, "limit": 90}, {"at": 3, "buy": 2}, {"at": 4, "buy": 1, "limit": 98}]
    result = run(Q, schedule(*rows, {"at": 5, "buy": 1}), balances={"usd": 1011})
    assert orders(result) == [
        ("open", None, 0),
        ("rejected", "insufficient_balance", 0),
        ("open", None, 0),
        ("filled", None, 1),
    ]


def test_rule_17_after_a_fill_the_reservation_is_that_of_the_rest():
    """Rule 17: 5 at 90 reserved 459; 2 filled as maker cost 183.6; 3 reserve 275.4."""
    data = trades((1, 100, 1), (3, 80, 2), (9, 100, 1))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 90}), venues=fee(0.01, 0.02))
    assert table(result.balances, "time_exchange", "asset", "total", "free")[2:] == [
        (2, "usd", 10_000, 10_000 - 459),
        (3, "usd", 10_000 - 183.6, 10_000 - 183.6 - 275.4),
        (3, "a", 2, 2),
    ]


def test_rule_17_a_limit_filled_below_its_price_gives_back_what_it_did_not_need():
    """Rule 17: reserved at 105, taken at 101."""
    result = run(Q, schedule({"at": 2, "buy": 5, "limit": 105}))
    assert table(result.balances, "asset", "total", "free")[-2:] == [("usd", 10_000 - 505, 10_000 - 505), ("a", 5, 5)]


def test_rule_17_its_own_reservation_counts_as_free_for_its_fill():
    """Rule 17: an order that reserved everything can be filled."""
    result = run(Q, schedule({"at": 2, "buy": 10, "limit": 101}), balances={"usd": 1010})
    assert orders(result) == [("filled", None, 10)]
    assert table(result.balances, "total", "free")[-2:] == [(0, 0), (10, 10)]


def test_rule_17_a_market_order_is_checked_at_each_fill():
    """Rule 17: notional + fee ≤ free: rejected before any fill, cancelled for that reason after some."""
    data = quotes((1, 99, 9, 100, 5), (3, 99, 9, 100, 5))
    rows = schedule({"at": 2, "buy": 10})
    assert orders(run(data, rows, balances={"usd": 500})) == [("cancelled", "insufficient_balance", 5)]
    assert orders(run(data, rows, balances={"usd": 499})) == [("rejected", "insufficient_balance", 0)]
    assert orders(run(data, rows, balances={"usd": 500}, venues=fee(0.001))) == [
        ("rejected", "insufficient_balance", 0)
    ]
    assert orders(run(data, rows, balances={"usd": 1000})) == [("filled", None, 10)]


def test_rule_17_one_unit_short():
    """Rule 17: exactly enough is enough; one unit (1e-9) less is not."""
    rows = schedule({"at": 2, "buy": 3})
    assert orders(run(Q, rows, balances={"usd": 303})) == [("filled", None, 3)]
    assert orders(run(Q, rows, balances={"usd": "302.999999999"})) == [("rejected", "insufficient_balance", 0)]


def test_rule_17_a_sell_needs_the_lots_and_its_fee():
    """Rule 17: lots free in base, and proceeds − fee ≥ −free quote: here 20 % and 200 per contract eat it all."""
    rows = schedule({"at": 2, "sell": 3})
    assert orders(run(Q, rows, balances={"a": 3})) == [("filled", None, 3)]
    assert orders(run(Q, rows, balances={"a": "2.999999999"})) == [("rejected", "insufficient_balance", 0)]
    fees = {"venues": fee(each=100)}  # proceeds 297, fee 300
    assert orders(run(Q, rows, balances={"a": 3, "usd": 3}, **fees)) == [("filled", None, 3)]
    assert orders(run(Q, rows, balances={"a": 3, "usd": "2.999999999"}, **fees)) == [
        ("rejected", "insufficient_balance", 0)
    ]


def test_rule_17_a_resting_order_pays_taker_for_what_it_takes_and_maker_later():
    """Rule 17: on arrival 2 at the taker rate, then 3 at the maker rate."""
    data = quotes((1, 99, 9, 100, 2), (3, 99, 9, 100, 9))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 100}), venues=fee(0.01, 0.001))
    assert table(result.trades, "liquidity", "quantity", "fees") == [("taker", 2, 2), ("maker", 3, 0.3)]


def test_rule_17_a_targets_order_is_cut_to_what_can_be_paid():
    """Rule 17: 1,000 buys 9 at 101 and not 10; the order's quantity becomes what it got."""
    result = run(Q, schedule({"at": 2, "target": 10.0}), balances={"usd": 1000})
    assert table(result.orders, "status", "quantity", "quantity_requested", "filled") == [("filled", 9, 10, 9)]
    result = run(Q, schedule({"at": 2, "target": 10.0}), balances={"usd": 1000}, venues=fee(0.1))
    assert table(result.orders, "quantity", "fees") == [(9, 90.9)]
    result = run(Q, schedule({"at": 2, "target": 10.0}), balances={"usd": 100})
    assert table(result.orders, "status", "reason", "quantity_requested") == [("rejected", "insufficient_balance", 10)]


def test_rule_17_a_cut_order_has_ended():
    """Rule 17: its rest does not fill at the next quote, though that would be cheaper."""
    data = quotes((1, 99, 9, 100, 4), (3, 99, 9, 100, 9), (4, 1, 9, 2, 9))
    result = run(data, schedule({"at": 2, "target": 12.0}), balances={"usd": 1000})
    assert table(result.trades, "time_exchange", "quantity") == [(2, 4), (3, 6)]
    assert table(result.orders, "status", "quantity", "quantity_requested") == [("filled", 10, 12)]


def test_rule_17_a_target_that_is_not_resized_is_rejected_instead():
    """Rule 17: unless `resize`."""
    result = run(Q, schedule({"at": 2, "target": 10.0}, resize=False), balances={"usd": 1000})
    assert orders(result) == [("rejected", "insufficient_balance", 0)]


def test_rule_17_the_cancel_of_a_closed_order_is_not_sent():
    """Rule 17: nor of one that is being cancelled, nor of one that was never sent."""
    rows = [{"at": 2, "buy": 1}, {"at": 3, "cancel": 0}, {"at": 4, "buy": 1, "limit": 50}, {"at": 5, "cancel": 2}]
    result = run(Q, schedule(*rows, {"at": 5, "cancel": 2}))
    assert orders(result) == [("filled", None, 1), ("cancelled", "requested", 0)]
    requests = {1: ((), [bt.OrderRequest(0, 1, price=50)]), 3: ([0, 0], [])}
    watch = Watch(lambda s: s.event, lambda s, n: requests.get(n), wake=("quote", "order"))
    run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), watch)
    assert watch.seen == ["quote", "order", "quote", "order"]


@pytest.mark.parametrize("number", [99, -1, 4096])
def test_rule_17_the_cancel_of_an_order_that_never_was_ends_the_run(number):
    """Rule 17: in each driver, and as a command; what has had its row passed over is left alone."""
    market = quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9))
    watch = Watch(lambda s: s.event, lambda s, n: ([number], []), wake=("quote", "order"))
    compiled = bt.Compiled(lambda s, my: api.cancel(s, 99), wake="quote")
    command = pl.DataFrame({"time": stamps([1]), "command": ["cancel"], "order": [number]})
    for strategy, options in ((watch, {}), (compiled, {}), (schedule(), {"commands": command})):
        with pytest.raises(BarterBtError, match=r"for order -?\d+, which is not there"):
            run(market, strategy, **options)
    off = pl.DataFrame({"time": stamps([1]), "command": ["disable_trading"]})
    on = pl.DataFrame({"time": stamps([2]), "command": ["enable_trading"]})
    rows = {"at": 1.5, "buy": 1}, {"at": 2, "cancel": 0}
    assert run(market, schedule(*rows), commands=pl.concat([off, on])).orders.height == 0


# Rule 18: targets


def test_rule_18_a_target_trades_the_difference():
    """Rule 18: order = target − position − in flight; no order where nothing is missing; null is no change."""
    rows = [{"at": k, "target": t} for k, t in ((2, 5.0), (3, 5.0), (4, None), (5, 2.0), (6, 0.0))]
    result = run(Q, schedule(*rows))
    assert table(result.orders, "time_sent", "side", "quantity") == [(2, "buy", 5), (5, "sell", 3), (6, "sell", 2)]
    assert table(result.orders, "kind", "time_in_force") == [("market", "gtc")] * 3


def test_rule_18_what_is_in_flight_counts():
    """Rule 18: with latency the second target does not order again, the third only the difference."""
    rows = [{"at": 2, "target": 5.0}, {"at": 3, "target": 5.0}, {"at": 4, "target": 6.0}, {"at": 4.5, "target": 1.0}]
    venue = bt.Venue(latency=bt.Latency(request_ns=10**9))
    result = run(quotes((1, 99, 9, 101, 9), (4.2, 99, 9, 101, 9), (9, 99, 9, 101, 9)), schedule(*rows), venues=venue)
    assert table(result.orders, "side", "quantity") == [("buy", 5), ("buy", 1), ("sell", 5)]


def test_rule_18_resting_orders_count_with_their_rest():
    """Rule 18: in flight is the signed rest of open orders."""
    rows = [{"at": 2, "buy": 3, "limit": 50}, {"at": 3, "target": 5.0}]
    assert table(run(Q, schedule(*rows)).orders, "quantity") == [(3,), (2,)]


def test_rule_18_reductions_come_first_then_increases_by_index():
    """Rule 18: of one time, whatever the order of rows: the sale pays for the purchases."""
    c = bt.Instrument("x", "c_usd", price_increment=1, quantity_increment=1)
    data = [quotes((1, 100, 99, 101, 99, name), (5, 100, 99, 101, 99, name)) for name in ("a_usd", "b_usd", "c_usd")]
    rows = [{"at": 2, "target": 9.0, "on": "b_usd"}]
    rows += [{"at": 3, "target": t, "on": name} for name, t in (("c_usd", 4.0), ("b_usd", 1.0), ("a_usd", 4.0))]
    result = run(data, schedule(*rows), [c, B, A], balances={"usd": 909})
    assert table(result.orders, "instrument", "side", "quantity", "quantity_requested") == [
        ("b_usd", "buy", 9, 9),
        ("b_usd", "sell", 8, 8),
        ("a_usd", "buy", 4, 4),
        ("c_usd", "buy", 3, 4),  # 800 from the sale, 404 gone: 396 buy 3 at 101
    ]


def test_rule_18_a_flip_is_a_reduction():
    """Rule 18: the order's side is opposite to the position: from 2 to −1 is one sale of 3."""
    rows = [{"at": 2, "target": 2.0}, {"at": 3, "target": -1.0}]
    result = run(Q, schedule(*rows), venues=bt.Venue(account="margin"))
    assert table(result.orders, "side", "quantity") == [("buy", 2), ("sell", 3)]


def test_rule_18_explicit_rows_of_a_time_come_before_its_targets():
    """Rule 18: targets of one time come after its opens and cancels, and see them in flight."""
    rows = [{"at": 2, "target": 5.0}, {"at": 2, "buy": 2}]
    result = run(Q, schedule(*rows))
    assert table(result.orders, "quantity", "quantity_requested") == [(2, 2), (3, 3)]


def test_rule_18_units_are_cut_toward_zero():
    """Rule 18: lots = target / lot toward zero, of both signs; float noise is not cut."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment="0.1")
    rows = [{"at": 2, "target": 0.39}, {"at": 3, "target": 0.1 + 0.2}, {"at": 4, "target": -0.39}]
    result = run(Q, schedule(*rows), one, venues=bt.Venue(account="margin"))
    assert table(result.orders, "side", "quantity") == [("buy", 0.3), ("sell", 0.6)]


def test_rule_18_notional_is_divided_by_the_price():
    """Rule 18: floor(value·den / (ticks·num)) at the price of rule 6 (here the mid of 100), with the target's sign."""
    for target, side, lots in ((399.0, "buy", 3), (400.0, "buy", 4), (-250.0, "sell", 2)):
        result = run(Q, schedule({"at": 2, "target": target}, size="notional"), venues=bt.Venue(account="margin"))
        assert table(result.orders, "side", "quantity") == [(side, lots)]


def test_rule_18_with_fee_a_fee_per_contract_is_paid_out_of_the_value_too():
    """Rule 18: the most lots that cost no more than the value with their whole fee, whatever it is made of."""
    for rate, per_contract in ((0.01, 0), (0, 1), (0.01, 1), (-0.001, 1), (0.05, 7.25)):
        for value in (101, 102, 1000, 1010, 1020, 4444, 0):
            fees = bt.Fees(taker=rate, per_contract=per_contract)
            target = schedule({"at": 2, "target": value}, size="notional")
            sent = run(Q, target, venues=bt.Venue(fees)).orders["quantity_requested"].to_list()
            cost = [100 * lots + max(100 * lots * rate + per_contract * lots, 0) for lots in range(60)]
            most = max(lots for lots in range(60) if round(cost[lots], 6) <= value)
            assert sent == ([most] if most else []), (rate, per_contract, value)


def test_rule_18_with_fee_the_fee_is_paid_out_of_the_value():
    """Rule 18: floor(value·1e9/(1e9 + rate)): 404 at 1 % buy 4, 403 buy 3; without, 403 buy 4; a rebate counts 0."""
    found = {}
    for value in (404.0, 403.0):
        for with_fee in (True, False):
            result = run(Q, schedule({"at": 2, "target": value}, size="notional", with_fee=with_fee), venues=fee(0.01))
            found[value, with_fee] = result.orders["quantity_requested"].item()
    assert found == {(404.0, True): 4, (404.0, False): 4, (403.0, True): 3, (403.0, False): 4}
    result = run(Q, schedule({"at": 2, "target": 399.0}, size="notional"), venues=fee(-0.01))
    assert result.orders["quantity_requested"].item() == 3


def test_rule_18_fractions_of_equity():
    """Rule 18: half of 10,000 buys 50 at 100; then half of what is left when the price has moved."""
    data = flat(100, 100, 200, 200)
    result = run(data, schedule({"at": 10, "target": 0.5}, {"at": 30, "target": 0.5}, size="equity"))
    # At 30: equity 5,000 + 50 · 200 = 15,000: half is 37.5 at 200: 37.
    assert table(result.orders, "side", "quantity") == [("buy", 50), ("sell", 13)]


def test_rule_18_of_a_negative_equity_nothing_is_wished():
    """Rule 18: equity not below 0: whatever the fraction, the position is closed."""
    data = trades(*((k, 100, 9) for k in range(5)))
    rows = [{"at": 0, "target": 0.8}, {"at": 2, "target": 0.5}]
    owed = pl.DataFrame({"time": stamps([1]), "asset": ["usd"], "amount": [-700.0], "reason": ["rent"]})
    flows = bt.data.cash_flows(owed)
    result = run(data, schedule(*rows, size="equity"), balances={"usd": 500}, cash_flows=flows)
    assert table(result.orders, "side", "quantity", "status") == [("buy", 4, "filled"), ("sell", 4, "filled")]
    assert result.equity["equity"].min() == -200


def test_rule_18_equity_is_measured_once_for_all_targets_of_a_time():
    """Rule 18: before the first: a fee paid on the first order does not shrink the second."""
    data = [quotes((1, 100, 99, 102, 99, name), (5, 100, 99, 102, 99, name)) for name in ("a_usd", "b_usd")]
    rows = [{"at": 2, "target": 0.4, "on": name} for name in ("a_usd", "b_usd")]
    result = run(data, schedule(*rows, size="equity", with_fee=False), [A, B], venues=fee(0.1))
    assert table(result.orders, "quantity_requested") == [(39,), (39,)]  # 4,000 / 101


def test_rule_18_without_a_price_a_target_is_refused():
    """Rule 18: `no_price`; a target of 0 needs none, units need none."""
    data = [trades((1, 100, 9), (9, 100, 9)), trades((5, 100, 9, "b_usd"))]
    rows = [{"at": 2, "target": 500.0, "on": "b_usd"}, {"at": 3, "target": 0.0, "on": "b_usd"}]
    result = run(data, schedule(*rows, size="notional"), [A, B])
    assert table(result.orders, "status", "reason", "instrument", "time_closed") == [
        ("refused", "no_price", "b_usd", 2)
    ]
    result = run(data, schedule({"at": 2, "target": 3.0, "on": "b_usd"}), [A, B])
    assert orders(result) == [("filled", None, 3)]


def test_rule_18_nan_is_an_error():
    """Rule 18: null is no change, NaN and infinity are errors that name the row."""
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(StrategyError, match=r"NaN or infinite in 1 row\(s\).*first 1"):
            run(Q, schedule({"at": 2, "target": 1.0}, {"at": 3, "target": wrong}))


def test_rule_18_fractions_of_equity_need_its_currency():
    """Rule 18: refused where the quote asset is not the reporting asset."""
    other = bt.Instrument("x", "b_eur", price_increment=1, quantity_increment=1)
    data = [flat(100, 100), flat(100, 100, instrument="b_eur")]
    with pytest.raises(StrategyError, match="b_eur.*fractions of the equity"):
        run(data, schedule({"at": 10, "target": 0.5, "on": "b_eur"}, size="equity"), [A, other], reporting="usd")


def test_rule_18_the_wish_stays_in_quantity_requested():
    """Rule 18: also where risk refuses."""
    result = run(Q, schedule({"at": 2, "target": 10.0}), risk=bt.Limits(order_quantity=5))
    assert table(result.orders, "status", "reason", "quantity_requested") == [("refused", "order_quantity_limit", 10)]


# Rule 19: margin


def test_rule_19_spot_does_not_go_short_in_a_cash_account():
    """Rule 19: a sell needs free base; a target below zero is cut to what is held."""
    assert orders(run(Q, schedule({"at": 2, "sell": 1}))) == [("rejected", "insufficient_balance", 0)]
    result = run(Q, schedule({"at": 2, "target": 2.0}, {"at": 3, "target": -3.0}))
    assert table(result.orders, "side", "quantity", "quantity_requested") == [("buy", 2, 2), ("sell", 2, 5)]


@pytest.mark.parametrize(("quantity", "status"), [(199, "filled"), (200, "rejected")])
def test_rule_19_a_margin_account_can_go_short_as_far_as_its_collateral_reaches(quantity, status):
    """Rule 19: at a rate of 0.5 a short of 199 at 99 needs 9,850.5, which is all there is; one of 200 needs 9,900."""
    venue = bt.Venue(account="margin", margin=bt.Margin(rate=0.5))
    result = run(Q, schedule({"at": 2, "sell": quantity}), balances={"usd": 9_850.5}, venues=venue)
    assert table(result.orders, "status") == [(status,)]


def test_rule_19_one_unit_short_of_the_requirement():
    """Rule 19: collateral = total − fee after the fill; exactly the requirement is enough."""
    venue = fee(each=1, account="margin", margin=bt.Margin(rate=0.1))
    rows = schedule({"at": 2, "sell": 10})  # requirement 99, fee 10
    assert orders(run(Q, rows, balances={"usd": 109}, venues=venue)) == [("filled", None, 10)]
    assert orders(run(Q, rows, balances={"usd": "108.999999999"}, venues=venue)) == [
        ("rejected", "insufficient_balance", 0)
    ]


def test_rule_19_a_short_sale_posts_both_assets():
    """Rule 19: proceeds come in, base goes negative; equity is what both are worth."""
    result = run(Q, schedule({"at": 2, "sell": 10}), venues=bt.Venue(account="margin"), mark_every="1s")
    assert table(result.balances, "asset", "total")[2:] == [("usd", 10_990), ("a", -10)]
    assert table(result.equity, "time", "equity")[-1] == (9, 10_990 - 10 * 100)


def test_rule_19_nothing_is_reserved_in_a_margin_account():
    """Rule 19: resting orders tie up nothing; their fills are checked."""
    data = trades((1, 100, 99), (3, 80, 99), (9, 80, 99))
    rows = [{"at": 2, "buy": 100, "limit": 90}, {"at": 2, "buy": 100, "limit": 89}]
    result = run(data, schedule(*rows), balances={"usd": 9_000}, venues=bt.Venue(account="margin"))
    assert orders(result) == [("filled", None, 100), ("rejected", "insufficient_balance", 0)]
    assert result.balances["free"].to_list() == result.balances["total"].to_list()


def test_rule_19_a_reduction_is_never_refused():
    """Rule 19: only a fill that increases |position| needs collateral; what is no longer covered can be closed."""
    data = quotes((1, 99, 900, 100, 900, "f_usd"), (3, 95, 900, 96, 900, "f_usd"), (9, 95, 900, 96, 900, "f_usd"))
    venue = bt.Venue(margin=bt.Margin(rate=0.1))
    rows = [{"at": 2, "buy": 10}, {"at": 4, "buy": 1}, {"at": 5, "sell": 4}, {"at": 6, "sell": 6}]
    result = run(data, schedule(*(row | {"on": "f_usd"} for row in rows)), FUTURE, balances={"usd": 1000}, venues=venue)
    assert orders(result) == [
        ("filled", None, 10),
        ("rejected", "insufficient_balance", 0),
        ("filled", None, 4),
        ("filled", None, 6),
    ]
    assert table(result.balances, "asset", "total")[-1] == ("usd", 1000 - 10 * 10 * 5)


def test_rule_19_a_flip_is_checked_like_an_increase():
    """Rule 19: what it opens needs margin."""
    data = quotes((1, 100, 900, 101, 900, "f_usd"), (9, 100, 900, 101, 900, "f_usd"))
    venue = bt.Venue(margin=bt.Margin(per_contract=100))
    rows = [
        {"at": 2, "buy": 5, "on": "f_usd"},
        {"at": 3, "sell": 10, "on": "f_usd"},
        {"at": 4, "sell": 9, "on": "f_usd"},
    ]
    result = run(data, schedule(*rows), FUTURE, balances={"usd": 540}, venues=venue)
    # The loss of 5 · 10 leaves 490: four contracts, not five.
    assert orders(result) == [
        ("filled", None, 5),
        ("rejected", "insufficient_balance", 0),
        ("filled", None, 9),
    ]
    assert result.state.instruments.quantity[0] == -4


def test_rule_19_margin_per_contract():
    """Rule 19: contracts × margin per contract, whatever the price."""
    data = quotes((1, 100, 900, 101, 900, "f_usd"), (9, 100, 900, 101, 900, "f_usd"))
    venue = fee(each=2, margin=bt.Margin(per_contract=1000))
    for cash, filled in ((3006, 3), ("3005.99", 2)):
        result = run(
            data, schedule({"at": 2, "target": 3.0, "on": "f_usd"}), FUTURE, balances={"usd": cash}, venues=venue
        )
        assert table(result.orders, "filled", "quantity_requested") == [(filled, 3)]


def test_rule_19_a_future_exchanges_no_assets():
    """Rule 19: a fill pays its fee; a reduction credits what it realises before fees."""
    data = trades(*((k, p, 9, "f_usd") for k, p in ((1, 100), (2, 100), (3, 107), (4, 90))))
    rows = [
        {"at": 1, "buy": 3, "on": "f_usd"},
        {"at": 2, "sell": 1, "on": "f_usd"},
        {"at": 3, "sell": 4, "on": "f_usd"},
    ]
    result = run(data, schedule(*rows), FUTURE, venues=fee(each=2))
    # 3 at 100: fee 6. 1 at 107: +70, fee 2. 4 at 90: two closed at −10 · 10 each, fee 8, two short.
    totals = [10_000, 10_000 - 6, 10_000 - 6 + 68, 10_000 - 6 + 68 - 208]
    assert result.balances.filter(pl.col("asset") == "usd")["total"].to_list() == totals
    assert result.balances.filter(pl.col("asset") == "f").height <= 1
    assert table(result.positions, "pnl_realised", "quantity_abs_max") == [(70 - 200 - 6 - 2 - 4, 3)]


def test_rule_19_unrealised_gain_is_collateral():
    """Rule 19: values at the venue's marks count: after a rise of 10 the same cash carries more."""
    data = quotes(
        (1, 100, 900, 100.0 + 1, 900, "f_usd"), (3, 120, 900, 121, 900, "f_usd"), (9, 120, 900, 121, 900, "f_usd")
    )
    venue = bt.Venue(margin=bt.Margin(per_contract=100))
    rows = [{"at": 2, "buy": 5}, {"at": 2.5, "buy": 1}, {"at": 4, "buy": 8}, {"at": 5, "buy": 99}]
    result = run(data, schedule(*(row | {"on": "f_usd"} for row in rows)), FUTURE, balances={"usd": 500}, venues=venue)
    # At the fill's price of 121 the gain is 5 · 10 · 20 = 1,000: 15 contracts in all.
    assert orders(result) == [
        ("filled", None, 5),
        ("rejected", "insufficient_balance", 0),
        ("filled", None, 8),
        ("rejected", "insufficient_balance", 0),
    ]


def test_rule_19_other_positions_count_at_their_marks():
    """Rule 19: the loss of one instrument shrinks what another may do."""
    g = bt.Instrument("x", "g_usd", kind="future", price_increment=1, quantity_increment=1)
    data = [
        quotes((1, 99, 90, 100, 90, "f_usd"), (3, 79, 90, 81, 90, "f_usd"), (9, 79, 90, 81, 90, "f_usd")),
        quotes((1, 99, 90, 100, 90, "g_usd"), (9, 99, 90, 100, 90, "g_usd")),
    ]
    venue = bt.Venue(margin_by_instrument={"f_usd": bt.Margin(per_contract=100), "g_usd": bt.Margin(rate=0.5)})
    rows = [{"at": 2, "buy": 1, "on": "f_usd"}, {"at": 4, "target": 99.0, "on": "g_usd"}]
    result = run(data, schedule(*rows), [FUTURE, g], balances={"usd": 1000}, venues=venue)
    # 1,000 − 200 of loss at the mid of 80, less 100 for the other, carry 14 at 50.
    assert table(result.orders, "instrument", "filled") == [("f_usd", 1), ("g_usd", 14)]


def test_risk_refuses_before_an_order_is_sent():
    """A limit per order and per position, aware of what is at work; what brings a position nearer to zero passes."""
    rows = [
        {"at": 2, "buy": 6},
        {"at": 2, "buy": 5},
        {"at": 2, "buy": 3, "limit": 90},
        {"at": 2, "buy": 1},
        {"at": 3, "sell": 5},
        {"at": 3, "buy": 2, "limit": 600},
    ]
    limits = bt.Limits(order_quantity=5, position_quantity=8, order_notional=1000)
    result = run(Q, schedule(*rows), risk=limits)
    assert orders(result) == [
        ("refused", "order_quantity_limit", 0),
        ("filled", None, 5),
        ("open", None, 0),
        ("refused", "position_limit", 0),
        ("filled", None, 5),
        ("refused", "order_notional_limit", 0),
    ]
    assert table(result.orders, "time_closed")[0] == (2,)


def test_candles_reserve_and_cut_too():
    """Rule 17 on candles: a resting limit reserves from the close to its fill; a target is cut at the open's price."""
    data = bars((100, 100, 100, 100), (100, 110, 90, 100), (100, 100, 100, 100))
    result = run(data, schedule({"at": 10, "buy": 50, "limit": 95}, {"at": 10, "target": 110.0}))
    assert table(result.orders, "status", "filled", "quantity") == [("filled", 50, 50), ("filled", 52, 52)]
