"""One call for the frames and files that people have: what is understood, that it is told, and what stays an error."""

import gzip
import zipfile
from datetime import UTC, date, datetime, timedelta

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from frames import BARS, NS, times

from barter_bt.data import Repair, candles, check, quotes, trades
from barter_bt.data.wide import from_wide
from barter_bt.errors import ConfigError, DataError

DAYS = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]
OHLC = ("Open", "High", "Low", "Close")


def downloaded(symbols=("AAPL", "MSFT"), swap=False):
    """What a downloader of several symbols gives: columns of two levels, an index of dates, NaN before a listing."""
    columns = [(field, symbol) for field in (*OHLC, "Volume") for symbol in symbols]
    frame = pd.DataFrame(
        {pair: [10.0, 11.0, 12.0] for pair in columns},
        index=pd.DatetimeIndex(DAYS, name="Date"),
    )
    frame.columns = pd.MultiIndex.from_tuples(columns, names=["Price", "Ticker"])
    frame.loc[frame.index[0], [pair for pair in columns if pair[1] == "MSFT"]] = float("nan")
    return frame.swaplevel(axis=1) if swap else frame


def daily():
    return pl.DataFrame({"Date": DAYS, **{name: [1.0, 2.0, 3.0] for name in OHLC}, "Volume": [5, 6, 7]})


def test_a_daily_frame_of_a_downloader_loads_in_one_call():
    by_pandas = daily().to_pandas().set_index("Date")
    by_pandas.index = pd.DatetimeIndex(by_pandas.index)
    for frame in (daily(), daily().lazy(), daily().to_arrow(), by_pandas, duckdb.from_arrow(daily().to_arrow())):
        stream = candles(frame, instrument="aapl_usd")
        rows = stream.frame().collect()
        assert rows["close"].to_list() == [1.0, 2.0, 3.0]
        assert rows["time_open"][0] == datetime(2024, 1, 2, tzinfo=UTC)
        assert rows["time_exchange"][0] == datetime(2024, 1, 3, tzinfo=UTC), "known when the day is over, not before"
        assert not check(stream).errors
    told = [finding.message for finding in check(stream).warnings if finding.code == "understood"]
    assert told == [
        "<frame>: 'Date' is read as time_open; its days are read as those of UTC; interval='1d', the usual distance"
    ]


def test_days_as_text_are_read_and_told():
    """As pandas reads them from a CSV file."""
    text = daily().with_columns(pl.col("Date").cast(pl.String)).to_pandas()
    stream = candles(text, instrument="a_usd")
    assert stream.frame().collect().equals(candles(daily(), instrument="a_usd").frame().collect())
    assert stream.notes["<frame>"][0] == "'Date' is text, read as ISO times"


def test_said_it_is_not_told():
    options = {"columns": {"Date": "time_open"}, "time_zone": "UTC", "interval": "1d"}
    assert candles(daily(), instrument="a_usd", **options).notes == {}


@pytest.mark.parametrize("swap", [False, True])
def test_columns_of_two_levels_become_rows(swap):
    frame = downloaded(swap=swap)
    stream = candles(frame)
    rows = stream.frame().collect()
    assert rows["instrument"].to_list() == ["AAPL", "AAPL", "MSFT", "AAPL", "MSFT"]
    assert rows["close"].to_list() == [10.0, 11.0, 11.0, 12.0, 12.0]
    assert "2 symbol(s) have a row each for each time, but for 1 without a value" in stream.notes["<frame>"][0]
    again = candles(pl.DataFrame(frame.reset_index().set_axis([str(c) for c in frame.reset_index().columns], axis=1)))
    assert again.frame().collect().equals(rows)


def test_one_symbol_of_two_levels_can_be_named():
    assert candles(downloaded(("AAPL",)), instrument="aapl_usd").instruments == ("aapl_usd",)
    with pytest.raises(ConfigError, match="says it too"):
        candles(downloaded(), instrument="aapl_usd")


def test_levels_without_fields_are_refused():
    with pytest.raises(DataError, match="neither part names a field"):
        candles(pl.DataFrame({"('a', 'b')": [1.0]}))


