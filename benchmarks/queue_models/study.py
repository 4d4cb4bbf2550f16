"""One day: ghosts, their truth, and what each model makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.queue_models.compare import Bools, Figures, figures, times_of, true_times
from benchmarks.queue_models.ghosts import Ghosts, draw
from benchmarks.queue_models.lobster import Day, Ints, read_day, streams
from benchmarks.queue_models.models import MODELS, QUEUES, fills
from benchmarks.queue_models.truth import Fate, fates

LANES = 60


@dataclass(frozen=True)
class Study:
    """What is known of a day's ghosts.

    Attributes
    ----------
    truth, by_volume
        What became of each; and what did if a trade through its price fills no more than its own shares.
    models
        By model, when it fills each ghost whole.
    reasons
        By model, how many fills had which reason.
    """

    day: Day
    ghosts: Ghosts
    truth: Sequence[Fate]
    by_volume: Sequence[Fate]
    models: Mapping[str, Ints]
    reasons: Mapping[str, Mapping[str, int]]

    def compare(self, model: str, of: Bools | None = None, *, by_volume: bool = False) -> Figures:
        """Figures of a model, of all ghosts or of some."""
        truth = true_times(self.by_volume if by_volume else self.truth)
        return figures(self.day, self.ghosts, truth, self.models[model], of)

    @property
    def morning(self) -> Bools:
        """Ghosts of the first half of the day."""
        middle = (self.day.time[0] + self.day.time[-1]) // 2
        found: Bools = self.ghosts.time < middle
        return found

    def best(self, of: Bools) -> str:
        """The model of queues whose waits are nearest to the true ones; of equals the first."""
        return min(QUEUES, key=lambda name: self.compare(name, of).wait_s)


def study(path: Path, lanes: int = LANES, seed: int = 0) -> Study:
    """Draw ghosts in a day's file, follow them, and run every model."""
    day = read_day(path)
    ghosts, feed = draw(day, lanes, seed), streams(day)
    found = {name: fills(day.name, feed, terms, ghosts) for name, terms in MODELS.items()}
    return Study(
        day,
        ghosts,
        fates(day, ghosts),
        fates(day, ghosts, by_volume=True),
        {name: times_of(frame, ghosts) for name, frame in found.items()},
        {name: _counted(frame) for name, frame in found.items()},
    )


def _counted(frame: pl.DataFrame) -> dict[str, int]:
    counts = frame.drop_nulls("why").group_by("why").len().sort("why")
    return dict(zip(counts["why"].to_list(), counts["len"].to_list(), strict=True))


def groups(ghosts: Ghosts) -> Mapping[str, Bools]:
    """Parts of the ghosts that are told apart: where they stand, and how many shares stand before them."""
    parts = {
        "at the best price": ghosts.level == 0,
        "at the next": ghosts.level == 1,
        "behind up to 100 shares": ghosts.ahead <= 100,
        "behind more": ghosts.ahead > 100,
    }
    return {name: np.asarray(which) for name, which in parts.items()}
