"""Rules 23 to 26: public tables, reporting, digests and the identity of positions."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, InstrumentError
from tests.engine.tiny import TIME, A, B, flat, quotes, run, schedule, table, trades

ROOT = Path(__file__).parents[2]
ROUND_TRIP = ({"at": 1, "buy": 2}, {"at": 2, "sell": 1}, {"at": 3, "sell": 3}, {"at": 4, "buy": 2})
MARKET = trades(*((k, 100 + k, 9) for k in range(1, 7)))
MARGIN = bt.Venue(account="margin", fees=bt.Fees(per_contract=1))


def round_trip(**options) -> bt.Result:
    return run(MARKET, schedule(*ROUND_TRIP), **{"venues": MARGIN} | options)


# Rule 23


def test_rule_23_public_tables_have_natural_units_and_names():
    """Rule 23: floats, names and times; one row for each order, fill, closed position and balance."""
    result = round_trip()
    assert table(result.orders, "order_id", "strategy", "exchange", "instrument", "side", "kind", "quantity")[0] == (
        0,
        "schedule",
        "x",
        "a_usd",
        "buy",
        "market",
        2,
    )
    assert table(result.trades, "trade_id", "exchange", "instrument", "side", "price", "quantity", "fees")[1] == (
        1,
        "x",
        "a_usd",
        "sell",
        103,
        1,
        1,
    )
    assert table(result.positions, "exchange", "instrument", "side", "strategy") == [
        ("x", "a_usd", "buy", "schedule"),
        ("x", "a_usd", "sell", "schedule"),
    ]
    for frame, column in ((result.orders, "time_sent"), (result.trades, "time_engine"), (result.equity, "time")):
        assert frame.schema[column] == TIME
    floats = ("price", "quantity", "filled", "fees", "price_average")
    assert all(result.orders.schema[name] == pl.Float64 for name in floats)


def test_rule_23_what_is_unknown_is_null():
    """Rule 23: a market order has no price; an order without fills no average; an open one no end."""
    result = run(MARKET, schedule({"at": 1, "buy": 1}, {"at": 2, "buy": 1, "limit": 50}))
    names = ("price", "price_average", "time_closed", "reason")
    assert table(result.orders, *names) == [(None, 102, 2, None), (50, None, None, None)]


def test_rule_23_floats_are_the_nearest_to_the_decimal():
    """Rule 23: 0.1 is 0.1 in every table, whatever the units."""
    one = bt.Instrument("x", "a_usd", price_increment="0.1", quantity_increment="0.1")
    data = trades(*((k, 0.7, 9) for k in range(1, 4)))
    result = run(data, schedule({"at": 1, "buy": 0.3}, {"at": 2, "sell": 0.1}), one)
    assert table(result.trades, "price", "quantity", "notional") == [(0.7, 0.3, 0.21), (0.7, 0.1, 0.07)]
    assert table(result.balances, "total")[2:] == [(9999.79,), (0.3,), (9999.86,), (0.2,)]


def test_rule_23_instruments_of_one_name_are_told_apart_by_exchange():
    """Rule 23: the name is spelled with its exchange where two have it."""
    two = [bt.Instrument(e, "a_usd", price_increment=1, quantity_increment=1) for e in ("x", "y")]
    data = [flat(5, 5, instrument="x.a_usd"), flat(7, 7, instrument="y.a_usd")]
    rows = [{"at": 10, "buy": 1, "on": "y.a_usd"}]
    result = run(data, schedule(*rows), two, balances={"y.usd": 50}, reporting="y.usd")
    assert table(result.trades, "exchange", "instrument", "price") == [("y", "y.a_usd", 7)]
    assert table(result.balances, "exchange", "asset")[-2:] == [("y", "usd"), ("y", "a")]
    with pytest.raises(InstrumentError, match="usd"):
        run(data, schedule(*rows), two, balances={"usd": 50})


def test_rule_23_journals_are_the_integer_columns():
    """Rule 23: behind each table stand ticks, lots and units."""
    result = round_trip()
    assert result.state.trades.array("price").tolist() == [102, 103, 104, 105]
    assert result.state.trades.array("notional").tolist() == [k * 10**9 for k in (204, 103, 312, 210)]
    assert result.state.trades.array("price").dtype == np.int64


def test_tables_do_not_change_when_read():
    """Reading tables, summary and digest leaves everything as it was."""
    result = round_trip()
    before, digest = result.trades.clone(), result.digest
    result.summary()
    assert result.digest == digest
    assert result.trades.equals(before)
    assert round_trip().digest == digest


# Rule 24

BTC = bt.Instrument("x", "btc_usd", price_increment=1, quantity_increment="0.1")
ETH = bt.Instrument("x", "eth_btc", price_increment="0.01", quantity_increment="0.1")


def test_rule_24_equity_is_converted_step_by_step():
    """Rule 24: 2 btc at 100 and 10 eth at 0.05 btc each, in usd; then eth at 0.07."""
    data = [trades((1, 100, 1, "btc_usd")), trades((1, 0.05, 1, "eth_btc"), (2, 0.07, 1, "eth_btc"))]
    balances = {"usd": 7, "btc": 2, "eth": 10}
    result = run(data, schedule({"at": 9, "buy": 1, "on": "btc_usd"}), [ETH, BTC], balances=balances, reporting="usd")
    assert table(result.equity, "time", "equity") == [(1, 257), (2, 277)]


def test_rule_24_equity_without_a_price_is_null_and_nothing_needs_none():
    """Rule 24: null while a step has no price; an asset of which nothing is held needs none."""
    data = [
        trades((1, 0.05, 1, "eth_btc"), (3, 0.05, 1, "eth_btc")),
        trades((2, 100, 1, "btc_usd"), (3, 100, 1, "btc_usd")),
    ]
    nothing = schedule({"at": 9, "buy": 1, "on": "btc_usd"})
    held = run(data, nothing, [ETH, BTC], balances={"eth": 10}, reporting="usd", mark_every="1s")
    assert table(held.equity, "time", "equity") == [(1, None), (2, 50), (3, 50)]
    none = run(data, nothing, [ETH, BTC], balances={"usd": 10}, reporting="usd", mark_every="1s")
    assert table(none.equity, "time", "equity") == [(1, 10), (2, 10), (3, 10)]


def test_rule_24_by_the_shortest_chain_in_both_directions():
    """Rule 24: of two paths the shorter one; usd is converted to btc by btc_usd, too."""
    one = bt.Instrument("x", "eth_usd", price_increment=1, quantity_increment="0.1")
    data = [trades((1, price, 1, name)) for name, price in (("btc_usd", 100), ("eth_btc", 0.05), ("eth_usd", 6))]
    nothing = schedule({"at": 9, "buy": 1, "on": "btc_usd"})
    result = run(data, nothing, [ETH, BTC, one], balances={"eth": 10}, reporting="usd")
    assert table(result.equity, "equity")[-1] == (60,)
    result = run(data, nothing, [ETH, BTC, one], balances={"eth": 10, "usd": 1}, reporting="btc")
    assert table(result.equity, "equity")[-1] == (0.51,)
    result = run(data, nothing, [ETH, BTC, one], balances={"btc": 10, "usd": 1}, reporting="eth")
    assert table(result.equity, "equity")[-1] == (200.166666667,)


def test_rule_24_of_two_shortest_chains_the_name_reached_first_then_the_smallest_index():
    """Rule 24: jpy reaches usd by aaa or by bbb; both by the first exchange of the two that have it."""
    names = ("aaa_usd", "bbb_usd", "aaa_jpy", "jpy_bbb")
    every = [bt.Instrument(e, n, price_increment=1, quantity_increment=1) for e in ("y", "x") for n in names]
    data = [trades((1, k + 2, 1, one.key)) for k, one in enumerate(every)]
    result = run(
        data, schedule({"at": 9, "buy": 1, "on": "x.aaa_usd"}), every, balances={"x.usd": 0}, reporting="x.usd"
    )
    a, names = result.state.assets, [one.key for one in result.index.instruments]
    taken = {result.index.asset_names[k]: (names[a.step[k]], a.divides[k]) for k in range(len(a)) if a.step[k] >= 0}
    aaa, bbb, jpy = ("x.aaa_usd", 0), ("x.bbb_usd", 0), ("x.aaa_jpy", 1)
    assert taken == {f"{e}.{n}": leg for e in "xy" for n, leg in (("aaa", aaa), ("bbb", bbb), ("jpy", jpy))}


def test_rule_24_an_account_in_dollars_that_trades_usd_jpy():
    """Rule 24: from quote to base divides by the price, half to even in units of the base."""
    pair = bt.Instrument("x", "usd_jpy", price_increment="0.01", quantity_increment=1)
    data = trades(*((k, price, 1e6) for k, price in ((1, 150), (2, 150), (3, 160))), instrument="usd_jpy")
    rows = [{"at": 1, "buy": 1000, "on": "usd_jpy"}]
    balances = {"usd": 5000, "jpy": 300_000}
    result = run(data, schedule(*rows), pair, balances=balances, reporting="usd", mark_every="1s")
    # 1,000 usd for 150,000 jpy; what is left, 150,000 jpy, at 150 and at 160.
    assert table(result.equity, "time", "equity") == [(1, 7000), (2, 7000), (3, 6000 + 937.5)]
    assert result.state.assets.reaches[0] == 1
    short = run(
        data,
        schedule({"at": 1, "sell": 7, "on": "usd_jpy"}),
        pair,
        balances={"usd": 10, "jpy": 3001},
        reporting="usd",
        venues=bt.Venue(account="margin"),
    )
    assert table(short.equity, "equity")[-1] == (10 - 7 + (3001 + 7 * 150) // 160 + 0.31875,)


def test_rule_24_equal_names_on_different_exchanges_are_one_to_one():
    """Rule 24: usd here and usd there add up, also where their units differ."""
    two = [A, bt.Instrument("y", "b_usd", price_increment=1, quantity_increment=1)]
    data = [trades((1, 5, 1)), trades((1, 7, 1, "b_usd"))]
    nothing = schedule({"at": 9, "buy": 1})
    balances, units = {"x.usd": 10, "y.usd": 10**8, "b": 3}, {"y.usd": "0.001"}
    result = run(data, nothing, two, balances=balances, units=units, reporting="x.usd")
    assert result.scales.units[1] != result.scales.units[3]
    assert table(result.equity, "equity")[-1] == (10 + 10**8 + 21,)


def test_rule_2_an_equity_beyond_the_range_is_null():
    """Rule 2: 1e12 usd there are more than 2^62 of the units of 1e-9 here."""
    two = [A, bt.Instrument("y", "b_usd", price_increment=1, quantity_increment=1)]
    data = [trades((1, 5, 1)), trades((1, 7, 1, "b_usd"))]
    terms = {"balances": {"x.usd": 10, "y.usd": 10**12}, "reporting": "x.usd"}
    result = run(data, schedule({"at": 9, "buy": 1}), two, units={"x.usd": "1e-9"}, **terms)
    assert table(result.equity, "equity") == [(None,)]
    result = run(data, schedule({"at": 9, "buy": 1}), two, **terms)
    assert table(result.equity, "equity") == [(10 + 10**12,)]


def test_rule_24_a_position_in_another_currency():
    """Rule 24: summed for each asset, then converted: 3 eth bought at 0.1 btc, btc at 100."""
    data = [
        trades((1, 100, 1, "btc_usd"), (4, 200, 1, "btc_usd")),
        trades(*((k, 0.1, 1, "eth_btc") for k in (1, 2, 3))),
    ]
    rows = [{"at": 1, "buy": 3, "on": "eth_btc"}]
    result = run(data, schedule(*rows), [ETH, BTC], balances={"usd": 1, "btc": 1}, reporting="usd")
    assert table(result.equity, "time", "equity") == [(1, 101), (4, 201)]


def test_rule_24_marks_without_candles_are_at_multiples_of_the_interval():
    """Rule 24: a minute by default; the next multiple after an event; first at the start, last at the end."""
    data = trades((1, 100, 1), (2, 105, 1), (61, 110, 1), (62, 120, 1), (250, 130, 1))
    result = run(data, schedule({"at": 999, "buy": 1}), balances={"a": 1})
    assert table(result.equity, "time", "equity") == [(1, 100), (60, 105), (120, 120), (250, 130)]
    result = run(data, schedule({"at": 999, "buy": 1}), balances={"a": 1}, mark_every="10s")
    assert table(result.equity, "time") == [(1,), (10,), (70,), (250,)]


def test_rule_24_marks_with_candles_are_at_each_close():
    """Rule 24: at each arrival of a close; all candles of one time give one mark."""
    data = [flat(5, 6), flat(7, 8, instrument="b_usd")]
    result = run(data, schedule({"at": 999, "buy": 1}), [A, B], balances={"a": 1, "b": 1})
    assert table(result.equity, "time", "equity") == [(0, None), (10, 12), (20, 14)]
    late = bt.Venue(latency=bt.Latency(feed_ns=10**9))
    result = run(data, schedule({"at": 999, "buy": 1}), [A, B], balances={"a": 1, "b": 1}, venues=late)
    assert table(result.equity, "time", "equity") == [(0, None), (11, 12), (21, 14)]


def test_rule_24_a_mark_at_an_events_time_comes_after_it():
    """Rule 24: an event at a multiple is in that mark; of one time there is one mark, the last."""
    data = trades((10, 100, 1), (20, 110, 1), (20, 120, 1))
    result = run(data, schedule({"at": 999, "buy": 1}), balances={"a": 1}, mark_every="10s")
    assert table(result.equity, "time", "equity")[1:] == [(20, 120)]


def test_rule_24_the_default_is_the_quote_of_the_first_instrument():
    """Rule 24: reporting names the asset; an unknown one is an error, as is an interval that is not positive."""
    assert run(MARKET, schedule({"at": 1, "buy": 1})).reporting == "usd"
    with pytest.raises(InstrumentError, match="usdd"):
        run(MARKET, schedule({"at": 1, "buy": 1}), reporting="usdd")
    with pytest.raises(ConfigError, match="mark_every"):
        run(MARKET, schedule({"at": 1, "buy": 1}), mark_every=0)


def test_start_and_end_cut_the_data():
    """Rows outside do not take part, by venue time; a time without a zone is an error."""

    def at(second: int) -> datetime:
        return datetime.fromtimestamp(second, UTC)

    result = run(MARKET, schedule(*ROUND_TRIP), venues=MARGIN, start=at(2), end=at(4))
    assert table(result.trades, "time_exchange", "price") == [(3, 103), (3, 103), (4, 104)]
    assert table(result.equity, "time")[0] == (2,)
    assert table(result.balances, "time_exchange")[0] == (2,)
    with pytest.raises(ConfigError, match="no time zone"):
        run(MARKET, schedule(*ROUND_TRIP), start=datetime(2024, 1, 1))
    with pytest.raises(ConfigError, match="no rows between"):
        run(MARKET, schedule(*ROUND_TRIP), start=at(99))


# Rule 25

PROGRAM = """
import barter_bt as bt
from barter_bt.data import candles, generate, quotes, trades
names = {"walk0_usd", "walk1_usd", "walk2_usd"}
many = [bt.Instrument("x", n, price_increment="0.01", quantity_increment="0.001") for n in names]
class Maker:
    wake = "quote"
    def generate_algo_orders(self, state):
        i = state.instrument
        return state.open_orders(i), [bt.OrderRequest(i, 0.5, state.bid(i)), bt.OrderRequest(i, -0.5, state.ask(i))]
