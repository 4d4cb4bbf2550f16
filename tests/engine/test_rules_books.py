"""Rules 89 to 92: books in a run, taking from them, queues in them."""

from __future__ import annotations

import math

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.books import ABC, At, fills, message, run, snapshot, streams, trade

BOOK = [snapshot(1, [(99, 10), (98, 20)], [(101, 5), (102, 7), (105, 50)])]
LATER = [message(second) for second in (3, 5, 9)]  # without levels: time goes on


def ask(quantity: float, price: float | None = None, **terms: object) -> bt.OrderRequest:
    return bt.OrderRequest("abc_usd", quantity, price=price, **terms)


class Watching:
    """Remembers what woke it and what it saw."""

    def __init__(self, wake: str) -> None:
        self.wake, self.seen = wake, list[tuple[object, ...]]()

    def generate_algo_orders(self, state):
        ins = state.raw.instruments
        self.seen.append((state.event, state.time // 10**9 - 86_400, ins.bid[0], ins.ask[0]))
        return [], []


# Rule 89


@pytest.mark.parametrize(("wake", "seconds"), [("book", [1, 2, 3, 4, 5]), ("quote", [1, 3, 4, 5])])
def test_a_message_is_one_event_behind_its_last_row(wake, seconds):
    book = [
        snapshot(1, [(99, 1)], [(101, 1)]),
        message(2, [(98, 1)]),  # not the best
        message(3, [(100, 1), (99, 0)], [(101, 0), (102, 1)]),
        message(4, [(100, 2)]),
        message(5, [(103, 1)]),  # crossed: it shows nothing
    ]
    strategy = Watching(wake)
    run(streams(book), strategy)
    assert strategy.seen == [
        (wake, second, *{1: (99, 101), 2: (99, 101), 3: (100, 102), 4: (100, 102), 5: (0, 0)}[second])
        for second in seconds
    ]


def test_a_gap_makes_the_book_stale_until_the_next_snapshot_and_is_told():
    book = [
        snapshot(1, [(99, 1)], [(101, 1)]),
        message(3, [(99, 2)], after=2),
        message(4, [(99, 3)], after=3),
        snapshot(6, [(99, 4)], [(101, 4)]),
    ]
    strategy = Watching("book")
    result = run(streams(book), strategy)
    assert [row[1:] for row in strategy.seen] == [(1, 99, 101), (3, 0, 0), (4, 0, 0), (6, 99, 101)]
    assert [one for one in result.warnings if "book" in one] == [
        "1 message(s) of the book of 'abc_usd' came after one that is missing, and made it stale",
        "2 of 4 messages of the book of 'abc_usd' changed nothing: they were old, or came while the book was stale, as "
        "it is before its first snapshot",
    ]


def test_nothing_fills_while_the_book_is_stale_and_a_market_order_waits():
    book = [BOOK[0], message(3, [(99, 2)], after=2), message(5, after=3), snapshot(7, [(99, 4)], [(101, 4)])]
    result = run(streams(book), At({3: [ask(2)]}))
    assert fills(result) == [(7, 101, 2, "taken")]


def test_an_instrument_has_a_book_or_quotes():
    quotes = pl.DataFrame({"time_exchange": [1], "bid_price": [1.0], "bid_amount": [1.0], "ask_price": [2.0]})
    stream = bt.data.quotes(quotes.with_columns(ask_amount=1.0), instrument="abc_usd", time_unit="s")
    (book,) = streams(BOOK)
    for both in ([stream, book], [book, stream], [book, book]):
        with pytest.raises(ConfigError, match="'abc_usd' has a stream of"):
            run(both, Watching("book"))


def test_trades_are_given_before_the_book_whose_changes_they_cause():
    trades, book = streams(BOOK, [trade(2, 99, 1)])
    with pytest.raises(ConfigError, match="trades of 'abc_usd' stand behind its book"):
        run([book, trades], Watching("book"))


# Rule 90


def test_a_market_order_walks_the_levels_and_each_is_a_fill():
    result = run(streams(BOOK), At({1: [ask(14)]}))
    assert fills(result) == [(1, 101, 5, "taken"), (1, 102, 7, "taken"), (1, 105, 2, "taken")]
    assert result.orders["status"].to_list() == ["filled"]
    assert result.trades["liquidity"].to_list() == ["taker"] * 3


def test_a_limit_walks_as_far_as_it_allows_and_the_rest_rests():
    result = run(streams(BOOK), At({1: [ask(14, 102)]}))
    assert fills(result) == [(1, 101, 5, "taken"), (1, 102, 7, "taken")]
    assert result.orders["status"].to_list() == ["open"]


@pytest.mark.parametrize(("quantity", "filled"), [(12, 12), (13, 0)])
def test_fill_or_kill_looks_at_all_levels_that_its_limit_allows(quantity, filled):
    result = run(streams(BOOK), At({1: [ask(quantity, 102, time_in_force="fok")]}))
    assert result.trades["quantity"].sum() == filled
    assert result.orders["status"].to_list() == ["filled" if filled else "expired"]


def test_what_was_taken_of_a_level_stays_taken_while_it_stands():
    """It shows 5, then 9, of which 5 are taken: 4 have come. Other levels do not matter."""
    asked = {1: [ask(4)], 2: [ask(4)], 4: [ask(5)]}
    book = [BOOK[0], message(2, [(98, 3)]), message(4, asks=[(101, 9)])]
    result = run(streams(book), At(asked))
    assert fills(result) == [
        (1, 101, 4, "taken"),
        (2, 101, 1, "taken"),
        (2, 102, 3, "taken"),
        (4, 101, 4, "taken"),
        (4, 102, 1, "taken"),
    ]


def test_no_more_is_taken_of_a_level_than_it_shows_and_nothing_of_one_that_is_gone():
    """10 come, then 5; 10 go, and 3 come; it goes, and 4 come. A snapshot that has the level leaves it as it is."""
    shows = [message(second, asks=[(100, lots)]) for second, lots in ((2, 10), (3, 15), (4, 5), (5, 8), (7, 0), (8, 4))]
    same = snapshot(6, [(99, 1)], [(100, 8), (105, 9)])
    book = [snapshot(1, [(99, 1)], [(105, 9)]), *shows[:4], same, *shows[4:], message(9)]
    result = run(streams(book), At({1: [ask(40, 100)]}))
    assert [row[::2] for row in fills(result)] == [(2, 10), (3, 5), (5, 3), (8, 4)]


def test_a_snapshot_without_a_level_and_a_gap_forget_what_was_taken_of_it():
    book = [
        snapshot(1, [(99, 1)], [(101, 5), (105, 9)]),
        snapshot(2, [(99, 1)], [(105, 9)]),
        message(3, asks=[(101, 5)], after=2),
        message(4, after=99),
        snapshot(5, [(99, 1)], [(101, 5), (105, 9)]),
    ]
    result = run(streams(book), At({at: [ask(9, 101, time_in_force="ioc")] for at in (1, 3, 5)}))
    assert [row[:3] for row in fills(result)] == [(1, 101, 5), (3, 101, 5), (5, 101, 5)]


def test_the_rest_of_a_market_order_waits_for_what_the_market_shows():
    book = [BOOK[0], message(3, [(97, 1)]), message(4, asks=[(101, 7), (102, 9)])]
    result = run(streams(book), At({1: [ask(66)]}))
    assert fills(result)[3:] == [(4, 101, 2, "taken"), (4, 102, 2, "taken")]


def test_post_only_is_held_against_the_best_also_where_all_of_it_is_taken():
    result = run(streams(BOOK), At({1: [ask(5), ask(1, 101, post_only=True), ask(1, 100, post_only=True)]}))
    assert result.orders["reason"].to_list() == [None, "post_only", None]


def test_bounds_and_excesses_of_quotes_are_no_terms_of_a_book():
    with pytest.raises(ConfigError, match="participation of 'x' is 0.1"):
        run(streams(BOOK), At({}), participation=0.1)
    with pytest.raises(ConfigError, match="beyond_size of 'x'"):
        run(streams(BOOK), At({}), beyond_size="one_tick_worse")
    trades = streams(BOOK, [trade(2, 99, 1)])[:1]
    with pytest.raises(ConfigError, match="the data has no book of it"):
        run(trades, At({}), taker_fills_on="book")


def test_takers_may_meet_the_best_alone():
    result = run(streams(BOOK), At({1: [ask(14)]}), taker_fills_on="quotes")
    assert fills(result) == [(1, 101, 5, None)]


# Rule 91


def test_the_worked_case_of_a_queue():
    """100 ahead, own 50, trades of 80, 30 and 50 fill 0, 10 and 40."""
    book = [snapshot(1, [(99, 100)], [(101, 5)]), message(9, [(98, 1)])]
    trades = [trade(3, 99, 80, -1), trade(4, 99, 30, -1), trade(5, 99, 50, -1)]
    result = run(streams(book, trades), At({1: [ask(50, 99)]}))
    assert fills(result) == [(4, 99, 10, "queue"), (5, 99, 40, "queue")]
    assert result.trades["liquidity"].to_list() == ["maker", "maker"]


def test_depth_that_trades_explain_does_not_move_the_queue_twice():
    """80 are traded, and the book shows 20 behind that: 20 are ahead, whatever the model."""
    book = [snapshot(1, [(99, 100)], [(101, 5)]), message(4, [(99, 20)]), message(9, [(98, 1)])]
    trades = [trade(3, 99, 80, -1), trade(5, 99, 25, -1)]
    for queue in ({}, {"queue": "power", "queue_power": 1}, {"queue": "logarithmic"}):
        assert fills(run(streams(book, trades), At({1: [ask(50, 99)]}), **queue)) == [(5, 99, 5, "queue")]


@pytest.mark.parametrize("queue", [{}, {"queue": "power", "queue_power": 1}, {"queue": "logarithmic"}])
def test_trades_explain_all_messages_of_their_time(queue):
    """One who sells takes 30 and 50, for which there is a message each: 20 stay ahead."""
    parts = [message(3, [(99, 70)], number=2, after=1), message(3, [(99, 20)], number=3, after=2)]
    book = [snapshot(1, [(99, 100)], [(101, 5)]), *parts, message(9, [(98, 1)])]
    trades = [trade(3, 99, 30, -1), trade(3, 99, 50, -1), trade(5, 99, 25, -1)]
    assert fills(run(streams(book, trades), At({1: [ask(50, 99)]}), **queue)) == [(5, 99, 5, "queue")]


def test_what_comes_to_a_price_leaves_to_trades_what_they_explain():
    """10 come behind, the traded 30 go, then 20 leave, which 70 ahead and 10 behind share."""
    parts = [message(3, [(99, lots)], number=n, after=n - 1) for n, lots in ((2, 110), (3, 80), (4, 60))]
    book = [snapshot(1, [(99, 100)], [(101, 5)]), *parts, message(9, number=9, after=4)]
    trades = [trade(3, 99, 30, -1), trade(5, 99, 60, -1)]
    result = run(streams(book, trades), At({1: [ask(50, 99)]}), queue="power", queue_power=1)
    assert fills(result) == [(5, 99, int(60 - (70 - 20 * 70 / 80)), "queue")]


def test_a_trade_that_no_message_shows_explains_nothing_later():
    """A hidden order's 30 go through the queue; 40 of 120 that leave afterwards are shared between 70 ahead and 50."""
    book = [snapshot(1, [(99, 100)], [(101, 5)]), message(4, [(99, 120)]), message(6, [(99, 80)]), message(9)]
    trades = [trade(3, 99, 30, -1), trade(7, 99, 60, -1)]
    result = run(streams(book, trades), At({1: [ask(50, 99)]}), queue="power", queue_power=1)
    assert fills(result) == [(7, 99, int(60 - (70 - 40 * 70 / 120)), "queue")]


@pytest.mark.parametrize(
    ("queue", "ahead"),
    [
        ({}, 30),  # conservative: all that can be
        ({"queue": "power", "queue_power": 1}, 32),
        ({"queue": "power", "queue_power": 2}, 40 - 20 * (1 - 60**2 / (40**2 + 60**2))),
        ({"queue": "logarithmic"}, 40 - 20 * (1 - math.log(61) / (math.log(41) + math.log(61)))),
        ({"queue": "relative_power", "queue_power": 1}, 32),
        ({"queue": "relative_power", "queue_power": 3}, 40 - 20 * 0.4**3),
    ],
    ids=["conservative", "proportional", "power", "logarithmic", "relative_proportional", "relative_power"],
)
def test_what_leaves_a_queue_without_a_trade_is_shared_by_the_model(queue, ahead):
    """40 ahead, 60 that joined behind; 20 leave. The conservative model moves only when there is no room for 40."""
    book = [
        snapshot(1, [(99, 40)], [(101, 5)]),
        message(2, [(99, 100)]),
        message(3, [(99, 80)]),
        *([] if queue else [message(4, [(99, 30)])]),
        message(9, [(98, 1)]),
    ]
    trades = [trade(5, 99, 45, -1)]
    result = run(streams(book, trades), At({1: [ask(50, 99)]}), **queue)
    assert fills(result) == [(5, 99, int(45 - ahead), "queue")]


def test_a_trade_through_the_price_fills_whole_and_one_on_the_other_side_not_at_all():
    book = [snapshot(1, [(99, 100)], [(101, 5)]), message(9, [(98, 1)])]
    trades = [trade(3, 99, 500, 1), trade(4, 98, 1, -1)]
    result = run(streams(book, trades), At({1: [ask(50, 99)]}))
    assert fills(result) == [(4, 99, 50, "traded_through")]
    unknown = run(streams(book, [trade(3, 99, 120, 0)]), At({1: [ask(50, 99)]}))
    assert fills(unknown) == [(3, 99, 20, "queue")]


def test_own_orders_at_one_price_share_by_arrival():
    book = [snapshot(1, [(99, 10)], [(101, 5)]), message(2, [(99, 15)]), message(9, [(98, 1)])]
    strategy = At({1: [ask(4, 99)], 2: [ask(4, 99)]})
    trades = [trade(3, 99, 16, -1), trade(4, 99, 5, -1)]
    result = run(streams(book, trades), strategy)
    # 16: ten ahead of the first, which gets four; two of five that joined before the second. 5: three more, then it.
    assert result.trades.select("order_id", "quantity").rows() == [(0, 4), (1, 2)]


def test_a_better_price_has_nobody_ahead_and_a_level_that_is_gone_neither():
    book = [snapshot(1, [(99, 100)], [(101, 5)]), message(2, [(99, 0)]), message(9, [(98, 1)])]
    trades = [trade(3, 100, 3, -1), trade(4, 99, 3, -1)]
    result = run(streams(book, trades), At({1: [ask(2, 100), ask(2, 99)]}))
    assert fills(result) == [(3, 100, 2, "queue"), (4, 99, 2, "queue")]


def test_the_other_side_of_the_book_that_comes_to_a_price_fills_up_to_what_it_shows():
    book = [snapshot(1, [(99, 1)], [(105, 9)]), message(3, asks=[(103, 2), (104, 3), (105, 9)])]
    later = [message(4, asks=[(103, 4)]), message(6, asks=[(106, 1)])]
    result = run(streams([*book, *later]), At({1: [ask(9, 104)]}))
    assert fills(result) == [(3, 104, 2, "crossed"), (3, 104, 3, "crossed"), (4, 104, 2, "crossed")]
    assert "which has no stream of trades" in " ".join(result.warnings)


def test_an_order_that_comes_while_the_book_is_stale_stands_behind_what_is_shown_next():
    book = [
        snapshot(1, [(99, 5)], [(101, 5)]),
        message(3, [(99, 2)], after=2),
        snapshot(5, [(99, 30)], [(101, 5)]),
        message(9, [(98, 1)], after=5),
    ]
    trades = [trade(4, 98, 9, -1), trade(6, 99, 32, -1)]
    result = run(streams(book, trades), At({3: [ask(4, 99)]}))
    assert fills(result) == [(6, 99, 2, "queue")]


def test_while_the_book_is_crossed_queues_stand_still():
    """What is displayed then is looked at when it is not crossed any more: 4 of 10 have left by then."""
    book = [
        snapshot(1, [(99, 10)], [(101, 5)]),
        message(3, [(99, 2), (102, 1)]),
        message(5, [(102, 0), (99, 6)]),
        message(9, [(98, 1)]),
    ]
    trades = [trade(4, 99, 30, -1), trade(6, 99, 8, -1)]
    result = run(streams(book, trades), At({1: [ask(4, 99)]}))
    assert fills(result) == [(6, 99, 2, "queue")]


def test_an_amend_keeps_the_place_only_if_the_price_stays_and_the_quantity_does_not_grow():
    book = [snapshot(1, [(99, 10)], [(101, 5)]), message(2, [(99, 40)]), message(9, [(98, 1)])]
    trades = [trade(5, 99, 14, -1)]
    for quantity, filled in ((3, 3), (6, 0)):
        strategy = Amending(quantity)
        assert run(streams(book, trades), strategy).trades["quantity"].sum() == filled


class Amending:
    """Sends an order, then gives it another quantity."""

    wake = "book"

    def __init__(self, quantity: float) -> None:
        self.quantity = quantity

    def generate_algo_orders(self, state):
        second = state.time // 10**9 - 86_400
        if second == 1:
            return [], [ask(4, 99)]
        return [], [bt.AmendRequest(0, quantity=self.quantity)] if second == 2 else []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"queue": "lifo"}, "queue is 'lifo'"),
        ({"queue_power": 2}, "queue_power is 2, and queue is 'conservative'"),
        ({"queue": "power"}, "queue_power is None"),
        ({"queue": "power", "queue_power": 10}, "queue_power is 10"),
        ({"queue": "relative_power"}, "queue_power is None; it must be a whole number from 1 to 9"),
    ],
)
def test_terms_of_queues_that_are_none(given, said):
    with pytest.raises(ConfigError, match=said):
        bt.Venue(**given)


