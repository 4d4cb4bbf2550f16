"""Imbalance bars: they end when more was bought than sold, or the other way round, than is usual for so many rows.

Lopez de Prado, Advances in Financial Machine Learning (2018), section 2.3.2: with the tick rule b = +1 for a row above
the price before it, -1 below, else that of the row before, and the weight w of a row (1, or its volume), a bar ends
where |sum of b w| >= E[T] |E[b w]|, with moving averages of bars before of their rows T and of their mean b w.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from barter_bt.data.bars import NOISE, Floats, Rows, bars_to, next_end

SPAN = 20
_FEWEST, _MOST = 0.1, 10.0  # times the rows of the first bar


class Imbalance:
    """Where the imbalance bars of one instrument end.

    The book leaves open how averages begin and what keeps them from running away. Here the first bar has the given
    number of rows; both averages move by 2 / (span + 1) with each bar, from the first bar's mean on; E[T] stays between
    a tenth and ten times the given number; a balance of 0 ends no bar; b is 0 until the price first moves, and goes on
    from bar to bar.

    Parameters
    ----------
    size
        Rows of the first bar, and so many are expected of the next.
    span
        Of the moving averages, bars.
    by_volume
        Whether rows weigh what was traded.
    """

    def __init__(self, size: float, span: int, *, by_volume: bool) -> None:
        self._first, self._weight, self._by_volume = size, 2.0 / (span + 1), by_volume
        self._rows = size
        self._imbalance: float | None = None
        self._price, self._sign = np.nan, 0.0  # of the row before those that are open

    def bars(self, rows: Rows) -> tuple[int, dict[str, Any]]:
        """How many rows, of those behind the last bar, make bars that are over, and these bars."""
        signs = tick_rule(rows.close, self._price, self._sign)
        signed = signs * rows.volume if self._by_volume else signs
        ends: list[int] = []
        start = 0
        while start < len(rows):
            end = next_end(rows, start, lambda of: self._reached(signed[of]), max(64, int(2 * self._rows)))
            if end is None:
                break
            self._learn(signed[start:end])
            ends.append(end)
            start = end
        if ends:
            self._price, self._sign = float(rows.close[start - 1]), float(signs[start - 1])
        return bars_to(rows, ends)

    def _reached(self, signed: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if self._imbalance is None:
            return np.arange(1, len(signed) + 1) >= self._first
        balance, noise = np.abs(np.cumsum(signed)), NOISE * np.cumsum(np.abs(signed))
        usual = self._rows * abs(self._imbalance)
        found: np.ndarray[Any, np.dtype[np.bool_]] = (balance > noise) & (balance >= usual - noise)
        return found

    def _learn(self, signed: Floats) -> None:
        mean = float(np.cumsum(signed)[-1]) / len(signed)
        if self._imbalance is None:
            self._imbalance = mean
            return
        self._imbalance += self._weight * (mean - self._imbalance)
        rows = self._rows + self._weight * (len(signed) - self._rows)
        self._rows = min(max(rows, _FEWEST * self._first), _MOST * self._first)


def tick_rule(prices: Floats, price_before: float = np.nan, sign_before: float = 0.0) -> Floats:
    """+1 where a price is above the one before, -1 below, else the sign of the row before; 0 as long as none moved.

    Examples
    --------
    >>> tick_rule(np.array([5.0, 5.0, 6.0, 6.0, 4.0])).tolist()
    [0.0, 0.0, 1.0, 1.0, -1.0]
    """
    steps = np.sign(np.diff(prices, prepend=price_before))
    steps[:1] = np.nan_to_num(steps[:1])
    rows = np.arange(len(steps))
    moved = np.maximum.accumulate(np.where(steps != 0.0, rows, -1))
    return np.where(moved >= 0, steps[np.maximum(moved, 0)], sign_before)
