"""The layout of a recorded session, and reading it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.live.arrival import Arrival, Event, Mark, MarkPrice
from barter_bt.live.parts import Layout, read_parts
from barter_bt.protocol import (
    Account,
    Command,
    EngineEvent,
    Item,
    Market,
    Shutdown,
    TradingStateUpdate,
    from_json,
    to_json,
)
from barter_bt.protocol import EngineError as SendError
from barter_bt.system import Timer
from barter_bt.system.markets import event_time

FORMAT = "barter_bt session 1"
SESSION, MARK_PRICE = "session.json", "mark_price"
LAYOUT = Layout(
    {
        "arrival": pl.Int64,
        "time": pl.Int64,
        "time_exchange": pl.Int64,
        "kind": pl.String,
        "number": pl.Int64,
        "event": pl.String,
    },
    ("time", "time_exchange"),
)
KINDS: dict[type, str] = {
    Market: "market",
    Account: "account",
    Command: "command",
    TradingStateUpdate: "trading",
    Shutdown: "shutdown",
    Mark: "mark",
}


@dataclass
class RecordedSession:
    """What a recording holds.

    Parameters
    ----------
    directory
        Where it is.
    instruments
        Names of what was traded.
    digest
        Of the session at its end; None if it did not come to one, as where its program was killed.
    parts
        Rows of each part.
    start
        The first time of the engine's clock, ns since 1970.
    """

    directory: Path
    instruments: list[str]
    digest: str | None
    parts: list[pl.DataFrame] = field(repr=False, default_factory=list)
    start: int = 0

    def frame(self) -> pl.DataFrame:
        """A row for each event; columns as in :mod:`barter_bt.live.recorder`."""
        return pl.concat([LAYOUT.frame(), *self.parts])

    @property
    def arrival_count(self) -> int:
        """How many messages there are."""
        return max((int(part["arrival"][-1]) + 1 for part in self.parts if part.height), default=0)

    def arrivals(self) -> Iterator[tuple[Arrival, dict[int, SendError]]]:
        """Each message, and the errors of the requests that it led to and that could not be sent, by number."""
        for part in self.parts:
            numbers = part.with_columns(pl.col("time", "time_exchange").to_physical())
            for _, rows in numbers.group_by("arrival", maintain_order=True):
                events, marks, errors, time = [], [], {}, rows["time"][0]
                for kind, number, text in rows.select("kind", "number", "event").rows():
                    if kind == "unsent":
                        errors[number] = from_json(SendError, text)
                    elif kind == MARK_PRICE:
                        marks.append(mark_of(text))
                    else:
                        events.append(event_of(kind, text))
                yield Arrival(time, tuple(events), marks=tuple(marks)), errors


def read_session(directory: str | Path) -> RecordedSession:
    """Read the recording of a session, also one that was killed.

    Warns
    -----
    SessionWarning
        The last event was not written whole, so it was not processed either.

    Raises
    ------
    ConfigError
        It is no recording, or one of another format.
    DataError
        A part is missing or damaged.
    """
    place = Path(directory)
    told = read_head(place)
    parts = read_parts(place, LAYOUT)
    return RecordedSession(place, told["instruments"], told["digest"], parts, told.get("start", 0))


def read_head(place: Path) -> dict[str, Any]:
    """What a recording is of.

    Raises
    ------
    ConfigError
        It is no recording, or one of another format.
    """
    try:
        told: dict[str, Any] = json.loads((place / SESSION).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place} is no recording of a session: {SESSION} cannot be read ({error})") from None
    if told.get("format") != FORMAT:
        raise ConfigError(f"{place} is of format {told.get('format')!r}; this is {FORMAT!r}")
    return told


def mark_text(instrument: str, mark: MarkPrice) -> str:
    """A mark price and what it is of, as JSON."""
    return msgspec.json.encode((instrument, mark)).decode()


def mark_of(text: str) -> tuple[str, MarkPrice]:
    """The mark price of such a text."""
    return msgspec.json.decode(text, type=tuple[str, MarkPrice])


def event_of(kind: str, text: str) -> Event:
    """The event of a kind, of its text."""
    if kind in ("timer", "bar_close"):
        return Timer(int(text), closes_bar=kind == "bar_close")
    if kind == "mark":
        return Mark(int(text))
    event: Event = from_json(EngineEvent, text)
    return event


def kind_of(event: Event) -> str:
    """What an event is called in a recording."""
    if isinstance(event, Timer):
        return "bar_close" if event.closes_bar else "timer"
    return KINDS[type(event)]


def text_of(event: Event) -> str:
    """An event as JSON."""
    return str(event.time) if isinstance(event, Timer | Mark) else to_json(event, EngineEvent)


def exchange_time(event: Event) -> int | None:
    """The exchange's time of an event, where it has one."""
    if isinstance(event, Market) and isinstance(event.event, Item):
        time: int = event.event.value.time_exchange
        return time
    if isinstance(event, Account) and isinstance(event.event, Item):
        return event_time(event.event.value.kind)
    return None
