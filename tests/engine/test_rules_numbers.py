"""Rules 2 to 6: rounding, positions, equity and marks, with figures worked out by hand."""

import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.engine.accounting import notional
from barter_bt.engine.state.position import unrealised
from barter_bt.engine.terms import holds_lot, whole_lots
from barter_bt.errors import ConfigError, DataError, EngineError, StrategyError
from tests.engine.tiny import FUTURE, A, B, Watch, flat, quotes, run, schedule, table, trades

BTC = bt.Instrument("x", "btc_usdt", price_increment=1, quantity_increment="0.01")
CENTS = {"balances": {"usd": 10**14}}  # rule 1: units of 0.01
FINE = bt.Instrument("x", "a_usd", price_increment="0.001", quantity_increment=1)


def per_contract(amount: float, **terms: object) -> bt.Venue:
    return bt.Venue(fees=bt.Fees(per_contract=amount), **terms)


def one_trade_each(*prices: float, instrument: str = "a_usd") -> bt.data.Stream:
    """Trades at 1, 2, 3, ... of a large amount."""
    return trades(*((k + 1, price, 1e6) for k, price in enumerate(prices)), instrument=instrument)


def test_rule_2_leaving_the_range_ends_the_run_with_an_error_that_names_the_instrument():
    """Rule 2: a balance beyond 2^62 units; the error names the instrument and the increment that would do."""
    one = bt.Instrument("x", "a_usd", price_increment="1e-9", quantity_increment="1e-9")
    data = trades((1, 1e-7, 1), (2, 1e-7, 1), (3, 1e-7, 1))
    rows = [{"at": 1, "buy": 4e9}, {"at": 2, "buy": 4e9}]
    with pytest.raises(EngineError, match="a_usd") as caught:
        run(data, schedule(*rows), one)
    assert "quantity_increment" in caught.value.hint
    result = run(data, schedule(*rows[:1]), one)
    assert table(result.trades, "quantity", "notional") == [(4e9, 400)]


def test_rule_3_a_notional_is_rounded_half_to_even():
    """Rule 3: 1, 3 and 5 lots at half a unit cost 0, 2 and 2 units."""
    one = bt.Instrument("x", "a_usd", price_increment="0.005", quantity_increment=1)
    data = one_trade_each(*[0.005] * 4)
    result = run(data, schedule(*({"at": k + 1, "buy": q} for k, q in enumerate((1, 3, 5)))), one, **CENTS)
    assert table(result.trades, "quantity", "notional") == [(1, 0), (3, 0.02), (5, 0.02)]


def test_rule_4_the_average_of_one_price_is_that_price_though_its_notional_is_rounded():
    """Rule 4: one lot at half a unit costs nothing, and its average is still its price; also of what a flip opened."""
    one = bt.Instrument("x", "a_usd", price_increment="0.005", quantity_increment=1)
    rows = [{"at": 1, "buy": 1}, {"at": 2, "sell": 3}, {"at": 3, "buy": 2}]
    result = run(one_trade_each(*[0.005] * 4), schedule(*rows), one, venues=bt.Venue(account="margin"), **CENTS)
    assert table(result.orders, "price_average") == [(0.005,)] * 3
    assert table(result.positions, "price_entry_average") == [(0.005,)] * 2


@pytest.mark.parametrize(("rate", "sign"), [(0.005, 1), (-0.005, -1)])
def test_rule_3_a_fee_is_rounded_half_to_even(rate, sign):
    """Rule 3: notionals of 100, 300 and 500 units at 0.5 % cost 0, 2 and 2 units; a rebate is the mirror."""
    data = one_trade_each(*[1.0] * 4)
    orders = schedule(*({"at": k + 1, "buy": q} for k, q in enumerate((1, 3, 5))))
    result = run(data, orders, venues=bt.Venue(fees=bt.Fees(taker=rate)), **CENTS)
    assert table(result.trades, "fees") == [(0,), (sign * 0.02,), (sign * 0.02,)]


def test_rule_3_a_fee_has_a_rate_and_a_part_per_contract():
    """Rule 3: each term is rounded by itself: rhe(2.5) + rhe(2.5) = 4 units, not 5."""
    venue = bt.Venue(fees=bt.Fees(taker=0.005, per_contract=0.005))
    result = run(one_trade_each(1, 1), schedule({"at": 1, "buy": 5}), venues=venue, **CENTS)
    assert table(result.trades, "notional", "fees") == [(5, 0.04)]


