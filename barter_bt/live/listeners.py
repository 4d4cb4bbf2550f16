"""Who is told what happens in a system: each gets everything from when it began to listen."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TypeAlias

from barter_bt.errors import ConfigError
from barter_bt.live.silence import Silence
from barter_bt.system import Audit

News: TypeAlias = Audit | Silence


class Listeners:
    """Queues, one for each who listens; None in it is the end.

    Parameters
    ----------
    is_allowed
        Whether anybody may listen.
    """

    def __init__(self, *, is_allowed: bool) -> None:
        self._is_allowed, self._has_ended = is_allowed, False
        self._queues: list[asyncio.Queue[News | None]] = []

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._queues)

    def tell(self, news: News) -> None:
        """Let everybody know."""
        for queue in self._queues:
            queue.put_nowait(news)

    def end(self) -> None:
        """Nothing more will come."""
        self._has_ended = True
        for queue in self._queues:
            queue.put_nowait(None)

    def listen(self) -> asyncio.Queue[News | None]:
        """A queue of every audit and silence from now on, None behind the last.

        Raises
        ------
        ConfigError
            The system tells none.
        """
        if not self._is_allowed:
            raise ConfigError("audits are not told", 'System(..., audit_mode="enabled")')
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._queues.append(queue)
        if self._has_ended:
            queue.put_nowait(None)
        return queue

    def leave(self, queue: asyncio.Queue[News | None]) -> None:
        """Listen no longer."""
        with suppress(ValueError):
            self._queues.remove(queue)
