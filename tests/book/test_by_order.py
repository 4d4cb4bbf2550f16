"""Books by order: they are what their orders add up to, and rows that they do not allow are told (rule 93)."""

import os
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.data import book_orders, check, load, rebuild_books
from barter_bt.data.messages import Numbering, whole_messages
from barter_bt.data.orders import levels_of, with_clears
from barter_bt.errors import DataError
from barter_bt.testing.scenario.arguments import stream_frame
from barter_bt.testing.scenario.by_order import make_orders
from barter_bt.testing.scenario.source import Drawn
from barter_bt.testing.scenario.spec import StreamSpec
from tests.book.captures import LOBSTER, LOBSTER_FILE, lobster_files, shared_data
from tests.reference.books import Levels, read_orders
from tests.reference.model import World, build
from tests.reference.tiny import BTC, scenario_of

WHOLE = "BARTER_BT_FUZZ" in os.environ
NAMES = ("time_exchange", "action", "order_id", "side", "price", "amount")
CLEAR = (1, "clear", 0, 0, 0.0, 0.0)
BID = (2, "add", 7, 1, 99.0, 5.0)


def stream(*rows, names=NAMES):
    return book_orders(pl.DataFrame(rows, dict.fromkeys(names), orient="row"), instrument="x", time_unit="s")


def column(found, name):
    return [value for chunk in found.chunks({"x": 0}) for value in chunk.columns[name].tolist()]


def bids(*rows):
    return rebuild_books(stream(*rows))["bid_amount_1"].to_list()


def test_an_order_is_added_changed_executed_and_leaves():
    more = [(3, "add", 8, 1, 99.0, 2.0), (4, "modify", 7, 0, 0.0, 3.0), (5, "execute", 7, 1, 99.0, 3.0)]
    assert bids(CLEAR, BID, *more, (6, "cancel", 8, 0, 0.0, 0.5)) == [None, 5.0, 7.0, 5.0, 2.0, 1.5]


def test_a_modify_moves_an_order_to_another_price():
    books = rebuild_books(stream(CLEAR, BID, (3, "modify", 7, 1, 98.0, 4.0)))
    assert books.select("bid_levels", "bid_price_1", "bid_amount_1").row(-1) == (1, 98.0, 4.0)


def test_amounts_add_up_exactly():
    rows = [(2, "add", number, 1, 99.0, 0.1) for number in range(3)]
    gone = [(3 + number, "cancel", number, 1, 99.0, 0.0) for number in range(3)]
    assert bids(CLEAR, *rows, *gone) == [None, 0.3, 0.2, 0.1, None]


def test_an_id_can_come_again_when_its_order_has_left():
    assert bids(CLEAR, BID, (3, "cancel", 7, 1, 99.0, 5.0), (4, "add", 7, 1, 98.0, 1.0)) == [None, 5.0, None, 1.0]


@pytest.mark.parametrize(
    ("row", "code", "text"),
    [
        ((3, "cancel", 9, 1, 99.0, 1.0), "unknown_order", "row 2 (cancel of order 9, side 1, price 99.0, amount 1.0)"),
        ((3, "add", 7, 1, 98.0, 1.0), "order_reused", "adds an order that is in the book already"),
        ((3, "execute", 7, 1, 99.0, 6.0), "too_much", "takes more than the order has left"),
        ((3, "cancel", 7, -1, 99.0, 1.0), "other_side", "has another side"),
        ((3, "modify", 7, -1, 99.0, 1.0), "other_side", "has another side"),
        ((3, "execute", 7, 1, 98.0, 1.0), "other_price", "has another price"),
        ((3, "add", 8, 1, 99.0, 1e-9), "order_amount", "allowed: whole numbers of 1e-8"),
        ((3, "add", 8, 1, -1.0, 1.0), "not_positive", "zero or negative"),
        ((3, "modify", 7, 1, -1.0, 1.0), "negative", "that of the order, or 0 where it stays"),
        ((3, "add", 8, 1, 98.0, 0.0), "not_positive", "zero or negative"),
        ((3, "cancel", 7, 1, 99.0, -1.0), "negative", "what leaves, or 0 for all of it"),
        ((3, "add", 8, 0, 98.0, 1.0), "side", "no side"),
        ((3, "replace", 8, 0, 98.0, 1.0), "action", "add, modify, cancel, execute, clear"),
    ],
)
def test_a_row_that_its_book_does_not_allow_is_an_error(row, code, text):
    """A check tells it as an error, and reading the stream raises it."""
    wrong = stream(CLEAR, BID, row)
    assert [finding.code for finding in check(wrong).errors] == [code]
    with pytest.raises(DataError) as raised:
        rebuild_books(wrong)
    assert text in str(raised.value)


