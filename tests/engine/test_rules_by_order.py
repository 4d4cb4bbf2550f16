"""Rules 93 and 94 in a run of its own: compiled, interpreted, cut, and in front of models of queues."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError
from tests.engine.books import DAY, At, fills, run, snapshot, streams

NAMES = ("time_exchange", "action", "order_id", "side", "price", "amount")
ROWS = [
    (1, "clear", 0, 0, 0, 0),
    (1, "add", 1, 1, 99, 10),
    (1, "add", 2, 1, 98, 20),
    (1, "add", 3, -1, 101, 5),
    (1, "add", 4, -1, 102, 7),
    (3, "add", 5, 1, 99, 8),
    (4, "cancel", 1, 0, 0, 4),
    (5, "execute", 1, 0, 0, 6),
    (6, "execute", 5, 1, 99, 3),
    (7, "modify", 3, 0, 102, 9),
    (8, "execute", 2, 1, 98, 1),
    (9, "modify", 4, 0, 100, 2),
]
SENT = {1: [bt.OrderRequest("abc_usd", 4, price=99)], 4: [bt.OrderRequest("abc_usd", 7)]}


def orders(*rows):
    frame = pl.DataFrame([(DAY + second, *rest) for second, *rest in rows], NAMES, orient="row")
    return [
        bt.data.book_orders(
            frame.cast({"price": pl.Float64, "amount": pl.Float64}), instrument="abc_usd", time_unit="s"
        )
    ]


def test_own_orders_take_from_the_levels_and_stand_behind_who_was_there():
    result = run(orders(*ROWS), At(SENT), queue="fifo")
    taken = [(4, 101, 5, "taken"), (4, 102, 2, "taken")]
    assert fills(result) == [*taken, (6, 99, 3, "queue"), (8, 99, 1, "traded_through")]
    assert not [one for one in result.warnings if "book" in one]
    bt.testing.assert_all(result)


def test_compiled_interpreted_and_cut_runs_are_one(monkeypatch):
    whole = run(orders(*ROWS), At(SENT), queue="fifo", audit="full")
    monkeypatch.setattr(bt.data.source, "PIECE_ROWS", 2)
    cut = run(orders(*ROWS), At(SENT), queue="fifo")
    compiled = run(orders(*ROWS), At(SENT), queue="fifo", interpret=False)
    assert whole.digest == cut.digest == compiled.digest
    assert fills(whole) == fills(cut) == fills(compiled)


def test_who_came_while_nobody_of_ours_rested_stands_ahead():
    """Of the venue's first order at second 9: the four that came while it had none are executed first."""
    came = [(at, "add", at + 10, 1, 99, 2) for at in range(3, 7)]
    gone = [(at, "execute", at + 2, 0, 0, 2) for at in range(11, 15)]
    market = orders(
        *ROWS[:5], *came, (8, "cancel", 1, 0, 0, 0), *gone, (16, "add", 30, 1, 99, 5), (17, "execute", 30, 0, 0, 2)
    )
    result = run(market, At({8: [bt.OrderRequest("abc_usd", 4, price=99)]}), queue="fifo")
    assert fills(result) == [(17, 99, 2, "queue")]


def test_a_row_that_its_book_does_not_allow_ends_a_run_with_its_number():
    with pytest.raises(DataError, match=r"row 1 \(cancel of order 9, .* names an order that is not in the book"):
        run(orders(ROWS[0], (2, "cancel", 9, 0, 0, 0)), At({}))


def test_an_instrument_has_one_book():
    with pytest.raises(ConfigError, match="has a stream of books, and another of book"):
        run([*streams([snapshot(1, [(99, 1)], [(101, 1)])]), *orders(*ROWS)], At({}))


def test_exact_places_need_a_book_by_order():
    with pytest.raises(ConfigError, match=r"'fifo', and the book of 'x.abc_usd' is by price"):
        run(streams([snapshot(1, [(99, 1)], [(101, 1)])]), At({}), queue="fifo")


def test_taking_on_the_quote_beside_resting_in_the_book_is_told():
    book = [snapshot(1, [(99, 10)], [(101, 5)]), snapshot(3, [(99, 10)], [(101, 5)])]
    result = run(streams(book), At(SENT), taker_fills_on="quotes")
    assert any("the same lots may fill two orders" in one for one in result.warnings)
