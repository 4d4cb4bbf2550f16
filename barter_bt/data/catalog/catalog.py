"""The catalog: what is asked of it, and how files get into it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.canonical import Adjusted
from barter_bt.data.catalog.adding import Added, Overlap
from barter_bt.data.catalog.contents import Contents
from barter_bt.data.catalog.importing import import_files, import_stream
from barter_bt.data.catalog.places import Directory, Place
from barter_bt.data.catalog.recorded import import_session
from barter_bt.data.catalog.stores import Store, copy_catalog
from barter_bt.data.catalog.verifying import problems
from barter_bt.data.flows import CashFlows
from barter_bt.data.importers.loading import paths_of
from barter_bt.data.repair import Repair
from barter_bt.data.schema import TIME
from barter_bt.data.stream import Stream
from barter_bt.errors import ConfigError


class Catalog(Contents):
    """Market data in a directory: plain Parquet that anything reads, and a manifest of what is there.

    Times at the venue decide what belongs to a day (UTC). Trades, quotes and books have a directory for each day, all
    else one for each year, named by its first day. All rows were checked when they came in.

    Parameters
    ----------
    path
        The directory; it is made by the first import. Or the URL of one in a store of objects, such as
        ``"s3://bucket/market"``, which is read alone: fsspec copies each file when it is first needed.
    copies
        Where the copies of a store's files are kept; by default in the user's cache.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from barter_bt.data import generate, trades
    >>> with TemporaryDirectory() as folder:
    ...     catalog = Catalog(folder)
    ...     added = catalog.add_stream(trades(generate.trades(100, instruments=1)), exchange="simulated")
    ...     added.rows, catalog.trades("walk0_usd").rows, catalog.verify()
    (100, 100, ())
    """

    def __init__(self, path: str | Path, *, copies: str | Path | None = None) -> None:
        self._at = str(path)
        if isinstance(path, Path) and re.match(r"[a-z][a-z0-9+.-]+:/[^/]", self._at):
            raise ConfigError(f"catalog {self._at} is a URL that became a path, and lost a slash", "give it as text")
        self.place: Place
        if "://" in self._at:
            self.place = Store(self._at, None if copies is None else Path(copies))
        elif copies is not None:
            raise ConfigError(f"copies is {str(copies)!r}, and the catalog {self._at} is a directory", "leave it out")
        else:
            self.place = Directory(Path(path))

    @property
    def path(self) -> Path:
        """Its directory.

        Raises
        ------
        ConfigError
            It is in a store.
        """
        if not isinstance(self.place, Directory):
            raise ConfigError(
                f"the catalog {self._at} is in a store, which is read alone",
                f'change or verify it in a directory, then Catalog("DIRECTORY").copy_to({self._at!r})',
            )
        return self.place.root

    def __repr__(self) -> str:
        return f"Catalog({self._at!r})"

    @property
    def files(self) -> pl.DataFrame:
        """A row for each file.

        Kind, exchange, instrument, date, rows, first and last time, bytes, sources, path, what prices are adjusted for.
        """
        rows = [
            (one.kind, one.exchange, one.instrument, one.date, one.rows, one.time_first, one.time_last, one.bytes,
             [origin.name for origin in one.origins], one.path, one.adjusted)
            for one in self._manifest().files
        ]  # fmt: skip
        text, whole = pl.String, pl.Int64
        schema: dict[str, Any] = dict.fromkeys(("kind", "exchange", "instrument", "date"), text)
        schema |= dict.fromkeys(("rows", "time_first", "time_last", "bytes"), whole)
        frame = pl.DataFrame(rows, {**schema, "sources": pl.List(text), "path": text, "adjusted": text}, orient="row")
        return frame.with_columns(pl.col("time_first", "time_last").cast(TIME))

    def add(
        self,
        kind: str,
        *files: str | Path,
        exchange: str,
        instrument: str | Mapping[str, str] | None = None,
        interval: str | None = None,
        time_zone: str | None = None,
        amount: float | None = None,
        repair: Repair | None = None,
        clock_offset: str | int | None = None,
        negative_prices: Sequence[str] = (),
        overlap: Overlap = "refuse",
        adjusted: Adjusted | None = None,
    ) -> Added:
        """Import files of a known layout: all of them, or none if one of them is refused.

        A file that was imported before, in the same way, is skipped. Files are read one after the other.

        Parameters
        ----------
        kind, files, instrument, interval, time_zone, amount, repair, clock_offset, adjusted
            As for :func:`~barter_bt.data.load`.
        exchange
            Where the data is from, such as ``"binance_spot"``.
        negative_prices
            Names of the instruments whose prices can be 0 or below (rule 76); of others they are refused.
        overlap
            What is done with rows at times that the catalog covers: ``"refuse"`` is an error; with ``"merge"`` they
            must be the same rows as those that are there, and only the others are added.

        Raises
        ------
        ConfigError, DataError
            As for :func:`~barter_bt.data.load`; rows that a check calls wrong; an overlap. The catalog is as it was.
        EngineError
            It could not be written. The catalog is as it was.
        """
        given = {
            **{"instrument": instrument, "interval": interval, "time_zone": time_zone, "amount": amount},
            **{"repair": repair, "clock_offset": clock_offset, "adjusted": adjusted},
        }
        said = {name: value for name, value in given.items() if value is not None}
        return import_files(self.path, kind, paths_of(kind, files), exchange, overlap, said, negative_prices)

    def add_session(
        self, directory: str | Path, *, interval: str | None = None, repair: Repair | None = None,
        clock_offset: str | int | None = None, overlap: Overlap = "refuse",
    ) -> Added:  # fmt: skip
        """Import what a recorded session heard of markets: trades, quotes, candles and books, under its exchanges.

        Each kind of an exchange is all or nothing; parts that were imported before are skipped.

        Parameters
        ----------
        directory
            Of the recording; also of one that was killed.
        interval
            Length of its candles, if that is not the usual distance of their ends.
        repair, clock_offset, overlap
            As for :meth:`add`.

        Raises
        ------
        ConfigError, DataError, EngineError
            As for :meth:`add`; the directory is no recording.
        """
        given = {"interval": interval, "repair": repair, "clock_offset": clock_offset}
        said = {name: value for name, value in given.items() if value is not None}
        return import_session(self.path, Path(directory), overlap, said)

    def add_stream(self, stream: Stream | CashFlows, *, exchange: str, overlap: Overlap = "refuse") -> Added:
        """Put the rows of a stream, or cash flows, into the catalog; parameters as for :meth:`add`.

        Prices of 0 and below go in as :meth:`Stream.with_negative_prices` gives them.

        Raises
        ------
        ConfigError, DataError, EngineError
            As for :meth:`add`; cash flows of a kind that a catalog does not hold.
        """
        return import_stream(self.path, stream, exchange, overlap)

    def copy_to(self, url: str) -> int:
        """Copy what is not there yet into a store of objects, the manifest last; give the number of files copied.

        Parameters
        ----------
        url
            Such as ``"s3://bucket/market"``. A reader there sees the old state until the manifest is replaced.

        Raises
        ------
        MissingPackageError, ConnectionFailed
            fsspec is not installed, or the store could not be written.
        """
        return copy_catalog(self.path, url)

    def verify(self) -> tuple[str, ...]:
        """Read every file and hold it against the manifest; what is not as it was, in words."""
        return problems(self.path)
