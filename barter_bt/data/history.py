"""What the rows of a piece are held against: the row before the piece, and each instrument's last close."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from barter_bt.data.chunk import to_array
from barter_bt.data.schema import TIME, TIME_NAMES
from barter_bt.data.sequence import CLOSED, CODE

NEVER = np.iinfo(np.int64).min


class Closed(NamedTuple):
    """When the candle before of its instrument closed, ``NEVER`` for none: of the first rows, and of the rest."""

    first: np.ndarray
    rest: np.ndarray

    def whole(self) -> np.ndarray:
        """Of all rows."""
        return np.concatenate(self)


class History:
    """Carried from piece to piece, so that a verdict on rows does not depend on how they are cut in pieces.

    Parameters
    ----------
    kind
        Kind of the stream.
    """

    def __init__(self, kind: str) -> None:
        self.has_closes = kind == "candles"
        self._last: dict[str, pl.Series] = {}  # the last row, by column
        self._closes = np.empty(0, np.int64)  # by code of the instrument

    @property
    def last(self) -> dict[str, int]:
        """Times of the row before, nanoseconds; of no row, as early as can be."""
        return {name: int(to_array(one)[0]) for name, one in self._last.items() if name in TIME_NAMES}

    def closed_before(self, code: np.ndarray, close: np.ndarray) -> Closed:
        """For each candle the close of the one before of its instrument; remembers the last."""
        return previous(code, close, self._known(code))

    def joined(self, frame: pl.DataFrame, closed: Closed | None) -> tuple[pl.DataFrame, int]:
        """Put the row before in front of a piece; also say how many rows that are."""
        if closed is not None:
            frame = frame.with_columns(pl.Series(CLOSED, closed.whole()).replace(NEVER, None).cast(TIME))
        if not self._last:
            return frame, 0
        last = pl.DataFrame(list(self._last.values()))
        return pl.concat([last, frame], how="diagonal", rechunk=False).select(frame.columns), 1

    def keep(self, canonical: pl.DataFrame, code: np.ndarray) -> None:
        """Remember the last row of a piece."""
        if canonical.height:
            columns = [column for column in canonical if column.name != "instrument"]
            # Copies, so that the piece can be let go.
            self._last = {column.name: column.new_from_index(len(column) - 1, 1) for column in columns}
            self._last[CODE] = pl.Series(CODE, [int(code[-1])], pl.Int32)

    def _known(self, code: np.ndarray) -> np.ndarray:
        size = int(code.max(initial=-1)) + 1
        if size > len(self._closes):
            grown = np.full(size, NEVER, np.int64)
            grown[: len(self._closes)] = self._closes
            self._closes = grown
        return self._closes


def previous(code: np.ndarray, values: np.ndarray, known: np.ndarray) -> Closed:
    """For each row the value of the row before with its code, at first from ``known``, which takes the last values.

    In a panel nothing is copied but the first rows: the rest are the values themselves, one period before.

    Examples
    --------
    >>> known = np.array([7, 8])
    >>> previous(np.array([0, 1, 1]), np.array([1, 2, 3]), known).whole().tolist(), known.tolist()
    ([7, 8, 2], [1, 3])
    """
    period = period_of(code)
    if period:
        first = known[code[:period]]
        known[code[-period:]] = values[-period:]
        return Closed(first, values[:-period])
    order = np.argsort(code, kind="stable")
    sorted_code, sorted_values = code[order], values[order]
    is_first = np.ones(len(code), bool)
    is_first[1:] = sorted_code[1:] != sorted_code[:-1]
    shifted = np.empty_like(values)
    shifted[1:] = sorted_values[:-1]
    shifted[is_first] = known[sorted_code[is_first]]
    before = np.empty_like(values)
    before[order] = shifted
    is_last = np.append(is_first[1:], True)
    known[sorted_code[is_last]] = sorted_values[is_last]
    return Closed(before, values[:0])


def period_of(code: np.ndarray) -> int:
    """After how many rows all instruments come again in the same order, as in a panel; 0 if they do not.

    Examples
    --------
    >>> period_of(np.array([2, 0, 2, 0])), period_of(np.array([2, 0, 0])), period_of(np.array([1, 1]))
    (2, 0, 1)
    """
    if not len(code):
        return 0
    if code.min() == code.max():  # of one instrument
        return 1
    again = code[1:] == code[0]
    period = int(again.argmax()) + 1 if again.any() else len(code)
    if len(np.unique(code[:period])) != period or not np.array_equal(code[period:], code[:-period]):
        return 0
    return period
