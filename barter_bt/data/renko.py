"""Renko bars: bricks of one height, each beside the last, however long they take."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from barter_bt.data.bars import NOISE, Rows, bars_to


class Renko:
    """Where the bricks of one instrument end.

    Edges of bricks lie at the first price and whole heights from it. Behind a brick that rose the next rises when the
    price is one height above its top, or falls when it is one height below its bottom; behind one that fell the other
    way round. The price is the last of its time: two bars cannot end at one time, so that a move through several edges
    at once is one bar of as many heights.

    Parameters
    ----------
    size
        The height of a brick.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._base: float | None = None
        self._bottom, self._top = 0, 0  # of the last brick, in heights from the base

    def bars(self, rows: Rows) -> tuple[int, dict[str, Any]]:
        """How many rows, of those behind the last brick, make bars that are over, and these bars."""
        if self._base is None:
            self._base = float(rows.close[0])
        last = np.flatnonzero(rows.time[1:] != rows.time[:-1])  # of each time that is over
        heights = (rows.close[last] - self._base) / self._size
        ends: list[int] = []
        edges: list[tuple[int, int]] = []
        start, guess = 0, 64
        while start < len(heights):
            some = heights[start : start + guess]
            reached = (some >= self._top + 1 - NOISE) | (some <= self._bottom - 1 + NOISE)
            if not reached.any():
                start, guess = start + guess, 2 * guess
                continue
            place = start + int(reached.argmax())
            edges.append(self._moved(float(heights[place])))
            ends.append(int(last[place]) + 1)
            start, guess = place + 1, 64
        used, made = bars_to(rows, ends)
        return used, made | self._prices(edges) if made else made

    def _moved(self, height: float) -> tuple[int, int]:
        """Where a bar opens and closes, in heights from the base."""
        if height > self._top:
            opened, closed = self._top, int(np.floor(height + NOISE))
            self._bottom, self._top = closed - 1, closed
        else:
            opened, closed = self._bottom, int(np.ceil(height - NOISE))
            self._bottom, self._top = closed, closed + 1
        return opened, closed

    def _prices(self, edges: list[tuple[int, int]]) -> dict[str, Any]:
        base, size = Fraction(str(self._base)), Fraction(str(self._size))
        opened, closed = (np.array([float(base + each * size) for each in side]) for side in zip(*edges, strict=True))
        return {"open": opened, "high": np.maximum(opened, closed), "low": np.minimum(opened, closed), "close": closed}
