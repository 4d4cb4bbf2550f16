"""Order books in both engines: rules 87 to 92, by hand and at random."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

from barter_bt.testing.scenario import Row, random_scenario
from barter_bt.testing.scenario.books import with_books
from barter_bt.testing.scenario.source import Seeded

from .compare import assert_agree
from .engine import run
from .tables import Tables
from .tiny import BTC, agreed, ends, fills, limit, market, message, trade


def traded(rows: list[list[Row]], schedule: list[Row], trades: list[Row] | None = None, **terms: Any) -> Tables:
    """Messages, and the trades before them."""
    streams = {"trades": trades or [], "book": list(chain.from_iterable(rows))}
    there = {kind: each for kind, each in streams.items() if each}
    return agreed(there, schedule, **{"usd": "99999", "btc": "99"} | terms)


def reasons(tables: Tables) -> list[tuple[int, int, str | None]]:
    """Price, quantity and reason of each fill."""
    return [(row["price"], row["quantity"], row["fill_reason"]) for row in tables.trades]


def test_old_messages_change_nothing_and_gaps_hide_the_book() -> None:
    """Each order buys all that it sees; 5 is old, 9 comes after a gap, and the snapshot has a number of its own."""
    rows = [
        message(0, [(99, 5)], [(101, 2)], snapshot=True, number=(5, 4)),
        message(2, [], [(101, 7)], number=(5, 4)),
        message(4, [], [(101, 5)], number=(6, 3)),
        message(6, [], [(101, 4)], number=(9, 8)),
        message(8, [(98, 5)], [(103, 1)], snapshot=True, number=(2, 1)),
        message(9, [], [(103, 2)], number=(3, 2)),
    ]
    tables = traded(rows, [limit(time, 9, 110, "ioc") for time in (1, 3, 5, 7, 8.5)])
    assert reasons(tables) == [(101, 2, "taken"), (101, 3, "taken"), (103, 1, "taken")]
    assert ends(tables) == [("expired", "not_filled")] * 5


def test_slippage_of_a_level_goes_by_what_the_level_shows() -> None:
    """All of 2 lots: a tenth of 101, up; 2 of 20: a thousandth of 102, up."""
    rows = [message(0, [(99, 1)], [(101, 2), (102, 20)], snapshot=True), message(9)]
    tables = traded(rows, [market(1, 4)], item=replace(BTC, volume_share=0.1))
    assert fills(tables) == [(1, 112, 2, "taker"), (1, 103, 2, "taker")]


def test_a_trade_that_an_own_order_got_explains_what_is_gone_behind_it_too() -> None:
    """The second has 4 of 8 ahead; the first gets the trade, and the 3 that are gone then are no cancellation."""
    rows = [
        message(0, [(98, 1)], [(105, 9)], snapshot=True),
        message(2, [(99, 4)]),
        message(4, [(99, 8)]),
        message(6, [(99, 5)]),
        message(9, [(97, 1)]),
    ]
    terms: Any = {"queue": "power", "queue_power": 1}
    tables = traded(rows, [limit(1, 3, 99), limit(3, 3, 99)], [trade(5, 99, 3), trade(7, 99, 5)], **terms)
    assert reasons(tables) == [(99, 3, "queue"), (99, 1, "queue")]


def test_an_order_tells_of_each_fill_whether_a_book_was_why() -> None:
    """It takes the quote, and rests in the book."""
    rows = [message(0, [(99, 1)], [(101, 2)], snapshot=True), message(3, [], [(101, 1), (100, 1)]), message(9)]
    tables = traded(rows, [limit(1, 5, 101)], taker_fills_on="quotes")
    assert reasons(tables) == [(101, 2, None), (101, 1, "crossed"), (101, 1, "crossed")]


def test_random_books_agree() -> None:
    """And reach every reason of a fill, books of every state, and every model of queues."""
    seen: set[object] = set()
    for seed in range(60):
        scenario = with_books(Seeded(seed + 10**6), random_scenario(seed), 100)
        assert_agree(scenario, interpret=True)
        try:
            trades = run(scenario).trades
        except OverflowError:  # rule 2
            continue
        seen |= {row["fill_reason"] for row in trades}
        seen |= {one.queue for one in scenario.exchanges if trades}
    models = {"conservative", "power", "relative_power", "logarithmic", "fifo"}
    assert seen == {None, "taken", "queue", "traded_through", "crossed"} | models