def test_a_wide_frame_of_prices_becomes_candles():
    closes = pl.DataFrame({"Date": DAYS, "a_usd": [1.0, 2.0, float("nan")], "b_usd": [None, 5.0, 6.0]})
    stream = candles(from_wide(closes, time="Date"))
    assert stream.frame().collect().select("instrument", "open", "close").rows() == [
        ("a_usd", 1.0, 1.0), ("a_usd", 2.0, 2.0), ("b_usd", 5.0, 5.0), ("b_usd", 6.0, 6.0)
    ]  # fmt: skip
    four = dict.fromkeys(("open", "high", "low", "close"), closes)
    assert from_wide(four, time="Date").equals(from_wide(closes, time="Date"))
    with pytest.raises(DataError, match="'low' has other times or symbols"):
        from_wide(four | {"low": closes.head(2)}, time="Date")
    with pytest.raises(DataError, match="a column 'time' and one for each symbol"):
        from_wide(closes, time="time")


@pytest.mark.parametrize("step", [timedelta(minutes=1), timedelta(hours=4), timedelta(days=7)])
def test_the_length_of_candles_is_their_usual_and_shortest_distance(step):
    opened = [datetime(2024, 1, 1, tzinfo=UTC) + step * i for i in (0, 1, 2, 5, 6)]
    frame = pl.DataFrame({"timestamp": opened}).with_columns(*BARS)
    rows = candles(frame, instrument="a_usd").frame().collect()
    assert (rows["time_exchange"] - rows["time_open"]).to_list() == [step] * 5
    assert candles(frame.reverse(), instrument="a_usd", repair=Repair(sort=True)).frame().collect().equals(rows)


def test_the_length_is_that_of_all_chunks():
    """A file that was read by several threads has several, even of a row each."""
    parts = pl.concat([daily()[i : i + 1] for i in range(3)], rechunk=False)
    assert parts.n_chunks() == 3
    assert candles(parts, instrument="a_usd").notes == candles(daily(), instrument="a_usd").notes


def test_days_of_a_zone_are_days_where_clocks_change():
    zone = "America/New_York"
    opened = pl.datetime_range(date(2024, 3, 8), date(2024, 3, 12), "1d", time_zone=zone, eager=True)
    rows = candles(pl.DataFrame({"Date": opened}).with_columns(*BARS), instrument="a_usd").frame().collect()
    assert rows["time_exchange"].to_list()[:-1] == rows["time_open"].to_list()[1:]


def test_a_length_that_could_be_too_short_is_not_guessed():
    """An unfinished last candle, months, and instruments of different intervals."""
    minute = [datetime(2024, 1, 1, 0, i, tzinfo=UTC) for i in range(4)]
    months = [datetime(2024, i, 1, tzinfo=UTC) for i in range(1, 9)]
    for opened in (minute[:3] + [minute[2] + timedelta(seconds=7)], months, minute[:1]):
        with pytest.raises(ConfigError, match="time_exchange is missing\nHint: give interval="):
            candles(pl.DataFrame({"timestamp": opened}).with_columns(*BARS), instrument="a_usd")
    mixed = {"timestamp": minute, "symbol": ["a", "b", "b", "a"]}
    with pytest.raises(ConfigError, match="Hint: give interval="):
        candles(pl.DataFrame(mixed).with_columns(*BARS))


def test_times_of_day_without_a_zone_stay_an_error():
    frame = pl.DataFrame({"Datetime": [datetime(2024, 1, 1, 9, 30), datetime(2024, 1, 1, 9, 31)]}).with_columns(*BARS)
    with pytest.raises(DataError, match="a time without a zone"):
        candles(frame, instrument="a_usd")
    with pytest.raises(DataError, match="need columns 'open', 'instrument'") as caught:
        candles(frame.drop("open"))
    assert "times of 'Datetime' have no zone: time_zone=" in caught.value.hint, "all in one message"


