"""One verdict: rows that a check refuses a run refuses too, in the same words, however they are cut in pieces."""

from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path

import polars as pl
import pytest
from frames import CODES, NS, candle_frame, put, quote_frame, times, trade_frame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_check import BAD

from barter_bt import Instrument, Signals, backtest
from barter_bt.data import Stream, candles, check, one_look, quotes, sound, source, trades
from barter_bt.errors import DataError
from tests.draws import draws

MAKE = {"trades": trades, "quotes": quotes, "candles": candles}
BASE = {"trades": trade_frame, "quotes": quote_frame, "candles": candle_frame}
STEP = {"trades": 30, "quotes": 30, "candles": 120}
AB = [Instrument("x", "a_usd"), Instrument("x", "b_usd")]
NAN, INF = float("nan"), float("inf")
OHLC = ("open", "high", "low", "close")
VALUES = [0.0, -1.0, NAN, INF, -INF, None, 1.0, 3.0, 99.0, 100.0, 101.0, 100.0 * (1 + 2e-16)]


class Idle:
    """A strategy that wants nothing."""

    wake = "bar_close"

    def generate_algo_orders(self, state):
        return (), ()


def refusal(stream: Stream) -> str | None:
    """What a run says against the data; None if it takes them."""
    try:
        backtest(stream, AB, Idle(), balances={"usd": 1_000}, interpret=True)
    except DataError as error:
        return str(error)
    return None


def objection(stream: Stream) -> str | None:
    """What a check says against the data."""
    try:
        check(stream, {"a_usd": 0, "b_usd": 1}).raise_if_errors()
    except DataError as error:
        return str(error)
    return None


@st.composite
def rows(draw, kind: str) -> pl.DataFrame:
    """Good rows, and then a few changes that may make them bad."""
    frame = BASE[kind]()
    later = [frame]
    for turn in range(1, draw(st.integers(1, 3))):
        shift = pl.duration(nanoseconds=turn * STEP[kind])
        later.append(frame.with_columns(pl.col("^time_.*$") + shift))
    frame = pl.concat(later)
    if kind != "candles" and draw(st.booleans()):
        frame = frame.drop("time_received", strict=False)
    for _ in range(draw(st.integers(0, 3))):
        frame = draw(changed(frame, kind))
    return frame


@st.composite
def changed(draw, frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    row = draw(st.integers(0, frame.height - 1))
    match draw(st.sampled_from(["again", "drop", "swap", "value", "time", "instrument"])):
        case "again":
            to = draw(st.integers(0, frame.height))
            return pl.concat([frame[:to], frame[row : row + 1], frame[to:]])
        case "drop":
            return pl.concat([frame[:row], frame[row + 1 :]]) if frame.height > 2 else frame
        case "swap":
            order = list(range(frame.height))
            order[row], order[row - 1] = order[row - 1], order[row]
            return frame[order]
        case "value":
            names = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
            return put(frame, draw(st.sampled_from(names)), row, draw(st.sampled_from(VALUES)))
        case "time":
            names = [name for name in frame.columns if name.startswith("time")]
            return put(frame, draw(st.sampled_from(names)), row, draw(st.sampled_from([-10, 0, 5, 10, 60, 90, 120])))
    return put(frame, "instrument", row, draw(st.sampled_from(["a_usd", "b_usd"])))


@st.composite
def cuts(draw, height: int) -> list[tuple[int, int]]:
    return list(pairwise([0, *sorted(draw(st.lists(st.integers(0, height), max_size=4))), height]))


def sources(frame: pl.DataFrame, edges: list[tuple[int, int]], folder: Path) -> dict[str, Callable[[], object]]:
    """The same rows in other containers."""
    pieces = [frame.slice(a, b - a) for a, b in edges]

    def files() -> list[Path]:
        paths = [folder / f"{number}.parquet" for number in range(len(pieces))]
        for path, piece in zip(paths, pieces, strict=True):
            piece.write_parquet(path, row_group_size=2)
        return paths

    return {
        "Arrow chunks": lambda: pl.concat(pieces, rechunk=False),
        "frames": lambda: pieces,
        "files": files,
    }


@settings(max_examples=draws(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), kind=st.sampled_from(["trades", "quotes", "candles"]), piece_rows=st.sampled_from([1, 2, 3, 7]))
def test_the_verdict_on_rows_does_not_depend_on_who_asks_or_how_they_are_cut(tmp_path, data, kind, piece_rows):
    frame = data.draw(rows(kind)).rechunk()
    edges = data.draw(cuts(frame.height))
    whole = objection(MAKE[kind](frame))
    assert refusal(MAKE[kind](frame)) == whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PIECE_ROWS", piece_rows)  # as at every 2^20th row
        patch.setattr(sound, "BLOCK_ROWS", 2)
        assert objection(MAKE[kind](frame)) == whole
        assert refusal(MAKE[kind](frame)) == whole
        patch.setattr(one_look, "MANY", 0)  # as of many candles
        patch.setattr(one_look, "can_compile", lambda: True)
        assert refusal(MAKE[kind](frame)) == whole
    for name, make in sources(frame, edges, tmp_path).items():
        cut = objection(MAKE[kind](make()))
        assert (cut is None) == (whole is None), name
        assert refusal(MAKE[kind](make())) == cut, name


SPANS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0, 0, 0, 1])), min_size=1, max_size=8)


