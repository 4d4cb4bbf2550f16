"""Where the journals of a run go that have no room in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from barter_bt.columns.block import tables_of
from barter_bt.columns.spill import BoundedMemory
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.venue.state import VenueState


@dataclass(frozen=True)
class Spill:
    """How much memory the journals of a run may take, and where they lie beyond it.

    Orders, trades, balances, marks, records, the audit and the venue's orders grow with what a run does. As long as
    the room of all of them is not above ``above_bytes`` they lie in memory. A journal that needs more than is left is
    moved to a temporary file, which the system maps into memory, writes out and reads back: tables, digest and
    checkpoints are what they are in memory, and the file is gone when the run and its result are, also when the process
    is killed. Its room is reserved as the journal grows, to twice its size; while it does, both lie on the disk.

    Parameters
    ----------
    directory
        Where the files are made; by default in the system's directory for temporary files (the environment variable
        TMPDIR). It should be on a disk: what lies in a file system that is itself in memory, as ``/tmp`` is on some
        machines, saves none.
    above_bytes
        Bytes that lie in memory, of each run that goes on at a time.

    Raises
    ------
    ConfigError
        The directory does not exist, or the number is negative.

    Notes
    -----
    What is bounded is the memory of the run. A table of the result, such as ``result.orders``, is in memory when it is
    asked for, as a whole. A full disk ends a run with a :class:`~barter_bt.errors.StorageError`, without a partial
    result.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(500, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> cross, given = bt.strategy.builtin.SmaCross(5, 50), {"balances": {"usd": 1_000}, "interpret": True}
    >>> spilled = bt.backtest(candles, btc, cross, spill=bt.Spill(above_bytes=10_000), **given)
    >>> spilled.digest == bt.backtest(candles, btc, cross, spill=None, **given).digest
    True
    """

    directory: str | Path | None = None
    above_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        if self.directory is not None and not Path(self.directory).is_dir():
            raise ConfigError(f"spill: directory {self.directory} does not exist", "make it, or name another")
        if self.above_bytes < 0:
            raise ConfigError(f"above_bytes is {self.above_bytes}; it must not be negative", "0: all lies in files")

    def bound(self, state: EngineState, venue: VenueState) -> BoundedMemory:
        """Bound the memory of the tables of a run."""
        directory = None if self.directory is None else Path(self.directory)
        return BoundedMemory((*tables_of(state), *tables_of(venue)), self.above_bytes, directory)


SPILL = Spill()
"""Journals above 1 GiB lie in the system's directory for temporary files."""
