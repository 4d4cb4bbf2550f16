"""Purged cross-validation: each part of the time is tested by what was fitted on the others, at a distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import comb
from typing import Any, overload

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.research.folds import MOST_FOLDS, Fold, Span
from barter_bt.research.lengths import Length, fixed, time_range

_TIME = pl.Datetime("ns", "UTC")


def purged_k_fold(
    start: datetime,
    end: datetime,
    *,
    n: int = 5,
    embargo: Length = 0,
    horizon: Length = 0,
    warm_up: Length = 0,
) -> tuple[Fold, ...]:
    """Cut the time in ``n`` equal groups and test each by what is fitted on all others.

    Left out of training are ``horizon`` before a test, and ``horizon`` + ``embargo`` behind it: what was decided there
    has its outcome in the test, or the other way round.

    Parameters
    ----------
    start, end
        Of all the data, with a zone.
    n
        Number of groups, at least 2.
    embargo
        Left out of training behind each test, for what returns remember of the past beyond ``horizon``.
    horizon
        How long it takes until the outcome of a decision is known: the longest time that a position is held.
    warm_up
        How long before each span the strategy sees data without trading.

    Raises
    ------
    ConfigError
        A number is out of range, or a test leaves no training.

    Notes
    -----
    Training follows the test in most folds: that asks whether the parameters hold at all times, not what one would have
    earned with what was known then; :func:`walk_forward` asks this. A strategy that is fitted must forget one span
    before the next.

    Source: M. López de Prado, "Advances in Financial Machine Learning" (2018), ch. 7.

    Examples
    --------
    >>> from datetime import UTC
    >>> year = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    >>> fold = purged_k_fold(*year, n=5, horizon="1d", embargo="2d")[1]
    >>> [(span.start.strftime("%m-%d"), span.end.strftime("%m-%d")) for span in (*fold.train, *fold.test)]
    [('01-01', '03-14'), ('05-30', '01-01'), ('03-15', '05-27')]
    """
    return combinatorial_purged(start, end, n=n, k=1, embargo=embargo, horizon=horizon, warm_up=warm_up).folds


def combinatorial_purged(
    start: datetime,
    end: datetime,
    *,
    n: int = 6,
    k: int = 2,
    embargo: Length = 0,
    horizon: Length = 0,
    warm_up: Length = 0,
) -> CombinatorialFolds:
    """Test every choice of ``k`` of ``n`` equal groups, so that there is more than one out-of-sample path.

    Parameters
    ----------
    start, end, n, embargo, horizon, warm_up
        As for :func:`purged_k_fold`.
    k
        Groups in a test, at least 1 and fewer than ``n``.

    Returns
    -------
    CombinatorialFolds
        A sequence of C(n, k) folds. Every group is tested C(n - 1, k - 1) times, once on each path.

    Raises
    ------
    ConfigError
        A number is out of range, there are more than 100,000 folds, or a test leaves no training.

    Notes
    -----
    Source: M. López de Prado, "Advances in Financial Machine Learning" (2018), ch. 12.

    Examples
    --------
    >>> from datetime import UTC
    >>> folds = combinatorial_purged(datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), n=6, k=2)
    >>> len(folds), folds.paths["path"].n_unique()
    (15, 5)
    """
    first, last = time_range(start, end)
    if not 2 <= n or not 1 <= k < n or comb(n, k) > MOST_FOLDS:
        raise ConfigError(
            f"n is {n} and k {k}; allowed: n from 2, k from 1 to n - 1, at most {MOST_FOLDS:,} choices",
            "n=6, k=2 are usual",
        )
    before = fixed(horizon, "horizon")
    behind, warm = before + fixed(embargo, "embargo"), fixed(warm_up, "warm_up")
    edges = [first + (last - first) * i / n for i in range(n)] + [last]
    groups = [Span(edges[i], edges[i + 1]) for i in range(n)]
    chosen = tuple(combinations(range(n), k))
    folds = []
    for number, tested in enumerate(chosen):
        test = tuple(groups[i] for i in tested)
        train = _apart(Span(first, last), test, before, behind)
        if not train:
            raise ConfigError(
                f"a test from {test[0].start} to {test[-1].end} with horizon {horizon!r} and embargo {embargo!r} "
                "leaves no training",
                "fewer groups in a test, a shorter horizon or embargo, or more data",
            )
        folds.append(Fold(number, train, test, warm))
    return CombinatorialFolds(tuple(folds), tuple(groups), chosen)


@dataclass(frozen=True)
class CombinatorialFolds(Sequence[Fold]):
    """The folds of :func:`combinatorial_purged`, and the paths that their tests make.

    Attributes
    ----------
    folds
        One for each choice of groups.
    groups
        The equal parts of the time.
    chosen
        Numbers of the groups that each fold tests.
    """

    folds: tuple[Fold, ...]
    groups: tuple[Span, ...]
    chosen: tuple[tuple[int, ...], ...]

    @overload
    def __getitem__(self, index: int) -> Fold: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Fold, ...]: ...
    def __getitem__(self, index: int | slice) -> Fold | tuple[Fold, ...]:
        return self.folds[index]

    def __len__(self) -> int:
        return len(self.folds)

    def __iter__(self) -> Iterator[Fold]:
        return iter(self.folds)

    @property
    def paths(self) -> pl.DataFrame:
        """Which fold tests each group on each path: ``path``, ``group``, ``fold``, ``start``, ``end``.

        A path goes through all groups in order; on path ``p`` a group is tested by the ``p``-th of the folds that do.
        """
        tests = [
            [fold for fold, tested in enumerate(self.chosen) if group in tested] for group in range(len(self.groups))
        ]
        rows = [
            (path, group, tests[group][path], span.start, span.end)
            for path in range(len(tests[0]))
            for group, span in enumerate(self.groups)
        ]
        schema: dict[str, Any] = {"path": pl.Int64, "group": pl.Int64, "fold": pl.Int64, "start": _TIME, "end": _TIME}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def by_path(self, tested: pl.DataFrame) -> pl.DataFrame:
        """Put what folds gave in their tests in the order of paths.

        Parameters
        ----------
        tested
            Columns ``fold``, ``time`` and any others, for example returns; rows of times outside a fold's test are
            refused.

        Returns
        -------
        polars.DataFrame
            The same rows with ``path`` in front, by path and time.

        Examples
        --------
        >>> from datetime import UTC
        >>> days = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
        >>> folds = combinatorial_purged(days[0], days[2], n=2, k=1)
        >>> folds.by_path(pl.DataFrame({"fold": [1, 0], "time": [days[2], days[1]], "r": [0.2, 0.1]}))["r"].to_list()
        [0.1, 0.2]
        """
        missing = [name for name in ("fold", "time") if name not in tested.columns]
        if missing:
            raise ConfigError(f"tested has columns {tested.columns} and no {missing[0]!r}")
        dtype = tested.schema["time"]
        if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
            raise ConfigError(f"times of tested are {dtype}; they must have a zone", 'dt.replace_time_zone("UTC")')
        time = tested.with_row_index("row").with_columns(at=pl.col("time").cast(_TIME))
        inside = pl.col("fold") == pl.col("of"), pl.col("at") > pl.col("start"), pl.col("at") <= pl.col("end")
        found = time.join_where(self.paths.rename({"fold": "of"}), *inside)
        if found.height != tested.height:
            odd = time.join(found, on="row", how="anti").row(0, named=True)
            raise ConfigError(f"row {odd['row']} of tested is of fold {odd['fold']} at {odd['time']}, outside its test")
        return found.sort("path", "time").select("path", *tested.columns)


def _apart(whole: Span, test: tuple[Span, ...], before: timedelta, behind: timedelta) -> tuple[Span, ...]:
    """What is left of the whole around the tests."""
    found, begins = [], whole.start
    for span in test:
        if begins < span.start - before:
            found.append(Span(begins, span.start - before))
        begins = span.end + behind
    return (*found, Span(begins, whole.end)) if begins < whole.end else tuple(found)
