"""Sources, options and types: what is accepted, and what each refusal says."""

import gzip
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from frames import BARS, CODES, NS, TIME, candle_frame, quote_frame, times, trade_frame

from barter_bt.data import MarketData, candles, from_pandas, generate, quotes, read_csv, trades
from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError, DataError


def columns(stream):
    (chunk,) = stream.chunks(CODES)
    return chunk.columns


def one_trade(**replaced):
    return pl.DataFrame({"time_exchange": times(0), "price": [1.0], "amount": [1.0]} | replaced)


@pytest.mark.parametrize(("unit", "factor"), [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64, pl.Int128])
def test_integer_times_count_a_unit_that_their_size_tells(unit, factor, dtype):
    frame = one_trade(time_exchange=pl.Series([NS // factor], dtype=dtype))
    said, told = trades(frame, instrument="a_usd", time_unit=unit), trades(frame, instrument="a_usd")
    assert columns(said)["time_exchange"].tolist() == columns(told)["time_exchange"].tolist() == [NS]
    assert said.notes == {}
    assert told.notes == {"<frame>": (f"its integer times are read as {unit} since 1970, by their size",)}


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_zoned_times_of_any_unit_become_nanoseconds(unit):
    frame = one_trade(time_exchange=times(0).dt.convert_time_zone("America/New_York").dt.cast_time_unit(unit))
    assert columns(trades(frame, instrument="a_usd"))["time_exchange"].tolist() == [NS]


def test_times_without_a_zone_need_one():
    for value in (datetime(2020, 7, 1), date(2020, 7, 1)):
        frame = one_trade(time_exchange=[value])
        with pytest.raises(DataError, match=r"a time without a zone\nHint: .*America/New_York"):
            trades(frame, instrument="a_usd")
        time = columns(trades(frame, instrument="a_usd", time_zone="America/New_York"))["time_exchange"]
        assert np.datetime64(int(time[0]), "ns") == np.datetime64("2020-07-01T04:00")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("hour", [datetime(2024, 11, 3, 1, 30), datetime(2024, 3, 10, 2, 30)])
def test_a_local_time_that_a_clock_change_skips_or_repeats_is_an_error(hour, unit):
    values = pl.Series([datetime(2024, 1, 1), hour], dtype=pl.Datetime(unit))
    frame = pl.DataFrame({"time_exchange": values, "price": [1.0, 1.0], "amount": [1.0, 1.0]})
    with pytest.raises(DataError, match=r"local time that a clock change.*\(row 1, .*2024-"):
        list(trades(frame, instrument="a_usd", time_zone="America/New_York").chunks(CODES))
    list(trades(frame, instrument="a_usd", time_zone="UTC").chunks(CODES))


def test_a_time_outside_int64_nanoseconds_is_an_error():
    far = [pl.Series([10**11]), pl.Series([10**18]).cast(pl.Datetime("us", "UTC"))]
    for series, options in zip(far, ({"time_unit": "s"}, {}), strict=True):
        with pytest.raises(DataError, match="outside the range of time"):
            list(trades(one_trade(time_exchange=series), instrument="a_usd", **options).chunks(CODES))


@pytest.mark.parametrize(
    ("values", "text"), [([1.5e9], "a float cannot hold nanoseconds"), (["01/02/2020"], "make it a Datetime")]
)
def test_other_times_are_refused(values, text):
    with pytest.raises(DataError, match=rf"not a time\nHint: .*{text}"):
        trades(one_trade(time_exchange=values), instrument="a_usd")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"time_zone": "UTC"}, "no time column is without a zone"),
        ({"time_unit": "ms"}, "no time column holds integers"),
        ({"clock_offset": "1s"}, "there is no time_received"),
        ({"columns": {"pric": "price"}}, "renames 'pric'.*\nHint: did you mean 'price'"),
        ({"columns": {"price": "prize"}}, "no column of trades.*\nHint: did you mean 'price'"),
        ({"columns": {"time_exchange": "price", "price": "price"}}, "renames both"),
        ({"repair": True}, r"Repair\(sort=True\)"),
        ({"instrument": ""}, "instrument is ''"),
    ],
)
def test_options_that_are_wrong_or_do_nothing_are_errors(options, text):
    with pytest.raises(ConfigError, match=text):
        trades(one_trade(), **({"instrument": "a_usd"} | options))


