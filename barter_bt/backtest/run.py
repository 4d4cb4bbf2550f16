"""One run of a strategy from a setup: its tables, where it may stop early, and what its user is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.asked import strategy_of
from barter_bt.backtest.audit import start_audit
from barter_bt.backtest.describe import describe_run
from barter_bt.backtest.drive import Drive
from barter_bt.backtest.early import without_replaced
from barter_bt.backtest.fault import is_ours
from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.form import merge_step, runs_interpreted
from barter_bt.backtest.progress import progress_bar
from barter_bt.backtest.result import Result
from barter_bt.backtest.setup import Setup
from barter_bt.backtest.splits import split_warnings
from barter_bt.data import check
from barter_bt.data.forked import refuse_fork
from barter_bt.engine.action.protect import NO_UNIT
from barter_bt.engine.action.send import NO_ORDER
from barter_bt.engine.agenda import SCHEDULE, TIMER_DUE
from barter_bt.engine.feed import Feed
from barter_bt.engine.order import REASONS
from barter_bt.engine.sizing import UNITS
from barter_bt.engine.state.tables import EngineState, Entries, Schedule
from barter_bt.engine.state.window import keep_candles, keep_columns
from barter_bt.engine.targets import TARGET_ROW
from barter_bt.engine.terms import RATE
from barter_bt.errors import BarterBtError, ConfigError, StorageError
from barter_bt.strategy.columns import own_columns
from barter_bt.strategy.driver import Driver, Market
from barter_bt.venue.remember import remember
from barter_bt.venue.state import VenueState
from barter_bt.version import VERSION

if TYPE_CHECKING:
    from barter_bt.backtest.checkpoint import Checkpoint, Run


def run(
    setup: Setup,
    strategy: Any,
    *,
    interpret: bool | None,
    checkpoint: Checkpoint | None = None,
    resume: str | Path | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
    alone: bool = False,
) -> Result:
    """Run one strategy. Parameters are those of ``backtest``; the setup stays as it is, unless the run is ``alone``."""
    refuse_fork()
    if checkpoint is not None:
        _refuse_other(checkpoint)
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ConfigError(f"progress is {progress!r:.60}; allowed: True, False, a function of rows done and all rows")
    began = time.perf_counter()
    feeder = setup.feeder()
    state, venue = setup.begin(alone=alone)
    memory = setup.spill.bound(state, venue) if setup.spill else None
    strategy = strategy_of(strategy)
    driver = _prepared(strategy, setup.market)
    if driver.columns:
        setup.spare.append(feeder)  # it has not moved
        feeder = setup.feeder(driver.columns)
    driver, reasons = _managed(setup, state, driver)
    _install(state, venue, driver, setup.begins)
    if driver.columns:
        keep_columns(state, len(own_columns(setup.market.streams)))
    remember(venue, state, driver.wake is not None or driver.decide is not None)
    snapshot = start_audit(state, setup.audit)
    saved = _checkpoints(setup, strategy, state, venue, feeder, driver) if checkpoint or resume is not None else None
    saving = (checkpoint.every_rows, saved.saver(checkpoint)) if saved and checkpoint else None
    if saved and resume is not None:
        saved.load(Path(resume))
    prepared = time.perf_counter()
    with progress_bar(progress) as show:
        plainly = runs_interpreted(driver, feeder.total_rows, interpret)
        drive = Drive(state, venue, feeder, driver, setup.index, setup.scales, plainly, show, saving, memory)
        compiled = time.perf_counter()
        partial_, error = _driven(drive, venue, feeder)
    result = _result(setup, strategy, driver, state, venue, snapshot, reasons, partial_)
    result.warn = _warnings(setup, driver, feeder, error, result, saved.unsaved if saved else [])
    result.timings |= {
        "prepare": prepared - began,
        "compile": compiled - prepared,
        "run": time.perf_counter() - compiled,
    }
    if error:
        error.result = result
        raise error
    return result


def _refuse_other(checkpoint: Any) -> None:
    from barter_bt.backtest.checkpoint import Checkpoint

    if not isinstance(checkpoint, Checkpoint):
        raise ConfigError(f"checkpoint is {checkpoint!r:.60}; it must be a Checkpoint", 'Checkpoint("run.checkpoint")')


def _result(
    setup: Setup,
    strategy: Any,
    driver: Driver,
    state: EngineState,
    venue: VenueState,
    snapshot: EngineState | None,
    reasons: Sequence[str],
    is_partial: bool,
) -> Result:
    """The result of a run that has ended; its tables have given back what they did not need."""
    for table in (*state.tables().values(), *venue.tables().values()):
        table.trim()
    tables = driver.own or {strategy.name: driver.my}
    return Result(
        state=state,
        venue=venue,
        index=setup.index,
        scales=setup.scales,
        strategies=list(tables),
        reporting=setup.reporting,
        describe=partial(describe_run, setup, strategy),
        snapshot=snapshot,
        reasons=reasons,
        flow_reasons=setup.flow_reasons,
        open_in=setup.sessions,
        tables=tables,
        seed=setup.seed,
        version=VERSION,
        partial=is_partial,
        market=list(setup.streams),
        record=setup.record.frame(state, setup.index, setup.scales) if setup.record else None,
    )


def _warnings(
    setup: Setup, driver: Driver, feeder: Feeder, error: BarterBtError | None, result: Result, unsaved: Sequence[str]
) -> Callable[[], list[str]]:
    """What tells what is odd about data, strategy and run, by the tables at its end: few look at it after each run."""
    s, v, index, partial_, reasons = result.state, result.venue, setup.index, result.partial, result.reasons
    scales, streams, late = setup.scales, setup.streams, feeder.expiries.rows
    splits = list(split_warnings(s, index, streams))  # by the data, which may be another one later

    def warn() -> list[str]:
        from barter_bt.backtest.warn import expiry_warnings, run_warnings

        unit = scales.units[setup.market.reporting]
        return [
            *setup.warnings,
            *driver.warnings(),
            *run_warnings(s, v, index, unit, scales.ticks, streams, partial_, error, reasons),
            *expiry_warnings(s, index, late),
            *splits,
            *unsaved,
        ]

    return warn


def merge(setup: Setup, strategy: Any) -> None:
    """Compile a strategy into the loop, so that its runs take the one loop with the other."""
    feeder = setup.feeder()
    state, venue = setup.begin()
    driver, _ = _managed(setup, state, _prepared(strategy_of(strategy), setup.market))
    merge_step(state, venue, Feed(cursors=feeder.cursors), driver)


def _managed(setup: Setup, state: EngineState, driver: Driver) -> tuple[Driver, Sequence[str]]:
    """The driver with the user's own risk managers, and the names of all reasons."""
    if not setup.managers:
        return driver, REASONS
    from barter_bt.risk.managed import Managed

    managed = Managed(setup.managers, state, setup.index)
    return managed.drive(driver), managed.reasons


