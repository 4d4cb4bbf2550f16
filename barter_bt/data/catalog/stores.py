"""A catalog in a store of objects: it is read through fsspec, and each file is copied here when it is first needed.

Files of a catalog never change under their names, so that a copy stays good; it is held against the checksum of the
manifest before it counts. Whoever changes a store writes the manifest last: readers see the old state or the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from barter_bt.columns.cache import cache_directory
from barter_bt.data.catalog.manifest import NAME, Entry, Manifest, decoded, locked, read_manifest
from barter_bt.data.source import file_sha256
from barter_bt.errors import ConnectionFailed, DataError, MissingPackageError
from barter_bt.files import replacing


@dataclass(frozen=True)
class Store:
    """The place behind a URL such as ``s3://bucket/market``.

    Parameters
    ----------
    url
        What fsspec understands.
    copies
        The directory of the copies; by default one in the user's cache.
    """

    url: str
    copies: Path | None = None

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rstrip("/").rpartition("/")[2]

    def manifest(self) -> Manifest:
        """What the catalog holds now; nothing where there is no manifest."""
        files, root = opened(self.url)
        with _told(self.url):
            try:
                return decoded(files.cat_file(f"{root}/{NAME}"), f"{self.url}/{NAME}")
            except FileNotFoundError:
                return Manifest()

    def checked(self, entry: Entry) -> Path:
        """Where the copy of a file is.

        Raises
        ------
        DataError
            It is not there, or is not what was written.
        """
        folder = self.copies or cache_directory() / "catalogs"
        copy = folder / hashlib.sha256(self.url.rstrip("/").encode()).hexdigest()[:16] / entry.path
        if copy.is_file() and copy.stat().st_size == entry.bytes:
            return copy
        files, root = opened(self.url)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with replacing(copy) as file:
            with _told(self.url):
                try:
                    files.get_file(f"{root}/{entry.path}", str(file))
                except FileNotFoundError:
                    raise DataError(f"{self.url}/{entry.path}: is missing", "copy the catalog again") from None
            if file_sha256(file) != entry.sha256:
                raise DataError(f"{self.url}/{entry.path}: its bytes are not those that were written", "copy it again")
        return copy


def opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it.

    Raises
    ------
    MissingPackageError
        fsspec, or what it needs for this kind of store, is not installed.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingPackageError(
            f"a catalog at {url} needs the package fsspec, which is not installed",
            "pip install 'barter-bt[stores]', and s3fs or gcsfs for S3 or Google; or copy it into a directory",
        ) from error
    try:
        files, root = url_to_fs(url)
    except ImportError as error:
        raise MissingPackageError(f"a catalog at {url}: {error}", "pip install what it names") from error
    except ValueError as error:
        raise DataError(f"a catalog at {url}: {error}", "such as s3://bucket/market or gs://bucket/market") from error
    return files, str(root).rstrip("/")


def copy_catalog(source: Path, url: str) -> int:
    """Copy a catalog's files that are not there yet into a store, then the manifest; give how many were copied."""
    files, root = opened(url)
    copied = 0
    with locked(source), _told(url):
        for entry in read_manifest(source).files:
            there = f"{root}/{entry.path}"
            if files.exists(there) and files.size(there) == entry.bytes:
                continue
            files.makedirs(there.rpartition("/")[0], exist_ok=True)
            files.put_file(str(source / entry.path), there)
            copied += 1
        files.makedirs(root, exist_ok=True)
        if (source / NAME).is_file():
            files.put_file(str(source / NAME), f"{root}/{NAME}")
    return copied


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Name the store in what goes wrong between here and there."""
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise ConnectionFailed(
            f"{url} could not be read or written: {error}", "are the name and the keys right?"
        ) from error
