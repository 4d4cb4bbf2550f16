"""Files of other exchanges: Bybit, Kraken, Bitfinex; and Gemini's as ccapi records them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.parsing import (
    FLOAT,
    INT,
    TEXT,
    decimal_ns,
    local_time,
    side,
    since_1970,
    table,
    taker_side,
)
from barter_bt.data.schema import TIME

_OHLC = {"open": FLOAT, "high": FLOAT, "low": FLOAT, "close": FLOAT}


def _bybit(path: Path, asked: Asked) -> Imported:
    columns = {"timestamp": TEXT, "symbol": TEXT, "side": TEXT, "size": FLOAT, "price": FLOAT}
    rows = table(path, columns, header="names")
    taker = side("side", buy=["Buy"], sell=["Sell"])
    at = decimal_ns("timestamp").cast(TIME).alias("time_exchange")
    return Imported(rows.select(at, pl.col("symbol").alias("instrument"), "price", taker, amount="size"))


def _kraken_trades(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"timestamp": TEXT, "price": FLOAT, "amount": FLOAT}, header="never")
    return Imported(rows.select(decimal_ns("timestamp").cast(TIME).alias("time_exchange"), "price", "amount"))


def _kraken_candles(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"timestamp": INT, **_OHLC, "volume": FLOAT, "trades": INT}, header="never")
    return Imported(rows.select(since_1970("timestamp", "s").alias("time_open"), *_OHLC, "volume"))


def _bitfinex(path: Path, asked: Asked) -> Imported:
    columns = {"mts": INT, "open": FLOAT, "close": FLOAT, "high": FLOAT, "low": FLOAT, "volume": FLOAT}
    rows = table(path, columns, header="maybe")
    return Imported(rows.select(since_1970("mts", "ms").alias("time_open"), *_OHLC, "volume"))


def _ccapi_trades(path: Path, asked: Asked) -> Imported:
    columns = {"time_seconds": TEXT, "price": FLOAT, "size": FLOAT, "is_buyer_maker": TEXT}
    rows = table(path, columns, header="names")
    at = decimal_ns("time_seconds").cast(TIME).alias("time_exchange")
    return Imported(rows.select(at, "price", taker_side("is_buyer_maker"), amount="size"))


def _ccapi_quotes(path: Path, asked: Asked) -> Imported:
    columns = {"time_seconds": TEXT, "bid_price_bid_size": TEXT, "ask_price_ask_size": TEXT}
    rows = table(path, columns, header="names")
    best = {
        f"{one}_{what}": pl.col(f"{one}_price_{one}_size").str.split("|").list.first().str.split_exact("_", 1)
        .struct.field(f"field_{place}").cast(pl.Float64, strict=False)
        for one in ("bid", "ask") for place, what in enumerate(("price", "amount"))
    }  # fmt: skip
    return Imported(rows.select(decimal_ns("time_seconds").cast(TIME).alias("time_exchange"), **best))


def _funding(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"Symbol": TEXT, "Date": TEXT, "Funding Rate": FLOAT}, header="names")
    assert asked.time_zone is not None, "it is needed"
    at = local_time(pl.col("Date"), "%Y-%m-%d %H:%M:%S%.f", asked.time_zone).alias("time")
    return Imported(rows.select(at, pl.col("Symbol").alias("instrument"), pl.col("Funding Rate").alias("rate")))


_BYBIT = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"
_LINES = "first lines and rows of such files in public repositories, looked at 2026-11-27"
IMPORTERS = [
    Importer(
        "bybit_trades", "trades", _BYBIT, _LINES,
        ("timestamp is in seconds with decimals, read to the nanosecond", "side is the taker's",
         "later files have a column more (RPI): columns go by their names"), _bybit,
    ),
    Importer(
        "kraken_trades", "trades", "timestamp (s),price,volume",
        "support.kraken.com 360047543791, as quoted in public repositories, looked at 2026-11-27",
        ("there is no side: it is 0, unknown", "there is no first line of names"), _kraken_trades,
    ),
    Importer(
        "kraken_candles", "candles", "timestamp (s),open,high,low,close,volume,trades",
        "support.kraken.com 360047124832, looked at 2026-11-27",
        ("no row where nothing was traded: nothing is filled in", "the timestamp is the open of the candle",
         "the length is in the file's name (XBTUSD_60.csv is 60 minutes) and in no row: give interval"),
        _kraken_candles, ("interval",), ("interval",),
    ),
    Importer(
        "bitfinex_candles", "candles", "mts (ms),open,close,high,low,volume", "a real file of 2016",
        ("the order of the prices is open, close, high, low", "no row where nothing was traded: nothing is filled in"),
        _bitfinex, ("interval",), ("interval",),
    ),
    Importer(
        "ccapi_trades", "trades", "time_seconds,price,size,is_buyer_maker", "a real file of 2021-07-01 (Gemini)",
        ("times are in seconds with decimals, read to the nanosecond",), _ccapi_trades,
    ),
    Importer(
        "ccapi_quotes", "quotes", "time_seconds,bid_price_bid_size,ask_price_ask_size",
        "a real file of 2021-07-01 (Gemini)",
        ("price and size stand in one field with _ between; of several levels (|) the first is taken",
         "one row a second: the state of the book at that time"), _ccapi_quotes,
    ),
    Importer(
        "funding_history", "funding", "Symbol,Date,Funding Rate", "a real file of 2020 to 2023 (Binance BTC-USDT)",
        ("dates have no zone, and those of Binance looked like UTC+3 in the file: give time_zone (Etc/GMT-3)",),
        _funding, ("time_zone",), ("time_zone",),
    ),
]  # fmt: skip
