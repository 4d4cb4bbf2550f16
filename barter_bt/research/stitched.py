"""Out of sample: each fold's tests with what was best in its training, as one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.errors import ConfigError, StrategyError
from barter_bt.research.ranking import ranked
from barter_bt.strategy import Signals
from barter_bt.strategy.beside import expressions_of

if TYPE_CHECKING:
    from barter_bt.backtest import Result, Simulation

_TIME = pl.Datetime("ns", "UTC")


def chosen(frame: pl.DataFrame, parameters: Sequence[str], objective: str) -> pl.DataFrame:
    """Of each fold the set that was best in training, by the mean over its spans, and its rows in the tests.

    Raises
    ------
    ConfigError
        In a fold no set has a value of the objective in training.
    """
    trained = frame.filter(pl.col("part") == "train").group_by("fold", "set", maintain_order=True)
    means = trained.agg(pl.col(objective).mean().alias(objective))
    best = {fold: ranked(rows, objective).head(1) for (fold,), rows in means.group_by("fold", maintain_order=True)}
    for fold, rows in best.items():
        if not rows.height:
            raise ConfigError(f"in the training of fold {fold} no set has a value of {objective!r}")
    found = pl.concat([rows.rename({objective: f"{objective}_train"}) for rows in best.values()])
    tests = frame.filter(pl.col("part") == "test").drop("part")
    return found.join(tests, on=["fold", "set"], how="inner", maintain_order="left").sort("start", maintain_order=True)


def run_stitched(simulation: Simulation, tests: Sequence[tuple[datetime, datetime, Any]]) -> Result:
    """One run over all tests, each with its strategy's targets; cash and positions are carried over.

    Parameters
    ----------
    simulation
        Over all the time.
    tests
        Start, end and Signals of each test, by time. Targets known from its start on and before its end are its own; of
        the last one also those at its end.

    Raises
    ------
    ConfigError
        Tests overlap.
    StrategyError
        A strategy is none of Signals, or they differ in more than their targets.
    """
    frames, plain = [], None
    for number, (start, end, strategy) in enumerate(tests):
        if not isinstance(strategy, Signals):
            raise StrategyError(
                f"a strategy of type {type(strategy).__name__} cannot take over from another",
                "stitched() is for Signals",
            )
        if number and start < tests[number - 1][1]:
            raise ConfigError(
                f"the test from {start} begins before the one before it ends", "walk_forward has no overlaps"
            )
        rows = strategy.rows(simulation._setup.market)
        last = pl.col("time") <= end if number == len(tests) - 1 else pl.col("time") < end
        frames.append(rows.filter(pl.col("time") >= start, last).with_columns(pl.col("time").cast(_TIME)))
        by_expression: dict[str, Any] = dict.fromkeys(expressions_of(strategy))
        now = replace(strategy, target=frames[0], **by_expression)
        if plain is not None and repr(replace(now, target=frames[0])) != repr(replace(plain, target=frames[0])):
            raise StrategyError(
                "signals of the folds differ in more than their targets", "one size, one protection for all"
            )
        plain = plain or now
    assert plain is not None, "there is a fold"
    whole = replace(plain, target=pl.concat(frames, how="vertical_relaxed"))
    return simulation.between(tests[0][0], tests[-1][1]).run(whole)
