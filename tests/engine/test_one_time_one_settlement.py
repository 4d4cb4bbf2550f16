"""Rule 17: what happens at one time is settled together; the order of rows, orders and streams decides nothing."""

from __future__ import annotations

from itertools import pairwise, permutations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.testing import assert_order_of_rows_changes_nothing
from barter_bt.testing.scenario import Case, random_scenario
from tests.draws import draws
from tests.engine.tiny import A, B, S, candles, quotes, run, schedule, stamps, table, trades

C = bt.Instrument("x", "c_usd", price_increment=1, quantity_increment=1)
PAIR = bt.Instrument("x", "b_a", price_increment=1, quantity_increment=1)
NAMES = ("a_usd", "b_usd", "c_usd")
FEES = bt.Venue(bt.Fees(taker=0.01))


def bars_of(order, closes=(10, 10, 10, 10)):
    """Candles of all instruments, the rows of one stamp in this order."""
    return candles(*((10 * k, 10 * k + 10, *(price,) * 4, name) for k, price in enumerate(closes) for name in order))


def ticks_of(order):
    return trades(*((10 * k, 10, 1000, name) for k in range(5) for name in order))


def quotes_of(order):
    return quotes(*((10 * k, 9, 1000, 10, 1000, name) for k in range(5) for name in order))


def rotation(first, second):
    wish = [(at, name, 0.8 * (name == held)) for at, held in ((10, first), (20, second)) for name in NAMES]
    frame = pl.DataFrame(wish, schema=["time", "instrument", "target"], orient="row")
    return bt.Signals(frame.with_columns(time=stamps(frame["time"])), size="equity", with_fee=True)


@pytest.mark.parametrize("market", [bars_of, ticks_of, quotes_of])
@pytest.mark.parametrize(("first", "second"), list(permutations(NAMES, 2)))
def test_a_rotation_fills_whole_whatever_the_order_of_rows(market, first, second):
    """With fees: what the sale gives, less its fee, pays for the purchase."""
    runs = [run(market(order), rotation(first, second), [A, B, C], venues=FEES) for order in permutations(NAMES)]
    assert [order["status"] for order in runs[0].orders.to_dicts()] == ["filled"] * 3
    assert runs[0].warnings == []
    assert {one.digest for one in runs} == {runs[0].digest}


@pytest.mark.parametrize("swapped", [False, True])
def test_orders_sent_together_release_before_they_use(swapped):
    """A purchase that was sent before the sale that pays for it."""
    rows = [{"at": 20, "buy": 900, "on": "b_usd"}, {"at": 20, "sell": 900}]
    plan = schedule({"at": 10, "buy": 900}, *(rows[::-1] if swapped else rows))
    result = run(bars_of(NAMES), plan, [A, B, C])
    assert sorted(table(result.orders, "instrument", "status")) == [("a_usd", "filled")] * 2 + [("b_usd", "filled")]
    assert table(result.balances, "total")[-2:] == [(1000,), (900,)]


@pytest.mark.parametrize("market", [bars_of, ticks_of, quotes_of])
def test_a_chain_of_pairs_is_paid_in_the_order_of_need(market):
    """Sell c for usd, buy a with usd, buy b with a: each waits for the one before, in whatever order they were sent."""
    names = (*NAMES, "b_a")
    steps = [{"buy": 100, "on": "b_a"}, {"buy": 1000, "on": "a_usd"}, {"sell": 1000, "on": "c_usd"}]
    for order in permutations(steps):
        plan = schedule(*({"at": 10} | step for step in order))
        result = run(market(names), plan, [A, B, C, PAIR], balances={"c": 1000, "usd": 1000})
        assert set(result.orders["status"]) == {"filled"}, order


@pytest.mark.parametrize("market", [bars_of, ticks_of, quotes_of])
def test_a_chain_of_purchases_is_paid_in_the_order_of_need(market):
    """Buy usd with c, a with usd, b with a: who waits for one that waits itself is tried again after it."""
    last = bt.Instrument("x", "usd_c", price_increment=1, quantity_increment=1)
    steps = [{"buy": 1, "on": "b_a"}, {"buy": 10, "on": "a_usd"}, {"buy": 100, "on": "usd_c"}]
    for order in permutations(steps):
        plan = schedule(*({"at": 10} | step for step in order))
        result = run(market(("a_usd", "usd_c", "b_a")), plan, [A, PAIR, last], balances={"c": 1000}, reporting="c")
        assert set(result.orders["status"]) == {"filled"}, order


def test_what_only_an_order_itself_would_release_is_not_waited_for():
    """A flip is a reduction, so it comes first: it is cut to the collateral, and nothing is left for the increase."""
    futures = [bt.Instrument("x", name, kind="future", price_increment=1, quantity_increment=1) for name in NAMES[:2]]
    rows = [{"at": 20, "target": -30.0}, {"at": 20, "target": 5.0, "on": "b_usd"}]
    plan = schedule({"at": 10, "target": 10.0}, *rows)
    venue = bt.Venue(margin=bt.Margin(rate=0.5))
    for order in permutations(NAMES[:2]):
        result = run(bars_of(order), plan, futures, balances={"usd": 100}, venues=venue)
        assert table(result.orders, "instrument", "status", "filled") == [
            ("a_usd", "filled", 10),
            ("a_usd", "filled", 30),
            ("b_usd", "rejected", 0),
        ]


