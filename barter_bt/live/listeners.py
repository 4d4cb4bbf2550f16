"""Who is told what happens in a system: each gets everything from when it began to listen, or an error."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TypeAlias

from barter_bt.errors import ConfigError, EngineError
from barter_bt.live.delays import Delay
from barter_bt.live.silence import Silence
from barter_bt.system import Audit

MOST_UNREAD = 100_000
"""News that may wait for one who listens: who reads none would have the memory grow for ever."""
News: TypeAlias = Audit | Silence | Delay
Queue: TypeAlias = "asyncio.Queue[News | EngineError | None]"


class Listeners:
    """Queues, one for each who listens; None in it is the end.

    Parameters
    ----------
    is_allowed
        Whether anybody may listen.
    """

    def __init__(self, *, is_allowed: bool) -> None:
        self._is_allowed, self._has_ended = is_allowed, False
        self._queues: list[Queue] = []

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._queues)

    def tell(self, news: News) -> None:
        """Let everybody know; who has not read so much for so long hears nothing more."""
        for queue in list(self._queues):
            if queue.qsize() >= MOST_UNREAD:
                self._give_up(queue)
            else:
                queue.put_nowait(news)

    def _give_up(self, queue: Queue) -> None:
        self.leave(queue)
        while not queue.empty():
            queue.get_nowait()
        told = f"{MOST_UNREAD:,} news of the system were not read: the rest is not told"
        queue.put_nowait(EngineError(told, "read them in a task that does nothing slow, and listen anew"))

    def end(self) -> None:
        """Nothing more will come."""
        self._has_ended = True
        for queue in self._queues:
            queue.put_nowait(None)

    def listen(self) -> Queue:
        """A queue of all news from now on, None behind the last; an error, and nothing more, if too many wait.

        Raises
        ------
        ConfigError
            The system tells none.
        """
        if not self._is_allowed:
            raise ConfigError("audits are not told", 'System(..., audit_mode="enabled")')
        queue: Queue = asyncio.Queue()
        self._queues.append(queue)
        if self._has_ended:
            queue.put_nowait(None)
        return queue

    def leave(self, queue: Queue) -> None:
        """Listen no longer."""
        with suppress(ValueError):
            self._queues.remove(queue)
