"""Blocks of tables as one file, and back: a checksum and a NumPy archive with a header, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from barter_bt.columns.block import Block
from barter_bt.columns.table import Table
from barter_bt.errors import ConfigError
from barter_bt.files import replacing

_HEADER = "header"
_FIRST, _DIGEST = b"barter_bt columns 1\n", hashlib.sha256().digest_size
Arrays = dict[str, npt.NDArray[Any]]


class Stored:
    """The tables of some blocks, each once, as named arrays.

    Parameters
    ----------
    blocks
        By name.
    without
        Names of tables that are left out.
    only
        Of tables of which most never changes: the columns that are kept, by table.
    pointed
        Columns of pointers, as (table, column), whose arrays are kept too; other pointers are left as they are.
    """

    def __init__(
        self,
        blocks: Mapping[str, Block],
        without: Collection[str] = (),
        only: Mapping[str, Collection[str]] | None = None,
        pointed: Collection[tuple[str, str]] = (),
    ) -> None:
        self._blocks, self._without, self._only, self._pointed = blocks, without, only or {}, pointed

    def arrays(self) -> Arrays:
        """Every column by its name; those without rows behind a pointer are left out."""
        return {name: array for name, array in self._columns() if array is not None}

    def rows(self) -> dict[str, int]:
        """The number of rows of each table."""
        return {f"{block}.{name}": len(table) for block, name, table in self._tables()}

    def layout(self) -> list[list[Any]]:
        """What must be equal for columns to fit: tables, their columns, the rows of those that cannot grow."""
        return [
            [f"{block}.{name}", list(table.schema), None if table.growable else len(table)]
            for block, name, table in self._tables()
        ]

    def fill(self, arrays: Mapping[str, npt.NDArray[Any]], rows: Mapping[str, int]) -> None:
        """Put back what :meth:`arrays` and :meth:`rows` gave."""
        for block, name, table in self._tables():
            count = rows[f"{block}.{name}"]
            table.reserve(count)
            table.truncate(count)
        for name, array in self._columns():
            if array is not None:
                array[:] = arrays[name]

    def _tables(self) -> Iterator[tuple[str, str, Table]]:
        """Every table once; blocks share some."""
        seen: set[int] = set()

        def walk(prefix: str, block: Block) -> Iterator[tuple[str, str, Table]]:
            for name, part in block.tables().items():
                if isinstance(part, Block):
                    yield from walk(f"{prefix}.{name}", part)
                elif part.address not in seen and name not in self._without:
                    seen.add(part.address)
                    yield prefix, name, part

        for name, block in self._blocks.items():
            yield from walk(name, block)

    def _columns(self) -> Iterator[tuple[str, npt.NDArray[Any] | None]]:
        for block, name, table in self._tables():
            for column, code in table.schema.items():
                if column not in self._only.get(name, table.schema):
                    continue
                if code[0] != "*":
                    yield f"{block}.{name}.{column}", table.array(column)
                elif (name, column) in self._pointed:
                    for row in range(len(table)):
                        there = getattr(table, column)[row]
                        yield f"{block}.{name}.{column}.{row}", None if there is None else np.asarray(there)


def write(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a file whole or not at all, its checksum first: see :func:`barter_bt.files.replacing`."""
    content = arrays | {_HEADER: np.frombuffer(json.dumps(header).encode(), np.uint8)}
    with replacing(path) as written, written.open("wb+") as file:
        file.write(_FIRST + bytes(_DIGEST))
        np.savez(file, **content)  # type: ignore[arg-type]
        checksum = _checksum(file)
        file.seek(len(_FIRST))
        file.write(checksum)


def read(path: Path, what: str) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of a file, of which the checksum is looked at before anything else.

    Raises
    ------
    ConfigError
        It is no such file, or not as it was written.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_FIRST)) != _FIRST:
                raise ConfigError(f"{path} is not {what} of this version: it does not begin as one")
            if file.read(_DIGEST) != _checksum(file):
                raise ConfigError(f"{path} is damaged: its checksum differs", "use a copy of it, or start anew")
            file.seek(len(_FIRST) + _DIGEST)
            with np.load(file, allow_pickle=False) as content:
                arrays = dict(content)
    except OSError as error:
        raise ConfigError(f"{path} is not {what}: {error}") from None
    return json.loads(arrays.pop(_HEADER).tobytes()), arrays


def _checksum(file: BinaryIO) -> bytes:
    """SHA-256 of all that follows the place of the checksum."""
    file.seek(len(_FIRST) + _DIGEST)
    return hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type] # a file that is open for reading
