"""What has come over a link and is not processed yet, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lost:
    """The link is gone.

    Parameters
    ----------
    reason
        Why.
    """

    reason: str


class Inbox:
    """A queue that a source empties, with an end.

    Parameters
    ----------
    limit
        How many may wait; None is as many as there are.

    Attributes
    ----------
    held
        How many of them wait elsewhere, behind something that is asked for.
    give_up_held
        Gives these up as well.
    dropped
        How many were given up, because whoever reads is too slow.
    is_closed
        Whether nothing more will come.

    Examples
    --------
    >>> async def read() -> list[object]:
    ...     inbox = Inbox()
    ...     inbox.put(1)
    ...     inbox.close()
    ...     return [one async for one in inbox.items()]
    >>> asyncio.run(read())
    [1]
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit, self.dropped, self.held = limit, 0, 0
        self.give_up_held: Callable[[], None] = lambda: None
        self._items: deque[tuple[Any, bool]] = deque()
        self._news = asyncio.Event()
        self.is_closed = False
        self._error: BaseException | None = None

    def put(self, item: Any, *, stays: bool = False) -> bool:
        """Add something; False where there is no room, and all that waited is given up but what stays."""
        if self._limit is not None and not stays and len(self._items) + self.held >= self._limit:
            staying = [one for one in self._items if one[1]]
            self.dropped += len(self._items) - len(staying) + 1
            self._items = deque(staying)
            self.give_up_held()
            self.held = 0
            return False
        self._items.append((item, stays))
        self._news.set()
        return True

    def remind(self, item: Any) -> None:
        """Add something that stays, unless it waits already."""
        if not any(one is item for one, _ in self._items):
            self.put(item, stays=True)

    def close(self, error: BaseException | None = None) -> None:
        """Nothing more will come; whoever reads gets the error behind what is there."""
        self.is_closed = True
        self._error = self._error or error
        self._news.set()

    async def items(self) -> AsyncIterator[Any]:
        """One after another; it ends when it is closed."""
        while True:
            while self._items:
                yield self._items.popleft()[0]
            if self.is_closed:
                if self._error is not None:
                    raise self._error
                return
            self._news.clear()
            await self._news.wait()
