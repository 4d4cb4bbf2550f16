"""The catalog: what is asked of it, and how files get into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.canonical import Options
from barter_bt.data.catalog.adding import Added, Overlap
from barter_bt.data.catalog.importing import import_files, import_stream
from barter_bt.data.catalog.manifest import Entry, read_manifest
from barter_bt.data.catalog.reading import CatalogSource
from barter_bt.data.catalog.verifying import problems
from barter_bt.data.flows import CashFlows, funding
from barter_bt.data.repair import Repair
from barter_bt.data.schema import TIME
from barter_bt.data.stream import Stream
from barter_bt.errors import ConfigError, nearest

Moment = datetime | str | None


class Catalog:
    """Market data in a directory: plain Parquet that anything reads, and a manifest of what is there.

    Times at the venue decide what belongs to a day (UTC). Trades and quotes have a directory for each day, candles and
    rates of funding one for each year, named by its first day. All rows were checked when they came in.

    Parameters
    ----------
    path
        The directory; it is made by the first import.

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

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"

    def trades(
        self, instrument: str, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> Stream:
        """Trades of an instrument, as a stream whose files are opened when their rows are read.

        Parameters
        ----------
        instrument
            Its name in the catalog.
        start, end
            The first time, and the first time after it: datetimes with a zone, or ISO texts (without a zone UTC).
        exchange
            Where; needed if the catalog has the instrument of several.

        Raises
        ------
        ConfigError
            There is no such data, or that of several exchanges.
        """
        return self._stream("trades", instrument, start, end, exchange)

    def quotes(
        self, instrument: str, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> Stream:
        """Best quotes of an instrument, as :meth:`trades`."""
        return self._stream("quotes", instrument, start, end, exchange)

    def candles(
        self, instrument: str, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> Stream:
        """Candles of an instrument, as :meth:`trades`: the times at which they close count."""
        return self._stream("candles", instrument, start, end, exchange)

    def funding(self, instrument: str, *, exchange: str | None = None) -> CashFlows:
        """All rates of funding of an instrument."""
        entries = self._entries("funding", instrument, exchange)
        frames = [pl.read_parquet(self.path / one.path, hive_partitioning=False) for one in entries]
        return funding(pl.concat(frames).with_columns(instrument=pl.lit(instrument)))

    @property
    def files(self) -> pl.DataFrame:
        """A row for each file: kind, exchange, instrument, date, rows, first and last time, bytes, sources, path."""
        rows = [
            (one.kind, one.exchange, one.instrument, one.date, one.rows, one.time_first, one.time_last, one.bytes,
             [origin.name for origin in one.origins], one.path)
            for one in read_manifest(self.path).files
        ]  # fmt: skip
        text, whole = pl.String, pl.Int64
        schema: dict[str, Any] = dict.fromkeys(("kind", "exchange", "instrument", "date"), text)
        schema |= dict.fromkeys(("rows", "time_first", "time_last", "bytes"), whole)
        frame = pl.DataFrame(rows, {**schema, "sources": pl.List(text), "path": text}, orient="row")
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
    ) -> Added:
        """Import files of a known layout: all of them, or none if one of them is refused.

        A file that was imported before, in the same way, is skipped. Files are read one after the other.

        Parameters
        ----------
        kind, files, instrument, interval, time_zone, amount, repair, clock_offset
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
            **{"repair": repair, "clock_offset": clock_offset},
        }
        said = {name: value for name, value in given.items() if value is not None}
        paths = [Path(one) for one in files]
        return import_files(self.path, kind, paths, exchange, overlap, said, negative_prices)

    def add_stream(self, stream: Stream, *, exchange: str, overlap: Overlap = "refuse") -> Added:
        """Put the rows of a stream into the catalog; parameters as for :meth:`add`.

        Prices of 0 and below go in as :meth:`Stream.with_negative_prices` gives them.

        Raises
        ------
        ConfigError, DataError, EngineError
            As for :meth:`add`; a stream of books, which a catalog does not hold.
        """
        return import_stream(self.path, stream, exchange, overlap)

    def verify(self) -> tuple[str, ...]:
        """Read every file and hold it against the manifest; what is not as it was, in words."""
        return problems(self.path)

    def _entries(self, kind: str, instrument: str, exchange: str | None) -> list[Entry]:
        everything = read_manifest(self.path).files
        files = [one for one in everything if one.kind == kind]
        found = [one for one in files if one.instrument == instrument and exchange in (None, one.exchange)]
        exchanges = sorted({one.exchange for one in found})
        if not found:
            there = sorted({f"{one.instrument} at {one.exchange}" for one in files})
            guess = nearest(instrument, [one.instrument for one in files])
            where = "" if exchange is None else f" at {exchange}"
            others = sorted({one.kind for one in everything if one.instrument == instrument} - {kind})
            hint = f"did you mean {guess!r}?" if guess and guess != instrument else None
            raise ConfigError(
                f"{self!r} has no {kind} of {instrument!r}{where}; there are those of {', '.join(there) or 'nothing'}",
                f"of {instrument!r} it has {', '.join(others)}" if others else hint,
            )
        if len(exchanges) > 1:
            raise ConfigError(
                f"{self!r} has {kind} of {instrument!r} at {', '.join(exchanges)}",
                f"say which: exchange={exchanges[0]!r}",
            )
        return found

    def _stream(self, kind: str, instrument: str, start: Moment, end: Moment, exchange: str | None) -> Stream:
        entries = self._entries(kind, instrument, exchange)
        first, after = _ns(start, "start"), _ns(end, "end")
        label = f"{kind} of {instrument} in {self.path.name}"
        source = CatalogSource(self.path, entries, first, after, label)
        return Stream([source], Options(kind, instrument=instrument))


def _ns(moment: Moment, what: str) -> int | None:
    """A time in nanoseconds; text without a zone is UTC."""
    if moment is None:
        return None
    try:
        time: Any = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if isinstance(moment, str) and time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"{what} is {moment!r}, which is not a time", '"2024-01-02" or "2024-01-02T09:30Z"') from None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ConfigError(f"{what} is {moment!r}; it must be a datetime with a zone", '"2024-01-02" is a day of UTC')
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
