"""The candles of all streams as one frame: what the expressions of signals are computed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

import polars as pl

from barter_bt.data import Stream

KNOWN = "__known"
FIRST_ROWS = 1 << 14
_ENGINE: Literal["in-memory"] = "in-memory"
_ORDER = ("time_exchange", pl.col("instrument").cast(pl.String))


@dataclass(frozen=True)
class Panel:
    """Candles in long form.

    Parameters
    ----------
    frame
        Canonical columns, the user's own that were asked for, ``time`` (the close, unless the user has such a column)
        and :data:`KNOWN`, when the row arrived. Of several streams, and where rows of several instruments are looked
        at together, in order of close, then instrument's name, then stream: so that nothing depends on how the rows
        of one time happen to lie.
    single
        Whether there is one instrument only.
    uneven
        Whether rows do not all arrive the same time after their close.
    several
        Whether two candles of an instrument can become known at one time.
    ordered
        Whether rows are in the order above.

    Notes
    -----
    What is computed is the same to the last bit however rows were cut and however many threads compute it: the engine
    of Polars that holds a frame in memory adds up in the order of the rows, the one that streams it adds up piece by
    piece.
    """

    frame: pl.LazyFrame
    single: bool
    uneven: bool
    several: bool
    ordered: bool

    @cached_property
    def first_rows(self) -> pl.DataFrame:
        """The first rows, :data:`FIRST_ROWS` of them and whatever closes at the time of the last."""
        times = self.collect(self.frame.head(FIRST_ROWS).select("time_exchange")).to_series()
        if times.len() < FIRST_ROWS:
            return self.collect(self.frame)
        return self.collect(self.frame.filter(pl.col("time_exchange") <= times[-1]))

    def until(self, time: datetime) -> pl.DataFrame:
        """The first rows, and those after them that close until a time."""
        rows = self.first_rows
        if rows.height < FIRST_ROWS or rows["time_exchange"][-1] >= time:
            return rows
        return self.collect(self.frame.filter(pl.col("time_exchange") <= time))

    def held(self) -> Panel:
        """The same with its rows in memory in their order, so that they need not be sorted again."""
        return replace(self, frame=self.collect(self.frame).lazy()) if self.ordered else self

    def collect(self, computed: pl.LazyFrame) -> pl.DataFrame:
        """Carry out what was computed over the frame."""
        return computed.collect(engine=_ENGINE)

    def collect_all(self, computed: list[pl.LazyFrame]) -> list[pl.DataFrame]:
        """Carry out several things at once."""
        return pl.collect_all(computed, engine=_ENGINE)

    def of(self, rows: pl.DataFrame) -> Panel:
        """The same with some rows only."""
        return replace(self, frame=rows.lazy())


def panel(streams: Sequence[Stream], feed_ns: Sequence[int], names: Sequence[str], across: bool) -> Panel:
    """Put the candles of streams together.

    Parameters
    ----------
    streams
        Streams of candles, at least one.
    feed_ns
        Feed latency of each, used where it has no arrival times.
    names
        The columns that will be read; those that are not canonical are looked for among the streams' own.
    across
        Whether rows of several instruments will be looked at together.
    """
    frames = [_arriving(stream, delay, names) for stream, delay in zip(streams, feed_ns, strict=True)]
    if len(frames) > 1:
        text = pl.col("instrument").cast(pl.String)
        frame = pl.concat([each.with_columns(text) for each in frames], how="diagonal_relaxed")
    else:
        frame = frames[0]
    if "time" not in frame.collect_schema():
        frame = frame.with_columns(time="time_exchange")
    ordered = across or len(frames) > 1
    if ordered:
        frame = frame.sort(*_ORDER, maintain_order=True).map_batches(pl.DataFrame.rechunk)
    single = len({name for stream in streams for name in stream.instruments}) == 1
    received = any(stream.has_received for stream in streams)
    return Panel(frame, single, received or len(set(feed_ns)) > 1, received or len(frames) > 1, ordered)


def own_columns(streams: Sequence[Stream]) -> list[str]:
    """Names of the columns that an expression can read, canonical ones first."""
    names: dict[str, None] = {}
    for stream in streams:
        names |= dict.fromkeys([*stream.frame().collect_schema().names(), "time"])
    return list(names | dict.fromkeys(name for stream in streams for name in stream.extra))


def overlap(streams: Sequence[Stream]) -> str | None:
    """Say so if an instrument has candles of several streams at the same times: an expression sees one sequence."""
    names = [name for stream in streams for name in stream.instruments]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not twice:
        return None
    spans = pl.concat(
        stream.frame()
        .select(pl.col("instrument").cast(pl.String), "time_open", "time_exchange")
        .filter(pl.col("instrument").is_in(twice))
        .group_by("instrument")
        .agg(pl.col("time_open").min(), pl.col("time_exchange").max())
        for stream in streams
    )
    before = pl.col("time_exchange").shift(1).over("instrument")
    found = spans.sort("instrument", "time_open").filter(pl.col("time_open") < before).collect()
    if found.is_empty():
        return None
    return (
        f"{found['instrument'][0]} has candles of several streams at the same times; the signal's expression takes "
        "them as one sequence: tell them apart by a column of your own in their frames, such as interval, and compute "
        '(...).over("instrument", "interval"); or give the targets as a frame'
    )


def _arriving(stream: Stream, feed_ns: int, names: Sequence[str]) -> pl.LazyFrame:
    """The candles of one stream, with when each arrives."""
    frame = stream.frame([name for name in stream.extra if name in names])
    known = pl.col("time_received" if stream.has_received else "time_exchange")
    if feed_ns and not stream.has_received:
        known = known + pl.duration(nanoseconds=feed_ns, time_unit="ns")
    return frame.with_columns(known.alias(KNOWN))
