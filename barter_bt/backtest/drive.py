"""Drives the engine's loop: hands it data, lets Python strategies decide, shows progress, explains faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from barter_bt.backtest.fault import explain, raised, users_lines
from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.form import make_step
from barter_bt.columns.spill import BoundedMemory
from barter_bt.columns.table import out_of_memory
from barter_bt.engine.fault import NO_FAULT
from barter_bt.engine.feed import Feed
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import BarterBtError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.simulation import loop
from barter_bt.strategy.driver import Driver
from barter_bt.venue.state import VenueState

ROWS_PER_TURN = 1 << 22  # a few hundredths of a second: Ctrl-C and the progress bar are served that often
INTERPRETED_ROWS_PER_TURN = 1 << 14


def _nobody(s: EngineState) -> None:
    """Decide in place of a strategy that is never woken."""
    raise AssertionError("the loop asks for a decision, and there is no strategy in Python")


class Drive:
    """One run of the loop.

    Parameters
    ----------
    progress
        Called with rows done and rows in all.
    checkpoint
        After how many rows to save the run, and what does it.
    memory
        Where the tables lie, if it is bounded.
    """

    def __init__(
        self,
        s: EngineState,
        v: VenueState,
        feeder: Feeder,
        driver: Driver,
        index: IndexedInstruments,
        scales: Scales,
        interpret: bool,
        progress: Callable[[int, int], None] | None,
        checkpoint: tuple[int, Callable[[], None]] | None = None,
        memory: BoundedMemory | None = None,
    ) -> None:
        self._s, self._v, self._feeder, self._driver = s, v, feeder, driver
        self._index, self._scales = index, scales
        self._interpret = interpret
        self._progress = progress
        self._turn = INTERPRETED_ROWS_PER_TURN if interpret else ROWS_PER_TURN
        self._checkpoint, self._unsaved = checkpoint, 0
        self._memory = memory
        if checkpoint:
            self._turn = min(self._turn, checkpoint[0])
        self._feed = Feed(cursors=feeder.cursors)
        self._step = make_step(s, v, self._feed, driver, interpret)
        self._done = 0

    def run(self) -> None:
        """Run to the end of the data. KeyboardInterrupt leaves the state as of the last event.

        Raises
        ------
        StrategyError
            The strategy raised, which is the error's cause, or asked for something impossible.
        """
        s, budget = self._s, self._s.engine.budget
        budget[0] = self._turn
        while True:
            status = self._advance()
            if error := out_of_memory.take():
                raise error
            if self._v.fault.code[0] != NO_FAULT:
                self._raise()
            if status == loop.DONE:
                break
            if self._memory:
                self._memory.release()
            if status == loop.DATA:
                self._feeder.feed(s.engine.starved[0])
            elif status == loop.PROGRESS:
                rows = self._turn - budget[0]
                self._show(rows)
                budget[0] = self._turn
                self._save(rows)
        self._show(self._feeder.total_rows - self._done)

    def _advance(self) -> int:
        """Go on until the loop needs something other than a decision."""
        step, s, fault, strategy, none = self._step, self._s, self._v.fault.code, loop.STRATEGY, NO_FAULT
        decide = self._driver.decide or _nobody
        try:
            while (status := step()) == strategy:
                if fault[0] != none:
                    break
                decide(s)
                if fault[0] != none:
                    break
            return status
        except BarterBtError:
            raise
        except Exception as error:
            if self._interpret and not users_lines(error.__traceback__):
                raise  # a fault of ours
            raise raised(error, s, self._index, list(self._driver.own)) from error

    def _raise(self) -> NoReturn:
        """Raise what the first fault stands for."""
        error = self._driver.raised() if self._driver.raised else None
        if error is None:
            e = self._s.engine
            raise explain(self._v, self._feeder, self._index, self._scales, e.time[0], e.history[0])
        if isinstance(error, BarterBtError):
            raise error
        raise raised(error, self._s, self._index, [], "the risk manager") from error

    def _save(self, rows: int) -> None:
        """Between two turns every table is as an event left it."""
        self._unsaved += rows
        if self._checkpoint and self._unsaved >= self._checkpoint[0]:
            self._checkpoint[1]()
            self._unsaved = 0

    def _show(self, rows: int) -> None:
        self._done += rows
        if self._progress:
            self._progress(self._done, self._feeder.total_rows)
