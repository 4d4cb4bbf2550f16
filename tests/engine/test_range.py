"""Rules 1 and 2: ordinary accounts of any coin fit; what does not is an error whose hint helps, in both modes."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, EngineError
from barter_bt.strategy.api import limit_sell, target
from tests.draws import draws
from tests.engine.tiny import A, B, flat, run, schedule, table, trades

MODES = pytest.mark.parametrize("interpret", [True, False])


def round_trip(
    one: bt.Instrument, price: float, quantity: float, balances: dict[str, Any], **options: Any
) -> bt.Result:
    """Buy at a price, sell at twice as much."""
    data = trades((1, price, 1), (2, price, 1), (3, 2 * price, 1), (4, 2 * price, 1), instrument=one.name)
    steps = schedule({"at": 1, "buy": quantity, "on": one.name}, {"at": 3, "sell": quantity, "on": one.name})
    return run(data, steps, one, balances=balances, **options)


COINS = [  # name, price, tick, lot
    ("shib_usd", 8e-6, "1e-8", 1),
    ("shib_usd", 8e-6, "1e-8", 1000),
    ("pepe_usd", 1.2e-5, "1e-10", 1),
    ("btc_usd", 60_000.0, "0.01", "1e-8"),
    ("btc_usd", 60_000.0, "0.01", "1e-5"),
    ("usd_jpy", 150.0, "0.001", 1),
    ("btc_krw", 9e7, 1000, "1e-8"),
    ("btc_idr", 1e9, 1, "1e-8"),
    ("btc_vnd", 1.6e9, 1, "1e-5"),
    ("shib_idr", 0.13, "1e-5", 1),
    ("shib_btc", 1.2e-10, "1e-12", 1),
]


@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.parametrize(("name", "price", "tick", "lot"), COINS)
def test_a_billion_dollars_of_any_coin_fits(name, price, tick, lot, declares):
    """Rule 1: all of it is spent, and doubles to the unit; with and without increments."""
    one = bt.Instrument("x", name, price_increment=tick, quantity_increment=lot)
    quote = {"usd": 1, "jpy": 150, "krw": 1500, "idr": 16_000, "vnd": 25_000, "btc": Fraction(1, 60_000)}[one.quote]
    money = int(10**9 * quote)
    lots = int(Fraction(money) / Fraction(str(price)) / Fraction(str(lot)))
    quantity = float(lots * Fraction(str(lot)))
    one = one if declares else replace(one, price_increment=None, quantity_increment=None)
    result = round_trip(one, price, quantity, {one.quote: money})
    bought, sold = result.trades["notional"]
    assert bought == pytest.approx(money, rel=1e-3)
    assert (result.trades["price"].to_list(), sold) == ([price, 2 * price], pytest.approx(2 * bought, rel=1e-12))
    assert result.equity["equity"][-1] == pytest.approx(money + bought, rel=1e-12)
    assert result.warnings == []


@pytest.mark.parametrize("name", ["btc_idr", "shib_usd"])
def test_coins_that_are_sold_for_money_of_which_there_was_none(name):
    """Rule 1: the unit of the quote asset suits what the starting balance of the base is worth."""
    price, tick, held = {"btc_idr": (1.5e9, 1000, 10_000), "shib_usd": (8e-6, "1e-8", 10**14)}[name]
    one = bt.Instrument("x", name, price_increment=tick, quantity_increment=1)
    data = trades((1, price, 1), (2, price, 1), instrument=name)
    result = run(data, schedule({"at": 1, "sell": held, "on": name}), one, balances={one.base: held})
    assert result.equity["equity"][-1] == held * price


@pytest.mark.parametrize(
    ("balance", "counted"),
    [
        ("1.000000000000000001", 1.0),
        ("12345.123456789012345678", 12345.123456789),
        ("12345678901.12345678", 12345678901.12345),
        (0.1 + 0.2, 0.3),
        ("1000000.5", None),
    ],
)
@pytest.mark.parametrize("asset", ["a", "usd"])
def test_balances_of_many_decimals_count_in_whole_units_and_the_rest_is_told(asset, balance, counted):
    """Rule 1: rounded down: what is less than a unit cannot be traded."""
    result = run(flat(100, 100), schedule({"at": 0, "buy": 1}), A, balances={"usd": 100} | {asset: balance})
    told = [text for text in result.warnings if "is counted" in text]
    assert len(told) == (counted is not None)
    total = table(result.balances.filter(asset=asset), "total")[0][0]
    if counted is None:
        assert total == float(balance)
    else:
        assert 0 <= counted - total < 1e-4 * counted
        assert repr(total) in told[0]


def test_an_account_beyond_what_its_lots_allow_is_refused_and_the_hint_helps():
    fine = replace(A, quantity_increment="1e-9")
    with pytest.raises(ConfigError, match="2\\^62") as caught:
        run(flat(1, 1), schedule({"at": 0, "buy": 1}), fine, balances={"a": 10**10})
    assert "coarser quantity_increment" in caught.value.hint
    run(flat(1, 1), schedule({"at": 0, "buy": 1}), replace(A, quantity_increment="1e-6"), balances={"a": 10**10})


def follow(error: BarterBtError, one: bt.Instrument, units: dict[str, str]) -> tuple[bt.Instrument, dict[str, str]]:
    """Do what a hint says."""
    hint = error.hint or ""
    chosen = dict(re.findall(r"'(\w+)': '([^']+)'", hint))
    lot = re.search(r"quantity_increment of ([\dE.+-]+)", hint)
    if lot:
        one = replace(one, quantity_increment=lot[1].rstrip(".,"))
    elif "coarser quantity_increment" in hint:
        one = replace(one, quantity_increment=Decimal(str(one.quantity_increment or "1e-9")) * 1000)
    elif "fine enough" in hint:
        one = replace(one, quantity_increment="1e-15")
    elif not chosen:
        raise error
    return one, units | chosen


@settings(max_examples=draws(60), deadline=None)
@given(
    price=st.tuples(st.integers(1, 9999), st.integers(-12, 9)).map(lambda p: Decimal(p[0]).scaleb(p[1])),
    tick=st.booleans(),
    lot=st.none()
    | st.tuples(st.sampled_from((1, 5, 25)), st.integers(-12, 6)).map(lambda p: Decimal(p[0]).scaleb(p[1])),
    balance=st.integers(0, 16),
    part=st.sampled_from((2, 3, 1000, 10**9)),
    kind=st.sampled_from(("spot", "perpetual")),
)
def test_a_run_works_to_the_unit_or_its_hint_helps(price, tick, lot, balance, part, kind):
    """Whatever the magnitudes: what is traded, its notional and the equity are exact."""
    one = bt.Instrument("x", "a_usd", kind=kind, price_increment=price if tick else None, quantity_increment=lot)
    units: dict[str, str] = {}
    money = 10**balance
    for _ in range(8):
        quantity = Fraction(money) / part / Fraction(price)
        if one.quantity_increment is not None:
            step = Fraction(str(one.quantity_increment))
            quantity = quantity // step * step
        assume(quantity * Fraction(price) > Fraction(1, 10**6))
        try:
            result = round_trip(one, float(price), float(quantity), {"usd": money}, units=units)
            break
        except BarterBtError as error:
            one, units = follow(error, one, units)
    else:
        raise AssertionError("the hints did not help")
    scales, fills = result.scales, result.state.trades
    unit = Fraction(scales.units[result.index.asset("usd")])
    assert result.orders["status"].to_list() == ["filled", "filled"]
    assert fills.array("price").tolist() == [int(Fraction(price) / Fraction(scales.ticks[0])) * k for k in (1, 2)]
    bought = fills.quantity[0] * Fraction(scales.lots[0])
    assert abs(bought - quantity) <= max(Fraction(scales.lots[0]), quantity / 10**15)
    assert fills.notional[0] == round(bought * Fraction(price) / unit)
    gained = result.state.equity.array("equity").tolist()[-1] - money // unit
    assert gained == fills.notional[1] - fills.notional[0]


# Beyond the range


BIG = {"units": {"usd": "1e-9"}}  # ±4.6e9


@MODES
def test_balances_that_leave_the_range_end_the_run(interpret):
    """Rule 2: a profit that does not fit is an error that names the asset and a unit that would do; in both modes."""
    short = [{"at": 0, "buy": 100}, {"at": 15, "sell": 100}]
    terms: dict[str, Any] = {"balances": {"usd": 1000}, "interpret": interpret}
    with pytest.raises(EngineError, match=r"'usd' left the range.*'a_usd'") as caught:
        run(flat(10, 10**8), schedule(*short), **BIG, **terms)
    units = dict(re.findall(r"'(\w+)': '([^']+)'", caught.value.hint))
    assert run(flat(10, 10**8), schedule(*short), units=units, **terms).equity["equity"][-1] == 10**10


@MODES
def test_sums_that_would_wrap_around_are_unknown(interpret):
    """Rule 2: three positions of 4e9 each: 1.2e10 of a range of 4.6e9 would show as a negative equity."""
    three = [A, B, bt.Instrument("x", "c_usd", price_increment=1, quantity_increment=1)]
    data = [flat(1, 10**8, instrument=one.name) for one in three]
    rows = [{"at": 0, "buy": 40, "on": one.name} for one in three]
    result = run(data, schedule(*rows), three, balances={"usd": 1000}, interpret=interpret, **BIG)
    assert table(result.equity, "equity") == [(1000,), (1000,), (None,)]


@MODES
def test_a_gain_whose_notional_leaves_the_range_is_unknown(interpret):
    """Rule 2: a future bought at 4e9 that is worth 8e9: the gain fits, what it is worked out from does not."""
    one = bt.Instrument("x", "a_usd", kind="future", price_increment=1, quantity_increment=1)
    venue = bt.Venue(margin=bt.Margin(0.1))
    terms: dict[str, Any] = {"balances": {"usd": 10**9}, "venues": venue, "interpret": interpret}
    result = run(flat(4, 4, 8), schedule({"at": 0, "buy": 10**9}), one, **BIG, **terms)
    assert table(result.equity, "equity")[-1] == (None,)
    result = run(flat(4, 4, 8), schedule({"at": 0, "buy": 10**9}), one, **terms, units={"usd": "1e-6"})
    assert table(result.equity, "equity")[-1] == (5 * 10**9,)


@MODES
@pytest.mark.parametrize("account", ["cash", "margin"])
def test_what_is_held_is_not_said_to_be_unpayable(account, interpret):
    """Rule 2: a sale whose worth does not fit ends the run; a purchase that nobody could pay is rejected."""
    terms: dict[str, Any] = {"balances": {"usd": 1000}, "venues": bt.Venue(account=account), "interpret": interpret}
    rows = [{"at": 0, "buy": 90}, {"at": 15, "buy": 50}]
    assert table(run(flat(10, 10**8), schedule(*rows), **BIG, **terms).orders, "reason")[-1] == (
        "insufficient_balance",
    )
    for sale in ({"sell": 90}, {"target": 0.0}, {"sell": 90, "limit": 10**8}):
        with pytest.raises(EngineError, match="'usd' left the range"):
            run(flat(10, 10**8, 10**8), schedule(rows[0], {"at": 15, **sale}), **BIG, **terms)


@MODES
def test_working_orders_beyond_the_range_end_the_run(interpret):
    """Rule 2: three orders of 4e18 lots each, of which none could be filled, are more than int64 counts."""
    rows = [{"at": 0, "buy": 4e18, "limit": 1} for _ in range(3)]
    venue = bt.Venue(latency=bt.Latency(10**9), account="margin")
    with pytest.raises(EngineError, match="quantity of 'a_usd' left the range") as caught:
        run(flat(4, 4), schedule(*rows), venues=venue, interpret=interpret)
    assert "quantity_increment of 1000" in caught.value.hint.replace("1E+3", "1000")


def _aim(s: Any, my: Any) -> None:
    if len(s.orders) == 0:
        limit_sell(s, 0, 2e9, 1.5)
    elif len(s.orders) == 1:
        target(s, 0, 3e9)


@pytest.mark.parametrize("driver", ["schedule", "compiled"])
def test_a_target_that_takes_more_than_an_order_can_have_gets_the_most_that_one_can(driver):
    """Rule 2: what works on the other side makes the order larger than the target."""
    fine = bt.Instrument("x", "a_usd", price_increment="1e-9", quantity_increment="1e-9")
    plan = schedule({"at": 1, "sell": 2e9, "limit": 1.5}, {"at": 2, "target": 3e9})
    strategy = plan if driver == "schedule" else bt.Compiled(_aim, wake="trade")
    result = run(trades(*((at, 1.0, 1.0) for at in range(1, 5))), strategy, fine, venues=bt.Venue(account="margin"))
    assert result.state.orders.array("quantity_requested").tolist()[:2] == [2 * 10**18, 2**62]


@MODES
def test_rebates_of_a_tiny_account_add_up(interpret):
    """A rebate is money that is there for the next order, down to the unit."""
    rows = [{"at": k, side: 1, "limit": price} for k, (side, price) in enumerate([("buy", 100), ("sell", 99)] * 4)]
    data = trades(*((k + 0.5, 98 if k % 2 == 0 else 101, 9) for k in range(8)), (20, 99, 1))
    venue = bt.Venue(bt.Fees(maker=-0.01))
    result = run(data, schedule(*rows), balances={"usd": 99}, venues=venue, interpret=interpret)
    poorer = run(data, schedule(*rows), balances={"usd": "100.0"}, venues=venue, interpret=interpret)
    assert table(result.orders, "status")[0] == ("rejected",)
    assert poorer.trades.height > 1
    assert poorer.equity["equity"][-1] == 100 - poorer.trades["fees"].sum() - poorer.trades.height // 2
