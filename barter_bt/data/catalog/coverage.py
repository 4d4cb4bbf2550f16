"""Which times a catalog covers, and what is done with rows at them.

A source covers the times from its first to its last row: there are no other rows of its kind, exchange and instrument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from barter_bt.data.catalog.manifest import Entry
from barter_bt.errors import DataError

Key = tuple[str, str, str]


def refuse_common(rows: pl.DataFrame, at: str, key: Key, there: Sequence[Entry], name: str) -> None:
    """Refuse rows of a source at times from its first to its last that the catalog covers.

    Raises
    ------
    DataError
        There are such times.
    """
    first, last = ends(rows, at)
    for entry in there:
        for start, end in entry.spans:
            if start <= last and first <= end:
                raise DataError(
                    f"{where(key)}: {name} has rows from {iso(first)} to {iso(last)}, and the catalog has rows from "
                    f"{iso(start)} to {iso(end)} already",
                    'overlap="merge" adds what is not there, if the rows at common times are the same',
                )


def without_common(
    rows: pl.DataFrame, at: str, key: Key, there: Sequence[Entry], name: str, path_of: Callable[[Entry], Path]
) -> pl.DataFrame:
    """The rows at times that the catalog does not cover; those at others must be the ones that it has.

    Raises
    ------
    DataError
        They are not.
    """
    time = pl.col(at).to_physical()
    first, last = ends(rows, at)
    for entry in there:
        for start, end in entry.spans:
            if start > last or end < first:
                continue
            common = time.is_between(max(start, first), min(end, last))
            old = pl.read_parquet(path_of(entry), hive_partitioning=False)
            if not rows.filter(common).equals(old.filter(common)):
                raise DataError(
                    f"{where(key)}: between {iso(max(first, start))} and {iso(min(last, end))} the rows of {name} "
                    "differ from those of the catalog",
                    "one of the two is wrong, or was made otherwise: import into another catalog and compare",
                )
            rows = rows.filter(~common)
    return rows


def ends(rows: pl.DataFrame, at: str) -> tuple[int, int]:
    """The first and the last time of rows."""
    times = rows[at].to_physical()
    return int(times[0]), int(times[-1])


def union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same times, in spans that do not overlap.

    Examples
    --------
    >>> union([(4, 6), (1, 2), (2, 3)])
    [(1, 3), (4, 6)]
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def where(key: Key) -> str:
    """Kind, instrument and exchange, in words."""
    kind, exchange, instrument = key
    return f"{kind} of {instrument} at {exchange}"


def iso(time_ns: int) -> str:
    """A time as text, to the nanosecond where it is needed."""
    return f"{np.datetime64(time_ns, 'ns')}Z".replace(".000000000Z", "Z")
