"""Levels in blocks are the sorted levels, whatever has changed in whatever order."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from barter_bt.protocol import Level, Levels, OrderBookSide, Side, from_json, to_json

PAIRS = st.lists(st.tuples(st.integers(1, 200), st.integers(0, 3)), max_size=300)


def levels(pairs: list[tuple[int, int]]) -> list[Level]:
    return [Level(D(price), D(amount)) for price, amount in pairs]


def expected(pairs: dict[int, int], *, falls: bool) -> tuple[Level, ...]:
    return tuple(levels(sorted(pairs.items(), reverse=falls)))


@given(first=PAIRS, changes=st.lists(PAIRS, max_size=4), falls=st.booleans())
def test_levels_are_a_sorted_dict(
    first: list[tuple[int, int]], changes: list[list[tuple[int, int]]], falls: bool
) -> None:
    """Over blocks that are split, emptied and made anew; those before a change stay as they were."""
    known = dict(first)
    made = [Levels(levels(first), falls=falls)]
    kept = [expected(known, falls=falls)]
    for pairs in changes:
        for price, amount in pairs:
            known.pop(price, None) if amount == 0 else known.update({price: amount})
        made.append(made[-1].changed(levels(pairs)))
        kept.append(expected(known, falls=falls))
    assert made == kept
    assert [len(one) for one in made] == list(map(len, kept))
    assert list(map(bool, made)) == list(map(bool, kept))
    last, plain = made[-1], kept[-1]
    assert [last[k] for k in range(-len(plain), len(plain))] == [plain[k] for k in range(-len(plain), len(plain))]
    for cut in (slice(10), slice(3, None, 2), slice(-5, None), slice(None, None, -1)):
        assert last[cut] == plain[cut]


def test_levels_pass_for_the_tuple_of_them() -> None:
    """Equal, of the same hash and text, pickled and copied, written as JSON and read again."""
    side = OrderBookSide(()).upsert(Side.BUY, levels([(1, 5), (2, 5)]))
    plain = OrderBookSide(tuple(levels([(2, 5), (1, 5)])))
    assert isinstance(side.levels, Levels)
    assert (side == plain, hash(side) == hash(plain), repr(side) == repr(plain)) == (True, True, True)
    assert side.levels != [*plain.levels]
    assert pickle.loads(pickle.dumps(side)) == copy.deepcopy(side) == plain
    assert from_json(OrderBookSide, to_json(side)) == plain


def test_a_price_keeps_its_digits() -> None:
    """A change of a level that is there is a change of its amount."""
    one = Levels([Level(D("1.00"), D(1))], falls=False)
    assert repr(one.changed([Level(D(1), D(2))])[0].price) == "Decimal('1.00')"


def test_a_side_is_not_taken_for_the_other() -> None:
    asks = OrderBookSide(()).upsert(Side.SELL, levels([(1, 5), (2, 5)]))
    assert asks.upsert(Side.BUY, levels([(3, 1)])).levels == tuple(levels([(3, 1), (2, 5), (1, 5)]))
