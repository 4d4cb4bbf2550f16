"""``sweep``: one strategy with many sets of parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.errors import ConfigError
from barter_bt.research.executors import Kind, count_of, run_blocks
from barter_bt.research.folds import Fold
from barter_bt.research.kept import KeptRows
from barter_bt.research.pieces import pieces_of, table_of
from barter_bt.research.plan import ONE_PASS
from barter_bt.research.progress import Show, showing
from barter_bt.research.result import RESERVED, Sweep
from barter_bt.research.runs import Runs
from barter_bt.research.sets import checked
from barter_bt.strategy import Signals

FIGURES = (
    *("total_return", "annual_return", "volatility", "downside_deviation", "sharpe", "sortino", "max_drawdown"),
    *(
        "calmar",
        "turnover",
        "fees",
        "exposure",
        "orders",
        "orders_rejected",
        "trades",
        "positions",
        "win_rate",
        "periods",
    ),
)
"""What is computed of each run unless something else is asked for."""


def sweep(
    simulation: Simulation | Callable[..., Simulation],
    strategy: Callable[..., Any],
    *,
    over: pl.DataFrame | Mapping[str, Any],
    folds: Sequence[Fold] | None = None,
    objective: str = "sharpe",
    figures: Sequence[str] = FIGURES,
    sampling: str | None = None,
    interval: str = "actual",
    risk_free: float = 0.0,
    time_zone: str | None = None,
    seed: int = 0,
    executor: Kind = "threads",
    workers: int | None = None,
    one_pass: bool = True,
    out: str | Path | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Sweep:
    """Run a strategy with each of many sets of parameters; every figure is that of a run of its own.

    Signals on the candles of spot instruments, followed by market orders without latency, are run in one pass for many
    sets (rule 85): nothing is kept of a run but what its figures are made of. Everything else is run as a whole.
    Figures are the same either way, and do not depend on who runs a set, or on how many at a time.

    Parameters
    ----------
    simulation
        Everything but the strategy; or a function of parameters that makes a simulation, for fees, latency or data as a
        dimension of the sweep. Sets that give it the same parameters share one.
    strategy
        A function (or class) of parameters that makes a strategy: Signals, a Compiled strategy, or one in Python. If it
        has a parameter ``seed`` that is none of the sweep's, it gets a number that depends on ``seed`` and the set.
    over
        A row for each set, as :func:`grid` and :func:`draw` make them, or a mapping for a grid.
    folds
        Splits of the time, as :func:`walk_forward` and its like make them: each set is run in each span of each fold,
        with an account of its own (rule 86). Signals see all candles before a span; strategies that are woken by events
        see none.
    objective
        The figure that sets are ranked by; with folds by its mean over the spans of training.
    figures
        Names of figures that are numbers; the objective is one of them in any case.
    sampling, interval, risk_free, time_zone
        Of the figures, as for :func:`barter_bt.statistic.summarise`.
    seed
        Of what strategies draw.
    executor
        ``"threads"``, or ``"processes"``, for strategies in Python, which hold the interpreter's lock: they are started
        anew (spawn), map frames of the data into their memory, and import the strategy from its module.
    workers
        How many; by default one for each processor.
    one_pass
        False runs every set as a whole.
    out
        Directory in which rows are kept: what is done is not done again by a later sweep.
    progress
        True for a bar with rate, time left and the best so far; or a function of sets done and in all.

    Returns
    -------
    Sweep
        Also where Ctrl-C has ended it: with the sets that are done.

    Raises
    ------
    BarterBtError
        For bad input; what a single set raises is a row's ``error``, unless all do.

    Examples
    --------
    >>> import polars as pl
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> simulation = bt.Simulation(candles, btc, balances={"usd": 1_000}, interpret=True)
    >>> def crossing(fast, slow):
    ...     mean = pl.col("close").rolling_mean
    ...     return bt.Signals((mean(fast) > mean(slow)) * 1.0)
    >>> found = sweep(simulation, crossing, over=bt.grid(fast=(3, 5), slow=(20, 30)), workers=1)
    >>> found.frame.height, found.best() in found.frame.select("fast", "slow").rows(named=True)
    (4, True)
    """
    began = time.perf_counter()
    sets, options = checked(over), {"sampling": sampling, "interval": interval, "risk_free": risk_free}
    reserved = [name for name in sets.columns if name in RESERVED]
    if reserved:
        raise ConfigError(f"a parameter cannot be named {reserved[0]!r}: a column of the result is")
    wanted = list(dict.fromkeys([*figures, objective]))
    pieces = pieces_of(folds)
    plan = Runs(simulation, strategy, sets, wanted, options | {"time_zone": time_zone}, seed, one_pass, pieces)
    count, kept = count_of(workers), None if out is None else Kept(plan, KeptRows(out))
    rows = [] if kept is None else kept.known()
    chosen = plan.figures[wanted.index(objective)]
    with showing(progress, plan.runs, chosen) as show:
        partial = _run(plan, rows, kept, executor, count, show)
    done = (pl.concat(rows) if rows else pl.DataFrame(schema=plan.schema)).sort("run")
    _refuse_nothing(done)
    return Sweep(
        sets=sets,
        done=done,
        objective=chosen,
        pieces=table_of(pieces) if pieces else None,
        trials=kept.trials() if kept else sets.height,
        notes=_notes(plan, done, folds),
        seconds=time.perf_counter() - began,
        partial=partial,
        interval=interval,
        plan=plan,
    )


class Kept:
    """Rows of a plan in a directory."""

    def __init__(self, plan: Runs, rows: KeptRows) -> None:
        self._plan, self._rows = plan, rows
        self._keys = [plan.key(number) for number in range(plan.runs)]
        self._trials = [plan.trial(number % plan.sets.height) for number in range(plan.runs)]

    def known(self) -> list[pl.DataFrame]:
        """Those that are there."""
        found = self._rows.known(self._keys, self._plan.asked)
        return [] if found is None else [found.select(list(self._plan.schema))]

    def add(self, rows: pl.DataFrame) -> None:
        """Keep some."""
        self._rows.add(rows, self._keys, self._trials, self._plan.asked)

    def write(self) -> None:
        """Write what is not written yet."""
        self._rows.write()

    def trials(self) -> int:
        """How many different sets were tried."""
        return self._rows.trials(self._trials)


def _run(plan: Runs, rows: list[pl.DataFrame], kept: Kept | None, executor: Kind, count: int, show: Show) -> bool:
    """Run what is not there yet, and add it; True if Ctrl-C has ended that."""
    there = {number for each in rows for number in each["run"]}
    left = [number for number in range(plan.runs) if number not in there]
    size = min(plan.at_once, -(-len(left) // count)) if left else 1
    blocks = [left[k : k + size] for k in range(0, len(left), size)]
    for each in rows:
        show(each)
    try:
        for each in run_blocks(plan, blocks, executor, count):
            rows.append(each)
            if kept:
                kept.add(each)
            show(each)
    except KeyboardInterrupt:
        return True
    finally:
        if kept:
            kept.write()
    return False


def _refuse_nothing(done: pl.DataFrame) -> None:
    """Where every run has failed, what the first has raised is the sweep's error."""
    if done.height and not done["error"].null_count():
        raise ConfigError(f"all {done.height:,} runs failed, the first with: {done['error'][0]}")


def _notes(plan: Runs, done: pl.DataFrame, folds: Sequence[Fold] | None) -> list[str]:
    """What a user should know: how sets were run, what failed, what the first run was warned of."""
    notes = []
    passes = int((done["way"] == ONE_PASS).sum())
    if passes < done.height and plan.one_pass and (why := plan.why_not_one_pass()):
        notes.append(f"{done.height - passes:,} of {done.height:,} runs were whole ones: {why}")
    failed = done.height - done["error"].null_count()
    if failed:
        first = done.filter(pl.col("error").is_not_null())["error"][0]
        notes.append(f"{failed:,} of {done.height:,} runs failed, the first with: {first}")
    warned = done.filter(pl.col("warnings").list.len() > 0)
    if warned.height:
        number, texts = warned["run"][0], warned["warnings"][0].to_list()
        notes += [f"run {number}: {text}" for text in texts]
    if any(fold.warm_up for fold in folds or ()) and not isinstance(plan.signals_of(0), Signals):
        notes.append("warm_up has no effect: strategies that are woken by events see nothing before a span")
    return notes
