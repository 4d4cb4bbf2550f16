"""The opens of candles whose rows do not stand in the order in which they open.

Rows of a stream stand in the order of their closes. Where candles have several lengths or sessions (a day beside its
hours), a candle opens before others whose rows come first. What opens next is known once every row has been read that
closes within the length of the longest candle.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from barter_bt.data import Chunk

_COLUMNS = ("time_open", "instrument", "open")
_ROW = "_row"


class Openings:
    """Opens in order of time, then of rows, as chunks of their own.

    Parameters
    ----------
    get
        The stream's chunk of a number; None after the last.
    longest_ns
        Length of the longest candle.
    """

    def __init__(self, get: Callable[[int], Chunk | None], longest_ns: int) -> None:
        self._get, self._longest = get, longest_ns
        self.needs = 0  # number of the stream's chunk that is read next
        self._ended = False
        self._waiting: dict[str, npt.NDArray[np.generic]] | None = None
        self._made: dict[int, Chunk] = {}
        self._count = 0
        self._sources: list[tuple[str, int, int]] = []  # source, its first row, number of the row here
        self._rows = 0

    def get(self, number: int) -> Chunk | None:
        """Chunk ``number`` of the opens; those before the last two asked for are let go."""
        while self._count <= number + 1 and not self._ended:
            self._read()
        for old in [n for n in self._made if n < number - 1]:
            del self._made[old]
        return self._made.get(number)

    def is_last(self, number: int) -> bool:
        """Whether no chunk follows."""
        return self._ended and number + 1 >= self._count

    def place(self, number: int, row: int) -> tuple[str, int]:
        """Source and row of the candle that opens in a row of a chunk."""
        at = int(self._made[number].columns[_ROW][row])
        source, first, here = next(one for one in reversed(self._sources) if one[2] <= at)
        return source, first + at - here

    def _read(self) -> None:
        chunk = self._get(self.needs)
        self.needs += 1
        if chunk is None:
            self._ended = True
            if self._waiting is not None:
                self._give(self._waiting)
            return
        new: dict[str, npt.NDArray[np.generic]] = {name: chunk.columns[name] for name in _COLUMNS}
        new[_ROW] = np.arange(self._rows, self._rows + chunk.rows)
        self._sources.append((chunk.source, chunk.first_row, self._rows))
        self._rows += chunk.rows
        old = self._waiting
        every = new if old is None else {name: np.concatenate((old[name], new[name])) for name in new}
        order = np.argsort(every["time_open"], kind="stable")
        every = {name: values[order] for name, values in every.items()}
        known = int(chunk.columns["time_exchange"][-1]) - self._longest
        end = int(np.searchsorted(every["time_open"], known, side="right"))
        self._waiting = {name: values[end:] for name, values in every.items()}
        if end:
            self._give({name: values[:end] for name, values in every.items()})

    def _give(self, columns: dict[str, npt.NDArray[np.generic]]) -> None:
        if len(columns[_ROW]):
            columns = {name: np.ascontiguousarray(values) for name, values in columns.items()}
            self._made[self._count] = Chunk(len(columns[_ROW]), 0, "", columns)
            self._count += 1