def test_rule_90_a_level_that_went_while_nothing_of_ours_rested_is_new_when_it_is_there_again():
    """5 of 5 are taken; the level goes and comes back with 6 while the venue has no order, and all of them are left."""
    book = [*BOOK, message(3), message(4, [], [(101, 0)]), message(5, [], [(101, 6)])]
    later = [message(second, [(98, second)]) for second in range(6, 12)]
    result = run(streams([*book, *later]), At({1: [ask(5)], 10: [ask(6)]}))
    assert fills(result) == [(1, 101, 5, "taken"), (10, 101, 6, "taken")]


def test_an_idle_venue_that_takes_over_a_book_goes_on_with_it():
    """Books that come and go while nothing rests; orders meet what then stands there, in two instruments' streams."""
    shown = [*BOOK, *(message(second, [(99, second)], [(101, 60 - second)]) for second in range(2, 20))]
    for cut in (message(12, [(97, 1)], after=11, number=12), message(12, [(97, 1)], after=90, number=91)):
        book = [*shown[:11], cut, snapshot(20, [(99, 7)], [(101, 3), (103, 9)]), *(message(s) for s in range(21, 30))]
        result = run(streams(book), At({25: [ask(5), ask(2, 99)]}), audit="full")
        assert fills(result) == [(25, 101, 3, "taken"), (25, 103, 2, "taken")]
        bt.testing.assert_all(result)


