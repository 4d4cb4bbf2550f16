"""``sweep``: one strategy with many sets of parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.errors import ConfigError
from barter_bt.research.course import run_all
from barter_bt.research.executors import Kind, crew_of
from barter_bt.research.folds import Fold
from barter_bt.research.kept import KeptRows
from barter_bt.research.outcome import RESERVED
from barter_bt.research.overfitting.block_sums import check_number
from barter_bt.research.pieces import Piece, pieces_of, table_of
from barter_bt.research.plan import ONE_PASS
from barter_bt.research.progress import showing
from barter_bt.research.ranking import LOWER_IS_BETTER
from barter_bt.research.result import Sweep
from barter_bt.research.runs import Runs
from barter_bt.research.sampled import SUMS
from barter_bt.research.searching import Adaptive, Search
from barter_bt.research.sets import Listed, checked
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
    over: pl.DataFrame | Mapping[str, Any] | Adaptive,
    folds: Sequence[Fold] | None = None,
    objective: str = "sharpe",
    figures: Sequence[str] = FIGURES,
    sampling: str | None = None,
    interval: str = "actual",
    risk_free: float = 0.0,
    time_zone: str | None = None,
    blocks: int | None = None,
    seed: int = 0,
    executor: Kind = "threads",
    workers: int | None = None,
    one_pass: bool = True,
    out: str | Path | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Sweep:
    """Run a strategy with each of many sets of parameters; every figure is that of a run of its own.

    Signals on the candles of spot instruments, followed by market orders without latency, with stops and take profits
    if there is one instrument, are run in one pass for many sets (rule 85): nothing is kept of a run but what its
    figures are made of. Everything else is run as a whole. Figures are the same either way, and do not depend on who
    runs a set, or on how many at a time.

    Parameters
    ----------
    simulation
        Everything but the strategy; or a function of parameters that makes a simulation, for fees, latency or data as a
        dimension of the sweep. Sets that give it the same parameters share one.
    strategy
        A function (or class) of parameters that makes a strategy: Signals, a Compiled strategy, or one in Python. If it
        has a parameter ``seed`` that is none of the sweep's, it gets a number that depends on ``seed`` and the set.
    over
        A row for each set, as :func:`grid` and :func:`draw` make them, or a mapping for a grid; or what
        :func:`adaptive` gives: then each batch of sets depends on the objective of those before it.
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
    blocks
        Cut the returns of each run in so many blocks (an even number, 16 is usual) and keep their sums:
        :func:`probability_of_overfitting` takes the sweep then, as it is or as it was saved.
    seed
        Of what strategies draw.
    executor
        ``"threads"``; ``"processes"``, for strategies in Python, which hold the interpreter's lock: they are started
        anew (spawn), map frames of the data into their memory, and import the strategy from its module; or ``"ray"``:
        the cluster that ``ray.init`` has connected to, else that of ``RAY_ADDRESS``, else one on this machine.
    workers
        How many; by default one for each processor, of the machine or of the cluster.
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
    options = {"sampling": sampling, "interval": interval, "risk_free": risk_free, "time_zone": time_zone}
    sets = pl.DataFrame(schema=over.schema) if isinstance(over, Adaptive) else checked(over)
    reserved = [name for name in sets.columns if name in RESERVED]
    if reserved:
        raise ConfigError(f"a parameter cannot be named {reserved[0]!r}: a column of the result is")
    wanted = list(dict.fromkeys([*figures, objective]))
    pieces = pieces_of(folds)
    _check_blocks(blocks, pieces)
    plan = Runs(simulation, strategy, sets, wanted, options, seed, one_pass, pieces, blocks)
    chosen = plan.figures[wanted.index(objective)]
    search = Search(over, chosen in LOWER_IS_BETTER) if isinstance(over, Adaptive) else Listed(sets)
    store = None if out is None else KeptRows(out)
    runs = search.sets * max(len(pieces), 1)
    with crew_of(plan, executor, workers) as crew, showing(progress, runs, chosen) as show:
        course = run_all(plan, search, chosen, crew, store, show)
    plan = plan.of(course.sets)
    return Sweep(
        sets=course.sets,
        done=course.done,
        objective=chosen,
        pieces=table_of(pieces) if pieces else None,
        trials=course.trials,
        notes=[*search.notes, *_notes(plan, course.done, folds)],
        seconds=time.perf_counter() - began,
        partial=course.partial,
        interval=interval,
        plan=plan,
    )


def _check_blocks(blocks: int | None, pieces: Sequence[Piece]) -> None:
    if blocks is None:
        return
    check_number(blocks)
    if pieces:
        raise ConfigError(
            "blocks and folds do not go together: blocks are parts of all the time, and folds as well",
            "a sweep without folds keeps the sums of which its probability of overfitting is made",
        )


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
    if plan.blocks is not None and (without := done[SUMS].null_count() - failed):
        notes.append(
            f"{without:,} of {done.height:,} runs have no sums by block: they have fewer than {2 * plan.blocks} "
            "returns, or an equity that was not above 0"
        )
    warned = done.filter(pl.col("warnings").list.len() > 0)
    if warned.height:
        number, texts = warned["run"][0], warned["warnings"][0].to_list()
        notes += [f"run {number}: {text}" for text in texts]
    if any(fold.warm_up for fold in folds or ()) and not isinstance(plan.signals_of(0), Signals):
        notes.append("warm_up has no effect: strategies that are woken by events see nothing before a span")
    return notes
