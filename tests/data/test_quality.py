"""A look over data: clean data gives no finding, and a planted fault of each kind is found at its row, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt.data as room
from barter_bt.data import (
    MarketData,
    Repair,
    Sessions,
    book,
    candles,
    check,
    exchange_sessions,
    generate,
    quality,
    quotes,
    trades,
)
from barter_bt.data.inspection.by_price import outliers, typical_step
from barter_bt.data.inspection.by_rule import rules_of
from barter_bt.data.inspection.looks import LOOKS
from barter_bt.data.orders import ORDER_FAULTS
from barter_bt.data.schema import SCHEMAS, TIME
from barter_bt.errors import ConfigError

KINDS = [*SCHEMAS]
BOOK_KINDS = ("book", "book_orders")

few = settings(max_examples=30)
ROWS = 120
SECOND = 10**9
MINUTE = 60 * SECOND
START = 1_577_836_800 * SECOND


def frame_of(kind: str, seed: int) -> pl.DataFrame:
    """Good rows of a kind with arrivals: of two instruments in turns, or a book of one."""
    if kind in BOOK_KINDS:
        market = generate.market(ROWS, seed=seed, mean_step="10ms")
        made = market.book if kind == "book" else market.orders
    else:
        rng = np.random.default_rng(seed)
        one = 100 * np.exp(np.cumsum(rng.choice([-1, 1], ROWS) * rng.uniform(0.0005, 0.001, ROWS)))
        each = np.repeat(one, 2) * np.tile([1.0, 3.0], ROWS)
        time = START + MINUTE * np.repeat(np.arange(1, ROWS + 1), 2)
        names = pl.Series(["a_usd", "b_usd"] * ROWS)
        columns: dict[str, Any] = {"time_exchange": pl.Series(time).cast(TIME), "instrument": names}
        if kind == "trades":
            columns |= {
                "price": each,
                "amount": rng.uniform(1, 2, 2 * ROWS),
                "side": pl.Series([1] * 2 * ROWS, dtype=pl.Int8),
            }
        elif kind == "quotes":
            columns |= {"bid_price": each, "bid_amount": rng.uniform(1, 2, 2 * ROWS)}
            columns |= {"ask_price": each * 1.001, "ask_amount": rng.uniform(1, 2, 2 * ROWS)}
        else:
            before = np.concatenate([each[:2], each[:-2]])
            columns |= {"time_open": pl.Series(time - MINUTE).cast(TIME), "open": before, "close": each}
            columns |= {"high": np.maximum(before, each) * 1.0001, "low": np.minimum(before, each) * 0.9999}
            columns |= {"volume": rng.uniform(1, 2, 2 * ROWS)}
        made = pl.DataFrame(columns)
    return made.with_columns(time_received=pl.col("time_exchange") + pl.duration(milliseconds=5))


@dataclass(frozen=True)
class Plant:
    """A fault, the rows at which it must be told, and how bad it is there."""

    kind: str
    check: str
    frame: pl.DataFrame
    rows: list[int]
    worst: float | None = None


def put(frame: pl.DataFrame, row: int, **values: Any) -> pl.DataFrame:
    """Other values in one row."""
    here = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(here).then(value if isinstance(value, pl.Expr) else pl.lit(value)).otherwise(name).alias(name)
        for name, value in values.items()
    )


def later(frame: pl.DataFrame, row: int, step: timedelta) -> pl.DataFrame:
    """All rows from one on at a later time."""
    from_here = pl.int_range(pl.len()) >= row
    times = [name for name in frame.columns if name.startswith("time")]
    return frame.with_columns(
        pl.when(from_here).then(pl.col(name) + step).otherwise(name).alias(name) for name in times
    )


def again(frame: pl.DataFrame, row: int, behind: int) -> pl.DataFrame:
    """A row once more, so many rows further down, in place of what stands there."""
    return pl.concat([frame[: row + behind], frame[row : row + 1], frame[row + behind + 1 :]])


def scaled(names: tuple[str, ...], factor: float) -> dict[str, pl.Expr]:
    return {name: pl.col(name) * factor for name in names}


def _action(kind: str, name: str) -> dict[str, str]:
    """Of which rows some rules are, in books by order."""
    return {"action": name} if kind == "book_orders" else {}


def plants(kind: str, seed: int, row: int) -> dict[str, Plant]:
    """Every fault of a kind, planted at a row."""
    good = frame_of(kind, seed)
    price = SCHEMAS[kind].prices
    back = timedelta(milliseconds=3)
    arrival = "time_received"
    made = [
        Plant(kind, "null", put(good, row, **{price[0]: None}), [row]),
        Plant(kind, "not_finite", put(good, row, **{price[0]: float("nan")}), [row]),
        Plant(kind, "not_positive", put(good, row, **{price[0]: -2.5}, **_action(kind, "add")), [row], -2.5),
        Plant(kind, "latency", put(good, row, **{arrival: pl.col("time_exchange") - back}), [row], 0.003),
        Plant(kind, "late", put(good, row, **{arrival: pl.col("time_exchange") + timedelta(hours=1)}), [row], 3600.0),
    ]
    if kind in ("quotes", "candles", *BOOK_KINDS):
        amount = SCHEMAS[kind].amounts[0]
        made.append(Plant(kind, "negative", put(good, row, **{amount: -1.5}, **_action(kind, "cancel")), [row], -1.5))
    if kind in BOOK_KINDS:
        made.append(Plant(kind, "gap", later(good, row, timedelta(hours=2)), [row]))
        made.append(Plant(kind, "side", put(good, row, side=3), [row]))
        return {one.check: one for one in made}
    # both instruments miss the same two hours
    step = 60.0 if kind != "candles" else 0.0
    first = row - row % 2
    made.append(Plant(kind, "gap", later(good, first, timedelta(hours=2)), [first, first + 1], 7200.0 + step))
    made.append(Plant(kind, "outlier", put(good, row, **scaled(price, 1.5)), [row]))
    made.append(
        Plant(
            kind,
            "time_back",
            put(good, row, time_exchange=pl.col("time_exchange") - timedelta(minutes=1, seconds=5)),
            [row],
            65.0 if row % 2 else 5.0,
        )
    )
    repeated = SCHEMAS["quotes"].floats if kind == "quotes" else price
    stands = pl.int_range(pl.len()).is_between(row, row + 2 * 70) & (pl.col("instrument") == good["instrument"][row])
    flat = good.with_columns(
        pl.when(stands).then(pl.lit(good[name][row])).otherwise(name).alias(name) for name in repeated
    )
    made.append(Plant(kind, "stale", flat, list(range(row + 2, row + 2 * 70 + 1, 2)), 70 * 60.0))
    if kind == "trades":
        made.append(Plant(kind, "side", put(good, row, side=3), [row]))
    if kind == "quotes":
        made.append(Plant(kind, "crossed", put(good, row, bid_price=pl.col("ask_price") + 0.25), [row], 0.25))
        made.append(Plant(kind, "locked", put(good, row, bid_price=pl.col("ask_price")), [row]))
        made.append(Plant(kind, "empty_side", put(good, row, ask_amount=0.0), [row]))
    if kind == "candles":
        made.append(Plant(kind, "zero_volume", put(good, row, volume=0.0), [row]))
        made.append(Plant(kind, "wick", put(good, row, high=pl.col("high") * 1.5), [row]))
        made.append(Plant(kind, "high", put(good, row, high=pl.col("close") * 0.9999), [row]))
        made.append(Plant(kind, "low", put(good, row, low=pl.col("close") * 1.0001), [row]))
        made.append(Plant(kind, "open_after_close", put(good, row, time_open=pl.col("time_exchange")), [row]))
        made.append(Plant(kind, "overlap", put(good, row, time_open=pl.col("time_open") - timedelta(seconds=1)), [row]))
        made.append(Plant(kind, "duplicate", again(good, row - 2, 2), [row]))
    else:
        made.append(Plant(kind, "duplicate", again(good, row - 1, 1), [row]))
    return {one.check: one for one in made}


def stream_of(kind: str, frame: pl.DataFrame, **options: Any) -> Any:
    return getattr(room, kind)(frame, **options)


@pytest.mark.parametrize("kind", KINDS)
@few
@given(seed=st.integers(0, 500))
def test_good_data_gives_no_finding(kind, seed):
    found = quality(stream_of(kind, frame_of(kind, seed)))
    assert not found.rows.height
    assert not found.frame.height
    assert found.looks["count"].to_list() == [0] * found.looks.height
    assert str(found).startswith("nothing odd in ")


@pytest.mark.parametrize("kind", KINDS)
@few
@given(seed=st.integers(0, 500), row=st.integers(4, 60), data=st.data())
def test_a_planted_fault_is_found_at_its_row(kind, seed, row, data):
    planted = plants(kind, seed, row)
    plant = planted[data.draw(st.sampled_from(sorted(planted)))]
    found = quality(stream_of(kind, plant.frame))
    mine = found.rows.filter(pl.col("check") == plant.check)
    assert mine["row"].sort().to_list() == plant.rows, plant.check
    table = found.frame.filter(pl.col("check") == plant.check)
    assert table["count"].sum() == len(plant.rows)
    assert table["row"].min() == plant.rows[0]
    first = plant.frame[plant.rows[0]]
    assert mine.filter(pl.col("row") == plant.rows[0])["time"].to_list() == first["time_exchange"].to_list()
    if plant.worst is not None:
        assert table["worst"].to_list() == pytest.approx([plant.worst] * table.height)
    if len(plant.rows) == 1:
        name = first["instrument"].item()
        own = plant.frame.filter(pl.col("instrument") == name).height
        assert table.select("instrument", "share").row(0) == (name, 1 / own)


def test_every_check_is_planted_somewhere():
    """Those of books and of the calendar have tests of their own, below."""
    planted = {(kind, name) for kind in KINDS for name in plants(kind, 0, 10)}
    elsewhere = {"closed", "time_unit", "crossed", "locked", "missing_message", "old_message", "unknown_book"}
    elsewhere |= {*ORDER_FAULTS, "snapshot"}
    books = {(kind, name) for name in ("time_back", "duplicate") for kind in BOOK_KINDS}
    all_of_them = {(kind, name) for name, look in LOOKS.items() for kind in look.kinds}
    missing = {(kind, name) for kind, name in all_of_them - planted - books if name not in elsewhere}
    assert not missing


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_is_in_the_list_of_checks(kind):
    names = [*SCHEMAS[kind].names]
    names.remove("instrument")
    for rule in rules_of(kind, names):
        assert kind in LOOKS[rule.code].kinds, rule.code


@few
@given(st.integers(0, 500), st.integers(5, 60), st.sampled_from(["crossed", "locked"]))
def test_books_are_looked_at_behind_each_message(seed, message, state):
    made = generate.market(ROWS, seed=seed)
    row = made.book.with_row_index("row").filter(pl.col("sequence") == message)["row"][0]
    told = made.quotes.filter(pl.col("time_exchange") < made.book["time_exchange"][row]).tail(1)
    price = told["ask_price"][0] + (0.05 if state == "crossed" else 0.0)
    numbers = dict.fromkeys(("snapshot", "sequence", "previous_sequence"), None)
    over = {"side": 1, "price": price, "amount": 1.0}
    gone = {**over, "amount": 0.0}
    rows = [
        made.book[row : row + 1].with_columns(
            time_exchange=pl.col("time_exchange") - pl.duration(nanoseconds=ns),
            **{name: pl.lit(value, made.book.schema[name]) for name, value in each.items()},
        )
        for ns, each in ((2, over), (1, gone))
    ]
    planted = pl.concat([made.book[:row], *rows, made.book[row:]]).drop(numbers)
    planted = planted.with_columns(snapshot=pl.int_range(pl.len()) < made.book["snapshot"].sum())
    found = quality(book(planted)).rows
    assert found["check"].to_list() == [state]
    assert found["row"].to_list() == [row]
    assert found["value"].to_list() == ([pytest.approx(0.05)] if state == "crossed" else [None])


@few
@given(st.integers(0, 500), st.integers(2, 100))
def test_messages_that_are_missing_or_come_again(seed, message):
    made = generate.market(ROWS, seed=seed).book
    row = made.with_row_index("row").filter(pl.col("sequence") == message)["row"][0]
    lost = quality(book(made.filter(pl.col("sequence") != message))).rows
    assert lost.filter(pl.col("check") == "missing_message")["row"].to_list() == [row]
    unknown = lost.filter(pl.col("check") == "unknown_book")["row"].to_list()
    assert unknown == list(range(row, made.height - 1)), "until the next snapshot"
    once_more = made[row : row + 1].with_columns(pl.col("time_exchange") + pl.duration(nanoseconds=1))
    again = quality(book(pl.concat([made[: row + 1], once_more, made[row + 1 :]]))).rows
    assert again.filter(pl.col("check") == "old_message")["row"].to_list() == [row + 1]


def test_books_with_errors_are_not_replayed_and_that_is_told():
    made = generate.market(20).book
    looks = quality(book(put(made, 25, price=-1.0))).looks
    assert looks.filter(pl.col("check") == "crossed")["count"].to_list() == [None]
    assert looks.filter(pl.col("check") == "not_positive")["count"].to_list() == [1]


def test_a_change_of_unit_is_told():
    times = pl.Series([1_600_000_000 * SECOND // 1000, 1_600_000_001 * SECOND // 1000, 1_600_000_002 * SECOND])
    rows = pl.DataFrame({"time_exchange": times.cast(TIME), "price": [1.0, 1.1, 1.2], "amount": 1.0})
    found = quality(trades(rows, instrument="a_usd")).rows
    assert found.filter(pl.col("check") == "time_unit")["row"].to_list() == [2]


@cache
def sessions_of(calendar: str, start: str, end: str) -> Sessions:
    return exchange_sessions(calendar, start, end)


def days(calendar: str, start: str, end: str, interval: timedelta) -> pl.DataFrame:
    """A candle for each interval of each session."""
    opens = [
        opened + k * interval
        for opened, closed in sessions_of(calendar, start, end).frame.select("open", "close").iter_rows()
        for k in range((closed - opened) // interval)
    ]
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.choice([-1, 1], len(opens)) * rng.uniform(0.0005, 0.001, len(opens))))
    before = np.append(close[:1], close[:-1])
    high, low = np.maximum(before, close), np.minimum(before, close)
    times = pl.Series(opens, dtype=TIME)
    columns = {
        "time_open": times,
        "time_exchange": (times + interval).cast(TIME),
        "open": before,
        "high": high,
        "low": low,
    }
    return pl.DataFrame({**columns, "close": close, "volume": 1.0})


@few
@given(st.integers(1, 300), st.integers(1, 200))
def test_gaps_are_measured_in_time_of_the_calendar(first, length):
    """Nights, weekends, a holiday and a half day are none."""
    week = "XNYS", "2024-06-28", "2024-07-08"
    rows, calendar = days(*week, timedelta(minutes=5)), sessions_of(*week)
    assert not quality(candles(rows, instrument="a_usd"), calendar=calendar).rows.height
    assert quality(candles(rows, instrument="a_usd")).rows["check"].unique().to_list() == ["gap"], "it does close"
    kept = pl.concat([rows[:first], rows[first + length :]])
    found = quality(candles(kept, instrument="a_usd"), calendar=calendar).rows
    inside = first < kept.height
    assert found["row"].to_list() == ([first] if inside else [])
    assert found["value"].to_list() == ([300.0 * length] if inside else [])


@pytest.mark.parametrize("given_as", ["name", "sessions", "mapping"])
def test_rows_outside_the_calendar(given_as):
    rows = days("XNYS", "2024-07-01", "2024-07-02", timedelta(minutes=30))
    late = rows[-1:].with_columns((pl.col("time_open", "time_exchange") + timedelta(hours=1)).cast(TIME))
    calendar: Any = {
        "name": "XNYS",
        "sessions": exchange_sessions("XNYS", "2024-06-01", "2024-08-01"),
        "mapping": {"a_usd": "XNYS"},
    }[given_as]
    found = quality(candles(pl.concat([rows, late]), instrument="a_usd"), calendar=calendar).rows
    assert found.select("check", "row").rows() == [("closed", rows.height)]
    ticks = rows.select("time_exchange", price="close", amount="volume")
    assert not quality(trades(ticks, instrument="a_usd"), calendar=calendar).rows.height, (
        "a close belongs to its session"
    )
    tick = ticks.with_columns((pl.col("time_exchange") + timedelta(microseconds=1)).cast(TIME))[-1:]
    found = quality(trades(pl.concat([ticks, tick]), instrument="a_usd"), calendar=calendar).rows
    assert found.select("check", "row").rows() == [("closed", ticks.height)]


def test_a_mapping_leaves_others_always_open():
    rows = days("XNYS", "2024-07-01", "2024-07-02", timedelta(minutes=30))
    found = quality(candles(rows, instrument="b_usd"), calendar={"a_usd": "XNYS"}).rows
    assert found["check"].to_list() == ["gap"]


@given(st.lists(st.integers(-4, 4), min_size=3, max_size=40), st.integers(2, 30))
def test_outliers_do_not_depend_on_the_unit_of_prices(steps, limit):
    levels = np.cumsum(steps).astype(float)
    size = np.abs(np.diff(levels, prepend=levels[0]))
    bad = outliers(levels, size, limit)
    assert not bad[size <= limit].any()
    assert bad.tolist() == outliers(levels * 8, size * 8, limit * 8).tolist()
    assert typical_step(levels * 8) == 8 * typical_step(levels)


def test_spikes_one_after_another_are_all_told():
    levels = np.array([0.0, 1, 90, 0, 90, 1, 90, 90, 1.0])
    steps = np.abs(np.diff(levels, prepend=0.0))
    assert np.flatnonzero(outliers(levels, steps, 20)).tolist() == [2, 4, 6, 8], "a level that lasts: both of its ends"


def test_limits_decide():
    rows = frame_of("trades", 1)
    late = put(
        later(rows, 100, timedelta(minutes=20)), 239, time_received=pl.col("time_exchange") + timedelta(seconds=30)
    )
    assert not quality(trades(late)).rows.height
    found = quality(trades(late), max_gap="10m", max_latency="10s", outlier=0.5).rows
    assert set(found["check"]) == {"gap", "late", "outlier"}


def test_instruments_and_their_latency():
    found = quality(MarketData.of(trades(frame_of("trades", 1)), quotes(frame_of("quotes", 2).drop("time_received"))))
    names = ["kind", "instrument", "rows", "latency_min", "latency_median"]
    none = None
    assert found.instruments.select(names).rows() == [
        ("quotes", "a_usd", ROWS, none, none), ("quotes", "b_usd", ROWS, none, none),
        ("trades", "a_usd", ROWS, 0.005, 0.005), ("trades", "b_usd", ROWS, 0.005, 0.005),
    ]  # fmt: skip


def test_rows_of_several_sources_are_told_by_source():
    rows = frame_of("trades", 1)
    files = [rows[:100], put(rows[100:], 7, price=-1.0)]
    found = quality(trades(files)).rows
    assert found.select("source", "row").rows() == [("<frame> [1]", 7)]


def test_nothing_is_repaired_but_what_the_stream_repairs_is_told():
    rows = put(frame_of("trades", 1), 9, price=-1.0)
    found = quality(trades(rows, repair=Repair(drop_invalid=True)))
    assert found.repairs == {"invalid": 1}
    assert str(found).startswith("invalid: 1 row(s) repaired before this look")
    assert not found.rows.height
    assert check(trades(rows)).errors, "as it was"


def test_no_rows_and_one_row():
    none = frame_of("trades", 1).clear()
    assert quality(trades(none)).frame.height == quality(trades(frame_of("trades", 1)[:1])).frame.height == 0
    assert quality(book(generate.market(1).book.clear())).looks["count"].null_count() == 5


def test_a_price_that_never_moves_has_no_outliers():
    rows = frame_of("trades", 1)[:20].with_columns(price=pl.lit(100.0))
    assert not quality(trades(rows)).rows.height


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"max_gap": "-1h"}, "max_gap is '-1h'; it must not be negative"),
        ({"stale": "soon"}, "stale is 'soon', which is not a length of time"),
        ({"outlier": 0.0}, "outlier is 0.0; it must be positive"),
        ({"stale_rows": 1}, "stale_rows is 1; it must be at least 2"),
        ({"calendar": "XNY"}, "there is no calendar 'XNY'"),
    ],
)
def test_limits_out_of_range_are_refused(given, text):
    with pytest.raises(ConfigError, match=text):
        quality(trades(frame_of("trades", 1)), **given)


def test_a_frame_is_no_stream():
    with pytest.raises(ConfigError, match="takes streams, and this is a DataFrame"):
        quality(frame_of("trades", 1))


ORDER = {"time_exchange": 0, "action": "add", "order_id": 1, "side": 1, "price": 99.0, "amount": 2.0}


def orders_of(*rows: dict[str, Any]) -> Any:
    """A book that is empty at first, then one row at each second."""
    all_of_them = [{**ORDER, "action": "clear"}, *({**ORDER, **row} for row in rows)]
    frame = pl.DataFrame(all_of_them).with_columns(
        time_exchange=(START + SECOND * pl.int_range(pl.len())).cast(TIME), instrument=pl.lit("a_usd")
    )
    return room.book_orders(frame)


@pytest.mark.parametrize(
    ("row", "code", "column", "worst"),
    [
        ({"action": "cancel", "order_id": 9}, "unknown_order", "order_id", None),
        ({}, "order_reused", "order_id", None),
        ({"action": "execute", "amount": 2.5}, "too_much", "amount", 2.5),
        ({"action": "cancel", "side": -1}, "other_side", "side", None),
        ({"action": "cancel", "price": 98.0}, "other_price", "price", None),
        ({"order_id": 9, "amount": 3e-9}, "order_amount", "amount", 3e-9),
    ],
)
def test_every_row_that_a_book_by_order_does_not_allow_is_told(row, code, column, worst):
    """Those behind are read as if it was not there: the order is as it was, and the second time is as the first."""
    good = {"action": "execute", "amount": 0.5}
    found = quality(orders_of({}, row, good, row, good, {"action": "cancel", "amount": 1.0}))
    assert found.rows.select("check", "column", "row", "value").rows() == [
        (code, column, at, None if worst is None else pytest.approx(worst)) for at in (2, 4)
    ]
    books = found.looks.filter(pl.col("check").is_in(["crossed", "unknown_book"]))
    assert books["count"].null_count() == 2, "a book with such rows is not known"


def test_a_book_by_order_is_looked_at_behind_each_message():
    """Crossed from its second order to the cancel; an order that moves is one row, though it makes two of levels."""
    found = quality(
        orders_of({}, {"order_id": 2, "side": -1, "price": 98.5}, {"action": "modify", "amount": 3.0},
                  {"action": "cancel", "order_id": 2, "side": 0, "price": 0.0, "amount": 0.0})
    ).rows  # fmt: skip
    assert found.select("kind", "check", "row", "value").rows() == [
        ("book_orders", "crossed", 2, 0.5),
        ("book_orders", "crossed", 3, 0.5),
    ]


def test_orders_without_a_snapshot_are_of_no_known_book():
    frame = pl.DataFrame([ORDER]).with_columns(time_exchange=pl.Series([START]).cast(TIME), instrument=pl.lit("a_usd"))
    assert quality(room.book_orders(frame)).rows["check"].to_list() == ["unknown_book"]


def test_a_crash_of_a_real_day_is_an_outlier():
    found = quality(candles(room.sample("stocks_daily")), calendar="XNYS").frame
    assert found.select("check", "instrument", "time").rows() == [
        ("outlier", "aapl_usd", datetime(2000, 9, 29, 20, tzinfo=UTC))
    ]


def test_a_row_that_goes_back_in_time_ends_no_gap():
    back = put(frame_of("trades", 1), 100, time_exchange=pl.col("time_exchange") - timedelta(minutes=45))
    found = quality(trades(back), max_gap="30m", max_latency="1h").rows
    assert found.select("check", "row").rows() == [("time_back", 100)]


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=20), st.integers(1, 6))
def test_prices_that_repeat_do_not_change_the_typical_step(steps, times):
    levels = np.cumsum(steps).astype(float)
    assert typical_step(np.repeat(levels, times)) == typical_step(levels)
