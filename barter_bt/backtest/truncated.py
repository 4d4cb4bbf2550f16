"""Market data as it was at a time, and a strategy that knows no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from barter_bt.data import Stream
from barter_bt.data.canonical import Options
from barter_bt.data.market import shown
from barter_bt.data.schema import TIME
from barter_bt.data.source import FrameSource
from barter_bt.statistic.tables import nanoseconds
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.group import StrategyGroup


class Truncated(Stream):
    """Some of the rows of a stream. Its instruments and range of prices are those of the whole.

    So units and the events that fill orders (rules 1 and 14), which a run takes from the data as a whole, stay what
    they were.
    """

    def __init__(self, whole: Stream, frame: pl.DataFrame) -> None:
        rows = frame if whole.instrument is None else frame.drop("instrument")
        options = Options(whole.kind, whole.instrument, adjusted=whole.adjusted)
        super().__init__([FrameSource(rows, whole.name)], options, validate=whole.validate, seen_by=whole.seen_by)
        self.instruments = whole.instruments
        self._origin = whole

    def price_range(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest price of each instrument in the whole stream."""
        return self._origin.price_range()


class FullData:
    """The streams of a run, read once, from which those of any earlier time are made."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.streams = list(streams)
        self._frames = [stream.frame(stream.extra).collect() for stream in streams]

    def known(self, time_ns: int) -> list[Stream]:
        """What has happened at the venues until a time; of candles, those that are closed."""
        return [Truncated(*each) for each in zip(self.streams, self._closed(time_ns), strict=True)]

    def dealt(self, time_ns: int) -> list[Stream]:
        """What the venues deal with until a time: what is known, and the opens of candles that are open then.

        Such a candle opens at its price and never moves; what it does at its close comes after the time.
        """
        return [
            Truncated(stream, _with_opens(frame, known.height, time_ns) if stream.kind == "candles" else known)
            for stream, frame, known in zip(self.streams, self._frames, self._closed(time_ns), strict=True)
        ]

    def span_ns(self, start_ns: int | None) -> tuple[int, int]:
        """The first venue time of what the strategy sees, of those from the start on, and the last."""
        frames = [frame for frame, stream in zip(self._frames, self.streams, strict=True) if shown([stream])]
        times = [nanoseconds(frame["time_exchange"]) for frame in frames if frame.height]
        last = max(int(each[-1]) for each in times)
        since = times if start_ns is None else [each[each >= start_ns] for each in times]
        return min((int(each[0]) for each in since if len(each)), default=last), last

    def _closed(self, time_ns: int) -> list[pl.DataFrame]:
        return [
            frame.head(int(nanoseconds(frame["time_exchange"]).searchsorted(time_ns, side="right")))
            for frame in self._frames
        ]


class WithData:
    """A strategy that is prepared with other streams than those that the venues deal with.

    Parameters
    ----------
    strategy
        The strategy.
    streams
        What it knows.
    """

    def __init__(self, strategy: Any, streams: Sequence[Stream]) -> None:
        self.name: str = strategy.name
        self._strategy, self._streams = strategy, tuple(shown(streams))

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        driver: Driver = self._strategy.prepare(replace(market, streams=self._streams))
        return driver


def with_data(strategy: Any, streams: Sequence[Stream]) -> Any:
    """Let a strategy, or each of several, know certain streams; one in Python sees none before the run."""
    if isinstance(strategy, list | tuple):
        return [with_data(one, streams) for one in strategy]
    if isinstance(strategy, StrategyGroup):
        return StrategyGroup([with_data(one, streams) for one in strategy.strategies])
    return WithData(strategy, streams) if hasattr(strategy, "prepare") else strategy


def last_arrival_ns(streams: Sequence[Stream]) -> int:
    """When the last event that the strategy sees arrives, feed latency aside."""
    times = [
        nanoseconds(stream.frame().collect()["time_received" if stream.has_received else "time_exchange"]).max()
        for stream in shown(streams)
        if stream.rows
    ]
    return int(max(times))


def _with_opens(frame: pl.DataFrame, closed: int, time_ns: int) -> pl.DataFrame:
    still = frame.slice(closed).filter(pl.col("time_open") <= pl.lit(time_ns).cast(TIME))
    flat = {name: pl.col("open") for name in ("high", "low", "close")}
    if "volume" in frame.columns:
        flat["volume"] = pl.lit(0.0)
    return pl.concat([frame.head(closed), still.with_columns(**flat)])
