"""Saving a run while it goes on, and going on from there, in this process or another: the same digest."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.feeder import Feeder
from barter_bt.columns.table import Block, Table
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.execution.venue.state import VenueState
from barter_bt.strategy.driver import Driver
from barter_bt.version import VERSION

FORMAT = 1
_NOT_STATE = ("watched", "fault")  # pointers of this process, and what ended a run
_WRITTEN = (("schedule", "sent"), ("limits", "sent"))  # columns of columns that the engine writes
_HEADER, _MEMORY = "header", "memory"


@dataclass(frozen=True)
class Checkpoint:
    """Save the run from time to time, so that it can go on after an interruption.

    Parameters
    ----------
    path
        The file; it is replaced as a whole each time.
    every_rows
        Rows of market data between two savings.
    """

    path: str | Path
    every_rows: int = 50_000_000

    def __post_init__(self) -> None:
        if self.every_rows <= 0:
            raise ConfigError(f"every_rows is {self.every_rows}; it must be positive")


class Run:
    """All that a run must remember: the tables of engine, venue and strategy, and where in the data it is."""

    def __init__(self, state: EngineState, venue: VenueState, feeder: Feeder, driver: Driver) -> None:
        self._state, self._feeder, self._driver = state, feeder, driver
        self._blocks = {"engine": state, "venue": venue, "my": driver.my}

    def save(self, path: Path) -> None:
        """Write everything to a file, under a temporary name first."""
        arrays = {name: array for name, array in self._columns() if array is not None}
        f = self._feeder.cursors
        header = {
            "format": FORMAT,
            "version": VERSION,
            "cursors": [(f.chunk[c], f.row[c]) for c in range(len(f))],
            "rows": self._rows(),
            "layout": self._layout(),
        }
        arrays[_HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        memory = self._driver.save() if self._driver.save else b""
        arrays[_MEMORY] = np.frombuffer(memory, np.uint8)
        temporary = path.with_name(f".{path.name}.writing")
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)

    def load(self, path: Path) -> None:
        """Go back to what a file says.

        Raises
        ------
        ConfigError
            It is no checkpoint, of another version, or of a run over other instruments, strategies or streams.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{path} is not a checkpoint: {error}") from None
        header = json.loads(arrays[_HEADER].tobytes()) if _HEADER in arrays else {}
        if header.get("format") != FORMAT or header.get("version") != VERSION:
            raise ConfigError(
                f"checkpoint {path} is of format {header.get('format')}, version {header.get('version')}; "
                f"this is format {FORMAT}, version {VERSION}"
            )
        if header["layout"] != self._layout():
            raise ConfigError(
                f"checkpoint {path} is of another run: its tables differ",
                "resume with the same instruments, strategy, streams and settings",
            )
        for block, name, table in self._tables():
            rows = header["rows"][f"{block}.{name}"]
            table.reserve(rows)
            table.truncate(rows)
        for name, array in self._columns():
            if array is not None:
                array[:] = arrays[name]
        self._feeder.seek(header["cursors"])
        if self._driver.load:
            self._driver.load(arrays[_MEMORY].tobytes())

    def _tables(self) -> Iterator[tuple[str, str, Table]]:
        """Every table once; blocks share some."""
        seen: set[int] = set()

        def walk(prefix: str, block: Block) -> Iterator[tuple[str, str, Table]]:
            for name, part in block.tables().items():
                if isinstance(part, Block):
                    yield from walk(f"{prefix}.{name}", part)
                elif part.address not in seen and name not in _NOT_STATE:
                    seen.add(part.address)
                    yield prefix, name, part

        for name, block in self._blocks.items():
            yield from walk(name, block)

    def _columns(self) -> Iterator[tuple[str, npt.NDArray[Any] | None]]:
        for block, name, table in self._tables():
            for column, code in table.schema.items():
                if code[0] != "*":
                    yield f"{block}.{name}.{column}", table.array(column)
                elif (name, column) in _WRITTEN:
                    for row in range(len(table)):
                        pointed = getattr(table, column)[row]
                        found = None if pointed is None else np.asarray(pointed)
                        yield f"{block}.{name}.{column}.{row}", found

    def _rows(self) -> dict[str, int]:
        return {f"{block}.{name}": len(table) for block, name, table in self._tables()}

    def _layout(self) -> list[list[Any]]:
        """What must be equal between the run that was saved and the one that goes on."""
        tables = [
            [f"{block}.{name}", list(table.schema), None if table.growable else len(table)]
            for block, name, table in self._tables()
        ]
        return [*tables, ["streams", self._feeder.describe(), self._state.schedule.rows[0]]]
