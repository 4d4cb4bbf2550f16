"""Trading sessions as columns of the engine's state: which instrument has which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from barter_bt.data import Stream
from barter_bt.data.sessions import Sessions, sessions_around
from barter_bt.engine.state.tables import Calendars, EngineState
from barter_bt.engine.state.tables import Sessions as Columns
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments


def sessions_of(given: object, index: IndexedInstruments, streams: Sequence[Stream]) -> dict[int, Sessions]:
    """Sessions by index of the instrument, for those that have any.

    Parameters
    ----------
    given
        Sessions or the name of a calendar, for all; or a mapping of such by exchange, or by instrument, which comes
        before its exchange.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        one = _read(given, "sessions", streams)
        return dict.fromkeys(range(len(index)), one)
    of_exchange: dict[str, Sessions] = {}
    of_instrument: dict[int, Sessions] = {}
    for key, value in given.items():
        one = _read(value, f"sessions of {key!r}", streams)
        if key in index.exchanges:
            of_exchange[key] = one
        else:
            of_instrument[_instrument(index, key)] = one
    every = {i: of_exchange[one.exchange] for i, one in enumerate(index.instruments) if one.exchange in of_exchange}
    return every | of_instrument


def install(found: Mapping[int, Sessions], state: EngineState) -> None:
    """Write them into the state's columns; instruments with the same sessions share their rows."""
    calendars, starts, rows = Calendars(len(state.instruments)), dict[int, int](), 0
    parts: list[Sessions] = []
    for i, one in found.items():
        if id(one) not in starts:
            starts[id(one)] = rows
            parts.append(one)
            rows += one.frame.height
        calendars.first[i] = starts[id(one)]
        calendars.end[i] = calendars.first[i] + one.frame.height
    table = Columns(rows)
    if parts:
        table.array("open")[:] = np.concatenate([one.opens_ns for one in parts])
        table.array("close")[:] = np.concatenate([one.closes_ns for one in parts])
    state.replace("sessions", table)
    state.replace("calendars", calendars)


def _instrument(index: IndexedInstruments, key: Any) -> int:
    if not isinstance(key, str):
        raise ConfigError(f"sessions are given for {key!r}; they are by exchange or instrument, as text")
    return index.instrument(key)


def _read(given: object, what: str, streams: Sequence[Stream]) -> Sessions:
    if isinstance(given, Sessions):
        return given
    if not isinstance(given, str):
        raise ConfigError(
            f"{what} is {given!r:.60}; it must be what data.sessions or data.exchange_sessions give, or text",
            'the name of a calendar, such as "XNYS"',
        )
    spans = [stream.time_range() for stream in streams if stream.rows]
    if not spans:
        raise ConfigError(f"{what} is {given!r}, and without data its days are not known", "use data.exchange_sessions")
    return sessions_around(given, min(first for first, _ in spans), max(last for _, last in spans))
