"""The generated book and its trades belong together."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), n=st.integers(1, 400))
def test_a_trade_takes_what_the_book_displayed(seed, n):
    """Before its message the book showed at least as much at its price; the messages are numbered without a gap."""
    depth, tape = bt.data.generate.book_and_trades(n, seed)
    stands, last = {}, None
    trades = tape.partition_by("time_exchange", as_dict=True)
    for (time,), rows in depth.partition_by("time_exchange", as_dict=True, maintain_order=True).items():
        number, previous = rows["sequence"][0], rows["previous_sequence"][0]
        assert last is None or previous == last
        last = number
        taken = trades.pop((time,), tape.clear())
        for price, amount, side in taken.select("price", "amount", "side").rows():
            assert stands[-side, price] >= amount - 1e-9
        stands |= {(side, price): amount for side, price, amount in rows.select("side", "price", "amount").rows()}
    assert not trades


def test_the_book_is_never_crossed_and_a_seed_is_a_market():
    """All messages leave a normal book; equal seeds give equal frames, others give others."""
    depth, tape = bt.data.generate.book_and_trades(3_000)
    states = bt.data.rebuild_books(bt.data.book(depth))["state"].cast(pl.String)
    assert set(states) == {"normal"}
    assert depth.equals(bt.data.generate.book_and_trades(3_000)[0])
    assert not tape.equals(bt.data.generate.book_and_trades(3_000, seed=18)[1])