def test_rows_of_a_snapshot_are_added():
    names = (*NAMES, "snapshot")
    wrong = stream((1, "add", 1, 1, 9.0, 1.0, True), (1, "cancel", 1, 1, 9.0, 1.0, True), names=names)
    assert [finding.code for finding in check(wrong).errors] == ["snapshot"]


def test_ids_that_are_text_are_refused():
    with pytest.raises(DataError, match=r"is text; order ids are integers\nHint: number them"):
        stream((1, "add", "abc", 1, 9.0, 1.0))


def test_nothing_is_known_before_the_first_snapshot():
    assert rebuild_books(stream((0, "cancel", 9, 1, 99.0, 1.0), CLEAR))["state"].to_list() == ["stale", "empty"]
    assert "clear" in check(stream(BID)).warnings[-1].hint


def test_who_is_named_again_by_a_snapshot_keeps_the_place():
    """The same with less; with more; at another price; and an id that comes back after a snapshot without it."""
    names = (*NAMES, "snapshot")
    first = [(1, "add", number, 1, 99.0, 5.0, True) for number in range(1, 6)]
    second = [(2, "add", 3, 1, 99.0, 4.0, True), (2, "add", 1, 1, 99.0, 5.0, True), (2, "add", 2, 1, 99.0, 6.0, True)]
    last = [(2, "add", 4, 1, 98.0, 5.0, True), (3, "add", 5, 1, 99.0, 5.0, False)]
    found = stream(*first, *second, *last, names=names)
    assert column(found, "place") == [1, 2, 3, 4, 5, 3, 1, 8, 9, 10]


def test_an_order_that_moves_or_grows_loses_its_place():
    rows = [CLEAR, BID, (3, "modify", 7, 1, 99.0, 4.0), (4, "modify", 7, 1, 99.0, 5.0), (5, "modify", 7, 1, 98.0, 5.0)]
    found = stream(*rows)
    assert column(found, "change") == [0.0, 5.0, -1.0, -4.0, 5.0, -5.0, 5.0]
    assert column(found, "place") == [0, 2, 2, 2, 4, 4, 5]
    assert column(found, "_row") == [0, 1, 2, 3, 3, 4, 4]


def by_hand(spec, item):
    """The levels behind each message, as the reference engine has them."""
    levels, found = Levels(), []
    for event in read_orders(World((), (), (), (item,)), spec):
        levels.apply(event.message, item)
        found.append({key: lots for key, lots in levels.lots.items() if lots})
    return found


@settings(max_examples=300 if WHOLE else 60, deadline=None)
@given(st.data())
def test_a_book_is_what_its_orders_add_up_to(data):
    """Whatever the rows, their numbers, and how the frame is cut; by the book of runs and by dictionaries."""
    second = 10**9
    source = Drawn(data.draw)
    times = sorted({10**18 + second * data.draw(st.integers(0, 12)) for _ in range(8)})
    spec = StreamSpec("book_orders", make_orders(source, BTC, times, [(1, 99), (-1, 101)]))
    assert_adds_up(spec, data.draw(st.integers(1, 3)))


