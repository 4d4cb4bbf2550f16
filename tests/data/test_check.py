"""Checks: every kind of bad row is found, named and explained, wherever it stands."""

from itertools import pairwise

import polars as pl
import pytest
from frames import CODES, NS, candle_frame, put, quote_frame, times, trade_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.data import Repair, candles, check, generate, quotes, trades
from barter_bt.errors import DataError

MAKE = {"trades": trades, "quotes": quotes, "candles": candles}
FRAME = {"trades": trade_frame, "quotes": quote_frame, "candles": candle_frame}
NAN, INF = float("nan"), float("inf")

BAD = [
    ("trades", "price", 1, 0.0, "not_positive"),
    ("trades", "price", 1, -5.0, "not_positive"),
    ("trades", "price", 1, NAN, "not_finite"),
    ("trades", "price", 1, INF, "not_finite"),
    ("trades", "price", 1, None, "null"),
    ("trades", "amount", 2, 0.0, "not_positive"),
    ("trades", "amount", 2, -INF, "not_finite"),
    ("trades", "side", 2, "bid", "side"),
    ("trades", "side", 2, None, "null"),
    ("trades", "instrument", 2, "c_usd", "unknown_instrument"),
    ("trades", "instrument", 2, None, "null"),
    ("trades", "time_exchange", 3, 9, "time_back"),
    ("trades", "time_received", 3, None, "null"),
    ("quotes", "bid_price", 0, 100.5, "crossed"),
    ("quotes", "bid_price", 0, -1.0, "not_positive"),
    ("quotes", "ask_price", 1, NAN, "not_finite"),
    ("quotes", "bid_amount", 1, -1.0, "negative"),
    ("quotes", "ask_amount", 1, NAN, "not_finite"),
    ("candles", "open", 1, 0.0, "not_positive"),
    ("candles", "volume", 1, -1.0, "negative"),
    ("candles", "volume", 1, INF, "not_finite"),
    ("candles", "high", 1, 4.5, "high"),
    ("candles", "low", 1, 5.5, "low"),
    ("candles", "time_open", 1, 61, "open_after_close"),
    ("candles", "time_open", 2, 59, "overlap"),
    ("candles", "time_exchange", 3, 110, "time_back"),
]


@pytest.mark.parametrize(("kind", "column", "row", "value", "code"), BAD)
def test_a_bad_value_is_found_and_named(kind, column, row, value, code):
    assert not check(MAKE[kind](FRAME[kind]()), CODES).errors
    frame = FRAME[kind]()
    if isinstance(value, str):
        frame = frame.with_columns(pl.col(column).cast(pl.String))
    stream = MAKE[kind](put(frame, column, row, value))
    report = check(stream, CODES)
    finding = next(finding for finding in report.errors if finding.code == code)
    assert (finding.count, finding.rows, finding.source) == (1, (row,), "<frame>")
    assert finding.column in {column, "bid_price"}
    assert f"of {stream.rows} rows (row {row}, counted from 0); first: " in finding.message
    assert finding.hint
    with pytest.raises(DataError, match="counted from 0"):
        report.raise_if_errors()


def test_the_message_says_everything():
    (finding,) = check(trades(put(trade_frame(), "price", 1, -5.0)), CODES).errors
    assert finding.message == (
        "<frame>: column 'price' is zero or negative in 1 of 4 rows (row 1, counted from 0); "
        "first: -5.0 (b_usd at 2020-01-01T00:00:00.000000010Z); allowed: numbers above 0"
    )
    renamed = trade_frame().rename({"price": "px"})
    (finding,) = check(trades(put(renamed, "px", 1, -5.0), columns={"px": "price"}), CODES).errors
    assert finding.column == "px"


def test_an_empty_side_may_have_any_price_and_a_locked_book_is_a_warning():
    frame = put(put(quote_frame(), "bid_price", 0, 500.0), "bid_amount", 0, 0.0)
    assert not check(quotes(frame), CODES).errors
    report = check(quotes(put(quote_frame(), "bid_price", 0, 100.0)), CODES)
    assert not report.errors
    assert [finding.code for finding in report.warnings] == ["locked"]
    assert "warning: " in str(report)