# All of it


def test_compiled_interpreted_and_cut_runs_are_one(monkeypatch):
    book = [
        snapshot(1, [(99, 10), (98, 20)], [(101, 5), (102, 7)]),
        message(2, [(99, 15)], [(101, 3)]),
        message(4, [(99, 8)], [(101, 9)]),
        message(7, [(100, 2)], [(101, 0)]),
        message(9, [(99, 1)]),
    ]
    trades = [trade(3, 99, 16, -1), trade(5, 99, 5, -1), trade(6, 101, 9, 1), trade(8, 98, 1, -1)]
    asked = {1: [ask(4, 99), ask(-3, 101)], 2: [ask(4, 99), ask(6)], 4: [ask(-9, 98)], 7: [ask(5, 100)]}
    whole = run(streams(book, trades), At(asked), latency={"request_ns": "1s"}, audit="full")
    assert {row[3] for row in fills(whole)} == {"taken", "queue", "traded_through"}
    monkeypatch.setattr(bt.data.source, "PIECE_ROWS", 2)
    cut = run(streams(book, trades), At(asked), latency={"request_ns": "1s"})
    assert whole.digest == cut.digest
    assert fills(whole) == fills(cut)
    compiled = run(streams(book, trades), At(asked), latency={"request_ns": "1s"}, interpret=False)
    assert whole.digest == compiled.digest
    assert fills(whole) == fills(compiled)
    bt.testing.assert_all(whole)


def test_a_run_with_a_book_is_saved_and_read(tmp_path):
    result = run(streams(BOOK), At({1: [ask(6)]}))
    result.save(tmp_path / "run")
    assert bt.read(tmp_path / "run").trades["fill_reason"].to_list() == ["taken", "taken"]
    assert ABC.name == "abc_usd"
