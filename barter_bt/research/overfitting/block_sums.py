"""Sums of returns by block, and the measures of all splits of the blocks, which follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from barter_bt.errors import ConfigError, DataError
from barter_bt.research.overfitting.matrix import Matrix, matrix_of
from barter_bt.statistic.tables import Floats, Integers

_MOST_BLOCKS = 20
_ROWS = 32
"""Splits that are scored at once: what they need stays in the processor's cache, and a product is too small for threads
of the library of linear algebra, which wait for each other longer than they work."""
_FLAT, _CANCELLED, _TIE = 1e-14, 1e-12, 1e-10


class Scores(NamedTuple):
    """Of the best in sample, for each of some splits.

    Attributes
    ----------
    best
        Its column.
    inside, outside
        Its measure in sample and out of sample.
    below, equal
        How many configurations are below it out of sample, and how many equal it, itself among them.
    """

    best: Integers
    inside: Floats
    outside: Floats
    below: Integers
    equal: Integers


@dataclass(frozen=True, eq=False)
class BlockSums:
    """What is known of configurations by block: enough for any split, however many observations there were.

    A sweep that sums while it runs has these where returns of all configurations would not fit into memory.

    Attributes
    ----------
    lengths
        Observations of each block, float64 of shape (blocks,), at least 2.
    sums, squares
        Sums of returns and of their squares, float64 of shape (blocks, configurations). Of what they are taken around,
        see ``centre``.
    names
        Of the configurations; by default numbers from 0.
    centre
        What was taken off each return of a configuration before it was summed, so that squares keep their digits; by
        default nothing.

    Raises
    ------
    ConfigError
        The number of blocks is not allowed.
    DataError
        Shapes do not fit, or squares are too small for their sums.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(size=(40, 3))
    >>> parts = returns.reshape(4, 10, 3)
    >>> sums = BlockSums(np.full(4, 10.0), parts.sum(axis=1), (parts**2).sum(axis=1))
    >>> sums.names
    (0, 1, 2)
    """

    lengths: Floats
    sums: Floats
    squares: Floats
    names: tuple[str | int, ...] = ()
    centre: Floats | float = 0.0

    def __post_init__(self) -> None:
        blocks = len(self.lengths)
        check_number(blocks)
        if self.sums.shape != self.squares.shape or self.sums.ndim != 2 or self.sums.shape[0] != blocks:
            raise DataError(
                f"sums have the shape {self.sums.shape}, squares {self.squares.shape} and lengths ({blocks},); "
                "allowed: blocks x configurations, twice, and blocks"
            )
        if not self.names:
            object.__setattr__(self, "names", tuple(range(self.sums.shape[1])))
        if len(self.names) != self.sums.shape[1] or len(self.names) < 2:
            raise DataError(f"there are {len(self.names)} names of {self.sums.shape[1]} configurations; at least 2")
        least = self.sums**2 * (1.0 - 1e-9)
        if not (np.asarray(self.lengths) >= 2).all() or not (self.squares * self.lengths[:, None] >= least).all():
            raise DataError("a block has fewer than 2 observations, or squares that are too small for its sum")

    @classmethod
    def of(cls, returns: Matrix, blocks: int) -> BlockSums:
        """Cut returns in blocks, whose lengths differ by one observation at most, and sum them."""
        check_number(blocks)
        values, names = matrix_of(returns, observations=2 * blocks, configurations=2)
        lengths, sums, squares, centre = summed(values, blocks)
        return cls(lengths, sums, squares, names, centre)

    def scores(self, by_risk: bool) -> Iterator[Scores]:
        """The best in sample of all splits, some at a time; a split and that with its halves exchanged go together.

        Parameters
        ----------
        by_risk
            The measure is the Sharpe ratio, else the mean.
        """
        chosen = _halves(len(self.lengths))
        for first in range(0, len(chosen), _ROWS):
            half = chosen[first : first + _ROWS]
            one, other = self._measure(half, by_risk), self._measure(1.0 - half, by_risk)
            yield _out_of_sample(one, other)
            yield _out_of_sample(other, one)

    def _measure(self, half: Floats, by_risk: bool) -> Floats:
        """The measure of each configuration in each half, shape (halves, configurations)."""
        n = (half @ self.lengths)[:, None]
        mean: Floats = half @ self.sums
        mean /= n
        if not by_risk:
            return mean + self.centre
        square: Floats = half @ self.squares
        square /= n
        variance = square - mean * mean
        mean += self.centre
        flat = (variance <= _CANCELLED * square) | (variance <= (_FLAT * (1.0 + np.abs(mean))) ** 2)
        variance *= n / (n - 1)
        variance[flat] = np.inf
        found: Floats = mean / np.sqrt(variance)
        return found


def summed(values: Floats, blocks: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Lengths of the blocks of observations x configurations, sums around the mean and of squares, and the mean."""
    length, longer = divmod(len(values), blocks)
    lengths = np.array([length + (k < longer) for k in range(blocks)], dtype=np.float64)
    starts = np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.int64)
    centre = values.mean(axis=0)
    apart = values - centre
    return lengths, np.add.reduceat(apart, starts), np.add.reduceat(apart * apart, starts), centre


def check_number(blocks: int) -> None:
    """Refuse a number of blocks that cannot be halved, or makes too many splits."""
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise ConfigError(f"blocks is {blocks}; allowed: even numbers from 2 to {_MOST_BLOCKS}", "16 is usual")


def _halves(blocks: int) -> Floats:
    """Which blocks are in one half, for each pair of halves: that with the first block."""
    others = blocks // 2 - 1
    chosen = np.array(list(combinations(range(1, blocks), others)), dtype=np.int64)
    halves = np.zeros((comb(blocks - 1, others), blocks))
    halves[:, 0] = 1.0
    np.put_along_axis(halves, chosen.reshape(len(halves), others), 1.0, axis=1)
    return halves


def _out_of_sample(inside: Floats, outside: Floats) -> Scores:
    best = inside.argmax(axis=1)
    rows = np.arange(len(best))
    its = outside[rows, best]
    tie = _TIE * np.abs(its)  # what rounds differently in a product is equal
    below = (outside < (its - tie)[:, None]).sum(axis=1)
    equal = (outside <= (its + tie)[:, None]).sum(axis=1) - below
    return Scores(best, inside[rows, best], its, below, equal)