def test_a_limit_reserves_what_a_sale_of_its_time_releases():
    """On quotes both are settled when they arrive."""
    rows = [{"at": 20, "buy": 900, "limit": 10, "on": "b_usd"}, {"at": 20, "sell": 1000}]
    result = run(quotes_of(NAMES), schedule({"at": 10, "buy": 1000}, *rows), [A, B, C])
    assert table(result.orders, "status", "reason") == [("filled", None), ("filled", None), ("filled", None)]


def test_a_cancel_that_arrives_with_its_order_comes_after_what_it_took():
    market = quotes((0, 9, 5, 10, 5), (30, 9, 5, 10, 5))
    plan = schedule({"at": 10, "buy": 8, "limit": 10}, {"at": 10, "cancel": 0})
    result = run(market, plan)
    assert table(result.orders, "status", "reason", "filled") == [("cancelled", "requested", 5)]


def test_what_still_cannot_be_paid_is_cut_in_the_order_of_numbers():
    wish = [(10, name, 6000.0) for name in NAMES]
    frame = pl.DataFrame(wish, schema=["time", "instrument", "target"], orient="row")
    signals = bt.Signals(frame.with_columns(time=stamps(frame["time"])), size="notional")
    result = run(bars_of(NAMES[::-1]), signals, [A, B, C])
    assert table(result.orders, "status", "filled") == [("filled", 600), ("filled", 400), ("rejected", 0)]


def test_a_hundred_orders_of_one_time_are_settled_in_order():
    """Enough to sort: sent in one order, met by rows in another."""
    names = [f"n{k:03}_usd" for k in range(100)]
    listed = [bt.Instrument("x", name, price_increment=1, quantity_increment=1) for name in names]
    scattered = sorted(names, key=lambda name: int(name[1:4]) * 37 % 101)
    plan = schedule(
        *({"at": 10, "sell": 10, "on": name} for name in names[:50]),
        *({"at": 10, "buy": 10, "on": name} for name in names[50:]),
    )
    result = run(bars_of(scattered), plan, listed, balances={name[:4]: 10 for name in names[:50]})
    assert table(result.trades, "instrument") == [(name,) for name in names]


@pytest.mark.parametrize("block", range(4))
def test_permuted_rows_of_one_stamp_change_nothing(block):
    """Every table, on random scenarios: cash and margin, all kinds of evidence."""
    for seed in range(7000 + block, 7000 + draws(80), 4):
        data, instruments, strategy, options = Case(random_scenario(seed))
        assert_order_of_rows_changes_nothing(data, instruments, strategy, seed=seed, **options)


# Opens in order of time


def test_an_order_does_not_fill_at_an_open_before_it():
    """Hours beside a day in one stream: the day opened before the order was sent."""
    hours = [(3600 * k, 3600 * (k + 1), 10, 10, 10, 10, "a_usd") for k in range(72)]
    days = [(86_400 * k, 86_400 * (k + 1), 100 * 2**k, 200 * 2**k, 100 * 2**k, 200 * 2**k, "b_usd") for k in range(3)]
    rows = sorted(hours + days, key=lambda row: row[1])
    plan = schedule({"at": 3600 * 47, "buy": 1, "on": "b_usd"})
    one = run(candles(*rows), plan, [A, B])
    two = run([candles(*hours), candles(*days, instrument="b_usd")], plan, [A, B])
    assert table(one.trades, "time_exchange", "price") == [(2 * 86_400, 400)]
    assert one.digest == two.digest
    assert one.equity["equity"][-1] == 10_400


@pytest.mark.parametrize("pieces", [1, 2, 7, 40])
def test_opens_come_in_order_of_time_however_the_rows_are_cut(pieces):
    """Candles of many lengths; an order at every second fills at the next open of its instrument, if there is one."""
    rows = [
        (k * length, (k + 1) * length, *(length + k,) * 4, name)
        for name, length in (("a_usd", 3), ("b_usd", 10), ("c_usd", 60))
        for k in range(120 // length)
    ]
    rows.sort(key=lambda row: (row[1], row[0]))
    ends = [len(rows) * k // pieces for k in range(pieces + 1)]
    frames = [rows[a:b] for a, b in pairwise(ends) if b > a]
    last = dict(zip(NAMES, (117, 110, 60), strict=True))  # opens
    plan = schedule(*({"at": at, "buy": 1, "on": name} for at in range(1, 118) for name in NAMES if at <= last[name]))
    frame = pl.concat([_frame(some) for some in frames], rechunk=False)
    result = run(bt.data.candles(frame), plan, [A, B, C], balances={"usd": 100_000})
    sent, filled = result.orders["time_sent"], result.trades.sort("order_id")["time_exchange"]
    lengths = dict(zip(NAMES, (3, 10, 60), strict=True))
    for at, when, name in zip(sent.to_physical(), filled.to_physical(), result.orders["instrument"], strict=True):
        step = lengths[name] * S
        assert when == -(-at // step) * step


def _frame(rows):
    names = ("time_open", "time_exchange", "open", "high", "low", "close", "instrument")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return pl.DataFrame(
        {
            k: stamps(v) if k.startswith("time") else list(map(float, v)) if k != "instrument" else v
            for k, v in columns.items()
        }
    )
