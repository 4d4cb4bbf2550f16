"""CSV and Parquet files with usual columns: what :func:`~barter_bt.data.candles` and its like understand of them."""

from __future__ import annotations

from pathlib import Path

from barter_bt.data.canonical import Options
from barter_bt.data.importers.importer import Asked, Imported, Importer, Kind, Read
from barter_bt.data.importers.parsing import columnar
from barter_bt.data.stream import Stream

_SYMBOLS = {"instrument", "symbol", "ticker"}


def _reader(kind: Kind) -> Read:
    def read(path: Path, asked: Asked) -> Imported:
        source = columnar(path)
        has_symbols = any(name.lower() in _SYMBOLS for name in source.schema)
        name = None if has_symbols else "unnamed"
        stream = Stream([source], Options(kind, name, time_zone=asked.time_zone, interval=asked.interval))
        frame = stream.frame().collect()
        notes = tuple(note for notes in stream.notes.values() for note in notes)
        return Imported(frame if has_symbols else frame.drop("instrument"), notes)

    return read


_COLUMNS: dict[Kind, str] = {
    "candles": "Date, Datetime or timestamp,Open,High,Low,Close,Volume, and symbol or ticker, in any case and order",
    "trades": "timestamp,price,amount (qty, quantity, size),side, and symbol or ticker, in any case and order",
    "quotes": "timestamp,bid,bid_size,ask,ask_size, and symbol or ticker, in any case and order",
    "book": "timestamp,side,price,amount, and snapshot, sequence, previous_sequence, symbol or ticker, in any order",
}
IMPORTERS = [
    Importer(
        f"csv_{kind}", kind, columns, "the project's own: what bt.candles, bt.data.book and the like understand",
        ("integer times are read by their size; dates without a zone, of candles, as days of UTC",
         "a date or time of a candle is that of its open", "times of day without a zone need time_zone",
         "what was understood is told", "Parquet files are read as well"),
        _reader(kind), ("time_zone", "interval") if kind == "candles" else ("time_zone",),
    )
    for kind, columns in _COLUMNS.items()
]  # fmt: skip