data = [quotes(generate.quotes(300)), trades(generate.trades(300))]
result = bt.backtest(data, many, Maker(), balances=dict.fromkeys({"usd", "walk1", "walk2"}, 1000), interpret=True)
print(result.trades.height, result.digest, result.digests["equity"])
"""


def test_rule_25_two_processes_give_one_digest():
    """Rule 25: whatever PYTHONHASHSEED is, and in whatever order sets and dictionaries come."""
    found = set()
    for seed in ("1", "2", "77"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-W", "error", "-c", PROGRAM]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found.add(done.stdout)
    assert len(found) == 1
    assert int(found.pop().split()[0]) > 10


def test_rule_25_the_digest_is_of_orders_trades_positions_balances():
    """Rule 25: marks, seed and progress do not touch it; equity has a digest of its own."""
    one = round_trip()
    other = round_trip(mark_every="1s", seed=5, progress=lambda done, rows: None)
    assert other.digest == one.digest
    assert other.digests["equity"] != one.digests["equity"]
    assert set(one.digests) >= {"digest", "orders", "trades", "positions", "balances", "equity"}
    assert len(one.digest) == 64


def test_rule_25_the_digest_is_the_checksum_of_four_tables_checksums():
    """Rule 25: none is left out, in that order."""
    found = round_trip().digests
    tables = b"".join(bytes.fromhex(found[name]) for name in ("orders", "trades", "positions", "balances"))
    assert found["digest"] == hashlib.sha256(tables).hexdigest()


def test_rule_25_the_digest_sees_every_difference():
    """Rule 25: another price, fee, time, name or balance is another digest."""
    renamed = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
    moved = trades(*((k, 100 + k + (k == 3), 9) for k in range(1, 7)))
    later = trades(*((k + 1e-9 * (k == 3), 100 + k, 9) for k in range(1, 7)))
    rows = schedule(*ROUND_TRIP)
    elsewhere = schedule(*(row | {"on": "b_usd"} for row in ROUND_TRIP))
    found = [
        round_trip(),
        run(moved, rows, venues=MARGIN),
        run(later, rows, venues=MARGIN),
        run(MARKET, rows, venues=bt.Venue(account="margin")),
        run(MARKET, rows, venues=MARGIN, balances={"usd": 10_001}),
        run(MARKET, schedule(*ROUND_TRIP, name="other"), venues=MARGIN),
        run(trades(*((k, 100 + k, 9, "b_usd") for k in range(1, 7))), elsewhere, renamed, venues=MARGIN),
    ]
    assert len({one.digest for one in found}) == len(found)


def test_rule_25_the_order_of_declaration_changes_nothing():
    """Rule 25: nor does an instrument's place in the list; a stream's place may (rule 10)."""
    data = [MARKET, trades((1, 5, 1, "b_usd"))]
    one, other = (run(data, schedule(*ROUND_TRIP), pair, venues=MARGIN) for pair in ([A, B], [B, A]))
    assert one.digest == other.digest


# Rule 26


def test_rule_26_a_trade_bears_the_position_that_it_touched_first():
    """Rule 26: opened 0, reduced 0, flipped: the one it closed, 0; then what touches 1; then 2."""
    result = run(MARKET, schedule(*ROUND_TRIP, {"at": 5, "buy": 1}), venues=MARGIN)
    assert result.trades["position_id"].to_list() == [0, 0, 0, 1, 2]
    assert table(result.positions, "position_id", "trade_id_enter", "trade_id_exit") == [(0, 0, 2), (1, 2, 3)]


def test_rule_26_positions_are_numbered_over_all_instruments():
    """Rule 26: in order of opening."""
    data = [quotes((1, 9, 9, 10, 9), (5, 9, 9, 10, 9)), quotes((1, 9, 9, 10, 9, "b_usd"), (5, 9, 9, 10, 9, "b_usd"))]
    rows = [{"at": 2, "buy": 1, "on": "b_usd"}, {"at": 3, "buy": 1}, {"at": 4, "sell": 1, "on": "b_usd"}]
    result = run(data, schedule(*rows), [A, B])
    assert table(result.trades, "instrument", "position_id") == [("b_usd", 0), ("a_usd", 1), ("b_usd", 0)]


def test_an_order_knows_the_price_that_the_strategy_saw():
    """The instrument's price when it was sent (rule 6), null while there is none; slippage is measured from it."""
    market = quotes((1, 99, 3, 101, 3), (4, 109, 9, 111, 9))
    steps = schedule({"at": 0, "buy": 1, "limit": 5}, {"at": 2, "buy": 2}, {"at": 4, "sell": 1})
    result = run(market, steps, venues=bt.Venue(latency=bt.Latency(request_ns=3 * 10**9)))
    assert result.orders["price_sent"].to_list() == [None, 100.0, 110.0]
