"""A clock for sessions at a loopback exchange: nothing is late there because the machine is slow."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from barter_bt.engine.agenda import NEVER


class Unhurried:
    """Stands for :class:`~barter_bt.live.Paced`: what it waits for comes when all that can happen before has happened.

    With the real one, a machine that is busy for half a second lets requests become too old.
    """

    TURNS = 300
    given: ClassVar[list[tuple[int, float]]] = []  # by those who ask for one: the start and the pace

    def __init__(self, start: int, pace: float, end: int = NEVER) -> None:
        self.given.append((start, pace))
        self._now, self._due = start, list[int]()

    def now(self) -> int:
        """The time."""
        return self._now

    async def sleep_until(self, when: int) -> None:
        """Wait until nothing else happens, and nothing is due before."""
        self._due.append(when)
        try:
            while self._now < when:
                for _ in range(self.TURNS):
                    await asyncio.sleep(0)
                if min(self._due) == when:
                    self._now = max(self._now, when)
        finally:
            self._due.remove(when)
