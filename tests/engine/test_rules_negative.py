"""Rule 76: prices of 0 and below, on hand-made markets."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError, InstrumentError, StrategyError
from barter_bt.strategy import api
from tests.engine.test_rules_flows import rates
from tests.engine.tiny import A, S, Watch, bars, quotes, run, schedule, table, trades

TERMS: dict[str, Any] = {"kind": "future", "price_increment": 1, "quantity_increment": 1, "price_can_be_negative": True}
OIL = bt.Instrument("x", "a_usd", **TERMS)
WTI = bt.Instrument("x", "a_usd", **TERMS | {"price_increment": "0.01"}, contract_size=1000)
SWAP = bt.Instrument("x", "a_usd", **TERMS | {"kind": "perpetual"})
FREE = bt.Venue(margin=bt.Margin(per_contract=1))


def moves(*prices: float) -> Any:
    """A trade each second."""
    return trades(*((k, price, 999) for k, price in enumerate(prices)))


def dealt(prices: tuple[float, ...], *plan: Any, item: Any = OIL, venue: Any = FREE, **options: Any) -> bt.Result:
    """A schedule on trades, with 1,000 usd."""
    return run(moves(*prices), schedule(*plan), item, venues=venue, **{"balances": {"usd": 1_000}} | options)


def fills(result: bt.Result) -> list[tuple]:
    return table(result.trades, "side", "price", "notional")


def test_oil_in_april_2020_short_from_ten_to_below_zero():
    """Sold at 10.02, bought at -37.63: 47.65 dollars for each of 1,000 barrels, less 0.1 % of 10,020 and of 37,630."""
    plan = {"at": 0.5, "buy": -1}, {"at": 3.5, "buy": 1}
    venue = bt.Venue(margin="20%", fees="0.1%")
    result = dealt((11, 10.02, 0.01, -5, -37.63), *plan, item=WTI, venue=venue, balances={"usd": 20_000})
    assert fills(result) == [("sell", 10.02, 10_020), ("buy", -37.63, -37_630)]
    assert result.trades["fees"].to_list() == [10.02, 37.63]
    assert result.positions["pnl_realised"].to_list() == pytest.approx([47_650 - 47.65], abs=1e-9)
    marks = table(result.equity, "equity")[-1]
    assert marks == pytest.approx((20_000 + 47_650 - 47.65,), abs=1e-9)


def test_oil_in_april_2020_long_is_liquidated_and_an_insurance_pays():
    """Bought at 10.02 with 12,000: at -5 lost 15,020, a tenth of 5,000 must be kept, so it is closed there."""
    venue = bt.Venue(margin="20%", margin_by_instrument={"a_usd": bt.Margin("20%", maintenance="10%")})
    result = dealt(
        (11, 10.02, 0.01, -5, -37.63), {"at": 0.5, "buy": 1}, item=WTI, venue=venue, balances={"usd": 12_000}
    )
    assert fills(result)[-1] == ("sell", -5, -5_000)
    assert result.orders["reason"].to_list()[-1] == "liquidation"
    assert [(row["reason"], row["amount"]) for row in result.cash_flows.to_dicts()] == [("insurance", 3_020)]


def test_margin_maintenance_and_the_liquidation_fee_go_by_the_absolute_notional():
    """Two bought at -100 tie up 20 of 200. At -108 they have lost 16 of 37: 21 left, to keep 21.6; fees 2 % and 1 %."""
    margin = bt.Margin("10%", maintenance="10%", liquidation_fee="1%")
    venue = bt.Venue(margin=margin, fees="2%")
    result = dealt((-100, -100, -107, -108), {"at": 0.5, "buy": 2}, venue=venue, balances={"usd": 41})
    assert fills(result) == [("buy", -100, -200), ("sell", -108, -216)]
    assert result.trades["fees"].to_list() == pytest.approx([4, 4.32 + 2.16])
    assert result.orders["reason"].to_list()[-1] == "liquidation"


@pytest.mark.parametrize(("price", "status"), [(-1, "filled"), (1, "filled"), (-2, "rejected"), (2, "rejected")])
def test_a_requirement_is_of_the_absolute_price(price, status):
    """Ten at 1 or -1 need 10, which are there; at 2 or -2 they are not."""
    result = dealt((price, price), {"at": 0.5, "buy": 10}, venue=bt.Venue(), balances={"usd": 10})
    assert result.orders["status"].to_list() == [status]


def test_a_spread_that_crosses_zero_meets_limits_and_stops():
    """A buy limit at -1, a sell stop at 0, a buy stop at 0, on the way 2, 1, 0, -1, -2, 1."""
    plan = [{"at": 0.5, "buy": 1, "limit": -1}, {"at": 0.5, "buy": -2, "stop": 0}, {"at": 4.5, "buy": 4, "stop": 0}]
    result = dealt((2, 1, 0, -1, -2, 1, 1), *plan)
    assert [(row[0], row[1]) for row in fills(result)] == [("sell", 0), ("buy", -1), ("buy", 1)]
    assert table(result.orders, "price", "trigger") == [(-1, None), (None, 0), (None, 0)]
    assert result.state.instruments.quantity[0] == 3


def test_the_limit_fills_at_zero_itself():
    result = dealt((2, 1, 0, -1), {"at": 0.5, "buy": 1, "limit": 0})
    assert fills(result) == [("buy", 0, 0)]
    assert table(result.orders, "price", "price_average") == [(0, 0)]


def test_trailing_stops_follow_below_zero():
    """A sell that stays 3 behind: from 2 to 1, at -1; at 0 it has not been reached; -1 reaches it."""
    result = dealt((1, 2, 0, -1, -5), {"at": 0.5, "buy": -1, "trailing": 3})
    assert fills(result) == [("sell", -1, -1)]
    behind = dealt((-9, -10, -20, -17, -10), {"at": 0.5, "buy": 1, "trailing_rate": 0.2})  # at -20 + 4 = -16
    assert fills(behind) == [("buy", -10, -10)]


@pytest.mark.parametrize(("price", "stop", "profit"), [(-20, -22, -18), (20, 18, 22), (0, -1, 1)])
def test_protection_by_fractions_is_of_the_absolute_price(price, stop, profit):
    """A tenth of 20 either way; at 0 a tick."""
    entry = {"at": 0.5, "buy": 1, "stop_loss": 0.1, "take_profit": 0.1}
    result = run(moves(price, price, price), schedule(entry, protect_by="fraction"), OIL, venues=FREE)
    children = result.orders.filter(pl.col("parent_id").is_not_null())
    assert table(children, "trigger", "price") == [(stop, None), (None, profit)]


def test_protection_at_prices_of_zero_and_below():
    entry = {"at": 0.5, "buy": 1, "stop_loss": -4, "take_profit": 0}
    result = run(moves(-2, -2, -1, 1), schedule(entry), OIL, venues=FREE)
    assert fills(result) == [("buy", -2, -2), ("sell", 0, 0)]


def test_slippage_is_of_the_absolute_price():
    """A hundredth of 200 away, against the order."""
    venue = bt.Venue(margin=bt.Margin(per_contract=1), slippage="1%")
    result = dealt((-200, -200, -200), {"at": 0.5, "buy": 1}, {"at": 1.5, "buy": -1}, venue=venue)
    assert [row[1] for row in fills(result)] == [-198, -202]


@pytest.mark.parametrize("price", [0, -1])
@pytest.mark.parametrize(("size", "reason"), [("equity", "no_price"), ("notional", "no_price"), ("units", None)])
def test_money_has_no_size_at_prices_that_are_not_above_zero(price, size, reason):
    result = run(moves(price, price), schedule({"at": 0.5, "target": 1.0}, size=size), OIL, venues=FREE)
    assert result.orders["reason"].to_list() == [reason]


def test_a_strategy_in_python_is_told_that_money_has_no_size_there():
    watch = Watch(lambda _: None, lambda s, _: ((), s.order_target_value("a_usd", 10.0)))
    with pytest.raises(StrategyError, match="its price is -1") as caught:
        run(moves(-1), watch, OIL, venues=FREE)
    assert "above 0" in str(caught.value)


def test_what_is_sized_at_its_fill_expires_at_such_a_price():
    """Whether it is to enlarge a position, or to reduce one of five to what costs one."""
    plan = schedule({"at": 0.5, "target": 10.0}, size="notional", size_at="fill")
    assert table(run(moves(1, -1), plan, OIL, venues=FREE).orders, "status", "reason") == [("expired", "not_filled")]
    plan = schedule({"at": 0.5, "buy": 5}, {"at": 1.5, "target": 1.0}, size="notional", size_at="fill")
    orders = run(moves(1, 1, -1), plan, OIL, venues=FREE).orders
    assert table(orders, "side", "status", "reason") == [("buy", "filled", None), ("sell", "expired", "not_filled")]


def test_funding_is_of_the_absolute_notional():
    """Longs pay at a positive rate: a hundredth of 200."""
    result = run(
        moves(-200, -200, -200),
        schedule({"at": 0.5, "buy": 1}),
        SWAP,
        venues=FREE,
        cash_flows=rates((1.5, 0.01), name="a_usd"),
    )
    assert result.cash_flows["amount"].to_list() == [-2]


def test_quotes_on_either_side_of_zero_have_a_mid_and_fill():
    """Bid -3, ask 1, as many on both sides: the mid is -1; a buy takes at 1, a sell at -3."""
    market = quotes((0, -3, 9, 1, 9), (2, -3, 9, 1, 9), (3, -5, 9, -4, 9))
    watch = Watch(lambda s: (s.price("a_usd"), s.bid("a_usd"), s.ask("a_usd")))
    run(market, watch, OIL, venues=FREE)
    assert watch.seen[0] == (-1, -3, 1)
    plan = schedule({"at": 0.5, "buy": 1}, {"at": 1, "buy": -2})
    result = run(market, plan, OIL, venues=FREE)
    assert fills(result) == [("buy", 1, 1), ("sell", -3, -6)]
    assert table(result.equity, "equity")[-1] == (10_000 - 4 + 2,)  # short one from -3, the mid of -5 and -4 is -5


def test_a_side_that_is_empty_and_a_price_that_is_not_known_are_nan():
    watch = Watch(lambda s: (s.bid("a_usd"), s.ask("a_usd"), s.price("a_usd")))
    run(quotes((0, 0, 0, 0, 9)), watch, OIL, venues=FREE)
    bid, ask, price = watch.seen[0]
    assert (str(bid), ask, str(price)) == ("nan", 0, "nan")


def test_candles_below_zero_fill_inside():
    """Opens at -1, falls to -6 and comes back: a buy limit at -5 makes, a sell stop at -4 is reached."""
    plan = schedule({"at": 0.5, "buy": 1, "limit": -5}, {"at": 0.5, "buy": -3, "stop": -4})
    market = bars((2, 3, 1, 2), (-1, 0, -6, -2))
    result = run(market, plan, OIL, venues=FREE)
    assert sorted(fills(result)) == [("buy", -5, -5), ("sell", -4, -12)]


def test_expiry_settles_at_a_negative_price():
    item = bt.Instrument("x", "a_usd", **TERMS, expiry=3 * S, settlement_price=-7)
    result = dealt((2, 2, 2, 2, 2), {"at": 0.5, "buy": 1}, item=item)
    assert fills(result) == [("buy", 2, 2), ("sell", -7, -7)]
    assert table(result.positions, "pnl_realised") == [(-9,)]


def test_a_lowest_price_may_be_negative():
    item = bt.Instrument("x", "a_usd", **TERMS, price_min=-10)
    result = dealt((2, 2, 2), {"at": 0.5, "buy": 1, "limit": -10}, {"at": 0.5, "buy": 1, "limit": -11}, item=item)
    assert result.orders["reason"].to_list() == [None, "below_price_min"]
    assert (item.check_order(1, -10), item.check_order(1, -11)) == (None, "below_price_min")
    assert (OIL.check_order(1, -11), A.check_order(1, -11)) == (None, "off_grid")


def test_amends_at_zero_and_below():
    plan = schedule({"at": 0.5, "buy": 1, "limit": -9}, {"at": 1.5, "amend": 0, "limit": 0})
    result = run(moves(2, 2, 2, -1), plan, OIL, venues=FREE)
    assert table(result.amends, "price", "price_before") == [(0, -9)]
    assert [row[1] for row in fills(result)] == [0]


def test_limits_look_at_the_absolute_notional_and_price():
    """The band is a tenth of 100 above -100; five of them are worth 500."""
    limits = bt.risk.Limits(price_band=0.1, order_notional=500)
    plan = [{"at": 0.5, "buy": 1, "limit": -90}, {"at": 0.5, "buy": 1, "limit": -89}, {"at": 0.5, "buy": 6}]
    result = dealt((-100, -100, -100), *plan, risk=limits)
    assert result.orders["reason"].to_list() == [None, "price_band", "order_notional_limit"]


def test_compiled_strategies_ask_at_zero_and_below():
    """A stop at 0 and a limit at -2, asked for at the first trade, amended to -1; what is left out is NaN."""

    def decide(s: Any, my: Any) -> None:
        if s.whole.engine.sequence[0] == 2:
            api.stop_sell(s, 0, 1.0, 0.0)
            api.limit_buy(s, 0, 1.0, -2.0)
        if api.price(s, 0) == 1.0:
            api.amend(s, 1, -1.0)

    strategy = bt.Compiled(decide, wake="trade")
    result = run(moves(2, 2, 1, 0, -1.0, -2), strategy, OIL, venues=FREE)
    assert [(row[0], row[1]) for row in fills(result)] == [("sell", 0), ("buy", -1)]


def test_returns_of_what_cost_nothing_or_less_are_null():
    result = dealt((-5, -5, -2), {"at": 0.5, "buy": 1}, {"at": 1.5, "buy": -1})
    assert table(result.round_trips, "price_enter", "pnl", "return") == [(-5, 3, None)]


def test_figures_count_absolute_notionals():
    """Bought at -5, sold at -2: seven traded; nothing was paid beyond -5 to buy, and -2 got for the -5 seen."""
    result = dealt((-5, -5, -2), {"at": 0.5, "buy": 1}, {"at": 1.5, "buy": -1}, mark_every="1s")
    mean = sum(row[0] for row in table(result.equity, "equity")) / result.equity.height
    assert result.summary().turnover == pytest.approx(7 / mean, rel=1e-3)
    assert result.summary().slippage == -3
    assert (result.summary().buy_and_hold, result.summary().best_return) == (None, None)


def test_an_average_of_entries_around_zero():
    result = dealt((4, 4, -8), {"at": 0.5, "buy": 1}, {"at": 1.5, "buy": 1})
    assert table(result.round_trips, "price_enter", "return") == [(-2, None)]


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ({"kind": "spot"}, "paid for in full"),
        ({"settlement": "a"}, "its size over its price"),
        ({"price_increment": None}, "no price_increment"),
        ({"delivery": "physical", "underlying": "b_usd", "expiry": 9 * S}, "is delivered"),
        ({"price_can_be_negative": "yes"}, "allowed: True, False"),
    ],
)
def test_who_may_not_declare_it(terms, what):
    with pytest.raises(InstrumentError, match=what):
        bt.Instrument("x", "a_usd", **TERMS | terms)


def test_options_may_not_either():
    with pytest.raises(InstrumentError, match="what a right costs"):
        bt.Instrument.option("x", "c", "call", 5, 9 * S, "a_usd", price_can_be_negative=True, price_increment=1)
    call = bt.Instrument.option("x", "c", "call", 5, 9 * S, "a_usd", price_increment=1, quantity_increment=1)
    with pytest.raises(ConfigError, match="whose price can be negative"):
        run([moves(1), trades((0, 1, 1), instrument="c")], schedule(), [OIL, call], venues=FREE)


@pytest.mark.parametrize("price", [0, -1])
def test_others_are_refused_with_a_hint(price):
    with pytest.raises(DataError, match="price_can_be_negative=True"):
        run(moves(1, price), schedule(), A)
    with pytest.raises(InstrumentError, match="price_can_be_negative=True"):
        bt.Instrument("x", "a_usd", price_min=-1)


def test_one_of_two_in_a_stream_may():
    """The other's negative price is refused, in whichever row."""
    rows = [{"instrument": name, "price": price} for name, price in (("a_usd", -1.0), ("b_usd", 1.0), ("b_usd", -1.0))]
    frame = pl.DataFrame(rows).with_columns(amount=1.0, time=pl.Series([0, 1, 2]))
    other = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)

    def data(rows: int) -> Any:
        return bt.data.trades(frame.head(rows), columns={"time": "time_exchange"}, time_unit="s")

    run(data(2), schedule(), [OIL, other], venues=FREE)
    with pytest.raises(DataError, match=r"row 2, counted from 0\); first: -1.0 \(b_usd"):
        run(data(3), schedule(), [OIL, other], venues=FREE)


