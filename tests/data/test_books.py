"""Book streams: their columns, which rows are one message, and what their numbers say (rule 87)."""

import polars as pl
import pytest
from frames import TIME, times
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.book.change import GAP, OLD, SNAPSHOT
from barter_bt.data import book, check, complete_snapshots, rebuild_books, source, trades
from barter_bt.errors import ConfigError, DataError
from tests.draws import draws

CODES = {"a_usd": 0, "b_usd": 1}
COLUMNS = {
    "time_exchange": pl.Int64,
    "instrument": pl.String,
    "side": pl.Int8,
    "price": pl.Float64,
    "amount": pl.Float64,
    "snapshot": pl.Boolean,
    "sequence": pl.Int64,
    "previous_sequence": pl.Int64,
}


def frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, COLUMNS, orient="row")


def flags_of(stream) -> list[int]:
    return [flag for chunk in stream.chunks(CODES) for flag in chunk.flags.tolist()]


def test_names_and_types_of_others_become_canonical():
    given_ = pl.DataFrame({
        "ts": [1, 1], "side": ["bid", "sell"], "price": [9, 10], "qty": [1.5, 0.0], "is_snapshot": [1, 1], "u": [7, 7],
    })  # fmt: skip
    renames = {"ts": "time_exchange", "qty": "amount", "is_snapshot": "snapshot", "u": "sequence"}
    found = book(given_, instrument="a_usd", columns=renames, time_unit="ms").frame().collect()
    assert found.columns == ["time_exchange", "instrument", "price", "amount", "side", "snapshot", "sequence"]
    assert found["side"].to_list() == [1, -1]
    assert found.schema["sequence"] == pl.Int64
    assert found.schema["snapshot"] == pl.Int8


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("price", 0.0, "not_positive"),
        ("price", float("nan"), "not_finite"),
        ("amount", -1.0, "negative"),
        ("side", 2, "side"),
        ("side", None, "null"),
        ("snapshot", None, "null"),
        ("sequence", None, "null"),
    ],
)
def test_a_bad_value_is_found_and_named(column, value, code):
    rows = frame([(5, "a_usd", 1, 9.0, 1.0, True, 1, 0), (6, "a_usd", -1, 10.0, 1.0, False, 2, 1)])
    assert not check(book(rows, time_unit="ns"), CODES).errors
    bad = rows.with_columns(pl.when(pl.int_range(2) == 1).then(pl.lit(value)).otherwise(column).alias(column))
    bad = bad.cast({column: COLUMNS[column]})
    (error,) = check(book(bad, time_unit="ns"), CODES).errors
    assert (error.code, error.rows) == (code, (1,))
    with pytest.raises(DataError):
        flags_of(book(bad, time_unit="ns"))


def test_the_side_is_required_and_numbers_are_in_all_sources_or_in_none():
    rows = frame([(5, "a_usd", 1, 9.0, 1.0, True, 1, 0)])
    with pytest.raises(DataError, match="book need a column 'side'"):
        book(rows.drop("side"), time_unit="ns")
    with pytest.raises(DataError, match="has no sequence, other sources"):
        book([rows, rows.drop("sequence")], time_unit="ns")
    with pytest.raises(ConfigError, match="takes a stream of books"):
        rebuild_books(trades(rows.select("time_exchange", "instrument", "price", "amount"), time_unit="ns"))


def test_a_price_off_the_grid_is_refused_with_its_row():
    rows = frame([(5, "a_usd", 1, 9.0, 1.0, True, 1, 0), (6, "a_usd", 1, 9.05, 1.0, False, 2, 1)])
    with pytest.raises(DataError, match="row 1 has the price 9.05, which is not a multiple of the tick"):
        rebuild_books(book(rows, time_unit="ns"), price_increment="0.1")


@st.composite
def messages(draw) -> list[tuple[object, ...]]:
    """Rows of messages with numbers that mostly follow on from each other."""
    rows, last, time = [], {"a_usd": 0, "b_usd": 0}, 0
    for _ in range(draw(st.integers(1, 12))):
        name, time = draw(st.sampled_from(["a_usd", "b_usd"])), time + draw(st.integers(0, 1))
        number = last[name] + draw(st.sampled_from([1, 1, 1, 2, 0, -1]))
        before = last[name] + draw(st.sampled_from([0, 0, 0, 1, -1]))
        head = (draw(st.sampled_from([False, False, True])), number, before)
        levels = draw(st.lists(st.tuples(st.sampled_from([-1, 1]), st.integers(1, 9), st.integers(0, 3)), max_size=4))
        rows += [(time, name, s, float(p), float(a), *head) for s, p, a in levels or [(0, 0, 0)]]
        last[name] = number
    return rows