def of_spans(name: str, spans: list[tuple[int, int]]) -> pl.DataFrame:
    """Candles of one instrument: how long each is, and how long after the one before it opens."""
    closed = list(accumulate(length + gap for length, gap in spans))
    opened = [end - length for end, (length, _) in zip(closed, spans, strict=True)]
    frame = pl.DataFrame({"time_exchange": times(*closed), "time_open": times(*opened)})
    return frame.with_columns(
        instrument=pl.lit(name, pl.Enum(["a_usd", "b_usd"])), volume=1.0, **dict.fromkeys(OHLC, 1.0)
    )


def told_gapless(frame: pl.DataFrame, pieces: int) -> bool:
    """Whether those who look at many candles say that they have no gaps, which others then say, too."""
    size = -(-len(frame) // pieces)
    stream = candles([frame[k : k + size] for k in range(0, len(frame), size)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_look, "MANY", 0)
        patch.setattr(one_look, "can_compile", lambda: True)
        list(stream.chunks(CODES))
    told = "_is_gapless" in vars(stream)
    assert not told or stream.is_gapless()
    return told


@settings(max_examples=draws(40), deadline=None)
@given(one=SPANS, other=SPANS | st.none(), pieces=st.integers(1, 3))
def test_the_look_at_many_candles_tells_of_gaps_what_their_times_tell(one, other, pieces):
    """Of one instrument, of a panel, and of two that have nothing in common, once all of their rows have been read."""
    alone = of_spans("a_usd", one)
    has_gaps = any(gap for _, gap in one[1:])
    assert told_gapless(alone, pieces) == candles(alone).is_gapless() == (not has_gaps)
    both = pl.concat([alone, of_spans("b_usd", other or one)]).sort("time_exchange", maintain_order=True)
    assert told_gapless(both, pieces) == (not (has_gaps or any(gap for _, gap in (other or one)[1:])))
    assert told_gapless(both, pieces) >= candles(both).is_gapless()


@pytest.mark.parametrize("kind", ["trades", "quotes", "candles"])
def test_time_that_goes_back_from_one_piece_to_the_next_is_refused(kind, monkeypatch):
    """Where the rows of each piece, or of each block that is looked at, are in order."""
    frame = BASE[kind]()
    monkeypatch.setattr(sound, "BLOCK_ROWS", 2)
    assert "before the row above" in (refusal(MAKE[kind](pl.concat([frame[2:], frame[:2]], rechunk=True))) or "")
    assert refusal(MAKE[kind]([frame[:2], frame[2:]])) is None
    assert "before the row above" in (refusal(MAKE[kind]([frame[2:], frame[:2]])) or "")


def test_of_many_candles_too_an_instrument_behind_another_is_refused(monkeypatch):
    monkeypatch.setattr(one_look, "MANY", 0)
    monkeypatch.setattr(one_look, "can_compile", lambda: True)
    frame = candle_frame()
    assert refusal(candles(frame)) is None
    assert "before the row above" in (refusal(candles(frame[[0, 2, 1, 3]])) or "")


@pytest.mark.parametrize(("kind", "column", "row", "value", "code"), BAD)
def test_a_stream_that_is_read_refuses_what_a_check_finds(kind, column, row, value, code):
    """Before any engine sees it; here beside a quote with an empty side."""
    with pytest.raises(DataError):
        list(MAKE[kind](put(BASE[kind](), column, row, value)).chunks(CODES))


@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [0, 1, 3, 2]])
def test_a_candle_that_comes_again_is_refused_behind_another_instrument_too(rows):
    """In the same piece or in the next, whether or not the instruments stand in one order at every time."""
    frame = candle_frame()[rows]
    again = candle_frame()[2:3]
    for source_ in (pl.concat([frame, again]), [frame, again]):
        assert "equal to that of the candle before of the same instrument" in (refusal(candles(source_)) or "")


