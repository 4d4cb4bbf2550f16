"""Rule 38 by hand: each test names the sentence that it is about. Mostly a half of what an event shows is given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Row

from .tables import Tables
from .tiny import (
    BTC,
    FUTURE,
    agreed,
    bar,
    ends,
    fills,
    held,
    limit,
    market,
    quote,
    t,
    trade,
)

EXPIRED, OPEN, FILLED = ("expired", "not_filled"), ("open", ""), ("filled", "")


def half(kind: Any, rows: list[Row], schedule: list[Row], **terms: Any) -> Tables:
    """With plenty of both assets."""
    given: dict[str, Any] = {"usd": "100000", "btc": "100", "participation": "0.5"} | terms
    return agreed({kind: rows}, schedule, **given)


def got(tables: Tables) -> list[tuple[int, int, int, int]]:
    """Of each fill: the order, seconds after the start, price, lots."""
    return [(row["order"], *fill[:3]) for row, fill in zip(tables.trades, fills(tables), strict=True)]


# Quotes: a side, from when it comes until the next


def test_a_side_of_a_quote_gives_its_part_instead_of_its_amount() -> None:
    """Two of five, to the first order and the second; one of three; the third waits for that, too."""
    rows = [quote(0, 99, 9, 101, 5), quote(5, 99, 9, 102, 3), quote(9, 99, 9, 103, 4)]
    tables = half("quotes", rows, [market(1, 1), market(2, 2), market(3, 2)])
    assert got(tables) == [(0, 1, 101, 1), (1, 2, 101, 1), (1, 5, 102, 1), (2, 9, 103, 2)]


def test_the_sides_of_a_quote_are_two() -> None:
    tables = half("quotes", [quote(0, 99, 4, 101, 4), quote(9, 99, 1, 101, 1)], [market(1, 3), market(1, -3)])
    assert got(tables) == [(1, 1, 99, 2), (0, 1, 101, 2)]


@pytest.mark.parametrize(
    ("row", "end", "filled"),
    [
        (limit(1, 3, 101, "ioc"), EXPIRED, 2),
        (market(1, 3, "ioc"), EXPIRED, 2),
        (limit(1, 3, 101, "fok"), EXPIRED, 0),
        (limit(1, 2, 101, "fok"), FILLED, 2),
        (limit(1, 3, 101), OPEN, 2),
    ],
)
def test_time_in_force_on_quotes(row: Row, end: tuple[str, str], filled: int) -> None:
    tables = half("quotes", [quote(0, 99, 9, 101, 5), quote(9, 99, 9, 102, 9)], [row])
    assert (ends(tables), tables.orders[0]["filled"]) == ([end], filled)


def test_resting_orders_share_it_best_price_first() -> None:
    """Two of five at 100: the better limit before the older ones, of which the first gets what is left."""
    rows = [quote(0, 99, 9, 105, 9), quote(5, 98, 1, 100, 5), quote(6, 98, 1, 100, 4), quote(9, 98, 1, 105, 9)]
    tables = half("quotes", rows, [limit(1, 2, 100), limit(2, 1, 101), limit(3, 1, 100)])
    assert got(tables) == [(0, 5, 100, 1), (1, 5, 101, 1), (0, 6, 100, 1), (2, 6, 100, 1)]
    assert {row["liquidity"] for row in tables.trades} == {"maker"}


def test_a_side_that_gives_nothing_is_there() -> None:
    """One lot: post-only would match it; who takes waits, or expires."""
    rows = [quote(0, 99, 9, 101, 1), quote(9, 99, 9, 102, 2)]
    tables = half("quotes", rows, [limit(1, 1, 101, post_only=True), market(1, 1), market(1, 1, "ioc")])
    assert ends(tables) == [("rejected", "post_only"), FILLED, EXPIRED]
    assert got(tables) == [(1, 9, 102, 1)]


# Trades


def test_takers_then_resting_orders_then_what_is_triggered() -> None:
    """Five of ten, in the order against that of arrival: two, two, and one of two, which waits as a taker."""
    rows = [trade(0, 100, 9), trade(1, 95, 10), trade(2, 97, 4)]
    tables = half("trades", rows, [held(0.1, 2, if_touched=95), limit(0.2, 2, 96), market(0.3, 2)])
    assert got(tables) == [(0, 1, 95, 1), (1, 1, 96, 2), (2, 1, 95, 2), (0, 2, 97, 1)]
    assert [fill[3] for fill in fills(tables)] == ["taker", "maker", "taker", "taker"]


def test_each_goes_as_far_as_it_goes() -> None:
    """Takers by arrival: two, then one of two; nothing is left for who rests or is triggered, until the next trade."""
    rows = [trade(0, 100, 9), trade(1, 95, 6), trade(2, 95, 8)]
    schedule = [held(0.1, 2, if_touched=95), limit(0.2, 1, 96), market(0.3, 2), market(0.4, 2)]
    tables = half("trades", rows, schedule)
    assert got(tables) == [(2, 1, 95, 2), (3, 1, 95, 1), (0, 2, 95, 2), (1, 2, 96, 1), (3, 2, 95, 1)]


@pytest.mark.parametrize(
    ("amount", "expected", "end"),
    [
        (7, [(0, 1, 100, 3), (1, 2, 100, 1)], EXPIRED),
        (8, [(0, 1, 100, 4), (1, 2, 100, 1)], FILLED),
        (9, [(0, 1, 100, 4), (1, 2, 100, 1)], FILLED),
        (1, [(1, 2, 100, 1)], EXPIRED),
    ],
)
def test_an_ioc_order_meets_one_trade(amount: float, expected: Any, end: tuple[str, str]) -> None:
    """What it does not get of it expires; also of two trades of one time."""
    rows = [trade(0, 100, 9), trade(1, 100, amount), trade(1, 100, 1), trade(2, 100, 2)]
    tables = half("trades", rows, [limit(0.5, 4, 100, "ioc"), market(0.5, 1)])
    assert got(tables) == expected
    assert ends(tables) == [end, FILLED]


def test_a_fok_order_that_does_not_get_all_leaves_it() -> None:
    """Three of seven, of which the next order gets its two."""
    rows = [trade(0, 100, 9), trade(1, 100, 7), trade(2, 100, 9)]
    tables = half("trades", rows, [limit(0.5, 4, 100, "fok"), market(0.5, 2), market(0.5, 1, "fok")])
    assert got(tables) == [(1, 1, 100, 2), (2, 1, 100, 1)]
    assert ends(tables) == [EXPIRED, FILLED, FILLED]


@pytest.mark.parametrize(("tif", "end", "fills_later"), [("gtc", FILLED, [(3, 96, 1, "maker")]), ("ioc", EXPIRED, [])])
def test_what_triggers_a_limit_gives_its_part(tif: str, end: tuple[str, str], fills_later: Any) -> None:
    """Two of four at 95; the third at 96 when the market goes through that."""
    rows = [trade(0, 100, 9), trade(1, 95, 4), trade(2, 96, 9), trade(3, 95, 9)]
    tables = half("trades", rows, [held(0.5, 3, 96, tif, if_touched=95)])
    assert fills(tables) == [(1, 95, 2, "taker"), *fills_later]
    assert ends(tables) == [end]


def test_what_cannot_be_paid_has_been_given() -> None:
    """Three of six are 300 of 150; the other order gets nothing of it. A target is cut to what it can pay of three."""
    rows = [trade(0, 100, 9), trade(1, 100, 6), trade(2, 100, 6), trade(3, 100, 6)]
    tables = half("trades", rows, [market(0.5, 3), market(0.5, 1)], usd="150")
    assert ends(tables) == [("rejected", "insufficient_balance"), FILLED]
    assert got(tables) == [(1, 2, 100, 1)]
    tables = half("trades", rows, [("target", t(0.5), "btc_usd", 9.0)], usd="250")
    assert got(tables) == [(0, 1, 100, 2)]
    assert (tables.orders[0]["quantity"], ends(tables)) == (2, [FILLED])


def test_what_is_cut_to_a_position_has_been_given() -> None:
    """Three of six to a reduction of one: a sale of one more waits."""
    rows = [trade(0, 100, 9), trade(1, 100, 6), trade(2, 100, 6), trade(3, 100, 6)]
    schedule = [market(0.5, 1), held(1.5, -3, reduce_only=True), market(1.5, -1)]
    tables = half("trades", rows, schedule, item=FUTURE)
    assert got(tables) == [(0, 1, 100, 1), (1, 2, 100, 1), (2, 3, 100, 1)]


@pytest.mark.parametrize(
    ("part", "amount", "lots"),
    [("1", 9, 9), ("1", 9.9, 9), ("0.333333333", 9, 2), ("0.333333334", 9, 3), ("0.1", 9, 0), ("0.5", 3.9, 1)],
)
def test_the_part_is_of_whole_lots_rounded_down(part: str, amount: float, lots: int) -> None:
    rows = [trade(0, 100, 1), trade(1, 100, amount), trade(2, 100, 1)]
    tables = half("trades", rows, [market(0.5, 20)], participation=part)
    assert [lots for _, time, _, lots in got(tables) if time == 1] == ([lots] if lots else [])


def test_protection_follows_what_the_entry_gets() -> None:
    """Two of four, then one of two; the stop at 90 sells one of two, then the others."""
    rows = [trade(0, 100, 9), trade(1, 100, 4), trade(2, 101, 2), trade(3, 90, 2), trade(4, 89, 9)]
    tables = half("trades", rows, [held(0.5, 3, stop_loss=90)])
    assert got(tables) == [(0, 1, 100, 2), (0, 2, 101, 1), (1, 3, 90, 1), (1, 4, 89, 2)]


# Candles


BARS = [bar(0, (100, 110, 90, 105), 4), bar(10, (102, 112, 95, 98), 6), bar(20, (90, 96, 85, 88), 10)]


def test_opens_and_closes() -> None:
    """The first open gives nothing, its close two of four; the open at 10 two of the same four; the close at 20 three
    of six less these two; the open at 20 three; the close at 30 five of ten less these three.
    """
    tables = half("candles", BARS, [market(0, 20)])
    assert got(tables) == [(0, 10, 105, 2), (0, 10, 102, 2), (0, 20, 98, 1), (0, 20, 90, 3), (0, 30, 88, 2)]


def test_a_close_gives_nothing_where_its_open_has_given_more() -> None:
    rows = [bar(0, (100,) * 4, 20), bar(10, (102,) * 4, 6), bar(20, (103,) * 4, 1)]
    assert got(half("candles", rows, [market(10, 30)])) == [(0, 10, 102, 10), (0, 20, 103, 3)]


def test_candles_without_volume_give_nothing() -> None:
    rows = [bar(0, (100,) * 4, 0), bar(10, (100, 120, 80, 100), 0), bar(20, (100,) * 4, 2), bar(30, (99,) * 4, 0)]
    schedule = [market(0, 1), limit(0, 1, 90), held(0, 1, stop=115), market(5, 1, "ioc")]
    tables = half("candles", rows, schedule)
    assert got(tables) == [(0, 30, 100, 1), (2, 30, 99, 1)]
    assert ends(tables) == [FILLED, OPEN, FILLED, EXPIRED]


def test_inside_best_price_first_then_first_arrived_buys_before_sells() -> None:
    """Five of ten, of which the taker at the close has the first, then 98, 98, 97; the sale waits for the next candle.

    The same price to the sell at 111.
    """
    rows = [bar(0, (100,) * 4, 0), bar(10, (100, 112, 90, 105), 10), bar(20, (105, 112, 100, 105), 10)]
    schedule = [limit(5, 2, 97), limit(5, 2, 98), limit(5, 1, 98), limit(5, -2, 111), market(12, 1)]
    tables = half("candles", rows, schedule)
    assert got(tables) == [
        (0, 20, 97, 1),
        (1, 20, 98, 2),
        (2, 20, 98, 1),
        (4, 20, 105, 1),
        (3, 30, 111, 2),
    ]


@pytest.mark.parametrize(
    ("volume", "expected"), [(6, {4, 5, 6}), (8, {2, 4, 5, 6}), (10, {2, 3, 4, 5, 6}), (12, {1, 2, 3, 4, 5, 6})]
)
def test_at_an_open_likewise(volume: float, expected: set[int]) -> None:
    """A half of the last volume at 102, in the order against that of arrival: one lot each to the market orders.

    One bought at 104 comes before one at 103, that before one at 103 that came later, and all before the sale. The stop
    that the open triggers has what is left.
    """
    rows = [bar(0, (100,) * 4, volume), bar(10, (102, 102, 101, 102), 9)]
    schedule = [held(10, 2, stop=102), limit(10, -1, 101), limit(10, 1, 103), limit(10, 1, 103), limit(10, 1, 104)]
    schedule += [market(10, 1), market(10, 1, "ioc")]
    tables = half("candles", rows, schedule)
    assert {order for order, time, _, _ in got(tables) if time == 10} == expected
    tables = half("candles", [bar(0, (100,) * 4, 14), *rows[1:]], schedule)
    assert [lots for order, time, _, lots in got(tables) if (order, time) == (0, 10)] == [1]


def test_the_rest_of_a_limit_that_took_rests() -> None:
    """Three of six at the open, as a taker; five of ten less three inside, as a maker; the open at 20 at its price."""
    rows = [bar(0, (100,) * 4, 6), bar(10, (102, 112, 95, 98), 10), bar(20, (90, 96, 85, 88), 10)]
    tables = half("candles", rows, [limit(10, 9, 103)])
    assert fills(tables) == [(10, 102, 3, "taker"), (20, 103, 2, "maker"), (20, 90, 4, "taker")]


def test_post_only_at_a_later_open() -> None:
    """It makes two of four at its limit's price; at its first open it expires, even where that gives nothing."""
    rows = [bar(0, (100,) * 4, 1), bar(10, (100,) * 4, 4), bar(20, (90,) * 4, 9)]
    tables = half("candles", rows, [limit(5, 9, 95, post_only=True), limit(5, 9, 101, post_only=True)])
    assert fills(tables)[0] == (20, 95, 2, "maker")
    assert ends(tables)[1] == ("expired", "post_only")


