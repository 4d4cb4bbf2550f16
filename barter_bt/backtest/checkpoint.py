"""Saving a run while it goes on, and going on from there, in this process or another: the same digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from barter_bt.backtest.feeder import Feeder
from barter_bt.columns.storage import Stored, read, write
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.execution.venue.state import VenueState
from barter_bt.strategy.driver import Driver
from barter_bt.version import VERSION

FORMAT = 1
_NOT_STATE = ("watched", "fault")  # pointers of this process, and what ended a run
_WRITTEN = (("schedule", "sent"), ("limits", "sent"))  # columns of columns that the engine writes
_MEMORY = "memory"


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
        self._stored = Stored({"engine": state, "venue": venue, "my": driver.my}, _NOT_STATE, _WRITTEN)

    def save(self, path: Path) -> None:
        """Write everything to a file, under a temporary name first."""
        f = self._feeder.cursors
        header = {
            "format": FORMAT,
            "version": VERSION,
            "cursors": [(f.chunk[c], f.row[c]) for c in range(len(f))],
            "rows": self._stored.rows(),
            "layout": self._layout(),
        }
        memory = self._driver.save() if self._driver.save else b""
        write(path, header, self._stored.arrays() | {_MEMORY: np.frombuffer(memory, np.uint8)})

    def load(self, path: Path) -> None:
        """Go back to what a file says.

        Raises
        ------
        ConfigError
            It is no checkpoint, of another version, or of a run over other instruments, strategies or streams.
        """
        header, arrays = read(path, "a checkpoint")
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
        self._stored.fill(arrays, header["rows"])
        self._feeder.seek(header["cursors"])
        if self._driver.load:
            self._driver.load(arrays[_MEMORY].tobytes())

    def _layout(self) -> list[list[Any]]:
        """What must be equal between the run that was saved and the one that goes on."""
        return [*self._stored.layout(), ["streams", self._feeder.describe(), self._state.schedule.rows[0]]]
