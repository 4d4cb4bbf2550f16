"""Files of American stocks: Polygon's flat files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.parsing import FLOAT, INT, TEXT, since_1970, table

_NEW_YORK = "America/New_York"
_OHLC = {"open": FLOAT, "high": FLOAT, "low": FLOAT, "close": FLOAT}


def _polygon_trades(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"ticker": TEXT, "price": FLOAT, "sip_timestamp": INT, "size": FLOAT}, header="names")
    frame = rows.select(
        time_exchange=since_1970("sip_timestamp", "ns"), instrument="ticker", price="price", amount="size"
    )
    return _by_time(frame, "time_exchange")


def _polygon_candles(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"ticker": TEXT, "volume": FLOAT, **_OHLC, "window_start": INT}, header="names")
    opened = since_1970("window_start", "ns").dt.convert_time_zone(_NEW_YORK).alias("time_open")
    return _by_time(rows.select(opened, pl.col("ticker").alias("instrument"), *_OHLC, "volume"), "time_open")


def _by_time(frame: pl.DataFrame, at: str) -> Imported:
    """A file holds one ticker after the other."""
    if frame["instrument"].n_unique() < 2:
        return Imported(frame)
    return Imported(frame.sort(at, maintain_order=True), ("rows were put in order of time: they stand by ticker",))


_POLYGON = "first lines and rows of such files in public repositories, looked at 2026-11-27"
IMPORTERS = [
    Importer(
        "polygon_trades", "trades",
        "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,...",
        _POLYGON,
        ("there are two clocks: taken is sip_timestamp (ns), when the trade was public, not participant_timestamp",
         "conditions are quoted lists", "one ticker stands behind the other: rows are put in order of time",
         "corrections and conditions are not looked at"), _polygon_trades,
    ),
    Importer(
        "polygon_candles", "candles", "ticker,volume,open,close,high,low,window_start,transactions", _POLYGON,
        ("window_start (ns) is the open; the length is in the path and in no row: give interval, 1m or 1d",
         "days are those of New York", "the order of the prices is open, close, high, low"),
        _polygon_candles, ("interval",), ("interval",),
    ),
]  # fmt: skip
