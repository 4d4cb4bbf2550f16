"""Runs of pieces of the time: what a strategy does in a span of a fold, beginning without a position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from barter_bt.backtest.asked import nanoseconds
from barter_bt.engine.targets import TARGET_ROW
from barter_bt.errors import ConfigError
from barter_bt.research.folds import Fold
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.group import StrategyGroup

_TIME = pl.Datetime("ns", "UTC")


class Piece(NamedTuple):
    """A span of a fold: ``part`` is "train" or "test"."""

    fold: int
    part: str
    start: datetime
    end: datetime


def pieces_of(folds: Sequence[Fold] | None) -> list[Piece]:
    """Every span of all folds, training first; none without folds.

    Raises
    ------
    ConfigError
        There is no fold, or what is given is none.
    """
    if folds is None:
        return []
    listed = list(folds)
    if not listed or not all(isinstance(each, Fold) for each in listed):
        raise ConfigError(
            f"folds is {folds!r:.80}; it must be folds", 'research.walk_forward(start, end, train="6mo", ...)'
        )
    return [
        Piece(fold.number, part, span.start, span.end)
        for fold in listed
        for part, spans in (("train", fold.train), ("test", fold.test))
        for span in spans
    ]


def table_of(pieces: Sequence[Piece]) -> pl.DataFrame:
    """Pieces as rows, with their numbers as ``piece``."""
    types: Any = {"fold": pl.Int64, "part": pl.Enum(["train", "test"]), "start": _TIME, "end": _TIME}
    return pl.DataFrame(pieces, schema=types, orient="row").with_row_index("piece")


def within(strategy: Any, start: datetime, end: datetime) -> Any:
    """A strategy, or a group of them, in a span of the time."""
    if isinstance(strategy, StrategyGroup):
        return StrategyGroup([within(each, start, end) for each in strategy.strategies])
    return Within(strategy, start, end)


@dataclass(frozen=True)
class Within:
    """A strategy in a run over a span of the time, without the targets that lie before and behind it (rule 86).

    Signals are computed over all candles, so that averages are there from the first one on; a strategy that is woken by
    events knows nothing of before.

    Parameters
    ----------
    strategy
        What can prepare a driver.
    start, end
        The span; targets that are known at either time count.
    """

    strategy: Any
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """The strategy's."""
        return str(self.strategy.name)

    def prepare(self, market: Market) -> Driver:
        """The driver of the strategy, without what lies before or behind."""
        driver: Driver = self.strategy.prepare(market)
        rows = driver.schedule
        if not len(rows) or not (rows["action"] == TARGET_ROW).all():
            return driver
        first = int(np.searchsorted(rows["time"], nanoseconds(self.start, 0, "start")))
        last = int(np.searchsorted(rows["time"], nanoseconds(self.end, 0, "end"), side="right"))
        kept = {name: np.ascontiguousarray(column[first:last]) for name, column in rows.items()}
        return replace(driver, schedule=kept)
