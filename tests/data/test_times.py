"""Times are what they say: dates are opens, days are of their zone, units do not change, one clock for a capture."""

from datetime import date, datetime, timedelta

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frames import BARS, CODES, times, trade_frame

from barter_bt import Instrument, Signals, backtest
from barter_bt.backtest.causality import _streams as streams_of_causality
from barter_bt.data import MarketData, candles, check, quotes, trades
from barter_bt.data.market import on_one_clock
from barter_bt.errors import DataError

NEW_YORK = "America/New_York"
HOUR = 3_600 * 10**9


def daily(first: date, days: int) -> pl.DataFrame:
    return pl.DataFrame({"time_open": [first + timedelta(days=i) for i in range(days)]}).with_columns(BARS)


def codes_of(stream) -> list[str]:
    return [finding.code for finding in (*check(stream).errors, *check(stream).warnings)]


def hours(frame: pl.DataFrame, **options) -> list[int]:
    rows = candles(frame, instrument="a_usd", **options).frame().collect()
    return [int(n) // HOUR for n in (rows["time_exchange"] - rows["time_open"]).to_physical()]


@pytest.mark.parametrize(("first", "lengths"), [(date(2024, 3, 9), [24, 23, 24]), (date(2024, 11, 2), [24, 25, 24])])
def test_a_day_is_a_day_of_its_zone(first, lengths):
    frame = daily(first, 3)
    assert hours(frame, interval="1d", time_zone=NEW_YORK) == lengths
    assert hours(frame, interval="24h", time_zone=NEW_YORK) == [24, 24, 24]
    assert hours(frame, interval="1d", time_zone="UTC") == [24, 24, 24]
    zoned = frame.with_columns(pl.col("time_open").cast(pl.Datetime("us")).dt.replace_time_zone(NEW_YORK))
    assert hours(zoned, interval="1d") == lengths
    closes = frame.rename({"time_open": "time_close"}).with_columns(pl.col("time_close") + timedelta(days=1))
    assert hours(closes, interval="1d", time_zone=NEW_YORK) == lengths
    assert codes_of(candles(frame, instrument="a_usd", interval="1d", time_zone=NEW_YORK)) == []
    assert codes_of(candles(frame, instrument="a_usd", interval="24h", time_zone=NEW_YORK)) == (
        ["overlap"] if 23 in lengths else []
    )


def test_a_day_whose_midnight_is_skipped_or_repeated_begins_at_its_first_moment():
    assert hours(daily(date(2018, 11, 3), 3), interval="1d", time_zone="America/Sao_Paulo") == [24, 23, 24]
    assert hours(daily(date(2023, 11, 4), 3), interval="1d", time_zone="America/Havana") == [24, 25, 24]


def test_an_order_sent_at_a_days_close_fills_at_the_next_days_open_over_a_clock_change():
    """Sunday is a day of 23 hours: Monday opens when it closes, and the order is in time for it."""
    prices = [100.0, 100.0, 90.0, 110.0, 120.0]  # Friday to Tuesday, each day at one price
    frame = daily(date(2024, 3, 8), 5).with_columns(
        pl.Series(name, prices) for name in ("open", "high", "low", "close")
    )
    stream = candles(frame, instrument="a_usd", interval="1d", time_zone=NEW_YORK)
    sell = Signals((pl.col("close") == 100) * 1.0)
    result = backtest(stream, Instrument("x", "a_usd"), sell, balances={"usd": 1_000}, interpret=True)
    local = result.trades["time_exchange"].dt.convert_time_zone(NEW_YORK)
    assert local.dt.strftime("%a %H:%M").to_list() == ["Sat 00:00", "Mon 00:00"]
    assert result.trades["price"].to_list() == [100.0, 110.0]


@pytest.mark.parametrize("as_time", [False, True])
def test_dates_that_are_read_as_closes_are_warned_of_by_check_and_run(as_time):
    frame = daily(date(2024, 1, 2), 2).rename({"time_open": "Date"})
    frame = frame.with_columns(pl.col("Date").cast(pl.Datetime("us"))) if as_time else frame
    options = {"instrument": "a_usd", "interval": "1d", "time_zone": NEW_YORK}
    wrong = candles(frame, columns={"Date": "time_exchange"}, **options)
    assert codes_of(wrong) == ["date_as_close"]
    result = backtest(wrong, Instrument("x", "a_usd"), Signals(pl.lit(0.0)), balances={"usd": 1}, interpret=True)
    assert any("read as the close" in text and "{'Date': 'time_open'}" in text for text in result.warnings)
    right = candles(frame, columns={"Date": "time_open"}, **options)
    named = candles(frame.rename({"Date": "close_date"}), columns={"close_date": "time_exchange"}, **options)
    at_four = frame.with_columns(pl.col("Date").cast(pl.Datetime("us")) + timedelta(hours=16))
    afternoon = candles(at_four, columns={"Date": "time_exchange"}, **options)
    assert [codes_of(stream) for stream in (right, named, afternoon)] == [[], [], []]


def test_rows_in_another_unit_of_time_are_an_error():
    ms, us = [1_735_689_480_000, 1_735_689_540_000], [1_735_689_600_000_000, 1_735_689_660_000_000]
    frame = pl.DataFrame({"time_open": ms + us}).with_columns(BARS)
    for given in (frame, [frame[:2], frame[2:]], [frame[:1], frame[1:2], frame[2:3], frame[3:]]):
        stream = candles(given, instrument="a_usd", time_unit="us", interval=1)
        (error,) = check(stream).errors
        assert (error.code, error.count) == ("time_unit", 1)
        assert "count another unit of time" in error.message
        with pytest.raises(DataError, match="count another unit of time"):
            list(stream.chunks(CODES))
    with pytest.raises(DataError, match="is time_unit right"):
        list(candles(frame, instrument="a_usd", time_unit="ms", interval=1).chunks(CODES))
    assert codes_of(candles(frame[:2], instrument="a_usd", time_unit="us", interval=1)) == ["time_unit"]
    old = pl.DataFrame({"time_open": [-(10**9), 86_400, 2 * 86_400, 1_700_000_000]}).with_columns(BARS)
    assert codes_of(candles(old, instrument="a_usd", time_unit="s", interval="1d")) == []


def test_streams_of_one_capture_share_the_offset_of_its_clock():
    late = trade_frame().with_columns(pl.col("time_received") - pl.duration(nanoseconds=12))
    book = pl.DataFrame({"time_exchange": times(0, 10), "time_received": times(3, 13)}).with_columns(
        pl.lit(1.0).alias(name) for name in ("bid_price", "bid_amount", "ask_amount")
    )
    book = book.with_columns(ask_price=pl.lit(2.0))
    tape, best = trades(late, clock_offset="auto"), quotes(book, instrument="a_usd", clock_offset="auto")
    fixed = quotes(book, instrument="a_usd", clock_offset=1)
    assert [stream.clock_offset_ns for stream in (tape, best)] == [7, 0]
    shared = on_one_clock([tape, best, fixed])
    assert [stream.clock_offset_ns for stream in shared] == [7, 7, 1]
    assert shared[0] is tape
    assert shared[1].frame().collect()["time_received"].to_physical()[0] == times(10).to_physical()[0]
    result = backtest(
        [tape, best],
        [Instrument("x", "a_usd"), Instrument("x", "b_usd")],
        Signals(pl.DataFrame({"time": times(0), "instrument": ["a_usd"], "target": [0.0]})),
        balances={"usd": 10},
        interpret=True,
    )
    assert [stream.clock_offset_ns for stream in result.market] == [7, 7]
    assert [stream.clock_offset_ns for stream in streams_of_causality(MarketData.of(tape, best))] == [7, 7]


@pytest.mark.parametrize("offset", ["+05:30", "-03:30", "+00:00"])
def test_times_with_a_fixed_offset_are_read_from_parquet_and_arrow(tmp_path, offset):
    stamp = datetime(2024, 1, 1, 3, 45)
    time = pa.array([stamp] * 2, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", offset))
    table = pa.table({"time_exchange": time, "price": [1.0, 2.0], "amount": [1.0, 1.0]})
    pq.write_table(table, tmp_path / "t.parquet")
    for source in (table, table.to_batches()[0], tmp_path / "t.parquet"):
        stream = trades(source, instrument="a_usd")
        assert stream.frame().collect()["time_exchange"].to_list() == [stamp.replace(tzinfo=stream_zone())] * 2
        assert [chunk.rows for chunk in stream.chunks(CODES)] == [2]
        assert stream.price_range() == {"a_usd": (1.0, 2.0)}


def stream_zone():
    from zoneinfo import ZoneInfo

    return ZoneInfo("UTC")


def test_a_type_that_no_frame_can_hold_is_an_error_that_names_the_columns():
    strange = pa.array([None], pa.month_day_nano_interval())
    with pytest.raises(DataError, match=r"Polars does not know[\s\S]*strange \(month_day_nano_interval\)"):
        trades(pa.table({"strange": strange, "price": [1.0]}), instrument="a_usd")
