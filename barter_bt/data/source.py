"""Where rows come from: frames in memory, and Parquet and CSV files.

A source hands out pieces: small frames of one chunk without copying what is already in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl

from barter_bt.data.forked import refuse_fork
from barter_bt.data.wide import long_frame
from barter_bt.errors import ConfigError, DataError

PIECE_ROWS = 1 << 20
# Of a file. Every batch is decoded into new memory, several are in use at a time, and what allocators keep of them
# grows with their size (decision 61).
BATCH_ROWS = 1 << 17
_CUT = "the file may be truncated; write it again"
_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".csv.zst", ".csv.zip", ".zip")


class Source(Protocol):
    """What every source can do."""

    label: str  # file name or "<frame>"

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the source's own columns."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    def pieces(self, columns: Sequence[str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """First row and frame of one chunk, in order, at most :data:`PIECE_ROWS` rows each."""

    def edges(self, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Read the first and the last row; there must be one."""

    def lazy(self) -> pl.LazyFrame:
        """Give the whole source."""

    def sha256(self) -> str | None:
        """Checksum of the file's bytes; None for a frame."""


class FrameSource:
    """A frame in memory; a LazyFrame is collected once, when its rows are first needed."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame, label: str = "<frame>", notes: tuple[str, ...] = ()) -> None:
        self.label = label
        self.notes = notes  # what was done to the rows before, in words
        self._given = frame.clone()  # what is done to the user's frame in place does not reach it
        self.schema: pl.Schema = frame.collect_schema()

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return self._given.collect() if isinstance(self._given, pl.LazyFrame) else self._given

    @property
    def is_lazy(self) -> bool:
        """Whether its rows would have to be collected."""
        return isinstance(self._given, pl.LazyFrame)

    @property
    def rows(self) -> int:
        """Number of rows; collects a LazyFrame."""
        return self._frame.height

    def pieces(self, columns: Sequence[str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """Give first row and frame of one chunk, in order."""
        frame = self._frame[list(columns)]
        ends = set(range(PIECE_ROWS, frame.height, PIECE_ROWS)) | {frame.height}
        for series in frame:
            end = 0
            for length in series.chunk_lengths():
                end += length
                ends.add(end)
        start = 0
        for end in sorted(ends):
            if end > start:
                yield start, frame.slice(start, end - start)
            start = end

    def edges(self, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Read the first and the last row; there must be one."""
        frame = self._frame.select(columns)
        return frame.slice(0, 1), frame.slice(frame.height - 1, 1)

    def lazy(self) -> pl.LazyFrame:
        """Give the whole source."""
        return self._frame.lazy()

    def sha256(self) -> str | None:
        """Checksum of a file's bytes; a frame has none."""
        return None


class FileState(NamedTuple):
    """A file as it was when a stream was made of it; what is read of it later must be of the same file."""

    path: Path
    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The present state of a file."""
        try:
            found = path.stat()
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error
        return cls(path, found.st_size, found.st_mtime_ns, found.st_ino)

    def expect(self) -> None:
        """Raise a DataError if the file was changed, replaced or removed since."""
        if not self.path.is_file() or FileState.of(self.path) != self:
            raise DataError(
                f"{self.path.name}: the file was changed or replaced after the stream was made of it",
                "make the stream again; new data belongs under a new name, or complete under the old one by a rename "
                "before the stream is made",
            )

    def sha256(self) -> str:
        """Checksum of the bytes, if they are still those of the stream."""
        self.expect()
        found = file_sha256(self.path)
        self.expect()
        return found


class CsvSource(FrameSource):
    """A CSV file, plain or packed; read as a whole when opened (turn large ones into Parquet)."""

    def __init__(self, path: Path) -> None:
        from barter_bt.data.read import read_csv

        self.path = path
        self._file = FileState.of(path)
        super().__init__(read_csv(path), path.name)
        self._file.expect()

    def sha256(self) -> str | None:
        """Checksum of the file's bytes."""
        return self._file.sha256()


class ParquetSource:
    """A Parquet file, read batch by batch: memory does not grow with the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = path.name
        self._file = FileState.of(path)
        with self._open() as file:
            self.rows: int = file.metadata.num_rows
            self._texts = _texts(file.schema_arrow)
            self._has_fixed_offsets = bool(_fixed_offsets(file.schema_arrow))
        with self._open() as file:
            self.schema: pl.Schema = _frame(file.schema_arrow.empty_table(), self.label).schema

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._file.expect()
        try:
            return pq.ParquetFile(
                self.path,
                read_dictionary=getattr(self, "_texts", None),
                pre_buffer=False,
                buffer_size=1 << 20,
                page_checksum_verification=True,
            )
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from error

    def pieces(self, columns: Sequence[str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """Give first row and frame of one chunk, in order."""
        import pyarrow as pa

        start = 0
        with self._open() as file:
            batches = _batches(file, columns)
            while True:
                try:
                    batch = next(batches, None)
                except (pa.ArrowException, OSError) as error:
                    raise _unreadable(self.path, error) from error
                if batch is None:
                    break
                if batch.num_rows:
                    yield start, _frame(batch, self.label)
                    start += batch.num_rows
        self._file.expect()
        if start != self.rows:
            raise DataError(f"{self.label}: {start} rows were read, of {self.rows} that its footer tells", _CUT)

    def edges(self, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Read the first and the last row; there must be one."""
        with self._open() as file:
            last = self.schema.to_frame().select(columns)
            full = [i for i in range(file.num_row_groups) if file.metadata.row_group(i).num_rows]
            first = next(file.iter_batches(1, row_groups=[full[0]], columns=list(columns)))
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[full[-1]], columns=list(columns)):
                last = _frame(batch, self.label) if batch.num_rows else last
        return _frame(first, self.label).slice(0, 1), last.slice(last.height - 1, 1)

    def lazy(self) -> pl.LazyFrame:
        """Give the whole source."""
        self._file.expect()
        if not self._has_fixed_offsets:
            return pl.scan_parquet(self.path)
        return pl.concat([self.schema.to_frame(), *(frame for _, frame in self.pieces(self.schema.names()))]).lazy()

    def sha256(self) -> str | None:
        """Checksum of the file's bytes."""
        return self._file.sha256()


