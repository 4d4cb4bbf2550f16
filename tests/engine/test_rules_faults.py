"""Rules 95 to 97: what goes wrong on purpose, on hand-made markets, against the formulas of the rules."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.engine.latency import CONSTANT
from barter_bt.errors import ConfigError
from tests.engine import books
from tests.engine.test_rules_latency import mixed
from tests.engine.tiny import S, Watch, bars, quotes, run, schedule, table, trades

BIG = 2**64
MARKET = trades(*((at, 100, 99) for at in range(60)))
PLAN = schedule(*({"at": 2 * at + 1, "buy": 1} for at in range(25)))


def u(seed, kind, number):
    """Rule 52."""
    return mixed((mixed((mixed(seed) + kind) % BIG) + number) % BIG) >> 32


def happens(chance, seed, what, number, time):
    """Rule 96: one message."""
    return u(seed, what, number ^ time) < chance * 2**32


def faulty(latency=None, seed=5, **faults):
    return bt.Venue(latency=latency or bt.Latency(), faults=bt.Faults(seed, **faults))


def arrivals(result):
    return result.orders["time_exchange"].to_physical().to_list()


def test_rule_96_orders_are_rejected_as_drawn():
    """Rule 96: by order and time of arrival; the others fill as ever."""
    result = run(MARKET, PLAN, venues=faulty(bt.Latency("1s"), reject=0.3))
    expected = [happens(0.3, 5, 67, order, (2 * order + 2) * S) for order in range(25)]
    assert 3 < sum(expected) < 12
    rejected = result.orders.select((pl.col("reason") == "fault").fill_null(value=False)).to_series()
    assert rejected.to_list() == expected
    assert set(result.orders.filter(rejected)["status"].cast(pl.String)) == {"rejected"}
    assert result.trades["order_id"].to_list() == [order for order in range(25) if not expected[order]]
    assert any("fail, are late or come twice on purpose" in each for each in result.warnings)
    assert any(f"fault {sum(expected)}" in each for each in result.warnings)


def test_rule_96_an_order_that_is_lost_is_in_flight_until_it_is_asked_for():
    """Rule 96: rejected a timeout after it should have arrived; reports of others do not wait for that answer."""
    result = run(MARKET, PLAN, venues=faulty(bt.Latency("1s", "1s"), lose=0.3, timeout="20s"))
    lost = [happens(0.3, 5, 64, order, (2 * order + 2) * S) for order in range(25)]
    closed = [at // S for at in result.orders["time_closed"].to_physical()]
    assert 3 < sum(lost) < 12
    assert [closed[order] for order in range(25) if lost[order]] == [
        2 * order + 22 for order in range(25) if lost[order]
    ]
    assert all(closed[order] <= 2 * order + 4 for order in range(25) if not lost[order])  # the next trade, and back
    assert [reason == "lost" for reason in result.orders["reason"]] == lost
    assert [at is None for at in arrivals(result)] == lost


def test_rule_96_a_cancel_that_is_lost_leaves_the_order_as_it_is():
    """Rule 96: after the timeout it can be cancelled again; meanwhile it may fill, and the answer changes nothing."""
    seed = next(k for k in range(99) if lost_cancel(k, 0, 5) and not lost_cancel(k, 0, 20) and not lost_open(k, 0, 2))
    plan = schedule(
        {"at": 2, "buy": 1, "limit": 90}, {"at": 5, "cancel": 0}, {"at": 9, "cancel": 0}, {"at": 20, "cancel": 0}
    )
    venue = bt.Venue(faults=bt.Faults(seed, lose=0.5, timeout="8s"))
    result = run(MARKET, plan, venues=venue)
    assert table(result.orders, "status", "time_closed") == [("cancelled", 20)]
    falls = trades(*((at, 100 if at < 8 else 80, 99) for at in range(30)))
    assert table(run(falls, plan, venues=venue).orders, "status", "time_closed") == [("filled", 8)]


def lost_open(seed, order, second):
    return happens(0.5, seed, 64, order, second * S)


def lost_cancel(seed, order, second):
    return happens(0.5, seed, 65, order, second * S)


def test_rule_96_a_cancel_of_an_order_that_was_lost_drops_it():
    """Rule 96: the venue does not know the order, and the engine never heard that it is open."""
    seed = next(k for k in range(99) if lost_open(k, 0, 2) and not lost_cancel(k, 0, 5))
    plan = schedule({"at": 2, "buy": 1, "limit": 90}, {"at": 5, "cancel": 0})
    result = run(MARKET, plan, venues=bt.Venue(faults=bt.Faults(seed, lose=0.5, timeout="30s")))
    assert table(result.orders, "status", "reason", "time_closed") == [("rejected", "unknown_order", 5)]


def test_rule_96_an_amend_that_is_lost_is_rejected():
    """Rule 96: the order keeps its terms."""
    seed = next(k for k in range(99) if happens(0.5, k, 66, 0, 5 * S) and not lost_open(k, 0, 2))
    plan = schedule({"at": 2, "buy": 1, "limit": 90}, {"at": 5, "amend": 0, "limit": 95})
    result = run(MARKET, plan, venues=bt.Venue(faults=bt.Faults(seed, lose=0.5, timeout="7s")))
    assert table(result.amends, "status", "reason", "time_engine") == [("rejected", "lost", 12)]
    assert result.orders["price"].to_list() == [90.0]


def test_rule_96_what_protects_a_lost_order_ends_with_it():
    """Rules 31 and 96: its stop finds that its entry has ended."""
    seed = next(k for k in range(99) if lost_open(k, 0, 2) and not lost_open(k, 1, 2))
    plan = schedule({"at": 2, "buy": 1, "limit": 100, "stop_loss": 90})
    result = run(MARKET, plan, venues=bt.Venue(faults=bt.Faults(seed, lose=0.5, timeout="3s")))
    assert table(result.orders, "status", "reason", "time_closed") == [
        ("rejected", "lost", 5),
        ("rejected", "parent_ended", 2),
    ]


def test_rule_97_late_messages_and_those_behind_them():
    """Rules 52 and 97: a late request takes 3 s longer, and those behind it arrive with it."""
    result = run(MARKET, PLAN, venues=faulty(bt.Latency("1s"), late=0.2, late_by="3s"))
    late = [happens(0.2, 5, 96, order, (2 * order + 1) * S) for order in range(25)]
    assert any(late)
    expected, last = [], 0
    for order, is_late in enumerate(late):
        last = max(last, 2 * order + 2 + 3 * is_late)
        expected.append(last)
    assert [at // S for at in arrivals(result)] == expected


def test_rule_97_a_spike_is_for_all_that_is_sent_in_its_span():
    """Rule 97: spans of ten seconds since 1970."""
    seed = next(k for k in range(99) if 1 < sum(u(k, 128, span) < 0.4 * 2**32 for span in range(6)) < 5)
    result = run(MARKET, PLAN, venues=faulty(seed=seed, spike=0.4, spike_by="500ms", spike_span="10s"))
    spans = [u(seed, 128, k) < 0.4 * 2**32 for k in range(6)]
    sent = [2 * order + 1 for order in range(25)]
    assert [at - second * S for at, second in zip(arrivals(result), sent, strict=True)] == [
        S // 2 * spans[second // 10] for second in sent
    ]


def test_rule_97_what_is_sent_in_an_outage_is_sent_at_its_end_and_orders_fill_meanwhile():
    """Rule 97: one outage may follow another; a fill within one is told behind it."""
    seed = next(k for k in range(999) if [u(k, 129, span) < 0.5 * 2**32 for span in range(6)] == [0, 1, 1, 0, 0, 0])
    venue = bt.Venue(faults=bt.Faults(seed, disconnect=0.5, disconnect_span="10s"))
    falls = trades(*((at, 100 if at < 15 else 80, 99) for at in range(60)))
    plan = schedule({"at": 5, "buy": 1, "limit": 90}, {"at": 12, "buy": 2}, {"at": 40, "buy": 3})
    result = run(falls, plan, venues=venue)
    assert table(result.orders, "time_exchange") == [(5,), (30,), (40,)]
    assert table(result.trades, "time_exchange", "time_engine", "quantity") == [(15, 30, 1), (31, 31, 2), (41, 41, 3)]


def test_nothing_goes_wrong_unless_it_is_asked_for():
    """A seed alone is no fault: the run is the same, and its messages take the quick way."""
    plain, seeded = run(MARKET, PLAN), run(MARKET, PLAN, venues=bt.Venue(faults=bt.Faults(seed=9)))
    assert plain.digest == seeded.digest
    assert seeded.state.links.request_form[0] == seeded.state.links.response_form[0] == CONSTANT
    assert seeded.warnings == plain.warnings


def test_faults_are_the_same_compiled_and_at_one_exchange_alone():
    """They are drawn by exchange: another's requests arrive."""
    both = [bt.Instrument("x", "a_usd"), bt.Instrument("y", "b_usd")]
    data = [MARKET, trades(*((at, 100, 99) for at in range(60)), instrument="b_usd")]
    plan = schedule(*({"at": at, "buy": 1, "on": name} for at in range(1, 30) for name in ("a_usd", "b_usd")))
    options = {"balances": {"x.usd": 9_999, "y.usd": 9_999}, "reporting": "x.usd", "venues": {"x": faulty(reject=0.5)}}
    result = run(data, plan, both, **options)
    where = result.orders.filter(pl.col("status").cast(pl.String) == "rejected")["exchange"].cast(pl.String)
    assert set(where) == {"x"}
    assert run(data, plan, both, **options, interpret=False).digest == result.digest


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reject": 1.0}, "reject of faults is 1.0; allowed: 0 to 0.9"),
        ({"lose": -0.1}, "lose of faults is -0.1"),
        ({"seed": -1}, "seed of faults is -1"),
        ({"timeout": 0}, "timeout of faults is 0; it must be above 0"),
        ({"late_by": "-1s"}, "late_by is '-1s'; it must not be negative"),
    ],
)
def test_faults_that_cannot_be_are_told(given, words):
    with pytest.raises(ConfigError) as told:
        bt.Faults(**given)
    assert words in str(told.value)


