"""A recorded session, read and processed again."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.errors import BarterBtError, ConfigError, DataError, EngineError, StrategyError
from barter_bt.live.arrival import Arrival, Event, Mark
from barter_bt.live.recorder import FORMAT, JOURNAL, PART, SCHEMA, SESSION, TIMES
from barter_bt.live.run import LiveRun
from barter_bt.protocol import (
    AccountSnapshot,
    Command,
    EngineEvent,
    Order,
    OrderKey,
    TradingStateUpdate,
    from_json,
)
from barter_bt.protocol import EngineError as SendError
from barter_bt.system import Timer

if TYPE_CHECKING:
    from barter_bt.live.system import System


class SessionWarning(UserWarning):
    """A recorded session ends in the middle of something."""


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
    """

    directory: Path
    instruments: list[str]
    digest: str | None
    _parts: list[pl.DataFrame] = field(repr=False, default_factory=list)

    def frame(self) -> pl.DataFrame:
        """A row for each event; columns as in :mod:`barter_bt.live.recorder`."""
        empty = pl.DataFrame(schema=SCHEMA).with_columns(TIMES)
        return pl.concat([empty, *self._parts])

    def arrivals(self) -> Iterator[tuple[Arrival, dict[int, SendError]]]:
        """Each message, and the errors of the requests that it led to and that could not be sent, by number."""
        for part in self._parts:
            numbers = part.with_columns(pl.col("time", "time_exchange").to_physical())
            for _, rows in numbers.group_by("arrival", maintain_order=True):
                events, errors, time = [], {}, rows["time"][0]
                for kind, number, text in rows.select("kind", "number", "event").rows():
                    if kind == "unsent":
                        errors[number] = from_json(SendError, text)
                    else:
                        events.append(_event(kind, text))
                yield Arrival(time, tuple(events)), errors


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
    try:
        told = json.loads((place / SESSION).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place} is no recording of a session: {SESSION} cannot be read ({error})") from None
    if told.get("format") != FORMAT:
        raise ConfigError(f"{place} is of format {told.get('format')!r}; this is {FORMAT!r}")
    parts: list[pl.DataFrame] = []
    while (path := place / PART.format(len(parts))).exists():
        try:
            parts.append(pl.read_parquet(path))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{path} cannot be read: {error}") from None
    missing = [p.name for p in sorted(place.glob("part-*")) if int(p.stem[5:]) > len(parts)]
    if missing:
        raise DataError(f"{place / PART.format(len(parts))} is missing, and there is {missing[0]}")
    journal = place / JOURNAL.format(len(parts))
    if journal.exists():
        parts.append(_read_journal(journal))
    return RecordedSession(place, told["instruments"], told["digest"], parts)


def _read_journal(path: Path) -> pl.DataFrame:
    lines = path.read_bytes().split(b"\n")
    if lines.pop():
        warnings.warn(f"{path}: its last line is torn; that event was never processed", SessionWarning, stacklevel=3)
    try:
        rows = [tuple(json.loads(line)) for line in lines]
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from None
    return pl.DataFrame(rows, SCHEMA, orient="row").with_columns(TIMES)


def _event(kind: str, text: str) -> Event:
    if kind in ("timer", "bar_close"):
        return Timer(int(text), closes_bar=kind == "bar_close")
    if kind == "mark":
        return Mark(int(text))
    event: Event = from_json(EngineEvent, text)
    return event


def replay(system: System, recording: str | Path | RecordedSession) -> LiveRun:
    """Process a recorded session once more: every event, the strategy's decisions included; nothing is sent.

    Parameters
    ----------
    system
        Made as that of the session was, with a strategy as it was then; it must not have been started.
    recording
        The session.

    Returns
    -------
    LiveRun
        Its digest is that of the session (rule 82).

    Raises
    ------
    ConfigError
        The system trades other instruments.
    EngineError
        The digest is another: the strategy, its parameters or the system's settings are not as they were.
    """
    told = recording if isinstance(recording, RecordedSession) else read_session(recording)
    session = system.session
    names = session.engine.index.names
    if told.instruments != names:
        raise ConfigError(f"{told.directory} is of {', '.join(told.instruments)}, the system of {', '.join(names)}")
    client = _Recorded()
    session.clients = dict.fromkeys(session.engine.index.exchanges, client)
    for arrival, errors in told.arrivals():
        client.errors, client.sent = errors, 0
        try:
            session.process(arrival)
        except StrategyError:
            raise
        except BarterBtError:
            if not isinstance(arrival.events[0], Command | TradingStateUpdate):
                raise  # it has ended the session then, too; a command's error was its sender's to hear
    if told.digest is not None and told.digest != session.digest:
        raise EngineError(
            f"the replay of {told.directory} has digest {session.digest[:12]}, the session had {told.digest[:12]}",
            "make the system and its strategy as they were",
        )
    return session.run()


class _Recorded:
    """A client that fails where the session's did, and sends nothing."""

    exchanges: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.errors: Mapping[int, SendError] = {}
        self.sent = 0

    def open(self, request: Any) -> SendError | None:
        self.sent += 1
        return self.errors.get(self.sent - 1)

    cancel = amend = open

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        raise AssertionError("a replay asks nothing")

    async def order_status(self, key: OrderKey) -> Order | None:
        raise AssertionError("a replay asks nothing")

    async def close(self) -> None:
        return None
