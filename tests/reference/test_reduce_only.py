"""Orders that may only reduce a position, by hand: each test names the sentences of rule 32 that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from .tiny import BTC, ETH, FUTURE, each_filled, ends, fills, held, market, moves, quote, simulate, t, trade, triggered


def test_without_a_position_on_the_other_side_reduce_only_is_rejected() -> None:
    rows = [
        held(0, -1, reduce_only=True),
        market(0, 1),  # at 1
        held(2.5, 1, reduce_only=True),
        held(2.5, 1, stop=90, reduce_only=True),
        held(2.5, -1, stop=90, reduce_only=True),
    ]
    tables = simulate("trades", moves(100, 100, 100, 100), rows, account="margin")
    assert ends(tables) == [
        ("rejected", "reduce_only"),
        ("filled", ""),
        ("rejected", "reduce_only"),
        ("rejected", "reduce_only"),
        ("open", ""),
    ]


@pytest.mark.parametrize("item", [BTC, FUTURE])
@pytest.mark.parametrize(
    ("price", "tif", "fill"),
    [
        (None, "gtc", (3, 102, 4, "taker")),
        (None, "fok", (3, 102, 4, "taker")),
        (100, "gtc", (3, 100, 4, "maker")),
        (101, "ioc", (3, 102, 4, "taker")),
    ],
)
def test_a_fill_is_cut_to_the_position(item: Any, price: Any, tif: str, fill: Any) -> None:
    """It wants nine and there are four; the rest is cancelled as soon as they are sold."""
    rows = [market(0, 4), held(2, -9, price, tif, reduce_only=True)]
    tables = simulate("trades", moves(100, 100, 100, 102, 110), rows, item=item, account="margin")
    assert fills(tables) == [(1, 100, 4, "taker"), fill]
    assert ends(tables)[1] == ("cancelled", "reduce_only")
    assert (tables.orders[1]["filled"], tables.orders[1]["quantity"], tables.orders[1]["time_closed"]) == (4, 9, t(3))
    assert len(tables.positions) == 1


def test_of_two_at_one_trigger_the_first_closes_and_the_other_is_cancelled() -> None:
    rows = [market(0, 4), *(held(2, -4, stop=98, reduce_only=True) for _ in range(2))]
    tables = simulate("trades", moves(100, 100, 100, 98, 97), rows, account="margin")
    assert ends(tables) == [("filled", ""), ("filled", ""), ("cancelled", "reduce_only")]
    assert triggered(tables) == [None, 3, 3]


def test_two_share_a_position() -> None:
    rows = [market(0, 4), *(held(2, -3, stop=98, reduce_only=True) for _ in range(2))]
    tables = simulate("trades", moves(100, 100, 100, 98, 97), rows, account="margin")
    assert each_filled(tables) == {0: 4, 1: 3, 2: 1}
    assert ends(tables) == [("filled", ""), ("filled", ""), ("cancelled", "reduce_only")]


@pytest.mark.parametrize("quantity", [-4, -6])
def test_a_fill_that_closes_or_turns_the_position_cancels_what_could_only_reduce_it(quantity: int) -> None:
    """Not those of the other side, which come later and need the position that is there then."""
    rows = [
        market(0, 4),
        held(2, -1, stop=90, reduce_only=True),
        held(2, -2, 120, reduce_only=True),
        held(2, -2, stop=90),
        market(3, quantity),
        held(5, 2, stop=110, reduce_only=True),
    ]
    tables = simulate("trades", moves(100, 100, 100, 100, 100, 100, 100), rows, account="margin")
    assert ends(tables) == [
        ("filled", ""),
        ("cancelled", "reduce_only"),
        ("cancelled", "reduce_only"),
        ("open", ""),
        ("filled", ""),
        ("open", "") if quantity == -6 else ("rejected", "reduce_only"),
    ]
    assert [tables.orders[number]["time_closed"] for number in (1, 2)] == [t(4), t(4)]


def test_a_reduction_cancels_nothing() -> None:
    rows = [market(0, 4), held(2, -4, stop=90, reduce_only=True), market(3, -3)]
    tables = simulate("trades", moves(100, 100, 100, 100, 100), rows, account="margin")
    assert ends(tables)[1] == ("open", "")


def test_what_is_cancelled_gives_back_what_it_reserved() -> None:
    """In a cash account: bought four, two reserved by a limit, four sold."""
    rows = [market(0, 4), held(2, -2, 120, reduce_only=True), market(3, -4)]
    tables = simulate("trades", moves(100, 100, 100, 100, 100), rows, btc="2")
    assert ends(tables)[1] == ("cancelled", "reduce_only")
    assert [row["free"] for row in tables.balances if row["asset"] == 0] == [2, 6, 4, 0, 2]


def test_reduce_only_orders_are_not_in_flight_for_targets() -> None:
    rows = [
        market(0, 4),
        held(2, -4, stop=90, reduce_only=True),
        held(2, 2, stop=110),
        ("target", t(3), "btc_usd", 7.0),
    ]
    tables = simulate("trades", moves(100, 100, 100, 100, 100), rows)
    assert tables.orders[3]["quantity_requested"] == 7 - 4 - 2


def test_orders_of_another_instrument_live() -> None:
    rows = [trade(time, 100, 9, name) for time in range(5) for name in ("btc_usd", "eth_usd")]
    schedule = [market(0, 1), market(0, 1, name="eth_usd"), held(2, -1, name="eth_usd", stop=90, reduce_only=True)]
    tables = simulate("trades", rows, [*schedule, market(3, -1)], item=(BTC, ETH))
    assert ends(tables) == [("filled", ""), ("filled", ""), ("open", ""), ("filled", "")]


def test_they_are_cancelled_by_number() -> None:
    """The first reserves one and rests from its trigger on, after the second, which reserves two."""
    rows = [
        market(0, 4),
        held(2, -1, 120, stop=99, reduce_only=True),
        held(2, -2, 120, reduce_only=True),
        market(4, -4),
    ]
    tables = simulate("trades", moves(100, 100, 100, 99, 100, 100), rows, btc="3")
    assert ends(tables)[1:3] == [("cancelled", "reduce_only")] * 2
    assert [row["free"] for row in tables.balances if row["asset"] == 0] == [3, 7, 5, 4, 0, 1, 3]


def test_what_would_expire_at_the_same_time_is_cancelled_first() -> None:
    rows = [market(0, 4), held(2, -4, stop=98, reduce_only=True), held(2, -4, 99, "ioc", stop=98, reduce_only=True)]
    tables = simulate("trades", moves(100, 100, 100, 98), rows, account="margin")
    assert ends(tables)[1:] == [("filled", ""), ("cancelled", "reduce_only")]


@pytest.mark.parametrize(
    ("conditions", "end", "time"),
    [({}, ("rejected", "reduce_only"), None), ({"stop": 100}, ("cancelled", "reduce_only"), 3)],
)
def test_the_position_is_closed_while_a_limit_waits_to_reserve(conditions: Any, end: Any, time: int | None) -> None:
    """Nine of four are to be sold; a purchase for another money brings nine more, after the four were sold."""
    other = replace(BTC, name="btc_jpy", quote="jpy")
    rows = [quote(time, 99, 9, 100, 9, name) for time in (0, 9) for name in ("btc_usd", "btc_jpy")]
    schedule = [
        market(1, 4),
        held(3, -9, 99, reduce_only=True, **conditions),
        market(3, -4),
        market(3, 9, name="btc_jpy"),
    ]
    tables = simulate("quotes", rows, schedule, item=(BTC, other), jpy="1000")
    assert ends(tables) == [("filled", ""), end, ("filled", ""), ("filled", "")]
    assert triggered(tables)[1] == time