def test_equal_trades_are_a_warning_and_equal_candles_an_error():
    frame = trade_frame()
    report = check(trades(pl.concat([frame[:1], frame])), CODES)
    assert not report.errors
    assert [(finding.code, finding.rows) for finding in report.warnings] == [("duplicate", (1,))]
    frame = candle_frame()
    report = check(candles(pl.concat([frame[:2], frame])), CODES)
    assert [(finding.code, finding.rows) for finding in report.errors] == [("duplicate", (2, 3))]


def test_negative_latency_needs_a_declared_offset():
    frame = trade_frame().with_columns(pl.col("time_received") - pl.duration(nanoseconds=12))
    (finding,) = check(trades(frame), CODES).errors
    assert (finding.code, finding.count) == ("latency", 4)
    assert "clock_offset=7 (ns)" in finding.hint
    for offset in (7, "7ns", "auto"):
        stream = trades(frame, clock_offset=offset)
        assert stream.clock_offset_ns == 7
        assert not check(stream, CODES).errors
        (chunk,) = stream.chunks(CODES)
        assert (chunk.columns["time_received"] - chunk.columns["time_exchange"]).tolist() == [0, 0, 0, 0]
        assert stream.frame().collect()["time_received"].to_physical()[0] == NS
        assert stream.fingerprint()["clock_offset_ns"] == 7
        mended = trades(frame, clock_offset=offset, repair=Repair(sort=True))
        (chunk,) = mended.chunks(CODES)
        assert (chunk.columns["time_received"] - chunk.columns["time_exchange"]).tolist() == [0, 0, 0, 0]
    uneven = frame.with_columns(times(3, 3, 9, 20).alias("time_received"))  # 3 late, 7, 1 and 0 early
    for source in (uneven, [uneven[:2], uneven[2:]]):
        assert trades(source, clock_offset="auto").clock_offset_ns == 7
    assert "clock_offset=7" in check(trades(frame, clock_offset=3), CODES).errors[0].hint
    assert trades(trade_frame(), clock_offset="auto").clock_offset_ns == 0


def test_files_out_of_order_are_found_between_sources():
    frame = trade_frame()
    (finding, *_) = check(trades([frame[2:], frame[:2]]), CODES).errors
    assert (finding.code, finding.rows) == ("time_back", (0,))


def test_many_errors_are_counted_and_the_first_is_raised():
    frame = put(put(trade_frame(), "price", 2, NAN), "amount", 1, 0.0)
    with pytest.raises(DataError, match=r"'amount' is zero.*\nalso: .*'price' is NaN or infinite") as caught:
        check(trades(frame), CODES).raise_if_errors()
    assert caught.value.hint is not None


@settings(max_examples=40, deadline=None)
@given(
    row=st.integers(1, 299), cuts=st.lists(st.integers(0, 300), max_size=5), kind=st.sampled_from(["trades", "candles"])
)
def test_what_is_found_does_not_depend_on_chunks(row, cuts, kind):
    """A row that goes back in time, a bad price and an overlap are found across any boundary."""
    frame = generate.trades(300) if kind == "trades" else generate.panel_candles(60, 5)
    late = put(frame, "time_exchange", row, frame["time_exchange"].to_physical()[0] - NS)
    bad = put(late, "price" if kind == "trades" else "close", row // 2, -1.0)
    edges = [0, *sorted(cuts), 300]
    pieces = pl.concat([bad.slice(a, b - a) for a, b in pairwise(edges)], rechunk=False)
    assert check(MAKE[kind](pieces)) == check(MAKE[kind](bad))


def test_data_without_rows_is_told():
    report = check(MAKE["trades"](generate.trades(9).head(0)))
    assert (report.errors, [one.code for one in report.warnings]) == ((), ["empty"])
    assert "has no rows" in str(report)


def test_chunks_of_valid_data_have_no_findings():
    for kind, frame in (
        ("trades", generate.trades(999)),
        ("quotes", generate.quotes(999)),
        ("candles", generate.candles(999)),
    ):
        report = check(MAKE[kind](frame))
        assert (report.errors, report.warnings) == ((), ())
        assert str(report) == "no errors, no warnings"