@pytest.mark.parametrize(
    ("row", "end", "expected"),
    [
        (limit(10, 4, 103, "ioc"), EXPIRED, [(0, 10, 102, 2)]),
        (market(10, 4, "fok"), EXPIRED, []),
        (market(10, 2, "fok"), FILLED, [(0, 10, 102, 2)]),
        (market(5, 4, "ioc"), EXPIRED, [(0, 10, 105, 2)]),
        (market(0, 1, "ioc"), EXPIRED, []),  # the first open
    ],
)
def test_time_in_force_on_candles(row: Row, end: tuple[str, str], expected: Any) -> None:
    tables = half("candles", BARS, [row])
    assert (ends(tables), got(tables)) == ([end], expected)


def test_what_is_triggered_inside_a_candle_gets_what_is_left() -> None:
    """Of three of six a limit has one. The stop at 104 has two of four; one of ten's five at the open, and one more.

    A stop limit there takes nothing, and rests.
    """
    rows = [bar(0, (100,) * 4, 0), bar(10, (100, 112, 95, 98), 6), bar(20, (90, 96, 85, 88), 10)]
    tables = half("candles", rows, [held(5, 4, stop=104), limit(5, 1, 96), held(5, 9, 105, stop=105)])
    assert got(tables) == [(0, 20, 104, 2), (1, 20, 96, 1), (0, 20, 90, 2), (2, 20, 90, 1), (2, 30, 105, 2)]


