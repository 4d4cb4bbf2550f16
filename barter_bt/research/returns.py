"""Returns of a sweep's sets, some at a time, and sums of them that it has kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError, DataError
from barter_bt.research.overfitting.block_sums import BlockSums
from barter_bt.research.sampled import SUMS

if TYPE_CHECKING:
    from barter_bt.research.runs import Runs


def returns_of(plan: Runs, numbers: Sequence[int], sampling: str | None, at_once: int) -> Iterator[pl.DataFrame]:
    """Returns of sets by their numbers, over all the time: ``time`` and a column for each, so many in a frame."""
    options = dict(plan.options) | ({} if sampling is None else {"sampling": sampling})
    own = replace(plan, options=options, pieces=(), blocks=None, _made={})
    for first in range(0, len(numbers), at_once):
        found = own.sampled(numbers[first : first + at_once])
        yield pl.concat([one.frame(str(number)) for number, one in found.items()], how="align")


def block_sums_of(done: pl.DataFrame) -> BlockSums:
    """Sums by block of the runs that have any.

    Raises
    ------
    ConfigError
        None were kept.
    DataError
        Fewer than two runs have any, or they are of different times.
    """
    if SUMS not in done.columns:
        raise ConfigError("the sweep has kept no sums of returns by block", "bt.sweep(..., blocks=16) keeps them")
    there = done.select("run", SUMS).drop_nulls(SUMS).unnest(SUMS)
    if there.height < 2:
        raise DataError(f"{there.height} of {done.height:,} runs have sums of returns by block; at least 2 are needed")
    times = there.unique(["start", "end", "length"], maintain_order=True)
    if times.height > 1:
        one, other = times.select("run", "start", "end").rows()[:2]
        raise DataError(
            f"runs are not of the same times: run {one[0]} is sampled from {one[1]} to {one[2]}, run {other[0]} from "
            f"{other[1]} to {other[2]}, or at other times between",
            "what is chosen among must have the same time: one sweep for each data",
        )
    sums, squares = (np.array(there[name].to_list()).T for name in ("sum", "square"))
    lengths = np.array(there["length"][0].to_list(), dtype=np.float64)
    return BlockSums(lengths, sums, squares, tuple(there["run"].to_list()), there["centre"].to_numpy())