def test_integers_that_count_two_units_are_named():
    frame = pl.DataFrame({"time": [NS // 10**6, NS // 10**3], "price": [1.0, 1.0], "qty": [1.0, 1.0]})
    with pytest.raises(DataError, match=r"count different units: 1577836800000 in 'time', 1577836800000000 in 'time'"):
        trades(frame, instrument="a_usd")
    with pytest.raises(DataError, match="integers without a unit, such as 5"):
        trades(frame.with_columns(time=pl.lit(5)), instrument="a_usd")


def test_usual_names_are_taken_and_two_of_them_refused():
    frame = pl.DataFrame({"ts": times(0), "price": [1.0], "Qty": [2.0], "symbol": ["a_usd"]})
    stream = trades(frame)
    assert stream.instruments == ("a_usd",)
    assert stream.notes["<frame>"] == (
        "'ts' is read as time_exchange", "'symbol' is read as instrument", "'Qty' is read as amount"
    )  # fmt: skip
    with pytest.raises(DataError, match=r"columns 'ts', 'date' may each be time_exchange\nHint: say which one"):
        trades(frame.with_columns(date=pl.col("ts")))
    book = {"timestamp": times(0), "bid": [1.0], "bid_size": [1.0], "ask": [2.0], "ask_size": [1.0]}
    assert quotes(pl.DataFrame(book), instrument="a_usd").frame().collect()["ask_price"].item() == 2.0


def test_one_name_for_several_symbols_is_refused():
    frame = pl.DataFrame({"ts": times(0, 1), "price": [1.0, 1.0], "qty": [2.0, 2.0], "symbol": ["a", "b"]})
    with pytest.raises(DataError, match=r"instrument='a_usd' is given, but column 'symbol' holds 2 symbols: 'a', 'b'"):
        trades(frame, instrument="a_usd")
    assert trades(frame.head(1), instrument="a_usd").instruments == ("a_usd",)


def test_an_index_of_numbers_is_no_time():
    frame = pl.DataFrame({"index": [0], "ts": times(0), "price": [1.0], "amount": [2.0]})
    assert trades(frame, instrument="a_usd").time_range() == (NS, NS)


def test_packed_files(tmp_path):
    text = daily().write_csv().encode()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    (tmp_path / "a.csv.zst").write_bytes(pa.compress(text, codec="zstd", asbytes=True))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", text)
    for name in ("a.csv.gz", "a.csv.zst", "a.zip"):
        assert candles(tmp_path / name, instrument="a_usd").frame().collect()["close"].to_list() == [1.0, 2.0, 3.0]
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("b.csv", text)
    with pytest.raises(DataError, match=r"a\.zip: holds 2 files \(a\.csv, b\.csv\), not one"):
        candles(tmp_path / "a.zip", instrument="a_usd")
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"a\.zip: cannot be unpacked"):
        candles(tmp_path / "a.zip", instrument="a_usd")


def test_rows_from_the_newest_to_the_oldest_are_called_that():
    stream = candles(daily().reverse(), instrument="a_usd")
    (finding,) = [one for one in check(stream).errors if one.code == "time_back"]
    assert "the newest row comes first: repair=Repair(sort=True)" in finding.hint


def test_gaps_are_told_where_a_market_never_closes():
    """Minutes of a week with an hour left out, of two instruments; then the same without a Sunday."""
    minutes = pl.datetime_range(
        datetime(2024, 1, 1), datetime(2024, 1, 8), "1m", time_zone="UTC", eager=True, closed="left"
    )
    whole = (
        pl.DataFrame({"timestamp": minutes}).with_columns(*BARS).join(pl.DataFrame({"symbol": ["a", "b"]}), how="cross")
    )
    assert not [one for one in check(candles(whole)).warnings if one.code == "gap"]
    hole = pl.col("timestamp").is_between(
        datetime(2024, 1, 3, 4, tzinfo=UTC), datetime(2024, 1, 3, 5, tzinfo=UTC), "left"
    )
    cut = whole.filter(~(hole & (pl.col("symbol") == "b")))
    (gap,) = [one for one in check(candles(cut)).warnings if one.code == "gap"]
    assert gap.message == "<frame>: 1 gap(s) between candles, the longest of 1h at 2024-01-03 04:00:00+00:00 (b)"
    assert "nothing is filled in" in gap.hint
    closed = cut.filter(pl.col("timestamp").dt.weekday() != 7)
    assert not [one for one in check(candles(closed)).warnings if one.code == "gap"]


def test_the_hint_names_the_options_that_say_otherwise():
    """Here the column is named by the user, and days, their zone and length are understood."""
    days = pl.DataFrame({"Day": ["2024-01-02", "2024-01-03"]}).with_columns(pl.col("Day").str.to_date())
    days = days.with_columns(pl.lit(1.0).alias(name) for name in ("open", "high", "low", "close"))
    told = check(candles(days, instrument="a_usd", columns={"Day": "time_open"})).warnings
    (hint,) = [one.hint for one in told if one.code == "understood"]
    assert hint == "if that is wrong, give time_zone=, interval=; what you say is not told again"
