"""Parts that importers are made of: packed CSV files, exact times, sides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import polars as pl

from barter_bt.data.duration import NANOSECONDS
from barter_bt.data.read import unpacked
from barter_bt.data.schema import TIME
from barter_bt.data.source import CsvSource, Source, open_source
from barter_bt.errors import DataError

TEXT, FLOAT, INT = pl.String(), pl.Float64(), pl.Int64()
_YEAR_5138_MS = 10**14  # a time in ms is below, one in us above


def content(path: Path, member: str | None = None) -> bytes:
    """The bytes of a file, unpacked by its ending: ``.gz``, ``.zst``, or the only file of a ``.zip``."""
    _plain(path)
    if path.suffix.lower() == ".zip":
        found = unpacked(path, member)
        assert isinstance(found, bytes), "of a .zip"
        return found
    import pyarrow as pa

    packing = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix.lower())
    try:
        with pa.input_stream(str(path), compression=packing) as stream:
            whole: bytes = stream.read()
            return whole
    except OSError as error:
        raise DataError(
            f"{path.name}: cannot be read: {error}", "the file may be cut off: download it again"
        ) from error


def columnar(path: Path) -> Source:
    """Open a Parquet or CSV file with names of columns, whatever a CSV file's name ends in."""
    return CsvSource(path) if path.suffix.lower() in (".txt", "") and path.is_file() else open_source(path)


def table(
    path: Path,
    columns: Mapping[str, pl.DataType],
    *,
    header: Literal["never", "maybe", "names"],
    only: Sequence[str] | None = None,
    separator: str = ",",
    data: bytes | None = None,
) -> pl.DataFrame:
    """Read a CSV file of a known layout.

    Parameters
    ----------
    path
        The file.
    columns
        Name and type of each column, in order; of a file with ``header="names"`` those that are needed, in any order.
    header
        Whether a first line of names is there: ``"never"``, ``"maybe"`` (then the columns go by their places), or
        ``"names"`` (then they go by these names, and others may stand between them).
    only
        The columns that are wanted: of the others only the first rows are read, to tell whether it is this layout.
    separator
        One character.
    data
        Its content, if that is known already.

    Raises
    ------
    DataError
        The file is not of this layout: it names the columns, or the value that does not fit.
    """
    source = data if data is not None else (content(path) if path.suffix.lower() in _PACKED else _plain(path))
    head = source[:_HEAD] if isinstance(source, bytes) else _head(path)
    first = head[: head.find(b"\n") + 1 or len(head)].decode("utf-8", "replace").strip("\r\n\ufeff")
    fields = [one.strip().strip('"') for one in first.split(separator)]
    schema, has_header = dict(columns), header == "names" or (header == "maybe" and not _is_number(fields[0]))
    if header == "names":
        missing = [name for name in columns if name not in fields]
        if missing:
            raise DataError(f"{path.name}: there are no columns {missing}; there are {fields}", _OTHER)
        schema = {name: columns.get(name, TEXT) for name in fields}
    elif head and len(fields) != len(columns):
        raise DataError(
            f"{path.name}: a row has {len(fields)} fields, not the {len(columns)} of {list(columns)}", _OTHER
        )
    if not head.strip() or (has_header and not head[head.find(b"\n") + 1 or len(head) :].strip()):
        return pl.DataFrame(schema={name: schema[name] for name in only or columns})
    wanted = [name for name in schema if name in (only or columns)]
    options: dict[str, Any] = {"has_header": False, "skip_lines": int(has_header), "separator": separator}
    try:
        if only:
            pl.read_csv(head[: head.rfind(b"\n") + 1 or len(head)], schema=schema, **options)
        places = [place for place, name in enumerate(schema) if name in wanted]
        frame = pl.read_csv(source, schema=schema, columns=places, **options)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path.name}: {str(error).splitlines()[0]}", _OTHER) from error
    return frame.select(list(only or columns))


_PACKED = (".gz", ".zst", ".zip")
_HEAD = 1 << 16


def _plain(path: Path) -> Path:
    """A file that Polars can read by itself, if it is there."""
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}", f"the current directory is {str(Path.cwd())!r}")
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


_OTHER = "is it of another kind? barter_bt.data.IMPORTERS lists what is known"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d*)?([eE][+-]?\d+)?", text) is not None


def since_1970(column: str, unit: str) -> pl.Expr:
    """Integer times as ``Datetime[ns, UTC]``."""
    return (pl.col(column) * NANOSECONDS[unit]).cast(TIME)


def ms_or_us(column: str) -> pl.Expr:
    """Integer times that count milliseconds, or microseconds where they are too large for that."""
    time = pl.col(column)
    return pl.when(time < _YEAR_5138_MS).then(time * 1_000_000).otherwise(time * 1_000).cast(TIME)


def decimal_ns(column: str, unit: str = "s") -> pl.Expr:
    """Text such as ``"1704326400.1"`` in nanoseconds, to the last digit: a float would round it."""
    parts = pl.col(column).str.split_exact(".", 1)
    digits = len(str(NANOSECONDS[unit])) - 1
    whole = parts.struct.field("field_0").cast(pl.Int64, strict=False) * NANOSECONDS[unit]
    part = parts.struct.field("field_1").fill_null("").str.pad_end(digits, "0").str.slice(0, digits)
    return whole + part.cast(pl.Int64, strict=False)


def local_time(text: pl.Expr, form: str, zone: str) -> pl.Expr:
    """Text as a time of the clocks of a zone."""
    return text.str.to_datetime(form, time_unit="ns", strict=False).dt.replace_time_zone(
        zone, ambiguous="null", non_existent="null"
    )


def of_day(ns: pl.Expr, day: date, zone: str) -> pl.Expr:
    """Nanoseconds since midnight of a day as a time of the clocks of a zone."""
    midnight = pl.lit(day).cast(pl.Datetime("ns")).to_physical()
    return (midnight + ns).cast(pl.Datetime("ns")).dt.replace_time_zone(zone, ambiguous="null", non_existent="null")


def day_of(path: Path, pattern: str = r"(\d{4})-?(\d{2})-?(\d{2})") -> date:
    """The day that a file's name tells."""
    found = re.search(pattern, path.name)
    if found is None:
        raise DataError(f"{path.name}: the name tells no day, and the rows have only times of day", "keep its own name")
    year, month, day = map(int, found.groups())
    return date(year, month, day)


def side(column: str, *, buy: Sequence[str], sell: Sequence[str], none: Sequence[str] = ()) -> pl.Expr:
    """Sides by what they are called; what is called otherwise is null."""
    text = pl.col(column).cast(pl.String)
    found = pl.when(text.is_in(list(buy))).then(1).when(text.is_in(list(sell))).then(-1)
    return found.when(text.is_in(list(none))).then(0).cast(pl.Int8).alias("side")


def taker_side(column: str) -> pl.Expr:
    """The side of the aggressor, from whether the buyer was the maker."""
    return side(column, buy=["false", "False", "0"], sell=["true", "True", "1"])


def divided(column: str, by: int) -> pl.Expr:
    """Numbers over a constant, each the nearest float to the quotient.

    Polars multiplies by the reciprocal of a constant, and 1674200 over 10,000 is 167.42000000000002 then, off the grid.
    """
    return pl.col(column).map_batches(lambda one: pl.Series(one.name, one.to_numpy() / by), pl.Float64)
