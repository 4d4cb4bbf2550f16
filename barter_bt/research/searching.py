"""An adaptive search: which sets are tried depends on what those before them gave, and on nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from barter_bt.errors import ConfigError, MissingPackageError
from barter_bt.research.sets import Condition, fulfilling, is_whole, range_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.trial import Trial

_ATTEMPTS: Final = 1_000


@dataclass(frozen=True)
class Adaptive:
    """What :func:`adaptive` has been asked for; see there.

    Attributes
    ----------
    trials, batch, seed, where
        As they were given.
    ranges
        Of each parameter a pair of the lowest and the highest value, or the values to choose from.
    """

    trials: int
    batch: int
    seed: int
    where: Condition
    ranges: Mapping[str, pl.Series | tuple[float, float]] = field(repr=False)

    @property
    def schema(self) -> dict[str, Any]:
        """Columns of the sets."""
        return {name: _dtype(given) for name, given in self.ranges.items()}


def adaptive(trials: int, *, batch: int = 16, seed: int = 0, where: Condition = None, **ranges: Any) -> Adaptive:
    """Sets that a sweep looks for where those before them were good: what ``over`` of a sweep takes; needs Optuna.

    Until ten have been run they are random. Then each batch is drawn where the objective was high (or low, where less
    is better), by a tree-structured Parzen estimator, which is told of a batch when all of it has been run.

    Parameters
    ----------
    trials
        How many different sets are tried.
    batch
        How many are proposed at a time: they can run at the same time, but do not learn from each other. Together with
        ``seed`` it decides which sets are tried; executor and workers do not.
    seed
        Of what is proposed.
    where
        As for :func:`grid`. What it excludes is not run and is no trial.
    **ranges
        As for :func:`draw`: pairs ``(low, high)``, or lists of values. Numbers in ascending order are steps of a
        scale, other values have no order.

    Returns
    -------
    Adaptive

    Raises
    ------
    ConfigError
        A number is not whole, or a range is none.

    Notes
    -----
    A set whose objective is undefined, or whose run failed, counts as worse than all others. A search in a directory
    (``out=``) that was ended goes on: the same sets are proposed, and what is kept of them is told instead of run, so
    the end is the same.

    Source: J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for hyper-parameter optimization", NIPS 24 (2011);
    several at a time: with the others of the batch as if they were bad. Which sets are proposed is the same with the
    same version of Optuna.

    Examples
    --------
    >>> adaptive(100, fast=(5, 60), slow=(20, 200), where="fast < slow").trials
    100
    """
    for name, value in (("trials", trials), ("batch", batch)):
        if not is_whole(value, 1):
            raise ConfigError(f"{name} is {value!r}; it must be a whole number from 1")
    if not is_whole(seed, 0):
        raise ConfigError(f"seed is {seed!r}; it must be a whole number from 0")
    if not ranges:
        raise ConfigError("there is nothing to search: no parameter has a range", "adaptive(100, fast=(5, 60))")
    return Adaptive(trials, batch, seed, where, {name: range_of(name, given) for name, given in ranges.items()})


class Search:
    """A search that goes on: sets are asked for, batch by batch, and it is told what they gave.

    Parameters
    ----------
    asked
        For what.
    lower
        Whether less is better.
    """

    def __init__(self, asked: Adaptive, lower: bool) -> None:
        optuna = _imported()
        self.sets = asked.trials
        self._asked, self._states = asked, optuna.trial.TrialState
        self._ranges = {name: _distribution(optuna, given) for name, given in asked.ranges.items()}
        sampler = optuna.samplers.TPESampler(seed=asked.seed, multivariate=True, constant_liar=True)
        with _quiet(optuna):
            self._study = optuna.create_study(sampler=sampler, direction="minimize" if lower else "maximize")
        self._left, self._seen = asked.trials, set[tuple[Any, ...]]()
        self._waiting: list[Trial] = []
        self.notes: list[str] = []

    def ask(self) -> pl.DataFrame | None:
        """The next batch: sets that were not there before; None when there are none any more."""
        rows: list[dict[str, Any]] = []
        wanted = 0 if self.notes else min(self._asked.batch, self._left)
        attempts = 0
        while len(rows) < wanted:
            trial = self._study.ask(self._ranges)
            values = {name: _value(given, trial.params[name]) for name, given in self._asked.ranges.items()}
            if tuple(values.values()) in self._seen:
                self._study.tell(trial, state=self._states.FAIL)  # as if it had not been asked
            elif not fulfilling(self._frame([values]), self._asked.where).height:
                self._study.tell(trial, state=self._states.PRUNED)
            else:
                self._seen.add(tuple(values.values()))
                self._waiting.append(trial)
                rows.append(values)
                attempts = 0
                continue
            attempts += 1
            if attempts == _ATTEMPTS:
                self.notes.append(
                    f"the search has ended after {len(self._seen):,} of {self._asked.trials:,} trials: the next "
                    f"{_ATTEMPTS:,} sets that it proposed were there already, or excluded by where"
                )
                break
        self._left -= len(rows)
        return self._frame(rows) if rows else None

    def tell(self, values: Sequence[float | None]) -> None:
        """What the sets of the last batch gave; None for nothing."""
        for trial, value in zip(self._waiting, values, strict=True):
            if value is None:
                self._study.tell(trial, state=self._states.PRUNED)  # without a value: worse than all that have one
            else:
                self._study.tell(trial, value)
        self._waiting.clear()

    def _frame(self, rows: list[dict[str, Any]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=self._asked.schema)


def _imported() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingPackageError("an adaptive search needs Optuna", 'pip install "barter-bt[optuna]"') from error
    return optuna


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """It tells of each study that is made."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _distribution(optuna: Any, given: pl.Series | tuple[float, float]) -> Any:
    """What Optuna draws from; of values their number in the list."""
    made = optuna.distributions
    if isinstance(given, tuple):
        low, high = given
        whole = isinstance(low, int) and isinstance(high, int)
        return made.IntDistribution(low, high) if whole else made.FloatDistribution(low, high)
    if given.dtype.is_numeric() and given.is_sorted():
        return made.IntDistribution(0, given.len() - 1)
    return made.CategoricalDistribution(list(range(given.len())))


def _value(given: pl.Series | tuple[float, float], drawn: Any) -> Any:
    return drawn if isinstance(given, tuple) else given[int(drawn)]


def _dtype(given: pl.Series | tuple[float, float]) -> Any:
    if isinstance(given, pl.Series):
        return given.dtype
    return pl.Int64 if all(isinstance(edge, int) for edge in given) else pl.Float64