def test_a_rename_the_wrong_way_round_is_explained():
    frame = one_trade().rename({"price": "px"})
    with pytest.raises(ConfigError, match=r"wrong way round\nHint: .*\{'px': 'price'\}"):
        trades(frame, instrument="a_usd", columns={"price": "px"})
    assert trades(frame, instrument="a_usd", columns={"px": "price"}).rows == 1


def test_unknown_zones_units_and_intervals_are_errors():
    with pytest.raises(ConfigError, match="time_zone 'New York' is not known"):
        trades(one_trade(time_exchange=[datetime(2020, 1, 1)]), instrument="a_usd", time_zone="New York")
    with pytest.raises(ConfigError, match="time_unit is 'sec'; allowed: ns, us, ms, s"):
        trades(one_trade(time_exchange=[1]), instrument="a_usd", time_unit="sec")
    for text in ("1 minute", "1x", "", "1m2", None, True):
        with pytest.raises(ConfigError, match="not a length of time"):
            duration_ns(text, "interval")
    with pytest.raises(ConfigError, match="whole number of nanoseconds"):
        duration_ns("0.5ns", "interval")


def test_a_missing_column_comes_with_a_guess():
    with pytest.raises(DataError, match=r"trades need a column 'amount'; there are .*\nHint: if column 'Volume' is it"):
        trades(one_trade().rename({"amount": "Volume"}), instrument="a_usd")
    with pytest.raises(DataError, match=r"need a column 'time_exchange'.*\nHint: if column 'when' is it"):
        trades(one_trade().rename({"time_exchange": "when"}), instrument="a_usd")
    with pytest.raises(DataError, match=r"need a column 'instrument'.*\nHint: give instrument="):
        trades(one_trade())
    with pytest.raises(ConfigError, match="says it too"):
        trades(trade_frame(), instrument="a_usd")


def test_all_missing_columns_are_told_at_once():
    frame = pl.DataFrame({"Time of": [1], "Px": [1.0], "Volume": [1.0], "Pair": ["a"]})
    with pytest.raises(DataError, match="need columns 'time_exchange', 'price', 'amount', 'instrument'") as caught:
        trades(frame)
    renames = {"Time of": "time_exchange", "Px": "price", "Volume": "amount", "Pair": "instrument"}
    assert f"columns={renames}" in caught.value.hint
    assert trades(frame, columns=renames, time_unit="s").rows == 1


@pytest.mark.parametrize("name", ["Date", "date", "Datetime", "timestamp", "open_time", "TIME"])
def test_the_time_of_a_candle_is_that_of_its_open(name):
    for value in ([date(2024, 1, 2), date(2024, 1, 3)], [datetime(2024, 1, 2), datetime(2024, 1, 3)]):
        frame = pl.DataFrame({name: value}).with_columns(*BARS)
        stream = candles(frame, instrument="a_usd")
        assert stream.frame().collect()["time_exchange"].dt.day().to_list() == [3, 4]
        assert f"{name!r} is read as time_open" in stream.notes["<frame>"]
        with pytest.raises(DataError, match=r"\{'close_time': 'time_close'\}"):
            candles(frame.rename({name: "close_time"}), instrument="a_usd")


def test_names_count_in_any_case_and_exact_ones_first():
    shout = candle_frame().rename(str.upper)
    assert candles(shout).frame().collect().equals(candles(candle_frame()).frame().collect())
    both = candle_frame().with_columns(Close=pl.lit(-1.0))
    assert candles(both).frame().collect()["close"].to_list() == candle_frame()["close"].to_list()
    with pytest.raises(ConfigError, match="'Close' and 'CLOSE' are both close"):
        candles(candle_frame().rename({"close": "Close"}).with_columns(CLOSE=pl.lit(1.0)))


