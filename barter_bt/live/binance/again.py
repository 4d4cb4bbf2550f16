"""Raw messages of a recorded market, through the adapter once more."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.errors import ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival
from barter_bt.live.binance.asking import Ask
from barter_bt.live.binance.endpoints import FUTURES_MAIN_NETWORK, MAIN_NETWORK, Endpoints
from barter_bt.live.binance.inbox import Lost
from barter_bt.live.binance.keys import Keys
from barter_bt.live.binance.lanes import Lane, Lanes
from barter_bt.live.binance.market import BinanceMarket
from barter_bt.live.binance.refusals import Unanswered, failure_of
from barter_bt.live.binance.rest import Rest, query_of, source_of
from barter_bt.live.clock import Clock, Virtual
from barter_bt.live.raw import NO_TAP, Tap, read_raw
from barter_bt.protocol import Market

Answers = dict[str, deque[tuple[str, str]]]


async def from_raw(directory: str | Path, instruments: Sequence[Instrument], **options: Any) -> list[Market]:
    """Read raw messages as the market that recorded them did: the same events of each stream, what was missed in place.

    Between streams they may stand otherwise: then, others were told while one waited for what it had missed.

    So a recording can be read anew when the adapter has learned something, and the adapter be tested on what an
    exchange has really said.

    Parameters
    ----------
    directory
        Of a session that was recorded with raw messages.
    instruments
        As the market had them.
    options
        As the market had them: ``depth``, ``backfill``.

    Returns
    -------
    list of Market
        What it told, each stream in order. The session may have ended before it processed the last of them.

    Raises
    ------
    ConfigError, DataError
        As of :func:`~barter_bt.live.read_raw`.
    """
    rows = read_raw(directory).filter(pl.col("adapter") == "market")
    market = _Again(rows, instruments, **options)
    try:
        return [event async for arrival in market.arrivals() for event in arrival.events]  # type: ignore[misc]
    finally:
        await market.close()


class _Lanes(Lanes):
    """A question is noted, and answered before anything else is told."""

    noted: tuple[Lane, Ask] | None = None

    def _ask(self, lane: Lane, what: Ask) -> None:
        self.noted = lane, what


class _Again(BinanceMarket):
    """A market whose messages and answers are those of a recording."""

    _make_lanes = _Lanes
    _lanes: _Lanes

    def __init__(self, rows: pl.DataFrame, instruments: Sequence[Instrument], **options: Any) -> None:
        answers: Answers = defaultdict(deque)
        for source, kind, raw in rows.filter(pl.col("kind").is_in(["answer", "failed"])).select(
            "source", "kind", "raw"
        ).iter_rows():  # fmt: skip
            answers[source].append((kind, raw))

        def make(endpoints: Endpoints, keys: None, clock: Clock, tap: Tap) -> Rest:
            return _Recorded(answers, endpoints, keys, clock)

        self._make_rest = make
        is_futures = instruments[0].exchange == FUTURES_MAIN_NETWORK.exchange
        where = FUTURES_MAIN_NETWORK if is_futures else MAIN_NETWORK
        super().__init__(instruments, endpoints=where, clock=Virtual(), limit=rows.height + 1, **options)
        for item in _processed(rows):
            self._inbox.put(item)
        self._inbox.close()

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """What messages tell, each with what was missed before it."""
        async for item in self._inbox.items():
            for arrival in self._take(item):
                yield arrival
            while self._lanes.noted is not None:
                (lane, what), self._lanes.noted = self._lanes.noted, None
                if await self._answers(lane, what):
                    for arrival in self._take(lane):
                        yield arrival

    async def _answers(self, lane: Lane, what: Ask) -> bool:
        """Whether there was an answer, in the end: else the session ended before it, and the stream with it."""
        while True:
            try:
                lane.answer = await self._rest.get(what.path, what.kind, what.params, weight=what.weight)
            except _Over:
                return False
            except ConnectionFailed:
                continue  # as then
            return True


def _processed(rows: pl.DataFrame) -> list[Any]:
    """What waited to be read, without what was given up."""
    found: list[Any] = []
    for time, kind, raw in rows.select(pl.col("time").to_physical(), "kind", "raw").iter_rows():
        if kind == "text":
            found.append((time, raw))
        elif kind == "lost":
            found.append(Lost(raw))
        elif kind == "given_up":
            texts = [place for place, one in enumerate(found) if not isinstance(one, Lost)]
            for place in reversed(texts[len(texts) - int(raw) :]):
                del found[place]
    return found


class _Over(Unanswered):
    """The recording has no answer."""


class _Recorded(Rest):
    """Answers as they were, to each request in the order in which it was made."""

    def __init__(self, answers: Answers, endpoints: Endpoints, keys: Keys | None, clock: Clock) -> None:
        super().__init__(endpoints, keys, clock, NO_TAP)
        self._answers = answers

    async def _once(
        self, method: str, path: str, params: Mapping[str, Any] | None, costs: Mapping[str, int], signed: bool,
        *, is_keyed: bool = False,
    ) -> bytes:  # fmt: skip
        source = source_of(method, path, query_of(params))
        if not self._answers[source]:
            raise _Over(f"the recording has no answer to {source}")
        kind, raw = self._answers[source].popleft()
        if kind == "failed":
            raise failure_of(raw)
        return raw.encode()
