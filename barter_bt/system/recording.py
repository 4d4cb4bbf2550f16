"""Market data that Barter recorded, as streams and commands of a run.

An item is seen by the venue at its ``time_exchange`` (a candle at its ``close_time``) and by the engine at its
``time_received``, so arrivals keep the order of the file. At one time of the venue, where the file tells one order of a
trade and a quote and the streams another, trades come first, then quotes, then candles; it decides nothing between
instruments but which of two orders that need the same money is dealt first.

A lost link has no time in the file: it is lost at the latest arrival before it, after that event, or just before the
first. Items between that arrive in that very nanosecond come before it. What runs have no column for, books beyond the
best prices and liquidations, is left out and counted.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import polars as pl

from barter_bt.data import Repair, Stream, candles, quotes, trades
from barter_bt.data.duration import duration_ns
from barter_bt.errors import DataError
from barter_bt.instrument import Instrument
from barter_bt.protocol import (
    Candle,
    Level,
    MarketEvent,
    OrderBookL1,
    PublicTrade,
    Reconnecting,
    read_market_events,
)
from barter_bt.system.naming import resolver

Row: TypeAlias = tuple[Any, ...]
_TIMES: dict[str, Any] = {"time_exchange": pl.Int64, "time_received": pl.Int64}
_KINDS: dict[type, tuple[str, dict[str, Any]]] = {
    PublicTrade: ("trades", {"price": pl.Float64, "amount": pl.Float64, "side": pl.String}),
    OrderBookL1: ("quotes", dict.fromkeys(("bid_price", "bid_amount", "ask_price", "ask_amount"), pl.Float64)),
    Candle: ("candles", dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)),
}
_COMMANDS: dict[str, Any] = {"time": pl.Datetime("ns", "UTC"), "command": pl.String, "exchange": pl.String}


class RecordingWarning(UserWarning):
    """Something of a recording was left out."""


@dataclass(frozen=True)
class Recording:
    """What a file of recorded market data holds.

    Parameters
    ----------
    streams
        One of each kind and instrument: trades, then quotes, then candles, each in order of name.
    commands
        The losses of links, as rows for ``barter_bt.Commands``.
    left_out
        How many items of each other kind there were, by the name of its class in :mod:`barter_bt.protocol`.

    Examples
    --------
    >>> text = '''{"Item": {"time_exchange": "2024-12-20T19:05:18.175Z", "time_received": "2024-12-20T19:05:18.319Z",
    ...     "exchange": "x", "instrument": "btc_usd", "kind": {"Trade": {"id": "1", "price": 9.5, "amount": 2,
    ...     "side": "Buy"}}}}'''.replace(chr(10), "")
    >>> recording = read_recording(text + chr(10) + '{"Reconnecting": "x"}')
    >>> recording.streams[0].rows, recording.commands["command"].to_list()
    (1, ['market_disconnect'])
    """

    streams: list[Stream]
    commands: pl.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``barter_bt.backtest``: ``data``, ``commands``."""
        return {"data": self.streams, "commands": self.commands}


