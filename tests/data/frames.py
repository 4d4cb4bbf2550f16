"""Small valid frames that the tests then break."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

TIME = pl.Datetime("ns", "UTC")
CODES = {"a_usd": 0, "b_usd": 1}
BARS = [pl.lit(1.0).alias(name) for name in ("open", "high", "low", "close")]
NS = 1_577_836_800_000_000_000


def times(*offsets: int | None) -> pl.Series:
    return pl.Series([None if x is None else NS + x for x in offsets], dtype=pl.Int64).cast(TIME)


def trade_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time_exchange": times(0, 10, 10, 20),
            "time_received": times(5, 15, 15, 25),
            "instrument": ["a_usd", "b_usd", "a_usd", "a_usd"],
            "price": [100.0, 50.0, 101.0, 102.0],
            "amount": [1.0, 2.0, 3.0, 4.0],
            "side": ["buy", "sell", "buy", "sell"],
        }
    )


def quote_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time_exchange": times(0, 10, 20),
            "instrument": ["a_usd", "b_usd", "a_usd"],
            "bid_price": [99.0, 49.0, 0.0],
            "bid_amount": [1.0, 1.0, 0.0],
            "ask_price": [100.0, 50.0, 101.0],
            "ask_amount": [2.0, 2.0, 2.0],
        }
    )


def candle_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time_exchange": times(60, 60, 120, 120),
            "time_open": times(0, 0, 60, 60),
            "instrument": ["a_usd", "b_usd", "a_usd", "b_usd"],
            "open": [1.0, 5.0, 2.0, 5.0],
            "high": [3.0, 6.0, 3.0, 6.0],
            "low": [1.0, 4.0, 1.0, 4.0],
            "close": [2.0, 5.0, 2.0, 5.0],
            "volume": [10.0, 0.0, 10.0, 0.0],
        }
    )


def put(frame: pl.DataFrame, column: str, row: int, value: object) -> pl.DataFrame:
    """The frame with one value replaced; a time is its offset in nanoseconds."""
    if column.startswith("time"):
        offsets = (frame[column].to_physical() - NS).to_list()
        offsets[row] = value
        return frame.with_columns(times(*offsets).alias(column))
    values = frame[column].to_list()
    values[row] = value
    return frame.with_columns(pl.Series(column, values, dtype=frame[column].dtype))


def shared_data(*parts: str) -> Path:
    """A file of the shared real data; the test is skipped where it is absent."""
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("BARTER_BT_SHARED_DATA", default)).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data {'/'.join(parts)} is not here (BARTER_BT_SHARED_DATA)")
    return path
