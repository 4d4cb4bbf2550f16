"""Targets that bear the times at which candles open, before what they were computed from was known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from barter_bt.data import Stream
from barter_bt.data.chunk import look_up
from barter_bt.data.schema import TIME
from barter_bt.strategy.bearing import Candles, Stamps, candles, distinct, last_opens

_DENSE = 20  # candles from which on targets at every open, and none at the last close, are no chance
_TAIL = 1 << 12  # last rows of a stream
_FEW = 1 << 14  # rows in which a quick look finds opens that no target bears


def stamped_with_opens(targets: pl.DataFrame, streams: Sequence[Stream]) -> pl.DataFrame:
    """Find targets that bear the time at which a candle opens, and that no candle closes at.

    One that was computed from that candle was not known then. Where each candle opens as the one before it closes,
    both look alike: there it is a target at every open up to the last one, and none at the last close. Targets at the
    first open of an instrument are left out: nothing has been seen then from which they could have been computed.

    Parameters
    ----------
    targets
        ``time`` and ``instrument``.
    streams
        All streams of the run; those of candles are looked at.

    Returns
    -------
    polars.DataFrame
        ``instrument``, ``time_exchange`` (the candle's close) and ``time``, by time.
    """
    stamps = Stamps(targets)
    n = len(stamps.names)
    first, last, opens = np.full(n, np.iinfo(np.int64).max), np.full(n, np.iinfo(np.int64).min), np.zeros(n, np.int64)
    near, closes = [np.empty((4, 0), np.int64)], [np.empty(0, np.int64)]
    for piece in _of_all(streams, stamps):
        code = piece.code()
        known = code >= 0
        code, opened, closed = code[known], piece.opened[known], piece.closed[known]
        np.minimum.at(first, code, opened)
        np.maximum.at(last, code, closed)
        opens += np.bincount(code[opened >= stamps.first[code]], minlength=n)
        closes.append(distinct(stamps.key(closed, code)))
        key = stamps.key(opened, code)
        found = stamps.are_among(key, stamps.keys)
        near.append(np.stack([code[found], opened[found], closed[found], key[found]]))
    code, opened, closed, key = np.concatenate(near, axis=1)
    later = opened > first[code]
    code, opened, closed, key = code[later], opened[later], closed[later], key[later]
    dense = np.bincount(code, minlength=n) >= np.maximum(opens - 1, _DENSE)
    dense &= ~stamps.are_among(stamps.key(last, np.arange(n, dtype=np.int32)), stamps.keys)
    found = dense[code] | ~stamps.are_among(key, np.concatenate(closes))
    names = pl.Series(stamps.names, dtype=pl.String).gather(code[found])
    times = {"time_exchange": closed[found], "time": opened[found]}
    frame = pl.DataFrame({"instrument": names} | times).with_columns(pl.col(*times).cast(TIME))
    return frame.sort("time", "instrument", maintain_order=True)


def plainly_bear_no_opens(targets: pl.DataFrame, streams: Sequence[Stream]) -> bool:
    """The same of candles without gaps, told by the last of them: every open but an instrument's first is a close, too.

    So only an instrument with targets at all of its opens would count. It is none if two of its last opens, that do not
    lie before its first target, bear none.
    """
    time, seen = targets["time"].cast(TIME).cast(pl.Int64).to_numpy(), set[str]()
    if not (time[1:] >= time[:-1]).all():
        return False
    for stream in (one for one in streams if one.kind == "candles"):
        if not (stream.is_in_memory and stream.rows and stream.is_gapless()) or seen.intersection(stream.instruments):
            return False
        if (_free_opens(targets["instrument"], time, stream) < 2).any():
            return False
        seen.update(stream.instruments)
    return True


def _free_opens(names: pl.Series, time: np.ndarray, stream: Stream) -> np.ndarray:
    """How many of the last opens of each instrument, certainly not before its first target, bear no target."""
    codes = {name: code for code, name in enumerate(stream.instruments)}
    code, opened = last_opens(stream, codes, _TAIL)
    begin, size = int(np.searchsorted(time, opened.min())), len(codes)
    of, at = look_up(names[begin:], codes), time[begin:]
    of, at = of[of >= 0], at[of >= 0]
    first = np.full(size, np.iinfo(np.int64).min)  # without targets among the last, all of its opens are free
    first[of[::-1]] = at[::-1]  # the earliest is written last
    early = look_up(names[: min(begin, _TAIL)], codes)
    first[early[early >= 0]] = np.iinfo(np.int64).min
    times, rank = np.unique(opened, return_inverse=True)
    place = np.minimum(np.searchsorted(times, at), len(times) - 1)
    borne = (place * size + of)[times[place] == at]
    free = (opened >= first[code]) & ~np.isin(rank * size + code, borne)
    return np.bincount(code[free], minlength=size)


def bear_no_opens(targets: pl.DataFrame, streams: Sequence[Stream]) -> bool:
    """Whether :func:`stamped_with_opens` certainly finds nothing: a quick look at the rows that targets point to.

    Every open that a target bears is a close as well; and of each instrument at most a few opens are borne, or two are
    not, or its last close is.
    """
    stamps = Stamps(targets)
    closes, opens, n = [np.empty(0, np.int64)], [np.empty(0, np.int64)], len(stamps.names)
    is_dense, last = np.ones(n, bool), np.zeros(n + 1, np.int64)
    for piece in _of_all(streams, stamps):
        if not (piece.is_whole and piece.in_order):
            return False
        closed, opened = stamps.borne(piece)
        closes.append(closed)
        opens.append(opened)
        is_dense &= _not_borne(piece, stamps, slice(-_FEW, None)) < 2
        if is_dense.any():
            np.maximum.at(last, piece.code(), piece.closed)  # -1: the place after the others
    closed, opened = np.concatenate(closes), np.concatenate(opens)
    if not stamps.are_among(opened, closed).all():
        return False
    is_dense &= np.bincount(opened % n, minlength=n) >= _DENSE
    is_dense &= ~stamps.are_among(stamps.key(last[:n], np.arange(n, dtype=np.int32)), stamps.keys)
    return not is_dense.any()


def _not_borne(piece: Candles, stamps: Stamps, rows: slice) -> np.ndarray:
    """How many opens of each instrument, from its first target on, no target bears."""
    code, opened = piece.code(rows), piece.opened[rows]
    asked = code >= 0
    asked[asked] = opened[asked] >= stamps.first[code[asked]]
    code, opened = code[asked], opened[asked]
    return np.bincount(code[~stamps.are_among(stamps.key(opened, code), stamps.keys)], minlength=len(stamps.names))


def _of_all(streams: Sequence[Stream], stamps: Stamps) -> Iterator[Candles]:
    return (piece for stream in streams if stream.kind == "candles" for piece in candles(stream, stamps.codes))


def warning(targets: pl.DataFrame, streams: Sequence[Stream]) -> str | None:
    """Say so if targets bear the times at which candles open."""
    if targets.is_empty() or not any(stream.kind == "candles" for stream in streams):
        return None
    if plainly_bear_no_opens(targets, streams) or bear_no_opens(targets, streams):
        return None
    found = stamped_with_opens(targets, streams)
    if found.is_empty():
        return None
    name, closed, opened = found.row(0)
    return (
        f"look-ahead? {found.height:,} target(s) bear the time at which a candle opens, first {name} at "
        f"{opened:%Y-%m-%d %H:%M:%S} UTC, whose candle closes at {closed:%Y-%m-%d %H:%M:%S}: what is computed from a "
        "candle is known at its close, so stamp it with time_exchange; all is well if it was computed from earlier ones"
    )