def test_a_venue_takes_faults_as_a_mapping_and_files_have_them(tmp_path):
    assert bt.Venue(faults={"reject": "10%"}).faults == bt.Faults(reject=0.1)
    with pytest.raises(ConfigError, match="faults has 'rejects'"):
        bt.Venue(faults={"rejects": 1})
    bt.data.generate.candles(9).write_parquet(tmp_path / "c.parquet")
    text = """
[[data]]
kind = "candles"
path = "c.parquet"
[[instruments]]
exchange = "x"
name = "walk_usd"
[balances]
usd = 100
[venues.x.faults]
seed = 3
reject = "1%"
timeout = "5s"
[strategy]
name = "buy_and_hold"
"""
    (tmp_path / "run.toml").write_text(text)
    venue = load(tmp_path / "run.toml").build()["venues"]["x"]
    assert venue.faults == replace(bt.Faults(), seed=3, reject=0.01, timeout=5 * S)


def repeated(seconds, seed=5):
    """Rule 95: each second as often as what happened then arrives."""
    return [at for at in seconds for _ in range(1 + happens(0.5, seed, 130, 0, at * S))]


@pytest.mark.parametrize("interpret", [True, False])
def test_rule_95_market_events_of_some_times_arrive_twice(interpret):
    """Rule 95: trades and quotes of two streams, behind each other, in their order; candles once."""
    shown = repeated(range(40))
    assert 50 < len(shown) < 70
    market = [trades(*((at, 100, 9) for at in range(40))), quotes(*((at, 99, 5, 101, 5) for at in range(40)))]
    watch = Watch(lambda state: (state.time // S, len(watch.seen)))
    result = run(market, watch, venues=faulty(duplicate=0.5), interpret=interpret)
    assert [second for second, _ in watch.seen] == sorted(shown + shown)
    assert any("come twice on purpose" in each for each in result.warnings)
    watch = Watch(lambda state: state.time // S)
    run(bars(*range(100, 110)), watch, venues=faulty(duplicate=0.9), interpret=interpret)
    assert len(watch.seen) == len(set(watch.seen))


def test_rule_95_a_message_of_a_book_that_arrives_again_is_not_applied_again():
    """Rule 95: the strategy is woken twice, by a book that is the same; nothing is filled twice."""
    shown = [books.snapshot(1, [(99, 9)], [(101, 4)])]
    shown += [books.message(at, [(98, at)], after=at - 1) for at in range(2, 30)]
    expected = repeated(range(books.DAY + 1, books.DAY + 30))
    assert 35 < len(expected) < 52
    watch = Watch(lambda state: (state.time // S, state.book("abc_usd").height))
    run(books.streams(shown), watch, books.ABC, venues=faulty(duplicate=0.5))
    assert [second for second, _ in watch.seen] == expected
    buys = schedule({"at": books.DAY + 3, "buy": 7, "on": "abc_usd"})
    asked = {"venues": faulty(duplicate=0.5), "balances": {"usd": 10_000}}
    assert run(books.streams(shown), buys, books.ABC, **asked).trades["quantity"].to_list() == [4]


def test_rule_95_nothing_happens_twice_at_the_exchange():
    """Rule 95: an order gets of a trade what it would have got."""
    market = trades(*((at, 100, 3) for at in range(20)))
    plan = schedule({"at": 2, "buy": 10, "limit": 100})
    venue = {"maker_fills_on": "trades", "participation": 0.5}
    plain, twice = (
        run(market, plan, venues=bt.Venue(faults=one, **venue)) for one in (bt.Faults(), bt.Faults(duplicate=0.9))
    )
    assert plain.digest == twice.digest