def test_candles_of_one_instrument_that_overlap_are_refused_and_of_two_instruments_taken():
    long = candle_frame()[:1].with_columns(times(60).alias("time_open"), times(180).alias("time_exchange"))
    frame = candle_frame()
    assert "before the close of the candle before" in (refusal(candles(pl.concat([frame, long]))) or "")
    alone = pl.concat([frame.filter(pl.col("instrument") == "b_usd"), long])
    assert refusal(candles(alone)) is None


@pytest.mark.parametrize(("value", "names"), [(0.0, ("open", "low")), (INF, ("close", "high"))])
def test_candles_that_fall_to_zero_or_rise_to_infinity_are_refused_though_all_lies_in_their_range(value, names):
    touched = candle_frame()
    for name in names:
        touched = put(touched, name, 1, value)
    assert refusal(candles(touched)) == objection(candles(touched))
    with pytest.raises(DataError):
        list(candles(touched).chunks(CODES))


def test_a_row_that_arrives_before_it_happened_is_refused_until_the_clock_is_put_right():
    for kind in ("trades", "quotes"):
        early = BASE[kind]()[:3].with_columns(times(1, 6, 21).alias("time_received"))
        assert "the receiver's clock was behind" in (refusal(MAKE[kind](early)) or "")
        assert refusal(MAKE[kind](early, clock_offset="auto")) is None


def test_the_price_of_an_empty_side_is_not_looked_at():
    frame = put(put(quote_frame(), "bid_price", 0, NAN), "bid_amount", 0, 0.0)
    assert objection(quotes(frame)) is None
    assert refusal(quotes(frame)) is None


def test_prices_that_cross_by_the_noise_of_floats_are_one_price():
    frame = put(put(quote_frame(), "bid_price", 1, 0.1 + 0.2), "ask_price", 1, 0.3)
    assert objection(quotes(frame)) is None
    assert refusal(quotes(frame)) is None
    assert [finding.code for finding in check(quotes(frame)).warnings] == ["locked"]


def test_bad_data_is_told_as_such_and_not_as_a_fault_of_what_was_made_of_it(monkeypatch):
    monkeypatch.setattr(source, "PIECE_ROWS", 1)  # a run has read only the first rows when signals are made
    frame = candle_frame().filter(pl.col("instrument") == "a_usd").drop("instrument")
    later = [frame.with_columns(pl.col("^time_.*$") + pl.duration(nanoseconds=120 * k)) for k in range(4)]
    frame = pl.concat(later)
    target = Signals(pl.col("close") / pl.col("close"))
    for bad in (put(frame, "close", 6, NAN), pl.concat([frame, frame[6:7]])):
        with pytest.raises(DataError, match="counted from 0"):
            backtest(candles(bad, instrument="a_usd"), AB[0], target, balances={"usd": 1}, interpret=True)


def test_rows_are_checked_once_and_not_at_all_if_the_stream_says_so():
    frame = candle_frame()
    again = pl.concat([frame, frame[2:3]])
    assert sum(chunk.rows for chunk in candles(again, validate=False).chunks({"a_usd": 0, "b_usd": 1})) == 5
    stream = candles(frame)
    for _ in range(2):
        assert sum(chunk.rows for chunk in stream.chunks({"a_usd": 0, "b_usd": 1})) == 4


def test_what_is_done_to_a_frame_in_place_does_not_reach_a_stream_that_has_it():
    frame = trade_frame()
    stream = trades(frame)
    frame[1, "price"] = -1.0
    assert objection(stream) is None
    assert refusal(stream) is None


def test_times_before_1970_are_times():
    shift = pl.duration(days=366 * 60, time_unit="ns")
    for kind, make in MAKE.items():
        frame = BASE[kind]().with_columns(pl.col("^time_.*$") - shift)
        stream = make(frame)
        assert objection(stream) is None
        assert stream.time_range()[0] == NS - 366 * 60 * 86_400 * 10**9 + (60 if kind == "candles" else 0) < 0
        assert sum(chunk.rows for chunk in stream.chunks({"a_usd": 0, "b_usd": 1})) == frame.height
        late = pl.concat([frame[1:], frame[:1]])
        assert "before the row above" in (objection(make(late)) or "")
