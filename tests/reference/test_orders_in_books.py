"""Exact places in books by order, in both engines: rules 93 and 94, by hand and at random."""

from __future__ import annotations

from typing import Any

import pytest

from barter_bt.errors import ConfigError
from barter_bt.testing.scenario import Row, random_scenario
from barter_bt.testing.scenario.books import with_books
from barter_bt.testing.scenario.by_order import with_orders
from barter_bt.testing.scenario.source import Seeded

from .compare import assert_agree
from .engine import run
from .tables import Tables
from .test_books import reasons
from .tiny import agreed, cancel, ends, limit, message, t, trade

START_OF_BOOK = (0, "clear", 0, 0, 0, 0)


def order(time: float, action: str, number: int, side: int = 0, price: float = 0, amount: float = 0) -> Row:
    """A row about an order, a message of its own unless the next has its time."""
    return (t(time), None, "btc_usd", action, number, side, float(price), float(amount), action == "clear", None, None)


def simulated(rows: list[Row], schedule: list[Row], trades: list[Row] | None = None, **terms: Any) -> Tables:
    """Orders from an empty book on, with the trades before them."""
    streams: dict[Any, list[Row]] = {"trades": trades} if trades else {}
    streams["book_orders"] = [order(*START_OF_BOOK), *rows]
    return agreed(streams, schedule, **{"usd": "99999", "btc": "99", "queue": "fifo"} | terms)


def test_who_stood_there_goes_first_and_who_comes_later_shows_that_it_was_its_turn() -> None:
    """Executions of 1 say nothing; of 2, which came later, its 3 lots would have met the own order first."""
    rows = [
        order(1, "add", 1, 1, 99, 5),
        order(3, "add", 2, 1, 99, 9),
        order(4, "execute", 1, 1, 99, 5),
        order(5, "execute", 2, 1, 99, 3),
        order(6, "execute", 2, 1, 99, 6),
    ]
    tables = simulated(rows, [limit(2, 8, 99)])
    assert reasons(tables) == [(99, 3, "queue"), (99, 5, "queue")]


def test_a_cancellation_ahead_moves_the_own_order_forward_and_one_behind_does_not() -> None:
    """Exactly, and not by a model: 1 leaves, so that the first lot of 3 is its own."""
    rows = [
        order(1, "add", 1, -1, 101, 5),
        order(3, "add", 2, -1, 101, 5),
        order(3.5, "add", 3, -1, 101, 5),
        order(4, "cancel", 1),
        order(5, "cancel", 2, amount=4),
        order(6, "execute", 3, amount=2),
    ]
    assert reasons(simulated(rows, [limit(2, -8, 101)])) == [(101, 2, "queue")]


@pytest.mark.parametrize(
    ("price", "amount", "expected"),
    [(0, 4, []), (0, 5, []), (0, 6, [(99, 2, "queue")]), (99, 6, [(99, 2, "queue")])],
)
def test_an_order_that_grows_goes_behind_the_own_one(price: float, amount: float, expected: Any) -> None:
    rows = [order(1, "add", 1, 1, 99, 5), order(3, "modify", 1, 0, price, amount), order(4, "execute", 1, amount=2)]
    assert reasons(simulated(rows, [limit(2, 8, 99)])) == expected


def test_an_order_that_moves_away_and_back_is_behind() -> None:
    rows = [
        order(1, "add", 1, 1, 99, 5),
        order(3, "modify", 1, 0, 98, 5),
        order(4, "modify", 1, 0, 99, 5),
        order(5, "execute", 1, amount=5),
    ]
    assert reasons(simulated(rows, [limit(2, 8, 99)])) == [(99, 5, "queue")]


def test_own_orders_share_an_execution_by_arrival() -> None:
    """The second stands behind 2, which is executed: only the first is met."""
    rows = [
        order(1, "add", 1, 1, 99, 5),
        order(3, "add", 2, 1, 99, 5),
        order(5, "execute", 2, amount=4),
        order(6, "add", 3, 1, 99, 9),
        order(7, "execute", 3, amount=9),
    ]
    tables = simulated(rows, [limit(2, 6, 99), limit(4, 5, 99)])
    assert reasons(tables) == [(99, 4, "queue"), (99, 2, "queue"), (99, 5, "queue")]