def test_prices_are_cast_only_where_that_is_exact():
    exact = [[3], pl.Series([3.0], dtype=pl.Float32), pl.Series([3], dtype=pl.UInt64), [Decimal("3.00")]]
    for values in exact:
        assert columns(trades(one_trade(price=values), instrument="a_usd"))["price"].tolist() == [3.0]
    assert columns(trades(one_trade(price=[Decimal("0.1")]), instrument="a_usd"))["price"].tolist() == [0.1]
    for values in ([2**53 + 1], [-(2**63)], pl.Series([2**64 - 1], dtype=pl.UInt64), [Decimal("12345678901234567.89")]):
        with pytest.raises(DataError, match=r"column 'price' is not exact as a 64-bit float in 1 of 1 rows"):
            list(trades(one_trade(price=values), instrument="a_usd").chunks(CODES))
    with pytest.raises(DataError, match="'price' is text, not a number"):
        trades(one_trade(price=["1"]), instrument="a_usd")


@pytest.mark.parametrize(
    "values",
    [
        ["buy", "sell"],
        ["BUY", "Sell"],
        pl.Series([1, -1], dtype=pl.Int8),
        [1, -1],
        pl.Series(["buy", "sell"], dtype=pl.Enum(["sell", "buy"])),
    ],
)
def test_sides_are_names_or_signs(values):
    frame = pl.DataFrame({"time_exchange": times(0, 1), "price": [1.0, 1.0], "amount": [1.0, 1.0], "side": values})
    assert columns(trades(frame, instrument="a_usd"))["side"].tolist() == [1, -1]


def test_other_sides_are_refused():
    for value in ("bid", 2, 300):
        with pytest.raises(DataError, match=r"column 'side' is no side in 1 of 1 rows.*first: ('bid'|2|300)"):
            list(trades(one_trade(side=[value]), instrument="a_usd").chunks(CODES))
    with pytest.raises(DataError, match="is Boolean; a side is"):
        trades(one_trade(side=[True]), instrument="a_usd")


def test_the_interval_makes_the_time_that_is_missing():
    frame = candle_frame()
    full = columns(candles(frame))
    for given in (
        frame.drop("time_open"),
        frame.drop("time_exchange"),
        frame.drop("time_open").rename({"time_exchange": "time_close"}),
    ):
        made = columns(candles(given, interval="60ns"))
        np.testing.assert_array_equal(made["time_exchange"], full["time_exchange"])
        np.testing.assert_array_equal(made["time_open"], full["time_open"])
        assert candles(given).frame().collect().equals(candles(given, interval="60ns").frame().collect())
        with pytest.raises(ConfigError, match=r"is missing\nHint: give interval"):
            candles(given.head(2))
    with pytest.raises(ConfigError, match="have both times"):
        candles(frame, interval=60)
    with pytest.raises(ConfigError, match="must be positive"):
        candles(frame.drop("time_open"), interval="-1m")
    with pytest.raises(ConfigError, match="are both time_exchange"):
        candles(frame.with_columns(time_close=pl.col("time_exchange")))


def test_files_are_named_in_errors(tmp_path):
    path = tmp_path / "t.parquet"
    trade_frame().write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"t\.parquet: cannot be read as Parquet"):
        trades(path)
    with pytest.raises(DataError, match="there is no file"):
        trades(tmp_path / "no.parquet")
    with pytest.raises(ConfigError, match=r"\nHint: give its files as a list"):
        trades(tmp_path)
    with pytest.raises(ConfigError, match=r"allowed: \.parquet"):
        trades("x.json")
    with pytest.raises(ConfigError, match="market data is a dict"):
        trades({})
    with pytest.raises(ConfigError, match="list of sources is empty"):
        trades([])


def test_a_damaged_page_is_an_error(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(generate.trades(20_000).to_arrow(), path, write_page_checksum=True)
    whole = bytearray(path.read_bytes())
    whole[50_000] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DataError, match=r"t\.parquet: cannot be read"):
        list(trades(path).chunks({f"walk{i}_usd": i for i in range(3)}))