def _prepared(strategy: Any, market: Market) -> Driver:
    """Prepare a strategy; where it cannot be, and the data is bad, the data is to blame."""
    try:
        driver: Driver = strategy.prepare(market)
    except Exception:
        for stream in market.streams:
            if stream.validate:
                check(stream, market.index.codes).raise_if_errors()
        raise
    return driver


def _checkpoints(
    setup: Setup, strategy: Any, state: EngineState, venue: VenueState, feeder: Feeder, driver: Driver
) -> Run:
    from barter_bt.backtest.checkpoint import Run
    from barter_bt.backtest.identity import identity

    streams, made_from = setup.streams, setup.made_from()
    return Run(state, venue, feeder, driver, lambda tables: identity(made_from, streams, strategy, driver, tables))


def _driven(drive: Drive, venue: VenueState, feeder: Feeder) -> tuple[bool, BarterBtError | None]:
    """Whether the run ended early, and the error that ended it; what it did until then is kept."""
    try:
        drive.run()
        feeder.read_on()
    except KeyboardInterrupt:
        return True, None
    except BarterBtError as error:
        if isinstance(error, StorageError) or is_ours(venue.fault, feeder):
            raise
        return True, error
    return False, None


def expected_orders(schedule: Mapping[str, npt.NDArray[Any]], size: int) -> int:
    """How many orders the rows of a schedule become, as far as they tell.

    Targets in units that stay as they are trade nothing; what is protected has a stop, a take profit, or both beside
    it.

    Examples
    --------
    >>> import numpy as np
    >>> targets = {"action": np.full(4, TARGET_ROW), "instrument": np.zeros(4), "target": np.array([0, 5, 5, 0])}
    >>> expected_orders(targets | {"protect_by": np.full(4, NO_UNIT)}, UNITS)
    3
    """
    action, target, instrument = schedule["action"], schedule["target"], schedule["instrument"]
    orders = len(action)
    if size == UNITS and (action == TARGET_ROW).all():
        orders = 1 + int(np.count_nonzero((target[1:] != target[:-1]) | (instrument[1:] != instrument[:-1])))
    if (schedule["protect_by"] != NO_UNIT).any():
        stops = (schedule["stop_loss"] > 0) | (schedule["trailing_stop"] > 0)
        orders += int(np.count_nonzero(stops) + np.count_nonzero(schedule["take_profit"] > 0))
    return orders


def _install(state: EngineState, venue: VenueState, driver: Driver, begins: int) -> None:
    """Let the engine know what the strategy asked for, and its schedule."""
    e = state.engine
    e.wake[0], e.hooks[0] = driver.asked, driver.hooks
    e.size[0], e.with_fee[0], e.band[0] = driver.size, int(driver.with_fee), round(driver.band * RATE)
    e.size_at_fill[0] = int(driver.size_at_fill)
    if driver.timer_ns:
        e.timer_every[0] = driver.timer_ns
        state.agenda.due[TIMER_DUE] = -(-begins // driver.timer_ns) * driver.timer_ns
    if driver.history:
        keep_candles(state, driver.history)
    if driver.schedule and len(driver.schedule["time"]):
        rows = without_replaced(driver.schedule, begins)
        orders = expected_orders(rows, driver.size)
        for table in (state.orders, state.trades, venue.orders):
            table.expect(orders + 64)
        state.positions.expect(orders // 2 + 64)
        state.balances.expect(2 * orders + len(state.assets) + 64)
        state.replace("schedule", Schedule.over(rows))
        if state.schedule.array("enter_by").any():
            state.replace("entries", Entries(len(state.instruments)))
            state.entries.array("order")[:] = NO_ORDER
        state.agenda.due[SCHEDULE] = state.schedule.time[0]
