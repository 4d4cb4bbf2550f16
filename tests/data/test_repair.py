"""Repairs: only what is asked for, counted, and never at the cost of a valid row."""

import polars as pl
import pytest
from frames import CODES, candle_frame, put, quote_frame, times, trade_frame
from hypothesis import given, settings
from hypothesis import strategies as st
from test_check import BAD, FRAME, MAKE

from barter_bt.data import Repair, candles, check, quotes, trades

ROW_ERRORS = {"not_positive", "not_finite", "null", "side", "negative", "high", "low", "open_after_close"}


@pytest.mark.parametrize(("kind", "column", "row", "value", "code"), [bad for bad in BAD if bad[4] in ROW_ERRORS])
def test_a_bad_row_is_dropped_alone(kind, column, row, value, code):
    stream = MAKE[kind](put(FRAME[kind](), column, row, value), repair=Repair(drop_invalid=True))
    assert stream.repairs == {"invalid": 1}
    assert stream.rows == FRAME[kind]().height - 1
    assert not check(stream, CODES).errors
    assert stream.fingerprint()["repairs"] == {"invalid": 1}
    assert sum(chunk.rows for chunk in stream.chunks(CODES)) == stream.rows


def test_nothing_is_done_unless_asked():
    stream = trades(put(trade_frame(), "price", 0, -1.0), repair=Repair())
    assert (stream.rows, stream.repairs) == (4, {})
    assert trades(trade_frame()).repairs == {}


def test_crossed_quotes_are_dropped_and_locked_ones_stay():
    frame = put(put(quote_frame(), "bid_price", 0, 100.0), "bid_price", 1, 51.0)
    stream = quotes(frame, repair=Repair(drop_crossed=True))
    assert stream.repairs == {"crossed": 1}
    assert stream.frame().collect()["bid_price"].to_list() == [100.0, 0.0]


def test_what_deserves_a_warning_is_not_invalid():
    stream = quotes(put(quote_frame(), "bid_price", 0, 100.0), repair=Repair(drop_invalid=True))  # locked
    assert (stream.rows, stream.repairs) == (3, {"invalid": 0})


def test_equal_rows_are_dropped_once():
    frame = trade_frame()
    stream = trades(pl.concat([frame[:1], frame[:1], frame]), repair=Repair(drop_duplicates=True))
    assert stream.repairs == {"duplicates": 2}
    assert stream.rows == 4
    frame = candle_frame()
    stream = candles(pl.concat([frame[:2], frame]), repair=Repair(drop_duplicates=True))
    assert stream.repairs == {"duplicates": 2}
    other = put(frame[:1], "close", 0, 2.5)
    stream = candles(pl.concat([other, frame]), repair=Repair(drop_duplicates=True))
    assert stream.repairs == {"duplicates": 0}
    assert [finding.code for finding in check(stream, CODES).errors] == ["duplicate"]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(12)), bad=st.sets(st.integers(0, 11)), single=st.booleans())
def test_a_repair_never_loses_a_valid_row(order, bad, single):
    valid = pl.DataFrame(
        {
            "time_exchange": times(*(10 * (i // 2) for i in range(12))),
            "instrument": ["a_usd" if single or i % 3 else "b_usd" for i in range(12)],
            "price": [100.0 + i for i in range(12)],
            "amount": [1.0] * 12,
        }
    )
    broken = valid.with_columns(
        pl.when(pl.Series([i in bad for i in range(12)])).then(-1.0).otherwise("price").alias("price")
    )
    given_frame = broken[list(order)].drop("instrument") if single else broken[list(order)]
    name = "a_usd" if single else None
    stream = trades(given_frame, instrument=name, repair=Repair(True, True, True, True))
    expected = valid.filter(~pl.Series([i in bad for i in range(12)]))
    found = stream.frame().collect()
    assert found.select("price").sort("price").equals(expected.select("price").sort("price"))
    assert found["time_exchange"].is_sorted()
    assert stream.repairs["invalid"] == len(bad)
    assert not check(stream, CODES).errors


def test_sorting_is_by_arrival_and_stable():
    frame = trade_frame()[[3, 1, 2, 0]]
    stream = trades(frame, repair=Repair(sort=True))
    assert stream.frame().collect()["price"].to_list() == [100.0, 50.0, 101.0, 102.0]
    assert stream.repairs == {"sorted": 3}
