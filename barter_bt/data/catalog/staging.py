"""An import: files are written aside, put in their places, and count when the manifest lists them.

Whenever it is killed, the manifest is the old one or the new one, and all that it lists is there:

1. Parquet files are written and flushed in a hidden directory of the catalog;
2. ``pending.json`` says where they will go, and which files they will replace;
3. each is renamed to its place, under a name that nothing had before;
4. the manifest takes the place of the old one: now they count;
5. files whose place another took, ``pending.json`` and the hidden directory are removed.

What a killed import left is removed by the next, under the lock: the hidden directory, and of the files that are
pending those that the manifest does not list.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import polars as pl

from barter_bt.data.canonical import Adjusted
from barter_bt.data.catalog.kinds import layout_of
from barter_bt.data.catalog.manifest import (
    PENDING,
    Entry,
    Manifest,
    Origin,
    read_manifest,
    read_pending,
    write_manifest,
    write_pending,
)
from barter_bt.data.catalog.parquet import write_rows
from barter_bt.data.source import file_sha256
from barter_bt.errors import EngineError
from barter_bt.files import flush

ASIDE = ".import."


@dataclass
class Staging:
    """Files of one import that do not count yet."""

    root: Path
    manifest: Manifest
    entries: list[Entry] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.name = uuid4().hex[:12]
        self.directory = self.root / f"{ASIDE}{self.name}"
        self._aside: dict[str, Path] = {}
        self._by_key: dict[tuple[str, str, str], list[Entry]] = {}
        for entry in self.manifest.files:
            self._by_key.setdefault(entry.key, []).append(entry)

    @classmethod
    def begin(cls, root: Path) -> Staging:
        """Remove what a killed import left, and read the manifest; the catalog must be locked."""
        manifest = read_manifest(root)
        listed = {entry.path for entry in manifest.files}
        for path in read_pending(root):
            if path not in listed:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(root / path)
        for left in root.glob(f"{ASIDE}*"):
            shutil.rmtree(left, ignore_errors=True)
        _remove(root / PENDING)
        return cls(root, manifest)

    def path_of(self, entry: Entry) -> Path:
        """Where the rows of an entry are now."""
        return self._aside.get(entry.path, self.root / entry.path)

    def of(self, key: tuple[str, str, str]) -> list[Entry]:
        """Files of a kind, exchange and instrument, those of this import among them, by time."""
        return sorted(self._by_key.get(key, ()), key=lambda one: one.time_first)

    def replace(self, entry: Entry) -> None:
        """Let a file count no longer when the import is done: its rows are in another."""
        self.replaced.add(entry.path)
        self._by_key[entry.key].remove(entry)
        self.entries = [one for one in self.entries if one is not entry]

    def write(
        self, rows: pl.DataFrame, key: tuple[str, str, str], date: str, spans: list[tuple[int, int]],
        origins: list[Origin], notes: list[str], adjusted: Adjusted | None,
    ) -> None:  # fmt: skip
        """Write rows of one period aside."""
        kind, exchange, instrument = key
        folder = f"kind={kind}/exchange={exchange}/instrument={instrument}/date={date}"
        path = f"{folder}/{self.name}-{len(self._aside):05}.parquet"
        aside = self.directory / f"{len(self._aside):05}.parquet"
        try:
            self.directory.mkdir(exist_ok=True)
            write_rows(rows, aside)
            flush(aside)
        except OSError as error:
            raise EngineError(f"catalog {self.root}: an import could not be written: {error}") from error
        at = rows[layout_of(kind).at].to_physical()
        entry = Entry(
            path, kind, exchange, instrument, date, tuple(rows.columns), rows.height, int(at[0]), int(at[-1]),
            tuple(spans), aside.stat().st_size, file_sha256(aside), tuple(dict.fromkeys(origins)),
            tuple(dict.fromkeys(notes)), adjusted,
        )  # fmt: skip
        self._aside[path] = aside
        self._by_key.setdefault(key, []).append(entry)
        self.entries.append(entry)

    def commit(self) -> None:
        """Put all files in their places, and let them count."""
        if not self.entries:
            return
        try:
            write_pending(self.root, [*(entry.path for entry in self.entries), *sorted(self.replaced)])
            folders = set()
            for entry in self.entries:
                place = self.root / entry.path
                place.parent.mkdir(parents=True, exist_ok=True)
                os.rename(self._aside[entry.path], place)
                folders |= {place.parents[i] for i in range(4)}
            for folder in sorted(folders, reverse=True):
                flush(folder)
            write_manifest(self.root, [entry for entries in self._by_key.values() for entry in entries])
            for path in sorted(self.replaced):
                _remove(self.root / path)
        except OSError as error:
            raise EngineError(f"catalog {self.root}: an import could not be finished: {error}") from error
        _remove(self.root / PENDING)
        self.discard()

    def discard(self) -> None:
        """Remove what is aside."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
