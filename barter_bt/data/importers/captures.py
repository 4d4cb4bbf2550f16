"""Files of recorders: Binance's messages as hftbacktest's collector writes them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.parsing import INT, TEXT, content, since_1970
from barter_bt.errors import DataError


def _capture(path: Path, stream: str) -> pl.DataFrame:
    """Lines of one stream of a capture: when they arrived, and the message."""
    lines = pl.Series("line", content(path).decode("utf-8").splitlines(), pl.String)
    parts = lines.filter(lines.str.contains(f'{stream}"', literal=True)).str.split_exact(" ", 1).struct
    return pl.DataFrame({"local": parts.field("field_0").cast(pl.Int64), "text": parts.field("field_1")})


def _message(fields: dict[str, pl.DataType]) -> pl.Expr:
    return pl.col("text").str.json_decode(pl.Struct({"data": pl.Struct(fields)})).struct.field("data").alias("data")


def _capture_trades(path: Path, asked: Asked) -> Imported:
    fields = {"s": TEXT, "T": INT, "p": TEXT, "q": TEXT, "m": pl.Boolean()}
    rows = _capture(path, "@trade").with_columns(_message(fields)).unnest("data")
    frame = rows.select(
        time_exchange=since_1970("T", "ms"), time_received=since_1970("local", "ns"), instrument="s",
        price=pl.col("p").cast(pl.Float64), amount=pl.col("q").cast(pl.Float64),
        side=pl.when("m").then(-1).otherwise(1).cast(pl.Int8),
    )  # fmt: skip
    return Imported(frame)


def _capture_quotes(path: Path, asked: Asked) -> Imported:
    fields = {"s": TEXT, "T": INT, **dict.fromkeys(("b", "B", "a", "A"), TEXT)}
    rows = _capture(path, "@bookTicker").with_columns(_message(fields)).unnest("data")
    if rows["T"].null_count():
        raise DataError(
            f"{path.name}: {rows['T'].null_count()} message(s) without a time of the exchange (T), as spot's are",
            "only futures' quotes can be read",
        )
    names = {"bid_price": "b", "bid_amount": "B", "ask_price": "a", "ask_amount": "A"}
    numbers = {name: pl.col(one).cast(pl.Float64) for name, one in names.items()}
    times = {"time_exchange": since_1970("T", "ms"), "time_received": since_1970("local", "ns")}
    return Imported(rows.select(**times, instrument="s", **numbers))


CAPTURE = "real captures of 2024-07-18 and 2024-08-08, made by hftbacktest's collector"
CAPTURED = (
    "a line is the local time in ns, a space and the message of Binance's combined stream",
    "the local clock may be behind the exchange's: clock_offset='auto' finds by how much",
)
IMPORTERS = [
    Importer(
        "binance_capture_trades", "trades", '<ns> {"stream":"...@trade","data":{...}}', CAPTURE, CAPTURED,
        _capture_trades,
    ),
    Importer(
        "binance_capture_quotes", "quotes", '<ns> {"stream":"...@bookTicker","data":{...}}', CAPTURE,
        (*CAPTURED, "spot's bookTicker has no time of the exchange and is refused"), _capture_quotes,
    ),
]  # fmt: skip
