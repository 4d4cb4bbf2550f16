"""What a backtest is asked for, checked: streams, instruments, terms, times, strategies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from numbers import Integral
from typing import Any

import polars as pl

from barter_bt.backtest.spill import Spill
from barter_bt.data import MarketData, Stream
from barter_bt.data.duration import duration_ns
from barter_bt.data.market import dealt_on, on_one_clock, shown
from barter_bt.engine.agenda import NEVER
from barter_bt.errors import ConfigError, InstrumentError, StrategyError
from barter_bt.instrument import IndexedInstruments, Instrument
from barter_bt.venue.build import CANDLE_PATHS
from barter_bt.venue.delays import Delays, feed_arrivals
from barter_bt.venue.state import HIGH_FIRST
from barter_bt.venue.terms import Venue

MINUTE_NS = 60_000_000_000


def streams_of(data: Stream | MarketData | Sequence[Stream]) -> list[Stream]:
    """The streams, on one clock."""
    given = data.streams if isinstance(data, MarketData) else data
    streams: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    if not streams:
        raise ConfigError("no market data is given", "make a stream with barter_bt.data.candles, trades or quotes")
    for stream in streams:
        if not isinstance(stream, Stream):
            raise ConfigError(
                f"data is {type(stream).__name__}; it must be a stream",
                "wrap the frame or path in barter_bt.data.candles, trades or quotes",
            )
    return on_one_clock(streams)


def refuse_kinds(asked: Any) -> None:
    """Options that are not of their kind, of those that nobody looks at before a run."""
    told: list[tuple[str, type | tuple[type, ...], str]] = [
        ("spill", Spill, "Spill(above_bytes=...), or None to stay in memory"),
        ("interpret", bool, "True, False, or None: as it suits"),
    ]
    if asked.commands is not None:
        from barter_bt.backtest.commands import Commands

        told.append(("commands", (Commands, pl.DataFrame), 'Commands(pl.DataFrame({"time": ..., "command": ...}))'))
    if asked.record is not None:
        from barter_bt.backtest.record import Record

        told.append(("record", (Record, Mapping), 'Record(["equity"])'))
    for name, kinds, hint in told:
        given = getattr(asked, name)
        if given is not None and not isinstance(given, kinds):
            raise ConfigError(f"{name} is {given!r:.60}, which is {type(given).__name__}", hint)
    if not isinstance(asked.seed, Integral) or isinstance(asked.seed, bool):
        raise ConfigError(f"seed is {asked.seed!r}; it must be a whole number", "seed=1")


def refuse_unseen(streams: Sequence[Stream]) -> None:
    """Each instrument must have a stream that its venue deals on, and one that the strategy sees (rule 78)."""
    for who, theirs in (("venue", dealt_on(streams)), ("strategy", shown(streams))):
        there = {name for stream in theirs for name in stream.instruments}
        for stream in streams:
            missing = sorted({*stream.instruments} - there)
            if missing:
                raise ConfigError(
                    f"{stream.name} is seen by the {stream.seen_by} alone, and no other stream of {missing[0]!r} by "
                    f"the {who}",
                    f'give one with seen_by="{who}", or leave seen_by out',
                )


def instruments_of(given: Instrument | Iterable[Instrument]) -> list[Instrument]:
    """The instruments as a list."""
    every = [given] if isinstance(given, Instrument | str) else list(given)
    for one in every:
        if not isinstance(one, Instrument):
            raise ConfigError(
                f"instruments has {one!r:.60}; it must be an Instrument", 'barter_bt.Instrument("exchange", "btc_usd")'
            )
    return every


def nanoseconds(moment: datetime | None, default: int, what: str) -> int:
    """A time with a zone in nanoseconds."""
    if not (moment is None or isinstance(moment, datetime)):
        raise ConfigError(
            f"{what} is {moment!r}; it must be a datetime with a zone", "datetime(2024, 1, 2, tzinfo=UTC)"
        )
    if moment is None:
        return default
    if moment.tzinfo is None:
        raise ConfigError(f"{what} is {moment}, which has no time zone", "for example datetime(2024, 1, 1, tzinfo=UTC)")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    time_ns = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    if not -NEVER < time_ns < NEVER:
        raise ConfigError(f"{what} is {moment}; times go from 1677-09-22 to 2262-04-11")
    return time_ns


def evidence_of(streams: Sequence[Stream], index: IndexedInstruments) -> dict[int, frozenset[str]]:
    """Kinds of the streams that each instrument has; the best of a book is a quote (rule 89)."""
    kinds: dict[int, set[str]] = {}
    for stream in streams:
        for name in stream.instruments:
            found = kinds.setdefault(index.instrument(name), set())
            if stream.is_book:
                if found & {"quotes", "book"}:
                    raise ConfigError(
                        f"{name!r} has a stream of books, and another of {min(found & {'quotes', 'book'})}",
                        "the best of a book is its quote: give one of them",
                    )
                found |= {"quotes", "book"}
            elif stream.kind == "quotes" and "book" in found:
                raise ConfigError(
                    f"{name!r} has a stream of quotes, and another of books",
                    "the best of a book is its quote: give one of them",
                )
            elif stream.kind == "trades" and "book" in found:
                raise ConfigError(
                    f"the trades of {name!r} stand behind its book, which shows what they did",
                    "give the trades first: [trades, book]",
                )
            found.add(stream.kind)
    return {i: frozenset(found) for i, found in kinds.items()}


def refuse_strangers(streams: Sequence[Stream], index: IndexedInstruments) -> None:
    """Data of instruments that are not declared: misspelt, forgotten, or more than was meant."""
    for stream in streams:
        if index.codes.keys() >= {*stream.instruments}:
            continue
        for name in stream.instruments:
            try:
                index.instrument(name)
            except InstrumentError as error:
                raise InstrumentError(
                    f"{error.message}. Stream {stream.name} has {stream.kind} of it",
                    f"{error.hint + ' Else ' if error.hint else ''}declare it among the instruments, or leave its rows "
                    f'out: filter(pl.col("instrument") != {name!r})',
                ) from error


def refuse_paths(streams: Sequence[Stream], index: IndexedInstruments, venues: Mapping[str, Venue]) -> None:
    """Candles of one instrument in several streams have no one path (rule 59)."""
    seen: set[str] = set()
    of_candles = [stream for stream in streams if stream.kind == "candles"]
    for stream in of_candles if len(of_candles) > 1 else ():
        for name in stream.instruments:
            one = index.instruments[index.instrument(name)]
            if name in seen and CANDLE_PATHS.index(venues[one.exchange].candle_path) >= HIGH_FIRST:
                raise ConfigError(
                    f"candle_path of {one.exchange!r} is {venues[one.exchange].candle_path!r}, and {name!r} is in "
                    "several streams of candles",
                    'which of them would it follow? Leave it "pessimistic" or "optimistic", or give one stream',
                )
            seen.add(name)


def _exchanges_of(stream: Stream, index: IndexedInstruments) -> set[str]:
    """The exchanges of a stream's instruments."""
    if len(index.exchanges) == 1 and stream.instruments:
        return set(index.exchanges)
    return {index.instruments[index.instrument(name)].exchange for name in stream.instruments}


