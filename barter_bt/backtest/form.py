"""In which form the loop runs; all of them give the same tables.

- *interpreted*: as plain Python; when it is asked for, and for a small first run, while others compile the loop;
- *linked*: the loop is compiled once for all strategies and risk managers and calls them by their addresses (some
  nanoseconds a call), so that of a new one only what the user wrote is compiled;
- *merged*: they are compiled into the loop; once :meth:`~barter_bt.Simulation.compile` has done it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from barter_bt.backtest.warm import is_cold, is_empty, linked, warm_in_background
from barter_bt.columns.block import Block
from barter_bt.columns.kernel import Compiler, interprets, is_numba_off
from barter_bt.columns.view import SAYS
from barter_bt.engine.feed import Feed
from barter_bt.engine.manage import manage
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import in_place_of_wake
from barter_bt.errors import StrategyError
from barter_bt.simulation import loop
from barter_bt.simulation.linked import Link, Linked
from barter_bt.strategy.driver import Driver
from barter_bt.venue.state import VenueState

SMALL_ROWS = 20_000  # interpreted in a second or so, and compiled for the first time in ten or twenty
FEW_ROWS = 5_000  # interpreted in less time than it takes to load the compiler and what it has compiled

_interpreted = [0]  # rows of this process, before the compiler was loaded

Step = Callable[[], int]


def runs_interpreted(driver: Driver, rows: int, interpret: bool | None) -> bool:
    """Whether a run is interpreted: because it shall be, or because it is small and the compiler is far.

    That is where nothing is compiled yet, and for the first few rows of a process that has not loaded the compiler. A
    function of the user's is always compiled, so that what cannot be is told in the first run.
    """
    if is_numba_off() or interpret or (interpret is None and interprets()):
        return True
    if interpret is False or rows > SMALL_ROWS or is_users(driver):
        return False
    if "numba" not in sys.modules and _interpreted[0] + rows <= FEW_ROWS:
        _interpreted[0] += rows
        if is_empty():
            warm_in_background()
        return True
    if not is_cold():
        return False
    warm_in_background()
    return True


def is_users(driver: Driver) -> bool:
    """Whether the loop would call functions that the user wrote."""
    if driver.managers:
        return True
    if driver.source is None:
        return driver.wake is not None and driver.decide is None  # hooks of a strategy that is no function itself
    return not Path(driver.source[0]).is_relative_to(Path(__file__).parents[1])


def make_step(s: EngineState, v: VenueState, feed: Feed, driver: Driver, interpret: bool) -> Step:
    """The loop with the strategy in its place, as a function without arguments."""
    if interpret:
        run = Compiler(in_place_of_wake(driver.wake), interpret=True).function(loop.run)  # type: ignore[arg-type]
        return lambda: int(run(s, v, feed, driver.my))
    from barter_bt.columns.entry import is_compiled

    try:
        if is_compiled(*_merged(s, v, feed, driver)):
            return merge_step(s, v, feed, driver)
        return _linked_step(s, v, feed, driver)
    except Exception as error:
        raise _compile_error(error, driver.source) from None


def merge_step(s: EngineState, v: VenueState, feed: Feed, driver: Driver) -> Step:
    """The loop with the strategy compiled into it."""
    from barter_bt.columns.entry import compile_entry

    try:
        entry = compile_entry(*_merged(s, v, feed, driver))
    except Exception as error:
        raise _compile_error(error, driver.source) from None
    return partial(entry, *(block.address for block in (s, v, feed, driver.my)))


def _merged(s: EngineState, v: VenueState, feed: Feed, driver: Driver) -> tuple[Any, tuple[type[Block], ...], Any]:
    return loop.run, tuple(type(block) for block in (s, v, feed, driver.my)), _exchanged(driver)


def _exchanged(driver: Driver) -> dict[Any, Any]:
    """What of the user's stands in the place of what in the engine."""
    replace = in_place_of_wake(driver.wake)
    return replace | {manage: driver.manage()} if driver.manage else replace


def _linked_step(s: EngineState, v: VenueState, feed: Feed, driver: Driver) -> Step:
    from barter_bt.columns.entry import compile_address

    entry, link = linked(), Linked(link=Link(1))
    if driver.wake:
        wakes: Any = driver.wake
        link.link.code[0] = compile_address(wakes, (EngineState, type(driver.my)))
        link.link.my[0] = driver.my.address
    if driver.link:
        driver.link()
    step = partial(entry, *(block.address for block in (s, v, feed, link)))
    vars(step)["link"] = link  # lives as long as what calls it
    return step


def _compile_error(error: Exception, source: tuple[str, int] | None) -> Exception:
    """What Numba says, in a sentence: the reason, and the line of the user's own that it is about."""
    if type(error).__module__.split(".")[0] not in ("numba", "llvmlite"):
        return error
    package = str(Path(__file__).parents[1])
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    noise = ("Failed in", "During:", "File ", "def ", "<source", "@", "-", "^", ">>>", "There are", "With arg")
    ours = (line[line.index(SAYS) :] for line in lines if SAYS in line)
    reason = next(ours, next((line for line in lines if not line.startswith(noise)), "unknown reason"))
    places = re.findall(r'File "([^"]+)", line (\d+)', str(error))
    own = [(Path(file).resolve(), line) for file, line in places]
    file, line = next(((f, n) for f, n in own if not str(f).startswith(package)), source or ("?", 0))
    return StrategyError(
        f"the strategy could not be compiled: {reason} ({file}, line {line})",
        "run it with interpret=True to debug it in plain Python; compiled code knows numbers, the state's columns, "
        "math and barter_bt.strategy.api",
    )
