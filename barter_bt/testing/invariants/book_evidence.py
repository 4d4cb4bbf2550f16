"""What books offered, from dictionaries of levels that are kept message by message (rules 87, 90 and 91)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np

from barter_bt.backtest import Result
from barter_bt.book.change import ENDS, EXECUTED, GAP, OLD, SNAPSHOT

Levels = tuple[list[int], list[int]]  # prices of bids and of asks, in ticks


class BookHistory:
    """The prices at which something stood in the book of an instrument behind each message.

    Parameters
    ----------
    result
        A run with a book of it.
    i
        The instrument.
    """

    def __init__(self, result: Result, i: int) -> None:
        self._stale = True
        self._times: list[int] = []
        self._levels: list[Levels] = []
        self._executed: list[tuple[int, int]] = []
        terms = result.state.terms
        for stream in result.market:
            if stream.is_book and any(result.index.codes.get(name) == i for name in stream.instruments):
                for chunk in stream.chunks(result.index.codes):
                    self._read(chunk, i, terms.ticks_per_unit[i], terms.lots_per_unit[i])

    def _read(self, chunk: Any, i: int, per_unit: float, per_lot: float) -> None:
        c, flags = chunk.columns, chunk.flags
        sides: dict[int, set[int]] = {1: set(), -1: set()}
        if self._levels:
            sides = {1: set(self._levels[-1][0]), -1: set(self._levels[-1][1])}
        stale = self._stale
        for row in np.flatnonzero(c["instrument"] == i).tolist():
            if flags[row] & (SNAPSHOT | GAP):
                sides, stale = {1: set(), -1: set()}, not flags[row] & SNAPSHOT
            side = int(c["side"][row])
            if side and not stale and not flags[row] & OLD:
                sides[side].discard(ticks := int(c["price"][row] * per_unit + 0.5))
                if flags[row] & EXECUTED:
                    self._executed.append((int(c["time_exchange"][row]), ticks))
                if c["amount"][row] * per_lot >= 1 - 1e-6:
                    sides[side].add(ticks)
            if flags[row] & ENDS:
                self._note(int(c["time_exchange"][row]), sides)
        self._stale = stale

    def _note(self, time: int, sides: dict[int, set[int]]) -> None:
        """Each message of a time counts: orders meet what stands behind it."""
        self._times.append(time)
        self._levels.append((sorted(sides[1]), sorted(sides[-1])))

    def standing(self, time: int, side: int) -> list[int]:
        """Prices of the other side before the messages of a time, and behind them."""
        first, end = bisect_left(self._times, time), bisect_right(self._times, time)
        return [price for levels in self._levels[max(first - 1, 0) : end] for price in levels[side > 0]]

    def set_then(self, time: int, side: int) -> list[int]:
        """Prices of the other side behind the messages of a time, if there were any, and of orders executed then."""
        passed = [price for then, price in self._executed if then == time]
        first, end = bisect_left(self._times, time), bisect_right(self._times, time)
        return passed + [price for levels in self._levels[first:end] for price in levels[side > 0]]