def test_this_close_gives_what_it_has_left() -> None:
    """Two of four to who has waited for it; an order at its very time gets one more, then of the next close."""
    rows = [bar(0, (100, 110, 90, 105), 6), bar(10, (102, 112, 95, 98), 4), bar(20, (90, 96, 85, 88), 0)]
    tables = half("candles", rows, [market(5, 2), market(10, 2), market(10, 2, "ioc")], candle_fill="this_close")
    assert got(tables) == [(0, 10, 105, 2), (1, 10, 105, 1), (1, 20, 98, 1)]
    assert ends(tables) == [FILLED, FILLED, EXPIRED]


# Rule 39


@pytest.mark.parametrize(
    ("kind", "rows", "price"),
    [
        ("quotes", [quote(0, 99, 9, 100, 10), quote(9, 99, 9, 100, 0)], 103),
        ("trades", [trade(0, 100, 9), trade(1, 100, 10), trade(2, 100, 1)], 103),
        ("candles", [bar(0, (100,) * 4, 0), bar(10, (100,) * 4, 10)], 103),
    ],
)
def test_slippage_looks_at_what_is_given_and_at_all_that_is_shown(kind: Any, rows: list[Row], price: int) -> None:
    """Five of eight, of ten: a tenth of 100, times a quarter, up."""
    item = replace(BTC, volume_share=0.1)
    assert [row["price"] for row in half(kind, rows, [market(0.5, 8)], item=item).trades] == [price]


def test_what_waits_for_money_at_an_open_is_counted_with_the_rest_of_the_open() -> None:
    """Two of four at the open: one is sold, one bought with what that gives. The close gives none of its two."""
    rows = [bar(0, (100,) * 4, 4), bar(10, (100, 110, 90, 100), 4), bar(20, (100,) * 4, 0)]
    schedule = [held(1, 1, 100, if_touched=100), limit(1, -1, 105), market(10, -1)]
    tables = agreed({"candles": rows}, schedule, usd="0", btc="5", participation="0.5")
    assert fills(tables) == [(10, 100, 1, "taker"), (10, 100, 1, "taker")]


def test_the_rest_of_what_a_candle_has_triggered_is_filled_by_a_close_and_not_inside_it() -> None:
    """The first candle triggers it, gives nothing; bought at the next close, its stop does not see the low before."""
    rows = [bar(0, (100,) * 4, 0), bar(10, (100, 106, 100, 104), 1), bar(20, (104, 104, 90, 100), 4)]
    entry = held(1, 1, stop=105, stop_loss=95)
    tables = agreed({"candles": rows}, [entry], participation="0.5", candle_fill="next_close")
    assert fills(tables) == [(30, 100, 1, "taker")]
