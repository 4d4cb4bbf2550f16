"""Where the files of a catalog are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from barter_bt.data.catalog.manifest import Entry, Manifest, read_manifest
from barter_bt.errors import DataError


class Place(Protocol):
    """A directory, or a store of objects whose files are copied when they are read."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def manifest(self) -> Manifest:
        """What the catalog holds now."""

    def checked(self, entry: Entry) -> Path:
        """Where a file can be read, which is as large as it was."""


@dataclass(frozen=True)
class Directory:
    """A directory of this machine."""

    root: Path

    @property
    def name(self) -> str:
        """Its own name."""
        return self.root.name

    def manifest(self) -> Manifest:
        """What the catalog holds now."""
        return read_manifest(self.root)

    def checked(self, entry: Entry) -> Path:
        """The path of a file.

        Raises
        ------
        DataError
            It is not there, or not as large as it was.
        """
        path = self.root / entry.path
        size = path.stat().st_size if path.is_file() else None
        if size != entry.bytes:
            state = "is missing" if size is None else f"has {size} bytes, not {entry.bytes}"
            raise DataError(
                f"{path}: {state}",
                "make the stream again, if files were imported since; Catalog.verify() tells what is not as it was",
            )
        return path
