"""Targets as frames: long or wide, of Polars, pandas and pyarrow; and those that bear times of opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from tests.engine.tiny import A, B, flat, run, stamps, table

CLOSES = [10.0, 20.0]
WIDE = pl.DataFrame({"time": stamps(CLOSES), "a_usd": [2.0, 1.0], "b_usd": [None, 3.0]})
LONG = pl.DataFrame(
    {"time": stamps([20, 10, 20]), "instrument": ["a_usd", "a_usd", "b_usd"], "target": [1.0, 2.0, 3.0]}
)
WANTED = [(10, "a_usd", 2.0), (20, "a_usd", 1.0), (20, "b_usd", 3.0)]
INDEX = pd.DatetimeIndex([datetime.fromtimestamp(k, UTC) for k in CLOSES])
PAIRS = pd.MultiIndex.from_tuples([(INDEX[1], "b_usd"), (INDEX[0], "a_usd"), (INDEX[1], "a_usd")])
MARKET = [flat(100, 101, 102, 103), flat(50, 51, 52, 53, instrument="b_usd")]

FRAMES = {
    "long": LONG,
    "wide": WIDE,
    "lazy": WIDE.lazy(),
    "arrow": pa.table(WIDE.to_arrow()),
    "categories": LONG.with_columns(pl.col("instrument").cast(pl.Categorical)),
    "microseconds in another zone": WIDE.with_columns(
        pl.col("time").dt.cast_time_unit("us").dt.convert_time_zone("Asia/Tokyo")
    ),
    "whole numbers": pl.DataFrame({"time": WIDE["time"], "a_usd": [2, 1], "b_usd": [None, 3]}),
    "wide pandas": pd.DataFrame({"a_usd": [2.0, 1.0], "b_usd": [float("nan"), 3.0]}, index=INDEX),
    "wide pandas, named": pd.DataFrame({"a_usd": [2.0, 1.0], "b_usd": [None, 3.0]}, index=INDEX.rename("date")),
    "long pandas": pd.DataFrame(
        {"instrument": ["a_usd", "a_usd", "b_usd"], "target": [2, 1, 3]}, index=INDEX[[0, 1, 1]]
    ),
    "pandas with a column of times": pd.DataFrame({"time": INDEX, "a_usd": [2.0, 1.0], "b_usd": [None, 3.0]}),
    "pandas by time and instrument": pd.DataFrame(
        {"target": [3.0, 2.0, 1.0]}, index=PAIRS.set_names([None, "instrument"])
    ),
    "stacked series": pd.Series([3.0, 2.0, 1.0], index=PAIRS.set_names(["time", "instrument"])),
}


def rows(target: Any) -> list[tuple[Any, ...]]:
    market: Any = SimpleNamespace(streams=(), feed_ns=(), index=SimpleNamespace(names=["a_usd", "b_usd"]))
    frame = (
        bt.Signals(target).rows(market).with_columns(pl.col("time").dt.convert_time_zone("UTC").dt.cast_time_unit("ns"))
    )
    return sorted(table(frame.with_columns(pl.col("instrument").cast(pl.String)), "time", "instrument", "target"))


@pytest.mark.parametrize("given", FRAMES)
def test_every_form_of_a_frame_is_the_same_targets(given):
    assert rows(FRAMES[given]) == WANTED


def test_a_series_of_one_instrument_is_a_wide_frame():
    assert rows(pd.Series([2.0, 1.0], index=INDEX, name="a_usd")) == WANTED[:2]


@pytest.mark.parametrize("given", ["long", "wide", "wide pandas", "stacked series"])
def test_every_form_of_a_frame_is_the_same_run(given):
    result = run(MARKET, bt.Signals(FRAMES[given]), [A, B])
    assert table(result.orders, "time_sent", "instrument", "side", "quantity") == [
        *((10, "a_usd", "buy", 2), (20, "a_usd", "sell", 1), (20, "b_usd", "buy", 3)),
    ]


def test_a_schedule_may_be_a_pandas_frame():
    """Its NaN are nulls: no price is a market order."""
    frame = pd.DataFrame(
        {"instrument": ["a_usd"] * 2, "action": ["open"] * 2, "quantity": [2.0, -1.0], "price": [float("nan")] * 2},
        index=INDEX,
    )
    result = run(MARKET, bt.Schedule(frame), [A, B])
    assert table(result.orders, "time_sent", "side", "kind") == [(10, "buy", "market"), (20, "sell", "market")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (WIDE.rename({"b_usd": "b_usdt"}), "column 'b_usdt' of the frame of targets is no instrument.*\n.*'b_usd'"),
        (WIDE.rename({"time": "when"}), "no column 'time'.*\nHint: if it is 'when'"),
        (LONG.drop("target"), "no column 'target'"),
        (LONG.drop("instrument"), "no column 'instrument'"),
        (WIDE.with_columns(b_usd=pl.lit("much")), "column 'b_usd' of the frame of targets is String"),
        (LONG.with_columns(target=pl.lit("much")), "column 'target' of the frame is String"),
        (LONG.with_columns(instrument=pl.lit("c_usd")), "unknown instrument"),
        (WIDE.with_columns(a_usd=pl.lit(float("nan"))), "NaN or infinite"),
        (WIDE.with_columns(pl.col("time").dt.date()), "is Date; it must be a Datetime.*\nHint: .*the close"),
        (WIDE.with_columns(pl.col("time").dt.replace_time_zone(None)), "must be a Datetime with a time zone"),
        (pd.DataFrame({"a_usd": [1.0, 1.0]}, index=INDEX.tz_localize(None)), "must be a Datetime with a time zone"),
        (pd.DataFrame({("a", "b"): [1.0, 1.0]}, index=INDEX), "is no instrument"),
        (pd.DataFrame({"a_usd": [float("inf"), 1.0]}, index=INDEX), "NaN or infinite"),
    ],
)
def test_a_frame_that_is_wrong_is_an_error_of_ours(given, message):
    with pytest.raises(StrategyError, match=message):
        run(MARKET, bt.Signals(given), [A, B])


@pytest.mark.parametrize("make", [bt.Signals, bt.Schedule])
def test_what_is_no_frame_is_an_error_of_ours(make):
    with pytest.raises(StrategyError, match="it must be"):
        make([1.0, 2.0])


# Times of opens

DAY = timedelta(days=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
PRICES = [100.0, 103.0, 101.0, 108.0, 104.0] * 6


def days(opens: timedelta, closes: timedelta) -> bt.data.Stream:
    frame = pl.DataFrame(
        {
            "time_open": [FIRST + k * DAY + opens for k in range(len(PRICES))],
            "time_exchange": [FIRST + k * DAY + closes for k in range(len(PRICES))],
            "instrument": ["a_usd"] * len(PRICES),
            **dict.fromkeys(("open", "high", "low", "close"), PRICES),
        }
    )
    return bt.data.candles(frame)


SESSIONS = days(timedelta(hours=14), timedelta(hours=21))
AROUND_THE_CLOCK = days(timedelta(), DAY)


def warned(
    data: bt.data.Stream, times: pl.Expr | str, keep: pl.Expr | None = None, schedule: bool = False
) -> list[str]:
    frame = data.frame().select("instrument", time=times, target=pl.col("close") * 0 + 1.0).collect()
    frame = frame if keep is None else frame.filter(keep)
    return run(data, (bt.Schedule if schedule else bt.Signals)(frame)).warnings


@pytest.mark.parametrize("schedule", [False, True])
@pytest.mark.parametrize("data", [SESSIONS, AROUND_THE_CLOCK], ids=["sessions", "around the clock"])
def test_targets_that_bear_the_opens_of_candles_are_warned_of(data, schedule):
    """Also where each candle opens as the last one closes; those that bear the closes are not."""
    (one, *_) = warned(data, "time_open", schedule=schedule)
    assert "look-ahead" in one
    assert "29 target(s)" in one
    assert not [text for text in warned(data, "time_exchange", schedule=schedule) if "look-ahead" in text]


def test_a_few_opens_among_the_closes_are_warned_of():
    times = pl.when(pl.int_range(pl.len()) == 7).then("time_open").otherwise("time_exchange")
    (one, *_) = warned(SESSIONS, times)
    assert "1 target(s)" in one
    assert "2024-01-08 14:00:00 UTC, whose candle closes at 2024-01-08 21:00:00" in one


def test_changes_only_that_bear_opens_are_warned_of():
    (one, *_) = warned(SESSIONS, "time_open", pl.int_range(pl.len()) % 5 == 3)
    assert "6 target(s)" in one


def test_what_is_decided_before_the_first_candle_is_not_warned_of():
    assert warned(SESSIONS, "time_open", pl.int_range(pl.len()) == 0) == []
    assert warned(AROUND_THE_CLOCK, "time_exchange", pl.int_range(pl.len()) < 20) == []


def test_a_close_in_another_stream_is_no_open():
    """Hourly candles close when a day opens: a target of theirs is known then."""
    hours = AROUND_THE_CLOCK.frame().with_columns(
        time_open=pl.col("time_exchange") - pl.duration(hours=1), time_exchange="time_exchange"
    )
    frame = hours.filter(pl.int_range(pl.len()) < 10).select("instrument", time="time_exchange", target=pl.lit(1.0))
    result = run([SESSIONS, bt.data.candles(hours.collect())], bt.Signals(frame.collect()))
    assert not [text for text in result.warnings if "look-ahead" in text]
