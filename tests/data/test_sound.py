"""Chunks that say they are sound: what the engine then need not look at once more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from frames import CODES, NS, candle_frame, trade_frame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_verdicts import cuts, rows

from barter_bt.backtest.expired import Expiries
from barter_bt.backtest.feeder import ENGINE, Feeder
from barter_bt.data import Chunk, Stream, candles, generate, one_look, source, trades
from barter_bt.engine.agenda import NEVER
from barter_bt.errors import DataError
from tests.draws import draws

PRICES = ("open", "high", "low", "close")


def alone() -> pl.DataFrame:
    return candle_frame().filter(pl.col("instrument") == "a_usd")


def sound(stream: Stream) -> list[bool]:
    return [chunk.sound for chunk in stream.chunks(CODES)]


def assert_sound(chunks: list[Chunk]) -> None:
    """What a chunk vouches for, by the words of its description."""
    last: dict[int, int] = {}
    for chunk in chunks:
        c = chunk.columns
        if chunk.sound:
            for code, stamp in zip(c["instrument"].tolist(), c["time_exchange"].tolist(), strict=True):
                assert last.get(code, -1) < stamp
                last[code] = stamp
            assert all(((c["low"] <= c[name]) & (c[name] <= c["high"])).all() for name in PRICES)
            assert (c["low"] > 0).all()
            assert np.isfinite([*c["high"], *c["volume"]]).all()
            assert (c["volume"] >= 0).all()
            assert (np.diff(c.get("time_received", c["time_exchange"])) >= 0).all()
        last |= zip(c["instrument"].tolist(), c["time_exchange"].tolist(), strict=True)


@pytest.mark.parametrize("many", [False, True])
@settings(max_examples=draws(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), piece_rows=st.sampled_from([1, 2, 3, 1 << 20]))
def test_what_is_said_to_be_sound_is(data, piece_rows, many):
    frame = data.draw(rows("candles"))
    frame = data.draw(st.sampled_from([frame, frame.filter(pl.col("instrument") == "a_usd")])).rechunk()
    if frame.is_empty():
        return
    stream = candles([frame[a:b] for a, b in data.draw(cuts(frame.height)) if b > a])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PIECE_ROWS", piece_rows)
        if many:
            patch.setattr(one_look, "MANY", 0)
            patch.setattr(one_look, "can_compile", lambda: True)
        try:
            assert_sound(list(stream.chunks(CODES)))
        except DataError:
            return
        assert_sound(list(stream.chunks(CODES)))  # as they are read from then on


@pytest.mark.parametrize("many", [False, True])
def test_good_candles_are_sound_each_time_that_they_are_read(many, monkeypatch):
    if many:
        monkeypatch.setattr(one_look, "MANY", 0)
        monkeypatch.setattr(one_look, "can_compile", lambda: True)
    for stream in (candles(alone()), candles([alone()[:1], alone()[1:]]), candles(candle_frame())):
        assert all(sound(stream))
        assert all(sound(stream))


def test_what_comes_from_elsewhere_is_not():
    assert not any(sound(trades(trade_frame())))
    assert not any(sound(candles(alone(), validate=False)))
    assert not any(sound(candles(alone()).with_negative_prices(["a_usd"])))


def test_a_stream_with_one_doubtful_piece_is_looked_at_again_at_each_reading():
    """A leap from 1970 to now may be a change of units, or none."""
    early = alone()[:1].with_columns(pl.col("^time_.*$") - pl.duration(nanoseconds=NS))
    stream = candles([early, alone()[1:], alone()[1:].with_columns(pl.col("^time_.*$") + pl.duration(nanoseconds=100))])
    assert sound(stream) == [True, False, True]
    assert sound(stream) == [False] * 3


def test_rows_after_an_expiry_are_told_apart():
    chunk = next(iter(candles(alone()).chunks(CODES)))
    assert chunk.sound
    never, now = np.full(2, NEVER), np.array([int(chunk.columns["time_exchange"][0]), NEVER])
    assert Expiries(never).mark(chunk).sound
    assert not Expiries(now).mark(chunk).sound


def test_a_part_of_what_is_sound_is():
    stream = candles(generate.candles(9))
    first, last = stream.time_range()
    chunk = next(iter(stream.chunks({"walk_usd": 0})))
    for given_ in (chunk, replace(chunk, sound=False)):
        feeder = Feeder([stream], [[given_]], np.full(1, NEVER), [0], first + 1, last - 1)
        assert feeder.cursors.rows[ENGINE] == 7
        assert feeder.cursors.sound[ENGINE] == int(given_.sound)
