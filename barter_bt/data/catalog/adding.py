"""Rows that go into a catalog: checked, cut by period, and held against what is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from barter_bt.data.canonical import Adjusted
from barter_bt.data.catalog.coverage import ends, refuse_common, union, where, without_common
from barter_bt.data.catalog.kinds import layout_of, uniform
from barter_bt.data.catalog.manifest import Entry, Origin
from barter_bt.data.catalog.mixing import other_sources, refuse_other_length, refuse_otherwise_adjusted
from barter_bt.data.catalog.periods import between, by_instrument, by_period
from barter_bt.data.catalog.staging import Staging
from barter_bt.errors import ConfigError, DataError, nearest
from barter_bt.instrument import EXCHANGES

Overlap: TypeAlias = Literal["refuse", "merge"]


@dataclass
class Added:
    """What an import did.

    Attributes
    ----------
    files, rows
        How many Parquet files were written, and rows in them.
    known
        Rows that were in the catalog already (``overlap="merge"``).
    skipped
        Files of which the catalog has all rows: they were imported before, in the same way.
    notes
        What importers told, and what a check warned of.
    """

    files: int = 0
    rows: int = 0
    known: int = 0
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def name_of(text: str, what: str) -> str:
    """A name that can be that of a directory.

    Raises
    ------
    ConfigError
        It has characters that directories or hive's partitions do not take.
    """
    if not text or text.startswith(".") or not all(one.isalnum() or one in "._-+@" for one in text):
        raise ConfigError(
            f"{what} {text!r} cannot be a directory of a catalog; allowed are letters, digits and . _ - + @",
            'name it: instrument="btc_usdt", or instrument={"BTC/USDT": "btc_usdt"} by symbol',
        )
    return text


class Writer:
    """Collects rows in order of time and writes a file for each period of an instrument.

    Parameters
    ----------
    staging
        Where they go.
    exchange
        Theirs.
    overlap
        What is done with rows at times that the catalog covers: ``"refuse"`` is an error; with ``"merge"`` they must
        be the same rows as those that are there, and only the others are added.
    adjusted
        What prices are adjusted for (rule 108), as those that are there must be, too.
    """

    def __init__(self, staging: Staging, exchange: str, overlap: Overlap, adjusted: Adjusted | None = None) -> None:
        if overlap not in ("refuse", "merge"):
            raise ConfigError(f"overlap is {overlap!r}; allowed: 'refuse', 'merge'")
        self._staging, self._exchange, self._overlap = staging, name_of(exchange, "exchange"), overlap
        self._adjusted = adjusted
        self._open: dict[tuple[str, str], tuple[list[pl.DataFrame], list[Origin], list[str]]] = {}
        self.added = Added()
        known = {one.exchange for one in staging.manifest.files} or set(EXCHANGES)
        guess = nearest(exchange, known)
        if exchange not in known and guess:
            self.added.notes = (f"exchange {exchange!r} is new here, where {guess!r} is known",)

    def add(self, kind: str, rows: pl.DataFrame, origin: Origin, notes: Iterable[str] = ()) -> None:
        """Take rows of one source, in order of time, with a column ``instrument``."""
        if not rows.height:
            return
        for instrument, part in by_instrument(rows):
            name = name_of(instrument, "instrument")
            for date, period in by_period(kind, part):
                self._take(kind, name, date, period, origin, list(notes))

    def _take(
        self, kind: str, instrument: str, date: str, part: pl.DataFrame, origin: Origin, notes: list[str]
    ) -> None:
        rows = uniform(kind, part)
        here = (instrument, date)
        for other in [one for one in self._open if one[0] == instrument and one != here]:
            self._flush(kind, other)
        if here in self._open:
            last = self._open[here][0][-1]
            at = layout_of(kind).at
            if last.columns != rows.columns or last[at][-1] >= rows[at][0]:
                self._flush(kind, here)
        frames, origins, told = self._open.setdefault(here, ([], [], []))
        frames.append(rows)
        origins.append(origin)
        told += notes

    def finish(self, kind: str) -> None:
        """Write what is still open."""
        for one in list(self._open):
            self._flush(kind, one)

    def _flush(self, kind: str, one: tuple[str, str]) -> None:
        instrument, date = one
        frames, origins, notes = self._open.pop(one)
        key = (kind, self._exchange, instrument)
        rows = pl.concat(frames)
        there = self._staging.of(key)
        if there and tuple(rows.columns) != there[0].columns:
            raise DataError(
                f"{where(key)}: rows with the columns {', '.join(rows.columns)} do not go with those of the catalog, "
                f"which have {', '.join(there[0].columns)}",
                "give all of them the same, such as times of arrival, or none; or name another exchange",
            )
        refuse_other_length(rows, key, there, origins[0].name, self._staging.path_of)
        refuse_otherwise_adjusted(self._adjusted, key, there, origins[0].name)
        self.added.notes += tuple(set(other_sources(key, there, origins)) - set(self.added.notes))
        at = layout_of(kind).at
        spans = [ends(frame, at) for frame in frames]
        there = [one for one in there if one.time_first <= spans[-1][1] and spans[0][0] <= one.time_last]
        if self._overlap == "refuse":
            refuse_common(rows, at, key, there, origins[0].name)
        new = without_common(rows, at, key, there, origins[0].name, self._staging.path_of)
        self.added.known += rows.height - new.height
        self.added.rows += new.height
        rows = new
        for entry in there:  # rows between the sources of a file that is there join it
            inside = pl.col(at).to_physical().is_between(entry.time_first, entry.time_last)
            joining = rows.filter(inside)
            if joining.height:
                rows = rows.filter(~inside)
                self._join(entry, joining, at, spans, origins, notes)
        for part in between(rows, at, [one.time_first for one in there]):
            first, last = ends(part, at)
            covered = [(max(first, start), min(last, end)) for start, end in spans if start <= last and first <= end]
            self._staging.write(part, key, date, covered, origins, notes, self._adjusted)
            self.added.files += 1

    def _join(
        self, entry: Entry, rows: pl.DataFrame, at: str, spans: list[tuple[int, int]], origins: list[Origin],
        notes: list[str],
    ) -> None:  # fmt: skip
        """Write a file anew, with rows at times between its sources."""
        old = pl.read_parquet(self._staging.path_of(entry), hive_partitioning=False)
        within = [(max(entry.time_first, one), min(entry.time_last, other)) for one, other in spans]
        covered = union([*entry.spans, *((one, other) for one, other in within if one <= other)])
        self._staging.replace(entry)
        self._staging.write(
            pl.concat([old, rows]).sort(at, maintain_order=True), entry.key, entry.date, covered,
            [*entry.origins, *origins], [*entry.notes, *notes], entry.adjusted,
        )  # fmt: skip
        self.added.files += 1
