"""Rule 52: latency by time, measured or drawn, on hand-made markets."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.latency import Delays as Rows
from barter_bt.engine.latency import _draw_int64, delay_ns, draw
from barter_bt.errors import ConfigError
from barter_bt.venue.delays import delays_of, feed_arrivals
from tests.engine.tiny import S, Watch, bars, run, schedule, table, trades

BIG = 2**64


def mixed(z):
    """A step of SplitMix64, as its author states it."""
    z = (z + 0x9E3779B97F4A7C15) % BIG
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % BIG
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % BIG
    return z ^ (z >> 31)


def drawn(delays, seed, kind, number):
    """Rule 52 in whole numbers and fractions."""
    u = mixed((mixed((mixed(seed) + kind) % BIG) + number) % BIG) >> 32
    x = delays.delays
    if delays.form == 2:
        return x[u * len(x) >> 32]
    k, r = divmod(u * (len(x) - 1), 2**32)
    return x[k] + int(Fraction((x[min(k + 1, len(x) - 1)] - x[k]) * r, 2**32))


ALL = (
    bt.Delays.uniform("1s", "3s"),
    bt.Delays.uniform(0, 366 * 86_400 * S),
    bt.Delays.measured(["1s", "2s", "9s"]),
    bt.Delays.lognormal("1s", 0.7),
    bt.Delays.uniform("1s", "1s"),
    bt.Delays.measured(["4s"]),
)


def test_splitmix64():
    """Its first numbers from a state of 0, as published."""
    assert [mixed(0), mixed(0x9E3779B97F4A7C15)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@pytest.mark.parametrize("delays", ALL)
def test_rule_52_a_draw_is_a_function_of_seed_kind_and_number(delays):
    """Rule 52: in the engine, in columns, and by the letter."""
    rows = Rows(len(delays.delays))
    rows.array("ns")[:] = delays.delays
    numbers = [0, 1, 2, 77, 10**6, 1_700_000_000 * S, -5 * S]
    for seed in (0, 1, 2**62 - 1):
        for kind in (0, 1, 15, 17):
            for number in numbers:
                found = delay_ns(rows, delays.form, 0, len(rows), seed, kind, number, 0)
                assert found == drawn(delays, seed, kind, number)
        times = np.array(numbers, np.int64)
        taken = [int(feed_arrivals(delays, seed, times[i : i + 1], -(2**63))[0]) - n for i, n in enumerate(numbers)]
        assert taken == [drawn(delays, seed, 15, number) for number in numbers]


def test_rule_52_the_compiled_draw_is_the_same():
    """In numbers without a sign, which wrap around."""
    with np.errstate(over="ignore"):
        for seed, kind, number in ((0, 0, 0), (1, 17, 5), (2**62 - 1, 15, -(2**63)), (9, 1, 2**63 - 1)):
            assert int(_draw_int64(np.int64(seed), np.int64(kind), np.int64(number))) == draw(seed, kind, number)


def test_rule_52_uniform_and_lognormal_delays_are_that():
    """A thousand draws have the mean and the spread that they should."""
    uniform, normal = ALL[0], ALL[3]
    found = np.array([[drawn(one, 3, 0, number) for number in range(1_000)] for one in (uniform, normal)]) / S
    assert found[0].mean() == pytest.approx(2, abs=0.06)
    assert found[0].min() >= 1
    assert found[0].max() <= 3
    logs = np.log(found[1])
    assert logs.mean() == pytest.approx(0, abs=0.07)
    assert logs.std() == pytest.approx(0.7, rel=0.07)


def test_rule_52_requests_and_responses_by_time():
    """Rule 52: of the last time that is not later, of the sending and of the fill; of earlier ones the first."""
    request, response = bt.Delays.by_time([(3 * S, "2s"), (10 * S, "5s")]), {"by_time": [[6 * S, "1s"], [16 * S, "3s"]]}
    venue = bt.Venue(latency=bt.Latency(request, response))
    market = trades(*((at, 100, 9) for at in range(40)))
    result = run(market, schedule(*({"at": at, "buy": 1} for at in (1, 9, 10, 20))), venues=venue)
    assert table(result.orders, "time_sent", "time_exchange") == [(1, 3), (9, 11), (10, 15), (20, 25)]
    # A trade that comes at an arrival has been seen before, so the next one fills.
    assert table(result.trades, "time_exchange", "time_engine") == [(4, 5), (12, 13), (16, 19), (26, 29)]


def test_rule_52_messages_of_a_link_never_overtake_each_other():
    """Rule 52: the second request takes a second, and arrives with the first, which takes nine."""
    venue = bt.Venue(latency=bt.Latency({"by_time": [[0, "9s"], [2 * S, "1s"]]}))
    other = bt.Venue(latency=bt.Latency("1s"))
    both = [bt.Instrument("x", "a_usd"), bt.Instrument("y", "b_usd")]
    market = [trades(*((at, 100, 9) for at in range(20)), instrument=name) for name in ("a_usd", "b_usd")]
    plan = schedule({"at": 1, "buy": 1}, {"at": 3, "buy": 1}, {"at": 3, "buy": 1, "on": "b_usd"})
    balances = {"x.usd": 1_000, "y.usd": 1_000}
    result = run(market, plan, both, venues={"x": venue, "y": other}, balances=balances, reporting="x.usd")
    assert table(result.orders, "time_exchange") == [(10,), (10,), (4,)]


def test_rule_52_orders_in_common_are_equally_fast():
    """Rule 52: what else is sent changes neither the delay of a request nor that of a response."""
    venue = bt.Venue(latency=bt.Latency(ALL[0], ALL[3], seed=4))
    market = trades(*((at, 100, 99) for at in range(200)))
    rows = [{"at": 20 * at + 1, "buy": 1} for at in range(8)]
    result = run(market, schedule(*rows), venues=venue)
    arrived = result.orders["time_exchange"].to_physical().to_list()
    assert arrived == [row["at"] * S + drawn(ALL[0], 4, 0, order) for order, row in enumerate(rows)]
    fills = result.trades["time_exchange"].to_physical().to_list()
    assert result.trades["time_engine"].to_physical().to_list() == [
        max(fills[order] + drawn(ALL[3], 4, 17, order), arrived[order] + drawn(ALL[3], 4, 16, order))
        for order in range(8)
    ]
    fewer = run(market, schedule(*rows[:3]), venues=venue)
    assert fewer.orders.equals(result.orders[:3])


@pytest.mark.parametrize("delays", [ALL[3], bt.Delays.by_time([(0, "4s"), (5 * S, "1s")])])
def test_rule_52_the_feed(delays):
    """Rules 8, 9 and 52: rows arrive in their order, for strategies and signals, and a known time is not replaced."""
    venue = bt.Venue(latency=bt.Latency(feed_ns=delays, seed=2))
    times = np.arange(0, 10 * S, S)
    expected = feed_arrivals(delays, 2, times, -(2**63))
    assert (np.diff(expected) >= 0).all()
    if delays.form == 1:
        assert (expected / S).tolist() == [4, 5, 6, 7, 8, 8, 8, 8, 9, 10]
    watch = Watch(lambda state: state.time)
    run(trades(*((at // S, 100, 9) for at in times)), watch, venues=venue)
    assert list(dict.fromkeys(watch.seen)) == list(dict.fromkeys(expected.tolist()))
    closes = bars(*range(100, 110))
    signals = bt.Signals(pl.when(pl.col("close") > 102).then(1.0).otherwise(0.0), size="units", rebalance="on_change")
    result = run(closes, signals, venues=venue)
    arrival = feed_arrivals(delays, 2, closes.frame().collect()["time_exchange"].to_physical().to_numpy(), -(2**63))
    assert result.orders["time_sent"].to_physical()[0] == arrival[3]
    received = pl.DataFrame(
        {"time_exchange": [0, S], "time_received": [7, S + 7], "price": [1.0, 1.0], "amount": [1.0, 1.0]}
    )
    watch = Watch(lambda state: state.time)
    run(bt.data.trades(received, instrument="a_usd", time_unit="ns"), watch, venues=venue)
    assert watch.seen == [7, S + 7]


def test_rule_52_refusals():
    for make, match in (
        (lambda: bt.Delays.uniform("2s", "1s"), "not be shorter"),
        (lambda: bt.Delays.uniform("2s", 0.5), "a delay is 0.5"),
        (lambda: bt.Delays.lognormal("2s", -1), "sigma"),
        (lambda: bt.Delays.measured([]), "delays are 0"),
        (lambda: bt.Delays.measured([-1]), "a delay is -1"),
        (lambda: bt.Delays.by_time([(2, 1), (1, 1)]), "ascend"),
        (lambda: bt.Delays.by_time([("2024-01-01", 1)]), "must be a datetime with a zone"),
        (lambda: bt.Delays.by_time([(1, 2, 3)]), "a time and a delay"),
        (lambda: bt.Delays(9, (1,)), "form"),
        (lambda: bt.Latency({"normal": [1, 2]}), "uniform, measured, by_time"),
        (lambda: bt.Latency({"uniform": "1s"}), "uniform, measured, by_time"),
        (lambda: bt.Latency(seed=-1), "seed"),
    ):
        with pytest.raises(ConfigError, match=match):
            make()
    assert delays_of({"median": "1s", "sigma": 0.7}, "x") == ALL[3]
    assert delays_of({"measured": ["1s", "2s", "9s"]}, "x") == ALL[2]


def test_rule_52_a_stream_has_one_feed():
    both = [bt.Instrument("x", "a_usd"), bt.Instrument("y", "b_usd")]
    rows = pl.DataFrame(
        {"time_exchange": [0, 0], "instrument": ["a_usd", "b_usd"], "price": [1.0, 1.0], "amount": [1.0, 1.0]}
    )
    venues = {"x": bt.Venue(latency=bt.Latency(feed_ns=ALL[0])), "y": bt.Venue()}
    with pytest.raises(ConfigError, match="different feed latency"):
        run(
            bt.data.trades(rows, time_unit="ns"),
            Watch(None),
            both,
            venues=venues,
            balances={"x.usd": 1},
            reporting="x.usd",
        )
