"""Generators: the figures of the documentation rest on these numbers."""

import hashlib

import numpy as np
import polars as pl
import pytest

from barter_bt.data import candles, check, generate, quotes, trades
from barter_bt.errors import ConfigError


def checksum(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of the values as integers of 1e-4."""
    whole = hashlib.sha256()
    for name, values in arrays.items():
        integers = values if values.dtype.kind == "i" else np.rint(values * 1e4)
        whole.update(name.encode() + integers.astype("<i8").tobytes())
    return whole.hexdigest()[:16]


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (lambda: generate.candles_arrays(1000), "4f9ba77c07168eb2"),
        (lambda: generate.trades_arrays(1000), "bdfeed018519448c"),
        (lambda: generate.quotes_arrays(1000), "24a1a5714888f0de"),
        (lambda: {"panel": generate.panel(50, 20)}, "677193948ba887b3"),
    ],
)
def test_the_numbers_are_pinned(arrays, expected):
    assert checksum(arrays()) == expected


def test_frames_are_canonical():
    time = pl.Datetime("ns", "UTC")
    assert generate.trades(5).schema == {
        "time_exchange": time,
        "instrument": pl.Enum(["walk0_usd", "walk1_usd", "walk2_usd"]),
        "price": pl.Float64,
        "amount": pl.Float64,
        "side": pl.Int8,
    }
    frame = generate.candles(5, instrument="btc_usdt")
    assert frame["instrument"].to_list() == ["btc_usdt"] * 5
    assert (frame["time_exchange"] - frame["time_open"]).dt.total_seconds().to_list() == [60] * 5
    assert frame["close"].to_list() == generate.candles_arrays(5)["close"].tolist()
    for n in (0, 1):
        assert generate.candles(n).height == generate.trades(n).height == generate.quotes(n).height == n


def test_names_of_many_instruments_sort_as_they_count():
    frame = generate.panel_candles(2, 12)
    assert frame["instrument"].to_list()[:12] == [f"walk{i:02}_usd" for i in range(12)]


def test_the_panel_is_one_candle_a_day():
    close = generate.panel(4, 3)
    frame = generate.panel_candles(4, 3)
    np.testing.assert_array_equal(frame["close"].to_numpy().reshape(4, 3), close)
    np.testing.assert_array_equal(frame["open"].to_numpy().reshape(4, 3), np.vstack([close[:1], close[:-1]]))
    assert frame["time_exchange"].dt.date()[0].isoformat() == "2000-01-02"
    assert not check(candles(frame)).errors


def test_quotes_and_trades_interleave_on_the_grid():
    quote, trade = generate.quotes_arrays(2000), generate.trades_arrays(2000)
    ticks = np.rint((quote["ask_price"] - quote["bid_price"]) * 100)
    assert set(ticks) == {1, 2, 3}
    for name in ("bid_price", "ask_price"):
        np.testing.assert_array_equal(quote[name], np.round(quote[name], 2))
    assert quote["time_exchange"][0] < trade["time_exchange"][-1]
    assert trade["time_exchange"][0] < quote["time_exchange"][-1]
    assert not check(quotes(generate.quotes(2000))).errors
    assert not check(trades(generate.trades(2000))).errors


def test_seeds_matter():
    assert not generate.trades(10, seed=1).equals(generate.trades(10, seed=2))
    assert generate.trades(10, seed=1).equals(generate.trades(10, seed=1))


def test_unknown_samples_are_errors():
    from barter_bt.data import sample

    with pytest.raises(ConfigError, match="did you mean 'stocks_daily'"):
        sample("stocks")
