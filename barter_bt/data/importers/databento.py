"""Databento's binary files (DBN), through its own decoder."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer, Read
from barter_bt.data.importers.parsing import FLOAT, INT, TEXT, content, side, since_1970, table
from barter_bt.errors import DataError, MissingPackageError


def _databento(path: Path, schema: str, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Records of a DBN file, of one schema."""
    try:
        import databento_dbn as dbn
    except ImportError as error:
        raise MissingPackageError(
            "DBN files need the package databento-dbn", "pip install barter-bt[databento]"
        ) from error
    data = content(path)
    try:
        found = str(dbn.Metadata.decode(data).schema)
        if found != schema:
            raise DataError(f"{path.name}: holds records of {found!r}, not of {schema!r}")
        text = io.BytesIO()
        csv: Any = dbn.Encoding.CSV  # the stubs of the package say that these are texts
        plain: Any = dbn.Compression.NONE
        coder = dbn.Transcoder(text, csv, plain, pretty_px=True, pretty_ts=False, map_symbols=True)
        coder.write(data)
        coder.finish()
    except dbn.DBNError as error:
        raise DataError(f"{path.name}: cannot be read as DBN: {error}") from error
    return table(path, columns, header="names", data=text.getvalue())


def _databento_trades(path: Path, asked: Asked) -> Imported:
    columns: dict[str, pl.DataType] = {"ts_event": INT, "ts_recv": INT, "side": TEXT, "price": FLOAT, "size": FLOAT}
    rows = _databento(path, "trades", columns | {"symbol": TEXT})
    taker = side("side", buy=["B"], sell=["A"], none=["N"])
    return Imported(rows.select(*_dbn_times(), "price", taker, amount="size"))


def _databento_quotes(path: Path, asked: Asked) -> Imported:
    names = {"bid_price": "bid_px_00", "bid_amount": "bid_sz_00", "ask_price": "ask_px_00", "ask_amount": "ask_sz_00"}
    columns: dict[str, pl.DataType] = {"ts_event": INT, "ts_recv": INT, **dict.fromkeys(names.values(), FLOAT)}
    rows = _databento(path, "mbp-1", columns | {"symbol": TEXT})
    return Imported(
        rows.select(*_dbn_times(), *(pl.col(one).fill_null(0.0).alias(name) for name, one in names.items()))
    )


def _dbn_times() -> list[pl.Expr]:
    return [
        since_1970("ts_event", "ns").alias("time_exchange"),
        since_1970("ts_recv", "ns").alias("time_received"),
        pl.col("symbol").alias("instrument"),
    ]


_LENGTHS = {"1s": 1, "1m": 60, "1h": 3_600, "1d": 86_400}  # in seconds
_OHLCV = ("open", "high", "low", "close", "volume")


def _databento_candles(length: str) -> Read:
    def read(path: Path, asked: Asked) -> Imported:
        columns: dict[str, pl.DataType] = {"ts_event": INT, "symbol": TEXT, **dict.fromkeys(_OHLCV, FLOAT)}
        rows = _databento(path, f"ohlcv-{length}", columns)
        opened = since_1970("ts_event", "ns")
        closed = opened + pl.duration(seconds=_LENGTHS[length], time_unit="ns")
        return Imported(rows.select(*_OHLCV, time_exchange=closed, time_open=opened, instrument="symbol"))

    return read


_DBN = "databento-dbn 0.72 (its decoder) and databento.com/docs/schemas/trades.md, looked at 2026-11-27"
_QUIRKS = (
    "read with databento-dbn, which knows all versions: pip install barter-bt[databento]",
    "ts_event is the time of the matching engine, ts_recv that of Databento's receiver",
    "symbols are those of the metadata in the file",
)
IMPORTERS = [
    Importer(
        "databento_trades", "trades", "DBN, schema trades", _DBN,
        (*_QUIRKS, "side A is a selling aggressor, B a buying one, N unknown"), _databento_trades,
    ),
    Importer(
        "databento_mbp1", "quotes", "DBN, schema mbp-1", _DBN,
        (*_QUIRKS, "an undefined price is an empty side, amount 0"), _databento_quotes,
    ),
    *(
        Importer(
            f"databento_ohlcv_{length}", "candles", f"DBN, schema ohlcv-{length}", _DBN,
            (*_QUIRKS, "ts_event is the open of the candle", "days are those of UTC"), _databento_candles(length),
        )
        for length in _LENGTHS
    ),
]  # fmt: skip
