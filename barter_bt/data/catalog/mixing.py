"""Whether rows are of the sort that a catalog has of their instrument."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from barter_bt.data.canonical import Adjusted, adjusted_words
from barter_bt.data.catalog.coverage import Key, where
from barter_bt.data.catalog.manifest import Entry, Origin
from barter_bt.errors import DataError

_LENGTH = (pl.col("time_exchange") - pl.col("time_open")).dt.total_nanoseconds().median()
_TWICE = 2.0  # days are of 23 to 25 hours, months of 28 to 31 days
_ROWS = 1_000


def refuse_other_length(
    rows: pl.DataFrame, key: Key, there: Sequence[Entry], name: str, path_of: Callable[[Entry], Path]
) -> None:
    """Refuse candles of another length than those of the same instrument and exchange.

    Raises
    ------
    DataError
        They are at least twice as long, or half as long at most.
    """
    if key[0] != "candles" or not there:
        return
    columns = ["time_exchange", "time_open"]
    before = pl.read_parquet(path_of(there[-1]), columns=columns, n_rows=_ROWS, hive_partitioning=False)
    new, old = (frame.head(_ROWS).select(_LENGTH).item() for frame in (rows, before))
    if new >= _TWICE * old or old >= _TWICE * new:
        raise DataError(
            f"{where(key)}: candles of {name} last {_told(new)}, and those of the catalog {_told(old)}",
            f'give them a name of their own, such as instrument="{key[2]}-{_told(new).replace(" ", "")}", or a catalog',
        )


def refuse_otherwise_adjusted(adjusted: Adjusted | None, key: Key, there: Sequence[Entry], name: str) -> None:
    """Refuse prices that are adjusted otherwise than those of the same instrument and exchange.

    Raises
    ------
    DataError
        They are.
    """
    if there and there[0].adjusted != adjusted:
        raise DataError(
            f"{where(key)}: prices of {name} are {adjusted_words(adjusted)}, and those of the catalog "
            f"{adjusted_words(there[0].adjusted)}",
            "say it as it is; prices of two kinds have two names, or two catalogs",
        )


def other_sources(key: Key, there: Sequence[Entry], origins: Sequence[Origin]) -> Iterator[str]:
    """Tell of rows that another importer read than those that are there."""
    before = {one.importer for entry in there for one in entry.origins} - {""}
    for importer in sorted({one.importer for one in origins} - before - {""}):
        if before:
            yield f"{where(key)}: rows of {importer} stand beside those of {', '.join(sorted(before))}"


def _told(length_ns: float) -> str:
    """A length in the largest unit that it has a whole number of.

    Examples
    --------
    >>> _told(3.6e12), _told(9e10)
    ('1 h', '90 s')
    """
    for unit, ns in (("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000)):
        if length_ns % ns == 0:
            return f"{length_ns / ns:g} {unit}"
    return f"{length_ns / 1e9:g} s"