def test_an_execution_at_a_worse_price_has_gone_through() -> None:
    rows = [order(1, "add", 1, 1, 99, 5), order(1, "add", 2, 1, 98, 5), order(3, "execute", 2, amount=1)]
    assert reasons(simulated(rows, [limit(2, 8, 99)])) == [(99, 8, "traded_through")]


def test_the_other_side_that_comes_to_it_fills_it() -> None:
    rows = [order(1, "add", 1, -1, 101, 5), order(3, "modify", 1, 0, 100, 5)]
    assert reasons(simulated(rows, [limit(2, 8, 100)])) == [(100, 5, "crossed")]


def test_trades_at_its_price_say_nothing_and_those_beyond_fill_it() -> None:
    rows = [order(1, "add", 1, 1, 99, 5), order(9, "cancel", 1)]
    tables = simulated(rows, [limit(2, 8, 99)], [trade(3, 99, 50), trade(5, 98, 1)])
    assert [(row["time_exchange"], row["fill_reason"]) for row in tables.trades] == [(t(5), "traded_through")]


def test_places_outlast_a_snapshot() -> None:
    """1 is named again and stays ahead; 2 has more than before, and is behind."""
    rows = [
        order(1, "add", 1, 1, 99, 5),
        order(1, "add", 2, 1, 99, 5),
        *[(*order(3, "add", number, 1, 99, amount)[:8], True, None, None) for number, amount in ((1, 5), (2, 6))],
        order(4, "execute", 1, amount=5),
        order(5, "execute", 2, amount=1),
    ]
    assert reasons(simulated(rows, [limit(2, 8, 99)])) == [(99, 1, "queue")]


def test_an_order_that_comes_while_nobody_knows_the_book_is_behind_all_that_is_shown_first() -> None:
    rows = [order(3, "clear", 0), *[order(3.5, "add", n, 1, 99, 5) for n in (1, 2)], order(4, "execute", 2, amount=5)]
    streams: dict[Any, list[Row]] = {
        "trades": [trade(1, 120, 1)],
        "book_orders": [(*row[:8], row[3] == "clear", *row[9:]) for row in rows],
    }
    tables = agreed(streams, [limit(2, 8, 99)], usd="99999", queue="fifo")
    assert reasons(tables) == [(99, 5, "queue")]  # it joins the empty book of the snapshot


def test_takers_walk_its_levels_and_other_queues_work_on_it() -> None:
    rows = [order(1, "add", 1, -1, 101, 5), order(1, "add", 2, -1, 101, 2), order(1, "add", 3, -1, 102, 5)]
    rows.append(order(9, "cancel", 3))
    tables = simulated(rows, [limit(2, 9, 110, "ioc")], queue="conservative")
    assert reasons(tables) == [(101, 7, "taken"), (102, 2, "taken")]


def test_a_cancelled_order_is_not_met() -> None:
    rows = [order(1, "add", 1, 1, 99, 5), order(4, "add", 2, 1, 99, 9), order(5, "execute", 2, amount=9)]
    assert ends(simulated(rows, [limit(2, 8, 99), cancel(3, 0)])) == [("cancelled", "requested")]


def test_a_book_by_price_has_no_exact_places() -> None:
    with pytest.raises(ConfigError, match="is 'fifo', and the book of 'alpha.btc_usd' is by price"):
        agreed({"book": message(0, [(99, 1)], [(101, 2)], snapshot=True)}, [], queue="fifo")


def test_random_books_by_order_agree() -> None:
    """And reach every reason of a fill, with exact places and with models."""
    seen: set[object] = set()
    for seed in range(60):
        scenario = with_books(Seeded(seed + 10**6), random_scenario(seed), 100)
        scenario = with_orders(Seeded(seed + 2 * 10**6), scenario, 100)
        assert_agree(scenario, interpret=True)
        try:
            trades = run(scenario).trades
        except OverflowError:  # rule 2
            continue
        if any(one.kind == "book_orders" for one in scenario.streams):
            queues = {one.queue for one in scenario.exchanges}
            seen |= {(row["fill_reason"], "fifo" in queues) for row in trades}
    assert seen >= {(reason, True) for reason in ("taken", "queue", "traded_through", "crossed")} | {("taken", False)}