def test_several_sources_are_one_stream(tmp_path):
    frame = generate.trades(100)
    codes = {f"walk{i}_usd": i for i in range(3)}
    frame.head(40).write_parquet(tmp_path / "a.parquet")
    frame.slice(40).with_columns(pl.col("instrument").cast(pl.String)).drop("side").write_parquet(
        tmp_path / "b.parquet"
    )
    stream = trades([tmp_path / "a.parquet", str(tmp_path / "b.parquet")])
    chunks = list(stream.chunks(codes))
    assert [(chunk.source, chunk.first_row, chunk.rows) for chunk in chunks] == [
        ("a.parquet", 0, 40),
        ("b.parquet", 0, 60),
    ]
    np.testing.assert_array_equal(np.concatenate([c.columns["price"] for c in chunks]), frame["price"].to_numpy())
    assert stream.name == "a.parquet ... b.parquet (2 sources)"
    assert stream.time_range() == trades(frame).time_range()
    assert stream.frame().collect()["side"].tail(60).to_list() == [0] * 60
    assert set(stream.fingerprint()["files"]) == {"a.parquet", "b.parquet"}
    with pytest.raises(DataError, match="has no time_received"):
        trades([trade_frame(), trade_frame().drop("time_received")])


def test_csv_keeps_nanoseconds_and_names_what_is_no_number(tmp_path):
    text = "time_exchange,price,amount,side\n2020-01-01T00:00:00.123456789Z,1,2,buy\n2020-01-01T00:00:01Z,1.5,2,sell\n"
    plain, packed = tmp_path / "t.csv", tmp_path / "t.csv.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        found = columns(trades(path, instrument="a_usd"))
        assert found["time_exchange"].tolist() == [NS + 123456789, NS + 10**9]
        assert found["price"].tolist() == [1.0, 1.5]
    plain.write_text(text.replace("1.5", "n/a"))
    with pytest.raises(
        DataError, match=r"t\.csv: column 'price' does not hold numbers everywhere \(1: 'n/a' in row 1\)"
    ):
        trades(plain, instrument="a_usd")
    plain.write_text(text.replace("2020-01-01T00:00:01Z", "01/02/2020"))
    with pytest.raises(DataError, match="does not hold ISO times everywhere"):
        trades(plain, instrument="a_usd")
    plain.write_text('time_exchange,price\n"1')
    with pytest.raises(DataError, match="cannot be read as CSV"):
        trades(plain, instrument="a_usd")


def test_blank_lines_and_files_without_rows(tmp_path):
    path, head, row = tmp_path / "t.csv", "time_exchange,price,amount\n", "2020-01-01T00:00:00Z,1,2\n"
    for text in (head + row + "\n", head + "\n" + row, head + row + ",,\n\n\n"):
        path.write_text(text)
        assert read_csv(path).height == 1
        assert trades(path, instrument="a_usd").time_range() == (NS, NS)
    path.write_text(head)
    stream = trades(path, instrument="a_usd")
    assert (stream.rows, list(stream.chunks(CODES))) == (0, [])
    with pytest.raises(DataError, match=r"t\.csv: there are no rows"):
        stream.time_range()
    path.write_text(head + "2020-01-01T00:00:00Z,,2\n2020-01-01T00:00:00Z,,2\n")
    with pytest.raises(DataError, match=r"column 'price' is null in 2 of 2 rows"):
        list(trades(path, instrument="a_usd").chunks(CODES))


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ("2020-01-02T00:00:00", "1 without a zone, others with: '2020-01-02T00:00:00' in row 1"),
        ("2020-02-30T00:00:00Z", "1 no day or time of the calendar: '2020-02-30T00:00:00Z' in row 1"),
        ("yesterday", "1: 'yesterday' in row 1"),
    ],
)
def test_the_row_that_keeps_a_csv_column_from_being_times_is_named(tmp_path, odd, why):
    path = tmp_path / "t.csv"
    path.write_text(f"time_exchange,price\n2020-01-01T00:00:00Z,1\n{odd},1\n2020-01-03T00:00:00Z,1\n")
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert f"column 'time_exchange' does not hold ISO times everywhere ({why})" in caught.value.message


