"""The probability of backtest overfitting, by combinatorially symmetric cross-validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, panel
from barter_bt.report.style import title
from barter_bt.research.overfitting.matrix import Matrix, matrix_of
from barter_bt.statistic.tables import Floats, Integers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BLOCKS = 20
_ROWS = 64
"""Splits that are scored at once: what they need stays in the processor's cache."""
_FLAT, _CANCELLED, _TIE = 1e-14, 1e-12, 1e-10


@dataclass(frozen=True, eq=False)
class Overfitting:
    """What became of the configuration that was best in sample, in each split of the time.

    Attributes
    ----------
    splits
        A row for each: ``configuration`` (the best in sample), ``in_sample`` and ``out_of_sample`` (its measure, per
        observation), ``rank`` (out of sample, relative: r / (N + 1) with 1 for the worst of N, equals share the mean),
        ``logit`` of the rank.
    configurations
        How many were compared.
    """

    splits: pl.DataFrame
    configurations: int

    @cached_property
    def probability(self) -> float:
        """Part of the splits in which the best in sample is worse than the median out of sample."""
        return float((self.splits["logit"].to_numpy() < 0).mean())

    @cached_property
    def probability_of_loss(self) -> float:
        """Part of the splits in which the best in sample loses out of sample."""
        return float((self.splits["out_of_sample"].to_numpy() < 0).mean())

    @cached_property
    def slope(self) -> float | None:
        """Slope of out-of-sample over in-sample measures: below 0, better meant worse; None if undefined.

        Where one configuration is the best in all splits it is about -1, for what one half has the other lacks.
        """
        x, y = (self.splits[name].to_numpy() for name in ("in_sample", "out_of_sample"))
        spread = float(((x - x.mean()) ** 2).sum())
        return float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else None

    def plot(self, ax: Axes | None = None, *, style: Look = "light") -> Axes:
        """Draw the best in sample of each split: its measure there, and out of sample.

        Parameters
        ----------
        ax
            Where to draw; by default a new figure.
        style
            "light" or "dark".
        """
        axes, look = panel(ax, style)
        x, y = (self.splits[name].to_numpy() for name in ("in_sample", "out_of_sample"))
        size = 3.0 if len(x) > 1000 else 8.0
        for rows, colour, label in ((y < 0, look.sell, "loses"), (y >= 0, look.buy, "earns")):
            axes.scatter(x[rows], y[rows], s=size, color=colour, alpha=0.5, linewidths=0, label=label)
        axes.axhline(0.0, color=look.muted, linewidth=0.8)
        axes.set_xlabel("in sample", color=look.muted)
        axes.set_ylabel("out of sample", color=look.muted)
        title(axes, look, "The best in sample, out of sample", f"probability of overfitting {self.probability:.0%}")
        return axes

    def __repr__(self) -> str:
        slope = "undefined" if self.slope is None else f"{self.slope:.3f}"
        return (
            f"Overfitting({self.configurations:,} configurations, {self.splits.height:,} splits: probability "
            f"{self.probability:.3f}, of a loss {self.probability_of_loss:.3f}, slope {slope})"
        )