def test_repairs_keep_what_may_be_negative():
    frame = pl.DataFrame({"time": [0, 1, 2], "price": [1.0, -1.0, float("nan")], "amount": 1.0})
    columns, repair = {"time": "time_exchange"}, bt.data.Repair(drop_invalid=True)
    stream = bt.data.trades(frame, instrument="a_usd", columns=columns, time_unit="s", repair=repair)
    assert (stream.repairs["invalid"], stream.with_negative_prices(["a_usd"]).repairs["invalid"]) == (2, 1)


def test_crossed_and_locked_quotes_below_zero_are_known():
    market = [(0, -5, 1, -5, 1), (1, -4, 1, -5, 1)]
    stream = quotes(*market).with_negative_prices(["a_usd"])
    report = bt.data.check(stream)
    assert [(each.code, each.rows) for each in (*report.errors, *report.warnings)] == [
        ("crossed", (1,)),
        ("locked", (0,)),
    ]


def test_a_saved_run_has_the_same_tables(tmp_path):
    result = dealt(
        (2, 0, -1, -3),
        {"at": 0.5, "buy": 1},
        {"at": 1.5, "buy": -2, "limit": -1},
        record=bt.Record(("instruments.last",)),
    )
    result.save(tmp_path / "run")
    again = bt.read(tmp_path / "run")
    for name in ("orders", "trades", "positions", "equity"):
        assert getattr(again, name).equals(getattr(result, name))
    assert result.record["instruments.last[a_usd]"].to_list()[-1] == -3


def test_prices_off_the_grid_are_errors_there_too():
    with pytest.raises((DataError, StrategyError)):
        dealt((1, -1), {"at": 0.5, "buy": 1, "limit": -0.5})
