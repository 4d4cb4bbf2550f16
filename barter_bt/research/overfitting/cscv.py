"""The probability of backtest overfitting, by combinatorially symmetric cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, panel
from barter_bt.report.style import title
from barter_bt.research.overfitting.block_sums import BlockSums, Scores
from barter_bt.research.overfitting.matrix import Matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLOCKS = 16


class HasBlockSums(Protocol):
    """A sweep that has kept sums of its returns by block."""

    @property
    def block_sums(self) -> BlockSums:
        """The sums."""
        ...


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
    returns: Matrix | BlockSums | HasBlockSums,
    blocks: int | None = None,
    *,
    measure: Literal["sharpe", "mean"] = "sharpe",
) -> Overfitting:
    """How likely the configuration that looks best is worse than the median of all in times it was not chosen by.

    The time is cut in ``blocks``; each choice of half of them is once the sample in which the best is chosen, the
    other half is what comes out. 0 means that the choice always holds, 0.5 that it is worth no more than a die, 1 that
    it always turns against itself.

    Parameters
    ----------
    returns
        Observations x configurations, of the same times: a Polars frame with a column for each (times are left out),
        as ``bt.compare(runs).returns`` is, or an array. All that were tried, not the best of them. Or
        their sums by block, where returns would be too many for the memory; or a sweep that has kept these
        (``blocks=``), whose configurations are the numbers of its sets.
    blocks
        An even number from 2 to 20; by default 16, which make 12,870 splits. Their lengths differ by one observation at
        most. Of sums it is known.
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
    if measure not in ("sharpe", "mean"):
        raise ConfigError(f"measure is {measure!r}; allowed: 'sharpe', 'mean'")
    if hasattr(type(returns), "block_sums"):
        returns = cast("HasBlockSums", returns).block_sums
    if isinstance(returns, BlockSums):
        if blocks not in (None, len(returns.lengths)):
            raise ConfigError(f"blocks is {blocks}, and the sums are of {len(returns.lengths)}", "leave it out")
        sums = returns
    else:
        sums = BlockSums.of(returns, _BLOCKS if blocks is None else blocks)
    scores = Scores(*(np.concatenate(parts) for parts in zip(*sums.scores(measure == "sharpe"), strict=True)))
    rank = (scores.below + (scores.equal + 1) / 2) / (len(sums.names) + 1)
    splits = pl.DataFrame(
        {
            "configuration": pl.Series(sums.names).gather(pl.Series(scores.best)),
            "in_sample": scores.inside,
            "out_of_sample": scores.outside,
            "rank": rank,
            "logit": np.log(rank / (1 - rank)),
        }
    )
    return Overfitting(splits, len(sums.names))
