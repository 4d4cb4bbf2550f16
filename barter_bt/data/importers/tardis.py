"""Downloadable CSV files of Tardis.dev."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.levels import of_depth
from barter_bt.data.importers.parsing import FLOAT, INT, TEXT, content, side, since_1970, table
from barter_bt.errors import DataError

_KEYS = {"symbol": TEXT, "timestamp": INT, "local_timestamp": INT}
_COMMON = (
    "times count us since 1970 UTC; local_timestamp is the arrival at Tardis's own receiver",
    "rows are in order of arrival, and rows that arrived in one message have one local_timestamp",
)


def _times() -> list[pl.Expr]:
    return [
        since_1970("timestamp", "us").alias("time_exchange"),
        since_1970("local_timestamp", "us").alias("time_received"),
        pl.col("symbol").alias("instrument"),
    ]


def _trades(path: Path, asked: Asked) -> Imported:
    rows = table(path, _KEYS | {"side": TEXT, "price": FLOAT, "amount": FLOAT}, header="names")
    taker = side("side", buy=["buy"], sell=["sell"], none=["unknown"])
    return Imported(rows.select(*_times(), "price", "amount", taker))


def _quotes(path: Path, asked: Asked) -> Imported:
    prices = ("bid_price", "bid_amount", "ask_price", "ask_amount")
    rows = table(path, _KEYS | dict.fromkeys(prices, FLOAT), header="names")
    empty = sum(rows[name].null_count() for name in ("bid_price", "ask_price"))
    notes = (f"{empty} empty side(s) have amount 0",) if empty else ()
    return Imported(rows.select(*_times(), *(pl.col(name).fill_null(0.0) for name in prices)), notes)


def _book(path: Path, asked: Asked) -> Imported:
    """Changes of levels; a snapshot may have come in several messages, which are one from the last of them on."""
    rows = table(path, _KEYS | {"is_snapshot": TEXT, "side": TEXT, "price": FLOAT, "amount": FLOAT}, header="names")
    is_snapshot = pl.col("is_snapshot").replace_strict({"true": 1, "false": 0}, default=None, return_dtype=pl.Int8)
    which = side("side", buy=["bid"], sell=["ask"])
    frame = rows.select(*_times(), which, "price", "amount", is_snapshot.alias("snapshot"))
    run = pl.col("snapshot").rle_id().over("instrument")
    part = [pl.col(name).last().over("instrument", run) for name in ("time_exchange", "time_received")]
    whole = frame.with_columns(pl.when(pl.col("snapshot") == 1).then(one).otherwise(one.meta.output_name())
                               .alias(one.meta.output_name()) for one in part)  # fmt: skip
    moved = frame.select((pl.col("time_received") != whole["time_received"]).sum()).item()
    if moved and frame["instrument"].n_unique() > 1:
        whole = whole.sort("time_received", maintain_order=True)
    notes = (f"{moved} row(s) of snapshots have the time of the last message of theirs",) if moved else ()
    return Imported(whole, notes)


def _depth(path: Path, asked: Asked) -> Imported:
    """The best levels, as many as the file has."""
    data = content(path)
    names = data[: data.find(b"\n") + 1 or len(data)].decode("utf-8", "replace").strip("\r\n").split(",")
    levels = [
        (side, f"{called}[{n}].price", f"{called}[{n}].amount")
        for side, called in ((1, "bids"), (-1, "asks"))
        for n in range(sum(name.startswith(f"{called}[") for name in names) // 2)
    ]
    if not levels:
        raise DataError(f"{path.name}: has no columns bids[0].price and the like; there are {', '.join(names[:8])}")
    wanted = _KEYS | {name: FLOAT for _, *both in levels for name in both}
    rows = table(path, wanted, header="names", data=data).with_columns(_times())
    return Imported(of_depth(rows, ("time_exchange", "time_received", "instrument"), levels))


def _funding(path: Path, asked: Asked) -> Imported:
    """The last rate that was told before each time of funding, once that time has come."""
    rows = table(path, _KEYS | {"funding_timestamp": INT, "funding_rate": FLOAT}, header="names")
    told = rows.filter(pl.col("funding_timestamp").is_not_null() & pl.col("funding_rate").is_not_null())
    last = told.filter(pl.col("timestamp") <= pl.col("funding_timestamp"))
    last = last.group_by("symbol", "funding_timestamp", maintain_order=True).last().sort("funding_timestamp", "symbol")
    end = rows.group_by("symbol").agg(pl.col("timestamp").max().alias("end"))
    paid = last.join(end, on="symbol", how="left", maintain_order="left").filter(
        pl.col("end") >= pl.col("funding_timestamp")
    )
    left_out = last.height - paid.height
    notes = (f"{left_out} rate(s) left out whose time of funding is after the end of the file",) if left_out else ()
    rate = pl.col("funding_rate").alias("rate")
    at = since_1970("funding_timestamp", "us").alias("time")
    return Imported(paid.select(at, pl.col("symbol").alias("instrument"), rate), notes)


_SEEN = "a real file of 2020-02-22"
_TYPES = "docs.tardis.dev/downloadable-csv-files/data-types, looked at 2026-11-27"
_LINES = "first lines and rows of such files in public repositories, looked at 2026-11-27"
_TICKER = "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,"
IMPORTERS = [
    Importer(
        "tardis_trades", "trades", "exchange,symbol,timestamp,local_timestamp,id,side,price,amount", _SEEN,
        (*_COMMON, "side is the aggressor's, unknown where the exchange does not say"), _trades,
    ),
    Importer(
        "tardis_quotes", "quotes",
        "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount", _SEEN,
        (*_COMMON, "an empty field is an empty side of the book: its amount is 0"), _quotes,
    ),
    Importer(
        "tardis_book", "book", "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount", _TYPES,
        (*_COMMON, "files are called incremental_book_L2", "amount is what stands there now, 0 for none",
         "a snapshot replaces the book; one in several messages counts from the last of them on"), _book,
    ),
    Importer(
        "tardis_book_snapshot", "book",
        "exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,...",
        _TYPES,
        (*_COMMON, "files are called book_snapshot_5 and book_snapshot_25: so many levels are all that is known",
         "each row is a snapshot; an empty field is no level"), _depth,
    ),
    Importer(
        "tardis_derivative_ticker", "funding", _TICKER + "open_interest,last_price,index_price,mark_price", _LINES,
        (*_COMMON, "the rate may change until its time comes: taken is the last one told before",
         "rows without a funding_timestamp (exchanges that fund all the time) tell no payment and are left out"),
        _funding,
    ),
]  # fmt: skip