@pytest.mark.parametrize(
    ("row", "said"),
    [("2024-01-02;1.5;2", "has one column, 'time;price;amount'"), ("2024-01-02;1,5;2", "cannot be rea")],
)
def test_a_file_with_another_separator_is_told(tmp_path, row, said):
    """The words of Polars, which name options of its own, would send people elsewhere."""
    path = tmp_path / "european.csv"
    path.write_text(f"time;price;amount\n{row}\n")
    with pytest.raises(DataError, match=said) as caught:
        read_csv(path)
    assert "separator=';'" in str(caught.value)
    assert "truncate" not in str(caught.value)


def test_csv_without_header(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("1577836800;1;2\n")
    frame = read_csv(path, names=["ts", "p", "amount"], columns={"ts": "time_exchange", "p": "price"}, separator=";")
    assert frame.columns == ["time_exchange", "price", "amount"]
    assert trades(frame, instrument="a_usd", time_unit="s").time_range() == (NS, NS)
    with pytest.raises(ConfigError, match="gives 1 names for 3 columns"):
        read_csv(path, names=["a"], separator=";")
    with pytest.raises(ConfigError, match="renames 'x'"):
        read_csv(path, columns={"x": "price"})
    with pytest.raises(DataError, match="there is no file"):
        read_csv(tmp_path / "no.csv")


def test_pandas_frames():
    index = pd.date_range("2020-01-01", periods=2, tz="UTC", name="time_exchange")
    frame = pd.DataFrame({"price": [1.0, 2.0], "amount": [1.0, 1.0]}, index=index)
    assert trades(frame, instrument="a_usd").time_range() == (NS, NS + 86_400 * 10**9)
    naive = frame.tz_localize(None)
    with pytest.raises(DataError, match="times without a zone\nHint: give time_zone"):
        from_pandas(naive)
    with pytest.raises(DataError, match="a time without a zone"):
        trades(naive, instrument="a_usd")
    assert trades(naive, instrument="a_usd", time_zone="UTC").time_range()[0] == NS
    assert from_pandas(naive, time_zone="UTC").schema["time_exchange"].time_zone == "UTC"
    with pytest.raises(ConfigError, match="has a zone"):
        from_pandas(frame, time_zone="UTC")
    unnamed = frame.rename_axis(None)
    assert trades(unnamed, instrument="a_usd").notes == {"<frame>": ("'index' is read as time_exchange",)}
    assert from_pandas(unnamed, index="time_exchange").columns == ["time_exchange", "price", "amount"]


def test_pandas_frames_that_are_not_understood_are_named():
    with pytest.raises(DataError, match=r"not understood: 'b' \(object"):
        from_pandas(pd.DataFrame({"a": [1], "b": [object()]}))
    with pytest.raises(DataError, match="columns of 3 levels"):
        from_pandas(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("Close", "AAPL", "x")])))
    with pytest.raises(DataError, match="without a name"):
        from_pandas(pd.DataFrame({"a": [1]}, index=["x"]))
    assert np.isnan(from_pandas(pd.DataFrame({"price": [1.0, np.nan]}))["price"][1])


def test_market_data_holds_streams():
    a, b = trades(trade_frame()), quotes(quote_frame())
    assert MarketData.of(a, b) == MarketData((a, b))
    assert MarketData(a).streams == (a,)
    assert MarketData.of(a, b).instruments == ("a_usd", "b_usd")
    for wrong in ((), (trade_frame(),)):
        with pytest.raises(ConfigError):
            MarketData(wrong)


def test_lazy_frames_are_collected_once():
    stream = trades(trade_frame().lazy())
    assert stream.rows == 4
    assert stream.frame().collect_schema()["time_exchange"] == TIME
    np.testing.assert_array_equal(columns(stream)["price"], trade_frame()["price"].to_numpy())