def assert_adds_up(spec, pieces):
    frame = stream_frame(spec)
    ends = [frame.height * piece // pieces for piece in range(pieces + 1)]
    parts = [frame[start:end] for start, end in pairwise(ends) if end > start]
    found = book_orders(pl.concat(parts, rechunk=False))
    item = instrument()
    books = rebuild_books(found, levels=20, price_increment=1, quantity_increment=1)
    expected = by_hand(spec, item)
    assert books.height == len(expected)
    for row, levels in zip(books.iter_rows(named=True), expected, strict=True):
        shown = {
            (sign, int(row[f"{side}_price_{n}"])): int(row[f"{side}_amount_{n}"])
            for side, sign in (("bid", 1), ("ask", -1))
            for n in range(1, 21)
            if row[f"{side}_price_{n}"] is not None
        }
        assert shown == levels


def instrument():
    return build(scenario_of({"trades": [(10**18, None, "btc_usd", 99.0, 1.0)]}, [])).instruments[0]


def test_ids_by_the_thousand_come_and_go():
    """More than the first table of ids holds, in several books, over snapshots: compiled and not."""
    rows, seconds = [], range(40)
    for time in seconds:
        name = f"i{time % 3}"
        if time % 10 < 3:
            rows.append((time, name, "clear", 0, 0, 0.0, 0.0))
        rows += [(time, name, "add", time * 1_000 + n, 1, 90.0 + n % 7, 1.0 + n % 3) for n in range(100)]
        rows += [(time, name, "cancel", time * 1_000 + n, 1, 0.0, 0.0) for n in range(0, 100, 2)]
    names = ("time_exchange", "instrument", *NAMES[1:])
    found = book_orders(pl.DataFrame(rows, dict.fromkeys(names), orient="row"), time_unit="s")
    codes = {f"i{n}": n for n in range(3)}
    plain, compiled = (
        [chunk.columns["amount"].tolist() for chunk in levels_of(whole(found, codes), codes, rows)]
        for rows in (0, 10**6)
    )
    assert plain == compiled
    alive: dict[tuple[str, float], float] = {}
    for _, name, action, number, _, price, amount in rows:
        if action == "clear":
            alive = {key: left for key, left in alive.items() if key[0] != name}
        elif action == "add":
            alive[name, price] = alive.get((name, price), 0.0) + amount
        else:
            n = number % 1_000
            alive[name, 90.0 + n % 7] -= 1.0 + n % 3
    best = rebuild_books(found, levels=7).group_by("instrument", maintain_order=True).last()
    for row in best.iter_rows(named=True):
        for n in range(1, 8):
            assert row[f"bid_amount_{n}"] == alive[row["instrument"], row[f"bid_price_{n}"]]


def whole(found, codes):
    return whole_messages(with_clears(found.given_chunks(codes)), Numbering())


def test_a_day_of_lobster_by_order_is_its_books_by_price():
    """Each of its books, level by level: rebuilt by id, of the order book file, and of changes by price."""
    loaded = load("lobster_orders", shared_data("lobster", LOBSTER_FILE), instrument="x")
    sequence = loaded.frame().select(pl.col("sequence").unique(maintain_order=True)).collect()["sequence"]
    options = {"levels": 5, "price_increment": "0.01", "quantity_increment": 1}
    books = rebuild_books(loaded, **options).with_columns(sequence=sequence)
    _, expected = lobster_files()
    assert books.height > 108_000
    at = expected.with_row_index("sequence", offset=1).join(books.select("sequence"), on="sequence", how="semi")
    assert at.height == books.height
    shown = books.select(pl.col("^.*_price_.$").round(2) * 10_000, pl.col("^.*_amount_.$")).select(LOBSTER)
    assert shown.with_columns(pl.all().round()).equals(at.select(pl.col(LOBSTER).cast(pl.Float64)))