def test_rule_3_the_fee_per_contract_counts_contracts():
    """Rule 3: two contracts of size 10 at 100: notional 2,000, fee 2 each."""
    data = one_trade_each(100, 100, instrument="f_usd")
    result = run(data, schedule({"at": 1, "buy": 2, "on": "f_usd"}), FUTURE, venues=per_contract(2))
    assert table(result.trades, "notional", "fees") == [(2000, 4)]


def test_rule_4_worked_numbers_of_a_reduction():
    """Rule 4: buy 0.1 at 50,000 fee 5, sell 0.05 at 60,000 fee 2.5: quantity 0.05, max 0.1, realised 492.5."""
    data = one_trade_each(50_000, 50_000, 60_000, instrument="btc_usdt")
    rows = [{"at": 1, "buy": 0.1, "on": "btc_usdt"}, {"at": 2, "sell": 0.05, "on": "btc_usdt"}]
    result = run(data, schedule(*rows), BTC, balances={"usdt": 10_000}, venues=per_contract(50))
    assert table(result.trades, "fees") == [(5,), (2.5,)]
    ins = result.state.instruments
    assert (ins.quantity[0], ins.quantity_max[0], ins.realised[0]) == (5, 10, 492_500_000_000)
    assert result.positions.height == 0


def test_rule_4_worked_numbers_of_a_flip():
    """Rule 4: sell 0.1 at 50,000 fee 5, buy 0.2 at 40,000 fee 10: exit 990.0; long 0.1 at 40,000, realised -5.0."""
    data = one_trade_each(50_000, 50_000, 40_000, instrument="btc_usdt")
    rows = [{"at": 1, "sell": 0.1, "on": "btc_usdt"}, {"at": 2, "buy": 0.2, "on": "btc_usdt"}]
    venue = per_contract(50, account="margin")
    result = run(data, schedule(*rows), BTC, balances={"usdt": 10_000}, venues=venue)
    names = ("side", "pnl_realised", "fees_enter", "fees_exit", "quantity_abs_max", "price_entry_average")
    assert table(result.positions, *names) == [("sell", 990.0, 5, 5, 0.1, 50_000)]
    ins = result.state.instruments
    assert (ins.quantity[0], ins.cost_basis[0], ins.quantity_max[0]) == (10, 4_000_000_000_000, 10)
    assert (ins.realised[0], ins.fees_enter[0], ins.fees_exit[0]) == (-5_000_000_000, 5_000_000_000, 0)
    assert unrealised(result.state, 0) == -5_000_000_000, "no gain at the trade's price; leaving costs its fee"