def feed_latency(stream: Stream, index: IndexedInstruments, venues: Mapping[str, Venue]) -> int:
    """The one feed latency of a stream's exchanges."""
    delays = {venues[exchange].latency.feed_ns for exchange in _exchanges_of(stream, index)}
    if len(delays) > 1:
        raise ConfigError(f"stream {stream.name} holds exchanges of different feed latency", "split it by exchange")
    found = delays.pop() if delays else 0
    return 0 if isinstance(found, Delays) else found


def with_arrivals(streams: Sequence[Stream], index: IndexedInstruments, venues: Mapping[str, Venue]) -> list[Stream]:
    """The streams, with arrival times where a feed latency is not always the same and they have none (rule 52)."""
    found = []
    for stream in streams:
        terms = {venues[exchange].latency for exchange in _exchanges_of(stream, index)}
        drawn = {(one.feed_ns, one.seed) for one in terms if isinstance(one.feed_ns, Delays)}
        if not drawn or stream.has_received:
            found.append(stream)
            continue
        if len(drawn) > 1 or len({one.feed_ns for one in terms}) > 1:
            raise ConfigError(f"stream {stream.name} holds exchanges of different feed latency", "split it by exchange")
        found.append(stream.with_arrivals(partial(feed_arrivals, *drawn.pop())))
    return found


def with_negative_prices(streams: Sequence[Stream], index: IndexedInstruments) -> list[Stream]:
    """The streams, in which prices are 0 and below where instruments declare that they can be (rule 76)."""
    allowed = {name for name, i in index.codes.items() if index.instruments[i].price_can_be_negative}
    return [
        stream.with_negative_prices(allowed)
        if stream.negative != allowed and allowed & {*stream.instruments}
        else stream
        for stream in streams
    ]


def marks_every(mark_every: str | int | None, streams: Sequence[Stream]) -> int:
    """Interval of the equity marks in nanoseconds; 0: at each close of a candle."""
    if mark_every is None:
        return 0 if any(stream.kind == "candles" for stream in streams) else MINUTE_NS
    interval = duration_ns(mark_every, "mark_every")
    if interval <= 0:
        raise ConfigError(f"mark_every is {mark_every!r}; it must be positive")
    return interval


def strategy_of(given: Any) -> Any:
    """Something that can prepare a driver."""
    if isinstance(given, list | tuple):
        from barter_bt.strategy.group import StrategyGroup

        return StrategyGroup([strategy_of(one) for one in given])
    name = getattr(given, "name", "unnamed")
    if not isinstance(given, type) and not isinstance(name, str):
        raise StrategyError(f"the name of a strategy is {name!r}; it must be text", 'name="crossing"')
    if hasattr(given, "prepare") and not isinstance(given, type):
        return given
    if isinstance(given, type) or not hasattr(given, "generate_algo_orders"):
        raise StrategyError(
            f"strategy is {given!r:.80}; it must be Signals, Schedule, Compiled or have generate_algo_orders",
            "make one of the class: Name(...)"
            if isinstance(given, type)
            else 'of a function: Compiled(function, wake="bar_close"); of an expression: Signals(expression)',
        )
    from barter_bt.strategy.python import Python

    return Python(given, getattr(given, "name", type(given).__name__))
