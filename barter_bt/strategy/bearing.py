"""Which candles open or close at the times that targets bear: everything in whole numbers, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data import Stream
from barter_bt.data.chunk import by_category, look_up
from barter_bt.data.schema import TIME

Whole = npt.NDArray[np.int64]
_ROOM = 16  # marks for each key that are cheaper than a search
_SEARCHES = 16  # rows of which going through all takes as long as searching for one time


class Stamps:
    """Targets' times and instruments, and a whole number (a key) for each time and instrument.

    Parameters
    ----------
    targets
        ``time`` and ``instrument``.

    Attributes
    ----------
    names
        Of instruments; the place of one is its code.
    times
        Distinct times in nanoseconds, sorted.
    first
        Time of each instrument's first target.
    keys
        Of the targets, sorted, each once.
    """

    def __init__(self, targets: pl.DataFrame) -> None:
        instruments, times = targets["instrument"], targets["time"].cast(TIME).cast(pl.Int64).to_numpy()
        if instruments.dtype == pl.String:
            instruments = instruments.cast(pl.Categorical)  # text is read once
        self.names: list[str] = sorted(map(str, instruments.unique().to_list()))
        self.codes = {name: code for code, name in enumerate(self.names)}
        code = look_up(instruments, self.codes)
        if not bool((times[1:] >= times[:-1]).all()):
            order = np.argsort(times, kind="stable")
            times, code = times[order], code[order]
        begins = np.r_[True, times[1:] != times[:-1]][: len(times)]
        self.times: Whole = times[begins]
        self.first: Whole = np.full(len(self.names), np.iinfo(np.int64).max)
        self.first[code[::-1]] = times[::-1]  # the last one that is written stays
        self.keys: Whole = distinct((np.cumsum(begins) - 1) * len(self.names) + code)

    def key(self, times: Whole, code: npt.NDArray[np.int32]) -> Whole:
        """Keys of times and instruments; -1 if no target bears the time."""
        place = np.minimum(np.searchsorted(self.times, times), len(self.times) - 1)
        keys: Whole = np.where(self.times[place] == times, place * len(self.names) + code, -1)
        return keys

    def borne(self, candles: Candles) -> tuple[Whole, Whole]:
        """Keys of the candles, in order, whose close, and of those whose open and instrument a target bears."""
        closes = self._rows(candles.closed, None)
        opens = self._rows(candles.opened, closes[1])  # candles mostly open as others close
        return self._keys(candles, *closes), self._keys(candles, *opens)

    def _rows(self, times: Whole, guess: Whole | None) -> tuple[Whole, Whole]:
        """First row, and row after the last, of each target's time among times in order."""
        if len(self.times) * _SEARCHES < len(times):
            begin = _first_rows(times, self.times, guess)
            twice = (times[np.minimum(begin + 1, len(times) - 1)] == self.times) & (begin + 1 < len(times))
            if twice.any():
                return begin, times.searchsorted(self.times, "right")
            return begin, begin + (times[np.minimum(begin, len(times) - 1)] == self.times)
        starts = np.flatnonzero(np.r_[True, times[1:] != times[:-1]])
        place, rank = _common(times[starts], self.times)
        begin, end = np.zeros((2, len(self.times)), np.int64)
        begin[rank], end[rank] = starts[place], np.r_[starts, len(times)][place + 1]
        return begin, end

    def _keys(self, candles: Candles, begin: Whole, end: Whole) -> Whole:
        count = end - begin
        rows = np.arange(count.sum()) + np.repeat(begin - np.cumsum(count) + count, count)
        code = candles.code(rows)
        keys = np.repeat(np.arange(len(count)), count) * len(self.names) + code
        keys = keys[code >= 0]
        borne: Whole = keys[self.are_among(keys, self.keys)]
        return borne

    def are_among(self, keys: Whole, others: Whole) -> npt.NDArray[np.bool_]:
        """Which keys are among other ones; -1 is not."""
        size = len(self.times) * len(self.names)
        if size > _ROOM * (len(keys) + len(others) + len(self.keys)):
            return np.isin(keys, others) & (keys >= 0)
        marked = np.zeros(size + 1, bool)
        marked[others] = True
        marked[-1] = False
        found: npt.NDArray[np.bool_] = marked[keys]
        return found


