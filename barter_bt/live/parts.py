"""Rows that are kept as they come, so that a killed program has lost none: the files of a recording.

A directory has parts, each a Parquet file of so many rows, and a journal of JSON lines with what has come since the
last part. A part is written under a temporary name, flushed, and put in its place before its journal goes.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import polars as pl

from barter_bt.errors import ConfigError, DataError, EngineError
from barter_bt.files import flush, replacing, write_parquet

PART, JOURNAL = "part-{:06d}.parquet", "part-{:06d}.jsonl"
Row: TypeAlias = tuple[Any, ...]


class SessionWarning(UserWarning):
    """A recording ends in the middle of something, or a session before all that it sent was answered."""


@dataclass(frozen=True)
class Layout:
    """The columns of a recording.

    Parameters
    ----------
    schema
        Their types in a journal.
    times
        Those among them that are ns since 1970, and times in a part.
    """

    schema: dict[str, Any]
    times: tuple[str, ...]

    def frame(self, rows: Sequence[Row] = ()) -> pl.DataFrame:
        """Rows as a part has them."""
        made = pl.DataFrame(rows, self.schema, orient="row")
        return made.with_columns(pl.col(self.times).cast(pl.Datetime("ns", "UTC")))


class Parts:
    """Writes rows.

    Parameters
    ----------
    directory
        Where.
    layout
        Of the rows.
    rows_per_part
        Rows of a Parquet file; what comes together stays together.

    Raises
    ------
    ConfigError
        The number is not positive.
    """

    def __init__(self, directory: Path, layout: Layout, rows_per_part: int) -> None:
        if rows_per_part <= 0:
            raise ConfigError(f"rows_per_part is {rows_per_part}; it must be positive")
        self.directory, self._layout, self._rows_per_part = directory, layout, rows_per_part
        self._rows: list[Row] = []
        self._part = 0
        self._journal: TextIO | None = None

    def _make(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.directory} cannot be made: {error}") from error

    def _open(self) -> None:
        self._journal = (self.directory / JOURNAL.format(self._part)).open("x", encoding="utf-8")

    def _go_on_behind(self, parts: Sequence[pl.DataFrame]) -> None:
        """Go on behind what is there; the last part is made of what a killed program has left in its journal."""
        self._part = len(parts)
        journal = self.directory / JOURNAL.format(self._part - 1)
        if journal.exists():
            with replacing(self.directory / PART.format(self._part - 1)) as file:
                write_parquet(parts[-1], file)
            journal.unlink()

    def _make_room(self) -> None:
        """Begin a new part if the present one is full."""
        if len(self._rows) >= self._rows_per_part:
            self._put_part()

    def _write(self, rows: Sequence[Row]) -> None:
        assert self._journal is not None, "a recorder is begun before anything is seen"
        self._rows += rows
        try:
            self._journal.write("".join(json.dumps(row) + "\n" for row in rows))
            self._journal.flush()
        except OSError as error:
            raise EngineError(
                f"{self._journal.name} cannot be written: {error}", "nothing more is processed"
            ) from error

    def _put_part(self, *, last: bool = False) -> None:
        assert self._journal is not None
        with replacing(self.directory / PART.format(self._part)) as file:
            write_parquet(self._layout.frame(self._rows), file)
        self._journal.close()
        (self.directory / JOURNAL.format(self._part)).unlink()
        flush(self.directory)
        self._rows, self._part, self._journal = [], self._part + 1, None
        if not last:
            self._open()


def read_parts(place: Path, layout: Layout) -> list[pl.DataFrame]:
    """Read all that was kept, also by a program that was killed.

    Warns
    -----
    SessionWarning
        The last row was not written whole.

    Raises
    ------
    DataError
        A part is missing or damaged.
    """
    parts: list[pl.DataFrame] = []
    while (path := place / PART.format(len(parts))).exists():
        try:
            parts.append(pl.read_parquet(path))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{path} cannot be read: {error}") from None
    missing = [p.name for p in sorted(place.glob("part-*")) if int(p.stem[5:]) > len(parts)]
    if missing:
        raise DataError(f"{place / PART.format(len(parts))} is missing, and there is {missing[0]}")
    journal = place / JOURNAL.format(len(parts))
    if journal.exists():
        parts.append(_read_journal(journal, layout))
    return parts


def _read_journal(path: Path, layout: Layout) -> pl.DataFrame:
    lines = path.read_bytes().split(b"\n")
    if lines.pop():
        warnings.warn(f"{path}: its last line is torn; that event was never processed", SessionWarning, stacklevel=4)
    try:
        return layout.frame([tuple(json.loads(line)) for line in lines])
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from None
