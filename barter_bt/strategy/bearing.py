"""Which candles open or close at the times that targets bear: everything in whole numbers, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data import Stream
from barter_bt.data.chunk import look_up
from barter_bt.data.schema import TIME

Whole = npt.NDArray[np.int64]


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
        instruments, times = targets["instrument"], targets["time"].cast(TIME).to_physical().to_numpy()
        self.names: list[str] = sorted(map(str, instruments.unique().to_list()))
        self.codes = {name: code for code, name in enumerate(self.names)}
        code = look_up(instruments, self.codes)
        self.times: Whole = distinct(times)
        self.first: Whole = np.full(len(self.names), np.iinfo(np.int64).max)
        np.minimum.at(self.first, code, times)
        self.keys: Whole = distinct(self.key(times, code))

    def key(self, times: Whole, code: npt.NDArray[np.int32]) -> Whole:
        """Keys of times and instruments; -1 if no target bears the time."""
        place = np.minimum(np.searchsorted(self.times, times), len(self.times) - 1)
        keys: Whole = np.where(self.times[place] == times, place * len(self.names) + code, -1)
        return keys

    def borne(self, times: Whole, code: npt.NDArray[np.int32]) -> Whole:
        """Keys of those candles, by times in order, whose time and instrument a target bears."""
        starts = np.flatnonzero(np.r_[True, times[1:] != times[:-1]])
        place, rank = _common(times[starts], self.times)
        count = np.diff(np.r_[starts, len(times)])[place]
        rows = np.arange(count.sum()) + np.repeat(starts[place] - np.cumsum(count) + count, count)
        keys = np.repeat(rank, count) * len(self.names) + code[rows]
        borne: Whole = keys[(code[rows] >= 0) & np.isin(keys, self.keys)]
        return borne


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


@dataclass
class Candles:
    """Some candles of a stream: codes of their instruments (-1: no targets), times of open and close."""

    code: npt.NDArray[np.int32]
    opened: Whole
    closed: Whole
    is_whole: bool  # no row was left out for a null

    @property
    def in_order(self) -> bool:
        """Whether both times are in the order of the rows."""
        return all(bool((times[1:] >= times[:-1]).all()) for times in (self.opened, self.closed))


def candles(stream: Stream, codes: dict[str, int]) -> Iterator[Candles]:
    """The candles of a stream in pieces, rows with a null left out."""
    for source, canon in stream.parts:
        wanted = canon.only(["time_open", "time_exchange", "instrument"])
        for _, raw in source.pieces(wanted.needed):
            piece = wanted.apply(raw)
            if any(column.null_count() for column in piece):
                piece = piece.drop_nulls()
            if canon.instrument is None:
                code = look_up(piece["instrument"], codes)
            else:
                code = np.full(piece.height, codes.get(canon.instrument, -1), np.int32)
            opened, closed = (piece[name].to_physical().to_numpy() for name in ("time_open", "time_exchange"))
            yield Candles(code, opened, closed, piece.height == raw.height)