def probability_of_overfitting(
    returns: Matrix, blocks: int = 16, *, measure: Literal["sharpe", "mean"] = "sharpe"
) -> Overfitting:
    """How likely the configuration that looks best is worse than the median of all in times it was not chosen by.

    The time is cut in ``blocks``; each choice of half of them is once the sample in which the best is chosen, the
    other half is what comes out. 0 means that the choice always holds, 0.5 that it is worth no more than a die, 1 that
    it always turns against itself.

    Parameters
    ----------
    returns
        Observations x configurations, of the same times: a Polars frame with a column for each (times are left out),
        as ``bt.compare(runs).returns`` is, or an array. All that were tried, not the best of them.
    blocks
        An even number from 2 to 20; 16 make 12,870 splits. Their lengths differ by one observation at most.
    measure
        What is best: the Sharpe ratio (mean / standard deviation with n - 1, 0 where nothing varies) or the mean.

    Raises
    ------
    DataError
        The matrix looks transposed, is too small or has numbers that are not finite.
    ConfigError
        A number of blocks or a measure that is not allowed.

    Notes
    -----
    Source: D. Bailey, J. Borwein, M. López de Prado, Q. J. Zhu, "The probability of backtest overfitting", Journal of
    Computational Finance 20 (2017). A measure of a split follows from the sums of its blocks, so all splits are two
    products of matrices.

    It assumes that returns of a block do not depend on those of others, and it judges the choice among these
    configurations, not the configurations. With an odd number of them one can be the median, and is not counted as
    worse: without any skill the probability is then (N - 1) / 2N.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(1_000, 20))
    >>> skill = noise + 0.2 * (np.arange(20) == 7)
    >>> round(probability_of_overfitting(noise, 8).probability, 2), probability_of_overfitting(skill, 8).probability
    (0.49, 0.0)
    """
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise ConfigError(f"blocks is {blocks}; allowed: even numbers from 2 to {_MOST_BLOCKS}", "16 is usual")
    if measure not in ("sharpe", "mean"):
        raise ConfigError(f"measure is {measure!r}; allowed: 'sharpe', 'mean'")
    values, names = matrix_of(returns, observations=2 * blocks, configurations=2)
    scored = [np.concatenate(parts) for parts in zip(*_scored(values, blocks, measure == "sharpe"), strict=True)]
    best, inside, outside, below, equal = scored
    rank = (below + (equal + 1) / 2) / (len(names) + 1)
    splits = pl.DataFrame(
        {
            "configuration": pl.Series(names).gather(pl.Series(best)),
            "in_sample": inside,
            "out_of_sample": outside,
            "rank": rank,
            "logit": np.log(rank / (1 - rank)),
        }
    )
    return Overfitting(splits, len(names))


def _scored(
    values: Floats, blocks: int, by_risk: bool
) -> Iterator[tuple[Integers, Floats, Floats, Integers, Integers]]:
    """Of the best in each of some splits: column, measure inside and outside, how many are below and equal outside.

    A split and that with its halves exchanged are scored together.
    """
    length, longer = divmod(len(values), blocks)
    lengths = np.array([length + (k < longer) for k in range(blocks)], dtype=np.float64)
    starts = np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.int64)
    centre = values.mean(axis=0)
    apart = values - centre  # sums of squares keep their digits
    sums, squares = np.add.reduceat(apart, starts), np.add.reduceat(apart * apart, starts)
    chosen = _halves(blocks)
    for first in range(0, len(chosen), _ROWS):
        halves = chosen[first : first + _ROWS], 1.0 - chosen[first : first + _ROWS]
        one, other = (_measure(half, lengths, sums, squares, centre, by_risk) for half in halves)
        yield _out_of_sample(one, other)
        yield _out_of_sample(other, one)


def _halves(blocks: int) -> Floats:
    """Which blocks are in one half, for each pair of halves: that with the first block."""
    others = blocks // 2 - 1
    chosen = np.array(list(combinations(range(1, blocks), others)), dtype=np.int64).reshape(
        comb(blocks - 1, others), others
    )
    halves = np.zeros((len(chosen), blocks))
    halves[:, 0] = 1.0
    np.put_along_axis(halves, chosen, 1.0, axis=1)
    return halves


def _measure(half: Floats, lengths: Floats, sums: Floats, squares: Floats, centre: Floats, by_risk: bool) -> Floats:
    """The measure of each configuration in each split, shape (splits, configurations)."""
    n = (half @ lengths)[:, None]
    mean: Floats = half @ sums
    mean /= n
    if not by_risk:
        return mean + centre
    square: Floats = half @ squares
    square /= n
    variance = square - mean * mean
    mean += centre
    flat = (variance <= _CANCELLED * square) | (variance <= (_FLAT * (1.0 + np.abs(mean))) ** 2)
    variance *= n / (n - 1)
    variance[flat] = np.inf
    found: Floats = mean / np.sqrt(variance)
    return found


def _out_of_sample(inside: Floats, outside: Floats) -> tuple[Integers, Floats, Floats, Integers, Integers]:
    best = inside.argmax(axis=1)
    rows = np.arange(len(best))
    its = outside[rows, best]
    tie = _TIE * np.abs(its)  # what rounds differently in a product is equal
    below = (outside < (its - tie)[:, None]).sum(axis=1)
    equal = (outside <= (its + tie)[:, None]).sum(axis=1) - below
    return best, inside[rows, best], its, below, equal
