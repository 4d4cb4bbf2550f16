"""Imports into a catalog: under its lock, all or nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from barter_bt.data.catalog.adding import Added, Overlap, Writer
from barter_bt.data.catalog.manifest import Origin, locked
from barter_bt.data.catalog.staging import Staging
from barter_bt.data.flows import CashFlows
from barter_bt.data.importers.loading import importer_of, load
from barter_bt.data.source import file_sha256
from barter_bt.data.stream import Stream
from barter_bt.data.validate import check
from barter_bt.errors import ConfigError, DataError


def import_files(
    root: Path,
    kind: str,
    files: Sequence[Path],
    exchange: str,
    overlap: Overlap,
    options: Mapping[str, Any],
    negative_prices: Sequence[str] = (),
) -> Added:
    """Import files of a layout: see :meth:`barter_bt.data.Catalog.add`."""
    importer = importer_of(kind)
    if isinstance(negative_prices, str):
        raise ConfigError(f"negative_prices is {negative_prices!r}; it must be names", f"[{negative_prices!r}]")
    negative = sorted(set(negative_prices))
    asked = json.dumps({**options, **({"negative_prices": negative} if negative else {})}, default=repr, sort_keys=True)
    if not files:
        raise ConfigError(f"{kind}: no file is given")
    with _writing(root, importer.kind, exchange, overlap) as (writer, known):
        for path in files:
            if not path.is_file():
                raise DataError(f"there is no file {str(path)!r}", f"the current directory is {str(Path.cwd())!r}")
            origin = Origin(path.name, file_sha256(path), importer.name, importer.version, asked)
            if (origin.sha256, importer.name, importer.version, asked) in known:
                writer.added.skipped += (path.name,)
            else:
                _put(writer, _with_negative_prices(load(kind, path, **options), negative), origin)
    return writer.added


def import_stream(root: Path, stream: Stream, exchange: str, overlap: Overlap) -> Added:
    """Import the rows of a stream: see :meth:`barter_bt.data.Catalog.add_stream`."""
    if stream.is_book:
        raise ConfigError(
            f"a catalog holds no books, as {stream.name} is; it holds trades, quotes, candles and funding",
            f"keep its frame as Parquet, and read that with bt.data.{stream.kind}",
        )
    with _writing(root, stream.kind, exchange, overlap) as (writer, _):
        _put(writer, stream, Origin(stream.name))
    return writer.added


def _with_negative_prices(source: Stream | CashFlows, names: Sequence[str]) -> Stream | CashFlows:
    """The rows of a file, in which prices of these can be 0 or below; each of them must be there."""
    if not names:
        return source
    there = source.instruments if isinstance(source, Stream) else ()
    for name in names:
        if name not in there:
            raise ConfigError(
                f"negative_prices names {name!r}, of which there are no prices; there are those of "
                f"{', '.join(there) or 'nothing'}",
                "leave it out: it has no effect",
            )
    return source.with_negative_prices(names) if isinstance(source, Stream) else source


@contextlib.contextmanager
def _writing(root: Path, kind: str, exchange: str, overlap: Overlap) -> Iterator[tuple[Writer, set[tuple[Any, ...]]]]:
    """A writer whose files count at the end of the block; and which files were imported from there before, how."""
    with locked(root):
        staging = Staging.begin(root)
        origins = {one for entry in staging.manifest.files if entry.exchange == exchange for one in entry.origins}
        writer = Writer(staging, exchange, overlap)
        try:
            yield writer, {(one.sha256, one.importer, one.version, one.asked) for one in origins}
            writer.finish(kind)
            staging.commit()
        finally:
            staging.discard()


def _put(writer: Writer, source: Stream | CashFlows, origin: Origin) -> None:
    """Check the rows of a source, and give them to a writer with what its importer told."""
    if isinstance(source, CashFlows):
        writer.add(source.kind, source.frame, origin)
        return
    report = check(source)
    report.raise_if_errors()
    notes = [note for notes in source.notes.values() for note in notes]
    notes += [f"{count} row(s) {what}" for what, count in source.repairs.items() if count]
    if source.clock_offset is not None:
        notes.append(f"{source.clock_offset_ns} ns were added to time_received")
    writer.add(source.kind, source.frame().collect(), origin, notes)
    writer.added.notes += tuple(f"{origin.name}: {note}" for note in notes)
    writer.added.notes += tuple(one.message for one in report.warnings if one.code != "understood")
