"""Folds: on which times a strategy is fitted, and on which it is tested then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.research.lengths import Length, fixed, later, time_range

MOST_FOLDS = 100_000
"""More are a length in another unit than was meant."""
_TIME = pl.Datetime("ns", "UTC")


@dataclass(frozen=True)
class Span:
    """A stretch of time: what happens later than ``start`` and not later than ``end`` belongs to it.

    So does a candle, or a return, that bears the time at which it ends, as days of the statistics have it; spans that
    follow each other share nothing. A run of a span is ``backtest(..., start=span.start, end=span.end)``: its account
    begins with the mark at ``start``.

    Attributes
    ----------
    start, end
        In UTC.

    Examples
    --------
    >>> from datetime import UTC
    >>> span = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    >>> span.start in span, span.end in span
    (False, True)
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        first, last = time_range(self.start, self.end)
        object.__setattr__(self, "start", first)
        object.__setattr__(self, "end", last)

    def __contains__(self, time: datetime) -> bool:
        return self.start < time <= self.end

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def holds(self, time: str | pl.Expr = "time") -> pl.Expr:
        """Which rows of a frame belong to it, by a column of times.

        Examples
        --------
        >>> from datetime import UTC
        >>> days = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
        >>> pl.DataFrame({"time": days}).filter(Span(days[0], days[1]).holds()).height
        1
        """
        column = pl.col(time) if isinstance(time, str) else time
        return (column > pl.lit(self.start)) & (column <= pl.lit(self.end))


@dataclass(frozen=True)
class Fold:
    """One split of the time: what is fitted on ``train`` is tested on ``test``.

    Attributes
    ----------
    number
        From 0, in the order of the folds.
    train, test
        Spans in the order of time; they share nothing.
    warm_up
        How long before each span the strategy sees data without trading.
    """

    number: int
    train: tuple[Span, ...]
    test: tuple[Span, ...]
    warm_up: timedelta = timedelta(0)


def fold_table(folds: Iterable[Fold]) -> pl.DataFrame:
    """Folds as rows: ``fold``, ``part`` ("train" or "test"), ``start``, ``end``.

    Examples
    --------
    >>> from datetime import UTC
    >>> year = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    >>> fold_table(walk_forward(*year, train="6mo", test="6mo"))["part"].to_list()
    ['train', 'test']
    """
    rows = [
        (fold.number, part, span.start, span.end)
        for fold in folds
        for part, spans in (("train", fold.train), ("test", fold.test))
        for span in spans
    ]
    schema: dict[str, Any] = {"fold": pl.Int64, "part": pl.Enum(["train", "test"]), "start": _TIME, "end": _TIME}
    return pl.DataFrame(rows, schema=schema, orient="row")


def walk_forward(
    start: datetime,
    end: datetime,
    *,
    train: Length,
    test: Length,
    anchored: bool = False,
    embargo: Length = 0,
    warm_up: Length = 0,
) -> tuple[Fold, ...]:
    """Fit on what is behind, test on what comes next, and move on by one test.

    Tests follow each other without a gap from the first until ``end``, where the last is cut: put together they are
    one out-of-sample run.

    Parameters
    ----------
    start, end
        Of all the data, with a zone. The first test begins at ``start`` + ``train`` + ``embargo``.
    train, test
        Lengths: text ("90d", "6mo", "2y": months and years go by the calendar), nanoseconds or a timedelta.
    anchored
        Each training begins at ``start``, so that they grow, instead of being as long as the first.
    embargo
        Left out between training and test: as long as what is known of a trade that began in training takes to end.
    warm_up
        How long before each span the strategy sees data without trading.

    Raises
    ------
    ConfigError
        A length is negative or nothing, a time has no zone, there is no room for one test, or for more than 100,000.

    Notes
    -----
    Source: R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2nd ed. (2008), ch. 11.

    Examples
    --------
    >>> from datetime import UTC
    >>> folds = walk_forward(
    ...     datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), train="2y", test="1y"
    ... )
    >>> [(fold.train[0].start.year, fold.test[0].start.year) for fold in folds]
    [(2020, 2022), (2021, 2023)]
    """
    first, last = time_range(start, end)
    gap, warm = fixed(embargo, "embargo"), fixed(warm_up, "warm_up")
    origin = later(first, train, 1, "train")
    folds: list[Fold] = []
    while (begins := later(origin, test, len(folds), "test") + gap) < last:
        if len(folds) == MOST_FOLDS:
            raise ConfigError(f"tests of {test!r} are more than {MOST_FOLDS:,} between {first} and {last}")
        fitted = begins - gap
        trained = Span(first if anchored else later(fitted, train, -1, "train"), fitted)
        tested = Span(begins, min(later(origin, test, len(folds) + 1, "test") + gap, last))
        folds.append(Fold(len(folds), (trained,), (tested,), warm))
    if not folds:
        raise ConfigError(
            f"train {train!r} and embargo {embargo!r} leave nothing to test between {first} and {last}",
            "a shorter training, or more data",
        )
    return tuple(folds)
