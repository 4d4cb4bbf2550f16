"""What a model of queues makes of the ghosts, beside what truly became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.queue_models.ghosts import NS, Ghosts
from benchmarks.queue_models.lobster import PER_USD, Day, Ints
from benchmarks.queue_models.truth import Fate

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
NEVER = -1
QUANTILES = (0.05, 0.5, 0.95)
MARKOUTS_S = (1, 10)


@dataclass(frozen=True)
class Figures:
    """How a model compares with the truth.

    Attributes
    ----------
    ghosts, truly, filled
        How many there are, how many the truth and the model fill whole.
    false, missed
        Filled whole by the model alone, by the truth alone.
    same, early, late
        Of those that both fill, the share at the same time, before and behind it.
    quantiles
        Of those that both fill at other times, the model's time less the true one, in seconds; empty if there is none.
    wait_s
        Mean absolute difference of the time that all ghosts wait, which ends with their fill or their cancel.
    bias, error
        By horizon of the markout: mean of the model's fills less that of the true fills, in cents a share, and its
        standard error.
    """

    ghosts: int
    truly: int
    filled: int
    false: int
    missed: int
    same: float
    early: float
    late: float
    quantiles: tuple[float, ...]
    wait_s: float
    bias: tuple[float, ...]
    error: tuple[float, ...]


def times_of(fills: pl.DataFrame, ghosts: Ghosts) -> Ints:
    """When a model fills each ghost whole; ``NEVER`` if it does not."""
    whole = fills.group_by("ghost").agg(pl.col("shares").sum(), pl.col("time").max())
    found = np.full(len(ghosts), NEVER)
    rows = whole["ghost"].to_numpy()
    found[rows] = np.where(whole["shares"].to_numpy() == ghosts.size[rows], whole["time"].to_numpy(), NEVER)
    return found


def true_times(fates: Sequence[Fate]) -> Ints:
    """When each ghost is truly filled whole; ``NEVER`` if it is not."""
    return np.array([NEVER if fate.rest else fate.fills[-1][0] for fate in fates])


def figures(day: Day, ghosts: Ghosts, truth: Ints, model: Ints, of: Bools | None = None) -> Figures:
    """Compare times of fills, of all ghosts or of some."""
    of = np.ones(len(ghosts), np.bool_) if of is None else of
    truly, filled = (truth != NEVER) & of, (model != NEVER) & of
    gap = (model - truth)[truly & filled]
    waits = [np.where(times == NEVER, ghosts.end, times) for times in (model, truth)]
    marks = [markout_bias(day, ghosts, truly, truth, filled, model, s) for s in MARKOUTS_S]
    apart = gap[gap != 0] / NS
    return Figures(
        ghosts=int(of.sum()),
        truly=int(truly.sum()),
        filled=int(filled.sum()),
        false=int((filled & ~truly).sum()),
        missed=int((truly & ~filled).sum()),
        same=_share(gap == 0),
        early=_share(gap < 0),
        late=_share(gap > 0),
        quantiles=tuple(np.quantile(apart, QUANTILES).tolist()) if len(apart) else (),
        wait_s=float(np.abs(waits[0] - waits[1])[of].mean() / NS),
        bias=tuple(bias for bias, _ in marks),
        error=tuple(error for _, error in marks),
    )


def _share(which: Bools) -> float:
    return float(which.mean()) if len(which) else float("nan")


def markouts(day: Day, ghosts: Ghosts, times: Ints, seconds: int) -> Floats:
    """What a fill has earned some seconds later, at the mid, in cents a share."""
    return ghosts.side * (day.mid(times + seconds * NS) - ghosts.price) / (PER_USD / 100)


def markout_bias(
    day: Day, ghosts: Ghosts, truly: Bools, truth: Ints, filled: Bools, model: Ints, seconds: int
) -> tuple[float, float]:
    """Mean markout of a model's fills less that of the true ones; the standard error takes each two minutes for one."""
    slot = np.unique((ghosts.time - day.time[0]) // (120 * NS), return_inverse=True)[1]
    sums = []
    for which, times in ((filled, model), (truly, truth)):
        value = np.where(which, markouts(day, ghosts, np.where(which, times, ghosts.time), seconds), 0.0)
        sums += [np.bincount(slot, value), np.bincount(slot, which.astype(float))]
    total = [part.sum() for part in sums]
    without = [whole - part for whole, part in zip(total, sums, strict=True)]
    if not (total[1] and total[3]):
        return float("nan"), float("nan")
    known = (without[1] > 0) & (without[3] > 0)
    each = (without[0] / np.maximum(without[1], 1) - without[2] / np.maximum(without[3], 1))[known]
    n = len(each)
    error = float(np.sqrt((n - 1) / n * np.square(each - each.mean()).sum())) if n > 1 else float("nan")
    return float(total[0] / total[1] - total[2] / total[3]), error
