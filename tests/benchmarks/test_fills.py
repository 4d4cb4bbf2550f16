"""Orders followed by hand, with our rules and with another engine's habits."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fills import ours
from benchmarks.fills.__main__ import main
from benchmarks.fills.compare import Comparison, explained
from benchmarks.fills.explain import HABITS, OURS, THEIRS, Market, Order, follow, orders_of, reason
from benchmarks.fills.feed import MS, NUMBERED, TRADES, Feed, grid, read_feed
from benchmarks.fills.page import page
from tests.book.captures import shared_data

START = 1_700_000_000_000
"""Milliseconds."""


def feed(messages, trades=()) -> Feed:
    """Messages (ms behind the start, bids, asks in ticks and lots), and trades (ms, ticks, lots, side)."""
    rows = []
    for number, (ms, bids, asks) in enumerate(messages, 1):
        levels = [(1, *one) for one in bids] + [(-1, *one) for one in asks]
        for side, ticks, lots in levels or [(0, 0, 0)]:
            time = (START + ms) * MS
            rows.append((time, side, round(ticks * 0.1, 1), round(lots * 0.001, 3), number == 1, number, number - 1))
    public = [((START + ms) * MS, round(t * 0.1, 1), round(n * 0.001, 3), side) for ms, t, n, side in trades]
    return Feed(pl.DataFrame(public, TRADES, orient="row"), pl.DataFrame(rows, NUMBERED, orient="row"))


def order(side=1, ticks=100, arrives=5, leaves=1_000) -> Order:
    return Order(side, ticks, (START + arrives) * MS, (START + leaves) * MS)


FIRST = (0, [(100, 40), (99, 20)], [(102, 30), (103, 20)])
END = (2_000, [(90, 1)], [])


def ms(found):
    return found and ((found[0] // MS) - START, found[1])


@pytest.mark.parametrize(
    ("habit", "model", "messages", "trades", "here", "there"),
    [
        ("side", "conservative", [], [(10, 99, 5, 1), (20, 99, 5, -1)], (10, "traded_through"), (20, "traded_through")),
        # 40 ahead of 60, 31 leave: 19.33 stay, and a trade of 20 goes two thirds of a lot beyond.
        ("round", "power 1", [(10, [(100, 60)], []), (20, [(100, 29)], [])], [(30, 100, 20, -1)], None, (30, "queue")),
        # 30 of 80 are traded, 10 stay ahead; 20 of 50 leave: 4 of those ahead, or 2.5 if the 30 count as behind.
        ("behind", "power 1", [(10, [(100, 80)], []), (30, [(100, 30)], [])], [(20, 100, 30, -1), (40, 100, 8, -1)],
         (40, "queue"), None),
        ("forget", "power 1", [(20, [(100, 45)], []), (20, [(100, 25)], [])], [(20, 100, 15, -1), (30, 100, 19, -1)],
         None, (30, "queue")),
        # 10 of 50 leave: of lots log 41 : log 11 stand ahead, of coins, whose logarithms are nearly straight, 4 : 1.
        ("coins", "logarithmic", [(10, [(100, 50)], []), (20, [(100, 40)], [])], [(30, 100, 34, -1)],
         None, (30, "queue")),
    ],
)  # fmt: skip
def test_each_habit_by_a_case(habit, model, messages, trades, here, there):
    market = Market(feed([FIRST, *messages, END], trades))
    assert ms(follow(market, order(), model, OURS)) == here
    found = follow(market, order(), model, frozenset({habit}))
    assert ms(found) == there
    assert reason(market, order(), model, found and found[0]) == (habit,)


def test_a_place_below_zero_has_no_logarithm_and_becomes_the_last():
    """More is taken to have left from ahead than stood there; in coins of thousands of lots."""
    messages = [
        (0, [(100, 4_000)], [(102, 5)]),
        (10, [(100, 28_000)], []),
        (20, [(100, 9_000)], []),
        (30, [(100, 5_000)], []),
    ]
    market = Market(feed([*messages, END], [(40, 100, 2, -1)]))
    assert ms(follow(market, order(), "logarithmic", OURS)) == (40, "queue")
    assert follow(market, order(), "logarithmic", frozenset({"below", "coins"})) is None
    assert reason(market, order(), "logarithmic", None) == ("below",)


def test_the_other_side_that_comes_fills_and_what_would_take_at_arrival_is_refused():
    market = Market(feed([FIRST, (50, [], [(100, 3), (102, 0)]), END]))
    assert ms(follow(market, order(), "conservative", OURS)) == (50, "crossed")
    assert follow(market, order(arrives=60), "conservative", OURS) is None
    assert follow(market, order(leaves=50), "conservative", OURS) is None  # what happens when it ends is too late
    assert follow(market, order(side=-1, ticks=103), "conservative", THEIRS) is None


def test_fills_that_no_habit_explains_are_told():
    market = Market(feed([FIRST, END]))
    assert reason(market, order(), "conservative", 5) is None
    made = pl.DataFrame({"time": [START * MS], "cancel": [(START + 9) * MS], "side": [1], "price": [10.0]})
    assert explained(feed([FIRST, END]), made, "conservative", MS, {}, {0: 5}) == ({None: 1}, (0, 1))


@st.composite
def feeds(draw) -> Feed:
    """Messages that never cross, and trades, some at the same milliseconds."""
    messages, trades, at = [FIRST], [], 0
    for _ in range(draw(st.integers(3, 25))):
        at += draw(st.integers(0, 60))
        side, lots = draw(st.booleans()), draw(st.integers(0, 60))
        level = (draw(st.integers(98, 100)), lots) if side else (draw(st.integers(101, 103)), lots)
        messages.append((at, [level], []) if side else (at, [], [level]))
        for _ in range(draw(st.integers(0, 2))):
            trades.append((at, draw(st.integers(98, 103)), draw(st.integers(1, 50)), draw(st.sampled_from([1, -1]))))
    return feed([*messages, END], trades)


@settings(max_examples=30, deadline=None)
@given(feeds(), st.sampled_from(list(ours.MODELS)))
def test_by_hand_and_by_engine_is_the_same(of, model):
    """One order at a time, so that none has another before it."""
    made = pl.DataFrame(
        [((START + 2 + 100 * k) * MS + MS // 2, (START + 102 + 100 * k) * MS + MS // 2, side, ticks / 10)
         for k, (side, ticks) in enumerate([(1, 100), (-1, 102), (1, 99), (-1, 101), (1, 100)])],
        {"time": pl.Int64, "cancel": pl.Int64, "side": pl.Int8, "price": pl.Float64}, orient="row",
    )  # fmt: skip
    found = ours.fills(ours.simulation(of, model, MS).run(ours.schedule(made)))
    by_hand = [follow(Market(of), one, model, OURS) for one in orders_of(made, MS)]
    assert dict(zip(found["order"], zip(found["time"], found["why"], strict=True), strict=True)) == {
        k: one for k, one in enumerate(by_hand) if one
    }


def test_a_grid_stands_at_the_best_prices_and_further_away():
    of = feed([FIRST, (1_400, [(101, 5)], []), (2_600, [(90, 1)], [])])
    made = grid(of, every_ns=1_000 * MS, levels=2, spacing=3)
    half = MS // 2
    assert made.rows() == [
        ((START + 1_000) * MS + half, (START + 2_000) * MS + half, side, price)
        for side, price in ((1, 10.0), (1, 9.7), (-1, 10.2), (-1, 10.5))
    ]


def test_a_capture_is_read_by_the_times_of_the_exchange_and_from_its_snapshot_on(tmp_path):
    def depth(ms, first, last, before, bids, asks):
        data = {"e": "depthUpdate", "T": ms, "U": first, "u": last, "pu": before, "b": bids, "a": asks}
        return {"stream": "x@depth@0ms", "data": data}

    def trade(ms, price, maker):
        return {"stream": "x@trade", "data": {"e": "trade", "T": ms, "p": price, "q": "0.002", "m": maker}}

    lines = [
        depth(1, 1, 5, 0, [["9.0", "1"]], []),
        trade(1, "10.1", True),
        {"lastUpdateId": 4, "T": 2, "bids": [["10.0", "3"]], "asks": [["10.2", "1"]]},
        depth(4, 6, 8, 5, [["10.0", "2"]], []),
        trade(4, "10.2", False),
        trade(3, "10.0", True),
        trade(5, "0", False),
        {"stream": "x@bookTicker", "data": {"e": "bookTicker", "T": 5}},
    ]
    path = tmp_path / "usdm_btcusdt_1.gz"
    path.write_bytes(gzip.compress("\n".join(f"7 {json.dumps(one)}" for one in lines).encode()))
    of = read_feed([path])
    assert of.trades.rows() == [(3 * MS, 10.0, 0.002, -1), (4 * MS, 10.2, 0.002, 1)]
    snapshot = of.book.filter("snapshot").select("side", "price", "amount").rows()
    assert sorted(snapshot) == [(-1, 10.2, 1.0), (1, 9.0, 1.0), (1, 10.0, 3.0)]  # with the change that it lacked
    assert of.events()["kind"].to_list() == [2, 2, 2, 0, 0, 1]


def test_the_page_tells_fills_reasons_and_speed():
    one = Comparison(
        "power 1", {1: 5, 2: 6, 3: 7}, {1: 5, 2: 9, 4: 8}, {1: "queue", 2: "crossed", 3: "queue"},
        {("round",): 2, None: 1}, (0, 1), (0.5, 0.25), 1_000_000, "2.4.4",
    )  # fmt: skip
    made = pl.DataFrame({"time": range(9), "cancel": range(9), "side": [1] * 9, "price": [1.0] * 9})
    text = page(feed([FIRST, END]), made, 10 * MS, [one])
    assert "| power 1 | 3 | 3 | 1 | 1 | 1 | 1 | 5 | 9 | 8 |" in text
    assert "| not explained | 1 |" in text
    assert "| round | 2 |" in text
    assert "| power 1 | 2 | 0 | 1 |" in text
    assert "| power 1 | 0.500 s | 0.250 s | 2.00 M/s | 4.00 M/s |" in text
    assert all(f"- *{name}*: " in text for name in HABITS)


def test_a_folder_without_captures_is_an_error(tmp_path, capsys):
    assert main(["--data", str(tmp_path)]) == 1
    assert "there is no usdm_btcusdt_*.gz" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["conservative", "power 3"])
def test_on_a_real_capture_every_order_is_filled_as_by_hand(model):
    of = read_feed([shared_data("binance_ws", "usdm_btcusdt_20240718.gz")])
    made = grid(of)
    found = ours.fills(ours.simulation(of, model, 10 * MS).run(ours.schedule(made)))
    mine = dict(zip(found["order"].to_list(), found["time"].to_list(), strict=True))
    market = Market(of)
    by_hand = {k: one[0] for k, o in enumerate(orders_of(made, 10 * MS)) if (one := follow(market, o, model, OURS))}
    assert len(mine) == 40
    assert mine == by_hand
