"""All that a session saw, kept on disk as it comes, and processed again: the same digest (rule 82).

A recording is a directory: ``session.json``, which says of what it is, and parts, each a Parquet file with a row for
each event, with a journal (:mod:`barter_bt.live.parts`); an event is written there before it is processed, so a killed
program has lost none that it acted on. ``raw/`` may hold what exchanges have said, as they said it
(:mod:`barter_bt.live.raw`).

=================  ==================================================================================================
column             of each event
=================  ==================================================================================================
``arrival``        number of the message that it came with; account events of one message are processed together
``time``           when it was processed: the engine's clock
``time_exchange``  the exchange's clock; null where it has none
``kind``           ``market``, ``account``, ``command``, ``trading``, ``shutdown``, ``timer``, ``bar_close``, ``mark``;
                   ``mark_price``, which is no event but what a strategy could read of its market;
                   ``unsent``: a request of the message before could not be sent, and why
``number``         of the event in its message, or of the request that was not sent, from 0
``event``          as JSON in Barter's shape
=================  ==================================================================================================
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from barter_bt.errors import ConfigError
from barter_bt.files import replacing
from barter_bt.live.arrival import Arrival
from barter_bt.live.parts import Parts
from barter_bt.live.raw import RawRecorder
from barter_bt.live.recording import (
    FORMAT,
    LAYOUT,
    MARK_PRICE,
    SESSION,
    exchange_time,
    kind_of,
    mark_text,
    read_session,
    text_of,
)
from barter_bt.live.run import digest_of, strategies_of
from barter_bt.protocol import EngineError as SendError
from barter_bt.protocol import to_json
from barter_bt.system import Engine
from barter_bt.version import VERSION


class Recorder(Parts):
    """Keeps what a session saw.

    Parameters
    ----------
    directory
        Where; it is made, and must hold no recording yet.
    rows_per_part
        Events of a Parquet file.
    resume
        Go on with the recording that is there, if one is: the session goes through it before it begins.
    raw
        Keep raw messages as well, of adapters that are given :attr:`raw`.

    Attributes
    ----------
    raw
        What keeps raw messages, if anything does.

    Raises
    ------
    ConfigError
        The number is not positive.

    Examples
    --------
    >>> import tempfile
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(3, instrument="btc_usd"))
    >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder = Recorder(f"{folder}/session")
    ...     with bt.live.paper(simulation, recorder=recorder).running() as handle:
    ...         _ = handle.shutdown_after_backtest()
    ...     frame = bt.live.read_session(f"{folder}/session").frame()
    >>> frame["kind"].to_list()
    ['account', 'mark', 'market', 'mark', 'market', 'mark', 'market', 'mark', 'shutdown']
    """

    def __init__(
        self, directory: str | Path, rows_per_part: int = 50_000, *, resume: bool = False, raw: bool = False
    ) -> None:
        super().__init__(Path(directory), LAYOUT, rows_per_part)
        self._resume, self.raw = resume, RawRecorder(Path(directory, "raw")) if raw else None
        self._arrival, self._start = -1, 0
        self._engine: Engine | None = None

    def begin(self, engine: Engine) -> None:
        """Start the recording of an engine before its first event.

        Raises
        ------
        ConfigError
            There is a recording already, or its directory cannot be made.
        """
        self._start = engine.state.engine.time[0]
        if self.resumes:
            self._go_on()
        elif (self.directory / SESSION).exists():
            raise ConfigError(
                f"{self.directory} holds a recording",
                "name another directory, or go on with it: --resume, in Python Recorder(directory, resume=True)",
            )
        self._make()
        self._engine = engine
        self._say(None)
        self._open()
        if self.raw:
            self.raw.begin()

    @property
    def resumes(self) -> bool:
        """Whether it goes on with a recording that is there."""
        return self._resume and (self.directory / SESSION).exists()

    @property
    def arrival_count(self) -> int:
        """How many messages have been written down."""
        return self._arrival + 1

    def _go_on(self) -> None:
        told = read_session(self.directory)
        self._start, self._arrival = told.start, told.arrival_count - 1
        self._go_on_behind(told.parts)

    def saw(self, arrival: Arrival) -> None:
        """Write an arrival down, before it is processed.

        Raises
        ------
        EngineError
            It cannot be written: the session must not go on.
        """
        self._make_room()
        self._arrival += 1
        time = arrival.time
        rows = [
            (self._arrival, time, exchange_time(e), kind_of(e), k, text_of(e)) for k, e in enumerate(arrival.events)
        ]
        rows += [
            (self._arrival, time, mark.time, MARK_PRICE, k, mark_text(name, mark))
            for k, (name, mark) in enumerate(arrival.marks)
        ]
        self._write(rows)

    def unsent(self, number: int, error: SendError) -> None:
        """Write down that a request could not be sent."""
        assert self._engine is not None
        now = self._engine.state.engine.time[0]
        self._write([(self._arrival, now, None, "unsent", number, to_json(error, SendError))])

    def close(self) -> None:
        """Write the last part, and the digest of the session.

        Raises
        ------
        EngineError
            It cannot be written; the journal stays.
        """
        if self.raw:
            self.raw.close()
        if self._journal is None:
            return
        self._put_part(last=True)
        assert self._engine is not None
        self._say(digest_of(self._engine.state, self._engine.index, strategies_of(self._engine)))

    def _say(self, digest: str | None) -> None:
        assert self._engine is not None
        told: dict[str, Any] = {"format": FORMAT, "version": VERSION, "instruments": self._engine.index.names}
        told |= {"start": self._start, "digest": digest}
        with replacing(self.directory / SESSION) as file:
            file.write_text(json.dumps(told, indent=1))
