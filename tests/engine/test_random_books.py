"""Random books, trades and orders: what holds of every run holds of these, whatever way they are run."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.data import source
from tests.draws import draws
from tests.engine.books import At, message, run, snapshot, streams, trade

BIDS, ASKS = st.integers(95, 100), st.integers(100, 105)  # locked now and then, crossed never by one message alone
AMOUNTS = st.integers(0, 12)


@st.composite
def markets(draw) -> tuple[list, list]:
    """Messages with a gap now and then, and trades between them."""
    book, trades, last = [snapshot(1, [(99, 8), (98, 5)], [(101, 8), (102, 5)])], [], 1
    for second in accumulate(draw(st.lists(st.integers(0, 2), min_size=3, max_size=12)), initial=2):
        bids = draw(st.lists(st.tuples(BIDS, AMOUNTS), max_size=2))
        asks = draw(st.lists(st.tuples(ASKS, AMOUNTS), max_size=2))
        number = last + 1
        kind = draw(st.sampled_from(["update"] * 8 + ["gap", "snapshot"]))
        if kind == "snapshot":
            levels = [(99, 3), *bids], [(101, 3), *asks]
            book.append(message(second, *levels, snapshot=True, number=number))
        else:
            book.append(message(second, bids, asks, number=number, after=last + (kind == "gap")))
        last = number
        if draw(st.booleans()):
            trades.append(trade(second, draw(st.integers(97, 103)), draw(st.integers(1, 15)), draw(st.integers(-1, 1))))
    return book, trades


@st.composite
def orders(draw) -> dict[int, list[bt.OrderRequest]]:
    """Orders at some seconds."""
    asked: dict[int, list[bt.OrderRequest]] = {}
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 20)) * draw(st.sampled_from([1, -1]))
        terms = draw(
            st.sampled_from([{}, {"price": 0}, {"price": 0}, {"price": 0, "time_in_force": "ioc"}])
            | st.sampled_from([{"price": 0, "time_in_force": "fok"}, {"price": 0, "post_only": True}])
        )
        if "price" in terms:
            terms = terms | {"price": draw(st.integers(97, 103))}
        asked.setdefault(draw(st.integers(1, 9)), []).append(bt.OrderRequest("abc_usd", size, **terms))
    return asked


VENUES = st.fixed_dictionaries(
    {},
    optional={
        "latency": st.sampled_from([{"request_ns": "1s"}, {"request_ns": "1s", "feed_ns": "500ms"}]),
        "locked_quotes": st.just("fill"),
        "slippage": st.just({"ticks": 1}),
    },
)
QUEUES = st.sampled_from(
    [
        {},
        {"queue": "power", "queue_power": 2},
        {"queue": "logarithmic"},
        {"queue": "relative_power", "queue_power": 2},
    ]
)


@settings(max_examples=draws(20))
@given(market=markets(), asked=orders(), venue=VENUES, queue=QUEUES, piece_rows=st.sampled_from([1, 3]))
def test_invariants_hold_and_cutting_the_data_changes_nothing(market, asked, venue, queue, piece_rows):
    terms = venue | queue
    whole = run(streams(*market), At(asked), **terms)
    bt.testing.assert_all(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PIECE_ROWS", piece_rows)
        assert run(streams(*market), At(asked), **terms).digest == whole.digest


@settings(max_examples=draws(8))
@given(market=markets(), asked=orders(), venue=VENUES, queue=QUEUES)
def test_what_is_compiled_and_what_is_audited_is_what_is_interpreted(market, asked, venue, queue):
    terms = venue | queue
    whole = run(streams(*market), At(asked), **terms, audit="full")
    assert run(streams(*market), At(asked), **terms, interpret=False).digest == whole.digest


@settings(max_examples=draws(8))
@given(market=markets(), asked=orders())
def test_the_future_of_the_data_decides_nothing_before(market, asked):
    """A run over the first messages has the fills of the whole until the last of them."""
    book, trades = market
    end = book[len(book) // 2][0][0]  # seconds
    early = [one for one in book if one[0][0] <= end], [one for one in trades if one[0] <= end]
    part, whole = (run(streams(*each), At(asked)).trades for each in (early, market))
    known = whole.filter(whole["time_exchange"].dt.epoch("s") <= end)
    assert known.drop("position_id").equals(part.filter(part["time_exchange"].dt.epoch("s") <= end).drop("position_id"))


@settings(max_examples=draws(20))
@given(
    shown=st.lists(st.tuples(AMOUNTS, st.booleans()), min_size=1, max_size=8),
    asked=st.dictionaries(st.integers(1, 10), st.integers(1, 20)),
    rests=st.booleans(),
)
def test_own_orders_get_of_a_level_what_came_to_it_and_no_more(shown, asked, rests):
    """Who takes now and then gets at most all increases, who waits exactly these; a snapshot is like an update."""
    book, came, last = [snapshot(1, [(99, 9)], [(105, 9)])], 0, 0
    for second, (lots, whole) in enumerate(shown, 2):
        asks = [(100, lots)] if lots or not whole else []
        book.append(message(second, [(99, 9)], [*asks, (105, 9)], snapshot=whole))
        came, last = came + max(lots - last, 0), lots
    takers = {at: [bt.OrderRequest("abc_usd", size, price=100, time_in_force="ioc")] for at, size in asked.items()}
    result = run(streams(book), At(takers | ({1: [bt.OrderRequest("abc_usd", 999, price=100)]} if rests else {})))
    got = result.trades["quantity"].sum()
    assert got == came if rests else got <= came
