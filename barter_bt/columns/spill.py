"""Memory for the tables of one run with a bound: what does not fit in it lies in temporary files.

A file is mapped into memory, so a column in it is a column as any other, for compiled code, views, checkpoints and
pickling: the system writes its pages out and reads them back. Its room on the disk is reserved before it is used, so a
full disk is an error when a table grows and not when it is written. It has no name: the disk is free again once nothing
looks at the file, however the process ends.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from barter_bt.columns.memory import take
from barter_bt.columns.table import Table
from barter_bt.errors import StorageError

_ZEROS = bytes(1 << 20)


class BoundedMemory:
    """Where the growable tables of a run lie: in memory, as long as their room is not above a bound, else in files.

    Whichever table asks for room that would go beyond it goes to a file, and leaves its part to the others.

    Parameters
    ----------
    tables
        Those that grow; others stay where they are.
    bytes_max
        The bound.
    directory
        Where the files are made; None for the system's directory for temporary files.

    Examples
    --------
    >>> from barter_bt.engine.state.tables import Readings
    >>> readings = Readings(1)
    >>> memory = BoundedMemory([readings], 4_096)
    >>> for value in range(1_000):
    ...     row = readings.append()
    ...     readings.value[row] = value
    >>> memory.is_in_file(readings), int(readings.array("value").sum())
    (True, 499500)
    """

    def __init__(self, tables: Iterable[Table], bytes_max: int, directory: Path | None = None) -> None:
        self._bytes_max, self._directory = bytes_max, directory
        self._in_memory: dict[int, int] = {}  # bytes of tables, by address
        self._bytes = 0  # of all of them
        self._files: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
        for table in tables:
            if table.growable:
                table.move_to(self)

    def has_room(self, table: Table, size: int) -> bool:
        """Whether so many bytes of a table could lie in memory."""
        return self._bytes - self._in_memory.get(table.address, 0) + size <= self._bytes_max

    def keeps(self, table: Table, size: int) -> bool:
        """Whether so many bytes of a table may lie in memory; if so, they count from now on."""
        if not self.has_room(table, size):
            return False
        self._bytes += size - self._in_memory.get(table.address, 0)
        self._in_memory[table.address] = size
        return True

    def take(self, table: Table, size: int) -> npt.NDArray[np.uint8]:
        """At least so many bytes for a table, in place of those that it had.

        Raises
        ------
        StorageError
            They do not fit on the disk.
        """
        if self.keeps(table, size):
            return take(size)
        import tempfile

        try:
            with tempfile.TemporaryFile(buffering=0, dir=self._directory) as file:
                _reserve(file, size)
                mapped = mmap.mmap(file.fileno(), size)
        except OSError as error:
            where = self._directory or tempfile.gettempdir()
            raise StorageError(
                f"journal {type(table).__name__} needs {size:,} bytes in a temporary file in {where}: {error.strerror}",
                "make room there, name another directory, spill=Spill(directory), or keep more in memory, above_bytes; "
                "a run with a checkpoint goes on from it",
            ) from error
        self._bytes -= self._in_memory.pop(table.address, 0)
        self._files.add(mapped)
        return np.frombuffer(mapped, np.uint8)

    def is_in_file(self, table: Table) -> bool:
        """Whether a table of this memory lies in a file."""
        return table.growable and table.address not in self._in_memory

    def release(self) -> None:
        """Let the system have the memory of what lies in files; it is read back where it is needed again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._files:
                mapped.madvise(mmap.MADV_DONTNEED)


def _reserve(file: BinaryIO, size: int) -> None:
    """Let a file have so many bytes on its disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, len(_ZEROS)):
        file.write(_ZEROS[: size - start])