def third() -> bt.Result:
    """Buy 2 at 100 as taker (1 % + 4 each: 10), sell 0.5 at 150 as maker (4 % + 4 each: 5), then a trade at 150."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment="0.5")
    data = trades((1, 100, 9), (2, 100, 9), (3, 151, 9), (4, 150, 9))
    rows = [{"at": 1, "buy": 2}, {"at": 2, "sell": 0.5, "limit": 150}]
    venue = bt.Venue(fees=bt.Fees(taker=0.01, maker=0.04, per_contract=4))
    return run(data, schedule(*rows), one, venues=venue)


def test_rule_4_worked_numbers_of_unrealised():
    """Rules 4 and 5: buy 2 at 100 fee 10, sell 0.5 at 150 fee 5: realised 10.0, unrealised 67.5."""
    result = third()
    assert table(result.trades, "price", "quantity", "fees") == [(100, 2, 10), (150, 0.5, 5)]
    assert result.state.instruments.realised[0] == 10_000_000_000
    assert unrealised(result.state, 0) == 67_500_000_000


def test_rule_5_equity_is_explained_by_realised_and_unrealised():
    """Rule 5: its change is realised 10 + unrealised 67.5 + the estimated exit fee 7.5."""
    assert third().equity["equity"].to_list()[-1] == 10_000 + 10 + 67.5 + 7.5


def test_rule_4_an_increase_adds_cost_and_fee():
    """Rule 4: buy 1 at 100, 3 at 104, sell 2 at 110, buy 1 at 90: cost and fees by hand, at 1 each contract."""
    data = one_trade_each(100, 100, 104, 110, 90)
    rows = [{"at": 1, "buy": 1}, {"at": 2, "buy": 3}, {"at": 3, "sell": 2}, {"at": 4, "buy": 1}]
    result = run(data, schedule(*rows), venues=per_contract(1))
    ins, unit = result.state.instruments, 10**9
    # 412 for 4; half goes out: 206. Then 90 more.
    assert (ins.quantity[0], ins.quantity_max[0], ins.cost_basis[0]) == (3, 4, (206 + 90) * unit)
    assert ins.realised[0] == (-1 - 3 + (220 - 206) - 2 - 1) * unit
    assert (ins.fees_enter[0], ins.fees_exit[0]) == (5 * unit, 2 * unit)


def test_rule_4_the_cost_that_leaves_is_rounded_half_to_even():
    """Rule 4: a cost of 3 units for two lots: one lot takes 2 with it, the other 1."""
    one = bt.Instrument("x", "a_usd", price_increment="0.01", quantity_increment=1)
    data = one_trade_each(0.01, 0.01, 0.02, 0.02, 0.02)
    rows = [{"at": 1, "buy": 1}, {"at": 2, "buy": 1}, {"at": 3, "sell": 1}]
    result = run(data, schedule(*rows), one, **CENTS)
    assert (result.state.instruments.cost_basis[0], result.state.instruments.realised[0]) == (1, 0)
    result = run(data, schedule(*rows, {"at": 4, "sell": 1}), one, **CENTS)
    assert table(result.positions, "pnl_realised", "quantity_abs_max", "price_entry_average") == [(0.01, 2, 0.01)]


def test_rule_4_a_flip_splits_notional_and_fee():
    """Rule 4: the closing part gets notional(Q) and rhe(f·Q/q); the rest opens with what is left, to the unit."""
    data = one_trade_each(1, 1, 1)
    venue = per_contract(0.005, account="margin")
    result = run(data, schedule({"at": 1, "buy": 1}, {"at": 2, "sell": 4}), venues=venue, **CENTS)
    # In units of 0.01: the buy costs rhe(0.5) = 0, the sell 2; rhe(2 · 1 / 4) = 0 closes and 2 opens.
    assert table(result.trades, "notional", "fees") == [(1, 0), (4, 0.02)]
    assert table(result.positions, "pnl_realised", "fees_enter", "fees_exit") == [(0, 0, 0)]
    ins = result.state.instruments
    assert (ins.quantity[0], ins.cost_basis[0], ins.fees_enter[0], ins.realised[0]) == (-3, 300, 2, -2)


def test_rule_4_a_closed_position_is_a_row():
    """Rule 4: opened, increased, closed: times, fees, realised PnL, largest quantity; then the next one opens."""
    data = one_trade_each(100, 100, 110, 120, 130, 130)
    rows = [{"at": k, side: q} for k, side, q in ((1, "buy", 1), (2, "buy", 1), (3, "sell", 2), (4, "buy", 1))]
    result = run(data, schedule(*rows), venues=per_contract(1))
    names = ("position_id", "side", "price_entry_average", "quantity_abs_max", "pnl_realised", "fees_enter")
    assert table(result.positions, *names) == [(0, "buy", 105, 2, 240 - 210 - 4, 2)]
    assert table(result.positions, "fees_exit", "time_enter", "time_exit") == [(2, 2, 4)]
    assert table(result.positions, "trade_id_enter", "trade_id_exit") == [(0, 2)]
    assert result.state.instruments.position[0] == 1


def test_rule_5_equity_of_spot_and_derivative():
    """Rule 5: spot counts its whole value at the mark, a derivative its gain; long and short."""
    data = [one_trade_each(100, 100, 107), one_trade_each(100, 100, 93, instrument="f_usd")]
    rows = [{"at": 1, "buy": 2}, {"at": 1, "sell": 3, "on": "f_usd"}]
    result = run(data, schedule(*rows), [A, FUTURE], mark_every="1s", venues=per_contract(1))
    usd = result.balances.filter(pl.col("asset") == "usd")["total"].to_list()
    assert usd == [10_000, 10_000 - 202, 10_000 - 202 - 3]
    assert table(result.equity, "time", "equity")[-1] == (3, 10_000 - 5 + 2 * 7 + 3 * 10 * 7)


def seen_prices(*data: bt.data.Stream) -> list[float]:
    watch = Watch(lambda s: s.price("a_usd"), wake="market")
    run(list(data), watch)
    return watch.seen


def test_rule_6_the_price_is_the_weighted_mid():
    """Rule 6: bid + rhe((ask − bid)·bid_amount/(bid_amount + ask_amount)), in ticks, half to even."""
    assert seen_prices(quotes((1, 100, 1, 103, 1), (2, 101, 1, 102, 1), (3, 100, 1, 110, 4), (4, 100, 9, 101, 1))) == [
        102,  # 100 + 1.5
        101,  # 101 + 0.5
        102,  # 100 + 10 · 1/5
        101,  # 100.9
    ]


def test_rule_6_without_two_sides_the_price_is_the_last_trade_or_close():
    """Rule 6: an empty side or a locked book is no mid; before any trade there is no price."""
    data = [quotes((1, 100, 1, 110, 0), (3, 100, 1, 110, 1), (4, 100, 1, 100, 1)), trades((2, 90, 1), (5, 91, 1))]
    assert seen_prices(*data) == [0, 90, 105, 90, 91]
    assert seen_prices(trades((1, 90, 1), (11, 95, 1)), flat(92, 93)) == [90, 92, 95, 93]


def test_rule_6_a_position_just_opened_is_marked_at_its_cost():
    """Rule 6: its unrealised is 0 until a priced event follows, also if the mid differs from what was paid."""
    data = quotes((1, 99, 1, 101, 1), (3, 99, 1, 101, 1), (4, 99, 1, 103, 1))
    result = run(data, schedule({"at": 2, "buy": 1}), mark_every="1s")
    assert table(result.equity, "time", "equity") == [(1, 10_000), (2, 10_000), (3, 9_999), (4, 10_000)]


def test_rule_6_a_later_own_fill_is_the_mark():
    """Rule 6: after a reduction the rest is marked at its price, until the market says otherwise."""
    data = quotes((1, 98, 9, 102, 9), (4, 98, 9, 102, 9))
    result = run(data, schedule({"at": 2, "buy": 3}, {"at": 3, "sell": 1}), mark_every="1s")
    # 3 bought at 102; 1 sold at 98: realised -4, two marked at 98; then at the mid of 100.
    assert table(result.equity, "time", "equity") == [(1, 10_000), (2, 10_000), (3, 9_988), (4, 9_992)]


def test_rule_6_an_increase_marks_at_its_price_and_a_flip_at_its_cost():
    """Rule 6: bought at 102, more at 102 when the mid is 100: marked at 102; flipped: the new one has no gain yet."""
    data = quotes((1, 98, 9, 102, 9), (3, 98, 9, 104, 9), (6, 98, 9, 104, 9))
    rows = [{"at": 2, "buy": 1}, {"at": 4, "buy": 1}, {"at": 5, "sell": 3}]
    result = run(data, schedule(*rows), venues=bt.Venue(account="margin"), mark_every="1s")
    assert table(result.equity, "time", "equity") == [
        (1, 10_000),
        (2, 10_000),
        (3, 10_000 + 101 - 102),
        (4, 10_000 + 104 - 102),
        (5, 10_000 - 10),  # 206 paid, 196 received; short 1 at 98, at its cost
        (6, 10_000 - 10 - 3),  # marked at 101
    ]


def test_rule_6_a_position_just_opened_has_no_unrealised():
    """Rules 5 and 6: seen by a strategy that its fill wakes, also after a flip: 0, whatever fees it had."""
    watch = Watch(lambda s: unrealised(s.raw, 0), wake="fill")
    data = quotes((1, 98, 9, 102, 9), (2, 98, 9, 102, 9), (3, 98, 9, 102, 9))

    class Flip(Watch):
        wake = ("fill", "quote")

        def generate_algo_orders(self, state):
            if state.event == "fill":
                return watch.generate_algo_orders(state)
            return (), [bt.OrderRequest(0, (1, -3, 2)[round(state.time / 1e9) - 1])]

    run(data, Flip(None, wake=Flip.wake), venues=per_contract(1, account="margin"))
    # Long 1 at 102; flipped to short 2 at 98; closed at 102.
    assert watch.seen == [0, 0, 0]


def test_rule_5_other_holdings_are_revalued():
    """Rule 5: base that no position holds counts at the price too."""
    result = run(one_trade_each(100, 110, 120), schedule({"at": 9, "buy": 1}), balances={"usd": 50, "a": 2})
    assert table(result.equity, "time", "equity")[-1] == (3, 50 + 240)


def test_rule_7_prices_seen_are_the_nearest_floats():
    """Rule 7: accessors give the float nearest to the decimal: 0.1 + 0.2 style noise never appears."""
    one = bt.Instrument("x", "a_usd", price_increment="0.01", quantity_increment="0.001")
    watch = Watch(lambda s: (s.price(0), s.position(0)), lambda s, n: ((), [bt.OrderRequest(0, 0.007)]), wake="trade")
    run(trades(*((k, k / 100, 1) for k in range(1, 60))), watch, one)
    assert [price for price, _ in watch.seen] == [k / 100 for k in range(1, 60)]
    assert [held for _, held in watch.seen] == [7 * k / 1000 for k in range(59)]


def test_rule_20_declared_grid_is_enforced_in_orders():
    """Rule 20: a quantity or price off the grid is an error in every kind of strategy."""
    data = one_trade_each(100, 100, 100)
    for row in ({"buy": 0.5}, {"buy": 1, "limit": 100.5}, {"buy": 1.00001}):
        with pytest.raises(StrategyError, match="grid"):
            run(data, schedule({"at": 1} | row))
    for request in (bt.OrderRequest(0, 0.5), bt.OrderRequest(0, 1, price=100.5), bt.OrderRequest(0, 0)):
        with pytest.raises(StrategyError, match="grid"):
            run(data, Watch(lambda s: 0, lambda s, n, r=request: ((), [r] if n == 1 else [])))


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (bt.OrderRequest("a_usd", 0.5), "OrderRequest(instrument='a_usd', quantity=0.5) at"),
        (bt.OrderRequest("a_usd", 0.5), "quantity is 0.5; allowed: multiples of 1 other than 0"),
        (bt.OrderRequest("a_usd", 0), "quantity is 0; allowed: multiples of 1 other than 0"),
        (bt.OrderRequest("a_usd", -1, price=100.5), "price is 100.5; allowed: multiples of 1 above 0"),
        (bt.OrderRequest("a_usd", 1, price=-3), "price is -3; allowed: multiples of 1 above 0"),
    ],
)
def test_a_request_off_the_grid_is_told_as_it_was_written(request_, told):
    """With the number that is wrong and the step that it has to be a multiple of."""
    with pytest.raises(StrategyError) as caught:
        run(one_trade_each(100, 100), Watch(lambda s: 0, lambda s, n: ((), [request_])))
    assert told in caught.value.message


def test_rule_20_noise_is_not_off_the_grid():
    """Rule 20: 1e-6 of a step, or the noise of a float, is accepted and rounded away."""
    result = run(one_trade_each(100, 100, 100), schedule({"at": 1, "buy": 2.0000005}, {"at": 1, "buy": 3}))
    assert table(result.orders, "quantity") == [(2,), (3,)]
    one = bt.Instrument("x", "a_usd", price_increment="0.1", quantity_increment="0.1")
    result = run(one_trade_each(0.1 + 0.2, 0.1 + 0.2), schedule({"at": 1, "buy": 0.1 + 0.2}), one)
    assert table(result.trades, "price", "quantity", "notional") == [(0.3, 0.3, 0.09)]


def test_rule_20_a_price_off_the_grid_is_an_error_when_it_is_read():
    """Rule 20: in data, too; the error says where and what to do."""
    with pytest.raises(DataError, match="row 1") as caught:
        run(one_trade_each(100, 100.5, 101), schedule({"at": 9, "buy": 1}))
    assert "multiples of price_increment, 1;" in caught.value.hint
    assert "time_exchange 1970-01-01 00:00:0" in caught.value.message
    assert "price 100.5" in caught.value.message


def test_rule_20_less_than_a_lot_of_a_trade_does_not_count():
    """Rule 20: half a lot traded through fills nothing, two and a half fill two; nobody else's run changes."""
    data = trades((1, 100, 0.5), (3, 95, 0.5), (4, 95, 2.5), (5, 100, 1))
    assert table(run(data, schedule({"at": 3.5, "buy": 1})).trades, "quantity") == [(1,)]
    resting = run(data, schedule({"at": 2, "buy": 4, "limit": 98}))
    assert table(resting.trades, "time_exchange", "quantity") == [(4, 2)]


