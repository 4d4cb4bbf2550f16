"""What happens to instruments, in plain CSV or Parquet: funding, dividends, splits, prices, sessions, names, ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from barter_bt.data.convert import time
from barter_bt.data.importers.importer import Asked, Imported, Importer, Kind, Read
from barter_bt.data.importers.parsing import columnar
from barter_bt.errors import MISSPELT, ConfigError, DataError, nearest

_CALLED: Mapping[str, tuple[str, ...]] = {
    "time": ("date", "datetime", "timestamp", "ex_date", "calc_time"),
    "instrument": ("symbol", "ticker", "calendar"),
    "amount": ("dividend",),
    "ratio": ("split",),
    "rate": ("funding_rate",),
    "before": ("from", "old"),
    "after": ("to", "new"),
}
_TIMES = ("time", "pay_date", "open", "close")


def _reader(needed: tuple[str, ...], optional: tuple[str, ...]) -> Read:
    def read(path: Path, asked: Asked) -> Imported:
        frame = columnar(path).lazy().collect()
        called = {_name(name, frame.columns): name for name in frame.columns}
        missing = [name for name in needed if name not in called]
        if missing:
            raise DataError(
                f"{path.name}: there is no column {', '.join(map(repr, missing))}; it has {', '.join(frame.columns)}",
                f"it needs {', '.join(needed)}; beside them it may have {', '.join(optional)}",
            )
        names = [name for name in (*needed, *optional) if name in called]
        for name in optional:
            like = nearest(name, called.keys() - {*names}, MISSPELT) if name not in called else None
            if like is not None:
                raise DataError(
                    f"{path.name}: column {called[like]!r} is not read, and there is no {name!r}",
                    f"call it {name!r}, or drop it",
                )
        rows = frame.select(pl.col(called[name]).alias(name) for name in names)
        return Imported(_with_zones(rows, path, asked.time_zone))

    return read


def _name(given: str, others: list[str]) -> str:
    """What a column is called here, in any case; its own name comes first."""
    name = given.strip().lower().replace(" ", "_")
    lower = [one.strip().lower() for one in others]
    return next((ours for ours, theirs in _CALLED.items() if name in theirs and ours not in lower), name)


def _with_zones(rows: pl.DataFrame, path: Path, zone: str | None) -> pl.DataFrame:
    """Times in UTC; those that have no zone are times, or midnights, of the given one."""
    times = [name for name in rows.columns if name in _TIMES and rows.schema[name] != pl.Null]
    bare = [name for name in times if getattr(rows.schema[name], "time_zone", None) is None]
    if zone is not None and not bare:
        raise ConfigError(f"{path.name}: time_zone has no effect: all times have a zone", "leave it out")
    found = rows.with_columns(
        time(pl.col(name), rows.schema[name], f"{path.name}: column {name!r}", zone, None) for name in times
    )
    for name in times:
        lost = rows.select(name, found[name].alias("_utc")).with_row_index("row")
        lost = lost.filter(pl.col(name).is_not_null() & pl.col("_utc").is_null())
        if lost.height:
            row, given, _ = lost.row(0)
            raise DataError(
                f"{path.name}: {given} in row {row} of column {name!r} came twice or not at all, as clocks of {zone} "
                f"changed ({lost.height} row(s))", "write such times with their zone",
            )  # fmt: skip
    return found


_OWN = "the project's own"
_DATES = "dates and times without a zone need time_zone: a date is its midnight there"
_ANY = "names in any case and order; symbol or ticker is the instrument, date the time; others are not read"
_KINDS: dict[str, tuple[Kind, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "funding": ("funding", ("time", "rate"), ("instrument",), ("a rate is of this time, not of a year",)),
    "dividends": (
        "dividend", ("time", "amount"), ("instrument", "pay_date", "withholding"),
        ("time is the ex-date; the amount is per share, in the quote asset",),
    ),
    "splits": ("split", ("time", "ratio"), ("instrument",), ("a ratio is new units for old ones: 10:1, or 10",)),
    "settlement_prices": ("settlement", ("time", "price"), ("instrument",), ("of each the last until expiry counts",)),
    "sessions": (
        "sessions", ("open", "close"), ("instrument", "date"),
        ("the instrument is the name of the calendar", "a holiday has no row, a half day closes early"),
    ),
    "symbol_changes": (
        "symbol", ("time", "before", "after"), (), ("rows are in any order; rename_symbols follows the changes",)),
    "delistings": (
        "delisting", ("time",), ("instrument", "price"), ("the price is what is paid; empty: the last that was seen",)),
}  # fmt: skip
IMPORTERS = [
    Importer(
        f"csv_{name}", kind, ",".join(needed) + "".join(f"[,{one}]" for one in optional), _OWN,
        (*quirks, _ANY, _DATES, "Parquet files are read as well"), _reader(needed, optional), ("time_zone",),
    )
    for name, (kind, needed, optional, quirks) in _KINDS.items()
]  # fmt: skip
