"""Files of Lean's data folders: American stocks and coins."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer, Read
from barter_bt.data.importers.parsing import FLOAT, TEXT, day_of, decimal_ns, divided, local_time, of_day, table

_NEW_YORK = "America/New_York"
_OHLC = {"open": FLOAT, "high": FLOAT, "low": FLOAT, "close": FLOAT}


def _lean_trades(path: Path, asked: Asked) -> Imported:
    columns = {"ms": TEXT, "price": FLOAT, "size": FLOAT, "exchange": TEXT, "condition": TEXT, "suspicious": TEXT}
    rows = table(path, columns, header="never")
    sound = rows.filter(pl.col("suspicious") != "1")
    notes = (f"{rows.height - sound.height} trade(s) left out that are flagged as suspicious",)
    at = of_day(decimal_ns("ms", "ms"), day_of(path), _NEW_YORK).alias("time_exchange")
    frame = sound.select(at, divided("price", 10_000), amount="size")
    return Imported(frame, notes if len(sound) < len(rows) else ())


def _lean_intraday(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"ms": TEXT, **_OHLC, "volume": FLOAT}, header="never")
    at = of_day(decimal_ns("ms", "ms"), day_of(path), _NEW_YORK).alias("time_open")
    return Imported(rows.select(at, *(divided(name, 10_000) for name in _OHLC), "volume"))


def _lean_daily(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"time": TEXT, **_OHLC, "volume": FLOAT}, header="never")
    at = local_time(pl.col("time"), "%Y%m%d %H:%M", _NEW_YORK).alias("time_open")
    return Imported(rows.select(at, *(divided(name, 10_000) for name in _OHLC), "volume"))


def _lean_crypto(columns: tuple[str, ...], at: str) -> Read:
    """Plain prices and UTC; ``at`` is what the time of day is of."""

    def read(path: Path, asked: Asked) -> Imported:
        rows = table(path, {"ms": TEXT, **dict.fromkeys(columns, FLOAT)}, header="never")
        return Imported(rows.select(of_day(decimal_ns("ms", "ms"), day_of(path), "UTC").alias(at), *columns))

    return read


def _lean_crypto_daily(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"time": TEXT, **_OHLC, "volume": FLOAT}, header="never")
    return Imported(rows.select(local_time(pl.col("time"), "%Y%m%d %H:%M", "UTC").alias("time_open"), *_OHLC, "volume"))


_LEAN = "github.com/QuantConnect/Lean Data/equity/readme.md, looked at 2026-11-27; for trades also a real file of 2013"
_LEAN_CRYPTO = "github.com/QuantConnect/Lean Data/crypto/readme.md, looked at 2026-11-27"
_UTC = "times of day are UTC, the day is in the file's name; prices are plain, not in hundredths of a cent"
_LOCAL = "times of day are New York's, the day is in the file's name"
_CENTS = "prices are in hundredths of a cent: divided by 10,000"
IMPORTERS = [
    Importer(
        "lean_equity_trades", "trades", "ms since midnight,price,size,exchange,condition,suspicious", _LEAN,
        (_LOCAL, _CENTS, "suspicious trades are left out and counted, as Lean does in bars", "there is no side"),
        _lean_trades,
    ),
    Importer(
        "lean_equity_bars", "candles", "ms since midnight,open,high,low,close,volume", _LEAN,
        (_LOCAL, _CENTS, "minute and second bars; the length is in the path and in no row: give interval"),
        _lean_intraday, ("interval",), ("interval",),
    ),
    Importer(
        "lean_equity_daily", "candles", "YYYYMMDD HH:MM,open,high,low,close,volume", _LEAN,
        ("times are New York's", _CENTS, "hourly and daily bars: give interval"), _lean_daily,
        ("interval",), ("interval",),
    ),
    Importer(
        "lean_crypto_trades", "trades", "ms since midnight,price,quantity", _LEAN_CRYPTO, (_UTC, "there is no side"),
        _lean_crypto(("price", "amount"), "time_exchange"),
    ),
    Importer(
        "lean_crypto_quotes", "quotes", "ms since midnight,bid price,bid size,ask price,ask size", _LEAN_CRYPTO,
        (_UTC,), _lean_crypto(("bid_price", "bid_amount", "ask_price", "ask_amount"), "time_exchange"),
    ),
    Importer(
        "lean_crypto_bars", "candles", "ms since midnight,open,high,low,close,volume", _LEAN_CRYPTO,
        (_UTC, "minute and second bars; the length is in the path and in no row: give interval"),
        _lean_crypto((*_OHLC, "volume"), "time_open"), ("interval",), ("interval",),
    ),
    Importer(
        "lean_crypto_daily", "candles", "YYYYMMDD HH:MM,open,high,low,close,volume", _LEAN_CRYPTO,
        ("times are UTC", "hourly and daily bars: give interval"), _lean_crypto_daily, ("interval",), ("interval",),
    ),
]  # fmt: skip