def read_recording(
    source: str | Path,
    instruments: Iterable[Instrument] | None = None,
    *,
    on_error: Literal["raise", "skip"] = "raise",
    interval: str | int | None = None,
    clock_offset: str | int | None = None,
    repair: Repair | None = None,
) -> Recording:
    """Read market data in the layouts of Barter's examples: an array of results, or an event a line.

    Parameters
    ----------
    source
        A path, or the text itself.
    instruments
        What the indices in the file stand for, in Barter's order: by exchange as in
        :data:`~barter_bt.instrument.EXCHANGES`, then by the names of the assets, then by the exchange's own name.
        Names in the file may be those of the instruments or the exchange's own. Without it, names stay as they are and
        indices are an error.
    on_error
        What to do with an ``Err`` that was recorded in place of an event: raise, or leave it out as Barter does.
    interval
        Length of the candles, such as ``"1m"``; Barter's have the time of their close only.
    clock_offset
        Added to ``time_received`` where the receiver's clock was behind: nanoseconds, text such as ``"1.5s"``, or
        ``"auto"`` for the smallest shift of all of the file that leaves no negative latency.
    repair
        What to mend in each stream.

    Returns
    -------
    Recording

    Warns
    -----
    RecordingWarning
        Items were left out.

    Raises
    ------
    DataError
        The file cannot be read, is not of that shape (ProtocolError), or holds no market data.
    InstrumentError
        It names what is none of the instruments.
    """
    name_of = resolver(instruments)
    rows: dict[tuple[type, str], list[Row]] = {}
    left_out: Counter[str] = Counter()
    arrivals: list[int] = []
    losses: list[tuple[int, str]] = []
    for number, event in enumerate(read_market_events(source, on_error)):
        if isinstance(event, Reconnecting):
            losses.append((len(arrivals), event.exchange))
            continue
        item = event.value
        arrivals.append(item.time_received)
        if type(item.kind) in _KINDS:
            rows.setdefault((type(item.kind), name_of(item, number)), []).append(_row(item))
        else:
            left_out[type(item.kind).__name__] += 1
    if not rows:
        raise DataError("the recording holds no trades, quotes or candles", f"it has {dict(left_out) or 'no items'}")
    offset = _offset(clock_offset, rows.values())
    streams = [
        _stream(kind, name, rows[kind, name], offset, interval, repair)
        for kind in _KINDS
        for name in sorted(name for of, name in rows if of is kind)
    ]
    if left_out:
        counts = ", ".join(f"{count} {kind}" for kind, count in left_out.items())
        warnings.warn(f"left out of the recording: {counts}", RecordingWarning, stacklevel=2)
    return Recording(streams, _commands(losses, arrivals, offset), dict(left_out))


def market_streams(source: str | Path, instruments: Iterable[Instrument] | None = None, **options: Any) -> list[Stream]:
    """The streams of a recording; parameters as for :func:`read_recording`, which has the losses of links too.

    Examples
    --------
    >>> market_streams('[{"Reconnecting": "x"}]')
    Traceback (most recent call last):
        ...
    barter_bt.errors.DataError: the recording holds no trades, quotes or candles
    Hint: it has no items
    """
    return read_recording(source, instruments, **options).streams


def _row(event: MarketEvent) -> Row:
    kind = event.kind
    if isinstance(kind, Candle):
        times = (kind.close_time, event.time_received)
        return (*times, kind.open, kind.high, kind.low, kind.close, kind.volume)
    times = (event.time_exchange, event.time_received)
    if isinstance(kind, PublicTrade):
        return (*times, kind.price, kind.amount, str(kind.side))
    assert isinstance(kind, OrderBookL1)
    return (*times, *_level(kind.best_bid), *_level(kind.best_ask))


def _level(level: Level | None) -> tuple[float, float]:
    """Price and amount; of an empty side, zeros."""
    return (0.0, 0.0) if level is None else (float(level.price), float(level.amount))


def _offset(clock_offset: str | int | None, rows: Iterable[list[Row]]) -> int:
    if clock_offset == "auto":
        latency_min: int = min(received - sent for each in rows for sent, received, *_ in each)
        return max(0, -latency_min)
    return 0 if clock_offset is None else duration_ns(clock_offset, "clock_offset")


def _stream(
    kind: type,
    name: str,
    rows: list[Row],
    offset: int,
    interval: str | int | None,
    repair: Repair | None,
) -> Stream:
    what, columns = _KINDS[kind]
    frame = pl.DataFrame(rows, {**_TIMES, **columns}, orient="row")
    frame = frame.with_columns(pl.col("time_received") + offset)
    if what == "trades":
        return trades(frame, instrument=name, time_unit="ns", repair=repair)
    if what == "quotes":
        return quotes(frame, instrument=name, time_unit="ns", repair=repair)
    return candles(frame, instrument=name, time_unit="ns", interval=interval, repair=repair)


def _commands(losses: Sequence[tuple[int, str]], arrivals: Sequence[int], offset: int) -> pl.DataFrame:
    """Each loss after the latest arrival before it."""
    rows, latest, seen = [], arrivals[0] - 1, 0
    for before, exchange in losses:
        latest, seen = max([latest, *arrivals[seen:before]]), before
        rows.append((latest + offset, "market_disconnect", exchange))
    return pl.DataFrame(rows, _COMMANDS, orient="row")
