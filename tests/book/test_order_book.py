"""A book does what a dictionary of prices does, however its levels are stored (rules 87 and 88)."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from barter_bt.book import OrderBook
from barter_bt.book.apply import apply_row, copy_book
from barter_bt.book.change import ASK, BID, ENDS, SNAPSHOT
from barter_bt.book.read import depth_lots, level_lots, level_ticks, lots_at
from barter_bt.book.tables import PAGE, ROOM, make_books
from barter_bt.data import book, rebuild_books
from barter_bt.errors import ConfigError, DataError
from tests.draws import draws

PRICES = st.integers(1, 60) | st.integers(10**9, 10**9 + 5)  # near ones, and far ones behind a hole
LEVELS = st.lists(st.tuples(PRICES, st.integers(0, 9)), max_size=12)


class Model(RuleBasedStateMachine):
    """Messages applied to a book and to two dictionaries."""

    def __init__(self):
        super().__init__()
        self.book = OrderBook(1, 1)
        self.sides = ({}, {})
        self.number, self.stale = None, True

    @rule(bids=LEVELS, asks=LEVELS, number=st.none() | st.integers(1, 20))
    def snapshot(self, bids, asks, number):
        self.book.snapshot(bids, asks, sequence=number)
        self.sides, self.number, self.stale = ({}, {}), number, False
        self._apply(bids, asks)

    @rule(bids=LEVELS, asks=LEVELS, step=st.integers(-2, 4), lack=st.integers(-3, 3))
    def numbered_update(self, bids, asks, step, lack):
        number = (self.number or 0) + step
        self.book.update(bids, asks, sequence=number, previous_sequence=number - step + lack)
        if self.number is not None and number <= self.number:
            return
        if self.number is not None and number - step + lack > self.number:
            self.sides, self.stale = ({}, {}), True
        self.number = number
        self._apply(bids, asks)

    @rule(bids=LEVELS, asks=LEVELS)
    def update(self, bids, asks):
        self.book.update(bids, asks)
        self._apply(bids, asks)

    def _apply(self, bids, asks):
        for side, levels in zip(self.sides, (bids, asks), strict=True):
            for price, amount in levels if not self.stale else ():
                side.pop(price, None)
                if amount:
                    side[price] = amount

    @invariant()
    def levels_are_those_of_the_dictionaries(self):
        bids, asks = sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items())
        assert (self.book.bids(), self.book.asks()) == (bids, asks)
        assert (self.book.best_bid, self.book.best_ask) == (next(iter(bids), None), next(iter(asks), None))
        assert self.book.depth("bid", 3) == sum(amount for _, amount in bids[:3])
        assert self.book.state == self._state(bids, asks)
        if self.book.state == "normal":
            (bid, bid_lots), (ask, ask_lots) = bids[0], asks[0]
            assert self.book.mid == (bid + ask) / 2
            assert self.book.weighted_mid == pytest.approx(bid + (ask - bid) * bid_lots / (bid_lots + ask_lots))
            assert self.book.imbalance() == pytest.approx((bid_lots - ask_lots) / (bid_lots + ask_lots))
        pile = [price for price, amount in asks for _ in range(amount)]
        for wanted in (1, 7):
            got = pile[:wanted]
            expected = sum(got) / wanted if len(got) == wanted else None
            assert self.book.price_for("ask", wanted) == (None if expected is None else pytest.approx(expected))

    def _state(self, bids, asks):
        if self.stale:
            return "stale"
        if not bids or not asks:
            return "one_sided" if bids or asks else "empty"
        bid, ask = bids[0][0], asks[0][0]
        return "normal" if bid < ask else "locked" if bid == ask else "crossed"


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=draws(25), stateful_step_count=20)


def test_a_side_that_outgrows_pages_and_room_moves_and_keeps_its_levels():
    many = [(price, price) for price in range(1, 5 * ROOM * PAGE)]
    grown = OrderBook(1, 1)
    grown.snapshot(bids=many[::2], asks=[(10_000, 1)])
    grown.update(bids=many[1::2])
    grown.update(asks=[(10_001, 2)])
    assert grown.bids() == sorted(many, reverse=True)
    assert grown.asks() == [(10_000, 1), (10_001, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_pages_that_fill_and_drain_hold_what_dictionaries_hold(seed):
    """Hundreds of levels come and go, from whole stretches too; another book that takes it over is the same."""
    dice, books, other = Random(seed), make_books(2), make_books(2)
    sides, most = [{}, {}, {}, {}], 0
    for step in range(6_000):
        i, bit, low = dice.randrange(2), dice.choice((BID, ASK)), dice.randrange(0, 600, 100)
        ticks, lots = (
            dice.randint(low + 1, low + 100),
            dice.choice((0, 0, 0, 5) if step > 4_000 else (0, 1, 2, 3, 4, 5)),
        )
        flags = SNAPSHOT if step < 2 or dice.random() < 0.0002 else 0
        if flags:
            i = step if step < 2 else i
            sides[2 * i].clear(), sides[2 * i + 1].clear()
        apply_row(books, i, flags | bit | ENDS, ticks, lots, step)
        of = sides[2 * i + (bit == ASK)]
        of.pop(ticks, None)
        if lots:
            of[ticks], most = lots, max(most, len(of) + 1)
        if step % 97 == 0 or step > 5_990:
            copy_book(other, books, i)
            for side in (2 * i, 2 * i + 1):
                expected = sorted(sides[side].items(), reverse=side % 2 == 0)
                for one in (books, other):
                    shown = [(level_ticks(one, side, n), level_lots(one, side, n)) for n in range(len(expected))]
                    assert shown == expected
                    assert level_lots(one, side, len(expected)) == 0
                    assert depth_lots(one, side, 100) == sum(lots for _, lots in expected[:100])
                assert lots_at(other, side, ticks) == sides[side].get(ticks, 0)
            assert all(getattr(other.states, name)[i] == getattr(books.states, name)[i] for name in books.states.schema)
    assert most > 3 * PAGE


def test_pages_that_are_given_back_are_used_again():
    one = OrderBook(1, 1)
    levels = [(price, 1) for price in range(1, 4 * PAGE)]
    one.snapshot(bids=levels, asks=levels)
    size = len(one._books.levels)
    for _ in range(3):
        one.snapshot(bids=levels)
        one.update(bids=[(price, 0) for price, _ in levels], asks=levels)
        one.update(asks=[(price, 0) for price, _ in levels])
        one.snapshot(bids=levels, asks=levels)
    assert len(one._books.levels) == size


def test_prices_off_the_grid_and_negative_amounts_are_errors_and_parts_of_lots_do_not_count():
    one = OrderBook("0.5", "0.1")
    with pytest.raises(DataError, match="no multiple of the tick"):
        one.snapshot(bids=[(99.3, 1)])
    with pytest.raises(DataError, match="negative"):
        one.snapshot(bids=[(99.5, -1)])
    with pytest.raises(ConfigError, match="allowed: bid, ask"):
        one.depth("buy")
    with pytest.raises(ConfigError, match="price_increment is 0"):
        OrderBook(0, 1)
    one.snapshot(bids=[(99.5, 0.39), (99.0, 0.09)])
    assert one.bids() == [(99.5, pytest.approx(0.3))]


def test_what_is_compiled_is_what_is_interpreted():
    generator, rows = Random(3), []
    for k in range(1_200):
        side, amount = generator.choice([-1, 1]), generator.choice([0, 0, 1, 5])
        price = generator.randint(1, 200) + (side < 0) * 170
        rows.append((k // 6, ("a_usd", "b_usd")[k // 3 % 2], side, float(price), float(amount), k < 12))
    names = ("time_exchange", "instrument", "side", "price", "amount", "snapshot")
    stream = book(pl.DataFrame(rows, dict.fromkeys(names), orient="row"), time_unit="s")
    plain, compiled = (rebuild_books(stream, levels=7, interpret=one) for one in (True, False))
    assert plain.equals(compiled)
    assert {"crossed", "normal"} <= set(plain["state"])
    assert plain["bid_levels"].max() > PAGE
