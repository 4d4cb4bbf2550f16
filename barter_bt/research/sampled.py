"""Returns of a run between samples of its equity, and their sums by block: what honest statistics need of every run."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from barter_bt.research.overfitting.block_sums import summed
from barter_bt.statistic.tables import Floats, Integers

SUMS: Final = "block_sums"
"""The column of sums by block."""
_TIME = pl.Datetime("ns", "UTC")
SUMS_TYPE: Final[Any] = pl.Struct(
    {
        "start": _TIME,
        "end": _TIME,
        "length": pl.List(pl.Int64),
        "sum": pl.List(pl.Float64),
        "square": pl.List(pl.Float64),
        "centre": pl.Float64,
    }
)
"""Times of the first and the last sample; of each block observations, the sum of what returns are above their centre,
and of its square; the centre, which is the mean of all."""


class Sampled(NamedTuple):
    """The returns of a run.

    Attributes
    ----------
    times
        Of the samples, int64 nanoseconds, ascending.
    changes
        From each sample to the next, float64, one fewer; NaN where there was nothing to grow.
    """

    times: Integers
    changes: Floats

    def frame(self, name: str) -> pl.DataFrame:
        """``time``, at which each return ends, and the returns under a name; null where undefined."""
        times = pl.Series("time", self.times[1:]).cast(_TIME)
        return pl.DataFrame([times, pl.Series(name, self.changes, nan_to_null=True)])

    def sums(self, blocks: int) -> dict[str, Any] | None:
        """Sums by block, as a value of the column; None where a return is undefined, or too few are there."""
        if len(self.changes) < 2 * blocks or np.isnan(self.changes).any():
            return None
        lengths, sums, squares, centre = summed(self.changes[:, None], blocks)
        return {
            "start": int(self.times[0]),
            "end": int(self.times[-1]),
            "length": lengths.astype(np.int64).tolist(),
            "sum": sums[:, 0].tolist(),
            "square": squares[:, 0].tolist(),
            "centre": float(centre[0]),
        }
