"""Files of data.binance.vision: spot, USD-margined (``usdm``) and coin-margined (``coinm``) futures."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer, Read
from barter_bt.data.importers.parsing import FLOAT, INT, TEXT, ms_or_us, since_1970, table, taker_side
from barter_bt.data.source import file_sha256

_SOURCE = "https://github.com/binance/binance-public-data README.md, looked at 2026-11-27"
_KLINES: dict[str, pl.DataType] = {
    **{
        "open_time": INT,
        "open": FLOAT,
        "high": FLOAT,
        "low": FLOAT,
        "close": FLOAT,
        "volume": FLOAT,
        "close_time": INT,
    },
    **{"quote_volume": FLOAT, "count": INT, "taker_buy_volume": FLOAT, "taker_buy_quote_volume": FLOAT, "ignore": TEXT},
}
_TRADES: dict[str, pl.DataType] = {
    "id": INT,
    "price": FLOAT,
    "qty": FLOAT,
    "quote_qty": FLOAT,
    "time": INT,
    "is_buyer_maker": TEXT,
}
_AGG: dict[str, pl.DataType] = {
    "agg_trade_id": INT,
    "price": FLOAT,
    "qty": FLOAT,
    "first_trade_id": INT,
    "last_trade_id": INT,
    "time": INT,
}
_AGG |= {"is_buyer_maker": TEXT}
_BEST: dict[str, pl.DataType] = {"is_best_match": TEXT}
_BOOK: dict[str, pl.DataType] = {
    **{"update_id": INT, "best_bid_price": FLOAT, "best_bid_qty": FLOAT, "best_ask_price": FLOAT},
    **{"best_ask_qty": FLOAT, "transaction_time": INT, "event_time": INT},
}
_COMMON = (
    "a first line of names is there in futures files since about May 2022, else not: both are read",
    "times are ms, in spot files from 2025-01-01 on us: told by their size, row by row",
    "NAME.zip.CHECKSUM beside the file is compared; archives are replaced at times, so a mismatch is told, not refused",
)
_MAKER = "the buyer is the maker: the aggressor sold. Booleans are True in spot files and true in those of futures"
_CONTRACTS = "amounts of coin-margined contracts count contracts, not coins"


def _checksum(path: Path) -> tuple[str, ...]:
    """Whether a file is the one that the exchange's checksum beside it is of."""
    beside = path.with_name(path.name + ".CHECKSUM")
    if not beside.is_file():
        return ()
    told = beside.read_text("utf-8").split()
    fits = bool(told) and told[0].lower() == file_sha256(path)
    return (f"its SHA-256 {'is' if fits else 'is NOT'} that of {beside.name}",)


def _klines(path: Path, asked: Asked) -> Imported:
    rows = table(path, _KLINES, header="maybe", only=list(_KLINES)[:7])
    unit = pl.when(pl.col("open_time") < 10**14).then(1_000_000).otherwise(1_000)
    frame = rows.select(
        time_exchange=(ms_or_us("close_time").to_physical() + unit).cast(pl.Datetime("ns", "UTC")),
        time_open=ms_or_us("open_time"),
        **{name: pl.col(name) for name in ("open", "high", "low", "close", "volume")},
    )
    return Imported(frame, _checksum(path))


def _trades(columns: dict[str, pl.DataType]) -> Read:
    def read(path: Path, asked: Asked) -> Imported:
        rows = table(path, columns, header="maybe", only=("price", "qty", "time", "is_buyer_maker"))
        frame = rows.select(ms_or_us("time").alias("time_exchange"), "price", pl.col("qty").alias("amount"),
                            taker_side("is_buyer_maker"))  # fmt: skip
        return Imported(frame, _checksum(path))

    return read


def _quotes(path: Path, asked: Asked) -> Imported:
    rows = table(path, _BOOK, header="maybe", only=list(_BOOK)[1:6])
    names = {"best_bid_price": "bid_price", "best_bid_qty": "bid_amount"}
    names |= {"best_ask_price": "ask_price", "best_ask_qty": "ask_amount"}
    at = ms_or_us("transaction_time").alias("time_exchange")
    return Imported(rows.select(at, *(pl.col(one).alias(name) for one, name in names.items())), _checksum(path))


def _funding(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"calc_time": INT, "funding_interval_hours": INT, "last_funding_rate": FLOAT}, header="names")
    return Imported(rows.select(since_1970("calc_time", "ms").alias("time"), rate="last_funding_rate"), _checksum(path))


def _importers(market: str) -> list[Importer]:
    """Those of one market."""
    extra = _BEST if market == "spot" else {}
    own = (_CONTRACTS,) if market == "coinm" else ()
    contracts = ("volume counts contracts; the column behind the close time is the volume in coins",)
    last = "the close time is the last ms or us of the candle: the next one's open is one later"
    klines = (last, *(contracts if market == "coinm" else ()))
    return [
        Importer(f"binance_{market}_klines", "candles", _said(_KLINES), _SOURCE, (*_COMMON, *klines), _klines),
        Importer(
            f"binance_{market}_trades", "trades", _said(_TRADES | extra), _SOURCE, (*_COMMON, _MAKER, *own),
            _trades(_TRADES | extra),
        ),
        Importer(
            f"binance_{market}_agg_trades", "trades", _said(_AGG | extra), _SOURCE, (*_COMMON, _MAKER, *own),
            _trades(_AGG | extra),
        ),
    ]  # fmt: skip


def _futures(market: str) -> list[Importer]:
    """What only futures have."""
    seen = "first lines and rows of such files in public repositories, looked at 2026-11-27"
    late = "the transaction time is that of the book; the event time is when the message was made, not when it arrived"
    order = "some days hold rows out of order: Repair(sort=True) sorts them"
    paid = "the rate that was paid at that time; the time may be some ms after the hour"
    return [
        Importer(f"binance_{market}_book_ticker", "quotes", _said(_BOOK), seen, (*_COMMON, late, order), _quotes),
        Importer(
            f"binance_{market}_funding", "funding", "calc_time (ms),funding_interval_hours,last_funding_rate", seen,
            (paid,), _funding,
        ),
    ]  # fmt: skip


def _said(columns: dict[str, pl.DataType]) -> str:
    return ",".join(columns)


IMPORTERS = [
    *(one for market in ("spot", "usdm", "coinm") for one in _importers(market)),
    *(one for market in ("usdm", "coinm") for one in _futures(market)),
]