def open_source(source: object, instrument: str | None = None) -> Source:
    """Open the source that reads ``source``.

    Parameters
    ----------
    source
        A Polars DataFrame or LazyFrame, a pandas DataFrame, anything that speaks Arrow (a pyarrow Table, a DuckDB
        relation), or a path to ``.parquet``, ``.csv``, ``.csv.gz``, ``.csv.zst`` or a ``.zip`` of one CSV file.
    instrument
        Name of the only instrument: a wide frame of one symbol is then that instrument's.

    Examples
    --------
    >>> open_source(pl.DataFrame({"price": [1.0, 2.0]})).rows
    2
    """
    refuse_fork()
    if isinstance(source, (str, Path)):
        return _open_path(Path(source))
    if isinstance(source, pl.LazyFrame):
        return FrameSource(source)
    from barter_bt.data.read import with_iso_times

    frame, notes = long_frame(_whole(source), instrument)
    frame, more = with_iso_times(frame)
    return FrameSource(frame, notes=notes + more)


def _whole(source: object) -> pl.DataFrame:
    """A frame of any library."""
    if isinstance(source, pl.DataFrame):
        return source
    if type(source).__module__.partition(".")[0] == "pandas":
        from barter_bt.data.read import pandas_frame

        return pandas_frame(source)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        import pyarrow as pa

        is_batch = isinstance(source, pa.RecordBatch) or not hasattr(source, "__arrow_c_stream__")
        return _frame(pa.record_batch(source) if is_batch else pa.table(source), "<frame>")
    raise ConfigError(
        f"market data is a {type(source).__name__}",
        "give a Polars or pandas frame, one that speaks Arrow, or a path to a .parquet, .csv or .zip file",
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_path(path: Path) -> Source:
    if not path.name.lower().endswith(_SUFFIXES):
        hint = f"allowed: {', '.join(_SUFFIXES)}"
        if path.is_dir():
            hint = "give its files as a list, in order of time" if any(path.iterdir()) else "the directory is empty"
        if (path / "manifest.json").is_file():
            hint = f"is it a catalog? bt.Catalog({str(path)!r}) gives what is in it"
        raise ConfigError(f"{str(path)!r} is no file that can be read as market data", hint)
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}", f"the current directory is {str(Path.cwd())!r}")
    return ParquetSource(path) if path.name.lower().endswith(".parquet") else CsvSource(path)


def _frame(table: Any, label: str) -> pl.DataFrame:
    """A pyarrow table or batch as a frame that shares its memory."""
    import pyarrow as pa

    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    for i in _fixed_offsets(table.schema):  # the instants are those of UTC
        name, time = table.schema.field(i).name, table.column(i)
        table = table.set_column(i, name, time.cast(pa.timestamp(time.type.unit, "UTC")))
    try:
        frame = pl.from_arrow(table, rechunk=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(
            f"{label}: a column has a type that Polars does not know: {str(error).splitlines()[0]}",
            f"drop or cast it; there are {', '.join(f'{field.name} ({field.type})' for field in table.schema)}",
        ) from None
    assert isinstance(frame, pl.DataFrame), "pyarrow tables become frames"
    return frame


def _fixed_offsets(schema: Any) -> list[int]:
    """Columns of times with an offset such as +05:30 for a zone, which Polars does not know."""
    import pyarrow as pa

    fields = enumerate(schema.types)
    return [i for i, dtype in fields if pa.types.is_timestamp(dtype) and (dtype.tz or "").startswith(("+", "-"))]


def _texts(schema: Any) -> list[str]:
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]


def _batches(file: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Read a file by some row groups at a time; in one go, or by several threads, the more is kept the longer it is."""
    rows = 0
    some: list[int] = []
    for group in range(file.num_row_groups):
        more = file.metadata.row_group(group).num_rows
        if some and rows + more > BATCH_ROWS:
            yield from file.iter_batches(BATCH_ROWS, row_groups=some, columns=list(columns), use_threads=False)
            rows, some = 0, []
        rows += more
        some.append(group)
    yield from file.iter_batches(BATCH_ROWS, row_groups=some, columns=list(columns), use_threads=False)


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name}: cannot be read as Parquet: {error}", _CUT)
