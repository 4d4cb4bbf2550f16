"""What a catalog holds, as a document; and the lock under which it is changed."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from barter_bt.data.canonical import Adjusted
from barter_bt.errors import ConfigError, DataError
from barter_bt.files import replacing

NAME, PENDING, LOCK = "manifest.json", "pending.json", ".lock"
FORMAT = 1


class Origin(Struct, frozen=True):
    """A file that rows came from.

    Parameters
    ----------
    name, sha256
        Its name and checksum; without a checksum the rows came from memory.
    importer, version
        What read it.
    asked
        The options it was read with.
    """

    name: str
    sha256: str | None = None
    importer: str = ""
    version: int = 0
    asked: str = ""


class Entry(Struct, frozen=True):
    """A Parquet file of a catalog.

    Parameters
    ----------
    path
        Relative to the catalog, with ``/``.
    kind, exchange, instrument, date
        What its directories say: ``date`` is the first day (UTC) of the period that the file belongs to.
    columns
        Its columns.
    rows, time_first, time_last
        How many rows, and the times at the venue of the first and the last, ns since 1970.
    spans
        The times from a first to a last row of each source: these are covered, what lies between them is not.
    bytes, sha256
        Its size and checksum.
    origins
        Where the rows came from.
    notes
        What importers told.
    adjusted
        What the prices are adjusted for (rule 108), as far as that was said.
    """

    path: str
    kind: str
    exchange: str
    instrument: str
    date: str
    columns: tuple[str, ...]
    rows: int
    time_first: int
    time_last: int
    spans: tuple[tuple[int, int], ...]
    bytes: int
    sha256: str
    origins: tuple[Origin, ...] = ()
    notes: tuple[str, ...] = ()
    adjusted: Adjusted | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, exchange and instrument."""
        return self.kind, self.exchange, self.instrument


class Manifest(Struct, frozen=True):
    """The files of a catalog, by kind, exchange, instrument and time."""

    format: int = FORMAT
    files: tuple[Entry, ...] = ()


def read_manifest(root: Path) -> Manifest:
    """The manifest of a catalog; empty where there is none yet.

    Raises
    ------
    DataError
        It cannot be read, or is of a later format.
    """
    path = root / NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Manifest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return decoded(text, str(path))


def decoded(text: bytes, path: str) -> Manifest:
    """A manifest from its bytes.

    Raises
    ------
    DataError
        It is none, or of a later format.
    """
    try:
        found = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise DataError(
            f"{path}: is no manifest of a catalog: {error}", "import the files into a new directory"
        ) from None
    if found.format != FORMAT:
        raise DataError(f"{path}: has format {found.format}; this version reads {FORMAT}", "update barter-bt")
    return found


def write_manifest(root: Path, files: list[Entry]) -> None:
    """Put a manifest in the place of the last one, in one step."""
    ordered = sorted(files, key=lambda one: (*one.key, one.time_first, one.path))
    _write(root / NAME, Manifest(FORMAT, tuple(ordered)))


def read_pending(root: Path) -> tuple[str, ...]:
    """Files that an import was about to put in their places when it ended; none after one that was finished."""
    try:
        return tuple(msgspec.json.decode((root / PENDING).read_bytes(), type=list[str]))
    except FileNotFoundError:
        return ()


def write_pending(root: Path, paths: list[str]) -> None:
    """Say which files will be put in their places."""
    _write(root / PENDING, paths)


def _write(path: Path, document: object) -> None:
    with replacing(path) as file:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Change a catalog alone: other writers wait until the block is done, or its process has ended."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigError(f"catalog {root} cannot be written: {error.strerror}") from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
