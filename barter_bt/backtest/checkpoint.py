"""Saving a run while it goes on, and going on from there, in this process or another: the same digest."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.identity import Identity, differences, listed
from barter_bt.columns.storage import Arrays, Stored, read, write
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError, EngineError, StrategyError
from barter_bt.strategy.driver import Driver
from barter_bt.venue.state import VenueState
from barter_bt.version import VERSION

FORMAT = 2
_NOT_STATE = ("watched", "fault", "managers")  # pointers of this process, and what ended a run
_WRITTEN = {"schedule": ("sent",), "commands": ("sent",)}  # all else of it is as it was made
_POINTED = (("limits", "sent"),)  # columns of columns that the engine writes
_MEMORY = "memory"


class CheckpointWarning(UserWarning):
    """A run could not be saved on its way; it goes on."""


@dataclass(frozen=True)
class Checkpoint:
    """Save the run from time to time, so that it can go on after an interruption.

    Where it cannot be saved (a full disk), the older file stays, the run goes on, and a warning says so.

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
    """All that a run must remember: what it is made from, its tables, and where in the data it is.

    Parameters
    ----------
    state, venue, feeder, driver
        As they are before the first event.
    made_from
        Gives the run's identity from the columns of these tables.

    Attributes
    ----------
    unsaved
        What could not be saved, for the run's warnings.
    """

    def __init__(
        self,
        state: EngineState,
        venue: VenueState,
        feeder: Feeder,
        driver: Driver,
        made_from: Callable[[Arrays], Identity],
    ) -> None:
        self._state, self._feeder, self._driver = state, feeder, driver
        blocks = {"engine": state, "venue": venue, "my": driver.my, **driver.managers}
        self._stored = Stored(blocks, _NOT_STATE, _WRITTEN, _POINTED)
        self._identity = made_from(self._stored.arrays())
        self.unsaved: list[str] = []

    def saver(self, checkpoint: Checkpoint) -> Callable[[], None]:
        """What saves the run when it is called, after a look at whether it can.

        Raises
        ------
        ConfigError
            The file's directory does not exist.
        StrategyError
            What the strategy remembers cannot be saved.
        """
        path = Path(checkpoint.path)
        if not path.absolute().parent.is_dir():
            raise ConfigError(f"checkpoint {path} cannot be written: directory {path.parent} does not exist")
        self._memory()

        def save() -> None:
            try:
                self.save(path)
            except (EngineError, StrategyError) as error:
                if not self.unsaved:
                    warnings.warn(f"checkpoint: {error}", CheckpointWarning, stacklevel=2)
                self.unsaved = [f"the run could not be saved on its way, at last because {error}"]

        return save

    def save(self, path: Path) -> None:
        """Write everything to a file, whole or not at all."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "identity": self._identity,
            "places": self._feeder.places(),
            "rows": self._stored.rows(),
            "layout": self._stored.layout(),
        }
        write(path, header, self._stored.arrays() | {_MEMORY: np.frombuffer(self._memory(), np.uint8)})

    def load(self, path: Path) -> None:
        """Go back to what a file says.

        Raises
        ------
        ConfigError
            It is no checkpoint, is damaged, is of another version, or is of another run: the message says what
            differs, and how.
        """
        header, arrays = read(path, "a checkpoint")
        if header.get("format") != FORMAT or header.get("version") != VERSION:
            raise ConfigError(
                f"checkpoint {path} is of format {header.get('format')}, version {header.get('version')}; "
                f"this is format {FORMAT}, version {VERSION}",
                "go on with that version, or start anew",
            )
        others = differences(header["identity"], self._identity)
        if others or header["layout"] != self._stored.layout():
            raise ConfigError(
                f"checkpoint {path} is of another run:{listed(others or ['its tables differ'])}",
                "go on with the same data, instruments, strategy and settings, or start anew without resume",
            )
        self._stored.fill(arrays, header["rows"])
        self._feeder.seek(header["places"])
        if self._driver.load:
            try:
                self._driver.load(arrays[_MEMORY].tobytes())
            except Exception as error:  # a class that is not there any more, or whatever its own code raises
                what = f"checkpoint {path}: what the strategy remembers cannot be read: {error!r}"
                raise ConfigError(what) from error

    def _memory(self) -> bytes:
        try:
            return self._driver.save() if self._driver.save else b""
        except Exception as error:  # whatever pickling a user's objects may raise
            raise StrategyError(
                f"what the strategy remembers cannot be saved: {error!r}",
                "a checkpoint pickles the attributes of a strategy in Python: no files, locks or lambdas among them",
            ) from error