def test_rule_20_less_than_a_lot_on_offer_is_an_empty_side():
    """Rule 20: nothing can be bought of it; the price is the last one until both sides hold a lot again."""
    data = quotes((1, 99, 5, 101, 5), (2, 99, 5, 101, 0.5), (4, 99, 5, 101, 2.999), (5, 99, 0, 101, 0))
    result = run(data, schedule({"at": 3, "buy": 4}))
    assert table(result.trades, "time_exchange", "quantity") == [(4, 2)]
    watch = Watch(lambda s: (s.ask("a_usd"), s.raw.instruments.ask_amount[0]), wake="quote")
    run(data, watch)
    assert watch.seen == [(101.0, 5.0), (0.0, 0.5), (101.0, 2.999), (0.0, 0.0)]


def test_rule_13_a_quote_is_crossed_by_its_amounts_in_the_data():
    """Rule 13: an empty side crosses nothing, one of less than a lot does: data knows no lots."""
    assert run(quotes((1, 102, 0, 101, 5)), schedule({"at": 1, "buy": 1})).trades.height == 1
    with pytest.raises(DataError, match="above ask_price"):
        run(quotes((1, 102, 0.5, 101, 5)), schedule({"at": 1, "buy": 1}))


@pytest.mark.parametrize("amount", [float("inf"), float("nan"), -1.0])
def test_rule_20_an_amount_that_is_no_amount_is_an_error(amount):
    """Not finite or negative, whether or not anything would use it."""
    for data in (trades((1, 100, 5), (2, 100, amount)), quotes((1, 99, 5, 101, 5), (2, 99, 5, 101, amount))):
        for order in ({"at": 1, "buy": 1}, {"at": 1, "buy": 1, "limit": 90}):
            with pytest.raises(DataError, match="row 1"):
                run(data, schedule(order))


