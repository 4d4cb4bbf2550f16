"""Imports into a catalog: under its lock, all or nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.canonical import Adjusted
from barter_bt.data.catalog.adding import Added, Overlap, Writer
from barter_bt.data.catalog.kinds import layout_of
from barter_bt.data.catalog.manifest import Origin, locked
from barter_bt.data.catalog.staging import Staging
from barter_bt.data.dated import Dated
from barter_bt.data.flows import CashFlows
from barter_bt.data.importers.loading import importer_of, load
from barter_bt.data.sessions import Sessions
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
    with _writing(root, importer.kind, exchange, overlap, options.get("adjusted")) as (writer, known):
        for path in files:
            if not path.is_file():
                raise DataError(f"there is no file {str(path)!r}", f"the current directory is {str(Path.cwd())!r}")
            origin = Origin(path.name, file_sha256(path), importer.name, importer.version, asked)
            if (origin.sha256, importer.name, importer.version, asked) in known:
                writer.added.skipped += (path.name,)
            else:
                found = _with_negative_prices(load(kind, path, **options), negative)
                _put(writer, importer.kind, found, origin)
    return writer.added


def import_stream(root: Path, stream: Stream | CashFlows, exchange: str, overlap: Overlap) -> Added:
    """Import the rows of a stream: see :meth:`barter_bt.data.Catalog.add_stream`."""
    if not isinstance(stream, Stream | CashFlows):
        raise ConfigError(
            f"a catalog takes a stream or cash flows, and this is a {type(stream).__name__}",
            "make one: bt.trades(...), bt.data.book(...), bt.data.book_orders(...), bt.data.dividends(...)",
        )
    layout_of(stream.kind)
    adjusted = stream.adjusted if isinstance(stream, Stream) else None
    with _writing(root, stream.kind, exchange, overlap, adjusted) as (writer, _):
        _put(writer, stream.kind, stream, Origin(stream.name if isinstance(stream, Stream) else "<frame>"))
    return writer.added


def _with_negative_prices(source: Stream | Dated, names: Sequence[str]) -> Stream | Dated:
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
def _writing(
    root: Path, kind: str, exchange: str, overlap: Overlap, adjusted: Adjusted | None = None
) -> Iterator[tuple[Writer, set[tuple[Any, ...]]]]:
    """A writer whose files count at the end of the block; and which files were imported from there before, how."""
    with locked(root):
        staging = Staging.begin(root)
        origins = {one for entry in staging.manifest.files if entry.exchange == exchange for one in entry.origins}
        writer = Writer(staging, exchange, overlap, adjusted)
        try:
            yield writer, {(one.sha256, one.importer, one.version, one.asked) for one in origins}
            writer.finish(kind)
            staging.commit()
        finally:
            staging.discard()


def _put(writer: Writer, kind: str, source: Stream | Dated, origin: Origin) -> None:
    """Check the rows of a source, and give them to a writer with what its importer told."""
    if not isinstance(source, Stream):  # they were checked as they were made
        writer.add(kind, _rows(source), origin)
        return
    report = check(source)
    report.raise_if_errors()
    notes = list(dict.fromkeys(note for notes in source.notes.values() for note in notes))  # sources may share one
    notes += [f"{count} row(s) {what}" for what, count in source.repairs.items() if count]
    if source.clock_offset is not None:
        notes.append(f"{source.clock_offset_ns} ns were added to time_received")
    writer.add(source.kind, source.frame().collect(), origin, notes)
    writer.added.notes += tuple(f"{origin.name}: {note}" for note in notes)
    writer.added.notes += tuple(one.message for one in report.warnings if one.code != "understood")


def _rows(source: Dated) -> pl.DataFrame:
    """Rows of what happens to instruments, each with the one that it happens to."""
    if isinstance(source, Sessions):
        return source.frame.with_columns(instrument=pl.lit(source.name))
    if isinstance(source, CashFlows):
        return source.frame
    return source.rename({"before": "instrument"}, strict=False)
