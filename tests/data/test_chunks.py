"""Chunks: one sequence whatever the container, and the user's own memory where that is promised."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from frames import CODES, candle_frame, put, quote_frame, trade_frame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barter_bt.data import Stream, candles, generate, quotes, trades
from barter_bt.errors import DataError
from tests.draws import draws

FAST = settings(max_examples=draws(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MAKE = {"trades": trades, "quotes": quotes, "candles": candles}
FRAMES = {
    "trades": generate.trades(500),
    "quotes": generate.quotes(500),
    "candles": generate.panel_candles(100, 5),
}
WALKS = {name: 7 * i for i, name in enumerate(f"walk{i}_usd" for i in range(5))}


def whole(stream: Stream, codes: dict[str, int] = WALKS) -> dict[str, np.ndarray]:
    chunks = list(stream.chunks(codes))
    return {name: np.concatenate([chunk.columns[name] for chunk in chunks]) for name in chunks[0].columns}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
        assert values.dtype == other[name].dtype


@FAST
@given(
    kind=st.sampled_from(["trades", "quotes", "candles"]),
    rows=st.integers(1, 600),
    compression=st.sampled_from(["zstd", "snappy", "lz4", "uncompressed"]),
    text=st.sampled_from([pl.String, pl.Categorical, None]),
    data=st.data(),
)
def test_a_parquet_file_is_the_frame_however_it_is_written(tmp_path, data, *, kind, rows, compression, text):
    """Row groups, compression, order of columns and dictionaries change nothing."""
    frame = FRAMES[kind]
    order = data.draw(st.permutations(frame.columns))
    path = tmp_path / "x.parquet"
    written = frame if text is None else frame.with_columns(pl.col("instrument").cast(text))
    written.select(order).write_parquet(path, row_group_size=rows, compression=compression)
    stream, memory = MAKE[kind](path), MAKE[kind](frame)
    same(whole(stream), whole(memory))
    assert stream.instruments == memory.instruments
    assert (stream.rows, stream.time_range(), stream.price_range()) == (500, memory.time_range(), memory.price_range())
    first = [chunk.first_row for chunk in stream.chunks(WALKS)]
    assert first == sorted(first)
    assert stream.frame().collect().height == 500


@FAST
@given(cuts=st.lists(st.integers(0, 500), max_size=6), kind=st.sampled_from(["trades", "quotes", "candles"]))
def test_chunks_of_a_frame_are_not_joined_and_give_the_same_rows(cuts, kind):
    frame = FRAMES[kind]
    edges = [0, *sorted(cuts), 500]
    pieces = [frame.slice(a, b - a) for a, b in pairwise(edges)]
    joined = pl.concat(pieces, rechunk=False)
    same(whole(MAKE[kind](joined)), whole(MAKE[kind](frame)))
    assert MAKE[kind](joined).fingerprint() == MAKE[kind](frame).fingerprint()
    same(whole(MAKE[kind](pieces)), whole(MAKE[kind](frame)))


@pytest.mark.parametrize("kind", ["trades", "quotes", "candles"])
def test_memory_is_the_users_where_types_are_canonical(kind):
    frame = FRAMES[kind]
    (chunk,) = MAKE[kind](frame).chunks(WALKS)
    for name in frame.columns:
        if name != "instrument":
            assert np.shares_memory(chunk.columns[name], frame[name].to_physical().to_numpy()), name
    for values in chunk.columns.values():
        assert values.flags.c_contiguous
        assert not values.flags.writeable
    assert chunk.columns["instrument"].dtype == np.int32


def test_memory_is_the_users_through_arrow_and_other_zones():
    table = FRAMES["trades"].to_arrow()
    (chunk,) = trades(table).chunks(WALKS)
    assert np.shares_memory(chunk.columns["price"], table["price"].chunk(0).to_numpy())
    frame = generate.candles(50).with_columns(pl.col("time_exchange").dt.convert_time_zone("Asia/Tokyo"))
    (chunk,) = candles(frame).chunks({"walk_usd": 0})
    assert np.shares_memory(chunk.columns["time_exchange"], frame["time_exchange"].to_physical().to_numpy())


def test_whether_candles_open_in_the_order_of_rows_is_the_same_in_pieces():
    """A candle that opens before those of the piece before, and one that does not."""
    short = candle_frame().filter(pl.col("instrument") == "a_usd")
    long = put(candle_frame()[3:], "time_open", 0, 0)
    for frame, found in ((short, (60, True)), (pl.concat([short, long]), (120, False))):
        for source in (frame, [frame[:2], frame[2:]], [frame[:1], frame[1:2], frame[2:]]):
            stream = candles(source, validate=False)  # of one instrument, whose order the checks would see to
            assert (stream.longest_candle_ns(), stream.opens_in_order()) == found


def test_readers_are_independent():
    stream = trades(pl.concat([FRAMES["trades"]] * 2, rechunk=False).sort("time_exchange"))
    one, two = stream.chunks(WALKS), stream.chunks(WALKS)
    same(next(one).columns, next(two).columns)
    same(whole(stream), whole(stream))


def test_absent_columns_are_zeros_and_one_instrument_is_a_constant():
    frame = trade_frame().drop("side", "instrument", "time_received")
    (chunk,) = trades(frame, instrument="a_usd").chunks({"a_usd": 3})
    assert chunk.columns["side"].tolist() == [0] * 4
    assert chunk.columns["side"].dtype == np.int8
    assert chunk.columns["instrument"].tolist() == [3] * 4
    assert "time_received" not in chunk.columns
    (chunk,) = candles(candle_frame().drop("volume")).chunks(CODES)
    assert chunk.columns["volume"].tolist() == [0.0] * 4


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["z", "b_usd", "a_usd"])])
def test_instruments_of_any_type_become_codes(dtype):
    frame = trade_frame().with_columns(pl.col("instrument").cast(dtype))
    stream = trades(frame)
    assert stream.instruments == ("a_usd", "b_usd")
    (chunk,) = stream.chunks({"a_usd": 5, "b_usd": 2})
    assert chunk.columns["instrument"].tolist() == [5, 2, 5, 5]


def test_integer_instruments_are_their_text():
    frame = trade_frame().with_columns(instrument=pl.Series([1, 2, 1, 1], dtype=pl.Int16))
    assert trades(frame).instruments == ("1", "2")
    (chunk,) = trades(frame).chunks({"1": 0, "2": 4})
    assert chunk.columns["instrument"].tolist() == [0, 4, 0, 0]


@pytest.mark.parametrize("text", ["A_USD", "a_usdd", "zz"])
def test_an_unknown_instrument_is_named_with_its_row(text):
    with pytest.raises(DataError, match=rf"<frame>: instrument '{text}' in row 2 is not declared; declared: a_usd"):
        list(trades(put(trade_frame(), "instrument", 2, text)).chunks(CODES))
    with pytest.raises(DataError, match="not declared"):
        list(trades(trade_frame().drop("instrument"), instrument="x").chunks(CODES))


@pytest.mark.parametrize("column", ["time_exchange", "time_received", "instrument", "price", "amount", "side"])
def test_nulls_are_refused_and_named(column):
    with pytest.raises(DataError, match=rf"column '{column}' is null in 1 of 4 rows \(row 1, counted from 0\)"):
        list(trades(put(trade_frame(), column, 1, None)).chunks(CODES))


def test_an_empty_stream_has_no_chunks_and_no_times():
    stream = trades(trade_frame().clear())
    assert list(stream.chunks(CODES)) == []
    assert (stream.rows, stream.instruments, stream.price_range()) == (0, (), {})
    assert stream.fingerprint()["rows"] == 0
    with pytest.raises(DataError, match="there are no rows"):
        stream.time_range()


def test_price_range_ignores_empty_sides_and_what_is_no_price():
    assert quotes(quote_frame()).price_range() == {"a_usd": (99.0, 101.0), "b_usd": (49.0, 50.0)}
    bad = put(put(trade_frame(), "price", 0, float("inf")), "price", 2, -1.0)
    assert trades(bad).price_range() == {"a_usd": (102.0, 102.0), "b_usd": (50.0, 50.0)}
    assert candles(candle_frame()).price_range() == {"a_usd": (1.0, 3.0), "b_usd": (4.0, 6.0)}