def distinct(values: Whole) -> Whole:
    """Values sorted, each once.

    Examples
    --------
    >>> distinct(np.array([3, 1, 3]))
    array([1, 3])
    """
    ordered = values if bool((values[1:] >= values[:-1]).all()) else np.sort(values)
    once: Whole = ordered[np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]]
    return once


def _first_rows(times: Whole, wanted: Whole, guess: Whole | None) -> Whole:
    """The first row whose time is not before each wanted one; searched for only where a guess is wrong.

    Without a guess that is the row at which it would stand if times had equal distances, as those of candles mostly do.

    Examples
    --------
    >>> _first_rows(np.array([1, 3, 3, 4]), np.array([2, 3, 5]), np.array([1, 2, 4]))
    array([1, 1, 4])
    """
    last = len(times) - 1
    if guess is None:
        step = max(1, (int(times[-1]) - int(times[0])) // max(1, last))
        guess = np.clip(-((times[0] - wanted) // step), 0, len(times))
    right = ((guess == 0) | (times[guess - 1] < wanted)) & ((guess > last) | (times[np.minimum(guess, last)] >= wanted))
    found = guess.copy()
    found[~right] = times.searchsorted(wanted[~right])
    return found


def _common(these: Whole, those: Whole) -> tuple[Whole, Whole]:
    """Places, in each of two sorted arrays without repetition, of the values that both have.

    Examples
    --------
    >>> _common(np.array([1, 3, 4]), np.array([3, 4, 5, 6]))
    (array([1, 2]), array([0, 1]))
    """
    if len(these) > len(those):
        there, here = _common(those, these)
        return here, there
    begin, end = np.searchsorted(those, these[:1]), np.searchsorted(those, these[-1:], side="right")
    within = those[begin[0] : end[0]] if len(these) else those[:0]
    if np.array_equal(these, within):  # targets at every candle
        return np.arange(len(these)), np.arange(begin[0], end[0])
    place = np.minimum(np.searchsorted(those, these), len(those) - 1)
    same = np.flatnonzero(those[place] == these)
    return same, place[same]


class Candles(NamedTuple):
    """Some candles of a stream.

    Parameters
    ----------
    opened, closed
        Their times.
    category, codes
        A number for each row's instrument, and its code by that number (-1: no targets).
    is_whole
        Whether no row was left out for a null.
    in_order
        Whether both times are certainly in the order of the rows.
    """

    opened: Whole
    closed: Whole
    category: npt.NDArray[np.integer]
    codes: npt.NDArray[np.int32]
    is_whole: bool
    in_order: bool

    def code(self, rows: slice | Whole = slice(None)) -> npt.NDArray[np.int32]:
        """Codes of the instruments of some rows."""
        code: npt.NDArray[np.int32] = self.codes[self.category[rows]]
        return code


def candles(stream: Stream, codes: dict[str, int]) -> Iterator[Candles]:
    """The candles of a stream in pieces, rows with a null left out."""
    opens_in_order = stream.opens_in_order()
    for source, canon in stream.parts:
        wanted = canon.only(["time_open", "time_exchange", "instrument"])
        for _, raw in source.pieces(wanted.needed):
            piece = wanted.apply(raw)
            if any(column.null_count() for column in piece):
                piece = piece.drop_nulls()
            opened, closed = (piece[name].cast(pl.Int64).to_numpy() for name in ("time_open", "time_exchange"))
            if canon.instrument is None:
                code, category = by_category(piece["instrument"], codes)
            else:
                code, category = np.array([codes.get(canon.instrument, -1)], np.int32), np.zeros(len(opened), np.int8)
            # Closes that go back are an error of a stream that is checked, and then no run is warned.
            in_order = opens_in_order and (stream.validate or bool((closed[1:] >= closed[:-1]).all()))
            yield Candles(opened, closed, category, code, piece.height == raw.height, in_order)


def last_opens(stream: Stream, codes: dict[str, int], rows: int) -> tuple[npt.NDArray[np.int32], Whole]:
    """Instruments and times of the last opens, in order of the rows; of the last source alone."""
    source, canon = stream.parts[-1]
    wanted = canon.only(["time_open", "instrument"])
    *_, (_, raw) = source.pieces(wanted.needed)
    last = wanted.apply(raw.tail(rows))
    opened = last["time_open"].cast(pl.Int64).to_numpy()
    if canon.instrument is not None:
        return np.full(len(opened), codes[canon.instrument], np.int32), opened
    return look_up(last["instrument"], codes), opened
