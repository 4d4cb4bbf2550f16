"""What waits to be processed in a session, each with somebody who may wait for what comes of it."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from barter_bt.errors import EngineError
from barter_bt.live.arrival import Arrival, Event
from barter_bt.system import Audit

ENDED = "the system has ended"
Answer: TypeAlias = "asyncio.Future[list[Audit]]"
Entry: TypeAlias = tuple[Arrival | Event, Answer]
WAKE: Any = None  # in place of an entry: whoever waits for one shall look up


class Entries:
    """Messages of sources and events of a handle, in order of arrival."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Entry] = asyncio.Queue()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._queue.empty()

    def put(self, what: Arrival | Event) -> Answer:
        """Let something wait for its turn; what comes of it is there once it has been processed."""
        answer: Answer = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((what, answer))
        return answer

    async def get(self) -> Entry:
        """The next, or :data:`WAKE`."""
        return await self._queue.get()

    def wake(self) -> None:
        """Let whoever waits for the next look up."""
        self._queue.put_nowait(WAKE)

    def refuse_rest(self) -> list[Arrival]:
        """Answer all that is left with an error; the messages among it."""
        unheard = []
        while not self._queue.empty():
            entry = self._queue.get_nowait()
            if entry is WAKE:
                continue
            what, answer = entry
            if isinstance(what, Arrival):
                unheard.append(what)
            if not answer.done():
                answer.set_exception(EngineError(ENDED))
                answer.exception()  # it may be that nobody waits for it
        return unheard
