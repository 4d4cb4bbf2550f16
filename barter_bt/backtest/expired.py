"""Rows of instruments that have expired: they are handed over as such, and counted (rule 46)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from barter_bt.data import Chunk
from barter_bt.engine.agenda import NEVER


class Expiries:
    """When each instrument expires, and how many rows came later.

    Parameters
    ----------
    times
        By instrument, in ns; ``NEVER`` for one that does not.

    Attributes
    ----------
    rows
        Number of rows after the expiry, by instrument.
    """

    def __init__(self, times: npt.NDArray[np.int64]) -> None:
        self._times, self._any = times, bool((times < NEVER).any())
        self.rows = np.zeros(len(times), np.int64)

    def mark(self, chunk: Chunk) -> Chunk:
        """The chunk, with ``~instrument`` in rows that lie after their instrument's expiry."""
        if not self._any:
            return chunk
        instrument = chunk.columns["instrument"]
        late = chunk.columns["time_exchange"] > self._times[instrument]
        if not late.any():
            return chunk
        self.rows += np.bincount(instrument[late], minlength=len(self.rows))
        marked = np.where(late, ~instrument, instrument)
        return replace(chunk, columns=chunk.columns | {"instrument": marked}, sound=False)
