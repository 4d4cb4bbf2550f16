"""Chunks: the NumPy views of a piece that the engine reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from barter_bt.columns.memory import array
from barter_bt.data.schema import NUMBERS, SCHEMAS, TIME, TIME_NAMES
from barter_bt.errors import DataError, nearest


@dataclass(eq=False)
class Chunk:
    """Some consecutive rows of one source, as read-only C-contiguous arrays without nulls.

    Parameters
    ----------
    rows
        Number of rows.
    first_row
        Row of the source (counted from 0) at which the chunk starts.
    source
        File name or ``"<frame>"``.
    columns
        Canonical name to array: times int64 nanoseconds UTC, ``instrument`` int32 codes,
        ``side`` int8 (+1 buy or bid, -1 sell or ask, 0 unknown or none), ``snapshot`` int8, numbers of messages int64,
        actions int8, order ids int64,
        everything else float64; of a stream of orders levels, and what ``data/orders.py`` says.
    own
        The user's own columns that were asked for, float64 by row, then column; NaN for a null.
    flags
        Of a book stream, int8: what each row does to its book; such a chunk holds whole messages.
    sound
        Whether rows are candles that have been looked at and are good for certain: those of an instrument are stamped
        one later than the other, and have prices above 0 that low and high span.
    """

    rows: int
    first_row: int
    source: str
    columns: dict[str, np.ndarray]
    own: np.ndarray | None = None
    flags: np.ndarray | None = None
    sound: bool = False

    def row_of(self, row: int) -> int:
        """The row of the source that a row is of."""
        return int(self.columns["_row"][row]) if "_row" in self.columns else self.first_row + row


def to_chunk(
    piece: pl.DataFrame, kind: str, codes: Mapping[str, int], instrument: str | None, *, source: str, first_row: int
) -> Chunk:
    """Make the chunk of a canonical piece without nulls, sharing its memory where the type allows.

    Raises
    ------
    DataError
        For an instrument that ``codes`` does not know.
    """
    assert all(not series.null_count() for series in piece), "nulls are refused before"
    assert all(piece[name].dtype == TIME for name in TIME_NAMES if name in piece.columns), "times are canonical"
    columns: dict[str, np.ndarray] = {}
    for name in SCHEMAS[kind].names:
        if name == "instrument" and instrument is not None:
            columns[name] = _all_of(_code(instrument, codes, source, None), piece.height)
        elif name == "instrument":
            columns[name] = _codes(piece[name], codes, source, first_row)
        elif name in piece.columns:
            columns[name] = to_array(piece[name])
        elif name not in ("time_received", *NUMBERS):
            columns[name] = np.zeros(piece.height, np.int8 if name in ("side", "snapshot") else np.float64)
        if name in columns:
            columns[name].flags.writeable = False
    return Chunk(piece.height, first_row, source, columns)


def to_array(column: pl.Series) -> np.ndarray:
    """Values of a column without nulls, times as int64; with none of the queries that Polars' own ways start."""
    values = column.to_numpy()
    return values.view(np.int64) if values.dtype.kind == "M" else values


def _codes(names: pl.Series, codes: Mapping[str, int], source: str, first_row: int) -> np.ndarray:
    """Codes of instruments, all of which must be known."""
    found = look_up(names, codes)
    if len(found) and int(found.min()) < 0:
        row = int(np.argmin(found))
        _code(str(names[row]), codes, source, first_row + row)
    return found


def look_up(names: pl.Series, codes: Mapping[str, int]) -> np.ndarray:
    """Names as int32 codes, -1 if unknown: by physical category, never a comparison of text per row.

    Examples
    --------
    >>> look_up(pl.Series(["a_usd", "b_usd", "a_usd"]), {"a_usd": 7}).tolist()
    [7, -1, 7]
    """
    dtype = names.dtype  # each time it is asked for, its categories are put together
    if isinstance(dtype, pl.Enum) and len(dtype.categories) == 1:
        return _all_of(codes.get(dtype.categories[0], -1), len(names))
    if dtype == pl.String and is_of_one(names):
        return np.full(len(names), codes.get(names[0], -1), np.int32)
    lookup, categories = by_category(names, codes)
    in_order = np.array_equal(lookup, np.arange(len(lookup)))  # then a cast does, at a fifth of the time
    found = array(len(categories), np.int32)
    if in_order:
        np.copyto(found, categories, casting="unsafe")
    else:
        np.take(lookup, categories, out=found, mode="clip")  # none is outside
    return found


def is_of_one(texts: pl.Series) -> bool:
    """Whether there are texts, all the same.

    Examples
    --------
    >>> is_of_one(pl.Series(["a", "a"])), is_of_one(pl.Series(["a", None]))
    (True, False)
    """
    if not len(texts) or texts.null_count() or texts[0] != texts[-1]:
        return False
    return bool((texts == texts[0]).all())


@lru_cache(maxsize=2)
def _all_of(code: int, rows: int) -> np.ndarray:
    """The column of one instrument; chunks of one length share it, since memory that is new is slow."""
    codes = np.full(rows, code, np.int32)
    codes.flags.writeable = False
    return codes


def by_category(names: pl.Series, codes: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The code of each category, and the category of each row."""
    dtype = names.dtype
    if dtype == pl.String:
        names = names.cast(pl.Categorical)
    if isinstance(dtype, pl.Enum):
        known = dtype.categories.to_list()
        physical = list(range(len(known)))
    else:
        distinct = names.unique()
        known, physical = distinct.cast(pl.String).to_list(), distinct.to_physical().to_list()
    lookup = np.full(max(physical, default=-1) + 1, -1, np.int32)
    lookup[physical] = [codes.get(name, -1) for name in known]
    return lookup, names.to_physical().to_numpy()


def _code(name: str, codes: Mapping[str, int], source: str, row: int | None) -> int:
    if name in codes:
        return codes[name]
    where = "" if row is None else f" in row {row}"
    guess = nearest(name.lower(), codes)
    hint = f"did you mean {guess!r}? " if guess else ""
    raise DataError(
        f"{source}: instrument {name!r}{where} is not declared; declared: {', '.join(sorted(codes)) or 'none'}",
        f"{hint}declare the instrument, or filter its rows out",
    )
