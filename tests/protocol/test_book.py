"""Order books: prices between the sides, levels that change, whole books; the numbers are those of Barter's tests."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.protocol import (
    Level,
    OrderBook,
    OrderBookL1,
    OrderBookSide,
    OrderBookSnapshot,
    OrderBookUpdate,
    Side,
    from_json,
    to_json,
)
from barter_bt.protocol.book import mid_price, volume_weighted_mid_price

Pairs = list[tuple[int, int]]


def levels(pairs: Pairs) -> list[Level]:
    return [Level(D(price), D(amount)) for price, amount in pairs]


def book(bids: Pairs, asks: Pairs, sequence: int = 0) -> OrderBook:
    sides = OrderBookSide.sort(Side.BUY, levels(bids)), OrderBookSide.sort(Side.SELL, levels(asks))
    return OrderBook(sequence, None, *sides)


def best(bids: Pairs, asks: Pairs) -> OrderBookL1:
    return OrderBookL1(0, *(levels(side)[0] if side else None for side in (bids, asks)))


# Prices


@pytest.mark.parametrize(
    ("bids", "asks", "mid"),
    [
        ([(100, 999_999)], [(200, 1)], "150"),
        ([(50, 1)], [(250, 999_999)], "150"),
        ([(10, 999_999)], [(250, 999_999)], "130"),
        ([(10, 999_999)], [], None),
        ([], [(250, 999_999)], None),
    ],
)
def test_mid_price_of_the_best_prices(bids: Pairs, asks: Pairs, mid: str | None) -> None:
    """Whatever the amounts; none where a side is missing."""
    quote = best(bids, asks)
    assert mid_price(quote.best_bid, quote.best_ask) == (None if mid is None else D(mid))


@pytest.mark.parametrize(
    ("bids", "asks", "mid"),
    [
        ([(100, 100)], [(200, 100)], "150"),
        ([(100, 600)], [(200, 1000)], "137.5"),
        ([(1000, 999_999)], [(1000, 999_999)], "1000"),
        ([(1000, 999_999)], [], None),
        ([], [(1000, 999_999)], None),
        ([(1, 0)], [(2, 0)], None),
    ],
)
def test_volume_weighted_mid_price_of_the_best_prices(bids: Pairs, asks: Pairs, mid: str | None) -> None:
    """Nearer to the side of which there is less; none where there is nothing (the last one: Barter panics)."""
    quote = best(bids, asks)
    assert volume_weighted_mid_price(quote.best_bid, quote.best_ask) == (None if mid is None else D(mid))


ONE_SIDED: list[tuple[Pairs, Pairs, str | None]] = [
    ([], [], None),
    ([(100, 100), (50, 100)], [], "100"),
    ([], [(50, 100), (100, 100)], "50"),
    ([(100, 100), (50, 100)], [(200, 100), (300, 100)], "150"),
    ([(0, 1)], [], "0"),
]


@pytest.mark.parametrize(("bids", "asks", "mid"), [*ONE_SIDED, ([(100, 3000)], [(200, 1000)], "150")])
def test_mid_price_of_a_book(bids: Pairs, asks: Pairs, mid: str | None) -> None:
    """A book of one side has its best price (the best prices alone have none)."""
    assert book(bids, asks).mid_price() == (None if mid is None else D(mid))


@pytest.mark.parametrize(
    ("bids", "asks", "mid"), [*ONE_SIDED, ([(100, 3000), (50, 100)], [(200, 1000), (300, 100)], "175")]
)
def test_volume_weighted_mid_price_of_a_book(bids: Pairs, asks: Pairs, mid: str | None) -> None:
    """Of the best levels; one side and none as for the mid."""
    assert book(bids, asks).volume_weighted_mid_price() == (None if mid is None else D(mid))


# Changes


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ((100, 0), [(90, 1), (80, 1)]),
        ((100, 10), [(100, 10), (90, 1), (80, 1)]),
        ((110, 1), [(110, 1), (100, 1), (90, 1), (80, 1)]),
        ((110, 0), [(100, 1), (90, 1), (80, 1)]),
    ],
)
def test_upsert(change: tuple[int, int], after: Pairs) -> None:
    """A level is taken away, replaced, inserted in its place; what is not there cannot be taken away."""
    side = OrderBookSide.sort(Side.BUY, levels([(80, 1), (90, 1), (100, 1)]))
    assert list(side.upsert(Side.BUY, levels([change])).levels) == levels(after)


def test_levels_are_sorted_from_the_best_on() -> None:
    """Bids from the highest down, asks from the lowest up; a change keeps that order."""
    made = book([(80, 1), (100, 1), (90, 1)], [(150, 1), (110, 1), (120, 1)])
    assert [int(level.price) for level in made.bids.levels] == [100, 90, 80]
    assert [int(level.price) for level in made.asks.levels] == [110, 120, 150]
    assert (made.bids.best, made.asks.best) == (Level(D(100), D(1)), Level(D(110), D(1)))
    assert OrderBookSide(()).best is None


def test_an_update_changes_both_sides_and_brings_its_sequence() -> None:
    """Barter's book after an update with the sequence 101 to 110; the book before stays as it was."""
    before = book([(80, 1), (100, 1), (90, 1)], [(150, 1), (110, 1), (120, 1)], 100)
    change = OrderBookUpdate(book([(80, 0), (90, 10)], [(200, 1), (500, 0)], 110))
    after = before.update(change)
    assert after == book([(100, 1), (90, 10)], [(110, 1), (120, 1), (150, 1), (200, 1)], 110)
    assert before.sequence == 100
    assert before.update(OrderBookUpdate(OrderBook(101, 7, OrderBookSide(()), OrderBookSide(())))).time_engine == 7


def test_a_snapshot_replaces_the_book() -> None:
    """Whatever was there, and whatever its sequence."""
    new = book([(1, 1)], [(2, 2)], 3)
    assert book([(80, 1)], [(90, 1)], 100).update(OrderBookSnapshot(new)) == new


CHANGES = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=20)


@given(CHANGES, st.sampled_from(Side))
def test_a_side_is_what_was_last_said_of_each_price(changes: Pairs, side: Side) -> None:
    """One level for each price whose last amount is not 0, in order, whether changes come at once or one by one."""
    at_once = OrderBookSide(()).upsert(side, levels(changes))
    one_by_one = OrderBookSide(())
    for change in changes:
        one_by_one = one_by_one.upsert(side, levels([change]))
    expected = sorted((pair for pair in dict(changes).items() if pair[1]), reverse=side == Side.BUY)
    assert list(at_once.levels) == list(one_by_one.levels) == levels(expected)


def test_a_book_that_was_updated_is_written_like_any_other() -> None:
    """Through JSON and back it is the same book with the same prices."""
    made = book([(100, 3000)], [(200, 1000)], 8).update(OrderBookUpdate(book([(90, 1)], [], 9)))
    again = from_json(OrderBook, to_json(made))
    assert again == made
    assert again.volume_weighted_mid_price() == D(175)