def test_rule_20_without_increments_data_is_rounded_to_the_resolution():
    """Rule 20: half up at 1e-9."""
    one = bt.Instrument("x", "a_usd")
    watch = Watch(lambda s: s.raw.instruments.last[0], wake="trade")
    run(trades((1, 1.0000000004, 1), (2, 1.0000000005, 1), (3, 2.5, 1)), watch, one)
    assert watch.seen == [1_000_000_000, 1_000_000_001, 2_500_000_000]


def test_rule_20_rounding_helpers_are_offered():
    """Rule 20: `round_price` and `round_quantity` are offered, as the errors say."""
    from barter_bt.strategy import api

    assert {"round_price", "round_quantity"} <= set(dir(api))


def test_rule_2_units_too_far_apart_are_refused_before_the_run():
    """Rule 2: an increment so fine that one tick × one lot leaves int64 fractions of a unit."""
    one = bt.Instrument("x", "a_usd", price_increment="1e-15", quantity_increment="1e-15")
    with pytest.raises(ConfigError, match=r"x\.a_usd.*too far apart"):
        run(one_trade_each(1, 1), schedule({"at": 1, "buy": 1}), one)


def test_rule_3_the_engine_uses_this_notional():
    """Rule 3: the terms of a run give ticks·lots·num/den for its instruments."""
    result = run([one_trade_each(7), one_trade_each(3, instrument="b_usd")], schedule({"at": 9, "buy": 1}), [A, B])
    value = Fraction(5 * 7 * 10**9)
    assert notional(result.state.terms, 0, 5, 7) == value