def expected(rows: list[tuple[object, ...]]) -> list[int]:
    """Flags by the words of the rule, row by row: whether a message starts a book anew, misses one, or says nothing."""
    found, last = [], {}
    for k, row in enumerate(rows):
        head = row[:2] + row[5:]
        if k and head == rows[k - 1][:2] + rows[k - 1][5:]:
            found.append(found[-1] & OLD)
            continue
        _, name, _, _, _, snapshot, number, before = row
        bits = SNAPSHOT if snapshot else 0
        if not snapshot and name in last and number <= last[name]:
            bits |= OLD
        else:
            bits |= GAP if not snapshot and name in last and before > last[name] else 0
            last[name] = number
        found.append(bits)
    return found


@settings(max_examples=draws(60))
@given(rows=messages(), piece_rows=st.sampled_from([1, 2, 3, 100]))
def test_flags_follow_from_numbers_however_rows_are_cut(rows, piece_rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PIECE_ROWS", piece_rows)
        stream = book(frame(rows), time_unit="s")
        flags = flags_of(stream)
        assert [one & (SNAPSHOT | GAP | OLD) for one in flags] == expected(rows)
        heads = [row[:2] + row[5:] for row in rows]
        ends = [k + 1 == len(heads) or heads[k + 1] != heads[k] for k in range(len(heads))]
        assert [bool(one & 32) for one in flags] == ends
        chunks = [chunk.rows for chunk in stream.chunks(CODES)]
        assert sum(chunks) == len(rows)
        places = [chunk.first_row for chunk in stream.chunks(CODES)]
        assert places == [sum(chunks[:k]) for k in range(len(chunks))]


def test_gaps_and_old_messages_are_told_by_a_check():
    rows = frame([
        (5, "a_usd", 1, 9.0, 1.0, True, 1, 0),
        (6, "a_usd", 1, 9.0, 2.0, False, 5, 3),
        (7, "a_usd", 1, 9.0, 2.0, False, 5, 4),
    ])  # fmt: skip
    report = check(book(rows.with_columns(times(5, 6, 7).cast(TIME).alias("time_exchange"))))
    assert [(finding.code, finding.rows) for finding in report.warnings] == [("gap", (1,)), ("old_message", (2,))]


def test_a_late_snapshot_takes_the_changes_that_it_lacks():
    """Of its own instrument alone, and the next change follows on."""
    rows = frame([
        (1, "a_usd", 1, 9.0, 5.0, False, 7, 6),
        (2, "a_usd", 1, 8.0, 1.0, False, 8, 7),
        (2, "b_usd", 1, 3.0, 1.0, False, 9, 7),
        (3, "a_usd", -1, 20.0, 4.0, True, 7, 7),
        (4, "a_usd", -1, 21.0, 4.0, False, 9, 8),
    ])  # fmt: skip
    whole = complete_snapshots(rows)
    assert whole.height == 6
    found = rebuild_books(book(whole, time_unit="s"), levels=2).filter(pl.col("instrument") == "a_usd")
    assert found["state"].to_list() == ["stale", "stale", "normal", "normal"]
    assert found.select("bid_price_1", "ask_price_1", "ask_price_2").row(-1) == (8.0, 20.0, 21.0)
    assert complete_snapshots(rows.filter(~pl.col("snapshot"))).height == 4
    with pytest.raises(DataError, match="no column 'sequence'"):
        complete_snapshots(rows.drop("sequence"))


def test_a_late_snapshot_keeps_its_nanoseconds():
    """Its rows stay one message."""
    at = times(1_000_000_001, 2_000_000_002, 3_000_000_003)
    rows = pl.DataFrame(
        {"time_exchange": at, "side": [1, 1, -1], "price": [9.0, 8.0, 20.0], "amount": 1.0,
         "snapshot": [False, False, True], "sequence": [7, 8, 7]}
    )  # fmt: skip
    whole = complete_snapshots(rows)
    assert whole["time_exchange"].to_list()[2:] == [at[2]] * 2
    assert (whole["time_exchange"].to_physical()[2:] == at.to_physical()[2]).all()
    assert whole.schema == rows.schema


def test_a_check_tells_of_books_that_are_crossed():
    rows = [
        (1, "bid", 9.0, 1.0, True),
        (1, "ask", 10.0, 1.0, True),
        (2, "bid", 11.0, 1.0, False),
        (3, "bid", 11.0, 0.0, False),
    ]
    names = ("time_exchange", "side", "price", "amount", "snapshot")
    stream = book(pl.DataFrame(rows, dict.fromkeys(names), orient="row"), instrument="x", time_unit="s")
    (finding,) = [one for one in check(stream).warnings if one.code == "crossed"]
    assert (finding.count, finding.rows) == (1, (2,))
