"""Files of a catalog as one source, opened one after the other when their rows are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property

import polars as pl

from barter_bt.data.catalog.kinds import type_of
from barter_bt.data.catalog.manifest import Entry
from barter_bt.data.catalog.places import Place
from barter_bt.data.report import Finding
from barter_bt.data.source import ParquetSource
from barter_bt.errors import DataError

_AT = "time_exchange"


class CatalogSource:
    """Rows of one kind and instrument between two times; nothing is opened before rows are asked for.

    Parameters
    ----------
    place
        Where the catalog is.
    entries
        Files of it, by time, with rows between the two times.
    start, end
        The first time, and the first time after it, ns since 1970; those of the data that is there by default.
    label
        What it is called in messages.
    doubts
        What a check and a run tell of it.

    Attributes
    ----------
    exchange, instrument
        Where the rows are from.
    """

    def __init__(
        self, place: Place, entries: Sequence[Entry], start: int | None, end: int | None, label: str,
        doubts: tuple[Finding, ...] = (),
    ) -> None:  # fmt: skip
        self.label, self.notes, self.doubts = label, (), doubts
        self.exchange, self.instrument = entries[0].exchange, entries[0].instrument
        self._place = place
        self._start, self._end = start, end
        self._entries = list(entries)
        columns = entries[0].columns
        self.schema = pl.Schema({name: type_of(name) for name in columns})

    def _cuts(self, entry: Entry) -> bool:
        """Whether only some rows of a file are wanted."""
        before = self._start is not None and entry.time_first < self._start
        return before or (self._end is not None and entry.time_last >= self._end)

    @property
    def _wanted(self) -> pl.Expr:
        at = pl.col(_AT).to_physical()
        wanted = pl.lit(True) if self._start is None else at >= self._start
        return wanted if self._end is None else wanted & (at < self._end)

    @cached_property
    def rows(self) -> int:
        """Number of rows; of files that are cut the times are read."""
        whole = sum(entry.rows for entry in self._entries if not self._cuts(entry))
        cut = [self._frames(entry, [_AT]) for entry in self._entries if self._cuts(entry)]
        return whole + sum(frame.height for frames in cut for frame in frames)

    def pieces(self, columns: Sequence[str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """First row and frame of one chunk, in order; rows count from the first that is wanted."""
        start = 0
        for entry in self._entries:
            for frame in self._frames(entry, columns):
                yield start, frame
                start += frame.height

    def edges(self, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Read the first and the last row; there must be one."""
        first = next(frame for entry in self._entries for frame in self._frames(entry, columns))
        for entry in reversed(self._entries):
            last = [frame.tail(1) for frame in self._frames(entry, columns)]
            if last:
                return first.head(1), last[-1]
        raise DataError(f"{self.label}: there are no rows")

    def lazy(self) -> pl.LazyFrame:
        """Give the whole source."""
        paths = [self._place.checked(entry) for entry in self._entries]
        whole = pl.scan_parquet(paths, hive_partitioning=False)
        return whole.filter(self._wanted) if any(map(self._cuts, self._entries)) else whole

    def sha256(self) -> str:
        """Checksum of the checksums of the files, and of the times."""
        sums = [entry.sha256 for entry in self._entries]
        return hashlib.sha256("\n".join([*sums, str(self._start), str(self._end)]).encode()).hexdigest()

    def _frames(self, entry: Entry, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        source = ParquetSource(self._place.checked(entry))
        if not self._cuts(entry):
            yield from (frame for _, frame in source.pieces(list(columns)))
            return
        for _, frame in source.pieces(list(dict.fromkeys([*columns, _AT]))):
            kept = frame.filter(self._wanted).select(columns)
            if kept.height:
                yield kept