@settings(max_examples=300, deadline=None)
@given(
    st.floats(0, 50), st.sampled_from([1.0, 10.0, 1000.0, 1e8, 0.01]), st.sampled_from([1e-6, 1.0]), st.integers(-9, 9)
)
def test_rule_20_a_lot_is_held_where_a_whole_lot_counts(lots, per_unit, noise, ulps):
    """Rule 20: the engine's quick test and the venue's count agree, also an ulp beside a whole lot."""
    amount = lots / per_unit
    for near in (amount, round(lots) / per_unit):
        for _ in range(abs(ulps)):
            near = math.nextafter(near, math.inf if ulps > 0 else 0.0)  # noqa: PLW2901
        assert holds_lot(near, per_unit, noise) == (whole_lots(near, per_unit, noise) > 0)


def test_rule_18_a_notional_of_more_units_than_floats_tell_apart_counts_by_its_decimals():
    """Rule 18: 5.25e-6 are seven lots at 0.003, and the product of floats is 64 of 1e-23 less."""
    one = bt.Instrument("x", "a_usd", price_increment="0.00003", quantity_increment="0.00025")
    wish = schedule({"at": 1, "target": 5.25e-06}, size="notional", with_fee=False)
    options = {"balances": {"usd": "0.00001"}, "units": {"usd": "0.00000000000000000000001"}}
    result = bt.testing.run(trades((0, 0.003, 1), (2, 0.003, 1)), wish, [one], **options)
    assert result.orders["quantity"].to_list() == [0.00175]
